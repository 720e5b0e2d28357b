//! The pages on the way through an external provider, in a real browser: buttons, and where the way ends too early.
//!
//! Owns: those pages' looks, and that each leads on by a click. Does not own: what is said in which case (`providers`,
//! `providers_down`), or the way through a whole provider (`external`).

use super::{Browser, looks};
use crate::support::journey::start;
use crate::support::providers::{Brand, Endpoint, ExternalPerson, FakeProvider, HOSTILE, Trouble, Twist};
use crate::support::{Ask, Setup, TestApp};

async fn leave(browser: &Browser, app: &TestApp, ask: &Ask) {
    browser.open(&ask.url(app)).await;
    browser.follow("a[href^='/login/staff']").await;
}

async fn expect_page(browser: &Browser, code: &str, links: &[&str]) {
    let text = browser.text().await;
    assert!(text.contains(code), "{code}: {text}");
    for words in links {
        assert!(text.contains(words), "{code} has no '{words}': {text}");
    }
    looks::judge(browser, &format!("provider-{}", code.replace('_', "-"))).await;
}

#[tokio::test]
async fn the_buttons_of_every_provider_are_good_to_look_at_in_light_dark_and_narrow() {
    let fakes = [Brand::Google, Brand::Microsoft, Brand::Apple, Brand::Auth0, Brand::Plain].map(FakeProvider::like);
    let secret = "client_id = \"us\"\nclient_secret = { env = \"TEST_KEY\" }\n";
    let others = ["github", "gitlab"].map(|id| format!("\n[[providers]]\nid = \"{id}\"\n{secret}"));
    let tables = fakes
        .iter()
        .zip(["google", "microsoft", "apple", "auth0", "staff"])
        .map(|(fake, id)| fake.toml(id))
        .chain(others);
    let app = start(Setup::Sqlite, &tables.collect::<Vec<_>>()).await;
    let browser = Browser::start().await;
    browser.open(&Ask::of("web").url(&app)).await;
    let marks = browser.driver().execute("return document.querySelectorAll('a[href^=\"/login/\"] svg').length", vec![]);
    assert_eq!(marks.await.expect("a count").convert::<usize>().expect("a number"), 6);
    looks::judge(&browser, "sign-in-with-providers").await;
    browser.quit().await;
}

#[tokio::test]
async fn a_page_where_a_provider_let_nobody_in_is_good_to_look_at_and_leads_into_the_same_request() {
    let fake = FakeProvider::start();
    let app =
        start(Setup::Sqlite, &[fake.toml_with("staff", "display_name = \"The Staff of a House with a Long Name\"\n")])
            .await;
    let browser = Browser::start().await;
    let ask = Ask::of("web");
    fake.deny("access_denied", HOSTILE);
    leave(&browser, &app, &ask).await;
    expect_page(&browser, "provider_denied", &["Try again", "Sign in another way"]).await;

    fake.person(ExternalPerson::new("grace").email("grace@staff.test", true));
    fake.twist(Twist::NonceOther);
    browser.follow("a.primary").await;
    expect_page(&browser, "provider_invalid", &["Try again", "Sign in another way"]).await;
    browser.driver().refresh().await.expect("to load the page again");
    expect_page(&browser, "unknown_departure", &["Go on"]).await;

    browser.follow("a.primary").await;
    browser.find("input[type=password]").await;
    fake.straighten();
    fake.trouble(Endpoint::Token, Trouble::Unavailable);
    leave(&browser, &app, &ask).await;
    expect_page(&browser, "provider_unavailable", &["Try again", "Sign in another way"]).await;
    browser.follow("a[href^='/login?']").await;
    browser.find("input[type=password]").await;
    browser.quit().await;
}
