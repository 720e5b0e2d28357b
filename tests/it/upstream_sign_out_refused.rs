//! Nobody but a provider says that somebody signed out there, and it says so in one way (threat I19).
//!
//! Owns: every token and request that ends nothing. Does not own: what a good one ends (`upstream_sign_out`).

use reqwest::Method;
use serde_json::{Value, json};

use crate::both_setups;
use crate::support::journey::{expect_in, start, through};
use crate::support::providers::{EVENT, Endpoint, ExternalPerson, FakeGitHub, FakeProvider, Twist};
use crate::support::{Answer, Ask, Setup};
use crate::upstream_sign_out::{comes, one, tell};

/// Lies that an ID token may tell as well.
const LIES: &[Twist] = &[
    Twist::IssuerOther,
    Twist::IssuerAbsent,
    Twist::IssuerSlash,
    Twist::IssuerWithoutScheme,
    Twist::NonceOther,
    Twist::NonceEmpty,
    Twist::AudienceOther,
    Twist::AudienceAbsent,
    Twist::AudienceWithoutUs,
    Twist::Expired,
    Twist::ExpAbsent,
    Twist::ExpText,
    Twist::IssuedInFuture,
    Twist::IssuedAbsent,
    Twist::NotYet,
    Twist::AlgNone,
    Twist::AlgNoneInCapitals,
    Twist::Hs256BySecret,
    Twist::Hs256ByPublicKey,
    Twist::KidUnknown,
    Twist::KeyOther,
    Twist::SignatureAbsent,
    Twist::SubjectEmpty,
    Twist::SubjectNumber,
];

/// What makes a logout token none.
fn shapes() -> Vec<Value> {
    vec![
        json!({ "events": null }),
        json!({ "events": {} }),
        json!({ "events": { "https://another.example/event": {} } }),
        json!({ "events": { EVENT: "" } }),
        json!({ "events": { EVENT: [] } }),
        json!({ "events": { EVENT: null } }),
        json!({ "events": [EVENT] }),
        json!({ "events": EVENT }),
        json!({ "nonce": "n" }),
        json!({ "nonce": 0 }),
        json!({ "jti": null }),
        json!({ "jti": "" }),
        json!({ "jti": 7 }),
        json!({ "sub": null, "sid": null }),
        json!({ "sub": null, "sid": "" }),
        json!({ "sub": null, "sid": 1 }),
        json!({ "sid": ["1"] }),
        json!({ "iat": "now" }),
        json!({ "aud": { "client": 1 } }),
    ]
}

#[track_caller]
fn expect_refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 400, "{why}: {}", answer.text());
    let description = answer.expect_error(400, "invalid_request");
    assert!(!description.contains("evil"), "{why}: {description}");
    answer.expect_no_store();
    assert!(answer.header("set-cookie").is_none(), "{why}");
}

both_setups! {
    async fn a_token_that_is_not_right_in_every_way_ends_nothing(setup: Setup) {
        let (app, fake) = one(setup).await;
        let browser = comes(&app, &fake, "grace", Some("1")).await;
        for twist in LIES {
            fake.twist(*twist);
            let answer = tell(&app, "staff", &fake.logout_token(&json!({}))).await;
            expect_refused(&answer, &format!("{twist:?}"));
            fake.straighten();
        }
        for changes in shapes() {
            let token = fake.logout_token(&changes);
            expect_refused(&tell(&app, "staff", &token).await, &changes.to_string());
        }
        for typ in ["at+jwt", "id_token+jwt", "secevent+jwt", ""] {
            let token = fake.logout_token_of_type(Some(typ), &json!({}));
            expect_refused(&tell(&app, "staff", &token).await, typ);
        }
        let good = fake.logout_token(&json!({}));
        for text in [&fake.stray_id_token(), "x", "x.y.z", "..", &good[1..], &good[..good.len() - 4], &format!("{good}.x")] {
            expect_refused(&tell(&app, "staff", text).await, text);
        }
        assert!(app.is_signed_in(&browser).await);
        // It was good but for that.
        tell(&app, "staff", &good).await.expect(200);
        assert!(!app.is_signed_in(&browser).await);
    }

    /// The ID token that a person really came with, which an application or a log may have.
    async fn an_id_token_signs_nobody_out(setup: Setup) {
        let (app, fake) = one(setup).await;
        let browser = comes(&app, &fake, "grace", Some("1")).await;
        let ask = Ask::of("trusted");
        let code = browser.clone().open(&ask.url(&app)).await.callback().code();
        let own = ask.redeem(&app, &code).await.expect(200).member("id_token");
        for token in [fake.stray_id_token(), own] {
            expect_refused(&tell(&app, "staff", &token).await, "an ID token");
        }
        assert!(app.is_signed_in(&browser).await);
    }

    /// Another provider, whatever it calls itself, and another place of the same.
    async fn a_provider_signs_nobody_out_who_came_from_another(setup: Setup) {
        let (staff, club) = (FakeProvider::start(), FakeProvider::start());
        let app = start(setup, &[staff.toml("staff"), club.toml("club")]).await;
        let browser = comes(&app, &staff, "grace", Some("1")).await;
        // The same subject and session, as it happens; an address would lead to a joining.
        club.person(ExternalPerson::new("grace").claim("sid", json!("1")));
        let (mut there, ask) = (app.browser(), Ask::of("trusted"));
        let arrival = through(&mut there, &app, (&ask, "club"), &club).await;
        expect_in(&app, &there, &ask, arrival);
        let pretends = club.logout_token(&json!({ "iss": staff.issuer() }));
        expect_refused(&tell(&app, "staff", &pretends).await, "signed by another");
        expect_refused(&tell(&app, "staff", &club.logout_token(&json!({}))).await, "of another");
        expect_refused(&tell(&app, "club", &pretends).await, "of an issuer that is not its own");
        expect_refused(&tell(&app, "club", &staff.logout_token(&json!({}))).await, "at another place");
        assert!(app.is_signed_in(&browser).await && app.is_signed_in(&there).await);
        tell(&app, "club", &club.logout_token(&json!({}))).await.expect(200);
        assert!(app.is_signed_in(&browser).await && !app.is_signed_in(&there).await);
    }

    /// I12: whoever makes tokens up makes the provider no work, but for one try a minute.
    async fn made_up_tokens_fetch_no_keys(setup: Setup) {
        let (app, fake) = one(setup).await;
        comes(&app, &fake, "grace", Some("1")).await;
        let before = fake.count(Endpoint::Keys);
        for changes in shapes() {
            fake.twist(Twist::KidUnknown);
            tell(&app, "staff", &fake.logout_token(&changes)).await.expect(400);
            fake.straighten();
        }
        assert_eq!(fake.count(Endpoint::Keys), before);
        fake.twist(Twist::KidUnknown);
        for _ in 0..20 {
            tell(&app, "staff", &fake.logout_token(&json!({}))).await.expect(400);
        }
        assert_eq!(fake.count(Endpoint::Keys), before + 1);
    }

    async fn only_openid_providers_that_are_there_have_the_place(setup: Setup) {
        let (fake, hub) = (FakeProvider::start(), FakeGitHub::start());
        let app = start(setup, &[fake.toml("staff"), hub.toml("github")]).await;
        let browser = comes(&app, &fake, "grace", Some("1")).await;
        let token = fake.logout_token(&json!({}));
        for provider in ["github", "nobody", "STAFF"] {
            tell(&app, provider, &token).await.expect_error(404, "invalid_request");
        }
        app.configure(|toml| toml.replace("id = \"staff\"", "id = \"staff\"\nenabled = false"));
        app.reload().await;
        tell(&app, "staff", &token).await.expect_error(404, "invalid_request");
        app.configure(|toml| toml.replace("\nenabled = false", ""));
        app.reload().await;
        assert!(app.is_signed_in(&browser).await);
        assert_eq!(hub.connections(), 0);
    }

    async fn a_request_is_one_form_with_one_token(setup: Setup) {
        let (app, fake) = one(setup).await;
        let browser = comes(&app, &fake, "grace", Some("1")).await;
        let place = "/login/staff/backchannel-logout";
        let token = fake.logout_token(&json!({}));
        let post = || app.request(Method::POST, place);
        expect_refused(&post().send().await, "nothing");
        expect_refused(&post().field("token", &token).send().await, "under another name");
        expect_refused(&post().field("logout_token", "").send().await, "empty");
        let twice = post().field("logout_token", &token).field("logout_token", &token);
        expect_refused(&twice.send().await, "twice");
        let query = app.request(Method::POST, &format!("{place}?logout_token={token}"));
        expect_refused(&query.field("logout_token", &token).send().await, "in the query");
        let json = post().header("content-type", "application/json").body(json!({ "logout_token": token }).to_string());
        expect_refused(&json.send().await, "JSON");
        let long = post().field("logout_token", "x".repeat(100_000)).send().await;
        assert_eq!(long.status, 413, "{}", long.text());
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = app.request(method, place).send().await.expect(405);
            assert_eq!(answer.header("allow"), Some("POST"));
        }
        assert!(app.is_signed_in(&browser).await);
        tell(&app, "staff", &token).await.expect(200);
    }

    /// No token is in the log, whatever comes of it.
    async fn the_log_says_why_and_no_more(setup: Setup) {
        let (app, fake) = one(setup).await;
        let browser = comes(&app, &fake, "grace", Some("session-of-grace")).await;
        let refused = fake.logout_token(&json!({ "aud": "another" }));
        expect_refused(&tell(&app, "staff", &refused).await, "audience");
        let good = fake.logout_token(&json!({}));
        tell(&app, "staff", &good).await.expect(200);
        assert!(!app.is_signed_in(&browser).await);
        let log = crate::support::logs::text();
        assert!(log.contains("logout token: aud does not name this client"), "{log}");
        for secret in [&refused, &good, "session-of-grace"] {
            assert!(!log.contains(secret), "{secret}");
        }
    }
}
