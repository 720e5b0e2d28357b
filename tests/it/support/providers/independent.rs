//! An OpenID provider that others wrote: npm's `oidc-provider`, run by `tests/external/openid_provider.mjs`.
//!
//! Owns: starting it for one client, and going through it as a browser. Does not own: its configuration and its one
//! account, which are in that program.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use super::homecoming::Homecoming;
use super::openid::write_secret;
use crate::support::data::Folder;
use crate::support::forms::forms;

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
        Self::with_client(json!({ "redirect_uris": [redirect_uri] })).await
    }

    /// The same, and people may be sent to `return_to` after they left it, and it says at `told` that they did.
    pub async fn with_logout_to(redirect_uri: &str, return_to: &str, told: &str) -> Self {
        let client = json!({
            "redirect_uris": [redirect_uri],
            "post_logout_redirect_uris": [return_to],
            "backchannel_logout_uri": told,
            "backchannel_logout_session_required": true,
        });
        Self::with_client(client).await
    }

    async fn with_client(mut client: Value) -> Self {
        let credentials = json!({
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        });
        let members = client.as_object_mut().expect("an object");
        members.extend(credentials.as_object().expect("an object").clone());
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

    /// The `[[providers]]` table for it, with more lines.
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
        self.visit_as(&mut Cookies::new(), url).await
    }

    /// The same as a browser that has these cookies of it, and gets others.
    pub async fn visit_as(&self, cookies: &mut Cookies, url: impl AsRef<str>) -> Homecoming {
        let mut url: Url = url.as_ref().parse().expect("a URL");
        for _ in 0..10 {
            let answer = send(cookies, browser().get(url.clone())).await;
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

    /// Signs out there, as its own page does; it has told its clients by then.
    pub async fn sign_out(&self, cookies: &mut Cookies) {
        let answer = send(cookies, browser().get(format!("{}/session/end", self.issuer))).await;
        let page = answer.text().await.expect("a page");
        let form = forms(&page).into_iter().find(|form| form.method == "post").unwrap_or_else(|| panic!("{page}"));
        let mut fields = form.fields();
        fields.push(("logout".to_owned(), "yes".to_owned()));
        let answer = send(cookies, browser().post(&form.action).form(&fields)).await;
        assert!(answer.status().is_redirection(), "{}: {}", answer.status(), answer.text().await.unwrap_or_default());
    }
}

/// What a browser has of it.
pub type Cookies = BTreeMap<String, String>;

fn browser() -> reqwest::Client {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.build().expect("a client")
}

async fn send(cookies: &mut Cookies, request: reqwest::RequestBuilder) -> reqwest::Response {
    let cookie: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let answer = request.header("cookie", cookie.join("; ")).send().await.expect("an answer");
    for header in answer.headers().get_all("set-cookie") {
        let text = header.to_str().expect("ASCII");
        let (name, rest) = text.split_once('=').expect("a name");
        cookies.insert(name.to_owned(), rest.split(';').next().unwrap_or_default().to_owned());
    }
    answer
}
