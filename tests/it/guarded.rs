//! A Rust backend that verifies the real server's tokens with `vestibule-guard`, while keys follow one another and
//! tokens are revoked (threats G03, G07, L11, X16, X17).

use std::sync::Arc;

use serde_json::json;
use vestibule::model::key_line::Ahead;
use vestibule::model::sealed_key::KeyUse;
use vestibule::model::signing_key::Algorithm;
use vestibule::tokens::KeyChest;
use vestibule_guard::{Fault, Guard, GuardBuilder, Refusal, scope};

use crate::both_setups;
use crate::keys::{kids, until};
use crate::support::{Ask, Options, Setup, TestApp, configuration, jwt};

scope! {
    ReadUsers = "read:users";
    WritePosts = "write:posts";
    ReadFiles = "read:files";
    ReadLegacy = "read:legacy";
}

const API: &str = "https://api.example.test";

/// A guard of that API, which knows of the server its issuer, and the time.
fn guard_of(app: &TestApp, audience: &str) -> GuardBuilder {
    let server = app.app().clone();
    Guard::builder(app.issuer()).audience(audience).clock(move || server.now().seconds())
}

fn guard(app: &TestApp) -> Guard {
    guard_of(app, API).build().expect("a guard")
}

async fn token_of_a_service(app: &TestApp) -> String {
    let request = app.token("service").field("grant_type", "client_credentials").field("scope", "read:users");
    request.send().await.expect(200).member("access_token")
}

both_setups! {
    /// G03, L11: each API takes its own access tokens, with what was granted, and nothing else that the server signs.
    async fn each_api_takes_its_own_tokens_and_no_others(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let [api, files, legacy] = [API, "https://files.example.test", "https://legacy.example.test"]
            .map(|audience| guard_of(&app, audience).build().expect("a guard"));
        let tokens = app.tokens(&Ask::of("web").set("scope", "openid read:users"), &ada).await;
        let raw = tokens.member("access_token");
        let token = api.authorize::<ReadUsers>(&raw).await.expect("a good token");
        assert_eq!((token.subject(), token.client_id(), token.scope()), (ada.sub().as_str(), "web", "openid read:users"));
        assert_eq!(token.claim("acr"), jwt::claims(&raw).get("acr"));
        let lacking = api.authorize::<WritePosts>(&raw).await.expect_err("it was not asked for");
        assert_eq!(lacking, Refusal::InsufficientScope { needed: "write:posts" });
        // EdDSA and RS256, as those APIs say.
        let for_files = app.access_token(&Ask::of("web").set("scope", "read:files"), &ada).await;
        let for_legacy = app.access_token(&Ask::of("web").set("scope", "read:legacy"), &ada).await;
        assert!(files.authorize::<ReadFiles>(&for_files).await.is_ok());
        assert!(legacy.authorize::<ReadLegacy>(&for_legacy).await.is_ok());
        for (guard, foreign) in [(&api, &for_files), (&api, &for_legacy), (&files, &raw), (&legacy, &for_files)] {
            assert_eq!(guard.verify(foreign).await.err(), Some(Fault::Audience.into()));
        }
        assert_eq!(api.verify(&tokens.member("id_token")).await.err(), Some(Fault::Type.into()));
        let own = api.verify(&token_of_a_service(&app).await).await.expect("a good token");
        assert_eq!((own.subject(), own.claim("auth_time")), ("service", None));
        app.advance_seconds(631);
        assert_eq!(api.verify(&raw).await.err(), Some(Fault::Expired.into()));
    }

    /// RFC 8414 3.1: the metadata of such an issuer stands elsewhere.
    async fn the_keys_of_an_issuer_with_a_path_are_found(setup: Setup) {
        let app = TestApp::with(setup, Options { path: "/id", ..Options::default() }).await;
        assert_eq!(guard(&app).verify(&token_of_a_service(&app).await).await.err(), None);
    }

    /// X16, X17: no good token is refused while keys follow one another; a key that leaked ends its tokens.
    async fn keys_follow_one_another_and_end_while_a_backend_runs(setup: Setup) {
        let app = TestApp::start(setup).await;
        let guard = guard(&app);
        let stores = Arc::clone(&app.app().stores.keys);
        let config = app.app().config.clone();
        let chest = KeyChest::new(&config.keys, stores.as_ref()).expect("a key-encryption key");
        let first = token_of_a_service(&app).await;
        assert!(guard.verify(&first).await.is_ok());
        let rotated = chest.rotate(KeyUse::Signing(Algorithm::ES256), Ahead::Usual, app.app().now()).await;
        let next = rotated.expect("a rotation").key().id.clone();
        until("it is published", async || kids(&app).await.contains(&next)).await;
        let mut issued = vec![first];
        for _ in 0..9 {
            issued.push(token_of_a_service(&app).await);
            for token in &issued {
                assert_eq!(guard.verify(token).await.err(), None, "{}", jwt::header(token));
            }
            app.advance_seconds(60);
        }
        let last = issued.pop().expect("a token");
        assert_eq!(jwt::header(&last)["kid"], next.as_str(), "the new key signs by now");
        chest.revoke(&next, app.app().now()).await.expect("a revocation");
        until("it is out of the set", async || !kids(&app).await.contains(&next)).await;
        // A backend hears of it when its set is as old as it may be.
        app.advance_seconds(300);
        let refused = Some(Refusal::from(Fault::UnknownKey));
        until("its tokens are refused", async || guard.verify(&last).await.err() == refused).await;
        assert!(guard.verify(&token_of_a_service(&app).await).await.is_ok());
    }

    /// What was revoked is good offline until it expires, and refused at once by who asks the server.
    async fn a_backend_that_asks_the_server_sees_a_revocation_at_once(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let secret = configuration::secret("api-server").expect("a secret");
        let (offline, asking) = (guard(&app), guard_of(&app, API).introspection("api-server", secret));
        let asking = asking.build().expect("a guard");
        let (one, other) = (
            app.access_token(&Ask::of("web"), &ada).await,
            app.access_token(&Ask::of("web"), &ada).await,
        );
        for guard in [&offline, &asking] {
            assert!(guard.verify(&one).await.is_ok() && guard.verify(&other).await.is_ok());
        }
        app.revoke("web", &one).await;
        assert_eq!(asking.verify(&one).await.err(), Some(Fault::Revoked.into()));
        assert!(asking.verify(&other).await.is_ok());
        assert!(offline.verify(&one).await.is_ok(), "ten minutes at most");
        // A client that the server does not know lets nobody in.
        let stranger = guard_of(&app, API).introspection("api-server", "wrong").build().expect("a guard");
        assert_eq!(stranger.verify(&other).await.expect_err("not answered").status(), 503);
        assert_eq!(app.introspect(&one).await, json!({"active": false}));
    }
}
