//! The proof that a provider vouched for somebody.
//!
//! Owns: that it is made here only. Does not own: what it is made from (`oidc`, `github`,
//! `generic`), or whose account it opens.

use crate::model::identity::{ExternalProfile, IdentityKey, UpstreamAuthentication};
use crate::model::provider_tokens::ProviderTokens;
use crate::upstream::error::{Reason, UpstreamError};

/// Somebody for whom a provider vouched, to us and just now.
#[derive(Debug, Clone)]
pub struct UpstreamIdentity {
    key: IdentityKey,
    profile: ExternalProfile,
    authentication: UpstreamAuthentication,
    tokens: Option<ProviderTokens>,
}

impl UpstreamIdentity {
    /// The subject is 1 to 255 bytes without control characters.
    pub(super) fn new(
        key: IdentityKey,
        profile: ExternalProfile,
        authentication: UpstreamAuthentication,
        tokens: Option<ProviderTokens>,
    ) -> Result<Self, UpstreamError> {
        let length = key.subject.len();
        if !(1..=255).contains(&length) || key.subject.chars().any(char::is_control) {
            return Err(UpstreamError::new(Reason::Subject, format!("a subject of {length} bytes is none")));
        }
        Ok(Self { key, profile, authentication, tokens })
    }

    /// What they are found by.
    #[must_use]
    pub const fn key(&self) -> &IdentityKey {
        &self.key
    }

    /// What the provider says of them.
    #[must_use]
    pub const fn profile(&self) -> &ExternalProfile {
        &self.profile
    }

    /// How they were authenticated there.
    #[must_use]
    pub const fn authentication(&self) -> &UpstreamAuthentication {
        &self.authentication
    }

    /// The tokens that the provider gave, where they are to be kept.
    #[must_use]
    pub const fn tokens(&self) -> Option<&ProviderTokens> {
        self.tokens.as_ref()
    }
}
