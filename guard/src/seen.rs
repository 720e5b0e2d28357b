//! Tokens that passed every check, so that the same one is not verified again and again.
//!
//! Owns: that memory, bounded and by SHA-256, never the token. Does not own: what is checked at each use all the same
//! (`guard`): the key is still there, the time, revocation.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use quick_cache::sync::Cache;

use crate::keys::PublicKey;
use crate::token::AccessToken;

/// Longer tokens are verified each time, so that the number of entries bounds the memory.
const LONGEST: usize = 4 * 1024;

/// SHA-256 of a token.
pub(crate) type Hash = [u8; 32];

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) token: Arc<AccessToken>,
    /// What signed it.
    pub(crate) key: Arc<PublicKey>,
}

/// Tokens by their hash. What is used least makes room.
pub(crate) struct Seen(Cache<Hash, Entry>);

impl Seen {
    pub(crate) fn new(entries: usize) -> Option<Self> {
        (entries > 0).then(|| Self(Cache::new(entries)))
    }

    /// The name of a token here; `None` for one that is not remembered.
    pub(crate) fn hash(token: &str) -> Option<Hash> {
        if token.len() > LONGEST {
            return None;
        }
        digest::digest(&digest::SHA256, token.as_bytes()).as_ref().try_into().ok()
    }

    pub(crate) fn find(&self, hash: &Hash) -> Option<Entry> {
        self.0.get(hash)
    }

    pub(crate) fn put(&self, hash: Hash, entry: Entry) {
        self.0.insert(hash, entry);
    }

    pub(crate) fn forget(&self, hash: &Hash) {
        self.0.remove(hash);
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seen").field(&self.0.len()).finish()
    }
}
