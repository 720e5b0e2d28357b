//! Refresh tokens: they rotate, they never fork, a stolen one ends what it was stolen from, and whatever
//! ends the person's access ends them (RFC 6749 6, RFC 9700 4.14, threats D01, E01 to E06, E09).

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use secrecy::SecretString;
use vestibule::model::person::StoredPassword;

use crate::both_setups;
use crate::support::{Answer, Ask, Options, Person, Setup, TestApp, jwt, redis::Redis};

/// A refresh token of `keeper`.
async fn kept(app: &TestApp, person: &Person) -> String {
    app.tokens(&Ask::of("keeper"), person).await.member("refresh_token")
}

async fn refreshed(app: &TestApp, token: &str) -> Answer {
    app.refresh("keeper", token).send().await.expect(200)
}

async fn expect_over(app: &TestApp, token: &str) {
    app.refresh("keeper", token).send().await.expect_error(400, "invalid_grant");
}

both_setups! {
    /// RFC 6749 6, OpenID Connect Core 12.2.
    async fn a_refresh_token_gives_a_new_access_token_and_its_successor(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let first = app.tokens(&Ask::of("keeper"), &ada).await;
        app.advance_seconds(300);
        let second = refreshed(&app, &first.member("refresh_token")).await;
        second.expect_no_store();
        assert_ne!(second.member("refresh_token"), first.member("refresh_token"));
        assert_eq!(second.member("scope"), first.member("scope"));
        let (before, after) = (jwt::claims(&first.member("access_token")), jwt::claims(&second.member("access_token")));
        for same in ["sub", "aud", "client_id", "scope", "auth_time", "acr", "amr"] {
            assert_eq!(before[same], after[same], "{same}");
        }
        assert_ne!(before["jti"], after["jti"]);
        app.userinfo(&second.member("access_token")).await.expect(200);
        let (before, after) = (jwt::claims(&first.member("id_token")), jwt::claims(&second.member("id_token")));
        for same in ["iss", "sub", "aud", "auth_time", "sid"] {
            assert_eq!(before[same], after[same], "{same}");
        }
        assert!(after.get("nonce").is_none() && after["iat"].as_i64() > before["iat"].as_i64(), "{after}");
    }

    /// E01: what the thief holds and what the victim holds.
    async fn a_token_used_again_after_the_grace_ends_the_family_and_its_access_tokens(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let first = kept(&app, &ada).await;
        let other = kept(&app, &ada).await;
        let second = refreshed(&app, &first).await;
        app.advance_seconds(21);
        app.userinfo(&second.member("access_token")).await.expect(200);
        expect_over(&app, &first).await;
        expect_over(&app, &second.member("refresh_token")).await;
        app.userinfo(&second.member("access_token")).await.expect_error(401, "invalid_token");
        assert_eq!(app.introspect(&second.member("access_token")).await, serde_json::json!({"active": false}));
        refreshed(&app, &other).await;
    }

    /// E03: two tabs, or an answer that was lost.
    async fn within_the_grace_the_old_token_gets_the_current_one(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let first = kept(&app, &ada).await;
        let second = refreshed(&app, &first).await.member("refresh_token");
        app.advance_seconds(20);
        let again = refreshed(&app, &first).await;
        assert_eq!(again.member("refresh_token"), second);
        app.userinfo(&again.member("access_token")).await.expect(200);
        let third = refreshed(&app, &second).await.member("refresh_token");
        assert_ne!(third, second);
    }

    /// Product: a family so busy that nobody can say what an old token means is not ended by it.
    async fn a_token_older_than_all_that_is_remembered_ends_nothing_while_all_of_it_is_young(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let first = kept(&app, &ada).await;
        let mut current = first.clone();
        for _ in 0..9 {
            app.advance_seconds(1);
            current = refreshed(&app, &current).await.member("refresh_token");
        }
        expect_over(&app, &first).await;
        current = refreshed(&app, &current).await.member("refresh_token");
        app.advance_seconds(30);
        expect_over(&app, &first).await;
        expect_over(&app, &current).await;
    }

    /// E03 at once, on one instance and on two: one successor, and nobody is signed out.
    async fn of_fifty_refreshes_at_once_over_two_instances_all_get_one_successor(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        for instances in [[&app, &app], [&app, &second]] {
            let first = kept(&app, &ada).await;
            let tries = (0..50).map(|index: usize| instances[index % 2].refresh("keeper", &first).send());
            let answers = join_all(tries).await;
            let successors: BTreeSet<String> =
                answers.into_iter().map(|answer| answer.expect(200).member("refresh_token")).collect();
            assert_eq!(successors.len(), 1, "the family forked");
            let successor = successors.first().expect("one");
            assert_ne!(*successor, first);
            let third = refreshed(&second, successor).await.member("refresh_token");
            app.advance_seconds(21);
            refreshed(&app, &third).await;
        }
    }

    /// D01: refused before the token is looked at.
    async fn without_client_authentication_nothing_is_refreshed_or_used_up(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = kept(&app, &ada).await;
        let bare = || {
            let request = app.request(reqwest::Method::POST, "/token").field("grant_type", "refresh_token");
            request.field("refresh_token", &token)
        };
        for request in [
            bare(),
            bare().field("client_id", "keeper"),
            bare().field("client_id", "keeper").field("client_secret", ""),
            bare().field("client_id", "keeper").field("client_secret", "wrong"),
            bare().basic("keeper", "wrong"),
            bare().basic("keeper", ""),
        ] {
            request.send().await.expect_error(401, "invalid_client");
        }
        app.advance_seconds(60);
        refreshed(&app, &token).await;
    }

    /// B03 of refresh tokens.
    async fn a_refresh_token_of_one_client_is_worth_nothing_to_another(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = kept(&app, &ada).await;
        let next = refreshed(&app, &token).await.member("refresh_token");
        app.advance_seconds(60);
        for thief in ["keeper-spa", "steady", "first-party"] {
            // Not even as a reuse: its owner is not signed out by somebody else.
            for stolen in [&token, &next] {
                app.refresh(thief, stolen).send().await.expect_error(400, "invalid_grant");
            }
        }
        app.refresh("web", &next).send().await.expect_error(400, "unauthorized_client");
        refreshed(&app, &next).await;
    }

    async fn what_is_not_a_refresh_token_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("keeper"), &ada).await;
        let good = tokens.member("refresh_token");
        let mut flipped = good.clone();
        flipped.replace_range(30..31, if good.as_bytes()[30] == b'A' { "B" } else { "A" });
        for bad in [
            "x".to_owned(), flipped, format!("{good}A"), good[1..].to_owned(), tokens.member("access_token"), tokens.member("id_token"),
            "A".repeat(76), "A".repeat(9000), "../../etc/passwd".to_owned(), "' OR 1=1 --".to_owned(), "\u{1F511}".repeat(19),
        ] {
            expect_over(&app, &bad).await;
        }
        app.refresh("keeper", "").send().await.expect_error(400, "invalid_request");
        // The other way round: it opens nothing that access tokens open.
        assert_eq!(app.userinfo(&good).await.status, 401);
        refreshed(&app, &good).await;
    }

    /// E05, D09: now, and not again after they are let in again.
    async fn disabling_a_person_ends_what_they_had_for_good(setup: Setup) {
        let app = TestApp::start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let (tokens, of_bob) = (app.tokens(&Ask::of("keeper"), &ada).await, kept(&app, &bob).await);
        let users = &app.app().stores.users;
        app.advance_seconds(1);
        assert!(users.set_disabled(ada.id, true, app.app().now()).await.expect("the store"));
        app.catch_up().await;
        expect_over(&app, &tokens.member("refresh_token")).await;
        assert_eq!(app.introspect(&tokens.member("access_token")).await, serde_json::json!({"active": false}));
        app.userinfo(&tokens.member("access_token")).await.expect_error(401, "invalid_token");
        assert!(users.set_disabled(ada.id, false, app.app().now()).await.expect("the store"));
        app.catch_up().await;
        expect_over(&app, &tokens.member("refresh_token")).await;
        assert_eq!(app.introspect(&tokens.member("access_token")).await, serde_json::json!({"active": false}));
        refreshed(&app, &of_bob).await;
        refreshed(&app, &kept(&app, &ada).await).await;
    }

    /// E06.
    async fn a_changed_password_ends_what_was_given_before(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("keeper"), &ada).await;
        app.advance_seconds(1);
        let users = &app.app().stores.users;
        let user = users.find(ada.id).await.expect("the store").expect("ada");
        let old = user.password.expect("one");
        let phc = app.app().passwords.hash(SecretString::from("another long password")).await.expect("a hash");
        let new = StoredPassword { phc, generated_until: None };
        assert!(users.set_password(ada.id, &old, &new, false, app.app().now()).await.expect("the store"));
        app.catch_up().await;
        expect_over(&app, &tokens.member("refresh_token")).await;
        assert_eq!(app.introspect(&tokens.member("access_token")).await, serde_json::json!({"active": false}));
        let ada = Person { password: "another long password".to_owned(), ..ada };
        refreshed(&app, &kept(&app, &ada).await).await;
    }

    /// E09: fourteen days without use, ninety in all.
    async fn a_family_ends_when_idle_and_when_old(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let day = Duration::from_hours(24);
        let idle = kept(&app, &ada).await;
        app.advance((14 * day).saturating_sub(Duration::from_secs(1)));
        let used = refreshed(&app, &idle).await.member("refresh_token");
        app.advance(14 * day);
        expect_over(&app, &used).await;
        let mut token = kept(&app, &ada).await;
        for _ in 0..8 {
            app.advance(11 * day);
            token = refreshed(&app, &token).await.member("refresh_token");
        }
        app.advance((2 * day).saturating_sub(Duration::from_secs(1)));
        token = refreshed(&app, &token).await.member("refresh_token");
        app.advance_seconds(1);
        expect_over(&app, &token).await;
    }

    /// A client with a secret whose tokens do not rotate.
    async fn without_rotation_the_same_token_stays_good_within_its_limits(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.tokens(&Ask::of("steady"), &ada).await.member("refresh_token");
        for _ in 0..3 {
            app.advance_seconds(23 * 3600);
            let answer = app.refresh("steady", &token).send().await.expect(200);
            assert_eq!(answer.member("refresh_token"), token);
        }
        app.advance_seconds(4 * 3600);
        app.refresh("steady", &token).send().await.expect_error(400, "invalid_grant");
    }

    /// Whoever signs out wants to be out; what was granted for when they are away stays.
    async fn signing_out_ends_what_came_from_that_session_but_offline_access(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let plain = Ask::of("keeper");
        let code = browser.authorize(&app, &plain, &ada).await.code();
        let mine = plain.redeem(&app, &code).await.expect(200);
        let offline = Ask::of("keeper").set("scope", "openid offline_access").set("prompt", "consent");
        let code = browser.authorize(&app, &offline, &ada).await.code();
        let away = offline.redeem(&app, &code).await.expect(200).member("refresh_token");
        let elsewhere = kept(&app, &ada).await;
        let late = Ask::of("keeper");
        let unredeemed = browser.authorize(&app, &late, &ada).await.code();

        let page = browser.open(&app.url("/logout")).await.page();
        browser.submit(&page, "/logout/confirm", &[]).await.page();
        expect_over(&app, &mine.member("refresh_token")).await;
        assert_eq!(app.introspect(&mine.member("access_token")).await, serde_json::json!({"active": false}));
        late.redeem(&app, &unredeemed).await.expect_error(400, "invalid_grant");
        refreshed(&app, &away).await;
        refreshed(&app, &elsewhere).await;
    }

    /// B01: a code that is used twice takes everything along that it gave.
    async fn a_replayed_code_ends_the_refresh_token_too(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("keeper");
        let code = app.code(&ask, &ada).await;
        let tokens = ask.redeem(&app, &code).await.expect(200);
        let next = refreshed(&app, &tokens.member("refresh_token")).await;
        ask.redeem(&app, &code).await.expect_error(400, "invalid_grant");
        for token in [tokens.member("refresh_token"), next.member("refresh_token")] {
            expect_over(&app, &token).await;
        }
        for token in [tokens.member("access_token"), next.member("access_token")] {
            assert_eq!(app.introspect(&token).await, serde_json::json!({"active": false}));
        }
    }

    /// The password grant of a first-party client: a refresh token, and no ID token with it either.
    async fn a_password_grant_is_renewed_without_an_id_token(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let grant = app.token("first-party").field("grant_type", "password").field("scope", "openid read:users");
        let grant = grant.field("username", &ada.username).field("password", &ada.password).send().await.expect(200);
        app.advance_seconds(60);
        let next = app.refresh("first-party", &grant.member("refresh_token")).send().await.expect(200);
        assert!(next.json().get("id_token").is_none(), "{}", next.text());
        app.userinfo(&next.member("access_token")).await.expect(200);
    }

    /// A client that does not list the grant gets none, and one without a person never does.
    async fn who_does_not_list_the_grant_gets_no_refresh_token(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let body = app.tokens(&Ask::of("web"), &ada).await.json();
        assert!(body.get("refresh_token").is_none(), "{body}");
    }
}

/// Losing Redis signs people out of this server and nobody out of an application; and it revives nothing.
#[tokio::test]
async fn redis_may_lose_everything_and_refresh_tokens_are_as_they_were() {
    let redis = Redis::start();
    let app = TestApp::with(Setup::Redis, Options { redis: Some(redis.url()), ..Options::default() }).await;
    let ada = app.ada().await;
    let (good, used, revoked) = (kept(&app, &ada).await, kept(&app, &ada).await, kept(&app, &ada).await);
    let successor = refreshed(&app, &used).await.member("refresh_token");
    app.revoke("keeper", &revoked).await;
    app.advance_seconds(60);
    redis.flush();
    refreshed(&app, &good).await;
    expect_over(&app, &revoked).await;
    expect_over(&app, &used).await;
    expect_over(&app, &successor).await;
}
