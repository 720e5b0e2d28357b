//! What is in the tokens, and that a backend can verify them offline (RFC 9068, OpenID Connect Core 2).

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;

use crate::both_setups;
use crate::support::app::ENCRYPTION_KEY;
use crate::support::{Ask, Options, Setup, TestApp, jwt};

/// An API that verifies with a secret, the only one that the environment of the tests holds; who may ask it.
const SHARING: &str = r#"
[[apis]]
audience = "https://old.example.test"
signing_alg = "HS256"
introspection_clients = ["api-server"]
signing_secret = { env = "TEST_KEY" }
scopes = [{ name = "read:old", description = "read what is old" }]

[[roles]]
name = "old"
scopes = ["read:old"]

[[clients]]
client_id = "old-service"
client_secret_hash = "sha256:fe514d1661cc4025ac6f416b72083850a803c7ddcad581ac52a55e1f001a6ca7"
grant_types = ["client_credentials"]
scope = "read:old"

[[clients]]
client_id = "old-script"
token_endpoint_auth_method = "none"
first_party = true
grant_types = ["password"]
scope = "openid read:old"
"#;

both_setups! {
    async fn an_access_token_is_an_rfc_9068_jwt(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        let answer = ask.redeem(&app, &code).await.expect(200);
        let token = answer.member("access_token");
        let header = jwt::header(&token);
        assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("at+jwt"), Some("ES256")));
        assert!(header["kid"].is_string());
        let claims = jwt::verify(&app, &token, Algorithm::ES256).await;
        assert_eq!(claims["iss"], app.issuer());
        assert_eq!(claims["sub"], ada.sub());
        assert_eq!(claims["client_id"], "web");
        assert_eq!(claims["scope"], "openid profile email read:users");
        assert_eq!(claims["exp"].as_i64().expect("s") - claims["iat"].as_i64().expect("s"), 600);
        assert_eq!(claims["acr"], "1");
        assert_eq!(claims["amr"], serde_json::json!(["pwd"]));
        assert_eq!(claims["auth_time"], claims["iat"]);
        let jti = claims["jti"].as_str().expect("text");
        let (grant, unique) = jti.split_once('.').expect("two halves");
        assert!([grant, unique].iter().all(|id| uuid::Uuid::parse_str(id).is_ok_and(|id| id.get_version_num() == 7)), "{jti}");
        // Nothing personal travels to APIs.
        assert!(!claims.to_string().contains("example.test\",\"email") && claims.get("email").is_none() && claims.get("name").is_none());
    }

    async fn an_id_token_tells_who_when_and_for_whom(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        let answer = ask.redeem(&app, &code).await.expect(200);
        let token = answer.member("id_token");
        assert_ne!(jwt::header(&token)["typ"], "at+jwt");
        let claims = jwt::verify(&app, &token, Algorithm::RS256).await;
        assert_eq!(claims["aud"], "web");
        assert_eq!(claims["sub"], ada.sub());
        assert_eq!(claims["nonce"].as_str(), ask.get("nonce"));
        assert_eq!(claims["exp"].as_i64().expect("s") - claims["iat"].as_i64().expect("s"), 600);
        assert!(claims["auth_time"].is_i64());
        // `id_token_claims = "full"`: Auth.js and others never call userinfo.
        assert_eq!(claims["name"], "ada Example");
        assert_eq!(claims["preferred_username"], "ada");
        assert_eq!(claims["email"], "ada@example.test");
        assert_eq!(claims["email_verified"], true);
        for (name, value) in claims.as_object().expect("an object") {
            assert!(!value.is_null(), "{name}");
        }
    }

    async fn an_id_token_says_only_what_its_scopes_and_client_open(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let claims_of = async |ask: Ask| {
            let code = app.code(&ask, &ada).await;
            jwt::claims(&ask.redeem(&app, &code).await.expect(200).member("id_token"))
        };
        let only_openid = claims_of(Ask::of("web").set("scope", "openid").without("nonce")).await;
        for absent in ["name", "preferred_username", "email", "email_verified", "nonce"] {
            assert!(only_openid.get(absent).is_none(), "{absent}: {only_openid}");
        }
        let minimal = claims_of(Ask::of("slim").set("scope", "openid profile email")).await;
        assert!(minimal.get("name").is_none() && minimal.get("email").is_none(), "{minimal}");
        // Without openid there is none.
        let ask = Ask::of("web").set("scope", "read:users");
        let code = app.code(&ask, &ada).await;
        assert!(ask.redeem(&app, &code).await.expect(200).json().get("id_token").is_none());
    }

    /// Per client.
    async fn a_client_may_have_another_id_token_algorithm(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("slim");
        let code = app.code(&ask, &ada).await;
        let token = ask.redeem(&app, &code).await.expect(200).member("id_token");
        jwt::verify(&app, &token, Algorithm::ES256).await;
    }

    /// No two tokens are the same, and what is not ours is refused.
    async fn every_token_has_its_own_jti(setup: Setup) {
        let app = TestApp::start(setup).await;
        let request = || app.token("service").field("grant_type", "client_credentials").send();
        let [first, second] = [request().await, request().await].map(|answer| jwt::claims(&answer.member("access_token")));
        assert_ne!(first["jti"], second["jti"]);
    }

    /// An API's access tokens and a client's ID tokens are signed as their tables say.
    async fn apis_and_clients_have_their_own_algorithms(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("homeless").set("scope", "read:files"), &ada).await;
        assert_eq!(jwt::header(&token)["alg"], "EdDSA");
        jwt::verify(&app, &token, Algorithm::EdDSA).await;
        let ask = Ask::of("asking");
        let code = app.code(&ask, &ada).await;
        let token = ask.redeem(&app, &code).await.expect(200).member("id_token");
        assert_eq!(jwt::header(&token)["alg"], "PS256");
        jwt::verify(&app, &token, Algorithm::PS256).await;
        let metadata = app.get("/.well-known/openid-configuration").await.expect(200).json();
        let supported = &metadata["id_token_signing_alg_values_supported"];
        assert_eq!(*supported, serde_json::json!(["RS256", "ES256", "PS256"]), "of ID tokens only");
    }

    /// An API that holds a shared secret verifies with it; nobody else does, this server least of all.
    async fn a_token_signed_with_a_shared_secret_is_for_its_api_alone(setup: Setup) {
        let app = TestApp::with(setup, Options { extra: SHARING, ..Options::default() }).await;
        let ask = |scope: &str| {
            let request = app.token("old-service").field("client_secret", "old-secret-ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ");
            request.field("grant_type", "client_credentials").field("scope", scope).send()
        };
        let token = ask("read:old").await.expect(200).member("access_token");
        let header = jwt::header(&token);
        assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("at+jwt"), Some("HS256")));
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["https://old.example.test"]);
        validation.set_issuer(&[app.issuer()]);
        let key = DecodingKey::from_secret(ENCRYPTION_KEY.as_bytes());
        let claims = decode::<Value>(&token, &key, &validation).expect("a good token").claims;
        assert_eq!((claims["sub"].as_str(), claims["scope"].as_str()), (Some("old-service"), Some("read:old")));
        app.userinfo(&token).await.expect(401);

        // Introspection tells the server of that API alone, and its client may take it back.
        assert_eq!(app.introspect(&token).await["active"], true);
        assert_eq!(app.introspect_as("keeper", &token).send().await.expect(200).text(), r#"{"active":false}"#);
        let forged = |audience: &str| {
            let claims = serde_json::json!({ "aud": audience, "exp": claims["exp"], "iat": claims["iat"], "iss": claims["iss"],
                "sub": "old-service", "client_id": "old-service", "jti": claims["jti"], "scope": "read:users" });
            let mut header = jsonwebtoken::Header::new(Algorithm::HS256);
            (header.kid, header.typ) = (jwt::header(&token)["kid"].as_str().map(str::to_owned), Some("at+jwt".to_owned()));
            let key = jsonwebtoken::EncodingKey::from_secret(ENCRYPTION_KEY.as_bytes());
            jsonwebtoken::encode(&header, &claims, &key).expect("a token")
        };
        assert_eq!(app.introspect(&forged("https://old.example.test")).await["active"], true, "whoever has the secret is that API");
        for other in ["https://api.example.test", app.issuer()] {
            let answer = app.introspect(&forged(other)).await;
            assert_eq!(answer, serde_json::json!({"active": false}), "and says nothing for another");
            app.userinfo(&forged(other)).await.expect(401);
        }
        app.revoke("keeper", &token).await;
        assert_eq!(app.introspect(&token).await["active"], true, "it is another client's");
        let revoke = app.client_request("/revoke", "old-service").field("client_secret", "old-secret-ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ");
        revoke.field("token", &token).send().await.expect(200);
        assert_eq!(app.introspect(&token).await, serde_json::json!({"active": false}));

        // Neither the secret nor its algorithm is published.
        for path in ["/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
            let text = app.get(path).await.expect(200).text();
            assert!(!text.contains("HS256") && !text.contains("\"oct\"") && !text.contains("hs256-"), "{path}");
        }

        // A person's token for it comes without openid only.
        let ada = app.person("ada", &["old"]).await;
        let grant = |scope: &str| {
            let request = app.token("old-script").field("grant_type", "password");
            request.field("username", "ada").field("password", &ada.password).field("scope", scope).send()
        };
        let token = grant("read:old").await.expect(200).member("access_token");
        assert_eq!(jwt::header(&token)["alg"], "HS256");
        grant("openid read:old").await.expect_error(400, "invalid_scope");
    }

    /// Public keys only; one of each algorithm in use; RS256 always.
    async fn the_jwk_set_has_public_keys_with_kid_use_and_alg(setup: Setup) {
        let app = TestApp::start(setup).await;
        let answer = app.get("/jwks").await.expect(200);
        let keys = answer.json()["keys"].as_array().expect("keys").clone();
        let mut algorithms: Vec<&str> = keys.iter().map(|key| key["alg"].as_str().expect("alg")).collect();
        algorithms.sort_unstable();
        assert_eq!(algorithms, ["ES256", "EdDSA", "PS256", "RS256"]);
        for key in &keys {
            assert_eq!(key["use"], "sig");
            assert!(key["kid"].as_str().is_some_and(|kid| kid.len() >= 16), "{key}");
            for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
                assert!(key.get(private).is_none(), "{private} is published");
            }
        }
    }

    /// A restart, or a second instance, has the same keys: nobody's token stops working.
    async fn instances_over_one_store_share_their_keys(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        let second = app.sibling().await;
        assert_eq!(app.get("/jwks").await.text(), second.get("/jwks").await.text());
        let token = ask.redeem(&second, &code).await.expect(200).member("access_token");
        app.userinfo(&token).await.expect(200);
        second.userinfo(&token).await.expect(200);
        let mut browser = app.signed_in(&ada).await;
        let there = browser.get(&second.url("/")).await;
        assert_eq!(there.status, 200);
    }
}
