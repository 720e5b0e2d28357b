//! Tokens that an external provider gave for an identity.
//!
//! Owns: what is known of them in the clear, and the record that is kept of them. Does not own: sealing (`tokens`),
//! getting and refreshing them (`upstream`), or who is given one (`custody`).

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::identity::IdentityKey;
use crate::model::sealed_key::Sealed;
use crate::protocol::time::Timestamp;

/// An access token is not given to anybody for whom it would end on the way.
const MARGIN: Duration = Duration::from_secs(30);

/// The answer of a token endpoint (RFC 6749 5.1), in the clear. Its `Debug` shows no token.
#[derive(Debug, Clone)]
pub struct ProviderTokens {
    /// `access_token`; always a bearer token (RFC 6750).
    pub access_token: SecretString,
    /// `refresh_token`, where there is one.
    pub refresh_token: Option<SecretString>,
    /// `scope`: what was granted, separated by spaces; what was asked for, where the provider says nothing.
    pub scope: String,
    /// When the access token ends by `expires_in`; `None` where the provider does not say.
    pub expires_at: Option<Timestamp>,
}

impl ProviderTokens {
    /// What a refresh brought (RFC 6749 6): what the answer leaves out stays as it was.
    #[must_use]
    pub fn refreshed_to(self, answer: RefreshedTokens) -> Self {
        Self {
            access_token: answer.access_token,
            refresh_token: answer.refresh_token.or(self.refresh_token),
            scope: answer.scope.unwrap_or(self.scope),
            expires_at: answer.expires_at,
        }
    }
}

/// The answer to a refresh, in the clear.
#[derive(Debug, Clone)]
pub struct RefreshedTokens {
    /// `access_token`.
    pub access_token: SecretString,
    /// `refresh_token`, where the old one is replaced.
    pub refresh_token: Option<SecretString>,
    /// `scope`, where it is another.
    pub scope: Option<String>,
    /// As in [`ProviderTokens`].
    pub expires_at: Option<Timestamp>,
}

/// Tokens of one identity, sealed: bound to its key, so that they open as nobody else's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedTokens {
    /// Another one each time that tokens are sealed; sealing the same ones under another key-encryption key keeps it.
    pub revision: Uuid,
    /// As in [`ProviderTokens`], for an administrator to see: what counts is sealed.
    pub scope: String,
    /// As in [`ProviderTokens`], for an administrator to see.
    pub expires_at: Option<Timestamp>,
    /// Whether there is a refresh token, for an administrator to see.
    pub refreshable: bool,
    /// All of it, sealed.
    pub sealed: Sealed,
}

/// Tokens as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTokens {
    /// Whose.
    pub key: IdentityKey,
    /// The tokens.
    pub tokens: SealedTokens,
    /// Until when somebody has them to itself who refreshes them.
    pub claimed_until: Option<Timestamp>,
}

impl KeptTokens {
    /// Whether somebody is refreshing them.
    #[must_use]
    pub fn is_claimed(&self, now: Timestamp) -> bool {
        self.claimed_until.is_some_and(|until| !until.is_over(now))
    }
}

/// Whether an access token that ends then is of use still.
#[must_use]
pub fn is_live(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_none_or(|at| !at.is_over(now.plus(MARGIN)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);

    fn tokens() -> ProviderTokens {
        ProviderTokens {
            access_token: SecretString::from("old-access"),
            refresh_token: Some(SecretString::from("old-refresh")),
            scope: "openid email".to_owned(),
            expires_at: Some(NOW),
        }
    }

    #[test]
    fn what_an_answer_leaves_out_stays_but_for_the_expiry() {
        let bare = RefreshedTokens {
            access_token: SecretString::from("new-access"),
            refresh_token: None,
            scope: None,
            expires_at: None,
        };
        let full = RefreshedTokens {
            refresh_token: Some(SecretString::from("new-refresh")),
            scope: Some("openid".to_owned()),
            expires_at: Some(NOW.plus(MARGIN)),
            ..bare.clone()
        };
        let seen = |tokens: &ProviderTokens| {
            let refresh = tokens.refresh_token.as_ref().map(|token| token.expose_secret().to_owned());
            (tokens.access_token.expose_secret().to_owned(), refresh, tokens.scope.clone(), tokens.expires_at)
        };
        let of = |access: &str, refresh: &str, scope: &str, at| {
            (access.to_owned(), Some(refresh.to_owned()), scope.to_owned(), at)
        };
        assert_eq!(seen(&tokens().refreshed_to(bare)), of("new-access", "old-refresh", "openid email", None));
        let expected = of("new-access", "new-refresh", "openid", Some(NOW.plus(MARGIN)));
        assert_eq!(seen(&tokens().refreshed_to(full)), expected);
    }

    #[test]
    fn a_token_is_live_until_shortly_before_its_end() {
        let end = NOW.plus(MARGIN);
        assert!(is_live(None, NOW));
        assert!(is_live(Some(end.plus(Duration::from_millis(1))), NOW));
        assert!(!is_live(Some(end), NOW));
        assert!(!is_live(Some(NOW), NOW));
    }

    #[test]
    fn no_token_is_printed() {
        let shown = format!("{:?}", tokens());
        assert!(shown.contains("openid email") && !shown.contains("old-"), "{shown}");
    }
}
