//! The password grant: caged, and one answer for every failure (threats D10, J01, J17).

use std::time::Duration;

use crate::both_setups;
use crate::support::http::Request;
use crate::support::steps::lasting_headers;
use crate::support::{Setup, TestApp, jwt};

fn grant(app: &TestApp, client: &str, username: &str, password: &str) -> Request {
    app.token(client).field("grant_type", "password").field("username", username).field("password", password)
}

both_setups! {
    /// What FastAPI's OAuth2PasswordBearer needs.
    async fn a_person_gets_a_token_with_only_the_client_id_typed(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let answer = grant(&app, "first-party", &ada.username, &ada.password).send().await.expect(200);
        answer.expect_no_store();
        let body = answer.json();
        assert_eq!((body["token_type"].as_str(), body["expires_in"].as_i64()), (Some("Bearer"), Some(600)));
        assert_eq!(body["scope"], "read:users");
        assert!(body.get("id_token").is_none() && body["refresh_token"].is_string(), "{body}");
        let claims = jwt::verify(&app, body["access_token"].as_str().expect("one"), jsonwebtoken::Algorithm::ES256).await;
        assert_eq!(claims["sub"], ada.sub());
        assert_eq!((claims["acr"].as_str(), claims["amr"][0].as_str()), (Some("1"), Some("pwd")));
        // By e-mail address, and however the name is written.
        for name in ["ada@example.test", "ADA@EXAMPLE.TEST", "Ada", " ada ", "\u{ff21}\u{ff24}\u{ff21}"] {
            grant(&app, "first-party", name, &ada.password).send().await.expect(200);
        }
        grant(&app, "script", &ada.username, &ada.password).send().await.expect(200);
    }

    /// Without a client it is `invalid_client`, which says which parameter to add.
    async fn without_a_client_it_says_what_to_add(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let request = app.request(reqwest::Method::POST, "/token").fields([
            ("grant_type", "password"),
            ("username", ada.username.as_str()),
            ("password", ada.password.as_str()),
        ]);
        let description = request.send().await.expect_error(401, "invalid_client");
        assert!(description.contains("client_id"), "{description}");
    }

    /// Product: `openid` opens userinfo there but gives no ID token.
    async fn openid_opens_userinfo_and_gives_no_id_token(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let request = grant(&app, "first-party", &ada.username, &ada.password).field("scope", "openid email read:users");
        let body = request.send().await.expect(200).json();
        assert!(body.get("id_token").is_none(), "{body}");
        let token = body["access_token"].as_str().expect("one");
        let info = app.userinfo(token).await.expect(200).json();
        assert_eq!((info["sub"].as_str(), info["email"].as_str()), (Some(ada.sub().as_str()), Some("ada@example.test")));
        assert!(info.get("name").is_none(), "{info}");
    }

    /// Product: roles decide here too.
    async fn only_what_a_role_permits_is_granted(setup: Setup) {
        let app = TestApp::start(setup).await;
        let bob = app.bob().await;
        let ask = |scope: &str| grant(&app, "first-party", &bob.username, &bob.password).field("scope", scope);
        assert_eq!(ask("read:users write:posts").send().await.expect(200).member("scope"), "read:users");
        ask("write:posts").send().await.expect_error(400, "invalid_scope");
        ask("nonsense").send().await.expect_error(400, "invalid_scope");
        ask("read:users read:files").send().await.expect_error(400, "invalid_scope");
    }

    /// J01: unknown, wrong, disabled and without password: one answer, after the same work.
    async fn every_failure_is_the_same_answer_after_the_same_work(setup: Setup) {
        let app = TestApp::start(setup).await;
        app.ada().await;
        let federated = app.person_with("fred", &["reader"], |user| user.password = None).await;
        let disabled = app.person_with("dora", &["reader"], |user| user.disabled = true).await;
        let mut answers = Vec::new();
        for (name, password) in [
            ("ada", "wrong"),
            ("ada@example.test", "wrong"),
            ("nobody", "wrong"),
            ("nobody@example.test", "wrong"),
            ("\u{0}", "wrong"),
            (&"n".repeat(2000), "wrong"),
            (federated.username.as_str(), "wrong"),
            (federated.username.as_str(), federated.password.as_str()),
            (disabled.username.as_str(), "wrong"),
            (disabled.username.as_str(), disabled.password.as_str()),
        ] {
            if name == "\u{0}" {
                grant(&app, "first-party", name, password).send().await.expect_error(400, "invalid_request");
                continue;
            }
            let before = app.app().passwords.hashes_run();
            let answer = grant(&app, "first-party", name, password).send().await;
            answer.expect_error(400, "invalid_grant");
            assert_eq!(app.app().passwords.hashes_run() - before, 1, "{name}");
            answers.push((name.to_owned(), answer.text(), lasting_headers(&answer)));
        }
        for (name, text, headers) in &answers {
            assert_eq!((text, headers), (&answers[0].1, &answers[0].2), "{name}");
        }
    }

    /// Product: a generated password is reported only after it was right.
    async fn a_generated_password_is_told_only_to_who_knows_it(setup: Setup) {
        let app = TestApp::start(setup).await;
        let nina = app.newcomer("nina").await;
        let told = grant(&app, "first-party", "nina", &nina.password).send().await.expect_error(400, "invalid_grant");
        let wrong = grant(&app, "first-party", "nina", "wrong").send().await.expect_error(400, "invalid_grant");
        assert_ne!(told, wrong);
        assert!(told.contains("/password") || told.contains("password"), "{told}");
        assert!(!wrong.contains("set") && !wrong.contains("own"), "{wrong}");
        // After seven days it is worth nothing, and looks like any wrong password.
        app.advance(Duration::from_hours(7 * 24));
        let late = grant(&app, "first-party", "nina", &nina.password).send().await.expect_error(400, "invalid_grant");
        assert_eq!(late, wrong);
    }

    /// J17: no hash is run for what nobody can have.
    async fn a_megabyte_of_password_is_refused_without_work(setup: Setup) {
        let app = TestApp::start(setup).await;
        app.ada().await;
        let before = app.app().passwords.hashes_run();
        for length in [1_000_000, 60_000, 5_000] {
            let answer = grant(&app, "first-party", "ada", &"p".repeat(length)).send().await;
            assert!((400..500).contains(&answer.status), "{length}: {}", answer.status);
        }
        assert_eq!(app.app().passwords.hashes_run(), before);
        let unknown = grant(&app, "first-party", "nobody", &"p".repeat(5_000)).send().await;
        let known = grant(&app, "first-party", "ada", &"p".repeat(5_000)).send().await;
        assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
    }

    /// Tokens of this grant end with the person's standing too.
    async fn a_disabled_person_loses_userinfo(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let request = grant(&app, "first-party", &ada.username, &ada.password).field("scope", "openid");
        let token = request.send().await.expect(200).member("access_token");
        app.userinfo(&token).await.expect(200);
        app.advance_seconds(1);
        app.disable(&ada).await;
        app.catch_up().await;
        app.userinfo(&token).await.expect_error(401, "invalid_token");
        grant(&app, "first-party", &ada.username, &ada.password).send().await.expect_error(400, "invalid_grant");
    }

    /// It begins no browser session and sets no cookie.
    async fn it_signs_no_browser_in(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let answer = grant(&app, "first-party", &ada.username, &ada.password).send().await.expect(200);
        assert!(answer.header("set-cookie").is_none());
        // A public client that is not ours may not list it, and neither may a stranger use it.
        let table = "[[clients]]\nclient_id = \"x\"\ntoken_endpoint_auth_method = \"none\"\ngrant_types = [\"password\"]\n";
        assert!(crate::support::configuration::faults_of(table).is_some());
    }
}
