//! POST /authorize comes from other sites, to which no Lax cookie is sent: it reads none, and the GET
//! that follows it does the work (threat H06).

use reqwest::Method;

use crate::both_setups;
use crate::support::{Arrival, Ask, Setup, TestApp};

both_setups! {
    /// H06: no cookie is read or set; the answer is a 303 to a GET with a single-use id.
    async fn a_posted_request_is_parked_and_followed_by_a_get(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let ask = Ask::of("trusted");
        let post = || {
            ask.params().iter().fold(
                app.request(Method::POST, "/authorize").header("origin", "https://app.example.test"),
                |request, (name, value)| request.field(name, value),
            )
        };
        let bare = post().header("sec-fetch-site", "cross-site").send().await.expect(303);
        // With a session in the request the answer is of the same kind: the cookie was not looked at.
        let carrying = post().header("cookie", browser.cookie_header()).send().await.expect(303);
        for answer in [&bare, &carrying] {
            assert!(answer.header("set-cookie").is_none(), "{:?}", answer.headers);
            assert_eq!(answer.location().origin().ascii_serialization(), app.http().origin());
            assert!(!answer.location().as_str().contains("code_challenge"), "{}", answer.location());
        }
        let parked = bare.location();
        let callback = browser.open(parked.as_str()).await.callback();
        callback.expect_response_to(&app, &ask);
        ask.redeem(&app, &callback.code()).await.expect(200);
        // The id is used up.
        browser.get(parked.as_str()).await.expect_page(400);
        // The other one belongs to whoever opens it, and they begin like anybody else.
        let mut stranger = app.browser();
        let page = stranger.open(carrying.location().as_str()).await.page();
        assert!(page.url.path().ends_with("/login"), "{}", page.url);
    }

    /// A parked request waits for minutes, not for ever.
    async fn a_parked_request_is_forgotten(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ask = Ask::of("web");
        let request = ask.params().iter().fold(app.request(Method::POST, "/authorize"), |request, (name, value)| {
            request.field(name, value)
        });
        let parked = request.send().await.expect(303).location();
        app.advance_seconds(3600);
        app.browser().get(parked.as_str()).await.expect_page(400);
    }

    /// Errors of a posted request go where those of a GET go.
    async fn a_posted_request_that_is_wrong_is_refused_like_another(setup: Setup) {
        let app = TestApp::start(setup).await;
        let post = |ask: &Ask| {
            ask.params().iter().fold(app.request(Method::POST, "/authorize"), |request, (name, value)| {
                request.field(name, value)
            })
        };
        let wrong = Ask::of("web").set("response_type", "token");
        let answer = post(&wrong).send().await;
        let callback = app.browser().follow(answer).await.callback();
        callback.expect_error(&app, &wrong, "unsupported_response_type");
        let foreign = Ask::of("web").set("redirect_uri", "https://evil.test/");
        let answer = post(&foreign).send().await;
        match app.browser().follow(answer).await {
            Arrival::Page(page) => {
                page.expect_page(400);
            }
            Arrival::Away(url) => panic!("{url}"),
        }
    }
}
