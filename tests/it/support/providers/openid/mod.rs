//! A fake OpenID provider: the four documents and endpoints that a relying party meets, honest until told otherwise.
//!
//! Owns: its switches, metadata, JWKS and userinfo. Does not own: `/authorize` (`authorize`), `/token` (`token`), its
//! tokens (`id_token`, `logout_token`), the oddities of well-known providers (`brand`), broken connections (`trouble`).

mod authorize;
mod brand;
mod id_token;
mod logout_token;
mod token;

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};
use vestibule::clock::{Clock as _, SystemClock};

use self::authorize::Grant;
pub(super) use self::authorize::with_query;
pub use self::brand::Brand;
pub use self::logout_token::EVENT;
use super::homecoming::Homecoming;
use super::keys::SigningKey;
use super::person::{ExternalPerson, write_over};
use super::seen::{Endpoint, Seen};
use super::twist::Twist;
use super::wire::{Answers, Reply, Wire};
use crate::support::data::Folder;

/// Who we are there.
const CLIENT_ID: &str = "vestibule-at-the-fake";
const CLIENT_SECRET: &str = "s3cret-at-the-fake:0123456789+/=%&AAAA";

/// The cookie of whoever is signed in there: their subject.
const SESSION: &str = "fake-session";

/// A provider of one test.
pub struct FakeProvider {
    wire: Wire,
    world: Arc<World>,
    folder: Folder,
    /// Id and secret.
    client: (&'static str, &'static str),
}

/// What the threads and the test share.
pub(super) struct World {
    brand: Brand,
    base: String,
    apple_key: (String, Vec<u8>),
    state: Mutex<State>,
}

/// What a test changes.
pub(super) struct State {
    person: ExternalPerson,
    refusal: Option<(String, String)>,
    twists: Vec<Twist>,
    metadata: Map<String, Value>,
    auth_methods: Vec<&'static str>,
    profile_in_userinfo_only: bool,
    cache: Option<String>,
    /// Seconds; like the server's clock it is moved by hand alone, however long a test takes.
    clock: i64,
    /// Whether it goes on by itself all the same, for tests that take long.
    runs: bool,
    key: SigningKey,
    /// What it signed with before.
    key_before: Option<SigningKey>,
    /// How many keys, codes and tokens were made.
    made: usize,
    codes: HashMap<String, Grant>,
    redeemed: HashSet<String>,
    tokens: HashMap<String, Grant>,
    refresh_tokens: HashMap<String, Grant>,
    /// Whether a refresh token is of use once.
    rotates: bool,
    /// Who allowed access while they are away, at a provider that gives a refresh token with that alone.
    consented: HashSet<String>,
    /// Whose name Apple has told already.
    named: HashSet<String>,
    complaints: Vec<String>,
}

impl Deref for FakeProvider {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.wire
    }
}

impl FakeProvider {
    /// With no oddities.
    pub fn start() -> Self {
        Self::like(Brand::Plain)
    }

    /// With those of a well-known provider.
    pub fn like(brand: Brand) -> Self {
        let mut world = None;
        let wire = Wire::start(|port| {
            let made = Arc::new(World::new(brand, format!("http://127.0.0.1:{port}")));
            world = Some(Arc::clone(&made));
            made
        });
        let fake = Self {
            wire,
            world: world.expect("it was made"),
            folder: Folder::new(),
            client: (CLIENT_ID, CLIENT_SECRET),
        };
        let (pem, _) = &fake.world.apple_key;
        for (name, text) in [("client_secret", CLIENT_SECRET), ("AuthKey.p8", pem)] {
            write_secret(&fake.folder, name, text);
        }
        fake
    }

    /// The issuer of the metadata, byte for byte.
    pub fn issuer(&self) -> String {
        self.world.issuer()
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
        let mut toml = format!("\n[[providers]]\nid = \"{id}\"\npreset = \"{}\"\n", self.world.brand.preset());
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let secrets = match self.world.brand {
            Brand::Apple => format!(
                "team_id = \"{}\"\nkey_id = \"{}\"\nkey_file = \"{}\"\n",
                brand::TEAM_ID,
                brand::KEY_ID,
                path("AuthKey.p8")
            ),
            _ => format!("client_secret_file = \"{}\"\n", path("client_secret")),
        };
        writeln!(toml, "client_id = \"{CLIENT_ID}\"\n{secrets}{}", self.world.configured_issuer()).expect("text");
        toml + more
    }

    /// Who signs in from now on.
    pub fn person(&self, person: ExternalPerson) {
        let mut state = self.world.state();
        state.person = person;
        state.refusal = None;
    }

    /// From now on `/authorize` answers an error.
    pub fn deny(&self, error: &str, description: &str) {
        self.world.state().refusal = Some((error.to_owned(), description.to_owned()));
    }

    /// It tells one more lie.
    pub fn twist(&self, twist: Twist) {
        self.world.state().twists.push(twist);
    }

    /// It tells no lies any more.
    pub fn straighten(&self) {
        self.world.state().twists.clear();
    }

    /// Any member of the metadata; `Null` takes one away.
    pub fn metadata(&self, name: &str, value: Value) {
        self.world.state().metadata.insert(name.to_owned(), value);
    }

    /// How clients may show their secret.
    pub fn auth_methods(&self, methods: &[&'static str]) {
        self.world.state().auth_methods = methods.to_vec();
    }

    /// Its ID tokens hold no profile.
    pub fn profile_in_userinfo_only(&self) {
        self.world.state().profile_in_userinfo_only = true;
    }

    /// `Cache-Control` of metadata and JWKS.
    pub fn cache(&self, control: &str) {
        self.world.state().cache = Some(control.to_owned());
    }

    /// Moves its clock, which stands where the machine's was.
    pub fn advance_seconds(&self, seconds: i64) {
        self.world.state().clock += seconds;
    }

    /// A new key; the old one is gone.
    pub fn rotate(&self) {
        self.rotate_to_ec();
    }

    /// The same, for ES256.
    pub fn rotate_to_ec(&self) {
        let mut state = self.world.state();
        let key = SigningKey::ec(state.next("key"));
        state.sign_with(key);
    }

    /// The same, for RS256.
    pub fn rotate_to_rsa(&self) {
        let mut state = self.world.state();
        let kid = state.next("key");
        let key = SigningKey::rsa(kid, state.made);
        state.sign_with(key);
    }

    /// From now on a refresh token is of use once, and its successor comes with what it brings.
    pub fn rotates_refresh_tokens(&self) {
        self.world.state().rotates = true;
    }

    /// The person takes back what they allowed: no token from before is of use.
    pub fn withdraw_tokens(&self) {
        let mut state = self.world.state();
        state.tokens.clear();
        state.refresh_tokens.clear();
    }

    /// Whether an access token opens anything there now.
    pub fn takes(&self, access_token: &str) -> bool {
        self.world.state().tokens.contains_key(access_token)
    }

    /// What it found wrong with requests of ours.
    pub fn complaints(&self) -> Vec<String> {
        self.world.state().complaints.clone()
    }

    /// Its clock goes on as the machine's does.
    pub fn runs(&self) {
        self.world.state().runs = true;
    }

    /// Goes there as the browser of somebody with that subject, of whom nothing more is known, and says where that
    /// leads.
    pub async fn visit_as(&self, subject: &str, url: impl AsRef<str>) -> Homecoming {
        Homecoming::with(url.as_ref(), &format!("{SESSION}={subject}")).await
    }

    /// Goes there as a browser does, and says where that leads.
    pub async fn visit(&self, url: impl AsRef<str>) -> Homecoming {
        Homecoming::of(url.as_ref()).await
    }
}

impl std::fmt::Debug for FakeProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeProvider").field("wire", &self.wire).finish_non_exhaustive()
    }
}

/// A file that only its owner reads.
pub(super) fn write_secret(folder: &Folder, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
}

impl World {
    fn new(brand: Brand, base: String) -> Self {
        let state = State {
            person: ExternalPerson::new("fake-person-1").email("ada@fake.example", true).name("Ada Fake"),
            refusal: None,
            twists: Vec::new(),
            metadata: Map::new(),
            auth_methods: brand.auth_methods().to_vec(),
            profile_in_userinfo_only: false,
            cache: None,
            clock: SystemClock.now().seconds(),
            runs: false,
            key: SigningKey::ec("key-0".to_owned()),
            key_before: None,
            made: 0,
            codes: HashMap::new(),
            redeemed: HashSet::new(),
            tokens: HashMap::new(),
            refresh_tokens: HashMap::new(),
            rotates: false,
            consented: HashSet::new(),
            named: HashSet::new(),
            complaints: Vec::new(),
        };
        Self { brand, base, apple_key: super::keys::apple_key(), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn discovery(&self, state: &State) -> Reply {
        let base = &self.base;
        let issuer = self.issuer();
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "userinfo_endpoint": format!("{base}/userinfo"),
            "jwks_uri": format!("{base}/jwks"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": state.auth_methods,
        });
        let members = document.as_object_mut().expect("an object");
        self.brand.change_metadata(members);
        write_over(members, &state.metadata);
        let issuer = match state.twists.iter().find_map(|twist| twisted_metadata(*twist, &issuer)) {
            Some(twisted) => twisted,
            None => members["issuer"].clone(),
        };
        write_over(members, &Map::from_iter([("issuer".to_owned(), issuer)]));
        state.cached(Reply::json(200, &document))
    }

    fn jwks(state: &State) -> Reply {
        state.cached(Reply::json(200, &json!({ "keys": [state.key.jwk()] })))
    }
}

fn twisted_metadata(twist: Twist, issuer: &str) -> Option<Value> {
    match twist {
        Twist::MetadataIssuerOther => Some(json!("https://evil.example")),
        Twist::MetadataIssuerAbsent => Some(Value::Null),
        Twist::MetadataIssuerSlash => Some(json!(other_slash(issuer))),
        _ => None,
    }
}

/// With a slash at the end if there is none, and the reverse.
fn other_slash(issuer: &str) -> String {
    issuer.strip_suffix('/').map_or_else(|| format!("{issuer}/"), str::to_owned)
}

impl State {
    fn cached(&self, reply: Reply) -> Reply {
        match &self.cache {
            Some(control) => reply.header("Cache-Control", control.clone()),
            None => reply,
        }
    }

    fn userinfo(&mut self, seen: &Seen) -> Reply {
        let Some(grant) = seen.bearer().and_then(|token| self.tokens.get(token)).cloned() else {
            self.complain(seen, "not a token of ours");
            return Reply::json(401, &json!({ "error": "invalid_token" })).header("WWW-Authenticate", "Bearer");
        };
        let mut claims = grant.person.profile(&grant.scope);
        claims.insert("sub".to_owned(), json!(grant.person.sub));
        grant.person.write_over(&mut claims);
        let mut twist = |name: &str, value: Value| write_over(&mut claims, &Map::from_iter([(name.to_owned(), value)]));
        for known in &self.twists {
            match known {
                Twist::UserInfoSubjectOther => twist("sub", json!("somebody-else")),
                Twist::UserInfoSubjectAbsent => twist("sub", Value::Null),
                _ => {}
            }
        }
        Reply::json(200, &Value::Object(claims))
    }

    fn complain(&mut self, seen: &Seen, what: impl Into<String>) {
        self.complaints.push(format!("{:?}: {}", seen.endpoint, what.into()));
    }

    fn sign_with(&mut self, key: SigningKey) {
        self.key_before = Some(std::mem::replace(&mut self.key, key));
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}-{}", self.made)
    }

    fn tells(&self, twist: Twist) -> bool {
        self.twists.contains(&twist)
    }

    fn now(&self) -> i64 {
        if self.runs { SystemClock.now().seconds() } else { self.clock }
    }
}

impl Answers for World {
    fn endpoint(&self, path: &str) -> Endpoint {
        match path {
            "/authorize" => Endpoint::Authorize,
            "/token" => Endpoint::Token,
            "/jwks" => Endpoint::Keys,
            "/userinfo" => Endpoint::UserInfo,
            path if path == self.discovery_path() => Endpoint::Discovery,
            _ => Endpoint::Nothing,
        }
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let mut state = self.state();
        match (seen.endpoint, seen.method.as_str()) {
            (Endpoint::Discovery, "GET") => self.discovery(&state),
            (Endpoint::Keys, "GET") => Self::jwks(&state),
            (Endpoint::Authorize, "GET" | "POST") => self.authorize(&mut state, seen),
            (Endpoint::Token, "POST") => self.token(&mut state, seen),
            (Endpoint::UserInfo, "GET" | "POST") => state.userinfo(seen),
            _ => {
                state.complain(seen, format!("{} {} is nothing", seen.method, seen.path));
                Reply::json(404, &json!({ "error": "not_found" }))
            }
        }
    }
}
