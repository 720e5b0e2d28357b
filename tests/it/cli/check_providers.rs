//! `vestibule check --online`: each provider is asked what it is, and what was expected and received is told.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::program::{Ended, Home, random_key};

/// A server that answers each path with one text, and everything else with 404.
struct Pages {
    port: u16,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Pages {
    async fn start(pages: impl FnOnce(&str) -> Vec<(String, &'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let pages = pages(&format!("http://127.0.0.1:{port}"));
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let (mut head, mut chunk) = (String::new(), [0; 4096]);
                while !head.contains("\r\n\r\n") {
                    let read = stream.read(&mut chunk).await.unwrap();
                    if read == 0 {
                        break;
                    }
                    head.push_str(&String::from_utf8_lossy(&chunk[..read]));
                }
                let path = head.split(' ').nth(1).unwrap_or_default();
                let found = pages.iter().find(|(known, _, _)| known == path);
                let (status, kind, body) =
                    found.map_or(("404 Not Found", "text/plain", ""), |(_, kind, body)| ("200 OK", *kind, body));
                let mut answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: {kind}\r\n");
                write!(answer, "content-length: {}\r\n\r\n{body}", body.len()).unwrap();
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { port, asked, task }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const JSON: &str = "application/json; charset=utf-8";

/// Discovery and keys, with members of the metadata replaced.
fn openid(base: &str, issuer: &str, other: &Value, keys: &Value) -> Vec<(String, &'static str, String)> {
    let mut metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/jwks"),
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "ES256"],
    });
    metadata.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    metadata.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let discovery = "/.well-known/openid-configuration".to_owned();
    vec![(discovery, JSON, metadata.to_string()), ("/jwks".to_owned(), JSON, json!({ "keys": keys }).to_string())]
}

fn one_key() -> Value {
    json!([{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "e": "AQAB", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw" }])
}

/// The `[[providers]]` table of one by its issuer.
fn staff(issuer: &str) -> String {
    format!("[[providers]]\nid = \"staff\"\npreset = \"oidc\"\nclient_id = \"v\"\nissuer = \"{issuer}\"\n")
}

async fn check(arguments: &[&str], providers: &str) -> Ended {
    let home = Home::new();
    home.write(
        "config/vestibule.toml",
        "[server]\nissuer = \"https://id.example.com\"\n[keys]\nencryption_key = { env = \"KEY\" }\n\
         [database]\nurl = \"sqlite:data\"\n[outbound]\nallow = [\"127.0.0.0/8\"]\n",
    );
    home.write("config/providers.toml", providers);
    let mut command = home.command(&[&["check"], arguments].concat());
    command.env("KEY", random_key());
    super::program::run(command, "").await
}

#[tokio::test]
async fn a_provider_that_is_what_it_should_be_is_said_to_be_so_and_asked_only_online() {
    let pages = Pages::start(|base| openid(base, base, &json!({}), &one_key())).await;
    check(&[], &staff(&pages.url())).await.expect(0);
    check(&["--json"], &staff(&pages.url())).await.expect(0);
    assert_eq!(pages.asked.load(Ordering::SeqCst), 0, "nobody is asked");
    let said = check(&["--online"], &staff(&pages.url())).await.expect(0).stdout;
    let line = format!("provider staff: {} signs with RS256, ES256, 1 key\n", pages.url());
    assert!(said.contains(&line) && said.contains("can be used"), "{said}");
    // With a slash at its end the issuer is another one, though its document is at the same place.
    let said = check(&["--online"], &staff(&format!("{}/", pages.url()))).await.expect(4).stderr;
    assert!(said.contains(&format!("of the issuer {}, and {}/ is expected", pages.url(), pages.url())), "{said}");
    check(&["--online"], &format!("{}enabled = false\n", staff(&pages.url()))).await.expect(0);
}

#[tokio::test]
async fn what_was_expected_and_what_came_is_told_with_the_line_of_the_provider() {
    type Of = fn(&str) -> Vec<(String, &'static str, String)>;
    let cases: &[(Of, &[&str])] = &[
        (
            |base| openid(base, "https://evil.example", &json!({}), &one_key()),
            &["metadata:", "issuer https://evil.example", "is expected"],
        ),
        (
            |base| openid(base, base, &json!({ "id_token_signing_alg_values_supported": ["HS256"] }), &one_key()),
            &["HS256, and one of RS256", "is expected"],
        ),
        (
            |base| openid(base, base, &json!({ "response_types_supported": ["id_token"] }), &one_key()),
            &["response type code"],
        ),
        (|base| openid(base, base, &json!({ "token_endpoint": null }), &one_key()), &["no token endpoint"]),
        (|base| openid(base, base, &json!({ "jwks_uri": null }), &one_key()), &["lacks something", "jwks_uri"]),
        (|base| openid(base, base, &json!({}), &json!([])), &["/jwks has no key"]),
        (
            |base| openid(base, base, &json!({ "jwks_uri": "http://192.0.2.1/jwks" }), &one_key()),
            &["address_refused", "[outbound] allow"],
        ),
        (|_| Vec::new(), &["status:", "answered 404"]),
        (
            |_| vec![("/.well-known/openid-configuration".to_owned(), "text/html", "<p>Hello".to_owned())],
            &["content_type:", "JSON"],
        ),
        (|_| vec![("/.well-known/openid-configuration".to_owned(), JSON, "{".to_owned())], &["malformed:"]),
    ];
    for (pages, words) in cases {
        let pages = Pages::start(pages).await;
        let ended = check(&["--online"], &staff(&pages.url())).await.expect(4);
        let place = "config/providers.toml:1): ";
        for word in words.iter().copied().chain([place, "1 provider cannot be used"]) {
            assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
        }
        assert!(!ended.stdout.contains("can be used"), "{}", ended.stdout);
    }
}

/// Tools read of providers what they read of mistakes.
#[tokio::test]
async fn what_is_wrong_with_providers_is_told_to_tools_too() {
    let right = Pages::start(|base| openid(base, base, &json!({}), &one_key())).await;
    let wrong = Pages::start(|base| openid(base, "https://evil.example", &json!({}), &one_key())).await;
    let said = check(&["--online", "--json"], &staff(&right.url())).await.expect(0);
    assert_eq!((said.line(), said.stderr.as_str()), ("[]", ""));
    let nobody = staff("http://127.0.0.1:1").replace("\"staff\"", "\"nobody\"");
    let other = staff(&wrong.url()).replace("\"staff\"", "\"other\"");
    let ended = check(&["--online", "--json"], &[nobody, staff(&right.url()), other].concat()).await.expect(4);
    assert_eq!(ended.stderr, "");
    let found: Vec<Value> = serde_json::from_str(&ended.stdout).expect("an array");
    let expected = [(1, "provider nobody: unreachable: "), (11, "provider other: metadata: ")];
    assert_eq!(found.len(), expected.len(), "{}", ended.stdout);
    for (fault, (line, message)) in found.iter().zip(expected) {
        assert!(fault["file"].as_str().unwrap().ends_with("config/providers.toml"), "{fault}");
        assert_eq!((&fault["line"], &fault["column"]), (&json!(line), &Value::Null), "{fault}");
        assert!(fault["message"].as_str().unwrap().starts_with(message), "{fault}");
        assert!(fault["help"].as_str().unwrap().contains("docs/providers.md"), "{fault}");
    }
}

#[tokio::test]
async fn every_provider_is_told_whatever_becomes_of_the_others() {
    let openid = Pages::start(|base| openid(base, base, &json!({}), &one_key())).await;
    let root = |base: &str| json!({ "current_user_url": format!("{base}/user") }).to_string();
    let github = Pages::start(|base| vec![("/api/v3".to_owned(), JSON, root(base))]).await;
    let forum =
        Pages::start(|_| vec![("/me".to_owned(), JSON, "{}".to_owned()), ("/token".to_owned(), JSON, "{}".to_owned())])
            .await;
    let empty = Pages::start(|_| Vec::new()).await;
    let others = |id: &str, github: &str, forum: &str| {
        let secret = "client_id = \"v\"\nclient_secret = { env = \"KEY\" }\n";
        format!(
            "[[providers]]\nid = \"git{id}\"\npreset = \"github\"\n{secret}base_url = \"{github}\"\n\
             [[providers]]\nid = \"forum{id}\"\npreset = \"oauth2\"\n{secret}authorization_endpoint = \"{forum}/authorize\"\n\
             token_endpoint = \"{forum}/token\"\nuserinfo_endpoint = \"{forum}/me\"\nclaims = {{ subject = \"id\" }}\n"
        )
    };
    let right = [staff(&openid.url()), others("", &github.url(), &forum.url())].concat();
    let said = check(&["--online"], &right).await.expect(0).stdout;
    for line in ["provider staff: ", "provider git: ", "provider forum: "] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let ended = check(&["--online"], &[right, others("-x", &empty.url(), &empty.url())].concat()).await.expect(4);
    for line in ["provider staff: ", "provider git: ", "provider forum: "] {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
    for line in
        ["provider git-x (", "provider forum-x (", "answered 404", "2 providers cannot be used", "docs/providers.md"]
    {
        assert!(ended.stderr.contains(line), "{line}: {}", ended.stderr);
    }
    let nobody = check(&["--online"], &staff("http://127.0.0.1:1")).await.expect(4).stderr;
    assert!(nobody.contains("unreachable:") && nobody.contains("127.0.0.1:1/.well-known"), "{nobody}");
}
