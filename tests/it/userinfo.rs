//! The userinfo endpoint: which tokens open it, what it tells, and how it refuses (OpenID Connect Core 5.3,
//! RFC 6750).

use reqwest::Method;

use crate::both_setups;
use crate::support::{Ask, Setup, TestApp, jwt};

both_setups! {
    async fn it_tells_what_the_scopes_open(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        for (scope, told) in [
            ("openid", &["sub"][..]),
            ("openid profile", &["name", "preferred_username", "sub", "updated_at"]),
            ("openid email", &["email", "email_verified", "sub"]),
            ("openid profile email", &["email", "email_verified", "name", "preferred_username", "sub", "updated_at"]),
        ] {
            let token = app.access_token(&Ask::of("web").set("scope", scope), &ada).await;
            let answer = app.userinfo(&token).await.expect(200);
            answer.expect_no_store();
            let body = answer.json();
            let mut names: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, told, "{scope}");
            assert_eq!(body["sub"], ada.sub());
        }
    }

    /// No null and no empty member for somebody without an address.
    async fn what_is_not_known_is_left_out(setup: Setup) {
        let app = TestApp::start(setup).await;
        let nobody = app.person_with("mallory", &["reader"], |user| {
            user.email = None;
            user.name = None;
        })
        .await;
        let token = app.access_token(&Ask::of("web").set("scope", "openid profile email"), &nobody).await;
        let body = app.userinfo(&token).await.expect(200).json();
        assert!(body.get("email").is_none() && body.get("email_verified").is_none(), "{body}");
        assert!(body.as_object().expect("an object").values().all(|value| !value.is_null() && value != ""), "{body}");
    }

    /// OpenID Connect Core 5.3.1: GET and POST, header or form, never the query (RFC 6750 2, F06).
    async fn the_token_comes_in_the_header_or_the_form_and_never_in_the_query(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("web"), &ada).await;
        app.request(Method::POST, "/userinfo").bearer(&token).send().await.expect(200);
        app.request(Method::POST, "/userinfo").field("access_token", &token).send().await.expect(200);
        let by_query = app.get(&format!("/userinfo?access_token={token}")).await;
        assert_eq!(by_query.status, 401);
        let both = app.request(Method::POST, "/userinfo").bearer(&token).field("access_token", &token).send().await;
        both.expect_error(400, "invalid_request");
    }

    /// RFC 6750 3.1: without a token the challenge has no error code.
    async fn without_a_token_there_is_a_bare_challenge(setup: Setup) {
        let app = TestApp::start(setup).await;
        for request in [app.request(Method::GET, "/userinfo"), app.request(Method::GET, "/userinfo").basic("web", "x")] {
            let answer = request.send().await.expect(401);
            let challenge = answer.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Bearer") && !challenge.contains("error"), "{challenge}");
        }
    }

    /// F05.
    async fn a_token_without_openid_is_told_what_would_be_enough(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("web").set("scope", "read:users"), &ada).await;
        let answer = app.userinfo(&token).await;
        answer.expect_error(403, "insufficient_scope");
        let challenge = answer.header("www-authenticate").expect("a challenge");
        assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"openid\""), "{challenge}");
    }

    /// G01 to G06, G11: what is not an access token of ours is refused.
    async fn what_is_not_our_access_token_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        let answer = ask.redeem(&app, &code).await.expect(200);
        let good = answer.member("access_token");
        let parts: Vec<&str> = good.split('.').collect();
        let encode = |value: &serde_json::Value| {
            use base64::Engine as _;
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
        };
        let headed = |change: serde_json::Value| {
            let mut header = jwt::header(&good);
            for (name, value) in change.as_object().expect("an object") {
                header[name] = value.clone();
            }
            format!("{}.{}.{}", encode(&header), parts[1], parts[2])
        };
        let mut claims = jwt::claims(&good);
        claims["sub"] = "somebody-else".into();
        let bad = [
            answer.member("id_token"),
            format!("{}.{}.{}", parts[0], encode(&claims), parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{good}.{good}"),
            format!("{good}A"),
            headed(serde_json::json!({"alg": "none"})),
            headed(serde_json::json!({"alg": "HS256"})),
            headed(serde_json::json!({"alg": "RS256"})),
            headed(serde_json::json!({"kid": "../../etc/passwd"})),
            headed(serde_json::json!({"kid": "' OR 1=1 --"})),
            headed(serde_json::json!({"jku": "https://evil.test/jwks"})),
            headed(serde_json::json!({"zip": "DEF"})),
            headed(serde_json::json!({"typ": "JWT"})),
            format!("{}..{}", encode(&serde_json::json!({"alg": "none"})), parts[2]),
            format!("{}.{}.", encode(&serde_json::json!({"alg": "none", "typ": "at+jwt"})), parts[1]),
            "a.b.c.d.e".to_owned(),
            ".".repeat(7000),
            "x".to_owned(),
        ];
        for token in bad {
            let answer = app.userinfo(&token).await;
            assert_eq!(answer.status, 401, "{}: {}", &token[..token.len().min(120)], answer.text());
            let challenge = answer.header("www-authenticate").unwrap_or_default();
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        }
        let dots = app.request(Method::GET, "/userinfo").bearer(&".".repeat(60_000)).send().await;
        assert!(matches!(dots.status, 400 | 401 | 431), "{}", dots.status);
        app.userinfo(&good).await.expect(200);
    }

    /// Expiry by the server's own clock, to the second.
    async fn an_expired_token_is_refused(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("web"), &ada).await;
        app.advance_seconds(599);
        app.userinfo(&token).await.expect(200);
        app.advance_seconds(1);
        app.userinfo(&token).await.expect_error(401, "invalid_token");
    }

    /// Product: a password change ends everything that was begun before it.
    async fn a_password_change_ends_the_tokens_before_it(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("web"), &ada).await;
        app.advance_seconds(1);
        let user = app.app().stores.users.find(ada.id).await.expect("the store").expect("ada");
        let old = user.password.expect("a password");
        let users = &app.app().stores.users;
        assert!(users.set_password(ada.id, &old, &old, false, app.app().now()).await.expect("the store"));
        app.catch_up().await;
        app.userinfo(&token).await.expect_error(401, "invalid_token");
    }

    /// Product: people are remembered, and a change elsewhere is seen with the next look at the list.
    async fn a_person_disabled_and_enabled_elsewhere_is_seen_by_every_instance(setup: Setup) {
        let app = TestApp::start(setup).await;
        let other = app.sibling().await;
        let ada = app.ada().await;
        let token = app.access_token(&Ask::of("web"), &ada).await;
        for instance in [&app, &other] {
            instance.userinfo(&token).await.expect(200);
        }
        app.advance_seconds(1);
        app.disable(&ada).await;
        for instance in [&app, &other] {
            instance.catch_up().await;
            instance.userinfo(&token).await.expect_error(401, "invalid_token");
        }
        let users = &app.app().stores.users;
        assert!(users.set_disabled(ada.id, false, app.app().now()).await.expect("the store"));
        app.advance_seconds(1);
        let again = app.access_token(&Ask::of("web"), &ada).await;
        for instance in [&app, &other] {
            instance.catch_up().await;
            instance.userinfo(&again).await.expect(200);
            instance.userinfo(&token).await.expect_error(401, "invalid_token");
        }
    }
}
