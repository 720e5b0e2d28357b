//! Signing in at an OpenID provider: who comes back is who left, once, and everything that the provider says is checked
//! (threats I08, I09, I10, I11, I14, I16).

use serde_json::json;

use crate::both_setups;
use crate::support::journey::{
    self, away, back, expect_in, expect_refused, expect_ways_on, leave, log_line, pass, sign_in_page, start, through,
};
use crate::support::providers::{Endpoint, ExternalPerson, FakeProvider, HOSTILE, Twist};
use crate::support::{Arrival, Ask, Setup, TestApp, jwt};

/// One provider called `staff`, with somebody who has an address there.
pub async fn one(setup: Setup) -> (TestApp, FakeProvider) {
    let fake = FakeProvider::start();
    fake.person(ExternalPerson::new("248289761001").email("grace@staff.test", true).name("Grace Example"));
    let app = start(setup, &[fake.toml("staff")]).await;
    (app, fake)
}

fn ask() -> Ask {
    Ask::of("trusted")
}

/// What a page for somebody whose way is known nowhere looks like.
#[track_caller]
fn expect_unknown_departure(arrival: Arrival) {
    journey::expect_past(arrival, "Sign in");
}

both_setups! {
    async fn somebody_comes_from_a_provider_and_goes_on_to_the_application(setup: Setup) {
        let (app, fake) = one(setup).await;
        let (mut browser, ask) = (app.browser(), ask());
        let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
        let callback = expect_in(&app, &browser, &ask, arrival);
        let tokens = ask.redeem(&app, &callback.code()).await.expect(200);
        let claims = jwt::claims(&tokens.member("id_token"));
        assert_eq!((&claims["iss"], &claims["email"]), (&json!(app.issuer()), &json!("grace@staff.test")));
        assert_ne!(claims["sub"], "248289761001", "our own, whatever theirs is");
        assert_eq!((&claims["amr"][0], &claims["acr"]), (&json!("fed"), &json!("1")));
        assert_eq!(fake.complaints(), Vec::<String>::new());

        // Once more, in another browser: the same account.
        let (mut other, again) = (app.browser(), Ask::of("trusted"));
        let arrival = through(&mut other, &app, (&again, "staff"), &fake).await;
        let code = expect_in(&app, &other, &again, arrival).code();
        let tokens = again.redeem(&app, &code).await.expect(200);
        assert_eq!(jwt::claims(&tokens.member("id_token"))["sub"], claims["sub"]);
    }

    /// PKCE, nonce and state, new each time, and nothing of ours that could be of use to the provider.
    async fn each_departure_has_secrets_of_its_own(setup: Setup) {
        let (app, fake) = one(setup).await;
        let (mut browser, ask) = (app.browser(), ask());
        let one = leave(&mut browser, &app, &ask, "staff").await;
        let two = leave(&mut browser, &app, &ask, "staff").await;
        let get = |url: &url::Url, name: &str| {
            let values: Vec<String> = url.query_pairs().filter(|(known, _)| known == name).map(|(_, value)| value.into_owned()).collect();
            assert_eq!(values.len(), 1, "{name} stands once: {url}");
            values[0].clone()
        };
        for url in [&one, &two] {
            assert_eq!(get(url, "response_type"), "code");
            assert_eq!(get(url, "code_challenge_method"), "S256");
            assert_eq!(get(url, "redirect_uri"), app.url("/login/staff/callback"));
            assert_eq!(get(url, "client_id"), fake.client_id());
            assert!(get(url, "scope").split(' ').filter(|scope| *scope == "openid").count() == 1, "{url}");
        }
        for name in ["state", "nonce", "code_challenge"] {
            assert_ne!(get(&one, name), get(&two, name), "{name}");
            assert_eq!(get(&one, name).len(), 43, "{name}");
        }
        let kept = app.kept();
        for secret in ["state", "nonce"].map(|name| get(&two, name)) {
            assert!(!browser.cookie_header().contains(&secret));
            for (place, bytes) in &kept {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "a secret is kept in {place}");
            }
        }
    }

    /// I08, I10: a provider, or somebody between, that lies in its ID token.
    async fn an_id_token_that_is_not_right_in_every_way_lets_nobody_in(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        let ask = ask();
        for twist in Twist::REFUSED_ID_TOKENS {
            fake.twist(*twist);
            let mut browser = app.browser();
            let page = through(&mut browser, &app, (&ask, "staff"), &fake).await.page();
            assert_eq!(page.status, 502, "{twist:?}: {}", page.text());
            assert!(page.text().contains("provider_invalid") && browser.session().is_none(), "{twist:?}: {}", page.text());
            journey::expect_own_words(&page);
            expect_ways_on(&page, "staff");
            fake.straighten();
        }
        let mut browser = app.browser();
        let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
        expect_in(&app, &browser, &ask, arrival);
    }

    async fn each_refused_id_token_is_told_apart_in_the_log(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        for (twist, reason) in [
            (Twist::NonceAbsent, "nonce"),
            (Twist::NonceOther, "nonce"),
            (Twist::AudienceWithoutUs, "audience"),
            (Twist::AzpOther, "audience"),
            (Twist::IssuerOther, "issuer"),
            (Twist::Expired, "times"),
            (Twist::AlgNone, "signature"),
            (Twist::Hs256BySecret, "signature"),
            (Twist::KidUnknown, "unknown_key"),
            (Twist::AtHashOther, "at_hash"),
            (Twist::IdTokenAbsent, "no_token"),
        ] {
            fake.twist(twist);
            let mut browser = app.browser();
            let arrival = through(&mut browser, &app, (&ask(), "staff"), &fake).await;
            expect_refused(&browser, arrival, "provider_invalid", reason);
            fake.straighten();
        }
    }

    async fn an_unusual_id_token_that_is_right_is_taken(setup: Setup) {
        let (app, fake) = one(setup).await;
        let ask = ask();
        for twist in Twist::ACCEPTED_ID_TOKENS {
            fake.twist(*twist);
            let mut browser = app.browser();
            let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
            expect_in(&app, &browser, &ask, arrival);
            fake.straighten();
        }
    }

    /// I09, I11, and RFC 9207 where the provider says that it names itself.
    async fn a_response_that_is_not_right_in_every_way_lets_nobody_in(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        fake.metadata("authorization_response_iss_parameter_supported", json!(true));
        let ask = ask();
        for twist in Twist::REFUSED_RESPONSES {
            fake.twist(*twist);
            let mut browser = app.browser();
            let page = through(&mut browser, &app, (&ask, "staff"), &fake).await.page();
            assert!(page.status >= 400 && browser.session().is_none(), "{twist:?}: {} {}", page.status, page.text());
            journey::expect_own_words(&page);
            fake.straighten();
        }
        let mut browser = app.browser();
        let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
        expect_in(&app, &browser, &ask, arrival);
    }

    /// I09: mix-up. The code of another provider's answer is shown to nobody.
    async fn an_answer_that_names_another_issuer_costs_no_code(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        for twist in [Twist::ResponseIssuerOther, Twist::ResponseIssuerAbsent] {
            fake.metadata("authorization_response_iss_parameter_supported", json!(true));
            fake.twist(twist);
            let mut browser = app.browser();
            let arrival = through(&mut browser, &app, (&ask(), "staff"), &fake).await;
            expect_refused(&browser, arrival, "provider_invalid", "response_issuer");
            fake.straighten();
        }
        assert_eq!(fake.count(Endpoint::Token), 0);
    }

    /// I09: what was begun at one provider is not finished at another.
    async fn an_answer_at_the_callback_of_another_provider_is_refused(setup: Setup) {
        let (one, two) = (FakeProvider::start(), FakeProvider::start());
        let app = start(setup, &[one.toml("one"), two.toml("two")]).await;
        let mut browser = app.browser();
        let home = one.visit(leave(&mut browser, &app, &ask(), "one").await).await;
        let swapped = home.url.as_str().replace("/login/one/callback", "/login/two/callback");
        expect_unknown_departure(browser.open(&swapped).await);
        assert!(browser.session().is_none());
        assert_eq!((one.count(Endpoint::Token), two.count(Endpoint::Token)), (0, 0));
        // It was spent by that.
        journey::expect_past(back(&mut browser, &home).await, "Go on");
    }

    /// I09: an ID token that another provider made for the same client id.
    async fn a_token_of_one_provider_is_worth_nothing_at_another(setup: Setup) {
        let (one, two) = (FakeProvider::start(), FakeProvider::start());
        one.metadata("token_endpoint", json!(format!("{}/token", two.base())));
        let app = start(setup, &[one.toml("one"), two.toml("two")]).await;
        app.http().in_trouble(true);
        let mut browser = app.browser();
        let arrival = through(&mut browser, &app, (&ask(), "one"), &one).await;
        let page = arrival.page();
        assert!(page.status == 502 && browser.session().is_none(), "{}", page.text());
    }

    /// H01: whoever comes in gets a session of their own, and the one that the browser had is over.
    async fn the_session_is_a_new_one(setup: Setup) {
        let (app, fake) = one(setup).await;
        let ada = app.ada().await;
        let mut browser = app.signed_in(&ada).await;
        let before = browser.clone();
        let again = ask().set("prompt", "login");
        let arrival = through(&mut browser, &app, (&again, "staff"), &fake).await;
        expect_in(&app, &browser, &again, arrival);
        assert_ne!(browser.session(), before.session());
        assert!(app.is_signed_in(&browser).await && !app.is_signed_in(&before).await);
    }

    /// I14.
    async fn an_answer_counts_once(setup: Setup) {
        let (app, fake) = one(setup).await;
        let (mut browser, ask) = (app.browser(), ask());
        let home = fake.visit(leave(&mut browser, &app, &ask, "staff").await).await;
        let arrival = back(&mut browser, &home).await;
        expect_in(&app, &browser, &ask, arrival);
        let session = browser.session().map(str::to_owned);
        for _ in 0..2 {
            journey::expect_past(back(&mut browser, &home).await, "Go on");
        }
        assert_eq!(browser.session().map(str::to_owned), session, "and who is in stays in");
        let mut thief = app.browser();
        expect_refused_anywhere(back(&mut thief, &home).await);
        assert!(thief.session().is_none());
        assert_eq!(fake.count(Endpoint::Token), 1);
    }

    /// An answer with a code of somebody else, put before the browser of a victim: H03 for this way in.
    async fn an_answer_in_another_browser_lets_nobody_in(setup: Setup) {
        let (app, fake) = one(setup).await;
        let mut mine = app.browser();
        let home = fake.visit(leave(&mut mine, &app, &ask(), "staff").await).await;
        let mut theirs = app.browser();
        expect_refused_anywhere(back(&mut theirs, &home).await);
        // With a cookie of its own it is another browser all the same.
        let mut theirs = app.browser();
        theirs.open(&app.url("/login")).await.page();
        expect_unknown_departure(back(&mut theirs, &home).await);
        assert!(theirs.session().is_none());
        assert_eq!(fake.count(Endpoint::Token), 0);
    }

    async fn whoever_comes_back_after_the_time_of_a_sign_in_starts_again(setup: Setup) {
        let (app, fake) = one(setup).await;
        let mut browser = app.browser();
        let home = fake.visit(leave(&mut browser, &app, &ask(), "staff").await).await;
        app.advance(app.app().config.lifetimes.interaction);
        expect_refused_anywhere(back(&mut browser, &home).await);
        assert!(browser.session().is_none());
        assert_eq!(fake.count(Endpoint::Token), 0);
    }

    async fn an_answer_that_nobody_waits_for_is_refused(setup: Setup) {
        let (app, fake) = one(setup).await;
        let mut browser = app.browser();
        browser.open(&app.url("/login")).await.page();
        for query in [
            String::new(), "?code=x".to_owned(), "?code=x&state=y".to_owned(), format!("?code=x&state={}", "A".repeat(43)),
            "?error=access_denied".to_owned(), format!("?parked={}", "A".repeat(43)), "?access_token=x&token_type=bearer".to_owned(),
        ] {
            expect_unknown_departure(browser.open(&app.url(&format!("/login/staff/callback{query}"))).await);
        }
        assert_eq!(fake.connections(), 0);
        app.get("/login/nobody/callback?code=x").await.expect(400);
        app.get("/login/nobody").await.expect(404);
        app.get("/login/STAFF").await.expect(404);
    }

    /// I11: an access token is no proof of anything.
    async fn an_answer_without_a_code_lets_nobody_in(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        let mut browser = app.browser();
        let there = leave(&mut browser, &app, &ask(), "staff").await;
        let state = there.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
        let only_a_token = format!("/login/staff/callback?state={state}&access_token=stolen&token_type=bearer&id_token=x.y.z");
        let arrival = browser.open(&app.url(&only_a_token)).await;
        expect_refused(&browser, arrival, "provider_invalid", "no_code");
        assert_eq!((fake.count(Endpoint::Token), fake.count(Endpoint::UserInfo)), (0, 0));
    }

    /// I16: whoever is refused there is told so in our words, and goes on in the same authorization request.
    async fn a_refusal_there_leads_to_a_page_with_ways_on(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        let ada = app.ada().await;
        for (code, status, error, reason) in [
            ("access_denied", 400, "provider_denied", "denied"),
            ("login_required", 400, "provider_denied", "denied"),
            ("temporarily_unavailable", 503, "provider_unavailable", "not_now"),
            ("server_error", 503, "provider_unavailable", "not_now"),
            ("invalid_scope", 502, "provider_invalid", "request_refused"),
            (HOSTILE, 400, "provider_denied", "denied"),
        ] {
            let (mut browser, ask) = (app.browser(), ask());
            fake.deny(code, HOSTILE);
            let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
            let page = expect_refused(&browser, arrival, error, reason);
            assert_eq!(page.status, status, "{code}");
            assert!(!log_line(&page).contains("script"), "{}", log_line(&page));
            let [again, other] = expect_ways_on(&page, "staff");
            fake.person(ExternalPerson::new("248289761001").email("grace@staff.test", true));
            // Once more there …
            let mut second = browser.clone();
            let home = fake.visit(away(second.open(again.as_str()).await)).await;
            let arrival = back(&mut second, &home).await;
            expect_in(&app, &second, &ask, arrival);
            // … or by a password.
            let login = browser.open(other.as_str()).await.page();
            if login.url.path().ends_with("/login") {
                let arrival = browser.sign_in(&login, &ada).await;
                expect_in(&app, &browser, &ask, arrival);
            }
        }
    }

    /// OpenID Connect Core 5.3.2.
    async fn userinfo_is_asked_for_what_is_missing_and_has_to_be_of_the_same_person(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        let ask = ask();
        let mut browser = app.browser();
        let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
        expect_in(&app, &browser, &ask, arrival);
        assert_eq!(fake.count(Endpoint::UserInfo), 0, "the ID token said everything");
        fake.profile_in_userinfo_only();
        for twist in Twist::REFUSED_USERINFO {
            fake.twist(*twist);
            let mut browser = app.browser();
            let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
            expect_refused(&browser, arrival, "provider_invalid", "subject");
            fake.straighten();
        }
        fake.person(ExternalPerson::new("another").email("linus@staff.test", true).name("Linus Example"));
        let mut browser = app.browser();
        let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
        let code = expect_in(&app, &browser, &ask, arrival).code();
        let claims = jwt::claims(&ask.redeem(&app, &code).await.expect(200).member("id_token"));
        assert_eq!((&claims["email"], &claims["name"]), (&json!("linus@staff.test"), &json!("Linus Example")));
    }

    async fn a_provider_that_takes_the_secret_in_the_body_gets_it_there(setup: Setup) {
        let (app, fake) = one(setup).await;
        let ask = ask();
        for methods in [&["client_secret_post"][..], &["client_secret_basic"], &["client_secret_post", "client_secret_basic"]] {
            fake.auth_methods(methods);
            // What was learned before is forgotten after a day and an hour.
            pass(&app, &fake, 90_000);
            let mut browser = app.browser();
            let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
            expect_in(&app, &browser, &ask, arrival);
        }
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }

    /// A provider that is disabled, or a client that is, between departure and return.
    async fn what_is_disabled_on_the_way_stays_out(setup: Setup) {
        let (app, fake) = one(setup).await;
        let mut browser = app.browser();
        let ask = ask();
        let first = fake.visit(leave(&mut browser, &app, &ask, "staff").await).await;
        let mut other = app.browser();
        let second = fake.visit(leave(&mut other, &app, &ask, "staff").await).await;
        app.configure(|toml| toml.replace("id = \"staff\"", "id = \"staff\"\nenabled = false"));
        app.reload().await;
        let page = back(&mut browser, &first).await.page();
        assert!(page.status >= 400 && browser.session().is_none(), "{}", page.text());
        let login = sign_in_page(&mut app.browser(), &app, &ask).await;
        assert!(!login.text().contains("/login/staff"), "no button");
        app.configure(|toml| toml.replace("\nenabled = false", ""));
        app.configure(|toml| crate::support::configuration::with_disabled(toml, "trusted"));
        app.reload().await;
        let page = back(&mut other, &second).await.page();
        assert!(page.text().contains("client_changed") && other.session().is_none(), "{}", page.text());
        assert_eq!(fake.count(Endpoint::Token), 0);
    }

    /// A form that arrives from the provider's site, where a Lax cookie is not sent: nothing is decided there.
    async fn a_posted_answer_is_finished_by_the_get_that_follows(setup: Setup) {
        let (app, fake) = one(setup).await;
        let (mut browser, ask) = (app.browser(), ask());
        let home = fake.visit(leave(&mut browser, &app, &ask, "staff").await).await;
        let fields: Vec<(String, String)> = home.url.query_pairs().into_owned().collect();
        let posted = fields.iter().fold(
            app.request(reqwest::Method::POST, "/login/staff/callback").header("origin", "https://evil.test"),
            |request, (name, value)| request.field(name, value),
        );
        let parked = posted.send().await.expect(303);
        assert!(parked.headers.get("set-cookie").is_none());
        let next = parked.location();
        assert!(!next.as_str().contains(&fields.iter().find(|(name, _)| name == "code").expect("a code").1));
        let arrival = browser.open(next.as_str()).await;
        expect_in(&app, &browser, &ask, arrival);
        expect_unknown_departure(browser.open(next.as_str()).await);
    }
}

/// On a page of ours that lets nobody in, whichever it is.
#[track_caller]
fn expect_refused_anywhere(arrival: Arrival) {
    let page = arrival.page();
    assert!((400..500).contains(&page.status), "{} {}", page.status, page.text());
    journey::expect_own_words(&page);
}
