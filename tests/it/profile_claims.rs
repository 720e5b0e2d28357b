//! The scopes `address` and `phone`, and `at_hash` (OpenID Connect Core 5.1.1, 5.4, 3.1.3.6; threat F05).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256, Sha512};

use crate::both_setups;
use crate::support::{Ask, Options, Setup, TestApp, jwt};

/// A client whose ID tokens are EdDSA.
const MODERN: &str = r#"
[[clients]]
client_id = "modern"
token_endpoint_auth_method = "none"
redirect_uris = ["https://other.example.test/cb"]
grant_types = ["authorization_code", "refresh_token"]
id_token_signed_response_alg = "EdDSA"
scope = "openid profile email read:users"
"#;

both_setups! {
    async fn address_and_phone_open_their_claims_in_userinfo_and_id_token(setup: Setup) {
        let app = TestApp::start(setup).await;
        let rita = app.resident("rita").await;
        let address = json!({
            "formatted": "12 Canal Street\nOxford OX1 1AA", "street_address": "12 Canal Street", "locality": "Oxford",
            "postal_code": "OX1 1AA", "country": "GB",
        });
        let tokens = app.tokens(&Ask::of("mail-order").set("scope", "openid address phone"), &rita).await;
        assert_eq!(tokens.member("scope"), "openid address phone");
        let info = app.userinfo(&tokens.member("access_token")).await.expect(200).json();
        assert_eq!(info, json!({
            "sub": rita.sub(), "address": address, "phone_number": "+4418654960018", "phone_number_verified": true,
        }));
        let id_token = jwt::claims(&tokens.member("id_token"));
        assert_eq!((&id_token["address"], id_token["phone_number"].as_str()), (&address, Some("+4418654960018")));
        // Each scope opens its own.
        let token = app.access_token(&Ask::of("mail-order").set("scope", "openid phone"), &rita).await;
        let info = app.userinfo(&token).await.expect(200).json();
        assert_eq!(info, json!({"sub": rita.sub(), "phone_number": "+4418654960018", "phone_number_verified": true}));
    }

    /// What a person does not have is absent, never null or empty.
    async fn a_person_without_them_has_no_such_claims(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("mail-order").set("scope", "openid address phone"), &ada).await;
        let info = app.userinfo(&tokens.member("access_token")).await.expect(200).json();
        assert_eq!(info, json!({"sub": ada.sub()}));
    }

    /// A client asks only for the scopes that it is registered for.
    async fn the_scopes_are_for_clients_that_list_them(setup: Setup) {
        let app = TestApp::start(setup).await;
        let rita = app.resident("rita").await;
        let tokens = app.tokens(&Ask::of("web").set("scope", "openid address phone"), &rita).await;
        assert_eq!(tokens.member("scope"), "openid");
        assert_eq!(app.userinfo(&tokens.member("access_token")).await.expect(200).json(), json!({"sub": rita.sub()}));
    }

    /// Each algorithm's own hash; also at a refresh, whose ID token has no nonce (OpenID Connect Core 12.2).
    async fn at_hash_binds_the_access_token_that_came_with_it(setup: Setup) {
        let app = TestApp::with(setup, Options { extra: MODERN, ..Options::default() }).await;
        let ada = app.ada().await;
        let half = |hash: &[u8]| URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2]);
        for (client, long) in [("keeper", false), ("slim", false), ("asking", false), ("modern", true)] {
            let ask = Ask::of(if client == "modern" { "keeper" } else { client }).set("scope", "openid read:users");
            let ask = ask.set("client_id", client).by(client);
            let tokens = app.tokens(&ask, &ada).await;
            let mut all = vec![tokens.clone()];
            if let Some(refresh_token) = tokens.json()["refresh_token"].as_str() {
                all.push(app.refresh(client, refresh_token).send().await.expect(200));
            }
            for (index, answer) in all.iter().enumerate() {
                let access_token = answer.member("access_token");
                let hash = if long { half(&Sha512::digest(&access_token)) } else { half(&Sha256::digest(&access_token)) };
                let claims = jwt::claims(&answer.member("id_token"));
                assert_eq!(claims["at_hash"], hash, "{client}");
                assert_eq!(claims["nonce"].as_str(), ask.get("nonce").filter(|_| index == 0), "{client}");
                assert!(claims["auth_time"].is_i64());
            }
        }
    }
}
