//! What is asked under load: each scenario is one operation as a client does it.
//!
//! Owns: the requests and that their answers are right. Does not own: how often, or what is measured.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::http::{Connection, Reply};
use crate::server::{PASSWORD, SECRET, USERNAME};

const REDIRECT_URI: &str = "http://localhost:3000/callback";
const SIGN_IN: &str = "openid profile read:users";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// One operation; a wrong answer ends the run.
pub type Operation = Box<dyn Fn(&mut Connection) + Send + Sync>;

/// What is measured together.
pub struct Scenario {
    /// How the table calls it.
    pub name: &'static str,
    /// Whether the floor is asked.
    pub floor: bool,
    /// Whether a crowd of sign-ins hangs at a provider meanwhile.
    pub beside_hanging: bool,
    /// How many at once.
    pub connections: u32,
    /// Operations a round.
    pub count: u32,
    /// What a connection does before the clock runs.
    pub prepare: Option<Operation>,
    /// What is counted.
    pub operation: Operation,
}

/// Every scenario, for a server on this port.
pub fn all(port: u16) -> Vec<Scenario> {
    let plain = |name, count, operation| Scenario {
        name,
        floor: false,
        beside_hanging: false,
        connections: 8,
        count,
        prepare: None,
        operation,
    };
    let floor = |name, count, operation| Scenario { floor: true, ..plain(name, count, operation) };
    let hashing = |name, count, operation| Scenario { connections: 2, ..plain(name, count, operation) };
    let beside = |name, operation| Scenario { beside_hanging: true, ..hashing(name, 200, operation) };
    let rotating = |name, connections, count, scope| Scenario {
        connections,
        prepare: Some(begin_family(scope)),
        ..plain(name, count, Box::new(refresh))
    };
    vec![
        floor("floor: document", 50_000, document("/document")),
        plain("discovery", 50_000, document("/.well-known/openid-configuration")),
        plain("JWKS", 50_000, document("/jwks")),
        floor("floor: sign and answer, ES256", 20_000, client_credentials("read:users")),
        plain("client credentials, ES256", 20_000, client_credentials("read:users")),
        plain("client credentials, RS256", 4_000, client_credentials("read:rsa")),
        plain("introspection, 1,000 live tokens", 20_000, introspection(port)),
        plain("userinfo", 20_000, userinfo(port)),
        rotating("refresh, 4 chains", 4, 2_000, "read:users"),
        rotating("refresh, 64 chains", 64, 6_400, "read:users"),
        rotating("refresh and an RS256 ID token, 4 chains", 4, 2_000, "openid read:users"),
        hashing("password grant, argon2id", 40, Box::new(password)),
        hashing("code flow, 5 requests, 1 argon2id", 200, Box::new(code_flow)),
        beside("code flow, while 200 sign-ins hang", Box::new(code_flow)),
    ]
}

/// `GET` of a document that is the same for all.
fn document(path: &'static str) -> Operation {
    Box::new(move |connection| {
        ok(&connection.get(path, "").unwrap());
    })
}

/// The client credentials grant, with HTTP Basic.
fn client_credentials(scope: &'static str) -> Operation {
    let basic = basic("service");
    Box::new(move |connection| {
        issue(connection, &basic, scope);
    })
}

fn issue(connection: &mut Connection, basic: &str, scope: &str) -> String {
    let form = form(&[("grant_type", "client_credentials"), ("scope", scope)]);
    ok(&connection.post("/token", basic, &form).unwrap())["access_token"].as_str().unwrap().to_owned()
}

/// Live tokens asked again and again.
fn introspection(port: u16) -> Operation {
    let mut connection = Connection::open(port).unwrap();
    let service = basic("service");
    let forms: Vec<String> =
        (0..1_000).map(|_| form(&[("token", &issue(&mut connection, &service, "read:users"))])).collect();
    let (next, api) = (AtomicUsize::new(0), basic("api"));
    Box::new(move |connection| {
        let form = &forms[next.fetch_add(1, Ordering::Relaxed) % forms.len()];
        assert_eq!(ok(&connection.post("/introspect", &api, form).unwrap())["active"], true);
    })
}

/// Userinfo with one and the same token.
fn userinfo(port: u16) -> Operation {
    let tokens = sign_in(&mut Connection::open(port).unwrap(), SIGN_IN);
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    Box::new(move |connection| {
        assert!(ok(&connection.get("/userinfo", &bearer).unwrap())["sub"].is_string());
    })
}

fn begin_family(scope: &'static str) -> Operation {
    Box::new(move |connection| {
        let tokens = sign_in(connection, scope);
        tokens["refresh_token"].as_str().unwrap().clone_into(&mut connection.kept);
    })
}

fn refresh(connection: &mut Connection) {
    let form = form(&[("grant_type", "refresh_token"), ("refresh_token", &connection.kept)]);
    let reply = connection.post("/token", &basic("web"), &form).unwrap();
    ok(&reply)["refresh_token"].as_str().unwrap().clone_into(&mut connection.kept);
}

/// The password grant of the first-party client.
fn password(connection: &mut Connection) {
    let form = form(&[
        ("grant_type", "password"),
        ("client_id", "first-party"),
        ("username", USERNAME),
        ("password", PASSWORD),
    ]);
    assert!(ok(&connection.post("/token", "", &form).unwrap())["access_token"].is_string());
}

/// The code flow of a browser without a session: five requests, one password hash.
fn code_flow(connection: &mut Connection) {
    sign_in(connection, SIGN_IN);
}

fn sign_in(connection: &mut Connection, scope: &str) -> Value {
    connection.forget();
    let query = form(&[
        ("response_type", "code"),
        ("client_id", "web"),
        ("redirect_uri", REDIRECT_URI),
        ("scope", scope),
        ("state", "af0ifjsldkj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let mut reply = connection.get(&format!("/authorize?{query}"), "").unwrap();
    let code = loop {
        if let Some(code) = reply.location.strip_prefix(REDIRECT_URI).and_then(|rest| between(rest, "code=", "&")) {
            break code.to_owned();
        }
        reply = if reply.status == 303 {
            connection.get(&path_of(&reply.location), "").unwrap()
        } else {
            assert_eq!(reply.status, 200, "{}", reply.body);
            submit(connection, &reply.body)
        };
    };
    let form = form(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ]);
    ok(&connection.post("/token", &basic("web"), &form).unwrap())
}

/// Fills in the form of a page: the sign-in, or the consent of the first time.
fn submit(connection: &mut Connection, page: &str) -> Reply {
    let hidden = |name: &str| between(page, &format!("name=\"{name}\" value=\""), "\"").unwrap_or_default().to_owned();
    let (csrf, scope) = (hidden("csrf"), hidden("scope"));
    let fields = if page.contains("type=\"password\"") {
        form(&[("csrf", &csrf), ("username", USERNAME), ("password", PASSWORD)])
    } else {
        form(&[("csrf", &csrf), ("scope", &scope), ("decision", "allow")])
    };
    let (_, behind) = page.split_once("<form method=\"post\"").unwrap();
    let action = between(behind, "action=\"", "\"").unwrap();
    connection.post(&path_of(&action.replace("&#38;", "&")), "", &fields).unwrap()
}

fn basic(client_id: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client_id}:{SECRET}")))
}

fn ok(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.body);
    serde_json::from_str(&reply.body).unwrap_or_default()
}

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, behind) = text.split_once(before)?;
    Some(behind.split(after).next().unwrap_or_default())
}

/// A location without scheme and host.
fn path_of(location: &str) -> String {
    let behind = location.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest.split_at(at).1));
    behind.unwrap_or(location).to_owned()
}
