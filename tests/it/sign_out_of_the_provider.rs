//! Whoever came from a provider and signs out here is offered to sign out there too (OpenID Connect RP-Initiated Logout
//! 1.0, as a client).

use serde_json::{Value, json};

use crate::both_setups;
use crate::support::journey::{expect_in, start, through};
use crate::support::providers::{Endpoint, FakeProvider, Trouble};
use crate::support::{Answer, Ask, Setup, TestApp, UserAgent, forms};
use crate::upstream_sign_out::comes;

const BYE: &str = "https://trusted.example.test/bye";

async fn one(setup: Setup) -> (TestApp, FakeProvider) {
    let fake = FakeProvider::start();
    fake.metadata("end_session_endpoint", json!(format!("{}/end?tenant=a%20b", fake.base())));
    let app = start(setup, &[fake.toml_with("staff", "display_name = \"The <Staff>\"\n")]).await;
    (app, fake)
}

/// Signs out by the page.
async fn sign_out(app: &TestApp, browser: &mut UserAgent) -> Answer {
    let page = browser.open(&app.url("/logout")).await.page();
    signed_out(browser.submit(&page, "/logout/confirm", &[]).await.page())
}

#[track_caller]
fn signed_out(page: Answer) -> Answer {
    assert!(page.expect_page(200).contains("You are signed out"), "{}", page.text());
    page
}

/// Where the page leads out of the provider.
fn offer(page: &Answer) -> Option<url::Url> {
    let hrefs = forms::attributes(&page.text(), "href").into_iter();
    let away =
        |href: &String| href.starts_with("http") && !href.starts_with(page.url.origin().ascii_serialization().as_str());
    hrefs.map(|href| forms::decode(&href)).find(away).map(|href| href.parse().expect("a URL"))
}

both_setups! {
    async fn the_last_page_leads_to_the_end_session_endpoint_of_the_provider(setup: Setup) {
        let (app, fake) = one(setup).await;
        let mut browser = comes(&app, &fake, "grace", Some("1")).await;
        let page = sign_out(&app, &mut browser).await;
        assert!(!app.is_signed_in(&browser).await);
        let url = offer(&page).expect("an offer");
        let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(format!("{}{}", url.origin().ascii_serialization(), url.path()), format!("{}/end", fake.base()));
        let expected = [
            ("tenant", "a b"), ("client_id", fake.client_id()), ("post_logout_redirect_uri", &app.url("/logout")),
        ];
        assert_eq!(parameters, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let text = page.text();
        assert!(text.contains("Sign out of The &#60;Staff&#62; as well") && !text.contains("<Staff>"), "{text}");
        // And back from there, nothing is offered again.
        let page = signed_out(browser.open(&app.url("/logout")).await.page());
        assert_eq!(offer(&page), None);
    }

    async fn an_application_that_signs_somebody_out_leads_there_too_unless_it_wants_them_back(setup: Setup) {
        let (app, fake) = one(setup).await;
        for (bye, offered) in [(None, true), (Some("https://app.example.test/unregistered"), true), (Some(BYE), false)] {
            let mut browser = app.browser();
            let ask = Ask::of("trusted");
            let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
            let code = expect_in(&app, &browser, &ask, arrival).code();
            let hint = ask.redeem(&app, &code).await.expect(200).member("id_token");
            let parameters = [("id_token_hint", hint.as_str())].into_iter().chain(bye.map(|bye| ("post_logout_redirect_uri", bye)));
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
            let answer = browser.get(&app.url(&format!("/logout?{query}"))).await.expect(303);
            assert_eq!(answer.location().as_str() == BYE, !offered, "{}", answer.location());
            if offered {
                let page = signed_out(browser.open(answer.location().as_str()).await.page());
                assert!(offer(&page).is_some(), "{}", page.text());
                assert_eq!(page.text().contains("not registered"), bye.is_some(), "{}", page.text());
            }
        }
    }

    async fn where_there_is_nothing_to_sign_out_of_nothing_is_offered(setup: Setup) {
        let (app, fake) = one(setup).await;
        let ada = app.ada().await;
        let mut by_password = app.signed_in(&ada).await;
        assert_eq!(offer(&sign_out(&app, &mut by_password).await), None);
        for provider in ["nobody", "", "..", "https://evil.test"] {
            let page = app.browser().open(&app.url(&format!("/logout?provider={provider}"))).await.page();
            assert_eq!(offer(&signed_out(page)), None, "{provider}");
        }
        app.configure(|toml| toml.replace("id = \"staff\"", "id = \"staff\"\nlogout = \"never\""));
        app.reload().await;
        let mut browser = comes(&app, &fake, "grace", Some("1")).await;
        assert_eq!(offer(&sign_out(&app, &mut browser).await), None, "as it is configured");
        // Whoever is signed in is asked, whatever the address says.
        let mut browser = comes(&app, &fake, "grace", Some("1")).await;
        let page = browser.open(&app.url("/logout?provider=staff")).await.page();
        assert!(page.expect_page(200).contains("Sign out?") && offer(&page).is_none(), "{}", page.text());
    }

    /// A person is sent to https, or to this machine, and only where the metadata says.
    async fn what_the_metadata_says_has_to_be_a_place_for_people(setup: Setup) {
        for endpoint in [
            Value::Null, json!(7), json!({}), json!(""), json!("/end"), json!("http://evil.test/end"), json!("javascript:alert(1)"),
            json!("data:text/html,x"), json!("ftp://evil.test/"),
        ] {
            let fake = FakeProvider::start();
            fake.metadata("end_session_endpoint", endpoint.clone());
            let app = start(setup, &[fake.toml("staff")]).await;
            let mut browser = comes(&app, &fake, "grace", Some("1")).await;
            let page = sign_out(&app, &mut browser).await;
            assert!(offer(&page).is_none() && !page.text().contains("as well"), "{endpoint}: {}", page.text());
        }
        let fake = FakeProvider::start();
        fake.metadata("end_session_endpoint", json!("https://there.test/end#part"));
        let app = start(setup, &[fake.toml("staff")]).await;
        let mut browser = comes(&app, &fake, "grace", Some("1")).await;
        let url = offer(&sign_out(&app, &mut browser).await).expect("an offer");
        assert!(url.as_str().starts_with("https://there.test/end?client_id=") && url.fragment().is_none(), "{url}");
    }

    /// Signing out waits for nobody: the page comes without the offer.
    async fn a_provider_that_is_away_keeps_nobody_from_signing_out(setup: Setup) {
        let (app, fake) = one(setup).await;
        let mut browser = comes(&app, &fake, "grace", Some("1")).await;
        // A second instance has asked it nothing yet.
        let second = app.sibling().await;
        fake.trouble(Endpoint::Discovery, Trouble::ServerError);
        let page = signed_out(second.browser().open(&app.url("/logout?provider=staff")).await.page());
        assert_eq!(offer(&page), None);
        // What was learned serves.
        let page = sign_out(&app, &mut browser).await;
        assert!(offer(&page).is_some() && !app.is_signed_in(&browser).await, "{}", page.text());
    }
}
