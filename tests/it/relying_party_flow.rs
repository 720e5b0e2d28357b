//! An application that knows nothing but the issuer signs somebody in, end to end.

use crate::both_setups;
use crate::support::relying_party::RelyingParty;
use crate::support::{Arrival, Options, Setup, TestApp};

async fn sign_in(app: &TestApp, client: &str) {
    let ada = app.ada().await;
    let application = RelyingParty::discover(app, client).await;
    assert_eq!(application.metadata().issuer().as_str(), app.issuer());
    let pending = application.begin(&["profile", "email", "read:users"]);
    let mut browser = app.browser();
    let login = browser.open(pending.url.as_str()).await.page();
    let arrival = browser.sign_in(&login, &ada).await;
    let callback = browser.allow(arrival).await.callback();
    let signed_in = application.finish(pending, &callback).await;
    assert_eq!(signed_in.claims.subject().as_str(), ada.sub());
    assert_eq!(signed_in.claims.preferred_username().map(|name| name.as_str()), Some("ada"));
    let info = application.user_info(&signed_in).await;
    assert_eq!(info.email().map(|email| email.as_str()), Some("ada@example.test"));
    assert_eq!(info.email_verified(), Some(true));
    // The second time nobody is asked anything.
    let pending = application.begin(&["profile", "email", "read:users"]);
    match browser.open(pending.url.as_str()).await {
        Arrival::Away(_) => {}
        Arrival::Page(page) => panic!("{}: {}", page.url, page.text()),
    }
}

both_setups! {
    async fn a_confidential_application_signs_somebody_in(setup: Setup) {
        let app = TestApp::start(setup).await;
        sign_in(&app, "web").await;
    }

    async fn a_public_application_signs_somebody_in(setup: Setup) {
        let app = TestApp::start(setup).await;
        sign_in(&app, "spa").await;
    }

    /// Also under an issuer with a path.
    async fn an_application_of_an_issuer_with_a_path_signs_somebody_in(setup: Setup) {
        let app = TestApp::with(setup, Options { path: "/tenants/one", ..Options::default() }).await;
        sign_in(&app, "web").await;
    }

    /// And under https, behind a proxy that ends TLS.
    async fn an_application_of_an_https_issuer_signs_somebody_in(setup: Setup) {
        let app = TestApp::with(setup, Options { origin: Some("https://id.example.test"), ..Options::default() }).await;
        sign_in(&app, "web").await;
    }
}
