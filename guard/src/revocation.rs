//! What a signature cannot say: whether a token was revoked.
//!
//! Owns: the port. Does not own: asking the issuer (`remote/introspection`).

use async_trait::async_trait;

use crate::Unavailable;
use crate::token::AccessToken;

/// Knows what was revoked.
#[async_trait]
pub trait RevocationCheck: Send + Sync {
    /// Whether a token that passed every other check still stands. It is asked at every use. `raw` is the token as
    /// it came: it must not be kept or logged.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be known now: the request is then not let in.
    async fn check(&self, raw: &str, token: &AccessToken) -> Result<Standing, Unavailable>;
}

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known against it.
    Good,
    /// It was revoked.
    Revoked,
}
