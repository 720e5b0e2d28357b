//! Identities at external providers, put straight into the stores: joined to somebody, or waiting for a proof.
//!
//! Owns: making them. Does not own: coming from a provider for real (`providers`).

use vestibule::model::identity::{ExternalProfile, Identity, IdentityKey, UpstreamAuthentication};
use vestibule::model::pending_join::PendingJoin;
use vestibule::model::person::Email;
use vestibule::protocol::ids::ProviderId;
use vestibule::protocol::opaque::{OpaqueToken, TokenHash};
use vestibule::store::IdentityInserted;

use super::agent::UserAgent;
use super::app::TestApp;
use super::ask::unique;
use super::people::Person;

/// Two providers and what they need; nobody answers there.
pub const PROVIDERS: &str = r#"
[[providers]]
id = "google"
client_id = "us"
client_secret = { env = "TEST_KEY" }

[[providers]]
id = "github"
client_id = "us"
client_secret = { env = "TEST_KEY" }
"#;

/// A key with a subject that nobody else has.
pub fn key(provider: &str) -> IdentityKey {
    IdentityKey {
        provider: ProviderId::parse(provider).expect("an id"),
        issuer: format!("https://{provider}.example"),
        subject: unique("subject"),
    }
}

/// Somebody of that verified address.
pub fn profile(address: &str) -> ExternalProfile {
    ExternalProfile {
        username: Some(unique("visitor")),
        name: Some("Visitor Example".to_owned()),
        email: Email::parse(address),
        email_verified: true,
        roles: Vec::new(),
    }
}

impl TestApp {
    /// Joins a new identity to somebody.
    pub async fn joined(&self, person: &Person, provider: &str) -> IdentityKey {
        let now = self.app().now();
        let label = Some(format!("{}@{provider}.example", person.username));
        let identity = Identity { key: key(provider), user_id: person.id, label, created_at: now, used_at: now };
        let inserted = self.app().stores.identities.insert(&identity).await.expect("the store");
        assert_eq!(inserted, IdentityInserted::New);
        identity.key
    }

    /// Whose account an identity opens.
    pub async fn opens(&self, key: &IdentityKey) -> Option<String> {
        let found = self.app().stores.identities.find(key).await.expect("the store");
        found.map(|(_, user)| user.username.to_string())
    }

    /// A joining of this browser that waits for that person's proof; the address of its page.
    pub async fn waiting(&self, browser: &UserAgent, person: &Person, key: &IdentityKey) -> String {
        self.waiting_in(browser, person, key, None).await
    }

    /// The same in a transaction, by its id.
    pub async fn waiting_in(
        &self,
        browser: &UserAgent,
        person: &Person,
        key: &IdentityKey,
        transaction: Option<&str>,
    ) -> String {
        let id = OpaqueToken::generate(&mut vestibule::clock::system_rng());
        let secret = browser_secret(browser);
        let transaction = transaction.map(|text| OpaqueToken::parse(text).expect("an id"));
        let pending = PendingJoin {
            key: key.clone(),
            profile: profile(&format!("{}@example.test", person.username)),
            authentication: UpstreamAuthentication::default(),
            tokens: None,
            user: person.id,
            browser: secret.hash(),
            transaction: transaction.map(|transaction| PendingJoin::hide(&secret, &id, &transaction)),
            to_account: false,
            expires_at: self.app().now().plus(self.app().config.lifetimes.interaction),
        };
        self.app().stores.joins.put(&TokenHash::of(id.expose().as_bytes()), &pending).await.expect("the store");
        self.url(&format!("/join?id={}", id.expose()))
    }
}

/// The secret that names a browser.
fn browser_secret(browser: &UserAgent) -> OpaqueToken {
    let found = browser.cookies.iter().find(|(name, _)| name.contains("browser"));
    OpaqueToken::parse(found.expect("a browser cookie").1).expect("a token")
}
