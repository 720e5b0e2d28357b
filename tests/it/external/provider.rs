//! Signing in through an OpenID provider that others wrote: npm's `oidc-provider`.
//!
//! Owns: that the two understand each other, by the scripted browser and in Chromium. Does not own: what a provider may do
//! wrong (`providers`).

use crate::both_setups;
use crate::browser::{Browser, Receiver, looks, person};
use crate::support::journey::{away, back, expect_in, leave};
use crate::support::providers::{Cookies, IndependentProvider, OUTBOUND};
use crate::support::{Answer, Arrival, Ask, Options, Setup, TestApp, jwt};

/// An application on this machine, which Chromium reaches.
const DESK: &str = "\n[[clients]]\nclient_id = \"desk\"\nclient_name = \"The Desk\"\ntoken_endpoint_auth_method = \"none\"\n\
     application_type = \"native\"\nconsent = \"ask\"\nscope = \"openid profile email\"\n\
     redirect_uris = [\"http://127.0.0.1/callback\"]\n";

/// Both; the provider knows where the server is, and then the server the provider.
async fn start(setup: Setup) -> (TestApp, IndependentProvider) {
    let app = TestApp::with(setup, Options { extra: DESK, ..Options::default() }).await;
    let [back, page, told] = ["/login/elsewhere/callback", "/logout", "/login/elsewhere/backchannel-logout"];
    let provider = IndependentProvider::with_logout_to(&app.url(back), &app.url(page), &app.url(told)).await;
    let table = provider.toml_with("elsewhere", "display_name = \"Elsewhere\"\n");
    app.configure(|toml| format!("{toml}{table}{OUTBOUND}"));
    app.reload().await;
    (app, provider)
}

both_setups! {
    async fn somebody_of_an_independent_provider_gets_tokens_of_ours_and_is_the_same_person_again(setup: Setup) {
        let (app, provider) = start(setup).await;
        let mut subjects = Vec::new();
        for ask in [Ask::of("asking"), Ask::of("asking").set("prompt", "login"), Ask::of("asking").set("max_age", "60")] {
            let ask = ask.set("scope", "openid profile email");
            let mut browser = app.browser();
            let home = provider.visit(leave(&mut browser, &app, &ask, "elsewhere").await).await;
            assert_eq!(home.parameter("iss").as_deref(), Some(provider.issuer()));
            let arrival = back(&mut browser, &home).await;
            let arrival = browser.allow(arrival).await;
            let code = expect_in(&app, &browser, &ask, arrival).code();
            let tokens = ask.redeem(&app, &code).await.expect(200);
            let claims = jwt::claims(&tokens.member("id_token"));
            // The ID token there has neither: userinfo was asked.
            assert_eq!(claims["email"], IndependentProvider::EMAIL, "{claims}");
            assert_eq!(claims["name"], IndependentProvider::NAME, "{claims}");
            assert_ne!(claims["sub"], IndependentProvider::SUBJECT, "{claims}");
            // It does not say how it knows them, so neither do we.
            assert_eq!(claims["amr"], serde_json::json!(["fed"]), "{claims}");
            subjects.push(claims["sub"].as_str().expect("a subject").to_owned());

            let page = browser.open(&app.url("/logout")).await.page();
            browser.submit(&page, "/logout/confirm", &[]).await.page();
            assert!(!app.is_signed_in(&browser).await);
        }
        subjects.dedup();
        assert_eq!(subjects.len(), 1, "{subjects:?}");
    }

    /// The provider refuses a code the second time, and so do we the answer.
    async fn an_answer_of_an_independent_provider_counts_once(setup: Setup) {
        let (app, provider) = start(setup).await;
        let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
        let home = provider.visit(leave(&mut browser, &app, &ask, "elsewhere").await).await;
        let arrival = back(&mut browser, &home).await;
        expect_in(&app, &browser, &ask, arrival);
        let again = back(&mut browser, &home).await;
        assert!(matches!(&again, Arrival::Page(page) if page.status == 400), "{again:?}");
        // Without a session here the application's request begins anew.
        let mut other = app.browser();
        away(other.open(&ask.clone().set("provider_hint", "elsewhere").url(&app)).await);
    }

    /// It says so itself, of the session there that ended and of no other.
    async fn whoever_signs_out_of_an_independent_provider_is_signed_out_here(setup: Setup) {
        let (app, provider) = start(setup).await;
        let ask = Ask::of("keeper");
        let mut there = [Cookies::new(), Cookies::new()];
        let mut here = Vec::new();
        for cookies in &mut there {
            let mut browser = app.browser();
            let home = provider.visit_as(cookies, leave(&mut browser, &app, &ask, "elsewhere").await).await;
            let arrival = back(&mut browser, &home).await;
            let arrival = browser.allow(arrival).await;
            let code = expect_in(&app, &browser, &ask, arrival).code();
            let family = ask.redeem(&app, &code).await.expect(200).member("refresh_token");
            here.push((browser, family));
        }
        provider.sign_out(&mut there[0]).await;
        assert!(!app.is_signed_in(&here[0].0).await && app.is_signed_in(&here[1].0).await);
        app.refresh("keeper", &here[0].1).send().await.expect_error(400, "invalid_grant");
        app.refresh("keeper", &here[1].1).send().await.expect(200);
    }
}

#[tokio::test]
async fn whoever_signs_out_here_goes_on_to_sign_out_elsewhere_and_comes_back_in_chromium() {
    let (app, provider) = start(Setup::Sqlite).await;
    let browser = Browser::start().await;
    browser.open(&app.url("/login")).await;
    browser.follow("a.provider").await;
    assert_eq!(browser.url().await.path(), "/");
    person::sign_out(&browser, app.issuer()).await;
    looks::judge(&browser, "signed-out-from-provider").await;
    let said = browser.text().await;
    assert!(said.contains("Sign out of Elsewhere as well"), "{said}");
    browser.follow(&format!("a[href^='{}']", provider.issuer())).await;
    browser.follow("button[name=logout]").await;
    assert_eq!(browser.url().await.as_str(), app.url("/logout"));
    let said = browser.text().await;
    assert!(said.contains("You are signed out") && !said.contains("Elsewhere"), "{said}");
    browser.quit().await;
}

#[tokio::test]
async fn a_person_signs_in_elsewhere_in_chromium_consents_and_signs_out() {
    let (app, _provider) = start(Setup::Sqlite).await;
    let receiver = Receiver::start().await;
    let browser = Browser::start().await;
    let ask = || Ask::of("desk").set("redirect_uri", &receiver.redirect_uri()).set("scope", "openid profile email");

    let first = ask();
    browser.open(&first.url(&app)).await;
    browser.follow("a.provider").await;
    assert!(person::is_asked_for_consent(&browser).await, "{}", browser.describe().await);
    person::allow(&browser).await;
    let arrival = receiver.next(0).await;
    assert_eq!(arrival.parameter("iss").as_deref(), Some(app.issuer()));
    let code = arrival.parameter("code").expect("a code");
    let tokens = first.redeem(&app, &code).await.expect(200);
    assert_eq!(jwt::claims(&tokens.member("id_token"))["email"], IndependentProvider::EMAIL);

    person::sign_out(&browser, app.issuer()).await;
    let second = ask();
    browser.open(&second.url(&app)).await;
    assert!(person::is_asked_to_sign_in(&browser).await, "{}", browser.describe().await);
    browser.follow("a.provider").await;
    // RFC 8252 8.6: another program may have taken the place of a native one, so its user is asked each time.
    person::allow(&browser).await;
    let code = receiver.next(1).await.parameter("code").expect("a code");
    let again = second.redeem(&app, &code).await.expect(200);
    let subject = |tokens: &Answer| jwt::claims(&tokens.member("id_token"))["sub"].clone();
    assert_eq!(subject(&again), subject(&tokens));
    browser.quit().await;
}
