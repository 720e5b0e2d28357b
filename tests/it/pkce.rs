//! PKCE: required, enforced, and never passed by leaving something out (threats C).

use crate::both_setups;
use crate::support::{Ask, Setup, TestApp};

both_setups! {
    /// C01: a challenge that was sent is enforced, for every kind of client.
    async fn a_challenge_without_its_verifier_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for client in ["web", "spa", "native", "lenient"] {
            let ask = Ask::of(client);
            let other = "w".repeat(43);
            for verifier in [None, Some(""), Some(other.as_str()), Some("short"), ask.get("code_challenge")] {
                let code = app.code(&ask, &ada).await;
                let request = ask.token_request(&app, &code).but("code_verifier", verifier);
                request.send().await.expect_error(400, "invalid_grant");
            }
            let code = app.code(&ask, &ada).await;
            ask.redeem(&app, &code).await.expect(200);
        }
    }

    /// C01: the other half of the downgrade.
    async fn a_verifier_without_a_challenge_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("lenient").without_pkce();
        let code = app.code(&ask, &ada).await;
        let request = ask.token_request(&app, &code).field("code_verifier", "v".repeat(43));
        request.send().await.expect_error(400, "invalid_grant");
        let code = app.code(&ask, &ada).await;
        ask.redeem(&app, &code).await.expect(200);
        // An empty parameter counts as absent (RFC 6749 3.1).
        let code = app.code(&ask, &ada).await;
        ask.token_request(&app, &code).field("code_verifier", "").send().await.expect(200);
    }

    /// Product: the refusal is sent to the client and names the line to change.
    async fn a_request_without_challenge_is_refused_with_the_line_to_change(setup: Setup) {
        let app = TestApp::start(setup).await;
        for client in ["web", "spa", "native"] {
            let ask = Ask::of(client).without_pkce();
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            let description = callback.expect_error(&app, &ask, "invalid_request");
            let fix = if client == "web" { "pkce = 'optional'" } else { "code_challenge_method=S256" };
            assert!(description.contains(fix), "{description}");
        }
    }

    /// C02 and C04: emptiness, `plain`, and challenges of other shapes.
    async fn only_an_s256_challenge_of_43_characters_counts(setup: Setup) {
        let app = TestApp::start(setup).await;
        let good = Ask::of("spa");
        let challenge = good.get("code_challenge").expect("one").to_owned();
        let long = "A".repeat(44);
        let bad = [
            (Some(""), Some("S256")),
            (Some(""), Some("")),
            (None, Some("S256")),
            (Some(challenge.as_str()), Some("plain")),
            (Some(challenge.as_str()), Some("")),
            (Some(challenge.as_str()), None),
            (Some(challenge.as_str()), Some("s256")),
            (Some(challenge.as_str()), Some("S512")),
            (Some(&challenge[..42]), Some("S256")),
            (Some(long.as_str()), Some("S256")),
            (Some("++++++++++++++++++++++++++++++++++++++++++="), Some("S256")),
            (Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), Some("S256")),
        ];
        for (challenge, method) in bad {
            let mut ask = Ask::of("spa").without("code_challenge").without("code_challenge_method");
            if let Some(challenge) = challenge {
                ask = ask.set("code_challenge", challenge);
            }
            if let Some(method) = method {
                ask = ask.set("code_challenge_method", method);
            }
            let callback = app.browser().open(&ask.url(&app)).await.callback();
            callback.expect_error(&app, &ask, "invalid_request");
        }
    }

    /// C02: a NUL is a malformed request wherever it stands.
    async fn a_nul_in_challenge_or_verifier_is_malformed(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("spa").set("code_challenge", &format!("{}\0", "A".repeat(42)));
        let answer = app.browser().get(&ask.url(&app)).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        let request = ask.token_request(&app, &code).but("code_verifier", Some("\0"));
        request.send().await.expect_error(400, "invalid_request");
    }

    /// C04: metadata.
    async fn metadata_names_s256_alone(setup: Setup) {
        let app = TestApp::start(setup).await;
        let metadata = app.get("/.well-known/oauth-authorization-server").await.expect(200).json();
        assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    }
}
