//! Which API a token is for: the table of scopes and `resource` (RFC 8707, RFC 9068 3).

use crate::both_setups;
use crate::support::{Ask, Setup, TestApp, jwt};

const API: &str = "https://api.example.test";
const FILES: &str = "https://files.example.test";

/// Requested scope, requested resource, expected audiences (`ISSUER` stands for ours), whether userinfo answers.
const GRANTED: &[(&str, Option<&str>, &[&str], u16)] = &[
    ("read:users", None, &[API], 403),
    ("read:users write:posts", None, &[API], 403),
    ("openid read:users", None, &[API, "ISSUER"], 200),
    ("openid read:users", Some(API), &[API], 401),
    ("openid", None, &["ISSUER"], 200),
    ("openid profile", None, &["ISSUER"], 200),
    ("openid", Some(FILES), &[FILES], 401),
    ("read:files", Some(FILES), &[FILES], 403),
    ("profile", None, &["ISSUER"], 403),
];

both_setups! {
    async fn the_audience_follows_scopes_and_resource(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for (scope, resource, audiences, userinfo) in GRANTED {
            let mut ask = Ask::of("trusted").set("scope", scope);
            if let Some(resource) = resource {
                ask = ask.set("resource", resource);
            }
            let token = app.access_token(&ask, &ada).await;
            let claims = jwt::claims(&token);
            let mut expected: Vec<&str> = audiences.iter().map(|one| if *one == "ISSUER" { app.issuer() } else { one }).collect();
            let mut found = jwt::audiences(&claims);
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{scope} {resource:?}");
            let answer = app.userinfo(&token).await;
            assert_eq!(answer.status, *userinfo, "{scope} {resource:?}: {}", answer.text());
            match userinfo {
                401 => drop(answer.expect_error(401, "invalid_token")),
                403 => drop(answer.expect_error(403, "insufficient_scope")),
                _ => {}
            }
        }
    }

    /// At the authorization endpoint, to the client.
    async fn a_target_that_is_unknown_or_contradicts_the_scopes_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        for (scope, resource, code) in [
            ("openid", "https://unknown.example.test", "invalid_target"),
            ("openid", "https://api.example.test/", "invalid_target"),
            ("openid", "https://API.example.test", "invalid_target"),
            ("openid", "not a uri", "invalid_target"),
            ("openid", "https://api.example.test#x", "invalid_target"),
            ("openid", "/relative", "invalid_target"),
            ("read:users", FILES, "invalid_scope"),
            ("read:users read:files", API, "invalid_scope"),
        ] {
            let ask = Ask::of("trusted").set("scope", scope).set("resource", resource);
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            callback.expect_error(&app, &ask, code);
        }
        let two = Ask::of("trusted").set("scope", "openid read:users read:files");
        let callback = app.browser().open(&two.url(&app)).await.callback();
        let description = callback.expect_error(&app, &two, "invalid_scope");
        assert!(description.contains(API) && description.contains(FILES), "{description}");
        let twice = Ask::of("trusted").set("scope", "openid").add("resource", API).add("resource", FILES);
        let callback = app.browser().open(&twice.url(&app)).await.callback();
        callback.expect_error(&app, &twice, "invalid_target");
    }

    /// At the token endpoint: the same, or what was granted.
    async fn the_token_endpoint_holds_resource_against_the_grant(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("trusted").set("scope", "openid read:users").set("resource", API);
        let code = app.code(&ask, &ada).await;
        let token = ask.token_request(&app, &code).field("resource", API).send().await.expect(200).member("access_token");
        assert_eq!(jwt::claims(&token)["aud"], API);
        for other in [FILES, "https://unknown.example.test", "x"] {
            let code = app.code(&ask, &ada).await;
            let answer = ask.token_request(&app, &code).field("resource", other).send().await;
            answer.expect_error(400, "invalid_target");
        }
        // Asked for only there: it narrows, and userinfo is then closed.
        let ask = Ask::of("trusted").set("scope", "openid read:users");
        let code = app.code(&ask, &ada).await;
        let token = ask.token_request(&app, &code).field("resource", API).send().await.expect(200).member("access_token");
        assert_eq!(jwt::claims(&token)["aud"], API);
        app.userinfo(&token).await.expect_error(401, "invalid_token");
    }

    async fn client_credentials_follow_the_same_table(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ask = |client: &str, scope: &str, resource: Option<&str>| {
            let request = app.token(client).field("grant_type", "client_credentials").field("scope", scope);
            match resource {
                Some(resource) => request.field("resource", resource),
                None => request,
            }
        };
        for (scope, resource, audience) in [
            ("read:users", None, API),
            ("read:users", Some(API), API),
            ("read:files", None, FILES),
        ] {
            let token = ask("service", scope, resource).send().await.expect(200).member("access_token");
            assert_eq!(jwt::claims(&token)["aud"], audience);
        }
        ask("service", "read:users read:files", None).send().await.expect_error(400, "invalid_scope");
        ask("service", "read:users", Some(FILES)).send().await.expect_error(400, "invalid_scope");
        ask("service", "read:users", Some("https://legacy.example.test")).send().await.expect_error(400, "invalid_target");
        // The default scope, narrowed to what was asked for.
        let request = app.token("service").field("grant_type", "client_credentials").field("resource", API);
        assert_eq!(request.send().await.expect(200).member("scope"), "read:users");
    }

    /// `default_audience`, where no API scope decides.
    async fn without_api_scopes_the_default_audience_counts(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("homeless").set("scope", "openid"), &ada).await;
        let mut found = jwt::audiences(&jwt::claims(&token));
        found.sort_unstable();
        let mut expected = vec![FILES.to_owned(), app.issuer().to_owned()];
        expected.sort_unstable();
        assert_eq!(found, expected);
        let token = app.access_token(&Ask::of("homeless").set("scope", "read:users"), &ada).await;
        assert_eq!(jwt::claims(&token)["aud"], API);
    }

    /// Per API: algorithm and lifetime.
    async fn an_api_has_its_own_algorithm_and_lifetime(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("trusted").set("scope", "read:legacy");
        let code = app.code(&ask, &ada).await;
        let answer = ask.redeem(&app, &code).await.expect(200);
        assert_eq!(answer.json()["expires_in"], 120);
        let claims = jwt::verify(&app, &answer.member("access_token"), jsonwebtoken::Algorithm::RS256).await;
        assert_eq!(claims["exp"].as_i64().expect("s") - claims["iat"].as_i64().expect("s"), 120);
        // An ID token was not asked for.
        assert!(answer.json().get("id_token").is_none());
    }
}
