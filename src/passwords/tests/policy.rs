//! The rules for new passwords.

use proptest::prelude::*;

use super::*;
use crate::passwords::policy::{PolicyFault, check_new};

fn ada() -> User {
    User { name: Some("Augusta Byron".to_owned()), ..person("ada.lovelace", None) }
}

fn check(password: &str) -> Result<(), PolicyFault> {
    check_new(password, &ada(), &settings())
}

#[test]
fn long_passwords_of_any_characters_are_accepted() {
    for password in [
        "a few words by the sea",
        "drum velvet ostrich ladder",
        "        violet anchors        ",
        "🐘🦒🦓🐘🦏🐪🦘🐃🦬🐂🐄🐎🐖🐏🐐",
        "длинная фраза без смысла",
        "とても長くて覚えやすい秘密の言葉",
        "x7#kQ9!vL2$m8@Zp",
        "8302 1947 5560 2938",
        "Vestibule of the drunken giraffe",
        "nul \0 characters are fine",
        &format!("drum velvet ostrich {}", "ladder mirror tunic ".repeat(10)),
    ] {
        assert_eq!(check(password), Ok(()), "{password}");
    }
}

#[test]
fn length_is_counted_in_code_points() {
    let short = config::Passwords { min_length: 8, ..settings() };
    assert_eq!(check("14 characters!"), Err(PolicyFault::TooShort(15)));
    assert_eq!(check(""), Err(PolicyFault::TooShort(15)));
    assert_eq!(check("🐘🦒🦓🐘🦏🐪🦘🐃🦬🐂🐄🐎🐖🐏"), Err(PolicyFault::TooShort(15)));
    assert_eq!(check_new("vq3 tk9x", &ada(), &short), Ok(()));
    assert_eq!(check_new("vq3 tk9", &ada(), &short), Err(PolicyFault::TooShort(8)));
    let phrase = "drum velvet ostrich ladder mirror tunic ";
    let most: String = phrase.chars().cycle().take(256).collect();
    assert_eq!(check(&most), Ok(()));
    assert_eq!(check(&format!("{most}x")), Err(PolicyFault::TooLong));
    assert_eq!(check(&"x".repeat(1 << 20)), Err(PolicyFault::TooLong));
    assert!(PolicyFault::TooShort(15).to_string().contains("at least 15"));
}

#[test]
fn common_passwords_and_patterns_are_refused() {
    for password in [
        "passwordpassword",
        "Password12345678",
        "P@ssw0rd12345678",
        "p a s s w o r d p a s s w o r d",
        "ThisIsMyPassword",
        "this is my password",
        "correct horse battery staple",
        "qwertyuiopasdfgh",
        "QWERTYUIOP123456",
        "1qaz2wsx3edc4rfv",
        "1q2w3e4r5t6y7u8i",
        "zyxwvutsrqponmlk",
        "123456789012345",
        "987654321098765",
        "1234567890123456",
        "aaaaaaaaaaaaaaa",
        "aaaaabbbbbccccc",
        "abcabcabcabcabc",
        "x7#x7#x7#x7#x7#x7#",
        "               ",
        "🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘",
        "letmein-letmein!",
        "Welcome2026!!!!!",
        "iloveyou-iloveyou",
        "admin-admin-2026",
        "MotherFucker2026",
    ] {
        assert_eq!(check(password), Err(PolicyFault::Common), "{password}");
    }
}

#[test]
fn passwords_made_of_the_persons_names_or_ours_are_refused() {
    for password in [
        "ada.lovelace2026",
        "AdaLovelaceAdaLovelace",
        "lovelace-lovelace",
        "ada.lovelace.smith@example",
        "AugustaByron1815",
        "Byron!Byron!Byron!",
        "vestibule-vestibule",
        "Vestibule2026!!!",
        "vestibule password",
        "V3st1bul3V3st1bul3",
    ] {
        assert_eq!(check(password), Err(PolicyFault::Common), "{password}");
    }
    // Somebody else's name is only a word.
    assert_eq!(check_new("lovelace and byron walk", &person("bob", None), &settings()), Ok(()));
}

#[test]
fn general_passwords_are_refused_where_eight_characters_are_enough() {
    let short = config::Passwords { min_length: 8, ..settings() };
    for password in ["password", "12345678", "qwerty123", "iloveyou1", "Sunshine1", "trustno1", "football", "1qaz2wsx"]
    {
        assert_eq!(check_new(password, &ada(), &short), Err(PolicyFault::Common), "{password}");
    }
    for password in ["treasure map", "vq3tk9xw", "zebra-lamp"] {
        assert_eq!(check_new(password, &ada(), &short), Ok(()), "{password}");
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_without_a_panic(password in any::<String>(), name in any::<Option<String>>()) {
        let user = User { name, ..ada() };
        let _ = check_new(&password, &user, &settings());
    }

    #[test]
    fn generated_passwords_are_never_common(seed in any::<u64>()) {
        use rand::SeedableRng as _;
        let password = crate::passwords::generate(&mut rand::rngs::StdRng::seed_from_u64(seed));
        prop_assert_eq!(check(password.expose_secret()), Ok(()));
    }
}
