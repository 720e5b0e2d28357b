//! Whose account an identity opens, held against the truth table of `docs/joining-accounts.md` over every combination.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::{NOW, role_name, user};
use crate::model::identity::ExternalProfile;
use crate::model::joining::{Ask, Outcome, Purpose, Question, Refusal, decide};
use crate::model::newcomer::Newcomer;
use crate::model::person::{Email, StoredPassword, User, Username};
use crate::model::provider::{
    Brand, ClaimMapping, ClaimPath, Create, IssuerRule, Link, Protocol, Provider, RoleMapping,
};
use crate::protocol::ids::{ProviderId, UserId};

const PAGE: &str = include_str!("../../../docs/joining-accounts.md");
const COLUMNS: [(&str, &[&str]); 8] = [
    ("for", &["sign in", "link", "prove"]),
    ("domains", &["empty", "set"]),
    ("create", &["always", "allowed_domains", "never"]),
    ("address", &["inside", "outside", "unverified", "absent"]),
    ("identity", &["unknown", "theirs", "another's", "disabled"]),
    ("account", &["none", "verified", "unverified", "federated-only", "disabled"]),
    ("link", &["ask", "never"]),
    ("signed in", &["nobody", "same", "another"]),
];

/// A row of the page: what fits in each column, and what happens.
#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    happens: String,
}

impl Row {
    fn fits(&self, combination: &[&str]) -> bool {
        self.cells
            .iter()
            .zip(combination)
            .all(|(cell, value)| cell == "any" || cell.split(", ").any(|one| one == *value))
    }
}

/// The rows under the heading that names every column.
fn rows() -> Vec<Row> {
    let heading = COLUMNS.map(|(name, _)| name).join(" | ");
    let (_, table) = PAGE.split_once(&format!("| {heading} | what happens |\n")).expect("the table");
    let lines = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(cells.len(), COLUMNS.len() + 1, "{line}");
            let (happens, cells) = cells.split_last().unwrap();
            for (cell, (column, values)) in cells.iter().zip(COLUMNS) {
                for value in cell.split(", ").filter(|value| *value != "any") {
                    assert!(values.contains(&value), "{value} in the column {column}: {line}");
                }
            }
            Row { cells: cells.iter().map(ToString::to_string).collect(), happens: (*happens).to_owned() }
        })
        .collect()
}

fn combinations() -> Vec<Vec<&'static str>> {
    COLUMNS.iter().fold(vec![Vec::new()], |so_far, (_, values)| {
        let longer =
            |done: &Vec<&'static str>| values.iter().map(|value| [done.clone(), vec![*value]].concat()).collect();
        so_far.iter().flat_map::<Vec<_>, _>(longer).collect()
    })
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn person(number: u128) -> User {
    let username = Username::parse(&format!("person-{number}")).unwrap();
    User { id: UserId(Uuid::from_u128(number)), username, ..user() }
}

fn provider(create: Create, link: Link, domains: &[&str]) -> Provider {
    let path = |name: &str| ClaimPath(vec![name.to_owned()]);
    Provider {
        id: ProviderId::parse("acme").unwrap(),
        display_name: "Acme".to_owned(),
        brand: Brand::Other,
        enabled: true,
        client_id: "us".to_owned(),
        secret: None,
        protocol: Protocol::OpenId { issuer: IssuerRule::Exact("https://acme.example".to_owned()), form_post: false },
        scopes: Vec::new(),
        authorization_parameters: Vec::new(),
        required_claims: Vec::new(),
        claims: ClaimMapping {
            subject: path("sub"),
            username: path("preferred_username"),
            name: path("name"),
            email: path("email"),
            email_verified: path("email_verified"),
        },
        roles: RoleMapping::default(),
        allowed_domains: domains.iter().map(ToString::to_string).collect(),
        create,
        link,
        logout: crate::model::provider::Logout::Offer,
        update: Vec::new(),
        store_tokens: false,
        defined_at: None,
    }
}

fn profile(address: &str) -> ExternalProfile {
    let (text, email_verified) = match address {
        "inside" => (Some("ada@corp.example"), true),
        "outside" => (Some("ada@elsewhere.example"), true),
        "unverified" => (Some("ada@corp.example"), false),
        _ => (None, true),
    };
    ExternalProfile { email: text.map(email), email_verified, ..ExternalProfile::default() }
}

/// The one that this is about, somebody else, and who has the address.
const THEM: u128 = 1;
const ANOTHER: u128 = 2;
const SHUT_OUT: u128 = 3;
const LOCAL: u128 = 4;

fn happens(combination: &[&str]) -> String {
    let [purpose, domains, create, address, identity, account, link, signed_in] = combination else {
        panic!("{combination:?}");
    };
    let domains: &[&str] = if *domains == "set" { &["corp.example"] } else { &[] };
    let create = match *create {
        "always" => Create::Always,
        "allowed_domains" => Create::AllowedDomains,
        _ => Create::Never,
    };
    let provider = provider(create, if *link == "ask" { Link::Ask } else { Link::Never }, domains);
    let profile = profile(address);
    let known = match *identity {
        "unknown" => None,
        "theirs" => Some(person(THEM)),
        "another's" => Some(person(ANOTHER)),
        _ => Some(User { disabled: true, ..person(SHUT_OUT) }),
    };
    let with_address = User { email: profile.email.clone(), email_verified: *account != "unverified", ..person(LOCAL) };
    let local = match *account {
        "none" => None,
        "disabled" => Some(User { disabled: true, ..with_address }),
        "federated-only" => Some(User { password: None, ..with_address }),
        _ => Some(with_address),
    };
    let signed_in = match *signed_in {
        "nobody" => None,
        "same" => Some(person(THEM).id),
        _ => Some(person(ANOTHER).id),
    };
    let purpose = match *purpose {
        "sign in" => Purpose::SignIn,
        "link" => Purpose::Link(person(THEM).id),
        _ => Purpose::Prove(person(THEM).id),
    };
    let (known, local) = (known.as_ref(), local.as_ref());
    let outcome =
        decide(&Question { purpose, provider: &provider, profile: &profile, known, local, signed_in, now: NOW });
    words(outcome, known, &profile)
}

/// An outcome as the page says it; whom it is about is checked here.
fn words(outcome: Outcome, known: Option<&User>, profile: &ExternalProfile) -> String {
    let them = person(THEM).id;
    match outcome {
        Outcome::SignIn(user) => {
            assert_eq!(Some(user), known.map(|known| known.id));
            "sign in".to_owned()
        }
        Outcome::Create(newcomer) => {
            let made = newcomer.person(person(9).id, newcomer.username(None), NOW);
            assert_eq!((made.email_verified, made.password.is_none()), (made.email.is_some(), true));
            assert!(made.email.is_none() || made.email.as_ref() == profile.verified_email());
            if made.email.is_some() { "create, with the address" } else { "create, without an address" }.to_owned()
        }
        Outcome::AskToJoin(Ask { user, by_password, or_new }) => {
            assert_eq!(user, person(LOCAL).id);
            let by = if by_password { "password or provider" } else { "provider" };
            format!("ask: {by}{}", if or_new { "; or new" } else { "" })
        }
        Outcome::Link(user) => {
            assert_eq!(user, them);
            "link".to_owned()
        }
        Outcome::Linked(user) => {
            assert_eq!(user, them);
            "linked already".to_owned()
        }
        Outcome::Proven(user) => {
            assert_eq!(user, them);
            "proven".to_owned()
        }
        Outcome::Refuse(refusal) => format!("refused: {}", refusal_words(refusal)),
    }
}

const fn refusal_words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::AddressNotAllowed => "address not allowed",
        Refusal::PersonDisabled => "person disabled",
        Refusal::AddressTaken => "address taken",
        Refusal::NoAccount => "no account",
        Refusal::NotSignedIn => "not signed in",
        Refusal::LinkingOff => "linking off",
        Refusal::IdentityTaken => "identity taken",
        Refusal::ProvesNothing => "proves nothing",
        Refusal::ProvesAnother => "proves another",
    }
}

#[test]
fn every_combination_ends_as_the_page_says() {
    let (rows, all) = (rows(), combinations());
    assert_eq!(all.len(), 3 * 2 * 3 * 4 * 4 * 5 * 2 * 3);
    let mut used = BTreeSet::new();
    let mut faults = Vec::new();
    for combination in &all {
        let Some((number, row)) = rows.iter().enumerate().find(|(_, row)| row.fits(combination)) else {
            faults.push(format!("no row: {combination:?}"));
            continue;
        };
        used.insert(number);
        let happens = happens(combination);
        if happens != row.happens {
            faults.push(format!("{combination:?}: {happens}, and the page says: {}", row.happens));
        }
    }
    let unused = (0..rows.len()).filter(|number| !used.contains(number)).map(|number| format!("{:?}", rows[number]));
    faults.extend(unused.map(|row| format!("a row that decides nothing: {row}")));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
}

#[test]
fn a_generated_password_proves_an_account_until_its_time_is_over() {
    let provider = provider(Create::Never, Link::Ask, &[]);
    let profile = profile("outside");
    for (until, expected) in [(NOW.plus(Duration::from_secs(1)), true), (NOW, false)] {
        let password = StoredPassword { generated_until: Some(until), ..user().password.unwrap() };
        let local = User { email: profile.email.clone(), password: Some(password), ..person(LOCAL) };
        let question = Question {
            purpose: Purpose::SignIn,
            provider: &provider,
            profile: &profile,
            known: None,
            local: Some(&local),
            signed_in: None,
            now: NOW,
        };
        let ask = Ask { user: local.id, by_password: expected, or_new: false };
        assert_eq!(decide(&question), Outcome::AskToJoin(ask));
    }
}

/// I17.
#[test]
fn a_domain_is_the_whole_of_what_follows_the_only_at() {
    let provider = provider(Create::Always, Link::Ask, &["corp.com"]);
    let comes = |address: &str| {
        let profile =
            ExternalProfile { email: Email::parse(address), email_verified: true, ..ExternalProfile::default() };
        let (purpose, known, local) = (Purpose::SignIn, None, None);
        let question =
            Question { purpose, provider: &provider, profile: &profile, known, local, signed_in: None, now: NOW };
        decide(&question) != Outcome::Refuse(Refusal::AddressNotAllowed)
    };
    for good in ["a@corp.com", "A@CORP.com", "a.b+c@corp.com"] {
        assert!(comes(good), "{good}");
    }
    for bad in [
        "a@evil.com@corp.com",
        "a@evilcorp.com",
        "a@corp.com.evil",
        "a@corp.com.",
        "a@sub.corp.com",
        "a@corp.com@evil.com",
        "a@",
        "corp.com",
        "@corp.com",
        "a@corp.com,b@evil.com",
        "a@evil.com\u{0}@corp.com",
        "a@evil.com>@corp.com",
        "",
    ] {
        assert!(!comes(bad), "{bad}");
    }
}

proptest! {
    /// I01: nothing that a provider says of an address opens an account, whoever has it here.
    #[test]
    fn no_address_opens_an_account(
        address in "[a-z]{1,5}@[a-z]{1,5}\\.example",
        verified: bool,
        username in proptest::option::of(".{0,80}"),
        name in proptest::option::of(".{0,80}"),
        never: bool,
    ) {
        let email = Email::parse(&address);
        let profile = ExternalProfile { username, name, email: email.clone(), email_verified: verified, roles: Vec::new() };
        let local = User { email: email.clone(), ..person(LOCAL) };
        let provider = provider(Create::Always, if never { Link::Never } else { Link::Ask }, &[]);
        for purpose in [Purpose::SignIn, Purpose::Link(local.id), Purpose::Prove(local.id)] {
            let ask = |local| decide(&Question {
                purpose, provider: &provider, profile: &profile, known: None, local, signed_in: None, now: NOW,
            });
            let outcome = ask(Some(&local));
            prop_assert!(matches!(outcome, Outcome::AskToJoin(_) | Outcome::Create(_) | Outcome::Refuse(_)));
            if !verified {
                // And nobody can tell whether there is such an account.
                prop_assert_eq!(outcome, ask(None));
            }
        }
    }

    /// I06.
    #[test]
    fn whoever_is_shut_out_stays_out(address in "(inside|outside|unverified|absent)", never: bool, signed_in: bool) {
        let shut_out = User { disabled: true, ..person(THEM) };
        let profile = profile(&address);
        let provider = provider(if never { Create::Never } else { Create::Always }, Link::Ask, &[]);
        let signed_in = signed_in.then_some(shut_out.id);
        for purpose in [Purpose::SignIn, Purpose::Prove(shut_out.id)] {
            let known = Some(&shut_out);
            let question = Question { purpose, provider: &provider, profile: &profile, known, local: None, signed_in, now: NOW };
            prop_assert_eq!(decide(&question), Outcome::Refuse(Refusal::PersonDisabled));
        }
    }

    #[test]
    fn whatever_a_profile_says_there_is_a_username(
        username in proptest::option::of(".{0,100}"),
        name in proptest::option::of(".{0,100}"),
        number in proptest::option::of(0_u32..100_000_000),
    ) {
        let profile = ExternalProfile { username, name, ..ExternalProfile::default() };
        let made = Newcomer::of(&profile, None).username(number);
        prop_assert_eq!(Username::parse(made.as_str()), Some(made.clone()));
        if let Some(number) = number {
            prop_assert!(made.as_str().ends_with(&format!("-{number}")), "{}", made);
        }
    }
}

#[test]
fn a_username_is_made_of_the_first_text_that_can_be_one() {
    let of = |username: Option<&str>, address: &str, name: Option<&str>| {
        let profile = ExternalProfile {
            username: username.map(str::to_owned),
            name: name.map(str::to_owned),
            roles: vec![role_name("writer")],
            ..profile(address)
        };
        Newcomer::of(&profile, None).username(None).to_string()
    };
    assert_eq!(of(Some("Ada Lovelace"), "inside", None), "ada-lovelace");
    assert_eq!(of(Some("countess@analytical.example"), "absent", None), "countess");
    assert_eq!(of(None, "inside", Some("Countess")), "ada");
    // An address that nobody vouches for is no name either.
    assert_eq!(of(None, "unverified", Some("Gräfin Ada")), "gräfin-ada");
    assert_eq!(of(Some("<>"), "absent", Some("\u{202e}")), "user");
    assert_eq!(of(Some("--x--"), "absent", None), "x");
    assert_eq!(of(Some(&"ﷺ".repeat(60)), "absent", None), "user");
    assert_eq!(of(Some(&"ß".repeat(60)), "absent", None).chars().count(), 32);
}
