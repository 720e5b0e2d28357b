//! Who signs in at a fake OpenID provider, as the test says.
//!
//! Owns: the person's claims. Does not own: lies about them (`twist`).

use serde_json::{Map, Value, json};

/// Somebody with an account there.
#[derive(Debug, Clone)]
pub struct ExternalPerson {
    pub sub: String,
    pub email: Option<String>,
    pub email_verified: Option<bool>,
    pub name: Option<String>,
    /// Seconds before now; `None`: said where `max_age` or `prompt=login` asks, and then it is now.
    pub signed_in_ago: Option<i64>,
    /// Written over everything else in the ID token and in userinfo; `Null` takes a claim away.
    pub claims: Map<String, Value>,
}

impl ExternalPerson {
    /// Nothing is known of them but this.
    pub fn new(sub: impl Into<String>) -> Self {
        Self { sub: sub.into(), email: None, email_verified: None, name: None, signed_in_ago: None, claims: Map::new() }
    }

    /// An address, and whether it is said to be verified.
    pub fn email(mut self, email: &str, verified: bool) -> Self {
        self.email = Some(email.to_owned());
        self.email_verified = Some(verified);
        self
    }

    /// An address of which nothing more is said.
    pub fn email_alone(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self.email_verified = None;
        self
    }

    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Any claim, of any type; `Null` takes one away.
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims.insert(name.to_owned(), value);
        self
    }

    /// They signed in there so many seconds before they came.
    pub fn auth_time_ago(mut self, seconds: i64) -> Self {
        self.signed_in_ago = Some(seconds);
        self
    }

    /// What is told by the scopes of OpenID Connect Core 5.4.
    pub(super) fn profile(&self, scope: &str) -> Map<String, Value> {
        let mut claims = Map::new();
        let asks = |name: &str| scope.split(' ').any(|word| word == name);
        if let Some(email) = self.email.as_ref().filter(|_| asks("email")) {
            claims.insert("email".to_owned(), json!(email));
            if let Some(verified) = self.email_verified {
                claims.insert("email_verified".to_owned(), json!(verified));
            }
        }
        if let Some(name) = self.name.as_ref().filter(|_| asks("profile")) {
            claims.insert("name".to_owned(), json!(name));
        }
        claims
    }

    pub(super) fn write_over(&self, claims: &mut Map<String, Value>) {
        write_over(claims, &self.claims);
    }
}

/// Lays members over others; `Null` takes one away.
pub(super) fn write_over(members: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (name, value) in over {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
}
