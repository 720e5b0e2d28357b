//! Keys follow one another under running servers, and end when they leaked (threats X16, X17, P6, P7, P8).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};
use vestibule::model::key_line::Ahead;
use vestibule::model::sealed_key::KeyUse;
use vestibule::model::signing_key;
use vestibule::tokens::{KeyChest, Rotated};

use crate::both_setups;
use crate::cli::program::{self, Ended};
use crate::support::app::ENCRYPTION_KEY;
use crate::support::{Ask, Setup, TestApp, jwt};

const ES256: KeyUse = KeyUse::Signing(signing_key::Algorithm::ES256);

/// How long a backend keeps the set, as the answer says.
const KEPT: u64 = 300;

fn chest(app: &TestApp) -> KeyChest<'_> {
    KeyChest::new(&app.app().config.keys, app.app().stores.keys.as_ref()).expect("a key-encryption key")
}

/// `vestibule keys …` of this server, as an operator runs it.
async fn keys(app: &TestApp, arguments: &[&str]) -> Ended {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command
        .arg("keys")
        .args(arguments)
        .arg("--config")
        .arg(app.folder().path().join("config"))
        .env_clear()
        .env("TEST_KEY", ENCRYPTION_KEY)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true);
    program::run(command, "").await
}

/// What is published.
pub async fn kids(app: &TestApp) -> BTreeSet<String> {
    let set = app.get("/jwks").await.expect(200).json();
    let keys = set["keys"].as_array().expect("keys").iter();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

/// Asks until it is so, as the server looks every second.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begun = tokio::time::Instant::now();
    while !so().await {
        assert!(begun.elapsed() < Duration::from_mins(1), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn token_of_a_service(app: &TestApp) -> String {
    let request = app.token("service").field("grant_type", "client_credentials").field("scope", "read:users");
    request.send().await.expect(200).member("access_token")
}

/// A backend that keeps the set for as long as it may, and asks no sooner.
struct Backend {
    set: JwkSet,
    fetched_at: i64,
}

impl Backend {
    async fn start(app: &TestApp) -> Self {
        let answer = app.get("/jwks").await.expect(200);
        assert_eq!(answer.header("cache-control"), Some(format!("public, max-age={KEPT}").as_str()));
        let set = serde_json::from_value(answer.json()).expect("a JWK Set");
        Self { set, fetched_at: app.app().now().seconds() }
    }

    async fn renew(&mut self, app: &TestApp) {
        if app.app().now().seconds() - self.fetched_at >= i64::try_from(KEPT).expect("small") {
            *self = Self::start(app).await;
        }
    }

    #[track_caller]
    fn accepts(&self, token: &str) {
        let kid = jwt::header(token)["kid"].as_str().expect("a kid").to_owned();
        let key = self.set.find(&kid).unwrap_or_else(|| panic!("the backend has not heard of {kid}"));
        let mut validation = Validation::new(Algorithm::ES256);
        (validation.validate_exp, validation.validate_aud) = (false, false);
        decode::<Value>(token, &DecodingKey::from_jwk(key).expect("a key"), &validation).expect("a good token");
    }
}

both_setups! {
    /// X16: both instances sign all the while, keys are rotated again and again from both, and backends that keep
    /// the set as long as it says verify every token.
    async fn x16_keys_are_rotated_under_two_instances_and_no_backend_refuses_a_token(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let mut backends = [Backend::start(&app).await, Backend::start(&second).await];
        let (mut issued, mut signed_by) = (Vec::new(), BTreeSet::new());
        for round in 0..4 {
            let (one, other) = (chest(&app), chest(&second));
            let now = app.app().now();
            let rotated = tokio::join!(one.rotate(ES256, Ahead::Usual, now), other.rotate(ES256, Ahead::Usual, now));
            let rotated = [rotated.0.expect("a rotation"), rotated.1.expect("a rotation")];
            let made = rotated.iter().filter(|rotated| matches!(rotated, Rotated::Made(_))).count();
            assert_eq!((made, rotated[0].key()), (1, rotated[1].key()), "two at once make one key");
            let next = rotated[0].key().id.clone();
            for instance in [&app, &second] {
                until("both publish it", async || kids(instance).await.contains(&next)).await;
            }
            for minute in 0..7 {
                app.advance_seconds(60);
                backends[0].renew(if minute % 2 == 0 { &second } else { &app }).await;
                backends[1].renew(&app).await;
                for instance in [&app, &second] {
                    let token = token_of_a_service(instance).await;
                    signed_by.insert(jwt::header(&token)["kid"].as_str().expect("a kid").to_owned());
                    issued.push((app.app().now().plus(Duration::from_mins(10)), token));
                }
                issued.retain(|(expires_at, _)| !expires_at.is_over(app.app().now()));
                for (_, token) in &issued {
                    for backend in &backends {
                        backend.accepts(token);
                    }
                }
            }
            for (_, token) in &issued {
                assert_eq!(second.introspect(token).await["active"], true);
            }
            assert_eq!(signed_by.len(), round + 2, "the new one signs now");
        }
        // A day later the old ones are gone from the set, by themselves.
        app.advance_seconds(24 * 3600 + 120);
        until("the old ones go", async || kids(&app).await.intersection(&signed_by).count() == 1).await;
    }

    /// X17, the drill of docs/keys.md: the documented command, while two instances run.
    async fn x17_a_revoked_key_is_out_of_the_set_and_its_tokens_are_refused_everywhere(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("keeper"), &ada).await;
        let stolen = tokens.member("access_token");
        let kid = jwt::header(&stolen)["kid"].as_str().expect("a kid").to_owned();
        for instance in [&app, &second] {
            assert_eq!(instance.introspect(&stolen).await["active"], true);
            instance.userinfo(&stolen).await.expect(200);
        }
        let told = keys(&app, &["revoke", &kid, "--yes", "--json"]).await.expect(0);
        let told: Value = serde_json::from_str(&told.stdout).expect("an object");
        assert_eq!(told["revoked"], kid.as_str());
        for instance in [&app, &second] {
            until("it is out of the set", async || !kids(instance).await.contains(&kid)).await;
            until("it is refused", async || instance.introspect(&stolen).await == json!({"active": false})).await;
            instance.userinfo(&stolen).await.expect_error(401, "invalid_token");
        }
        // The people stay signed in, and each instance takes what the other signs with the new key.
        for (one, other) in [(&app, &second), (&second, &app)] {
            let fresh = one.refresh("keeper", &tokens.member("refresh_token")).send().await.expect(200);
            let fresh = fresh.member("access_token");
            assert_eq!(jwt::header(&fresh)["kid"], told["successor"]);
            other.userinfo(&fresh).await.expect(200);
            assert_eq!(other.introspect(&fresh).await["active"], true);
            assert!(kids(other).await.contains(told["successor"].as_str().expect("a kid")));
        }
        let again = keys(&app, &["revoke", &kid, "--yes"]).await;
        again.refuses(1, &["was revoked before"]);
    }

    /// A key that another instance made this very second is asked for, so that nobody is refused meanwhile.
    async fn a_token_of_a_key_that_is_seconds_old_is_accepted_by_every_instance(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        for _ in 0..3 {
            let before = token_of_a_service(&app).await;
            let kid = jwt::header(&before)["kid"].as_str().expect("a kid").to_owned();
            chest(&app).revoke(&kid, app.app().now()).await.expect("a revocation");
            app.catch_up().await;
            let fresh = token_of_a_service(&app).await;
            assert_ne!(jwt::header(&fresh)["kid"], kid.as_str());
            // At most one look a second: the next one comes by itself.
            until("it is taken", async || second.introspect(&fresh).await["active"] == true).await;
            assert_eq!(second.introspect(&before).await, json!({"active": false}));
        }
        // Names that nobody knows change nothing.
        let good = token_of_a_service(&app).await;
        let (_, rest) = good.split_once('.').expect("a JWS");
        for number in 0..20 {
            use base64::Engine as _;
            let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": format!("unknown-{number}")}).to_string();
            let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
            assert_eq!(second.introspect(&format!("{header}.{rest}")).await, json!({"active": false}));
        }
        assert_eq!(second.introspect(&good).await["active"], true);
    }

    /// The key of refresh tokens: those of the old one go on working, on both instances.
    async fn refresh_tokens_outlive_a_rotation_of_their_key_and_end_with_its_revocation(setup: Setup) {
        let app = TestApp::start(setup).await;
        let second = app.sibling().await;
        let ada = app.ada().await;
        let old = app.tokens(&Ask::of("keeper"), &ada).await.member("refresh_token");
        let kept = app.tokens(&Ask::of("keeper"), &ada).await.member("refresh_token");
        let listed = keys(&app, &["list", "--json"]).await.expect(0);
        let listed: Value = serde_json::from_str(&listed.stdout).expect("an array");
        let leaked = listed.as_array().expect("an array").iter().find(|key| key["use"] == "refresh").expect("a key")["kid"].clone();
        let told = keys(&app, &["rotate", "--refresh", "--json"]).await.expect(0);
        let told: Value = serde_json::from_str(&told.stdout).expect("an array");
        assert_eq!((&told[0]["use"], &told[0]["outcome"], told.as_array().map(Vec::len)), (&json!("refresh"), &json!("made"), Some(1)));
        for instance in [&app, &second] {
            instance.catch_up().await;
        }
        // Past its ten seconds, whatever the clock of the machine says meanwhile.
        app.advance_seconds(600);
        let key_of = |token: &str| token[1..7].to_owned();
        let new = second.refresh("keeper", &old).send().await.expect(200).member("refresh_token");
        assert_ne!(key_of(&new), key_of(&old));
        let newer = app.refresh("keeper", &new).send().await.expect(200).member("refresh_token");
        assert_eq!(key_of(&newer), key_of(&new));
        // The old key leaked: what it made ends, the rest goes on.
        keys(&app, &["revoke", leaked.as_str().expect("an id"), "--yes"]).await.expect(0);
        for instance in [&app, &second] {
            instance.catch_up().await;
            instance.refresh("keeper", &kept).send().await.expect_error(400, "invalid_grant");
        }
        second.refresh("keeper", &newer).send().await.expect(200);
    }

    /// P6: whoever has the stores and not the key-encryption key has no key that signs.
    async fn p6_the_stores_hold_no_key_in_the_clear(setup: Setup) {
        let mut app = TestApp::start(setup).await;
        token_of_a_service(&app).await;
        keys(&app, &["rotate"]).await.expect(0);
        let active = jwt::header(&token_of_a_service(&app).await)["kid"].as_str().expect("a kid").to_owned();
        keys(&app, &["revoke", &active, "--yes"]).await.expect(0);
        app.stop().await;
        let kept = app.kept();
        assert!(kept.iter().any(|(_, bytes)| bytes.windows(active.len()).any(|window| window == active.as_bytes())));
        // How the PKCS#8 documents of EC and RSA keys name their algorithm, in bytes and as PostgreSQL writes bytes.
        for oid in [&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01][..], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]] {
            let mut hex = String::new();
            for byte in oid {
                write!(hex, "{byte:02x}").expect("text");
            }
            for (place, bytes) in &kept {
                let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
                assert!(!has(oid) && !has(hex.as_bytes()), "{place} has a private key");
            }
        }
    }
}
