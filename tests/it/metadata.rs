//! Discovery: both documents at both locations, only what is enabled, nothing empty (RFC 8414, OpenID Connect
//! Discovery, RFC 9207).

use serde_json::{Value, json};

use crate::both_setups;
use crate::support::{Options, Setup, TestApp};

const DOCUMENTS: [&str; 2] = ["openid-configuration", "oauth-authorization-server"];

/// No null, no empty text, list or object, however deep.
fn expect_nothing_empty(value: &Value, at: &str) {
    match value {
        Value::Null => panic!("{at} is null"),
        Value::String(text) => assert!(!text.is_empty(), "{at} is empty"),
        Value::Array(list) => {
            assert!(!list.is_empty(), "{at} is empty");
            for one in list {
                expect_nothing_empty(one, at);
            }
        }
        Value::Object(members) => {
            assert!(!members.is_empty(), "{at} is empty");
            for (name, one) in members {
                expect_nothing_empty(one, &format!("{at}.{name}"));
            }
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

both_setups! {
    async fn the_document_says_what_is_enabled_and_nothing_else(setup: Setup) {
        let app = TestApp::start(setup).await;
        let [openid, oauth] = [0, 1].map(|index| app.get(&format!("/.well-known/{}", DOCUMENTS[index])));
        let (openid, oauth) = (openid.await.expect(200).json(), oauth.await.expect(200).json());
        for document in [&openid, &oauth] {
            expect_nothing_empty(document, "metadata");
            assert_eq!(document["issuer"], app.issuer());
            for (name, path) in [
                ("authorization_endpoint", "/authorize"),
                ("token_endpoint", "/token"),
                ("userinfo_endpoint", "/userinfo"),
                ("jwks_uri", "/jwks"),
            ] {
                assert_eq!(document[name], app.url(path), "{name}");
            }
            assert_eq!(document["response_types_supported"], json!(["code"]));
            assert_eq!(document["response_modes_supported"], json!(["query", "form_post"]));
            assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
            assert_eq!(document["authorization_response_iss_parameter_supported"], true);
            assert_eq!(document["request_uri_parameter_supported"], false);
            assert_eq!(document["request_parameter_supported"], false);
            assert_eq!(document["subject_types_supported"], json!(["public"]));
            assert_eq!(document["claims_parameter_supported"], true);
            assert_eq!(document["acr_values_supported"], json!(["1"]));
            assert_eq!(document["ui_locales_supported"], json!(["en"]));
            let list = |name: &str| -> Vec<&str> {
                document[name].as_array().expect(name).iter().map(|one| one.as_str().expect("text")).collect()
            };
            assert!(list("id_token_signing_alg_values_supported").contains(&"RS256"));
            let mut grants = list("grant_types_supported");
            grants.sort_unstable();
            assert_eq!(grants, ["authorization_code", "client_credentials", "password", "refresh_token"]);
            let scopes = list("scopes_supported");
            for scope in ["openid", "profile", "email", "address", "phone", "offline_access", "read:users", "write:posts", "read:files"] {
                assert!(scopes.contains(&scope), "{scope}");
            }
            for claim in [
                "sub", "at_hash", "auth_time", "acr", "amr", "sid", "nonce", "name", "preferred_username", "updated_at", "email",
                "email_verified", "address", "phone_number", "phone_number_verified",
            ] {
                assert!(list("claims_supported").contains(&claim), "{claim}");
            }
            for method in ["client_secret_basic", "client_secret_post", "none"] {
                assert!(list("token_endpoint_auth_methods_supported").contains(&method), "{method}");
                assert!(list("revocation_endpoint_auth_methods_supported").contains(&method), "{method}");
                // Introspection tells a public client nothing.
                let introspects = list("introspection_endpoint_auth_methods_supported").contains(&method);
                assert_eq!(introspects, method != "none", "{method}");
            }
            for absent in [
                "registration_endpoint", "end_session_endpoint",
                "device_authorization_endpoint", "pushed_authorization_request_endpoint", "check_session_iframe",
            ] {
                assert!(document.get(absent).is_none(), "{absent} is not there yet");
            }
        }
        // Every URL it names answers.
        for name in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint", "introspection_endpoint"] {
            let url = openid[name].as_str().expect("a URL");
            let answer = app.http().request(reqwest::Method::GET, url).send().await;
            assert_ne!(answer.status, 404, "{url}");
        }
    }

    /// Cheap for everybody: one document, made once.
    async fn documents_can_be_kept_and_asked_for_again(setup: Setup) {
        let app = TestApp::start(setup).await;
        for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"] {
            let answer = app.get(path).await.expect(200);
            assert!(answer.header("content-type").expect("one").starts_with("application/"), "{:?}", answer.headers);
            let tag = answer.header("etag").expect("an ETag").to_owned();
            assert!(answer.header("cache-control").unwrap_or_default().contains("max-age"), "{:?}", answer.headers);
            let again = app.request(reqwest::Method::GET, path).header("if-none-match", &tag).send().await;
            assert_eq!((again.status, again.body.len()), (304, 0));
            let changed = app.request(reqwest::Method::GET, path).header("if-none-match", "\"x\"").send().await;
            assert_eq!(changed.status, 200);
        }
    }

    async fn any_other_well_known_path_is_not_found(setup: Setup) {
        let app = TestApp::start(setup).await;
        for path in [
            "/.well-known/", "/.well-known", "/.well-known/jwks.json", "/.well-known/openid-configuration/x",
            "/.well-known/oauth-authorization-server/tenant", "/.well-known/oauth-protected-resource",
            "/.well-known/webfinger", "/.well-known/change-password", "/tenant/.well-known/openid-configuration",
        ] {
            assert_eq!(app.get(path).await.status, 404, "{path}");
        }
    }

    /// The issuer never comes from the request (J11, L12).
    async fn the_issuer_does_not_come_from_the_host(setup: Setup) {
        let app = TestApp::start(setup).await;
        let plain = app.get("/.well-known/openid-configuration").await.text();
        for (name, value) in [
            ("host", "evil.test"),
            ("x-forwarded-host", "evil.test"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "host=evil.test;proto=https"),
            ("x-original-host", "evil.test"),
            ("x-forwarded-prefix", "/evil"),
        ] {
            let request = app.request(reqwest::Method::GET, "/.well-known/openid-configuration").header(name, value);
            assert_eq!(request.send().await.expect(200).text(), plain, "{name}");
        }
    }
}

/// An issuer with a path has its documents appended (Discovery 4) and inserted (RFC 8414 3.1).
#[tokio::test]
async fn an_issuer_with_a_path_is_described_at_both_locations() {
    let app = TestApp::with(Setup::Sqlite, Options { path: "/tenants/one", ..Options::default() }).await;
    let get = |path: String| app.http().request(reqwest::Method::GET, &format!("{}{path}", app.http().origin())).send();
    for document in DOCUMENTS {
        for path in [format!("/tenants/one/.well-known/{document}"), format!("/.well-known/{document}/tenants/one")] {
            let metadata = get(path.clone()).await.expect(200).json();
            assert_eq!(metadata["issuer"], app.issuer(), "{path}");
            assert_eq!(metadata["token_endpoint"], app.url("/token"));
        }
        for path in [
            format!("/.well-known/{document}"),
            format!("/.well-known/{document}/tenants"),
            format!("/.well-known/{document}/tenants/one/"),
            format!("/.well-known/{document}/tenants/one/x"),
            format!("/tenants/.well-known/{document}"),
        ] {
            assert_eq!(get(path.clone()).await.status, 404, "{path}");
        }
    }
    // The whole flow lives under the path, and nothing beside it.
    let ada = app.ada().await;
    let ask = crate::support::Ask::of("web");
    let code = app.code(&ask, &ada).await;
    let token = ask.redeem(&app, &code).await.expect(200).member("access_token");
    app.userinfo(&token).await.expect(200);
    for path in ["/authorize", "/token", "/login", "/jwks", "/tenants/two/token"] {
        assert_eq!(get(path.to_owned()).await.status, 404, "{path}");
    }
    assert_eq!(get("/livez".to_owned()).await.status, 200);
}
