//! Signing in with GitHub: who somebody is there is their number; an address counts where it is primary and verified;
//! organizations and teams are asked for with the token (threats I01, I16, I17 and their siblings for plain OAuth 2).

use serde_json::json;

use crate::both_setups;
use crate::support::journey::{self, away, back, button, expect_in, expect_refused, leave, sign_in_page, start};
use crate::support::providers::{Endpoint, FakeGitHub, GitHubPerson, HOSTILE, Trouble};
use crate::support::{Arrival, Ask, Setup, TestApp, UserAgent, jwt};

fn octocat() -> GitHubPerson {
    GitHubPerson::new(583_231, "octocat").name("Mona Cat").email("mona@cats.test", true, true)
}

async fn with(setup: Setup, more: &str) -> (TestApp, FakeGitHub) {
    let hub = FakeGitHub::start();
    hub.person(octocat());
    let app = start(setup, &[hub.toml_with("github", more)]).await;
    app.http().in_trouble(true);
    (app, hub)
}

async fn through(app: &TestApp, hub: &FakeGitHub) -> (UserAgent, Ask, Arrival) {
    let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
    let there = leave(&mut browser, app, &ask, "github").await;
    let home = hub.visit(&there).await;
    let arrival = back(&mut browser, &home).await;
    let arrival = browser.allow(arrival).await;
    (browser, ask, arrival)
}

/// The claims of whoever came in.
async fn claims(app: &TestApp, hub: &FakeGitHub) -> serde_json::Value {
    let (browser, ask, arrival) = through(app, hub).await;
    let code = expect_in(app, &browser, &ask, arrival).code();
    jwt::claims(&ask.redeem(app, &code).await.expect(200).member("id_token"))
}

both_setups! {
    async fn somebody_signs_in_with_github(setup: Setup) {
        let (app, hub) = with(setup, "").await;
        let page = sign_in_page(&mut app.browser(), &app, &Ask::of("trusted")).await;
        assert!(page.text().contains("GitHub"));
        button(&page, "github");
        let first = claims(&app, &hub).await;
        assert_eq!((&first["email"], &first["email_verified"]), (&json!("mona@cats.test"), &json!(true)));
        assert_eq!((&first["name"], &first["amr"]), (&json!("Mona Cat"), &json!(["fed"])));
        assert_eq!(hub.complaints(), Vec::<String>::new());
        let secret = hub.client_secret();
        for seen in hub.seen() {
            let told = seen.endpoint == Endpoint::Token || !seen.parameters.iter().any(|(_, value)| value == secret);
            assert!(told && !seen.path.contains(secret), "{seen:?}");
        }
    }

    /// A login is given to somebody else, the number never is.
    async fn somebody_is_their_number_and_not_their_login_or_address(setup: Setup) {
        let (app, hub) = with(setup, "").await;
        let first = claims(&app, &hub).await;
        hub.person(GitHubPerson::new(583_231, "mona-renamed").email("other@cats.test", true, true));
        assert_eq!(claims(&app, &hub).await["sub"], first["sub"]);
        hub.person(GitHubPerson::new(583_232, "octocat"));
        assert_ne!(claims(&app, &hub).await["sub"], first["sub"], "another person under the old login");
    }

    async fn an_address_counts_where_it_is_primary_and_verified(setup: Setup) {
        let (app, hub) = with(setup, "").await;
        for (id, person) in [
            GitHubPerson::new(1, "one").email("a1@cats.test", true, false),
            GitHubPerson::new(2, "two").email("a2@cats.test", false, true),
            GitHubPerson::new(3, "three").email("a3@cats.test", true, false).email("b3@cats.test", false, true),
            GitHubPerson::new(4, "four"),
            GitHubPerson::new(5, "five").public_email("boss@cats.test"),
        ]
        .into_iter()
        .enumerate()
        {
            hub.person(person);
            let claims = claims(&app, &hub).await;
            assert!(claims.get("email").is_none(), "{id}: {claims}");
        }
        hub.person(GitHubPerson::new(6, "six").email("a6@cats.test", false, true).email("b6@cats.test", true, true));
        assert_eq!(claims(&app, &hub).await["email"], "b6@cats.test");
    }

    /// I01: the public address of the profile is whatever somebody wrote there.
    async fn an_address_that_github_does_not_vouch_for_opens_no_account(setup: Setup) {
        let (app, hub) = with(setup, "").await;
        let ada = app.ada().await;
        hub.person(GitHubPerson::new(7, "eve").public_email("ada@example.test").email("ada@example.test", true, false));
        assert_ne!(claims(&app, &hub).await["sub"], json!(ada.sub()));
        // One that it does vouch for opens none either, before its owner proves it.
        hub.person(GitHubPerson::new(8, "eve2").email("ada@example.test", true, true));
        let (browser, _, arrival) = through(&app, &hub).await;
        let page = arrival.page();
        assert!(page.url.path().ends_with("/join") && browser.session().is_none(), "{}", page.url);
    }

    async fn only_active_members_of_an_organization_come_in(setup: Setup) {
        let (app, hub) = with(setup, "organizations = [\"acme\", \"other\"]\n").await;
        for person in [
            octocat(),
            octocat().member_of("acme", "pending"),
            octocat().member_of("acme-evil", "active"),
            octocat().member_of("evil", "active").in_team("acme", "developers", "active"),
        ] {
            hub.person(person);
            let (browser, _, arrival) = through(&app, &hub).await;
            expect_refused(&browser, arrival, "provider_refused", "not_member");
        }
        for organization in ["acme", "other", "Acme"] {
            hub.person(octocat().member_of(organization, "active"));
            claims(&app, &hub).await;
        }
        hub.hide_organizations();
        let (browser, _, arrival) = through(&app, &hub).await;
        expect_refused(&browser, arrival, "provider_refused", "not_member");
    }

    async fn members_of_a_team_come_in_as_well(setup: Setup) {
        let (app, hub) = with(setup, "organizations = [\"acme\"]\nteams = [\"globex/core\"]\n").await;
        for person in [
            octocat().in_team("globex", "core", "pending"),
            octocat().in_team("globex", "other", "active"),
            octocat().in_team("acme", "core", "active"),
            octocat().member_of("globex", "active"),
        ] {
            hub.person(person);
            let (browser, _, arrival) = through(&app, &hub).await;
            expect_refused(&browser, arrival, "provider_refused", "not_member");
        }
        hub.person(octocat().in_team("globex", "core", "active"));
        claims(&app, &hub).await;
        hub.person(octocat().member_of("acme", "active"));
        claims(&app, &hub).await;
    }

    /// Whoever leaves the organization is out at the next sign-in, known or not.
    async fn membership_is_asked_at_each_sign_in(setup: Setup) {
        let (app, hub) = with(setup, "organizations = [\"acme\"]\n").await;
        hub.person(octocat().member_of("acme", "active"));
        claims(&app, &hub).await;
        hub.person(octocat());
        let (browser, _, arrival) = through(&app, &hub).await;
        expect_refused(&browser, arrival, "provider_refused", "not_member");
    }

    /// Given and taken at each sign-in; whatever else a person has stays.
    async fn memberships_give_roles(setup: Setup) {
        let roles = "roles = { claim = \"teams\", values = { \"acme/core\" = \"editor\", acme = \"reader\" } }\n";
        let (app, hub) = with(setup, roles).await;
        for (person, scope) in [
            (octocat().member_of("acme", "active").in_team("acme", "core", "active"), "openid profile email read:users write:posts"),
            (octocat().member_of("acme", "active").in_team("acme", "core", "pending"), "openid profile email read:users"),
            (octocat().member_of("acme", "pending").in_team("other", "core", "active"), "openid profile email"),
            (octocat().in_team("acme", "core", "active"), "openid profile email read:users write:posts"),
        ] {
            hub.person(person);
            let (mut browser, ask) = (app.browser(), Ask::of("trusted").set("scope", "openid profile email read:users write:posts"));
            let home = hub.visit(&leave(&mut browser, &app, &ask, "github").await).await;
            let arrival = back(&mut browser, &home).await;
            let callback = expect_in(&app, &browser, &ask, arrival);
            let tokens = ask.redeem(&app, &callback.code()).await.expect(200);
            assert_eq!(tokens.member("scope"), scope);
        }
        assert!(hub.seen().iter().any(|seen| seen.parameter("scope").is_some_and(|scope| scope.contains("read:org"))));
    }

    /// GitHub says its errors with status 200.
    async fn an_error_with_status_200_is_an_error(setup: Setup) {
        let (app, hub) = with(setup, "").await;
        hub.refuse_code("bad_verification_code");
        let (browser, _, arrival) = through(&app, &hub).await;
        let page = expect_refused(&browser, arrival, "provider_invalid", "token_refused");
        assert!(journey::log_line(&page).contains("bad_verification_code"), "{}", journey::log_line(&page));
    }

    async fn a_refusal_on_github_leads_to_a_page_with_ways_on(setup: Setup) {
        let (app, hub) = with(setup, "").await;
        hub.deny("access_denied");
        let (mut browser, ask, arrival) = through(&app, &hub).await;
        let page = expect_refused(&browser, arrival, "provider_denied", "denied");
        let [again, _] = journey::expect_ways_on(&page, "github");
        hub.person(octocat());
        let home = hub.visit(away(browser.open(again.as_str()).await)).await;
        let arrival = back(&mut browser, &home).await;
        expect_in(&app, &browser, &ask, arrival);
    }

    /// A spent rate limit is neither "no member" nor "no address": it passes.
    async fn a_spent_rate_limit_is_said_to_pass(setup: Setup) {
        let (app, hub) = with(setup, "organizations = [\"acme\"]\n").await;
        hub.person(octocat().member_of("acme", "active"));
        hub.limit_rate();
        let (browser, _, arrival) = through(&app, &hub).await;
        let page = expect_refused(&browser, arrival, "provider_unavailable", "not_now");
        assert_eq!(page.status, 503);
    }

    async fn a_token_that_was_revoked_at_once_lets_nobody_in(setup: Setup) {
        let (app, hub) = with(setup, "").await;
        hub.revoke_tokens();
        let (browser, _, arrival) = through(&app, &hub).await;
        expect_refused(&browser, arrival, "provider_invalid", "status");
    }

    /// X20 for each of its endpoints.
    async fn whatever_is_wrong_with_an_endpoint_nobody_comes_in(setup: Setup) {
        let (app, hub) = with(setup, "organizations = [\"acme\"]\n").await;
        hub.person(octocat().member_of("acme", "active"));
        for endpoint in [Endpoint::Token, Endpoint::User, Endpoint::Emails, Endpoint::Organizations] {
            for trouble in Trouble::ALL.iter().filter(|trouble| !Trouble::SLOW.contains(trouble)) {
                hub.trouble(endpoint, *trouble);
                let (browser, _, arrival) = through(&app, &hub).await;
                let page = arrival.page();
                let what = format!("{endpoint:?} {trouble:?}: {} {}", page.status, page.text());
                assert!(matches!(page.status, 403 | 502 | 503) && browser.session().is_none(), "{what}");
                assert!(!page.text().contains(HOSTILE), "{what}");
                journey::expect_own_words(&page);
                hub.well();
            }
        }
        claims(&app, &hub).await;
    }
}
