//! Authorization codes: one redemption, by one client, in time, and nothing revives them (threats B).

use std::time::Duration;

use futures_util::future::join_all;

use crate::both_setups;
use crate::support::{Ask, Options, Setup, TestApp, redis::Redis};

both_setups! {
    /// B01: RFC 6749 4.1.2, RFC 9700 4.2.4.
    async fn a_code_is_redeemed_once_and_a_replay_revokes_what_it_gave(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        let first = ask.redeem(&app, &code).await.expect(200);
        first.expect_no_store();
        let token = first.member("access_token");
        app.userinfo(&token).await.expect(200);

        ask.redeem(&app, &code).await.expect_error(400, "invalid_grant");
        let refused = app.userinfo(&token).await;
        refused.expect_error(401, "invalid_token");
        ask.redeem(&app, &code).await.expect_error(400, "invalid_grant");
    }

    /// B01: the replay of another client reveals nothing and revokes nothing.
    async fn a_used_code_in_the_hands_of_another_client_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        ask.redeem(&app, &code).await.expect(200);
        let stolen = ask.by("other");
        stolen.redeem(&app, &code).await.expect_error(400, "invalid_grant");
    }

    /// B02: last-byte races are the load tests' job; here fifty requests run at once.
    async fn of_fifty_redemptions_at_once_over_two_instances_one_succeeds(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        for _ in 0..3 {
            let code = app.code(&ask, &ada).await;
            let tries = (0..50).map(|index| {
                let instance = if index % 2 == 0 { &app } else { &second };
                ask.token_request(instance, &code).send()
            });
            let answers = join_all(tries).await;
            let won = answers.iter().filter(|answer| answer.status == 200).count();
            assert_eq!(won, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
            for lost in answers.iter().filter(|answer| answer.status != 200) {
                lost.expect_error(400, "invalid_grant");
            }
        }
    }

    /// B03.
    async fn a_code_of_one_client_is_worth_nothing_to_another(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for thief in ["other", "spa"] {
            let ask = Ask::of("web");
            let code = app.code(&ask, &ada).await;
            let stolen = ask.by(thief);
            stolen.redeem(&app, &code).await.expect_error(400, "invalid_grant");
            let request = stolen.token_request(&app, &code).but("redirect_uri", Some(&Ask::of(thief).redirect_uri));
            request.send().await.expect_error(400, "invalid_grant");
        }
        let of_public = Ask::of("spa");
        let code = app.code(&of_public, &ada).await;
        let stolen = of_public.by("native");
        stolen.redeem(&app, &code).await.expect_error(400, "invalid_grant");
    }

    /// B04: RFC 6749 4.1.3.
    async fn the_redirect_uri_of_the_exchange_is_the_one_of_the_request(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        for wrong in ["https://app.example.test/cb?tenant=1", "https://app.example.test/cb/", "https://evil.test/cb", "x"] {
            let code = app.code(&ask, &ada).await;
            let request = ask.token_request(&app, &code).but("redirect_uri", Some(wrong));
            request.send().await.expect_error(400, "invalid_grant");
        }
    }

    /// Product: accepted without when a verifier was checked, refused when not.
    async fn a_missing_redirect_uri_is_made_up_for_by_a_verifier_only(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let with_pkce = Ask::of("lenient");
        let code = app.code(&with_pkce, &ada).await;
        with_pkce.token_request(&app, &code).but("redirect_uri", None).send().await.expect(200);
        let without = Ask::of("lenient").without_pkce();
        let code = app.code(&without, &ada).await;
        let request = without.token_request(&app, &code).but("redirect_uri", None);
        request.send().await.expect_error(400, "invalid_grant");
    }

    /// B05 and J24: the boundary itself, by the server's own clock.
    async fn a_code_lives_sixty_seconds_and_not_one_more(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        app.advance_seconds(59);
        ask.redeem(&app, &code).await.expect(200);
        let code = app.code(&ask, &ada).await;
        app.advance(Duration::from_millis(59_999));
        ask.redeem(&app, &code).await.expect(200);
        for late in [60_000, 60_001, 3_600_000] {
            let code = app.code(&ask, &ada).await;
            app.advance(Duration::from_millis(late));
            ask.redeem(&app, &code).await.expect_error(400, "invalid_grant");
        }
    }

    /// B08.
    async fn a_person_disabled_between_code_and_token_gets_nothing(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let before = app.access_token(&ask, &ada).await;
        let code = app.code(&ask, &ada).await;
        app.advance_seconds(1);
        app.disable(&ada).await;
        ask.redeem(&app, &code).await.expect_error(400, "invalid_grant");
        app.catch_up().await;
        app.userinfo(&before).await.expect_error(401, "invalid_token");
    }

    /// B01 to B08 with a code that nobody issued.
    async fn a_code_that_was_never_issued_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ask = Ask::of("web");
        for code in ["x", &"A".repeat(43), &"A".repeat(4096), "../../etc/passwd", "' OR 1=1 --", "\u{1F511}"] {
            ask.redeem(&app, code).await.expect_error(400, "invalid_grant");
        }
        ask.redeem(&app, "").await.expect_error(400, "invalid_request");
    }
}

/// Losing Redis means "please sign in again": an unused code is gone, a used one stays used.
#[tokio::test]
async fn codes_do_not_survive_or_revive_when_redis_loses_everything() {
    let redis = Redis::start();
    let options = Options { redis: Some(redis.url()), ..Options::default() };
    let app = TestApp::with(Setup::Redis, options).await;
    let ada = app.ada().await;
    let ask = Ask::of("web");
    let used = app.code(&ask, &ada).await;
    let token = ask.redeem(&app, &used).await.expect(200).member("access_token");
    let unused = app.code(&ask, &ada).await;
    redis.flush();
    ask.redeem(&app, &unused).await.expect_error(400, "invalid_grant");
    app.userinfo(&token).await.expect(200);
    ask.redeem(&app, &used).await.expect_error(400, "invalid_grant");
    // The replay was recognised by the fact in SQL, although Redis knew nothing of it.
    app.userinfo(&token).await.expect_error(401, "invalid_token");
    ask.redeem(&app, &app.code(&ask, &ada).await).await.expect(200);
}
