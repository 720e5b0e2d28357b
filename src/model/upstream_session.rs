//! A session of ours that began at an external provider, and which of them end when the person signs out there.
//!
//! Owns: what is kept of that beginning, the names it is found by, and which sessions a sign-out means (OpenID Connect
//! Back-Channel Logout 1.0, 2.7). Does not own: who says so (`upstream`), or ending anything (`web/session`).

use serde::{Deserialize, Serialize};

use crate::model::identity::{IdentityKey, UpstreamAuthentication};
use crate::protocol::ids::ProviderId;
use crate::protocol::opaque::TokenHash;

/// Through what a session began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamSession {
    /// Who came.
    pub identity: IdentityKey,
    /// `sid` of the ID token: the session there; `None` when the provider does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

impl UpstreamSession {
    /// Of an identity that was just made sure of.
    #[must_use]
    pub fn of(identity: &IdentityKey, there: &UpstreamAuthentication) -> Self {
        Self { identity: identity.clone(), sid: there.sid.clone() }
    }

    /// Under which names it is found: that of the identity, and that of the session there.
    #[must_use]
    pub fn names(&self) -> Vec<TokenHash> {
        let IdentityKey { provider, issuer, .. } = &self.identity;
        let by_sid = self.sid.as_ref().map(|sid| name(provider, issuer, Part::Session, sid));
        std::iter::once(of_identity(&self.identity)).chain(by_sid).collect()
    }
}

/// The sessions that one sign-out means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedThere {
    /// Every one of that identity.
    All(IdentityKey),
    /// Of that identity, the one with that `sid`. One whose `sid` nobody told may be it, and ends too.
    One {
        /// Who.
        identity: IdentityKey,
        /// Which session there.
        sid: String,
    },
    /// The one with that `sid`, whoever it is.
    Anybodys {
        /// The provider that says so.
        provider: ProviderId,
        /// The issuer that says so.
        issuer: String,
        /// Which session there.
        sid: String,
    },
}

impl EndedThere {
    /// The name under which all that are meant are found, and perhaps others.
    #[must_use]
    pub fn name(&self) -> TokenHash {
        match self {
            Self::All(identity) | Self::One { identity, .. } => of_identity(identity),
            Self::Anybodys { provider, issuer, sid } => name(provider, issuer, Part::Session, sid),
        }
    }

    /// Whether a session that began like this is meant.
    #[must_use]
    pub fn means(&self, session: &UpstreamSession) -> bool {
        match self {
            Self::All(identity) => session.identity == *identity,
            Self::One { identity, sid } => {
                session.identity == *identity && session.sid.as_ref().is_none_or(|own| own == sid)
            }
            Self::Anybodys { provider, issuer, sid } => {
                let there = &session.identity;
                there.provider == *provider && there.issuer == *issuer && session.sid.as_ref() == Some(sid)
            }
        }
    }

    /// The provider that says so.
    #[must_use]
    pub const fn provider(&self) -> &ProviderId {
        match self {
            Self::All(identity) | Self::One { identity, .. } => &identity.provider,
            Self::Anybodys { provider, .. } => provider,
        }
    }
}

/// What of a provider a name is of.
#[derive(Clone, Copy)]
enum Part {
    Identity,
    Session,
}

fn of_identity(identity: &IdentityKey) -> TokenHash {
    name(&identity.provider, &identity.issuer, Part::Identity, &identity.subject)
}

/// Tells nothing of it, and opens nothing. Neither a provider's id nor an issuer has a line break, so that no two have
/// one name.
fn name(provider: &ProviderId, issuer: &str, part: Part, text: &str) -> TokenHash {
    let part = match part {
        Part::Identity => "identity",
        Part::Session => "session",
    };
    TokenHash::of(format!("{provider}\n{issuer}\n{part}\n{text}").as_bytes())
}
