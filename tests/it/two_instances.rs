//! Two instances over one set of stores answer as one: what is used up, replaced or revoked on one is so on
//! the other, whatever happens to Redis (threats B01, B02, E01, E03, F02, X4, X5, X27).
//!
//! Owns: that behaviour. Does not own: the same on one instance (`codes`, `refresh_tokens`, `revocation`).

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::both_setups;
use crate::support::proxy::Proxy;
use crate::support::redis::Redis;
use crate::support::{Answer, Ask, Options, Person, Setup, TestApp};

/// The grant that those tokens came from is over on both instances. An access token is known to be over on
/// the other instance with its next poll, which is made here instead of waited for.
async fn expect_over(instances: [&TestApp; 2], tokens: &Answer) {
    for app in instances {
        app.refresh("keeper", &tokens.member("refresh_token")).send().await.expect_error(400, "invalid_grant");
        app.catch_up().await;
        assert_eq!(app.introspect(&tokens.member("access_token")).await, json!({"active": false}));
        app.userinfo(&tokens.member("access_token")).await.expect_error(401, "invalid_token");
    }
}

/// Fifty redemptions of one code, spread over both instances, all at once: what the only one that succeeded got.
async fn race(instances: [&TestApp; 2], ask: &Ask, code: &str) -> Answer {
    let tries = (0..50).map(|index: usize| ask.token_request(instances[index % 2], code).send());
    let (mut won, lost): (Vec<_>, Vec<_>) = join_all(tries).await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 49), "{:?}", lost.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for answer in lost {
        answer.expect_error(400, "invalid_grant");
    }
    won.remove(0)
}

async fn refreshed(app: &TestApp, token: &str) -> String {
    app.refresh("keeper", token).send().await.expect(200).member("refresh_token")
}

both_setups! {
    /// B01, B02.
    async fn of_fifty_redemptions_of_a_code_one_succeeds_and_a_replay_anywhere_revokes_what_it_got(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let ask = Ask::of("keeper");
        for late in [&app, &second] {
            let code = app.code(&ask, &ada).await;
            let tokens = race([&app, &second], &ask, &code).await;
            ask.redeem(late, &code).await.expect_error(400, "invalid_grant");
            expect_over([&app, &second], &tokens).await;
        }
    }

    /// E03, X27: round after round, whichever answer the client takes.
    async fn fifty_refreshes_at_once_never_fork_a_family_and_sign_nobody_out(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let mut token = app.tokens(&Ask::of("keeper"), &ada).await.member("refresh_token");
        for _ in 0..4 {
            let tries = (0..50).map(|index: usize| [&app, &second][index % 2].refresh("keeper", &token).send());
            let next: BTreeSet<String> =
                join_all(tries).await.into_iter().map(|answer| answer.expect(200).member("refresh_token")).collect();
            assert_eq!(next.len(), 1, "the family forked");
            let next = next.into_iter().next().expect("one");
            assert_ne!(next, token);
            token = next;
            app.advance_seconds(25);
        }
        refreshed(&second, &token).await;
    }

    /// X27: everybody comes back in the same second.
    async fn fifty_people_who_refresh_at_once_are_all_served(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let mut tokens = Vec::new();
        for _ in 0..50 {
            let ask = Ask::of("keeper");
            let code = browser.authorize(&app, &ask, &ada).await.code();
            tokens.push(ask.redeem(&app, &code).await.expect(200).member("refresh_token"));
        }
        for round in 0..2 {
            let asked = tokens.iter().enumerate();
            let tries = asked.map(|(index, token)| [&app, &second][(index + round) % 2].refresh("keeper", token).send());
            let next: Vec<String> =
                join_all(tries).await.into_iter().map(|answer| answer.expect(200).member("refresh_token")).collect();
            assert_eq!(next.iter().collect::<BTreeSet<_>>().len(), tokens.len(), "somebody got the token of another");
            tokens = next;
            app.advance_seconds(60);
        }
    }

    /// E01.
    async fn a_stolen_refresh_token_shown_on_one_instance_ends_the_family_on_both(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        for [of_thief, of_victim] in [[&app, &second], [&second, &app]] {
            let stolen = app.tokens(&Ask::of("keeper"), &ada).await.member("refresh_token");
            let current = of_victim.refresh("keeper", &stolen).send().await.expect(200);
            app.advance_seconds(21);
            of_thief.refresh("keeper", &stolen).send().await.expect_error(400, "invalid_grant");
            expect_over([&app, &second], &current).await;
        }
    }

    /// F02: asked at once, then after a poll; and an instance that starts later knows it from the beginning.
    async fn what_is_revoked_on_one_instance_is_revoked_on_the_other_with_its_next_poll(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("keeper"), &ada).await;
        second.revoke("keeper", &tokens.member("access_token")).await;
        assert_eq!(second.introspect(&tokens.member("access_token")).await, json!({"active": false}));
        app.catch_up().await;
        assert_eq!(app.introspect(&tokens.member("access_token")).await, json!({"active": false}));
        // An access token takes only itself along.
        let next = app.refresh("keeper", &tokens.member("refresh_token")).send().await.expect(200);
        app.revoke("keeper", &next.member("refresh_token")).await;
        expect_over([&app, &second], &next).await;
        let third = app.sibling().await;
        assert_eq!(third.introspect(&next.member("access_token")).await, json!({"active": false}));
    }

    /// Signed out on one instance is signed out on both, and so is what came from that session.
    async fn signing_out_on_one_instance_counts_on_both(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let ask = Ask::of("keeper");
        let mut browser = app.browser();
        let code = browser.authorize(&app, &ask, &ada).await.code();
        let tokens = ask.redeem(&second, &code).await.expect(200);
        let mut there = second.browser();
        there.cookies = browser.cookies.clone();
        assert!(second.is_signed_in(&there).await);
        let page = browser.open(&app.url("/logout")).await.page();
        browser.submit(&page, "/logout/confirm", &[]).await.page();
        assert!(!second.is_signed_in(&there).await);
        expect_over([&app, &second], &tokens).await;
    }
}

/// One with a Redis that the test may break, and a second instance of it.
async fn over(redis: &str) -> (TestApp, TestApp, Person) {
    let options = Options { redis: Some(redis.to_owned()), ..Options::default() };
    let app = TestApp::with(Setup::Postgres, options).await;
    let second = app.sibling().await;
    let ada = app.ada().await;
    (app, second, ada)
}

/// X4: the fact in SQL refuses what Redis has forgotten.
#[tokio::test]
async fn a_used_code_stays_used_after_flushall() {
    let redis = Redis::start();
    let (app, second, ada) = over(&redis.url()).await;
    let ask = Ask::of("keeper");
    let used = app.code(&ask, &ada).await;
    let tokens = race([&app, &second], &ask, &used).await;
    let revoked = app.tokens(&Ask::of("keeper"), &ada).await;
    app.revoke("keeper", &revoked.member("refresh_token")).await;
    let unused = app.code(&ask, &ada).await;
    redis.flush();
    for app in [&app, &second] {
        ask.redeem(app, &unused).await.expect_error(400, "invalid_grant");
        ask.redeem(app, &used).await.expect_error(400, "invalid_grant");
    }
    expect_over([&app, &second], &tokens).await;
    expect_over([&app, &second], &revoked).await;
}

/// Waits until a Redis says so of itself.
fn until(redis: &Redis, said: &str) {
    let begun = tokio::time::Instant::now();
    while !redis.ask("INFO replication").contains(said) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{said}: {}", redis.ask("INFO replication"));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// X5: the replica never heard that the code was used, and hands its record out once more.
#[tokio::test]
async fn a_used_code_stays_used_after_a_failover_to_a_replica_that_lagged() {
    let (primary, replica) = (Redis::start(), Redis::start());
    let replication = Proxy::to(primary.port);
    let address = Proxy::to(primary.port);
    replica.expect(&format!("REPLICAOF 127.0.0.1 {}", replication.port()), "+OK");
    until(&replica, "master_link_status:up");
    let (app, second, ada) = over(&format!("redis://127.0.0.1:{}/0", address.port())).await;
    let ask = Ask::of("keeper");
    let raced = app.code(&ask, &ada).await;
    let simple = app.code(&ask, &ada).await;
    // Both codes are there, and nothing that follows.
    primary.expect("WAIT 1 10000", ":1");
    until(&replica, "master_link_status:up");
    let offset = |redis: &Redis| {
        let said = redis.ask("INFO replication");
        let line = said.lines().find_map(|line| line.strip_prefix("master_repl_offset:")).map(str::to_owned);
        line.expect("an offset")
    };
    let begun = tokio::time::Instant::now();
    while offset(&primary) != offset(&replica) {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never catches up");
    }
    replication.refuse(true);

    let of_race = race([&app, &second], &ask, &raced).await;
    let of_one = ask.redeem(&app, &simple).await.expect(200);
    replica.expect("REPLICAOF NO ONE", "+OK");
    for app in [&app, &second] {
        app.http().in_trouble(true);
    }
    address.move_to(replica.port);
    for app in [&app, &second] {
        let begun = tokio::time::Instant::now();
        while app.get("/readyz").await.status != 200 {
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not find the new primary");
        }
        app.http().in_trouble(false);
    }
    // The replica has the record: it is the grant's row alone that knows better.
    assert!(replica.ask("DBSIZE").starts_with(':') && !replica.ask("DBSIZE").starts_with(":0"));
    let winners = join_all([&app, &second].map(|app| ask.token_request(app, &simple).send())).await;
    for answer in winners {
        answer.expect_error(400, "invalid_grant");
    }
    let raced_again = (0..50).map(|index: usize| ask.token_request([&app, &second][index % 2], &raced).send());
    for answer in join_all(raced_again).await {
        answer.expect_error(400, "invalid_grant");
    }
    expect_over([&app, &second], &of_one).await;
    expect_over([&app, &second], &of_race).await;
}
