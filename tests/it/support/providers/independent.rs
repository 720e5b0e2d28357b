//! An OpenID provider that others wrote: npm's `oidc-provider`, run by `tests/external/openid_provider.mjs`.
//!
//! Owns: starting it for one client, and going through it as a browser. Does not own: its configuration and its one
//! account, which are in that program.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use super::homecoming::Homecoming;
use super::openid::write_secret;
use crate::support::data::Folder;

const CLIENT_ID: &str = "vestibule";
const CLIENT_SECRET: &str = "at-the-independent-provider-0123456789-abcdef";

/// A running provider; it ends with this.
#[derive(Debug)]
pub struct IndependentProvider {
    issuer: String,
    folder: Folder,
    /// Id and secret.
    client: (&'static str, &'static str),
    _process: Child,
}

impl IndependentProvider {
    /// Its one account.
    pub const SUBJECT: &'static str = "independent-1";
    pub const EMAIL: &'static str = "ada@independent.example";
    pub const NAME: &'static str = "Ada Independent";

    /// With us as a client that has this redirect URI.
    pub async fn start(redirect_uri: &str) -> Self {
        Self::with_logout_to(redirect_uri, &[]).await
    }

    /// The same, and people may be sent to these after they left it.
    pub async fn with_logout_to(redirect_uri: &str, post_logout_redirect_uris: &[&str]) -> Self {
        let client = json!({
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [redirect_uri],
            "post_logout_redirect_uris": post_logout_redirect_uris,
        });
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/external/openid_provider.mjs");
        let mut process = Command::new(crate::browser::chromium::program("node", "nodejs"))
            .arg(script)
            .arg(client.to_string())
            .env("VESTIBULE_TEST_NODE_MODULES", crate::external::node_modules())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("node to start");
        let mut stdout = BufReader::new(process.stdout.take().expect("its stdout")).lines();
        let first = tokio::time::timeout(Duration::from_mins(1), stdout.next_line()).await;
        let issuer = first.expect("it to start in time").expect("its stdout").expect("its issuer: it ended");
        let folder = Folder::new();
        write_secret(&folder, "client_secret", CLIENT_SECRET);
        Self { issuer, folder, client: (CLIENT_ID, CLIENT_SECRET), _process: process }
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub const fn client_id(&self) -> &'static str {
        self.client.0
    }

    pub const fn client_secret(&self) -> &'static str {
        self.client.1
    }

    /// The `[[providers]]` table for it.
    pub fn toml(&self, id: &str) -> String {
        self.toml_with(id, "")
    }

    /// With more lines.
    pub fn toml_with(&self, id: &str, more: &str) -> String {
        let secret = self.folder.path().join("client_secret");
        format!(
            "\n[[providers]]\nid = \"{id}\"\npreset = \"oidc\"\nissuer = \"{}\"\nclient_id = \"{CLIENT_ID}\"\n\
             client_secret_file = \"{}\"\n{more}",
            self.issuer,
            secret.display()
        )
    }

    /// Opens an authorization request as a fresh browser, and says where it leaves the provider for.
    pub async fn visit(&self, url: impl AsRef<str>) -> Homecoming {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let client = client.build().expect("a client");
        let mut cookies = BTreeMap::new();
        let mut url: Url = url.as_ref().parse().expect("a URL");
        for _ in 0..10 {
            let cookie: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = client.get(url.clone()).header("cookie", cookie.join("; "));
            let answer = request.send().await.unwrap_or_else(|error| panic!("{url}: {error:?}"));
            for header in answer.headers().get_all("set-cookie") {
                let text = header.to_str().expect("ASCII");
                let (name, rest) = text.split_once('=').expect("a name");
                cookies.insert(name.to_owned(), rest.split(';').next().unwrap_or_default().to_owned());
            }
            let location = answer.headers().get("location").map(|value| value.to_str().expect("ASCII").to_owned());
            let Some(location) = location else {
                panic!("{url}: {}: {}", answer.status(), answer.text().await.unwrap_or_default());
            };
            url = url.join(&location).expect("a URL");
            if url.origin().ascii_serialization() != self.issuer {
                return Homecoming { url, fields: None };
            }
        }
        panic!("a redirect loop at {url}");
    }
}
