//! RFC 9068 2.2: what a verified access token says.
//!
//! Owns: reading the claims, each of its type. Does not own: whether they are acceptable (`verify`).

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::refusal::Fault;
use crate::scope::is_scope;

/// An access token that passed every check: holding one proves it.
pub struct AccessToken {
    pub(crate) issuer: String,
    subject: String,
    pub(crate) audience: Vec<String>,
    client_id: String,
    id: String,
    scope: String,
    pub(crate) expires_at: i64,
    pub(crate) issued_at: i64,
    pub(crate) not_before: Option<i64>,
    claims: Map<String, Value>,
}

impl AccessToken {
    /// Reads the claims that every access token has; unverified so far.
    pub(crate) fn read(claims: Map<String, Value>) -> Result<Self, Fault> {
        let present = |name: &str| claims.get(name).ok_or(Fault::MissingClaim);
        let text = |name: &str| match present(name)? {
            Value::String(text) if !text.is_empty() => Ok(text.clone()),
            _ => Err(Fault::Claims),
        };
        let scope = match claims.get("scope") {
            None => String::new(),
            Some(Value::String(scope)) if scope.is_empty() || is_scope(scope) => scope.clone(),
            Some(_) => return Err(Fault::Claims),
        };
        Ok(Self {
            issuer: text("iss")?,
            subject: text("sub")?,
            audience: audience(present("aud")?)?,
            client_id: text("client_id")?,
            id: text("jti")?,
            scope,
            expires_at: instant(present("exp")?)?,
            issued_at: instant(present("iat")?)?,
            not_before: claims.get("nbf").map(instant).transpose()?,
            claims,
        })
    }

    /// `iss`: who issued it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`: who it is about. The id of a person, or the client where it acts for itself.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `aud`: for which APIs it is; yours is among them.
    #[must_use]
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// `client_id`: the application that asked for it.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// `jti`: its own id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `scope` as it stands there; empty where there is none.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Whether it has all of these scopes, which are separated by spaces.
    #[must_use]
    pub fn has_scope(&self, needed: &str) -> bool {
        needed.split_ascii_whitespace().all(|needed| self.scope.split(' ').any(|scope| scope == needed))
    }

    /// `exp` in seconds since 1970.
    #[must_use]
    pub const fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// `iat` in seconds since 1970.
    #[must_use]
    pub const fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// Any claim.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// All claims as a type of yours.
    ///
    /// # Errors
    /// What serde says when they do not fit.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Value::Object(self.claims.clone()))
    }
}

/// Without the claims, which may say more of a person than belongs into a log.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("subject", &self.subject)
            .field("client_id", &self.client_id)
            .field("id", &self.id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// RFC 7519 4.1.3: one, or a list of at least one.
fn audience(value: &Value) -> Result<Vec<String>, Fault> {
    let one = |value: &Value| value.as_str().map(str::to_owned).ok_or(Fault::Claims);
    match value {
        Value::Array(list) if !list.is_empty() => list.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

/// RFC 7519 2, NumericDate: a number, whose fraction is cut off here.
fn instant(value: &Value) -> Result<i64, Fault> {
    /// Beyond, a float has no whole seconds any more.
    const FARTHEST: f64 = 9e15;
    if let Some(seconds) = value.as_i64() {
        return Ok(seconds);
    }
    match value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "its bounds were just looked at")]
        Some(seconds) if seconds.abs() < FARTHEST => Ok(seconds as i64),
        _ => Err(Fault::Claims),
    }
}
