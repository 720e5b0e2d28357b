//! Access tokens whose signature was found good, so that the same one is not verified again and again.
//!
//! Owns: that memory, bounded and by hash, never the token. Does not own: what is checked at each use
//! (`verify::again`) or revocation (`store`). It lives as long as the keyring it was made with: other keys
//! come with an empty one.

use quick_cache::sync::Cache;

use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::opaque::TokenHash;

/// Tokens remembered: about half a KiB each. What is used least makes room.
const TOKENS: usize = 8_192;

/// Claims by the hash of their token.
#[derive(Debug)]
pub(super) struct Verified(Cache<TokenHash, AccessTokenClaims>);

impl Verified {
    pub(super) fn new() -> Self {
        Self(Cache::new(TOKENS))
    }

    /// The claims of a token that was verified before.
    pub(super) fn find(&self, token: &TokenHash) -> Option<AccessTokenClaims> {
        self.0.get(token)
    }

    /// Remembers a token whose every check was passed.
    pub(super) fn put(&self, token: TokenHash, claims: &AccessTokenClaims) {
        self.0.insert(token, claims.clone());
    }
}
