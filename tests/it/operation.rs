//! Health, listeners, addresses, first start (threats J07, J21, L14).

use reqwest::Method;

use crate::both_setups;
use crate::support::configuration::faults_of;
use crate::support::{Ask, Options, Setup, TestApp, jwt, logs};

both_setups! {
    async fn health_is_a_bare_status_on_every_listener(setup: Setup) {
        let app = TestApp::with(setup, Options { admin: true, ..Options::default() }).await;
        for http in [app.http(), app.admin()] {
            for path in ["/livez", "/readyz"] {
                let answer = http.request(Method::GET, &format!("{}{path}", http.origin())).send().await.expect(200);
                assert!(answer.body.len() < 16, "{}", answer.text());
            }
        }
    }

    /// L14.
    async fn details_and_metrics_are_not_on_the_public_listener(setup: Setup) {
        let app = TestApp::with(setup, Options { admin: true, ..Options::default() }).await;
        let verbose = app.get("/readyz?verbose").await.expect(200);
        assert!(verbose.body.len() < 16, "{}", verbose.text());
        for path in ["/metrics", "/debug", "/debug/pprof", "/admin", "/health", "/status", "/actuator/health"] {
            assert_eq!(app.get(path).await.status, 404, "{path}");
        }
        // And nothing of the public one is on the admin listener.
        for path in ["/token", "/authorize", "/login", "/jwks", "/.well-known/openid-configuration"] {
            let answer = app.admin().request(Method::GET, &format!("{}{path}", app.admin().origin())).send().await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }

    /// J21: nobody is there who was not made, and no key is anybody else's.
    async fn a_first_start_has_no_people_and_keys_of_its_own(setup: Setup) {
        let (one, two) = (TestApp::start(setup).await, TestApp::start(setup).await);
        for app in [&one, &two] {
            let people = app.app().stores.users.list(None, 10).await.expect("the store");
            assert!(people.is_empty(), "{people:?}");
            for (name, password) in [("admin", "admin"), ("admin", "password"), ("root", "root"), ("ada", "ada"), ("vestibule", "vestibule")] {
                let request = app.token("first-party").field("grant_type", "password");
                let answer = request.field("username", name).field("password", password).send().await;
                answer.expect_error(400, "invalid_grant");
            }
        }
        let kids = |keys: serde_json::Value| -> Vec<String> {
            keys["keys"].as_array().expect("keys").iter().map(|key| key["kid"].to_string()).collect()
        };
        let (one, two) = (kids(one.get("/jwks").await.json()), kids(two.get("/jwks").await.json()));
        assert!(one.iter().all(|kid| !two.contains(kid)), "{one:?} {two:?}");
    }

    /// A restart has the same keys and people, and signs nobody out where nothing was lost.
    async fn a_restart_signs_nobody_out(setup: Setup) {
        let mut app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let browser = app.signed_in(&ada).await;
        let ask = Ask::of("web");
        let code = app.code(&ask, &ada).await;
        let keys = app.get("/jwks").await.text();
        app.stop().await;
        let again = app.sibling().await;
        assert_eq!(again.get("/jwks").await.text(), keys);
        let mut there = again.browser();
        there.cookies = browser.cookies.clone();
        assert!(again.is_signed_in(&there).await);
        let token = ask.redeem(&again, &code).await.expect(200).member("access_token");
        assert_eq!(jwt::claims(&token)["sub"], ada.sub());
    }

    /// It stops when it is told to, and lets go of its port.
    async fn a_stopped_server_listens_no_more(setup: Setup) {
        let mut app = TestApp::start(setup).await;
        app.get("/livez").await.expect(200);
        let address = app.http().address().to_owned();
        app.stop().await;
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "it still listens");
    }
}

/// The `address` of the log lines that this request made.
async fn logged_address(app: &TestApp, forwarded: &[&str]) -> String {
    let mut request = app.request(Method::GET, "/livez-unknown");
    for value in forwarded {
        request = request.header("x-forwarded-for", value);
    }
    let id = request.send().await.header("x-request-id").expect("an id").to_owned();
    let text = logs::text();
    let line = text
        .lines()
        .find(|line| line.contains(&id) && line.contains("\"address\""))
        .unwrap_or_else(|| panic!("no line for {id}"));
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    line["fields"]["address"].as_str().expect("an address").to_owned()
}

/// J07: an untrusted peer says who it is by its connection alone.
#[tokio::test]
async fn forwarded_addresses_of_strangers_are_not_believed() {
    let app = TestApp::start(Setup::Sqlite).await;
    for forwarded in [&["203.0.113.9"][..], &["10.0.0.1, 203.0.113.9"], &["127.0.0.1"], &["x"], &[""]] {
        assert_eq!(logged_address(&app, forwarded).await, "127.0.0.1", "{forwarded:?}");
    }
}

/// J07: of what a trusted proxy forwards, the rightmost that is not trusted itself.
#[tokio::test]
async fn of_forwarded_addresses_the_rightmost_untrusted_counts() {
    let extra = "\n[proxies]\ntrusted = [\"127.0.0.0/8\", \"10.0.0.0/8\"]\n";
    let app = TestApp::with(Setup::Sqlite, Options { extra, ..Options::default() }).await;
    for (forwarded, expected) in [
        (&["203.0.113.9"][..], "203.0.113.9"),
        (&["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (&["198.51.100.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        (&["198.51.100.1", "203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        (&[], "127.0.0.1"),
    ] {
        assert_eq!(logged_address(&app, forwarded).await, expected, "{forwarded:?}");
    }
}

/// J21: what would be guessable or unsealed does not start.
#[test]
fn a_placeholder_or_a_missing_key_does_not_start() {
    let load = |toml: &str, key: Option<&str>| {
        let folder = crate::support::data::Folder::new();
        std::fs::write(folder.path().join("vestibule.toml"), toml).expect("a file");
        let env = |name: &str| (name == "KEY").then(|| key.map(str::to_owned)).flatten();
        vestibule::config::load(folder.path(), &env).map_err(|faults| faults.to_string())
    };
    let without = "[server]\nissuer = \"https://id.example.test\"\n[database]\nurl = \"sqlite:/tmp/none\"\n";
    let faults = load(without, None).expect_err("no key");
    assert!(faults.contains("encryption_key"), "{faults}");
    let with = format!("{without}[keys]\nencryption_key = {{ env = \"KEY\" }}\n");
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for key in [None, Some(""), Some("changeme"), Some("secret"), Some("c2hvcnQ="), Some(zeros)] {
        assert!(load(&with, key).is_err(), "{key:?}");
    }
    for table in [
        "client_secret = \"changeme\"",
        "client_secret = \"a literal secret in a file that goes to git\"",
        "client_secret_hash = \"sha256:REPLACE_ME\"",
        "client_secret_hash = \"sha256:\"",
        // The hashes of nothing and of "secret".
        "client_secret_hash = \"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
    ] {
        let client = format!("[[clients]]\nclient_id = \"x\"\nredirect_uris = [\"https://x.test/\"]\n{table}\n");
        assert!(faults_of(&client).is_some(), "{table}");
    }
}
