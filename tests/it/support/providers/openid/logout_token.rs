//! The logout token of a fake OpenID provider (OpenID Connect Back-Channel Logout 1.0, 2.4).
//!
//! Owns: its claims. Does not own: the lies that ID tokens tell as well, and the signature (`id_token`).

use serde_json::{Value, json};

use super::{CLIENT_ID, FakeProvider, World};
use crate::support::providers::person::write_over;

/// The member of `events`.
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl FakeProvider {
    /// Whoever signs in here now signed out: a new token with these claims changed, under whatever lies are told;
    /// `Null` takes a claim away.
    pub fn logout_token(&self, changes: &Value) -> String {
        self.logout_token_of_type(Some("logout+jwt"), changes)
    }

    /// The same, with that `typ` in its header.
    pub fn logout_token_of_type(&self, typ: Option<&str>, changes: &Value) -> String {
        let mut state = self.world.state();
        let (now, jti) = (state.now(), state.next("jti"));
        let person = state.person.clone();
        let claims = json!({
            "iss": self.world.issuer_of_tokens(&person.claims),
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": jti,
            "sub": person.sub,
            "events": { EVENT: {} },
        });
        let mut claims = claims.as_object().cloned().expect("an object");
        if let Some(sid) = person.claims.get("sid") {
            claims.insert("sid".to_owned(), sid.clone());
        }
        let claims = World::twisted(&state, claims);
        let mut claims = claims.as_object().cloned().expect("an object");
        write_over(&mut claims, changes.as_object().expect("an object"));
        World::signed(&state, typ, &Value::Object(claims))
    }

    /// An ID token of whoever signs in here now, for no code.
    pub fn stray_id_token(&self) -> String {
        self.logout_token_of_type(Some("JWT"), &json!({ "events": null, "nonce": "n", "auth_time": 1 }))
    }
}
