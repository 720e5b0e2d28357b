//! Records to store in tests.
//!
//! Owns: plausible ones with every field set. Does not own: what is expected of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::clock::{system_rng, uuid_v7};
use crate::model::code_grant::CodeGrant;
use crate::model::consent::Permission;
use crate::model::contact::{Address, PhoneNumber};
use crate::model::departure::{Departure, DepartureSecrets, Errand, Hidden};
use crate::model::grant::Grant;
use crate::model::identity::{ExternalProfile, Identity, IdentityKey, UpstreamAuthentication};
use crate::model::interaction::Interaction;
use crate::model::pending_join::PendingJoin;
use crate::model::person::{Contact, Email, StoredPassword, User, Username};
use crate::model::provider_tokens::SealedTokens;
use crate::model::refresh::{Family, RefreshRules};
use crate::model::sealed_key::{KeyUse, Sealed, SealedKey};
use crate::model::session::{Session, SignIn};
use crate::model::upstream_session::UpstreamSession;
use crate::protocol::claims::{Claims, SingleClaims};
use crate::protocol::id_token::AddressClaim;
use crate::protocol::ids::{ClientId, GrantId, ProviderId, RoleName, SessionId, UserId};
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;

/// A family at its first generation.
pub(super) fn family(offline: bool) -> Family {
    Family::begin(SignIn::by_password(START), Some("https://api.example.org".to_owned()), offline, &RULES, START)
}

/// How refresh tokens behave.
pub(super) const RULES: RefreshRules = RefreshRules {
    rotation: true,
    idle: Duration::from_hours(24),
    absolute: Duration::from_hours(24 * 90),
    grace: Duration::from_secs(20),
};

/// When every test begins: 2026-01-01T00:00:00.007Z.
pub(in crate::store) const START: Timestamp = Timestamp::from_millis(1_767_225_600_007);

/// How long the samples last.
pub(super) const LIFE: Duration = Duration::from_mins(1);

pub(super) fn user_id() -> UserId {
    UserId(uuid_v7(START, &mut system_rng()))
}

pub(super) fn grant_id() -> GrantId {
    GrantId(uuid_v7(START, &mut system_rng()))
}

pub(super) fn secret() -> OpaqueToken {
    OpaqueToken::generate(&mut system_rng())
}

pub(super) fn hash() -> TokenHash {
    secret().hash()
}

pub(super) fn client() -> ClientId {
    ClientId::parse("web-app").unwrap()
}

pub(super) fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

pub(super) fn permission(scope: &str, claims: &str) -> Permission {
    Permission { scope: scopes(scope), claims: Claims::parse(claims) }
}

fn claims() -> SingleClaims {
    SingleClaims { userinfo: Claims::parse("name address"), id_token: Claims::parse("phone_number") }
}

pub(super) fn password(phc: &str) -> StoredPassword {
    StoredPassword { phc: SecretString::from(phc), generated_until: None }
}

/// A person with a name that nobody else has.
pub(in crate::store) fn user() -> User {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    User {
        id: user_id(),
        username: Username::parse(&format!("jürgen-{number}")).unwrap(),
        email: Email::parse(&format!("jürgen{number}@example.org")),
        email_verified: true,
        name: Some("Jürgen Groß 🦉".to_owned()),
        contact: Contact {
            address: Address::parse(AddressClaim {
                formatted: Some("Weg 1\n12345 Köln".to_owned()),
                street_address: Some("Weg 1".to_owned()),
                locality: Some("Köln".to_owned()),
                region: Some("NRW".to_owned()),
                postal_code: Some("12345".to_owned()),
                country: Some("DE".to_owned()),
            })
            .unwrap(),
            phone_number: PhoneNumber::parse("+49 221 123456;ext=7"),
            phone_number_verified: true,
        },
        roles: vec![RoleName::parse("editor").unwrap(), RoleName::parse("admin").unwrap()],
        password: Some(StoredPassword {
            phc: SecretString::from("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"),
            generated_until: Some(START.plus(LIFE)),
        }),
        disabled: true,
        created_at: START,
        updated_at: START.plus(Duration::from_millis(1)),
        valid_from: START.plus(Duration::from_millis(2)),
    }
}

/// Everything of a person, the hash too, which their `Debug` leaves out.
pub(super) fn seen(user: &User) -> String {
    let phc = user.password.as_ref().map(|password| password.phc.expose_secret());
    format!("{user:?} {phc:?}")
}

pub(super) fn session() -> Session {
    Session {
        id: SessionId(uuid_v7(START, &mut system_rng())),
        user_id: user_id(),
        sign_in: SignIn::by_password(START),
        upstream: None,
        last_seen: START,
        expires_at: START.plus(LIFE),
    }
}

/// One that began through that identity.
pub(super) fn session_through(identity: &IdentityKey, sid: Option<&str>) -> Session {
    let upstream = UpstreamSession { identity: identity.clone(), sid: sid.map(str::to_owned) };
    Session { upstream: Some(upstream), ..session() }
}

pub(super) fn code_grant() -> CodeGrant {
    CodeGrant {
        client_id: client(),
        redirect_uri: serde_json::from_value(json!("https://app.example.org/callback?x=1")).unwrap(),
        code_challenge: Some(serde_json::from_value(json!("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")).unwrap()),
        scope: scopes("openid email"),
        claims: claims(),
        resource: Some("https://api.example.org".to_owned()),
        nonce: Some("\"n\\ø\u{0}".to_owned()),
        user_id: user_id(),
        session_id: SessionId(uuid_v7(START, &mut system_rng())),
        sign_in: SignIn::by_password(START),
        grant_id: grant_id(),
        expires_at: START.plus(LIFE),
    }
}

/// In a transaction of its own.
pub(super) fn departure() -> Departure {
    departure_with(&secret())
}

pub(super) fn departure_with(transaction: &OpaqueToken) -> Departure {
    let (browser, state) = (secret(), secret());
    let secrets = DepartureSecrets { browser: &browser, state: &state };
    let transaction = Some(secrets.hide(Hidden::Transaction, transaction));
    Departure {
        provider: ProviderId::parse("acme-id").unwrap(),
        browser: browser.hash(),
        errand: Errand::SignIn { transaction, to_account: false, join: None },
        authenticated_after: Some(START),
        created_at: START,
        expires_at: START.plus(LIFE),
        came_back: false,
    }
}

pub(super) fn interaction() -> Interaction {
    let request = serde_json::from_value(json!({
        "reply_to": {
            "redirect_uri": "https://app.example.org/callback",
            "response_mode": "query",
            "state": "a b'\"",
        },
        "redirect_uri_sent": true,
        "scope": "openid email",
        "resource": null,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "nonce": null,
        "prompt": { "none": false, "login": true, "consent": false },
        "max_age": 300,
        "login_hint": "jürgen",
    }));
    Interaction::begin(client(), request.unwrap(), hash(), START, START.plus(LIFE))
}

/// One with a subject that nobody else has.
pub(super) fn identity(user_id: UserId, provider: &str) -> Identity {
    Identity {
        key: IdentityKey {
            provider: ProviderId::parse(provider).unwrap(),
            issuer: "https://accounts.example".to_owned(),
            subject: format!("sübject|{}", hash().to_key()),
        },
        user_id,
        label: Some("jürgen@example.org".to_owned()),
        created_at: START,
        used_at: START.plus(Duration::from_millis(1)),
    }
}

/// With every field set, and a revision that no others have.
pub(super) fn sealed_tokens() -> SealedTokens {
    SealedTokens {
        revision: uuid_v7(START, &mut system_rng()),
        scope: "openid e-mäil".to_owned(),
        expires_at: Some(START.plus(LIFE)),
        refreshable: true,
        sealed: Sealed { kek_id: "kek-1".to_owned(), bytes: vec![0, 255, 1, 254] },
    }
}

pub(super) fn pending_join() -> PendingJoin {
    let Identity { key, user_id, .. } = identity(user_id(), "google");
    PendingJoin {
        key,
        profile: ExternalProfile {
            username: Some("jürgen".to_owned()),
            name: Some("Jürgen \"Groß\" 🦉".to_owned()),
            email: Email::parse("jürgen@example.org"),
            email_verified: true,
            roles: vec![RoleName::parse("editor").unwrap()],
        },
        authentication: UpstreamAuthentication {
            at: Some(START),
            amr: vec!["pwd".to_owned(), "otp".to_owned()],
            sid: Some("s\\1".to_owned()),
        },
        tokens: Some(sealed_tokens()),
        user: user_id,
        browser: hash(),
        transaction: Some("hidden".to_owned()),
        to_account: true,
        expires_at: START.plus(LIFE),
    }
}

pub(super) fn grant(code: Option<TokenHash>) -> Grant {
    Grant {
        id: grant_id(),
        user_id: user_id(),
        client_id: client(),
        scope: scopes("openid email"),
        claims: claims(),
        code,
        session_id: Some(SessionId(uuid_v7(START, &mut system_rng()))),
        created_at: START,
        expires_at: START.plus(LIFE),
        revoked_at: None,
        refresh: None,
    }
}

pub(super) fn key(usage: KeyUse, number: u32) -> SealedKey {
    SealedKey {
        id: hash().to_key(),
        usage,
        number,
        sealed: Some(Sealed { kek_id: "kek-1".to_owned(), bytes: vec![0, 255, 1, 254] }),
        created_at: START,
        signs_from: START.plus(LIFE),
        revoked_at: None,
    }
}
