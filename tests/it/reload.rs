//! Another configuration for a running server: all of it or nothing, at once, and no request notices
//! (threat X18).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vestibule::reload::Reloaded;

use crate::both_setups;
use crate::support::configuration::without_client;
use crate::support::{Ask, Setup, TestApp, logs};

async fn metadata(app: &TestApp) -> Value {
    app.get("/.well-known/openid-configuration").await.expect(200).json()
}

/// The log from here on, in which one line says all of `parts`. Other tests write into the same log.
fn logged_since(start: usize, parts: &[&str]) -> String {
    let text = logs::text();
    let told = text.get(start..).expect("the log only grows");
    let line = told.lines().find(|line| parts.iter().all(|part| line.contains(part)));
    line.unwrap_or_else(|| panic!("no line says {parts:?}: {told}")).to_owned()
}

async fn applied(app: &TestApp) {
    assert_eq!(app.reload().await, Reloaded::Applied);
}

async fn refused(app: &TestApp) {
    assert_eq!(app.reload().await, Reloaded::Refused);
}

both_setups! {
    /// Of everything that applies at once, something.
    async fn a_reload_applies_clients_apis_lifetimes_limits_origins_and_password_rules(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let late = r#"
[[apis]]
audience = "https://late.example.test"
introspection_clients = ["late"]
scopes = [{ name = "read:late", description = "read late things" }]

[[roles]]
name = "everybody"
scopes = ["read:late"]
default = true

[[clients]]
client_id = "late"
client_secret_file = "late.secret"
grant_types = ["client_credentials"]
allowed_origins = ["https://late-pages.example.test"]
scope = "read:late"
default_scope = "read:late"

[lifetimes]
access_token = "90s"

[limits]
body = 2048
"#;
        let secret = "0123456789abcdefghijklmnopqrstuvwxyz-._ABCD";
        std::fs::write(app.config_folder().join("late.secret"), secret).expect("a file");
        let before = metadata(&app).await;
        let tag = app.get("/.well-known/openid-configuration").await.header("etag").map(str::to_owned);
        let longer = "min_length = 40\n";
        app.configure(|toml| format!("{}{late}", toml.replace("[passwords]\n", &format!("[passwords]\n{longer}"))));
        applied(&app).await;

        let after = metadata(&app).await;
        assert_ne!(before, after);
        assert!(after["scopes_supported"].as_array().expect("scopes").contains(&"read:late".into()), "{after}");
        assert_ne!(app.get("/.well-known/openid-configuration").await.header("etag").map(str::to_owned), tag);
        let token = app.request(Method::POST, "/token").basic("late", secret);
        let answer = token.field("grant_type", "client_credentials").send().await.expect(200);
        assert_eq!(answer.json()["expires_in"], 90);
        let preflight = app.request(Method::OPTIONS, "/token").header("origin", "https://late-pages.example.test");
        let allowed = preflight.send().await;
        assert_eq!(allowed.header("access-control-allow-origin"), Some("https://late-pages.example.test"));
        // A role that is everybody's from now on.
        let granted = app.tokens(&Ask::of("web").set("scope", "openid read:users"), &ada).await;
        assert_eq!(granted.member("scope"), "openid read:users");
        let long = app.token("service").field("grant_type", "client_credentials").field("x", "x".repeat(3000));
        assert_eq!(long.send().await.status, 413);
        let newcomer = app.newcomer("carol").await;
        let mut browser = app.browser();
        let login = browser.open(&Ask::of("web").url(&app)).await.page();
        let own = browser.sign_in(&login, &newcomer).await.page();
        let short = "twenty characters or so";
        let answer = browser.send(&own, "/password", &[("password", short), ("repeated", short)]).await;
        assert!(answer.text().contains("40"), "{}", answer.text());
    }

    /// Its key is made before anybody can ask for it.
    async fn an_algorithm_that_comes_with_a_reload_has_its_key(setup: Setup) {
        let app = TestApp::start(setup).await;
        app.configure(|toml| toml.replace("signing_alg = \"EdDSA\"", "signing_alg = \"ES256\"").replace("\"PS256\"", "\"RS256\""));
        let plain = {
            let mut stopped = app;
            stopped.stop().await;
            stopped.sql("DELETE FROM sealed_keys WHERE usage IN ('EdDSA', 'PS256')").await;
            stopped.sibling().await
        };
        let algorithms = |keys: &Value| -> Vec<String> {
            keys["keys"].as_array().expect("keys").iter().map(|key| key["alg"].as_str().expect("alg").to_owned()).collect()
        };
        assert_eq!(algorithms(&plain.get("/jwks").await.json()).len(), 2);
        let held = plain.token("service").field("grant_type", "client_credentials").field("scope", "read:users");
        let held = held.send().await.expect(200).member("access_token");
        plain.configure(|toml| {
            toml.replace("audience = \"https://files.example.test\"\nsigning_alg = \"ES256\"", "audience = \"https://files.example.test\"\nsigning_alg = \"EdDSA\"")
        });
        applied(&plain).await;
        let keys = plain.get("/jwks").await.json();
        assert!(algorithms(&keys).contains(&"EdDSA".to_owned()), "{keys}");
        let token = plain.token("service").field("grant_type", "client_credentials").field("scope", "read:files");
        let token = token.send().await.expect(200).member("access_token");
        let header = crate::support::jwt::header(&token);
        assert_eq!(header["alg"], "EdDSA");
        assert!(keys["keys"].as_array().expect("keys").iter().any(|key| key["kid"] == header["kid"]));
        assert_eq!(plain.introspect(&held).await["active"], true, "the other keys are the same");
    }

    /// What was made from them is not made again.
    async fn keys_that_need_a_restart_keep_their_value_and_are_named(setup: Setup) {
        let app = TestApp::start(setup).await;
        let before = metadata(&app).await;
        let issuer = app.issuer().to_owned();
        app.configure(|toml| {
            toml.replace(&format!("issuer = \"{issuer}\""), "issuer = \"https://elsewhere.example.test\"\nlisten = \"127.0.0.1:1\"")
                .replace("[keys]\n", "[log]\nlevel = \"debug\"\n\n[keys]\n")
        });
        let start = logs::text().len();
        applied(&app).await;
        assert_eq!(metadata(&app).await, before);
        logged_since(start, &["restart to apply", "server.issuer, server.listen, log.level"]);
    }

    /// The request began before: it ends as it began.
    async fn a_request_in_flight_keeps_the_configuration_that_it_began_with(setup: Setup) {
        let app = TestApp::start(setup).await;
        let body = "grant_type=client_credentials&scope=read:users";
        let secret = crate::support::configuration::secret("service").expect("a secret");
        let basic = {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(format!("service:{secret}"))
        };
        let head = format!(
            "POST /token HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {basic}\r\nexpect: 100-continue\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(app.http().address()).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut buffer = [0_u8; 25];
        stream.read_exact(&mut buffer).await.expect("an interim answer");
        assert!(buffer.starts_with(b"HTTP/1.1 100 Continue"), "{}", String::from_utf8_lossy(&buffer));
        app.configure(|toml| without_client(toml, "service"));
        applied(&app).await;
        app.token("service").field("grant_type", "client_credentials").send().await.expect_error(401, "invalid_client");
        stream.write_all(body.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.contains("HTTP/1.1 200 OK") && answer.contains("access_token"), "{answer}");
    }
}

/// X18: each of these is half way to something, and none of them is taken.
#[tokio::test]
async fn what_is_invalid_keeps_the_one_before_and_says_what_is_wrong_with_it() {
    let app = TestApp::start(Setup::Sqlite).await;
    let folder = app.config_folder();
    let file = folder.join("vestibule.toml");
    let whole = std::fs::read_to_string(&file).expect("a file");
    let before = metadata(&app).await;
    let refused_for = async |what: &'static str| {
        let start = logs::text().len();
        refused(&app).await;
        logged_since(start, &["the one before stays", what])
    };

    std::fs::write(&file, &whole[..whole.len() / 2 + 7]).expect("a half-written file");
    refused_for("vestibule.toml:").await;

    std::fs::write(&file, whole.replace("[[roles]]\nname = \"editor\"", "[[roles]]\nnames = \"editor\""))
        .expect("a file");
    // What `check` shows, in one event: where, what, and what to write instead.
    let line = refused_for("`names` is not a key of [[roles]]").await;
    for part in ["vestibule.toml:", "did you mean `name`", "\"mistakes\":2", "\"level\":\"ERROR\""] {
        assert!(line.contains(part), "{part}: {line}");
    }

    std::fs::write(&file, "").expect("an empty file");
    refused_for("issuer").await;

    std::fs::write(&file, &whole).expect("the file");
    let aside = app.folder().path().join("aside");
    std::fs::rename(&folder, &aside).expect("the folder goes away");
    refused_for("does not exist").await;
    std::fs::rename(&aside, &folder).expect("and comes back");

    // An API that would have the running issuer as its audience.
    let other = whole.replace(&format!("issuer = \"{}\"", app.issuer()), "issuer = \"https://elsewhere.example.test\"");
    std::fs::write(&file, format!("{other}\n[[apis]]\naudience = \"{}\"\n", app.issuer())).expect("a file");
    refused_for("restart to apply the new issuer").await;

    assert_eq!(metadata(&app).await, before);
    app.token("service").field("grant_type", "client_credentials").send().await.expect(200);
    std::fs::write(&file, &whole).expect("the file");
    applied(&app).await;
}

/// A configuration in which everything is named after `name` and lives that long.
fn pair(name: &str, seconds: u32) -> String {
    format!(
        r#"
[[apis]]
audience = "https://{name}1.example.test"
access_token_lifetime = "{seconds}s"
scopes = [{{ name = "pair:{name}1", description = "first half" }}]

[[apis]]
audience = "https://{name}2.example.test"
scopes = [{{ name = "pair:{name}2", description = "second half" }}]

[[clients]]
client_id = "pair"
client_secret_file = "secrets/pair"
grant_types = ["client_credentials"]
scope = "pair:{name}1 pair:{name}2"
default_scope = "pair:{name}1"
"#
    )
}

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz-._ABCD";

/// Both halves of a pair, in what this server says of itself and in a token.
async fn ask_for_a_pair(app: &TestApp) {
    let metadata = metadata(app).await;
    let scopes = metadata["scopes_supported"].as_array().expect("scopes");
    let halves: Vec<&str> =
        scopes.iter().filter_map(Value::as_str).filter(|scope| scope.starts_with("pair:")).collect();
    assert!(matches!(halves[..], ["pair:a1", "pair:a2"] | ["pair:b1", "pair:b2"]), "{halves:?}");
    let token = app.request(Method::POST, "/token").basic("pair", SECRET).field("grant_type", "client_credentials");
    let token = token.send().await.expect(200).json();
    let halves = (token["scope"].as_str().expect("scope"), token["expires_in"].as_u64().expect("expires_in"));
    assert!(matches!(halves, ("pair:a1", 100) | ("pair:b1", 200)), "{halves:?}");
}

/// Replaces what a link points at in one step, as secrets are mounted.
fn point(link: &Path, target: &str) {
    let next = link.with_file_name("next");
    std::os::unix::fs::symlink(target, &next).expect("a link");
    std::fs::rename(&next, link).expect("a swap");
}

both_setups! {
    /// X18: good and bad by turns while requests run. None fails, and each is answered from one whole
    /// configuration.
    async fn under_load_every_answer_comes_from_one_whole_configuration(setup: Setup) {
        let app = TestApp::start(setup).await;
        let base = {
            let mut base = String::new();
            app.configure(|toml| {
                toml.clone_into(&mut base);
                base.clone()
            });
            base
        };
        let folder = app.config_folder();
        for version in ["..one", "..two"] {
            std::fs::create_dir_all(folder.join("secrets").join(version)).expect("a folder");
            std::fs::write(folder.join("secrets").join(version).join("pair"), SECRET).expect("a file");
        }
        point(&folder.join("secrets/..data"), "..one");
        std::os::unix::fs::symlink("..data/pair", folder.join("secrets/pair")).expect("a link");
        app.configure(|_| format!("{base}{}", pair("a", 100)));
        applied(&app).await;

        let app = Arc::new(app);
        let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let load: Vec<_> = (0..4)
            .map(|_| {
                let (app, over, asked) = (Arc::clone(&app), Arc::clone(&over), Arc::clone(&asked));
                tokio::spawn(async move {
                    while !over.load(Ordering::SeqCst) {
                        ask_for_a_pair(&app).await;
                        asked.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for turn in 0..20 {
            let seen = asked.load(Ordering::SeqCst);
            let (name, seconds) = if turn % 2 == 0 { ("b", 200) } else { ("a", 100) };
            let good = format!("{base}{}", pair(name, seconds));
            match turn % 4 {
                0 => app.configure(|_| good[..good.len() - 40].to_owned()),
                1 => point(&folder.join("secrets/..data"), "..gone"),
                2 => app.configure(|_| good.replace("client_secret_file", "client_secret_fill")),
                _ => app.configure(|_| good.replace(&format!("name = \"pair:{name}2\""), "name = \"pair:other\"")),
            }
            refused(&app).await;
            point(&folder.join("secrets/..data"), if turn % 2 == 0 { "..two" } else { "..one" });
            app.configure(|_| good);
            applied(&app).await;
            let scopes = metadata(&app).await["scopes_supported"].to_string();
            assert!(scopes.contains(&format!("pair:{name}1")), "what was applied is what is answered: {scopes}");
            // Each turn is met by requests.
            while asked.load(Ordering::SeqCst) < seen + 4 {
                tokio::task::yield_now().await;
            }
        }
        over.store(true, Ordering::SeqCst);
        for task in load {
            task.await.expect("no request was answered otherwise");
        }
    }
}
