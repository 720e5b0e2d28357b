//! A second Vestibule as the external provider of the first: what two servers of one kind make of each other, and that the
//! way home survives a restart and leads to any instance.
//!
//! Owns: that behaviour. Does not own: whose account opens (`arrivals`), lies of a provider (`providers`).

use crate::both_setups;
use crate::support::house::Houses;
use crate::support::journey::{away, expect_in, leave};
use crate::support::{Arrival, Ask, Setup, jwt};

/// The way into the first from an application.
const HOUSE: &str = "house";

fn ask() -> Ask {
    Ask::of("trusted").set("scope", "openid profile email")
}

both_setups! {
    /// Sign-in and consent there, consent here, tokens of ours alone, and leaving.
    async fn somebody_signs_in_and_allows_there_and_then_here_and_leaves_again(setup: Setup) {
        let houses = Houses::start(setup).await;
        houses.there.configure(|toml| {
            toml.replace("client_name = \"The Hall\"\nfirst_party = true\nconsent = \"never\"", "client_name = \"The Hall\"\nconsent = \"ask\"")
        });
        houses.there.reload().await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = houses.traveller();
        let ask = Ask::of("asking").set("scope", "openid profile email");

        let request = leave(&mut traveller.here, &houses.app, &ask, HOUSE).await;
        let page = traveller.there.open(request.as_str()).await.page();
        let page = traveller.there.sign_in(&page, &vera).await.page();
        assert!(page.text().contains("The Hall"), "who asks is named: {}", page.text());
        let home = away(traveller.there.allow(Arrival::Page(page)).await);
        let page = traveller.here.open(home.as_str()).await.page();
        assert_eq!(page.url.path(), "/consent", "{}", page.text());
        let arrival = traveller.here.allow(Arrival::Page(page)).await;
        let code = expect_in(&houses.app, &traveller.here, &ask, arrival).code();
        let tokens = ask.redeem(&houses.app, &code).await.expect(200);
        let claims = jwt::claims(&tokens.member("id_token"));
        assert_eq!(claims["iss"], houses.app.issuer(), "{claims}");
        assert_eq!(claims["aud"], "asking", "{claims}");
        houses.there.userinfo(&tokens.member("access_token")).await.expect_error(401, "invalid_token");

        let page = traveller.here.open(&houses.app.url("/logout")).await.page();
        traveller.here.submit(&page, "/logout/confirm", &[]).await.page();
        assert!(!houses.app.is_signed_in(&traveller.here).await);
        let page = traveller.here.open(&ask.url(&houses.app)).await.page();
        assert!(page.url.path().ends_with("/login"), "{}", page.url);
    }

    /// The session there is enough, until the application wants more.
    async fn whoever_is_signed_in_there_comes_straight_back_unless_the_application_wants_a_password(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = houses.traveller();
        let first = ask();
        let arrival = traveller.come(&houses, &first.set("provider_hint", HOUSE).url(&houses.app), &vera).await;
        arrival.callback().code();
        let signed_in = houses.app.app().now().seconds();
        houses.advance_seconds(900);

        let second = ask().set("provider_hint", HOUSE);
        traveller.here = houses.app.browser();
        let request = away(traveller.here.open(&second.url(&houses.app)).await);
        let home = away(traveller.there.open(request.as_str()).await);
        let arrival = traveller.here.open(home.as_str()).await;
        let code = expect_in(&houses.app, &traveller.here, &second, arrival).code();
        let claims = jwt::claims(&second.redeem(&houses.app, &code).await.expect(200).member("id_token"));
        let said = claims["auth_time"].as_i64().expect("a number");
        assert!((said - signed_in).abs() < 300, "auth_time is of the password there: {said}, {signed_in}");

        for (name, value) in [("prompt", "login"), ("max_age", "600")] {
            let wanting = ask().set("provider_hint", HOUSE).set(name, value);
            traveller.here = houses.app.browser();
            let request = away(traveller.here.open(&wanting.url(&houses.app)).await);
            let page = traveller.there.open(request.as_str()).await.page();
            assert!(page.url.path().ends_with("/login"), "{name}={value} asks for no password: {}", page.url);
            let home = away(traveller.there.sign_in(&page, &vera).await);
            let arrival = traveller.here.open(home.as_str()).await;
            let code = expect_in(&houses.app, &traveller.here, &wanting, arrival).code();
            let claims = jwt::claims(&wanting.redeem(&houses.app, &code).await.expect(200).member("id_token"));
            let now = houses.app.app().now().seconds();
            assert!(claims["auth_time"].as_i64().is_some_and(|at| (now - at).abs() < 300), "{claims}");
            houses.advance_seconds(900);
        }
    }

    /// The process that somebody left from is gone when they come back.
    async fn a_restart_between_the_departure_and_the_return_loses_no_sign_in(setup: Setup) {
        let mut houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = houses.traveller();
        let ask = ask();
        let departure = ask.clone().set("provider_hint", HOUSE).url(&houses.app);
        let home = traveller.vouched(&houses, &departure, &vera).await;
        houses.app.stop().await;
        let after = houses.app.sibling().await;
        let mut browser = after.browser();
        browser.cookies.clone_from(&traveller.here.cookies);
        let arrival = browser.open(home.as_str()).await;
        let code = expect_in(&after, &browser, &ask, arrival).code();
        ask.redeem(&after, &code).await.expect(200);
    }

    /// Each step meets another instance, and what was used up at one is used up at all.
    async fn the_return_may_meet_another_instance_than_the_departure_and_counts_once_for_all(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let second = houses.app.sibling().await;
        let mut traveller = houses.traveller();
        let ask = ask();
        let departure = ask.clone().set("provider_hint", HOUSE).url(&houses.app);
        let home = traveller.vouched(&houses, &departure, &vera).await;
        let mut browser = second.browser();
        browser.cookies.clone_from(&traveller.here.cookies);
        let arrival = browser.open(home.as_str()).await;
        let code = expect_in(&second, &browser, &ask, arrival).code();
        ask.redeem(&houses.app, &code).await.expect(200);

        let page = traveller.here.open(home.as_str()).await.page();
        assert_eq!(page.status, 400, "{}", page.text());
        assert!(traveller.here.session().is_none(), "one answer signed two browsers in");
    }

    /// Signing out here says nothing there, and a session that ends there ends none here.
    async fn each_server_keeps_its_own_session(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = houses.traveller();
        let departure = ask().set("provider_hint", HOUSE).url(&houses.app);
        traveller.come(&houses, &departure, &vera).await.callback().code();
        let page = traveller.here.open(&houses.app.url("/logout")).await.page();
        traveller.here.submit(&page, "/logout/confirm", &[]).await.page();
        assert!(!houses.app.is_signed_in(&traveller.here).await);
        assert!(houses.there.is_signed_in(&traveller.there).await);

        traveller.come(&houses, &departure, &vera).await.callback().code();
        let page = traveller.there.open(&houses.there.url("/logout")).await.page();
        traveller.there.submit(&page, "/logout/confirm", &[]).await.page();
        assert!(houses.app.is_signed_in(&traveller.here).await);
        assert!(!houses.there.is_signed_in(&traveller.there).await);
    }
}
