//! People who are shut out, deleted, or given a new password: everything they had ends at once, on every instance, and
//! nothing of it comes back (threats B08, E05, E06, H12, P4).

use serde_json::{Value, json};

use crate::both_setups;
use crate::support::{Arrival, Ask, Person, Setup, TestApp, UserAgent};

/// Everything that somebody can have.
struct Belongings {
    browser: UserAgent,
    /// Of a code that was redeemed, with refresh tokens that end with the session.
    tokens: Value,
    /// Of a code that was redeemed, with refresh tokens that outlive it.
    offline: Value,
    /// A code that was not redeemed yet.
    unredeemed: (Ask, String),
}

async fn belongings(app: &TestApp, person: &Person) -> Belongings {
    let mut browser = app.browser();
    let plain = Ask::of("keeper");
    let code = browser.authorize(app, &plain, person).await.code();
    let tokens = plain.redeem(app, &code).await.expect(200).json();
    let ask = Ask::of("keeper").set("scope", "openid read:users offline_access").set("prompt", "consent");
    let code = browser.authorize(app, &ask, person).await.code();
    let offline = ask.redeem(app, &code).await.expect(200).json();
    let ask = Ask::of("trusted");
    let code = browser.authorize(app, &ask, person).await.code();
    app.advance_seconds(1);
    Belongings { browser, tokens, offline, unredeemed: (ask, code) }
}

fn member<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().expect(name)
}

/// None of it opens anything at this instance.
async fn expect_nothing_left(app: &TestApp, had: &Belongings) {
    // What is read with each request is over at once, what is remembered within two seconds.
    assert!(!app.is_signed_in(&had.browser).await, "the session lives on");
    for tokens in [&had.tokens, &had.offline] {
        app.refresh("keeper", member(tokens, "refresh_token")).send().await.expect_error(400, "invalid_grant");
        let asked = app.introspect_as("keeper", member(tokens, "refresh_token")).send().await.expect(200);
        assert_eq!(asked.json(), json!({"active": false}));
    }
    app.catch_up().await;
    for tokens in [&had.tokens, &had.offline] {
        let token = member(tokens, "access_token");
        assert_eq!(app.introspect(token).await, json!({"active": false}));
        app.userinfo(token).await.expect_error(401, "invalid_token");
    }
    let (ask, code) = &had.unredeemed;
    ask.redeem(app, code).await.expect_error(400, "invalid_grant");
}

both_setups! {
    /// H12, E05: deleted.
    async fn whoever_is_deleted_is_out_at_once_on_every_instance(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        let had = belongings(&app, &ada).await;
        let of_bob = belongings(&app, &bob).await;
        assert!(second.is_signed_in(&had.browser).await);
        // What the second instance remembers of her, it forgets.
        second.userinfo(member(&had.tokens, "access_token")).await.expect(200);

        let (users, now) = (&app.app().stores.users, app.app().now());
        assert!(users.delete(ada.id, now).await.expect("the store"));
        expect_nothing_left(&second, &had).await;
        expect_nothing_left(&app, &had).await;
        // Her password opens nothing, and says nothing.
        let mut browser = app.browser();
        let login = browser.open(&Ask::of("web").url(&app)).await.page();
        let refused = browser.sign_in(&login, &ada).await.page();
        assert!(refused.url.path().ends_with("/login") && browser.session().is_none(), "{}", refused.text());
        // Nobody else noticed.
        assert!(second.is_signed_in(&of_bob.browser).await);
        second.refresh("keeper", member(&of_bob.offline, "refresh_token")).send().await.expect(200);
        app.userinfo(member(&of_bob.tokens, "access_token")).await.expect(200);
    }

    /// H12, E05: shut out, and not let back into what ended.
    async fn whoever_is_shut_out_is_out_at_once_on_every_instance(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let had = belongings(&app, &ada).await;
        let (users, now) = (&app.app().stores.users, app.app().now());
        assert!(users.set_disabled(ada.id, true, now).await.expect("the store"));
        expect_nothing_left(&second, &had).await;
        expect_nothing_left(&app, &had).await;
        assert!(users.set_disabled(ada.id, false, app.app().now()).await.expect("the store"));
        expect_nothing_left(&second, &had).await;
        // She may come in again, with her own password.
        assert!(second.is_signed_in(&second.signed_in(&ada).await).await);
    }

    /// E06: a reset ends what the old password, or whoever knew it, had begun.
    async fn a_new_password_from_an_admin_ends_what_was_begun_before(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let had = belongings(&app, &ada).await;
        let fresh = app.newcomer("newcomer").await;
        let users = &app.app().stores.users;
        // The newcomer's generated password, for Ada.
        let generated = users.find(fresh.id).await.expect("the store").expect("somebody").password.expect("a password");
        assert!(users.reset_password(ada.id, &generated, app.app().now()).await.expect("the store"));
        expect_nothing_left(&second, &had).await;
        expect_nothing_left(&app, &had).await;

        let mut browser = second.browser();
        let login = browser.open(&second.url("/login")).await.page();
        let refused = browser.sign_in(&login, &ada).await.page();
        assert!(refused.url.path().ends_with("/login"), "the old password opens something");
        let ada = Person { password: fresh.password, ..ada };
        let page = browser.sign_in(&refused, &ada).await.page();
        assert!(page.url.path().ends_with("/password"), "{}: {}", page.url, page.text());
        let own = "a new and rather long password";
        browser.submit(&page, "/password", &[("password", own), ("repeated", own)]).await.page();
        assert!(app.is_signed_in(&browser).await);
    }

    /// B08: between the code and the token, and between the page and the code.
    async fn whoever_is_gone_in_the_middle_of_a_sign_in_gets_nothing(setup: Setup) {
        let app = TestApp::start(setup).await;
        for deleted in [true, false] {
            let name = if deleted { "gone" } else { "out" };
            let person = app.person(name, &["editor"]).await;
            let ask = Ask::of("web");
            let mut browser = app.browser();
            let login = browser.open(&ask.url(&app)).await.page();
            let consent = browser.sign_in(&login, &person).await.page();
            let late = Ask::of("trusted");
            let code = browser.clone().authorize(&app, &late, &person).await.code();
            app.advance_seconds(1);
            let (users, now) = (&app.app().stores.users, app.app().now());
            if deleted {
                assert!(users.delete(person.id, now).await.expect("the store"));
            } else {
                assert!(users.set_disabled(person.id, true, now).await.expect("the store"));
            }
            late.redeem(&app, &code).await.expect_error(400, "invalid_grant");
            match browser.submit(&consent, "/consent", &[("decision", "allow")]).await {
                Arrival::Page(page) => assert!(page.status < 500 && !page.text().contains(" Example"), "{}", page.text()),
                Arrival::Away(url) => panic!("an answer for somebody who is gone: {url}"),
            }
            let page = browser.open(&Ask::of("web").url(&app)).await.page();
            assert!(page.url.path().ends_with("/login"), "{}", page.url);
        }
    }

    /// P4: whoever comes later under the same name and address is somebody else.
    async fn the_same_name_and_address_again_are_another_person(setup: Setup) {
        let app = TestApp::start(setup).await;
        let before = app.ada().await;
        let had = belongings(&app, &before).await;
        app.browser().authorize(&app, &Ask::of("web"), &before).await;
        assert!(app.app().stores.users.delete(before.id, app.app().now()).await.expect("the store"));
        app.advance_seconds(1);
        let after = app.ada().await;
        assert_ne!(after.sub(), before.sub());
        expect_nothing_left(&app, &had).await;
        let silent = Ask::of("web").set("prompt", "none");
        let mut browser = app.signed_in(&after).await;
        // The consents of the one before are not theirs.
        browser.open(&silent.url(&app)).await.callback().expect_error(&app, &silent, "consent_required");
        let tokens = app.tokens(&Ask::of("web"), &after).await;
        let claims = crate::support::jwt::claims(&tokens.member("id_token"));
        assert_eq!((claims["sub"].as_str(), claims["email"].as_str()), (Some(after.sub().as_str()), Some("ada@example.test")));
        app.userinfo(&tokens.member("access_token")).await.expect(200);
    }
}
