//! What a person has allowed a client, remembered.
//!
//! Owns: the record. Does not own: when it is used (`model/next_step`).

use crate::protocol::ids::{ClientId, UserId};
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;

/// One remembered consent: a person, a client, every scope allowed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who allowed.
    pub user_id: UserId,
    /// To whom.
    pub client_id: ClientId,
    /// Every scope allowed so far, by name: in which order they were allowed does not matter.
    pub scope: Scopes,
    /// When last added to.
    pub updated_at: Timestamp,
}
