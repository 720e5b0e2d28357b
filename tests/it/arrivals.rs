//! Whose account opens when somebody comes from an external provider: another Vestibule, asked for over HTTP
//! (threats I01, I06, I13, I17, H01).

use serde_json::json;
use vestibule::model::person::{Email, User};
use vestibule::protocol::ids::{RoleName, UserId};

use crate::both_setups;
use crate::support::house::{Houses, Traveller};
use crate::support::{Answer, Ask, Person, Setup, jwt};

const HOUSE: &str = "/login/house";

async fn find(houses: &Houses, id: UserId) -> User {
    houses.app.app().stores.users.find(id).await.expect("the store").expect("somebody")
}

/// The person whose account an identity opens.
async fn opened(houses: &Houses, provider: &str, person: &Person) -> Option<User> {
    let found = houses.app.app().stores.identities.find(&houses.key(provider, person)).await;
    found.expect("the store").map(|(_, user)| user)
}

async fn people(houses: &Houses) -> usize {
    houses.app.app().stores.users.list(None, 1000).await.expect("the store").len()
}

/// The page that asks for the proof, or its absence.
async fn expect_asked(traveller: &mut Traveller, houses: &Houses, person: &Person) -> Answer {
    let page = traveller.come(houses, HOUSE, person).await.page();
    assert_eq!(page.url.path(), "/join", "{}", page.text());
    assert!(traveller.here.session().is_none(), "somebody was signed in");
    page
}

async fn expect_refused(traveller: &mut Traveller, houses: &Houses, person: &Person, code: &str) {
    let before = people(houses).await;
    let page = traveller.come(houses, HOUSE, person).await.page();
    let text = page.expect_page(403);
    assert!(text.contains(code), "{code}: {text}");
    assert!(traveller.here.session().is_none(), "somebody was signed in");
    assert_eq!(people(houses).await, before);
}

both_setups! {
    /// The whole way: from the application to the provider and back, with tokens of ours alone.
    async fn a_newcomer_gets_an_account_and_goes_on_to_the_application(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = houses.traveller();
        let ask = Ask::of("trusted").set("provider_hint", "house");
        let callback = traveller.come(&houses, &ask.url(&houses.app), &vera).await.callback();
        callback.expect_response_to(&houses.app, &ask);
        let tokens = ask.redeem(&houses.app, &callback.code()).await.expect(200);
        let claims = jwt::claims(&tokens.member("id_token"));
        assert_eq!(claims["amr"], json!(["fed", "pwd"]));
        assert_eq!((&claims["acr"], &claims["iss"]), (&json!("1"), &json!(houses.app.issuer())));
        let user = opened(&houses, "house", &vera).await.expect("an account");
        assert_eq!(claims["sub"], json!(user.id.to_string()));
        assert_ne!(user.id, vera.id, "the subject there is none of ours");
        assert_eq!((user.username.as_str(), user.name.as_deref()), ("vera", Some("vera Example")));
        assert_eq!((user.email.as_ref().map(Email::as_str), user.email_verified), (Some("vera@elsewhere.test"), true));
        assert!(user.password.is_none() && user.roles.is_empty());

        // Again, from another browser, after another address and name there: the same account, unchanged.
        houses.there.sql("UPDATE users SET email = 'other@elsewhere.test', name = 'Other' WHERE username = 'vera'").await;
        let mut second = houses.traveller();
        let home = second.come(&houses, HOUSE, &vera).await.page();
        assert_eq!((home.url.path(), home.status), ("/", 200));
        let again = find(&houses, user.id).await;
        assert_eq!((again.email, again.name, people(&houses).await), (user.email, user.name, 1));
    }

    /// I01: an address that nobody vouches for is none, whoever has it here; and nobody can tell who does.
    async fn an_unverified_address_opens_nothing_and_tells_nothing(setup: Setup) {
        let houses = Houses::start(setup).await;
        let ada = houses.app.ada().await;
        let evil = houses.person_there("evil", "ada@example.test", false).await;
        let plain = houses.person_there("plain", "nobody@example.test", false).await;
        let mut seen = Vec::new();
        for visitor in [&evil, &plain] {
            let mut traveller = houses.traveller();
            let back = traveller.vouched(&houses, HOUSE, visitor).await;
            let answer = traveller.here.get(back.as_str()).await;
            seen.push((answer.status, answer.location().path().to_owned()));
            let user = opened(&houses, "house", visitor).await.expect("an account of its own");
            assert_ne!(user.id, ada.id);
            assert!(user.email.is_none() && !user.email_verified, "{user:?}");
            let home = traveller.here.open(&houses.app.url("/")).await.page().text();
            assert!(!home.contains("ada"), "{home}");
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(houses.app.app().stores.identities.list(ada.id).await.expect("the store"), []);
        // An account there without any address.
        let bare = houses.there.person_with("bare", &[], |user| user.email = None).await;
        houses.traveller().come(&houses, HOUSE, &bare).await.page();
        assert!(opened(&houses, "house", &bare).await.expect("an account").email.is_none());
    }

    /// I01, I13: a verified address is no proof either; the account's own password is.
    async fn an_account_that_is_there_is_joined_after_its_owner_proved_it(setup: Setup) {
        let houses = Houses::start(setup).await;
        let ada = houses.app.ada().await;
        let vera = houses.person_there("vera", "ADA@Example.test", true).await;
        let mut traveller = houses.traveller();
        let ask = Ask::of("trusted");
        let login = traveller.here.open(&ask.url(&houses.app)).await.page();
        let id = login.url.query_pairs().find(|(name, _)| name == "id").expect("an id").1.into_owned();
        let page = traveller.come(&houses, &format!("{HOUSE}?id={id}"), &vera).await.page();
        assert_eq!(page.url.path(), "/join", "{}", page.text());
        assert!(opened(&houses, "house", &vera).await.is_none() && traveller.here.session().is_none());
        let callback = traveller.here.submit(&page, "/join", &[("password", &ada.password)]).await.callback();
        let tokens = ask.redeem(&houses.app, &callback.code()).await.expect(200);
        let claims = jwt::claims(&tokens.member("id_token"));
        // What proved it was the password.
        assert_eq!((&claims["sub"], &claims["amr"]), (&json!(ada.sub()), &json!(["pwd"])));
        assert_eq!(opened(&houses, "house", &vera).await.expect("joined").id, ada.id);
        // From now on it opens the account by itself, and the other browser is asked nothing.
        let home = houses.traveller().come(&houses, HOUSE, &vera).await.page();
        assert!(home.text().contains("ada Example"), "{}", home.text());
        let kept = find(&houses, ada.id).await;
        assert!(kept.password.is_some() && kept.email_verified);
    }

    /// I13: another identity of the account is a proof, one of another account is none, and neither is a new one.
    async fn an_account_without_a_password_is_proven_by_its_own_identity_alone(setup: Setup) {
        let houses = Houses::start(setup).await;
        let barn = "/login/barn";
        let owner = houses.person_there("owner", "fay@example.test", true).await;
        let fay = houses.traveller().come(&houses, barn, &owner).await.page();
        assert_eq!(fay.url.path(), "/");
        let account = opened(&houses, "barn", &owner).await.expect("an account");
        let other = houses.person_there("other", "other@example.test", true).await;
        houses.traveller().come(&houses, barn, &other).await.page();
        let stranger = houses.person_there("stranger", "stranger@example.test", true).await;
        // Somebody whom the house vouches for with the address of the account.
        let mut traveller = houses.traveller();
        let page = expect_asked(&mut traveller, &houses, &owner).await;
        let hrefs = crate::support::forms::attributes(&page.text(), "href");
        let way = hrefs.into_iter().find(|href| href.starts_with(barn)).expect("the way through the barn");
        let before = people(&houses).await;
        for wrong in [&other, &stranger] {
            let mut wrong_way = Traveller { there: houses.there.browser(), here: traveller.here.clone() };
            let refused = wrong_way.come(&houses, &way, wrong).await.page();
            let text = refused.expect_page(403);
            assert!(text.contains("wrong_proof") && text.contains("/join?id="), "{text}");
            assert!(wrong_way.here.session().is_none() && opened(&houses, "house", &owner).await.is_none());
        }
        assert!(opened(&houses, "barn", &stranger).await.is_none(), "a proof makes nobody");
        assert_eq!(people(&houses).await, before);
        let home = traveller.come(&houses, &way, &owner).await.page();
        assert_eq!(home.url.path(), "/", "{}", home.text());
        assert_eq!(opened(&houses, "house", &owner).await.expect("joined").id, account.id);
        assert!(traveller.here.session().is_some());
    }

    /// I06: known or new, by identity or by address.
    async fn whoever_is_shut_out_stays_out_and_stays_shut_out(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        houses.traveller().come(&houses, HOUSE, &vera).await.page();
        let user = opened(&houses, "house", &vera).await.expect("an account");
        let ada = houses.app.ada().await;
        let twin = houses.person_there("twin", "ada@example.test", true).await;
        let shut_out = Person { id: user.id, username: user.username.to_string(), password: String::new() };
        for person in [&shut_out, &ada] {
            houses.app.disable(person).await;
        }
        expect_refused(&mut houses.traveller(), &houses, &vera, "account_closed").await;
        expect_refused(&mut houses.traveller(), &houses, &twin, "account_closed").await;
        assert!(opened(&houses, "house", &twin).await.is_none());
        for id in [user.id, ada.id] {
            assert!(find(&houses, id).await.disabled);
        }
    }

    /// Shut out between departure and return.
    async fn whoever_is_shut_out_on_the_way_is_not_let_in(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        houses.traveller().come(&houses, HOUSE, &vera).await.page();
        let user = opened(&houses, "house", &vera).await.expect("an account");
        let mut traveller = houses.traveller();
        let back = traveller.vouched(&houses, HOUSE, &vera).await;
        houses.app.disable(&Person { id: user.id, username: String::new(), password: String::new() }).await;
        let refused = traveller.here.open(back.as_str()).await.page();
        assert!(refused.expect_page(403).contains("account_closed"));
        assert!(traveller.here.session().is_none());
    }

    /// I17: at each sign-in, of newcomers and of people who are known.
    async fn allowed_domains_decide_each_sign_in(setup: Setup) {
        let houses = Houses::with(setup, "allowed_domains = [\"corp.test\"]", "").await;
        let vera = houses.person_there("vera", "vera@corp.test", true).await;
        houses.traveller().come(&houses, HOUSE, &vera).await.page();
        assert!(opened(&houses, "house", &vera).await.is_some());
        for (name, address, verified) in [
            ("one", "a@evilcorp.test", true),
            ("two", "a@corp.test.evil", true),
            ("three", "a@sub.corp.test", true),
            ("four", "a@corp.test", false),
        ] {
            let person = houses.person_there(name, address, verified).await;
            expect_refused(&mut houses.traveller(), &houses, &person, "address_not_allowed").await;
        }
        // She left the organisation.
        houses.there.sql("UPDATE users SET email = 'vera@elsewhere.test' WHERE username = 'vera'").await;
        expect_refused(&mut houses.traveller(), &houses, &vera, "address_not_allowed").await;
    }

    /// With `create = "allowed_domains"` they decide who gets an account, and nothing else.
    async fn provisioning_decides_who_gets_an_account(setup: Setup) {
        let keys = "allowed_domains = [\"corp.test\"]\ncreate = \"allowed_domains\"";
        let houses = Houses::with(setup, keys, "create = \"never\"\nlink = \"never\"").await;
        let vera = houses.person_there("vera", "vera@corp.test", true).await;
        houses.traveller().come(&houses, HOUSE, &vera).await.page();
        assert!(opened(&houses, "house", &vera).await.is_some());
        houses.there.sql("UPDATE users SET email = 'vera@elsewhere.test' WHERE username = 'vera'").await;
        let home = houses.traveller().come(&houses, HOUSE, &vera).await.page();
        assert_eq!(home.url.path(), "/", "whoever has an account keeps it");
        let outside = houses.person_there("outside", "outside@elsewhere.test", true).await;
        expect_refused(&mut houses.traveller(), &houses, &outside, "address_not_allowed").await;
        // An account that is there may be joined from outside; only a new one is not offered.
        let ada = houses.app.ada().await;
        let twin = houses.person_there("twin", "ada@example.test", true).await;
        let mut traveller = houses.traveller();
        let page = expect_asked(&mut traveller, &houses, &twin).await;
        assert!(!page.text().contains("name=\"new\""), "{}", page.text());
        traveller.here.send(&page, "/join", &[("new", "1")]).await.expect_page(403);
        traveller.here.submit(&page, "/join", &[("password", &ada.password)]).await.page();
        assert_eq!(opened(&houses, "house", &twin).await.expect("joined").id, ada.id);
        // Where nobody gets one and none is joined, the person reads what to do.
        for (person, code) in [(&outside, "no_account"), (&twin, "address_taken")] {
            let mut traveller = houses.traveller();
            let page = traveller.come(&houses, "/login/barn", person).await.page();
            let text = page.expect_page(403);
            assert!(text.contains(code) && traveller.here.session().is_none(), "{text}");
        }
    }

    /// Roles that the mapping can give follow the provider; the name does where it is told to.
    async fn roles_and_name_follow_the_provider(setup: Setup) {
        let keys = "update = [\"name\"]\nroles = { claim = \"name\", values = { \"Vera Editor\" = \"editor\" } }";
        let houses = Houses::with(setup, keys, "").await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let rename = async |name: &str| {
            houses.there.sql(&format!("UPDATE users SET name = '{name}' WHERE username = 'vera'")).await;
        };
        rename("Vera Editor").await;
        let mut traveller = houses.traveller();
        traveller.come(&houses, HOUSE, &vera).await.page();
        let id = opened(&houses, "house", &vera).await.expect("an account").id;
        let roles = async |names: &[&str]| {
            let user = find(&houses, id).await;
            assert_eq!(user.roles.iter().map(RoleName::as_str).collect::<Vec<_>>(), names);
            user.name.expect("a name")
        };
        assert_eq!(roles(&["editor"]).await, "Vera Editor");
        // Given here, and none of the provider's business.
        let now = houses.app.app().now();
        let both = ["reader", "editor"].map(|name| RoleName::parse(name).expect("a role"));
        assert!(houses.app.app().stores.users.set_roles(id, &both, now).await.expect("the store"));
        rename("Vera Plain").await;
        let mut fresh = houses.traveller();
        fresh.come(&houses, HOUSE, &vera).await.page();
        assert_eq!(roles(&["reader"]).await, "Vera Plain");
        rename("Vera Editor").await;
        let mut fresh = houses.traveller();
        fresh.come(&houses, HOUSE, &vera).await.page();
        assert_eq!(roles(&["reader", "editor"]).await, "Vera Editor");
    }

    /// H01: a new id, and the session from before is over.
    async fn the_session_has_another_id_than_before(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = houses.traveller();
        traveller.here = houses.app.signed_in(&houses.app.bob().await).await;
        let before = traveller.here.clone();
        // The sign-in page of somebody who is signed in leads on; the provider's address is opened by hand.
        traveller.come(&houses, HOUSE, &vera).await.page();
        assert_ne!(traveller.here.session(), before.session());
        assert!(!houses.app.is_signed_in(&before).await);
        let home = traveller.here.open(&houses.app.url("/")).await.page();
        assert!(home.text().contains("vera Example"), "{}", home.text());
    }

    /// A name that somebody has gets a number behind it.
    async fn a_username_that_is_taken_gets_a_number(setup: Setup) {
        let houses = Houses::start(setup).await;
        let ada = houses.app.ada().await;
        let twin = houses.person_there("ada", "another-ada@elsewhere.test", true).await;
        houses.traveller().come(&houses, HOUSE, &twin).await.page();
        let made = opened(&houses, "house", &twin).await.expect("an account");
        assert_ne!(made.id, ada.id);
        let number = made.username.as_str().strip_prefix("ada-").expect("the name and a number");
        assert!(number.parse::<u32>().is_ok(), "{number}");
    }

    /// Two browsers at once, one person: one account.
    async fn whoever_comes_twice_at_once_gets_one_account(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let (mut one, mut two) = (houses.traveller(), houses.traveller());
        let first = one.vouched(&houses, HOUSE, &vera).await;
        let second = two.vouched(&houses, HOUSE, &vera).await;
        let (first, second) = tokio::join!(one.here.open(first.as_str()), two.here.open(second.as_str()));
        for arrival in [first, second] {
            assert_eq!(arrival.page().url.path(), "/");
        }
        assert_eq!(people(&houses).await, 1);
    }

    /// `auth_time` is when the person proved who they are, there.
    async fn auth_time_is_that_of_the_provider(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = houses.traveller();
        let proven = houses.there.app().now();
        traveller.there = houses.there.signed_in(&vera).await;
        houses.advance_seconds(300);
        let ask = Ask::of("trusted").set("provider_hint", "house");
        let callback = traveller.come(&houses, &ask.url(&houses.app), &vera).await.callback();
        let tokens = ask.redeem(&houses.app, &callback.code()).await.expect(200);
        let claims = jwt::claims(&tokens.member("id_token"));
        assert_eq!(claims["auth_time"], json!(proven.seconds()));
        // An application that wants a younger one gets one.
        let ask = Ask::of("trusted").set("provider_hint", "house").set("max_age", "60");
        let callback = traveller.come(&houses, &ask.url(&houses.app), &vera).await.callback();
        let tokens = ask.redeem(&houses.app, &callback.code()).await.expect(200);
        let claims = jwt::claims(&tokens.member("id_token"));
        assert_eq!(claims["auth_time"], json!(houses.there.app().now().seconds()));
    }

    /// Whoever is deleted is a stranger when they come again.
    async fn whoever_is_deleted_begins_anew(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        houses.traveller().come(&houses, HOUSE, &vera).await.page();
        let first = opened(&houses, "house", &vera).await.expect("an account");
        let (users, now) = (&houses.app.app().stores.users, houses.app.app().now());
        assert!(users.delete(first.id, now).await.expect("the store"));
        houses.traveller().come(&houses, HOUSE, &vera).await.page();
        let second = opened(&houses, "house", &vera).await.expect("an account");
        assert_ne!(first.id, second.id);
    }
}
