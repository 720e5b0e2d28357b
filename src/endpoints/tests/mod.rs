//! The server as a whole, over real sockets and the embedded store.
//!
//! Owns: a running server with one API, four clients and one person. Does not own: what a browser does
//! with it (`tests/it`).

mod pages;
mod server;
mod token;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::app::App;
use crate::clock::{Clock, SystemClock, system_rng, uuid_v7};
use crate::config::{self, Config};
use crate::model::client::{Client, ClientAuthentication, ConsentPolicy, IdTokenClaimsPolicy, PkcePolicy};
use crate::model::code_grant::CodeGrant;
use crate::model::person::{Contact, StoredPassword, User, Username};
use crate::model::refresh::RefreshPolicy;
use crate::model::registry::{Api, ApiScope, Registry, Role};
use crate::model::session::SignIn;
use crate::model::shared_secret::AccessTokenSigning;
use crate::model::signing_key::Algorithm;
use crate::protocol::claims::SingleClaims;
use crate::protocol::ids::{ClientId, GrantId, RoleName, SessionId, UserId};
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::protocol::pkce::{CodeChallenge, CodeVerifier};
use crate::protocol::redirect_uri::{ApplicationType, RedirectUri, RegisteredRedirectUri};
use crate::protocol::scope::{Scope, Scopes};
use crate::protocol::token_request::GrantType;
use crate::startup::{Application, bind};
use crate::store::UserInserted;

const API: &str = "https://api.example.test";
const CALLBACK: &str = "https://app.example.test/cb";
const SECRET: &str = "Sr9Xk2LwQ7vNfT5bYcJ8mHdZpA3gUe6RxVn1iKo4tBs";

fn client(id: &str, secret: Option<&str>, grants: &[GrantType], scope: &str) -> Client {
    let authentication = match secret {
        None => ClientAuthentication::Public,
        Some(secret) => ClientAuthentication::Secret { hashes: vec![TokenHash::of(secret.as_bytes())], pinned: None },
    };
    Client {
        client_id: ClientId::parse(id).unwrap(),
        client_name: id.to_owned(),
        enabled: true,
        first_party: id == "first-party",
        application_type: ApplicationType::Web,
        redirect_uris: vec![RedirectUri::parse(CALLBACK, ApplicationType::Web).unwrap()],
        post_logout_redirect_uris: Vec::new(),
        grant_types: grants.to_vec(),
        authentication,
        scope: Scopes::parse(scope).unwrap(),
        default_scope: Scopes::parse("read:users").unwrap(),
        default_audience: None,
        consent: ConsentPolicy::default(),
        pkce: PkcePolicy::default(),
        access_token_lifetime: None,
        refresh: RefreshPolicy::default(),
        id_token_signed_response_alg: Algorithm::RS256,
        id_token_claims: IdTokenClaimsPolicy::default(),
        allowed_origins: Vec::new(),
        providers: None,
        auto_redirect: false,
        defined_at: None,
    }
}

fn registry() -> Registry {
    let scope =
        |name: &str| ApiScope { name: Scope::parse(name).unwrap(), description: name.to_owned(), implies: Vec::new() };
    let api = Api {
        audience: API.to_owned(),
        scopes: vec![scope("read:users"), scope("write:posts")],
        access_token_lifetime: None,
        signing: AccessTokenSigning::Key(Algorithm::ES256),
        introspection_clients: Vec::new(),
    };
    let reader =
        Role { name: RoleName::parse("reader").unwrap(), scopes: Scopes::parse("read:users").unwrap(), default: true };
    let all = "openid profile email read:users write:posts";
    let clients = vec![
        client("web", Some(SECRET), &[GrantType::AuthorizationCode], all),
        client("spa", None, &[GrantType::AuthorizationCode, GrantType::Password], all),
        client("first-party", None, &[GrantType::Password], all),
        client("service", Some(SECRET), &[GrantType::ClientCredentials], "read:users write:posts"),
    ];
    Registry::new(clients, vec![api], vec![reader], false)
}

fn config(issuer: &str, folder: PathBuf) -> Config {
    let minutes = |minutes: u64| Duration::from_mins(minutes);
    Config {
        server: config::Server {
            issuer: Issuer::parse(issuer).unwrap(),
            listen: Vec::new(),
            admin_listen: None,
            drain: Duration::ZERO,
            shutdown_timeout: Duration::from_secs(5),
        },
        database: config::Database::Sqlite(config::Sqlite { folder, acquire_timeout: Duration::from_secs(5) }),
        redis: None,
        keys: config::Keys {
            encryption_keys: vec![SecretString::from("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned())],
            rotate_every: None,
        },
        log: config::Log { format: config::LogFormat::Json, level: "info".to_owned(), redact: Vec::new() },
        lifetimes: config::Lifetimes {
            code: minutes(1),
            interaction: minutes(30),
            session_idle: minutes(60),
            session_absolute: minutes(600),
            access_token: minutes(10),
            id_token: minutes(10),
            ..config::Lifetimes::default()
        },
        outbound: config::Outbound::default(),
        limits: config::Limits {
            body: 4096,
            query: 8192,
            connections: 100,
            header_timeout: Duration::from_secs(5),
            ..config::Limits::default()
        },
        passwords: config::Passwords {
            memory_kib: 64,
            iterations: 1,
            parallelism: 1,
            threads: 1,
            queue: 4,
            min_length: 15,
        },
        proxies: config::Proxies::default(),
        registry: registry(),
        dev: false,
    }
}

struct Running {
    app: App,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<io::Result<()>>,
    folder: PathBuf,
}

impl Running {
    async fn start(issuer: &str) -> Self {
        let folder = std::env::temp_dir().join(OpaqueToken::generate(&mut system_rng()).expose());
        let config = config(issuer, folder.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let stores = crate::store::open(&config, Arc::clone(&clock)).await.unwrap();
        let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let application = Application::build(config, stores, clock, listeners, None).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = App::clone(&application.live().current());
        let address = *application.addresses().first().unwrap();
        let ended = tokio::spawn(application.run(async move {
            let _ = stopped.await;
        }));
        Self { app, address, stop, ended, folder }
    }

    /// Sends one request on a connection of its own; status, head and body.
    async fn send(&self, request: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = request.replacen("\r\n", "\r\nhost: x\r\nconnection: close\r\n", 1);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        self.send(&format!("GET {path} HTTP/1.1\r\n\r\n")).await
    }

    async fn post(&self, path: &str, headers: &str, form: &str) -> (u16, String, serde_json::Value) {
        let (status, head, body) = self
            .send(&format!(
                "POST {path} HTTP/1.1\r\n{headers}content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
                form.len()
            ))
            .await;
        (status, head, serde_json::from_str(&body).unwrap_or_default())
    }

    async fn userinfo(&self, token: &serde_json::Value) -> (u16, String, String) {
        let token = token.as_str().unwrap();
        self.send(&format!("GET /userinfo HTTP/1.1\r\nauthorization: Bearer {token}\r\n\r\n")).await
    }

    async fn person(&self, password: &str) -> User {
        let now = self.app.now();
        let phc = self.app.passwords.hash(SecretString::from(password.to_owned())).await.unwrap();
        let user = User {
            id: UserId(self.app.fresh_uuid()),
            username: Username::parse("ada").unwrap(),
            email: None,
            email_verified: false,
            name: Some("Ada".to_owned()),
            contact: Contact::default(),
            roles: Vec::new(),
            password: Some(StoredPassword { phc, generated_until: None }),
            disabled: false,
            created_at: now,
            updated_at: now,
            valid_from: now,
        };
        assert_eq!(self.app.stores.users.insert(&user).await.unwrap(), UserInserted::New);
        user
    }

    async fn code(&self, user: &User, scope: &str) -> OpaqueToken {
        let now = self.app.now();
        let code = OpaqueToken::generate(&mut system_rng());
        let grant = CodeGrant {
            client_id: ClientId::parse("web").unwrap(),
            redirect_uri: RegisteredRedirectUri::choose(
                &[RedirectUri::parse(CALLBACK, ApplicationType::Web).unwrap()],
                ApplicationType::Web,
                Some(CALLBACK),
            )
            .unwrap(),
            code_challenge: Some(CodeChallenge::of(&CodeVerifier::parse(SECRET).unwrap())),
            scope: Scopes::parse(scope).unwrap(),
            claims: SingleClaims::default(),
            resource: None,
            nonce: Some("n1".to_owned()),
            user_id: user.id,
            session_id: SessionId(uuid_v7(now, &mut system_rng())),
            sign_in: SignIn::by_password(now),
            grant_id: GrantId(uuid_v7(now, &mut system_rng())),
            expires_at: now.plus(Duration::from_mins(1)),
        };
        self.app.stores.codes.put(&code.hash(), &grant).await.unwrap();
        code
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap().unwrap();
        assert!(TcpStream::connect(self.address).await.is_err(), "it still listens");
        let _ = std::fs::remove_dir_all(self.folder);
    }
}

fn payload(token: &serde_json::Value) -> serde_json::Value {
    use base64::Engine as _;
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
