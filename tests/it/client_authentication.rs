//! Who may say that it is a client, and how (threats D01 to D03, D08).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;

use crate::both_setups;
use crate::support::configuration::secret;
use crate::support::http::Request;
use crate::support::{Ask, Setup, TestApp};

/// A client credentials request that nobody is named in yet.
fn anonymous(app: &TestApp) -> Request {
    app.request(Method::POST, "/token").field("grant_type", "client_credentials")
}

fn service_secret() -> &'static str {
    secret("service").expect("one")
}

both_setups! {
    /// D01, with the code grant: a confidential client that only names itself, and its code is not lost.
    async fn a_confidential_client_has_to_authenticate_and_its_code_is_not_consumed(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        let by_name = || {
            app.request(Method::POST, "/token").fields([
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", ask.redirect_uri.as_str()),
                ("code_verifier", ask.verifier.as_deref().expect("one")),
            ])
        };
        by_name().send().await.expect_error(401, "invalid_client");
        by_name().field("client_id", "web").send().await.expect_error(401, "invalid_client");
        by_name().basic("web", "").send().await.expect_error(401, "invalid_client");
        by_name().basic("web", "wrong").send().await.expect_error(401, "invalid_client");
        by_name().field("client_id", "web").field("client_secret", "wrong").send().await.expect_error(401, "invalid_client");
        ask.redeem(&app, &code).await.expect(200);
    }

    /// Product: basic or post unless pinned.
    async fn a_secret_may_come_either_way_unless_it_is_pinned(setup: Setup) {
        let app = TestApp::start(setup).await;
        for (client, basic, post) in [("service", 200, 200), ("basic-only", 200, 401), ("post-only", 401, 200)] {
            let secret = secret(client).expect("one");
            assert_eq!(anonymous(&app).basic(client, secret).send().await.status, basic, "{client}");
            let request = anonymous(&app).field("client_id", client).field("client_secret", secret);
            assert_eq!(request.send().await.status, post, "{client}");
        }
    }

    /// D02.
    async fn no_kind_of_empty_secret_authenticates_a_confidential_client(setup: Setup) {
        let app = TestApp::start(setup).await;
        for blank in ["", " ", "\t", "\u{a0}", "null", "undefined"] {
            anonymous(&app).basic("service", blank).send().await.expect_error(401, "invalid_client");
            let request = anonymous(&app).field("client_id", "service").field("client_secret", blank);
            request.send().await.expect_error(401, "invalid_client");
        }
        anonymous(&app).field("client_id", "service").send().await.expect_error(401, "invalid_client");
        // The hash is not the secret.
        let hash = vestibule::protocol::opaque::TokenHash::of(service_secret().as_bytes());
        for wrong in [hash.to_hex(), format!("sha256:{}", hash.to_hex()), format!("{} ", service_secret())] {
            anonymous(&app).basic("service", &wrong).send().await.expect_error(401, "invalid_client");
        }
    }

    /// D02: a public client names itself, and a secret from it is wrong.
    async fn a_public_client_names_itself_and_has_no_secret(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let grant = || {
            app.request(Method::POST, "/token").fields([
                ("grant_type", "password"),
                ("username", ada.username.as_str()),
                ("password", ada.password.as_str()),
            ])
        };
        grant().field("client_id", "first-party").send().await.expect(200);
        grant().field("client_id", "first-party").field("client_secret", "").send().await.expect(200);
        // As Swagger UI sends it.
        grant().basic("first-party", "").send().await.expect(200);
        grant().basic("first-party", "").field("client_id", "first-party").send().await.expect(200);
        for secret in ["x", " ", service_secret()] {
            grant().basic("first-party", secret).send().await.expect_error(401, "invalid_client");
            let request = grant().field("client_id", "first-party").field("client_secret", secret);
            request.send().await.expect_error(401, "invalid_client");
        }
    }

    /// D03: RFC 6749 2.3.
    async fn two_credentials_in_one_request_are_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let secret = service_secret();
        let both = anonymous(&app).basic("service", secret).field("client_id", "service").field("client_secret", secret);
        both.send().await.expect_error(400, "invalid_request");
        let other = anonymous(&app).basic("service", secret).field("client_secret", "x");
        other.send().await.expect_error(400, "invalid_request");
        // The name alone is not a second method, unless it is another's.
        anonymous(&app).basic("service", secret).field("client_id", "service").send().await.expect(200);
        let named = anonymous(&app).basic("service", secret).field("client_id", "web");
        named.send().await.expect_error(400, "invalid_request");
        let twice = anonymous(&app).field("client_id", "service").field("client_id", "service").field("client_secret", secret);
        twice.send().await.expect_error(400, "invalid_request");
    }

    /// Assertions are a feature that is not here yet: they authenticate nobody.
    async fn a_client_assertion_authenticates_nobody(setup: Setup) {
        let app = TestApp::start(setup).await;
        let request = anonymous(&app)
            .field("client_id", "service")
            .field("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .field("client_assertion", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzZXJ2aWNlIn0.");
        request.send().await.expect_error(401, "invalid_client");
    }

    /// D08.
    async fn a_malformed_authorization_header_is_refused_and_never_a_fault_of_ours(setup: Setup) {
        let app = TestApp::start(setup).await;
        let encoded = |raw: &[u8]| format!("Basic {}", STANDARD.encode(raw)).into_bytes();
        let secret = service_secret();
        let headers: Vec<Vec<u8>> = vec![
            encoded(b"service"),
            encoded(b""),
            encoded(format!(":{secret}").as_bytes()),
            encoded(format!("%zz:{secret}").as_bytes()),
            encoded(format!("service:%zz{secret}").as_bytes()),
            encoded(format!("ser:vice:{secret}").as_bytes()),
            encoded(format!("service:\u{0}{secret}").as_bytes()),
            encoded(b"\xff\xfe:\xff"),
            encoded(b"service:\xc3\x28"),
            encoded("x".repeat(64 * 1024).as_bytes()),
            b"Basic".to_vec(),
            b"Basic ".to_vec(),
            b"Basic !!!!".to_vec(),
            b"Basic c2VydmljZQ".to_vec(),
            b"Basic \xff\xff".to_vec(),
            b"Bearer abc".to_vec(),
            b"Digest username=\"service\"".to_vec(),
            b"Negotiate x".to_vec(),
            format!("Basic{}", STANDARD.encode(format!("service:{secret}"))).into_bytes(),
            b",".to_vec(),
        ];
        for header in headers {
            let shown = String::from_utf8_lossy(&header[..header.len().min(60)]).into_owned();
            let answer = anonymous(&app).header("authorization", &header).send().await;
            assert!(matches!(answer.status, 400 | 401 | 431), "{shown}: {} {}", answer.status, answer.text());
            if answer.status == 401 {
                answer.expect_error(401, "invalid_client");
            }
            // Beside a good credential in the form it is still a malformed request, not a way round it.
            let request = anonymous(&app).header("authorization", &header).field("client_id", "service");
            let answer = request.field("client_secret", secret).send().await;
            assert!(matches!(answer.status, 400 | 401 | 431), "{shown}: {} {}", answer.status, answer.text());
        }
        // An empty name and secret, as Swagger UI sends, say nothing: the form alone counts, as if it had none.
        let description = anonymous(&app).basic("", "").send().await.expect_error(401, "invalid_client");
        assert!(description.contains("client_id"), "{description}");
        let two = anonymous(&app).basic("service", secret).basic("web", "x").send().await;
        assert!(matches!(two.status, 400 | 401), "{}", two.status);
        // Case of the scheme, RFC 9110 11.1.
        let header = format!("bAsIc {}", STANDARD.encode(format!("service:{secret}")));
        anonymous(&app).header("authorization", header).send().await.expect(200);
    }

    /// Form-decoded first, then raw: RFC 6749 2.3.1, and what curl does.
    async fn basic_credentials_may_be_form_encoded(setup: Setup) {
        let app = TestApp::start(setup).await;
        let escaped = service_secret().replace('-', "%2D");
        anonymous(&app).basic("s%65rvice", &escaped).send().await.expect(200);
    }

    /// Unknown, disabled and wrong look the same; a missing client is told what to add.
    async fn every_failed_authentication_looks_the_same(setup: Setup) {
        let app = TestApp::start(setup).await;
        let retired = secret("retired").expect("one");
        let mut texts = std::collections::BTreeSet::new();
        for (client, secret) in [("nobody", "x"), ("retired", retired), ("service", "wrong"), ("Service", service_secret())] {
            let answer = anonymous(&app).basic(client, secret).send().await;
            answer.expect_error(401, "invalid_client");
            texts.insert(answer.text());
        }
        assert_eq!(texts.len(), 1, "{texts:?}");
        let description = anonymous(&app).send().await.expect_error(401, "invalid_client");
        assert!(description.contains("client_id"), "{description}");
    }

    /// D12: a client id that looks like a person's, and a token that says what it is.
    async fn a_token_of_a_client_cannot_be_taken_for_a_persons(setup: Setup) {
        let app = TestApp::start(setup).await;
        let token = anonymous(&app).basic("service", service_secret()).send().await.expect(200).member("access_token");
        let claims = crate::support::jwt::claims(&token);
        assert_eq!((claims["sub"].as_str(), claims["client_id"].as_str()), (Some("service"), Some("service")));
        assert!(claims.get("auth_time").is_none() && claims.get("acr").is_none() && claims.get("amr").is_none());
        app.userinfo(&token).await.expect_error(403, "insufficient_scope");
        for id in ["01890a5d-ac96-774b-bcce-b302099a8057", "01890A5D-AC96-774B-BCCE-B302099A8057"] {
            let table = format!(
                "[[clients]]\nclient_id = \"{id}\"\ntoken_endpoint_auth_method = \"none\"\nredirect_uris = [\"https://x.test/\"]\n"
            );
            assert!(crate::support::configuration::faults_of(&table).is_some(), "{id}");
        }
    }
}
