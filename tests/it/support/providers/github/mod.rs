//! A fake GitHub: OAuth as GitHub speaks it, and the REST endpoints that tell who somebody is.
//!
//! Owns: its switches and its state. Does not own: the endpoints (`oauth`, `rest`), broken connections (`trouble`).

mod oauth;
mod person;
mod rest;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use self::oauth::Grant;
pub use self::person::GitHubPerson;
use super::homecoming::Homecoming;
use super::openid::write_secret;
use super::seen::{Endpoint, Seen};
use super::wire::{Answers, Reply, Wire};
use crate::support::data::Folder;

/// Who we are there.
const CLIENT_ID: &str = "Ov23liFAKE0123456789";
const CLIENT_SECRET: &str = "0123456789abcdef0123456789abcdef01234567";

/// A GitHub of one test. It is one of an enterprise: the REST interface is under `/api/v3`.
pub struct FakeGitHub {
    wire: Wire,
    world: Arc<World>,
    folder: Folder,
    /// Id and secret.
    client: (&'static str, &'static str),
}

pub(super) struct World {
    base: String,
    state: Mutex<State>,
}

/// What a test changes.
pub(super) struct State {
    person: GitHubPerson,
    /// `error` of the authorization response.
    refusal: Option<String>,
    /// `error` of the token response.
    refused_code: Option<String>,
    organizations_hidden: bool,
    rate_limited: bool,
    tokens_revoked: bool,
    scope_granted: Option<String>,
    made: usize,
    codes: HashMap<String, Grant>,
    tokens: HashMap<String, Grant>,
    refresh_tokens: HashMap<String, Grant>,
    /// Whether we are a GitHub App whose tokens end.
    expiring: bool,
    asked: usize,
    complaints: Vec<String>,
}

impl Deref for FakeGitHub {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.wire
    }
}

impl FakeGitHub {
    pub fn start() -> Self {
        let mut world = None;
        let wire = Wire::start(|port| {
            let made = Arc::new(World::new(format!("http://127.0.0.1:{port}")));
            world = Some(Arc::clone(&made));
            made
        });
        let fake = Self {
            wire,
            world: world.expect("it was made"),
            folder: Folder::new(),
            client: (CLIENT_ID, CLIENT_SECRET),
        };
        write_secret(&fake.folder, "client_secret", CLIENT_SECRET);
        fake
    }

    /// The issuer of the identities there: its base URL.
    pub fn issuer(&self) -> String {
        self.world.base.clone()
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
            "\n[[providers]]\nid = \"{id}\"\npreset = \"github\"\nbase_url = \"{}\"\nclient_id = \"{CLIENT_ID}\"\n\
             client_secret_file = \"{}\"\n{more}",
            self.world.base,
            secret.display()
        )
    }

    /// Who signs in from now on; tokens that were given before stay whose they are.
    pub fn person(&self, person: GitHubPerson) {
        let mut state = self.world.state();
        state.person = person;
        state.refusal = None;
    }

    /// From now on the person says no.
    pub fn deny(&self, error: &str) {
        self.world.state().refusal = Some(error.to_owned());
    }

    /// From now on the token endpoint answers this error, with status 200: `bad_verification_code`,
    /// `incorrect_client_credentials`, `redirect_uri_mismatch`, `unverified_user_email`.
    pub fn refuse_code(&self, error: &str) {
        self.world.state().refused_code = Some(error.to_owned());
    }

    /// The organization has not let our application see its members: 403 whatever the scope.
    pub fn hide_organizations(&self) {
        self.world.state().organizations_hidden = true;
    }

    /// The hour's requests are used up.
    pub fn limit_rate(&self) {
        self.world.state().rate_limited = true;
    }

    /// Every token is bad from now on.
    pub fn revoke_tokens(&self) {
        self.world.state().tokens_revoked = true;
    }

    /// We are a GitHub App there: tokens end after 8 hours, and a refresh token, of use once, comes with them.
    pub fn expiring_tokens(&self) {
        self.world.state().expiring = true;
    }

    /// No refresh token from before is of use.
    pub fn forget_refresh_tokens(&self) {
        self.world.state().refresh_tokens.clear();
    }

    /// Whether an access token opens anything there now.
    pub fn takes(&self, access_token: &str) -> bool {
        self.world.state().tokens.contains_key(access_token)
    }

    /// The person grants this scope, whatever was asked.
    pub fn grant_only(&self, scope: &str) {
        self.world.state().scope_granted = Some(scope.to_owned());
    }

    /// What it found wrong with requests of ours.
    pub fn complaints(&self) -> Vec<String> {
        self.world.state().complaints.clone()
    }

    /// Goes there as a browser does, and says where that leads.
    pub async fn visit(&self, url: impl AsRef<str>) -> Homecoming {
        Homecoming::of(url.as_ref()).await
    }
}

impl std::fmt::Debug for FakeGitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeGitHub").field("wire", &self.wire).finish_non_exhaustive()
    }
}

impl World {
    fn new(base: String) -> Self {
        let state = State {
            person: GitHubPerson::new(583_231, "octocat").name("The Octocat").email(
                "octocat@github.example",
                true,
                true,
            ),
            refusal: None,
            refused_code: None,
            organizations_hidden: false,
            rate_limited: false,
            tokens_revoked: false,
            scope_granted: None,
            made: 0,
            codes: HashMap::new(),
            tokens: HashMap::new(),
            refresh_tokens: HashMap::new(),
            expiring: false,
            asked: 0,
            complaints: Vec::new(),
        };
        Self { base, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn complain(&mut self, seen: &Seen, what: impl Into<String>) {
        self.complaints.push(format!("{:?}: {}", seen.endpoint, what.into()));
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{}", self.made)
    }
}

impl Answers for World {
    fn endpoint(&self, path: &str) -> Endpoint {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["login", "oauth", "authorize"] => Endpoint::Authorize,
            ["login", "oauth", "access_token"] => Endpoint::Token,
            ["api", "v3", rest @ ..] => rest::endpoint(rest),
            _ => Endpoint::Nothing,
        }
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let mut state = self.state();
        match (seen.endpoint, seen.method.as_str()) {
            (Endpoint::Authorize, "GET") => oauth::authorize(&mut state, seen),
            (Endpoint::Token, "POST") => oauth::token(&mut state, seen),
            (Endpoint::User | Endpoint::Emails | Endpoint::Organizations | Endpoint::Teams, "GET") => {
                rest::answer(&mut state, seen, &self.base)
            }
            _ => {
                state.complain(seen, format!("{} {} is nothing", seen.method, seen.path));
                Reply::json(404, &json!({ "message": "Not Found" }))
            }
        }
    }
}
