//! What the single operations cost: `cargo bench --bench operations [WORD]`.
//!
//! Owns: a small world and one loop for each operation. Does not own: whole requests (`load`). Operations
//! run one after the other; the time of each is from the fastest of five rounds, since whatever else the
//! machine does only ever adds to it.

#![expect(clippy::print_stdout, reason = "its output is its result")]
#![expect(clippy::indexing_slicing, reason = "an index within bounds")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start says so and ends")]

#[expect(dead_code, reason = "memory is read by the other benchmark")]
mod cpu;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use uuid::Uuid;
use vestibule::clock::{SystemClock, system_rng, uuid_v7};
use vestibule::config::{Config, DemoSecrets, DevSettings, load_dev};
use vestibule::model::checked_request::CheckedRequest;
use vestibule::model::client::Client;
use vestibule::model::code_grant::CodeGrant;
use vestibule::model::grant::Grant;
use vestibule::model::interaction::Interaction;
use vestibule::model::next_step::{Situation, next_step};
use vestibule::model::person::{Contact, StoredPassword, User, Username};
use vestibule::model::session::{Session, SignIn};
use vestibule::model::signing_key::Algorithm;
use vestibule::passwords::PasswordHasher;
use vestibule::protocol::access_token::{AccessTokenClaims, Audience};
use vestibule::protocol::authorization::{Addressee, AuthorizationRequest};
use vestibule::protocol::claims::{Claims, SingleClaims};
use vestibule::protocol::ids::{GrantId, RoleName, SessionId, UserId};
use vestibule::protocol::issuer::Issuer;
use vestibule::protocol::opaque::OpaqueToken;
use vestibule::protocol::params::Params;
use vestibule::protocol::pkce::{CodeChallenge, CodeVerifier};
use vestibule::protocol::scope::Scopes;
use vestibule::protocol::time::Timestamp;
use vestibule::store::{self, Stores};
use vestibule::tokens::Tokens;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const QUERY: &[u8] = b"response_type=code&client_id=spa&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback\
    &scope=openid+profile+read%3Ausers&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let data = std::env::temp_dir().join(format!("vestibule-bench-{}", std::process::id()));
    let bench = Bench { wanted, runtime };
    println!("{:<44} {:>12} {:>12} {:>14}", "operation", "wall us", "CPU us", "a second");
    let config = config(data.clone());
    pure(&bench, &config);
    signatures(&bench, &config);
    passwords(&bench, &config);
    stored(&bench, &config);
    let _ = std::fs::remove_dir_all(data);
}

struct Bench {
    wanted: String,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    /// Runs `operation` `count` times in each of five rounds.
    #[expect(clippy::disallowed_methods, reason = "time is what is measured")]
    fn measure<F: Future>(&self, name: &str, count: u32, operation: impl Fn() -> F) {
        if !name.contains(&self.wanted) {
            return;
        }
        let (mut wall, mut used) = (Duration::MAX, f64::MAX);
        for _ in 0..5 {
            let (began, before) = (Instant::now(), cpu::seconds(std::process::id()));
            self.runtime.block_on(async {
                for _ in 0..count {
                    black_box(operation().await);
                }
            });
            wall = wall.min(began.elapsed());
            used = used.min(cpu::seconds(std::process::id()) - before);
        }
        let each = wall.as_secs_f64() / f64::from(count);
        let used = used / f64::from(count) * 1e6;
        println!("{name:<44} {:>12.2} {used:>12.2} {:>14.0}", each * 1e6, 1.0 / each);
    }
}

fn config(data: std::path::PathBuf) -> Config {
    let settings = DevSettings {
        issuer: Issuer::parse("http://localhost:9400").unwrap(),
        listen: Vec::new(),
        data,
        redis_url: None,
        encryption_key: "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=".into(),
        secrets: DemoSecrets { web: "w".into(), service: "s".into(), api: "a".into() },
    };
    load_dev(None, &settings, &|_| None).unwrap()
}

fn spa(config: &Config) -> &Client {
    config.registry.find_client("spa").unwrap()
}

fn check(config: &Config) -> CheckedRequest {
    let params = Params::parse(QUERY).unwrap();
    let client = config.registry.find_client(params.get("client_id").unwrap()).unwrap();
    let reply_to = client.reply_to(&Addressee::read(&params)).unwrap();
    let request = AuthorizationRequest::parse(&params).unwrap();
    CheckedRequest::check(request, reply_to, true, client, &config.registry).unwrap()
}

fn pure(bench: &Bench, config: &Config) {
    bench.measure("parameters of an authorization request", 200_000, || async { Params::parse(QUERY).unwrap() });
    bench.measure("PKCE: challenge of a verifier, compared", 200_000, || async {
        let verifier = CodeVerifier::parse(VERIFIER).unwrap();
        CodeChallenge::of(&verifier).matches(&verifier)
    });
    bench.measure("authorization request, parsed and checked", 100_000, || async { check(config) });
    let user = person();
    let session = Session {
        id: SessionId(Uuid::from_u128(2)),
        user_id: user.id,
        sign_in: SignIn::by_password(NOW),
        upstream: None,
        last_seen: NOW,
        expires_at: NOW.plus(Duration::from_hours(1)),
    };
    let browser = OpaqueToken::generate(&mut system_rng()).hash();
    let client = spa(config);
    let interaction = Interaction::begin(client.client_id.clone(), check(config), browser, NOW, session.expires_at);
    let signed_in = Some((&user, &session));
    let registry = &config.registry;
    let situation = Situation {
        interaction: &interaction,
        client,
        registry,
        signed_in,
        made_here: false,
        remembered: None,
        now: NOW,
    };
    bench.measure("next step of a transaction", 200_000, || async { next_step(black_box(&situation)) });
}

fn person() -> User {
    User {
        id: UserId(Uuid::from_u128(1)),
        username: Username::parse("ada").unwrap(),
        email: None,
        email_verified: false,
        name: None,
        contact: Contact::default(),
        roles: vec![RoleName::parse("demo-admin").unwrap()],
        password: None,
        disabled: false,
        created_at: NOW,
        updated_at: NOW,
        valid_from: NOW,
    }
}

fn signatures(bench: &Bench, config: &Config) {
    let tokens = bench.runtime.block_on(async {
        let stores = store::open(config, Arc::new(SystemClock)).await.unwrap();
        let algorithms = [Algorithm::ES256, Algorithm::RS256];
        let (issuer, keys) = (&config.server.issuer, &config.keys);
        Tokens::open(issuer, keys, &algorithms, stores.keys.as_ref(), &SystemClock).await.unwrap()
    });
    let claims = AccessTokenClaims {
        iss: config.server.issuer.as_str().to_owned(),
        sub: "service".to_owned(),
        aud: Audience::One("https://api.example.test".to_owned()),
        exp: NOW.seconds() + 600,
        iat: NOW.seconds(),
        jti: AccessTokenClaims::jti(None, Uuid::from_u128(3)),
        client_id: "service".to_owned(),
        scope: Scopes::parse("read:users write:posts").unwrap(),
        authentication: None,
        userinfo_claims: Claims::default(),
    };
    for (algorithm, count) in [(Algorithm::ES256, 20_000), (Algorithm::RS256, 1_000)] {
        let name = algorithm.as_str();
        let sign = || async { tokens.sign_access_token(&claims, algorithm).await.unwrap() };
        bench.measure(&format!("access token signed, {name}"), count, sign);
        let jti = |index: u32| AccessTokenClaims::jti(None, Uuid::from_u128(index.into()));
        let others = (0..5_000).map(|index| AccessTokenClaims { jti: jti(index), ..claims.clone() });
        let sight: Vec<String> = others
            .map(|claims| bench.runtime.block_on(tokens.sign_access_token(&claims, algorithm)).unwrap())
            .collect();
        let next = AtomicUsize::new(0);
        bench.measure(&format!("access token verified, {name}, first sight"), 1_000, || async {
            tokens.verify_access_token(&sight[next.fetch_add(1, Ordering::Relaxed) % sight.len()], NOW).unwrap()
        });
        bench.measure(&format!("access token verified, {name}, again"), 10_000, || async {
            tokens.verify_access_token(&sight[0], NOW).unwrap()
        });
    }
}

fn passwords(bench: &Bench, config: &Config) {
    let hasher = PasswordHasher::start(&config.passwords).unwrap();
    let phc = bench.runtime.block_on(hasher.hash("correct horse battery".into())).unwrap();
    let stored = StoredPassword { phc, generated_until: None };
    bench.measure("password verified, argon2id 19 MiB, 2 passes", 20, || async {
        hasher.verify("correct horse battery".into(), Some(&stored)).await.unwrap()
    });
}

fn stored(bench: &Bench, config: &Config) {
    let stores: Stores = bench.runtime.block_on(store::open(config, Arc::new(SystemClock))).unwrap();
    let user = person();
    bench.runtime.block_on(stores.users.insert(&user)).unwrap();
    let client_id = spa(config).client_id.clone();
    let scope = Scopes::parse("openid read:users").unwrap();
    let expires_at = NOW.plus(Duration::from_hours(24));
    bench.measure("grant inserted, SQLite, synchronous=FULL", 200, || async {
        let grant = Grant {
            id: GrantId(uuid_v7(NOW, &mut system_rng())),
            user_id: user.id,
            client_id: client_id.clone(),
            scope: scope.clone(),
            claims: SingleClaims::default(),
            code: Some(OpaqueToken::generate(&mut system_rng()).hash()),
            session_id: None,
            refresh: None,
            created_at: NOW,
            expires_at,
            revoked_at: None,
        };
        stores.grants.insert(&grant).await.unwrap()
    });
    let request = check(config);
    bench.measure("code put and taken, embedded store", 500, || async {
        let code = OpaqueToken::generate(&mut system_rng()).hash();
        let grant = CodeGrant {
            client_id: client_id.clone(),
            redirect_uri: request.reply_to.redirect_uri().clone(),
            code_challenge: request.code_challenge.clone(),
            scope: scope.clone(),
            claims: SingleClaims::default(),
            resource: None,
            nonce: None,
            user_id: user.id,
            session_id: SessionId(Uuid::from_u128(2)),
            sign_in: SignIn::by_password(NOW),
            grant_id: GrantId(Uuid::from_u128(3)),
            expires_at,
        };
        stores.codes.put(&code, &grant).await.unwrap();
        stores.codes.take(&code).await.unwrap()
    });
}
