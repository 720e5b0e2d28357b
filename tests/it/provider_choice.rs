//! Which provider somebody is offered or sent to, and what an application's wishes become there: `provider_hint`,
//! `auto_redirect`, `login_hint`, `max_age` and `prompt`.

use crate::both_setups;
use crate::providers::one;
use crate::support::journey::{
    away, back, button, expect_in, expect_refused, expect_ways_on, leave, sign_in_page, start, through,
};
use crate::support::providers::{ExternalPerson, FakeProvider, HOSTILE};
use crate::support::{Ask, Setup, forms, jwt};

fn ask() -> Ask {
    Ask::of("trusted")
}

both_setups! {
    /// What the application wants of the sign-in is passed on, and held against what the provider says of it.
    async fn a_fresh_sign_in_is_asked_for_there_and_checked(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        let get = |url: &url::Url, name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        let plain = leave(&mut app.browser(), &app, &ask(), "staff").await;
        assert_eq!((get(&plain, "prompt"), get(&plain, "max_age"), get(&plain, "login_hint")), (None, None, None));
        let wanting = ask().set("prompt", "login").set("login_hint", "grace@staff.test");
        let mut browser = app.browser();
        let there = leave(&mut browser, &app, &wanting, "staff").await;
        assert_eq!(get(&there, "prompt").as_deref(), Some("login"));
        assert_eq!(get(&there, "login_hint").as_deref(), Some("grace@staff.test"));
        fake.person(ExternalPerson::new("248289761001").auth_time_ago(3600));
        let home = fake.visit(there).await;
        let arrival = back(&mut browser, &home).await;
        expect_refused(&browser, arrival, "provider_invalid", "not_fresh");
        let by_age = ask().set("max_age", "600");
        let mut browser = app.browser();
        let there = leave(&mut browser, &app, &by_age, "staff").await;
        assert_eq!(get(&there, "max_age").as_deref(), Some("600"));
        let home = fake.visit(there).await;
        let arrival = back(&mut browser, &home).await;
        expect_refused(&browser, arrival, "provider_invalid", "not_fresh");
        fake.person(ExternalPerson::new("248289761001").auth_time_ago(300));
        let mut browser = app.browser();
        let arrival = through(&mut browser, &app, (&by_age, "staff"), &fake).await;
        let code = expect_in(&app, &browser, &by_age, arrival).code();
        let claims = jwt::claims(&by_age.redeem(&app, &code).await.expect(200).member("id_token"));
        let age = app.app().now().seconds() - claims["auth_time"].as_i64().expect("a number");
        assert!((240..=360).contains(&age), "auth_time is of the sign-in there: {age}");
    }

    async fn the_account_is_chosen_there_where_the_application_asks_for_it(setup: Setup) {
        let (app, _fake) = one(setup).await;
        let there = leave(&mut app.browser(), &app, &ask().set("prompt", "select_account"), "staff").await;
        assert!(there.query_pairs().any(|(name, value)| name == "prompt" && value == "select_account"), "{there}");
    }

    async fn a_client_offers_the_providers_that_it_lists(setup: Setup) {
        let (one, two) = (FakeProvider::start(), FakeProvider::start());
        let app = start(setup, &[one.toml("one"), two.toml("two")]).await;
        app.configure(|toml| toml.replace("client_id = \"trusted\"\n", "client_id = \"trusted\"\nproviders = [\"two\"]\n"));
        app.reload().await;
        let mut browser = app.browser();
        let page = sign_in_page(&mut browser, &app, &ask()).await;
        button(&page, "two");
        assert!(!page.text().contains("/login/one"), "{}", page.text());
        let id = page.url.query().expect("a query").to_owned();
        let refused = browser.open(&app.url(&format!("/login/one?{id}"))).await.page();
        refused.expect_page(404);
        assert_eq!(one.connections(), 0);
        // Other clients offer both.
        let page = sign_in_page(&mut app.browser(), &app, &Ask::of("web")).await;
        button(&page, "one");
        button(&page, "two");
    }

    /// `provider_hint` and `auto_redirect`.
    async fn an_application_can_send_people_straight_to_a_provider(setup: Setup) {
        let (one, two) = (FakeProvider::start(), FakeProvider::start());
        let app = start(setup, &[one.toml("one"), two.toml("two")]).await;
        app.http().in_trouble(true);
        let hinting = ask().set("provider_hint", "two");
        let mut browser = app.browser();
        let there = away(browser.open(&hinting.url(&app)).await);
        assert!(there.as_str().starts_with(&two.base()), "{there}");
        two.deny("access_denied", HOSTILE);
        let home = two.visit(there).await;
        let page = back(&mut browser, &home).await.page();
        let [_, other] = expect_ways_on(&page, "two");
        let login = browser.open(other.as_str()).await.page();
        assert!(login.url.path().ends_with("/login") && login.status == 200, "not round in circles: {}", login.url);
        button(&login, "one");
        for unknown in ["nobody", "TWO", "../two", ""] {
            sign_in_page(&mut app.browser(), &app, &ask().set("provider_hint", unknown)).await;
        }
    }

    async fn the_provider_that_was_used_last_comes_first(setup: Setup) {
        let (one, two) = (FakeProvider::start(), FakeProvider::start());
        let app = start(setup, &[one.toml("one"), two.toml("two")]).await;
        let order = |page: &crate::support::Answer| {
            let links = forms::attributes(&page.text(), "href");
            let of = |id: &str| links.iter().position(|link| link.contains(&format!("/login/{id}"))).expect("a button");
            if of("one") < of("two") { ["one", "two"] } else { ["two", "one"] }
        };
        let mut browser = app.browser();
        assert_eq!(order(&sign_in_page(&mut browser, &app, &ask()).await), ["one", "two"]);
        let arrival = through(&mut browser, &app, (&ask(), "two"), &two).await;
        arrival.callback();
        let again = sign_in_page(&mut browser, &app, &ask().set("prompt", "login")).await;
        assert_eq!(order(&again), ["two", "one"]);
    }
}
