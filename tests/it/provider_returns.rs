//! Somebody comes back from a provider a second time, or too late: nobody comes in by that, and the way goes on where it
//! stands (threat I14).

use crate::both_setups;
use crate::support::house::Houses;
use crate::support::journey::{self, back, expect_in, expect_past, leave, start};
use crate::support::providers::{Endpoint, FakeProvider};
use crate::support::{Ask, Person, Setup, TestApp, UserAgent};

async fn one(setup: Setup) -> (TestApp, FakeProvider) {
    let fake = FakeProvider::start();
    let app = start(setup, &[fake.toml("staff")]).await;
    (app, fake)
}

/// Signs in by password on the page that a link leads to, and ends at the application.
async fn by_password(app: &TestApp, browser: &mut UserAgent, (ask, there): (&Ask, &str), person: &Person) {
    let page = browser.open(there).await.page();
    assert!(page.url.path().ends_with("/login"), "{}", page.url);
    let arrival = browser.sign_in(&page, person).await;
    expect_in(app, browser, ask, arrival);
}

both_setups! {
    /// A reload of the page on which the first return ended: the same request is there to go on with.
    async fn after_a_refusal_there_a_second_return_leads_back_into_the_same_request(setup: Setup) {
        let (app, fake) = one(setup).await;
        let ada = app.ada().await;
        let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
        let there = leave(&mut browser, &app, &ask, "staff").await;
        let state = there.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
        let refused = app.url(&format!("/login/staff/callback?error=access_denied&state={state}"));
        assert!(browser.open(&refused).await.page().text().contains("provider_denied"));
        let on = expect_past(browser.open(&refused).await, "Go on");
        // A code that is put in its place comes to the same.
        let forged = refused.replace("error=access_denied", "code=anything");
        assert_eq!(expect_past(browser.open(&forged).await, "Go on"), on);
        assert!(browser.session().is_none() && fake.count(Endpoint::Token) == 0);
        by_password(&app, &mut browser, (&ask, on.as_str()), &ada).await;
    }

    /// A double click on the way home, or the back button afterwards: who is in stays in, and is told that it is done.
    async fn after_a_sign_in_a_second_return_leads_to_where_the_first_did(setup: Setup) {
        let (app, fake) = one(setup).await;
        let (mut browser, ask) = (app.browser(), Ask::of("web"));
        let home = fake.visit(leave(&mut browser, &app, &ask, "staff").await).await;
        let consent = back(&mut browser, &home).await.page();
        let session = browser.session().map(str::to_owned);
        assert!(session.is_some(), "{}", consent.text());
        let on = expect_past(back(&mut browser, &home).await, "Go on");
        let arrival = browser.open(on.as_str()).await;
        let arrival = browser.allow(arrival).await;
        expect_in(&app, &browser, &ask, arrival);
        assert_eq!(browser.session().map(str::to_owned), session);
        assert_eq!(fake.count(Endpoint::Token), 1);
    }

    async fn who_comes_back_too_late_begins_the_same_request_anew(setup: Setup) {
        let (app, fake) = one(setup).await;
        let ada = app.ada().await;
        let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
        let home = fake.visit(leave(&mut browser, &app, &ask, "staff").await).await;
        app.advance(app.app().config.lifetimes.interaction);
        let page = back(&mut browser, &home).await.page();
        assert!(page.status == 400 && page.text().contains("expired"), "{} {}", page.status, page.text());
        let on = journey::link(&page, "Continue");
        by_password(&app, &mut browser, (&ask, on.as_str()), &ada).await;
        assert_eq!(fake.count(Endpoint::Token), 0);
    }

    /// Another browser learns nothing of where it was to lead, whichever return it is.
    async fn in_another_browser_a_second_return_leads_nowhere_else(setup: Setup) {
        let (app, fake) = one(setup).await;
        let (mut mine, mut theirs) = (app.browser(), app.browser());
        theirs.open(&app.url("/login")).await.page();
        let home = fake.visit(leave(&mut mine, &app, &Ask::of("trusted"), "staff").await).await;
        for _ in 0..2 {
            let on = expect_past(back(&mut theirs, &home).await, "Sign in");
            assert!(on.path().ends_with("/login") && on.query().is_none(), "{on}");
        }
        // The first of them used it up; its own browser goes on.
        expect_past(back(&mut mine, &home).await, "Go on");
        assert_eq!(fake.count(Endpoint::Token), 0);
    }

    async fn who_came_to_link_is_led_back_to_the_account(setup: Setup) {
        let houses = Houses::start(setup).await;
        let ada = houses.app.ada().await;
        let mut browser = houses.app.signed_in(&ada).await;
        let account = browser.open(&houses.app.url("/account")).await.page();
        let there = journey::away(browser.open(journey::button(&account, "house").as_str()).await);
        let state = there.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
        let denied = houses.app.url(&format!("/login/house/callback?error=access_denied&state={state}"));
        browser.open(&denied).await.page();
        let on = expect_past(browser.open(&denied).await, "Back to your account");
        assert!(on.path().ends_with("/account"), "{on}");
    }
}
