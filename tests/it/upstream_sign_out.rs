//! A provider says that somebody signed out there, and they are signed out here: who ends, and who stays (OpenID Connect
//! Back-Channel Logout 1.0).
//!
//! Owns: what a good token does. Does not own: tokens that are refused (`upstream_sign_out_refused`), the way on to a
//! provider after signing out here (`sign_out_of_the_provider`).

use serde_json::{Value, json};
use vestibule::model::identity::{Identity, IdentityKey};
use vestibule::protocol::ids::ProviderId;

use crate::both_setups;
use crate::support::journey::{back, expect_in, leave, pass, start, through};
use crate::support::providers::{Endpoint, ExternalPerson, FakeProvider, Trouble};
use crate::support::{Answer, Ask, Person, Setup, TestApp, UserAgent};

/// One provider called `staff`.
pub async fn one(setup: Setup) -> (TestApp, FakeProvider) {
    let fake = FakeProvider::start();
    let app = start(setup, &[fake.toml("staff")]).await;
    (app, fake)
}

/// A provider says it; the answer.
pub async fn tell(app: &TestApp, provider: &str, token: &str) -> Answer {
    let place = format!("/login/{provider}/backchannel-logout");
    app.request(reqwest::Method::POST, &place).field("logout_token", token).send().await
}

/// Somebody there, in a session of theirs.
pub fn somebody(fake: &FakeProvider, subject: &str, sid: Option<&str>) {
    let person = ExternalPerson::new(subject).email(&format!("{subject}@staff.test"), true);
    fake.person(sid.into_iter().fold(person, |person, sid| person.claim("sid", json!(sid))));
}

/// They sign in in a browser of their own.
pub async fn comes(app: &TestApp, fake: &FakeProvider, subject: &str, sid: Option<&str>) -> UserAgent {
    somebody(fake, subject, sid);
    let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
    let arrival = through(&mut browser, app, (&ask, "staff"), fake).await;
    expect_in(app, &browser, &ask, arrival);
    browser
}

/// Who of them is signed in.
async fn signed_in<const N: usize>(app: &TestApp, browsers: [&UserAgent; N]) -> [bool; N] {
    let mut signed_in = [false; N];
    for (found, browser) in signed_in.iter_mut().zip(browsers) {
        *found = app.is_signed_in(browser).await;
    }
    signed_in
}

/// The identity of somebody at `staff`, joined to a person of ours.
async fn joined(app: &TestApp, fake: &FakeProvider, person: &Person, subject: &str) -> IdentityKey {
    let provider = ProviderId::parse("staff").expect("an id");
    let key = IdentityKey { provider, issuer: fake.issuer(), subject: subject.to_owned() };
    let now = app.app().now();
    let identity = Identity { key: key.clone(), user_id: person.id, label: None, created_at: now, used_at: now };
    app.app().stores.identities.insert(&identity).await.expect("the store");
    key
}

/// Signs in to `keeper` through the provider: what the code was redeemed for.
async fn tokens(app: &TestApp, fake: &FakeProvider, browser: &mut UserAgent, ask: &Ask) -> Answer {
    let home = fake.visit(leave(browser, app, ask, "staff").await).await;
    let arrival = back(browser, &home).await;
    let arrival = browser.allow(arrival).await;
    let code = expect_in(app, browser, ask, arrival).code();
    ask.redeem(app, &code).await.expect(200)
}

both_setups! {
    async fn a_sign_out_there_ends_the_sessions_that_it_means_and_no_others(setup: Setup) {
        let (app, fake) = one(setup).await;
        for (changes, ended) in [
            (json!({ "sid": null }), [true, true, true, false]),
            (json!({ "sub": null }), [true, false, false, false]),
            // The one of which nobody knows may be it.
            (json!({}), [true, false, true, false]),
        ] {
            let one = comes(&app, &fake, "grace", Some("1")).await;
            let two = comes(&app, &fake, "grace", Some("2")).await;
            let untold = comes(&app, &fake, "grace", None).await;
            let other = comes(&app, &fake, "linus", Some("3")).await;
            somebody(&fake, "grace", Some("1"));
            let answer = tell(&app, "staff", &fake.logout_token(&changes)).await.expect(200);
            answer.expect_no_store();
            assert_eq!(answer.text(), "");
            let stay = signed_in(&app, [&one, &two, &untold, &other]).await;
            assert_eq!(stay, ended.map(|ended| !ended), "{changes}");
        }
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }

    /// What a person of ours has by their password, or by another provider, is no matter of this one.
    async fn a_session_that_began_otherwise_stays(setup: Setup) {
        let (staff, club) = (FakeProvider::start(), FakeProvider::start());
        let app = start(setup, &[staff.toml("staff"), club.toml("club")]).await;
        let ada = app.ada().await;
        joined(&app, &staff, &ada, "ada-there").await;
        let by_password = app.signed_in(&ada).await;
        let by_staff = comes(&app, &staff, "ada-there", Some("1")).await;
        somebody(&club, "ada-there", Some("1"));
        let (mut by_club, ask) = (app.browser(), Ask::of("trusted"));
        let arrival = through(&mut by_club, &app, (&ask, "club"), &club).await;
        expect_in(&app, &by_club, &ask, arrival);
        for changes in [json!({ "sid": null }), json!({ "sub": null })] {
            tell(&app, "staff", &staff.logout_token(&changes)).await.expect(200);
        }
        assert_eq!(signed_in(&app, [&by_password, &by_staff, &by_club]).await, [true, false, true]);
    }

    /// As signing out here: the record, the code on its way, the refresh token, but not what is to outlive it.
    async fn what_came_from_the_session_ends_with_it(setup: Setup) {
        let (app, fake) = one(setup).await;
        somebody(&fake, "grace", Some("1"));
        let mut browser = app.browser();
        let family = tokens(&app, &fake, &mut browser, &Ask::of("keeper")).await.member("refresh_token");
        let offline = Ask::of("keeper").set("scope", "openid offline_access").set("prompt", "consent");
        let arrival = browser.open(&offline.url(&app)).await;
        let arrival = browser.allow(arrival).await;
        let away = offline.redeem(&app, &arrival.callback().code()).await.expect(200).member("refresh_token");
        let late = Ask::of("trusted");
        let code = browser.open(&late.url(&app)).await.callback().code();

        tell(&app, "staff", &fake.logout_token(&json!({}))).await.expect(200);
        let hash = vestibule::protocol::opaque::TokenHash::of(browser.session().expect("one").as_bytes());
        assert_eq!(app.app().stores.sessions.find(&hash).await.expect("the store"), None);
        app.refresh("keeper", &family).send().await.expect_error(400, "invalid_grant");
        late.redeem(&app, &code).await.expect_error(400, "invalid_grant");
        app.refresh("keeper", &away).send().await.expect(200);
        let page = browser.open(&app.url("/account")).await.page();
        assert_eq!(page.url.path(), "/login");
    }

    async fn another_instance_sees_it_and_takes_no_token_twice(setup: Setup) {
        let (app, fake) = one(setup).await;
        let second = app.sibling().await;
        let mut browser = app.browser();
        somebody(&fake, "grace", Some("1"));
        let family = tokens(&app, &fake, &mut browser, &Ask::of("keeper")).await.member("refresh_token");
        let token = fake.logout_token(&json!({}));
        tell(&second, "staff", &token).await.expect(200);
        assert!(!app.is_signed_in(&browser).await);
        app.refresh("keeper", &family).send().await.expect_error(400, "invalid_grant");
        tell(&app, "staff", &token).await.expect_error(400, "invalid_request");
    }

    /// Whoever replays a token ends no session that began since.
    async fn a_token_counts_once(setup: Setup) {
        let (app, fake) = one(setup).await;
        comes(&app, &fake, "grace", Some("1")).await;
        let token = fake.logout_token(&json!({ "sid": null }));
        let tries = (0..20).map(|_| tell(&app, "staff", &token));
        let mut answers: Vec<u16> = Vec::new();
        for answer in futures_util::future::join_all(tries).await {
            answers.push(answer.status);
        }
        answers.sort_unstable();
        assert_eq!((answers[0], answers[1], answers[19]), (200, 400, 400), "{answers:?}");
        let again = comes(&app, &fake, "grace", Some("1")).await;
        let answer = tell(&app, "staff", &token).await;
        answer.expect_error(400, "invalid_request");
        answer.expect_no_store();
        pass(&app, &fake, 119);
        tell(&app, "staff", &token).await.expect_error(400, "invalid_request");
        assert!(app.is_signed_in(&again).await);
        tell(&app, "staff", &fake.logout_token(&json!({ "sid": null }))).await.expect(200);
        assert!(!app.is_signed_in(&again).await);
    }

    /// 2.8: the provider need not know who is signed in where.
    async fn nobody_who_is_meant_is_an_answer_as_well(setup: Setup) {
        let (app, fake) = one(setup).await;
        let browser = comes(&app, &fake, "grace", Some("1")).await;
        for changes in [json!({ "sub": "nobody", "sid": null }), json!({ "sub": null, "sid": "9" }), json!({ "sub": "nobody" })] {
            tell(&app, "staff", &fake.logout_token(&changes)).await.expect(200);
        }
        assert!(app.is_signed_in(&browser).await);
    }

    async fn unusual_tokens_that_are_right_are_taken(setup: Setup) {
        let (app, fake) = one(setup).await;
        let many = json!({ "aud": ["another-client", fake.client_id()] });
        for (typ, changes) in [(None, json!({})), (Some("JWT"), json!({})), (Some("logout+jwt"), many)] {
            let browser = comes(&app, &fake, "grace", Some("1")).await;
            tell(&app, "staff", &fake.logout_token_of_type(typ, &changes)).await.expect(200);
            assert!(!app.is_signed_in(&browser).await, "{typ:?} {changes}");
        }
        fake.rotate_to_rsa();
        let browser = comes(&app, &fake, "grace", Some("1")).await;
        tell(&app, "staff", &fake.logout_token(&json!({}))).await.expect(200);
        assert!(!app.is_signed_in(&browser).await, "RS256");
    }

    /// I12: the keys that are held do, a new one is asked for once, and made-up ones are asked for once a minute.
    async fn a_new_key_is_fetched_once(setup: Setup) {
        let (app, fake) = one(setup).await;
        let browser = comes(&app, &fake, "grace", Some("1")).await;
        tell(&app, "staff", &fake.logout_token(&json!({ "sub": "nobody", "sid": null }))).await.expect(200);
        assert_eq!((fake.count(Endpoint::Keys), fake.count(Endpoint::Discovery)), (1, 1));
        fake.rotate();
        tell(&app, "staff", &fake.logout_token(&json!({}))).await.expect(200);
        assert!(!app.is_signed_in(&browser).await);
        assert_eq!(fake.count(Endpoint::Keys), 2);
    }

    /// Not the provider's fault, and not ours: it says it again later.
    async fn a_provider_whose_keys_cannot_be_had_is_asked_to_come_again(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        let token = fake.logout_token(&json!({}));
        for endpoint in [Endpoint::Discovery, Endpoint::Keys] {
            fake.trouble(endpoint, Trouble::ServerError);
            let answer = tell(&app, "staff", &token).await;
            answer.expect_error(503, "temporarily_unavailable");
            answer.expect_no_store();
            assert!(answer.header("retry-after").is_some());
            fake.well();
        }
        tell(&app, "staff", &token).await.expect(200);
        // What was learned serves while the provider is away.
        app.http().in_trouble(false);
        let browser = comes(&app, &fake, "grace", Some("1")).await;
        let token = fake.logout_token(&json!({}));
        fake.down();
        tell(&app, "staff", &token).await.expect(200);
        fake.up();
        assert!(!app.is_signed_in(&browser).await);
    }

    /// A token is taken when the sessions have ended: a store that fails on the way costs another try.
    async fn a_store_that_fails_loses_no_sign_out(setup: Setup) {
        let (app, fake) = one(setup).await;
        let browser = comes(&app, &fake, "grace", Some("1")).await;
        let token = fake.logout_token(&json!({}));
        app.http().in_trouble(true);
        app.sql("ALTER TABLE grants RENAME TO grants_gone").await;
        let answer = tell(&app, "staff", &token).await;
        answer.expect_error(503, "temporarily_unavailable");
        assert!(answer.header("retry-after").is_some());
        app.sql("ALTER TABLE grants_gone RENAME TO grants").await;
        app.http().in_trouble(false);
        assert!(app.is_signed_in(&browser).await);
        tell(&app, "staff", &token).await.expect(200);
        assert!(!app.is_signed_in(&browser).await);
    }

    /// Nobody who was let go of by an identity is signed in by it any longer, but for whoever let go of it.
    async fn an_unlinked_identity_takes_its_other_sessions_along(setup: Setup) {
        let (app, fake) = one(setup).await;
        let ada = app.ada().await;
        let key = joined(&app, &fake, &ada, "ada-there").await;
        let mut own = comes(&app, &fake, "ada-there", Some("1")).await;
        let other = comes(&app, &fake, "ada-there", Some("2")).await;
        let by_password = app.signed_in(&ada).await;
        let stranger = comes(&app, &fake, "linus", Some("3")).await;
        let page = own.open(&app.url("/account")).await.page();
        own.send(&page, "/account", &[("unlink", &key.handle())]).await.expect(303);
        assert_eq!(app.opens(&key).await, None);
        let stay = signed_in(&app, [&own, &other, &by_password, &stranger]).await;
        assert_eq!(stay, [true, false, true, true]);
        // What it began through is not forgotten by that.
        somebody(&fake, "ada-there", Some("1"));
        tell(&app, "staff", &fake.logout_token(&json!({}))).await.expect(200);
        assert!(!app.is_signed_in(&own).await);
    }

    /// Whoever came by an identity for an account of its own came through it; whoever proved an account by its password did
    /// not.
    async fn a_joining_begins_a_session_through_what_was_proven(setup: Setup) {
        let (app, fake) = one(setup).await;
        let ada = app.ada().await;
        for (typed, stays) in [(vec![("new", "1")], false), (vec![("password", ada.password.as_str())], true)] {
            let subject = crate::support::ask::unique("visitor");
            fake.person(ExternalPerson::new(&subject).email("ada@example.test", true).claim("sid", Value::from("1")));
            let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
            let page = through(&mut browser, &app, (&ask, "staff"), &fake).await.page();
            assert_eq!(page.url.path(), "/join", "{}", page.text());
            browser.submit(&page, "/join", &typed).await.callback().code();
            tell(&app, "staff", &fake.logout_token(&json!({}))).await.expect(200);
            assert_eq!(app.is_signed_in(&browser).await, stays, "{typed:?}");
        }
    }
}
