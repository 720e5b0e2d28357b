//! Tokens that providers give are kept where that is configured, sealed, and told to nobody (threat I18).
//!
//! Owns: what a sign-in keeps and what takes it away. Does not own: refreshing (`refreshing`, `overtaken`).

mod overtaken;
mod refreshing;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use vestibule::config;
use vestibule::model::identity::IdentityKey;
use vestibule::model::provider_tokens::{KeptTokens, ProviderTokens};
use vestibule::model::sealed_key::Sealed;
use vestibule::protocol::ids::ProviderId;
use vestibule::tokens::Tokens;

use crate::both_setups;
use crate::cli::program::{self, Ended};
use crate::support::app::ENCRYPTION_KEY;
use crate::support::data::places;
use crate::support::journey::{self, away, back, expect_in, leave, start, through};
use crate::support::providers::{Brand, ExternalPerson, FakeGitHub, FakeProvider};
use crate::support::{Answer, Ask, Person, Setup, TestApp, UserAgent, forms, logs};

/// Of a provider that gives refresh tokens.
const KEEPS: &str = "scopes = [\"openid\", \"profile\", \"email\", \"offline_access\"]\nstore_tokens = true\n";

/// The key-encryption key that comes after the one of the tests.
const NEW_KEY: &str = "NKbYSGvxCF0QzjVEPaWPy8PEJpnZvEmjvf0lCTVBOts=";

async fn with(setup: Setup, lines: &str) -> (TestApp, FakeProvider) {
    let fake = FakeProvider::start();
    let app = start(setup, &[fake.toml_with("acme", lines)]).await;
    (app, fake)
}

/// Signs in through it, in a browser of its own.
async fn come_in(app: &TestApp, fake: &FakeProvider) -> Value {
    let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
    let arrival = through(&mut browser, app, (&ask, "acme"), fake).await;
    let code = expect_in(app, &browser, &ask, arrival).code();
    ask.redeem(app, &code).await.expect(200).json()
}

fn key_of(id: &str, issuer: &str, subject: &str) -> IdentityKey {
    let provider = ProviderId::parse(id).expect("an id");
    IdentityKey { provider, issuer: issuer.to_owned(), subject: subject.to_owned() }
}

/// Of the person that a fake begins with.
fn key(fake: &FakeProvider) -> IdentityKey {
    key_of("acme", &fake.issuer(), "fake-person-1")
}

async fn kept(app: &TestApp, key: &IdentityKey) -> Option<KeptTokens> {
    app.app().stores.provider_tokens.find(key).await.expect("the store")
}

fn opened(tokens: &Tokens, kept: &KeptTokens) -> ProviderTokens {
    tokens.open_provider_tokens(&kept.key, &kept.tokens.sealed).expect("they open")
}

/// Access token and refresh token.
fn told(tokens: &ProviderTokens) -> (String, Option<String>) {
    let refresh = tokens.refresh_token.as_ref().map(|token| token.expose_secret().to_owned());
    (tokens.access_token.expose_secret().to_owned(), refresh)
}

async fn kept_and_opened(app: &TestApp, key: &IdentityKey) -> (KeptTokens, (String, Option<String>)) {
    let kept = kept(app, key).await.expect("kept");
    let told = told(&opened(&app.app().tokens, &kept));
    (kept, told)
}

/// A command beside the server, with both key-encryption keys in its environment.
async fn command(app: &TestApp, arguments: &[&str]) -> Ended {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command
        .args(arguments)
        .arg("--config")
        .arg(app.config_folder())
        .env_clear()
        .env("TEST_KEY", ENCRYPTION_KEY)
        .env("NEW_KEY", NEW_KEY)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true);
    program::run(command, "").await
}

async fn username(app: &TestApp, key: &IdentityKey) -> String {
    app.opens(key).await.expect("an account")
}

async fn configure(app: &TestApp, from: &str, to: &str) {
    app.configure(|toml| {
        assert!(toml.contains(from), "{from}");
        toml.replace(from, to)
    });
    app.reload().await;
}

/// Ada, who links her identity there from her account page; that page.
async fn linked(app: &TestApp, fake: &FakeProvider) -> (Person, UserAgent, Answer) {
    let ada = app.ada().await;
    let mut browser = app.signed_in(&ada).await;
    let page = browser.open(&app.url("/account")).await.page();
    let hrefs = forms::attributes(&page.text(), "href");
    let link = hrefs.into_iter().find(|href| href.starts_with("/login/acme?link=")).expect("a link");
    let there = away(browser.open(&app.url(&link)).await);
    let page = back(&mut browser, &fake.visit(&there).await).await.page();
    assert_eq!((page.url.path(), page.status), ("/account", 200));
    (ada, browser, page)
}

both_setups! {
    async fn a_sign_in_keeps_what_the_provider_gave_and_the_next_one_replaces_it(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        let (first, (access, refresh)) = kept_and_opened(&app, &key(&fake)).await;
        assert!(fake.takes(&access) && refresh.is_some(), "{access} {refresh:?}");
        assert_eq!(first.tokens.scope, "openid profile email offline_access", "what was asked for: nothing else is said");
        assert_eq!(first.tokens.expires_at, Some(app.app().now().plus(std::time::Duration::from_hours(1))));
        come_in(&app, &fake).await;
        let (second, (newer, _)) = kept_and_opened(&app, &key(&fake)).await;
        assert!(newer != access && second.tokens.revision != first.tokens.revision);
        assert_eq!(app.app().stores.provider_tokens.count().await.expect("the store"), 1);
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }

    async fn nothing_is_kept_unless_it_is_configured(setup: Setup) {
        let (app, fake) = with(setup, &KEEPS.replace("true", "false")).await;
        come_in(&app, &fake).await;
        assert!(app.opens(&key(&fake)).await.is_some());
        assert_eq!(app.app().stores.provider_tokens.count().await.expect("the store"), 0);
    }

    async fn what_was_kept_goes_at_the_next_sign_in_after_it_was_switched_off(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        configure(&app, "store_tokens = true", "store_tokens = false").await;
        assert!(kept(&app, &key(&fake)).await.is_some());
        come_in(&app, &fake).await;
        assert_eq!(kept(&app, &key(&fake)).await, None);
    }

    async fn whoever_links_an_identity_has_its_tokens_kept_until_they_unlink_it(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        let (ada, mut browser, page) = linked(&app, &fake).await;
        let (_, (access, _)) = kept_and_opened(&app, &key(&fake)).await;
        assert!(fake.takes(&access) && !page.text().contains(&access), "{}", page.text());
        browser.submit(&page, "/account", &[("unlink", &key(&fake).handle())]).await.page();
        assert_eq!(app.opens(&key(&fake)).await, None);
        assert_eq!(app.app().stores.provider_tokens.list(ada.id).await.expect("the store"), []);
        assert_eq!(app.app().stores.provider_tokens.count().await.expect("the store"), 0);
    }

    async fn a_deleted_person_leaves_no_tokens(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        let name = username(&app, &key(&fake)).await;
        command(&app, &["user", "delete", &name, "--yes"]).await.expect(0);
        assert_eq!(app.app().stores.provider_tokens.count().await.expect("the store"), 0);
    }

    /// The identity is joined a while after it came: what it brought waits with it, sealed.
    async fn tokens_wait_with_an_identity_for_the_proof_of_an_account(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        let ada = app.ada().await;
        fake.person(ExternalPerson::new("fake-person-1").email("ada@example.test", true));
        let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
        let page = through(&mut browser, &app, (&ask, "acme"), &fake).await.page();
        assert_eq!(page.url.path(), "/join");
        assert_eq!(kept(&app, &key(&fake)).await, None);
        let waiting = app.kept();
        for token in ["access-token-", "refresh-token-"] {
            assert_eq!(places(&waiting, token), Vec::<&str>::new(), "{token} waits in the clear");
        }
        let arrival = browser.submit(&page, "/join", &[("password", &ada.password)]).await;
        let arrival = browser.allow(arrival).await;
        expect_in(&app, &browser, &ask, arrival);
        let (_, (access, refresh)) = kept_and_opened(&app, &key(&fake)).await;
        assert!(fake.takes(&access) && refresh.is_some());
        assert_eq!(app.opens(&key(&fake)).await.as_deref(), Some("ada"));
    }

    /// Switched off between the two: the proof keeps nothing.
    async fn tokens_that_wait_are_dropped_when_it_is_switched_off(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        let ada = app.ada().await;
        fake.person(ExternalPerson::new("fake-person-1").email("ada@example.test", true));
        let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
        let page = through(&mut browser, &app, (&ask, "acme"), &fake).await.page();
        configure(&app, "store_tokens = true", "store_tokens = false").await;
        browser.submit(&page, "/join", &[("password", &ada.password)]).await;
        assert_eq!(app.opens(&key(&fake)).await.as_deref(), Some("ada"));
        assert_eq!(kept(&app, &key(&fake)).await, None);
    }

    /// GitHub says scopes with commas; the tokens of an OAuth app have no end.
    async fn tokens_of_github_are_kept_as_it_gives_them(setup: Setup) {
        let hub = FakeGitHub::start();
        let app = start(setup, &[hub.toml_with("github", "store_tokens = true\n")]).await;
        let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
        let there = leave(&mut browser, &app, &ask, "github").await;
        let arrival = back(&mut browser, &hub.visit(&there).await).await;
        let arrival = browser.allow(arrival).await;
        expect_in(&app, &browser, &ask, arrival);
        let key = key_of("github", &hub.issuer(), "583231");
        let (kept, (access, refresh)) = kept_and_opened(&app, &key).await;
        assert!(hub.takes(&access), "{access}");
        assert_eq!((kept.tokens.scope.as_str(), kept.tokens.expires_at, refresh), ("read:user user:email", None, None));
    }

    /// Google gives a refresh token where it asks the person: with the parameters that docs/providers/google.md names,
    /// also when an application wants a fresh sign-in.
    async fn google_gives_a_refresh_token_at_every_sign_in_when_it_is_asked_to(setup: Setup) {
        let fake = FakeProvider::like(Brand::Google);
        let lines = "store_tokens = true\n\
                     authorization_parameters = { access_type = \"offline\", prompt = \"consent\" }\n";
        let app = start(setup, &[fake.toml_with("acme", lines)]).await;
        for prompt in [None, None, Some("login")] {
            let ask = prompt.map_or_else(|| Ask::of("trusted"), |prompt| Ask::of("trusted").set("prompt", prompt));
            let mut browser = app.browser();
            let there = leave(&mut browser, &app, &ask, "acme").await;
            let wanted = if prompt.is_some() { "login consent" } else { "consent" };
            assert!(there.query_pairs().any(|(name, value)| name == "prompt" && value == wanted), "{there}");
            let arrival = back(&mut browser, &fake.visit(&there).await).await;
            let arrival = browser.allow(arrival).await;
            expect_in(&app, &browser, &ask, arrival);
            assert!(kept(&app, &key(&fake)).await.expect("kept").tokens.refreshable);
        }
    }

    /// I18: not at rest, not in an answer, a page, a log line, or on a terminal.
    async fn i18_no_token_of_a_provider_is_told_to_anybody(setup: Setup) {
        let (mut app, fake) = with(setup, KEEPS).await;
        let answer = come_in(&app, &fake).await;
        let (shown, (access, refresh)) = kept_and_opened(&app, &key(&fake)).await;
        let secrets = [access, refresh.expect("one")];
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        let mut said = vec![answer.to_string(), format!("{shown:?}")];
        said.push(format!("{:?}", opened(&app.app().tokens, &shown)));
        said.push(app.userinfo(&token).await.expect(200).text());
        said.push(app.introspect(&token).await.to_string());
        let mut browser = app.browser();
        through(&mut browser, &app, (&Ask::of("trusted"), "acme"), &fake).await;
        said.push(browser.open(&app.url("/account")).await.page().text());
        let name = username(&app, &key(&fake)).await;
        for arguments in [&["user", "show", &name][..], &["user", "show", &name, "--json"], &["keys", "list"]] {
            let ended = command(&app, arguments).await.expect(0);
            said.push([ended.stdout, ended.stderr].concat());
        }
        said.push(logs::text());
        let (_, newer) = kept_and_opened(&app, &key(&fake)).await;
        let secrets: Vec<String> = secrets.into_iter().chain([newer.0, newer.1.expect("one")]).collect();
        assert_eq!(secrets.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        for secret in &secrets {
            for text in &said {
                // Another test's token may begin like this one: its number ends it.
                let next = |at: usize| text[at + secret.len()..].chars().next();
                let found = text.match_indices(secret.as_str()).find(|(at, _)| !next(*at).is_some_and(|c| c.is_ascii_digit()));
                assert_eq!(found, None, "{secret} is told");
            }
        }
        let running = app.kept();
        app.stop().await;
        for kept in [&running, &app.kept()] {
            assert!(!places(kept, "fake-person-1").is_empty(), "the search finds what is there");
            for secret in &secrets {
                assert_eq!(places(kept, secret), Vec::<&str>::new(), "{secret} is kept in the clear");
            }
        }
    }

    async fn an_administrator_sees_what_is_kept_and_no_token(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        let name = username(&app, &key(&fake)).await;
        let show = async |arguments: &[&str]| {
            command(&app, &[&["user", "show", &name], arguments].concat()).await.expect(0).stdout
        };
        let object: Value = serde_json::from_str(&show(&["--json"]).await).expect("an object");
        let expires_at = app.app().clock.now().seconds() + 3600;
        let scope = "openid profile email offline_access";
        let expected = json!({ "scope": scope, "expires_at": expires_at, "refreshable": true });
        assert_eq!(object["identities"][0]["tokens"], expected);
        let lines = show(&[]).await;
        let line = lines.lines().find(|line| line.starts_with("tokens ")).expect("a line");
        assert!(line.contains(scope) && line.contains("with a refresh token"), "{line}");
        configure(&app, "store_tokens = true", "store_tokens = false").await;
        come_in(&app, &fake).await;
        let object: Value = serde_json::from_str(&show(&["--json"]).await).expect("an object");
        assert_eq!(object["identities"][0]["tokens"], Value::Null);
        assert!(!show(&[]).await.contains("\ntokens "));
    }

    /// The steps of docs/keys.md.
    async fn tokens_are_readable_after_the_key_encryption_key_was_replaced(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        come_in(&app, &fake).await;
        let (before, told_before) = kept_and_opened(&app, &key(&fake)).await;
        app.configure(|toml| {
            toml.replace("{ env = \"TEST_KEY\" }", "[{ env = \"NEW_KEY\" }, { env = \"TEST_KEY\" }]")
        });
        let line = command(&app, &["keys", "reseal"]).await.expect(0).stdout;
        assert!(line.contains("1 sealed anew: all 1 identities' tokens are sealed by "), "{line}");
        let object = command(&app, &["keys", "reseal", "--json"]).await.expect(0).stdout;
        let object: Value = serde_json::from_str(&object).expect("an object");
        assert_eq!(object["provider_tokens"], json!({ "changed": 0, "total": 1 }));
        // The old one is removed.
        app.configure(|toml| toml.replace(", { env = \"TEST_KEY\" }]", "]"));
        let env = |name: &str| (name == "NEW_KEY").then(|| NEW_KEY.to_owned());
        let config = config::load(&app.config_folder(), &env).expect("a configuration");
        let (stores, clock) = (&app.app().stores, &app.app().clock);
        let issuer = &config.server.issuer;
        let tokens = Tokens::open(issuer, &config.keys, &[], stores.keys.as_ref(), clock.as_ref()).await;
        let tokens = tokens.expect("the keys open");
        let after = kept(&app, &key(&fake)).await.expect("kept");
        assert_eq!(told(&opened(&tokens, &after)), told_before);
        assert_eq!(after.tokens.revision, before.tokens.revision);
        assert_ne!(after.tokens.sealed.kek_id, before.tokens.sealed.kek_id);
        // Without it nobody opens them, and `reseal` says which is missing.
        app.configure(|toml| toml.replace("[{ env = \"NEW_KEY\" }]", "{ env = \"TEST_KEY\" }"));
        let refused = command(&app, &["keys", "reseal"]).await;
        refused.refuses(1, &[after.tokens.sealed.kek_id.as_str()]);
    }
}

both_setups! {
    /// They keep nobody else's from the new key, and the command says which key is missing.
    async fn tokens_that_nobody_can_open_are_named_and_the_others_are_sealed_anew(setup: Setup) {
        let (app, fake) = with(setup, KEEPS).await;
        let keys = ["one", "two", "three"].map(|subject| key_of("acme", &fake.issuer(), subject));
        for key in &keys {
            fake.person(ExternalPerson::new(&key.subject).email(&format!("{}@fake.example", key.subject), true));
            come_in(&app, &fake).await;
        }
        let store = &app.app().stores.provider_tokens;
        let lost = kept(&app, &keys[0]).await.expect("kept");
        let sealed = Sealed { kek_id: "long-gone".to_owned(), ..lost.tokens.sealed.clone() };
        assert!(store.reseal(&lost, &sealed).await.expect("the store"));
        app.configure(|toml| {
            toml.replace("{ env = \"TEST_KEY\" }", "[{ env = \"NEW_KEY\" }, { env = \"TEST_KEY\" }]")
        });
        command(&app, &["keys", "reseal"]).await.refuses(1, &["long-gone", "acme"]);
        let mut sealed_by = Vec::new();
        for key in &keys {
            sealed_by.push(kept(&app, key).await.expect("kept").tokens.sealed.kek_id);
        }
        assert_eq!(sealed_by[0], "long-gone");
        assert!(sealed_by[1] == sealed_by[2] && sealed_by[1] != lost.tokens.sealed.kek_id, "{sealed_by:?}");
        // The next sign-in replaces what is lost.
        fake.person(ExternalPerson::new("one").email("one@fake.example", true));
        come_in(&app, &fake).await;
        kept_and_opened(&app, &keys[0]).await;
    }
}

/// Time goes by here and there.
fn pass(app: &TestApp, fake: &FakeProvider, seconds: u32) {
    journey::pass(app, fake, seconds);
}
