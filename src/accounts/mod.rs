//! What coming from an external provider does to the people who are kept.
//!
//! Owns: reading what `model/joining` decides from, and doing what it decided: accounts made, identities joined, roles
//! and names brought up to date, tokens kept or forgotten. Does not own: the decision, how an identity was made sure of (`upstream`), or
//! sessions and pages (`web`, `endpoints`).

mod create;
mod join;
mod keep;
mod open;
mod update;

use crate::model::identity::{ExternalProfile, IdentityKey};
use crate::model::joining::{Ask, Refusal};
use crate::model::person::User;
use crate::model::provider::Provider;
use crate::model::provider_tokens::SealedTokens;
use crate::store::{IdentityStore, NegativeList, ProviderTokenStore, UserStore};

pub use self::join::{Joined, Standing};
pub use self::open::Occasion;

/// The people and the identities that open their accounts.
#[derive(Clone, Copy)]
pub struct Accounts<'a> {
    /// People.
    pub users: &'a dyn UserStore,
    /// Identities.
    pub identities: &'a dyn IdentityStore,
    /// Tokens of providers.
    pub provider_tokens: &'a dyn ProviderTokenStore,
    /// Told of everybody who changes.
    pub negative: &'a NegativeList,
}

impl std::fmt::Debug for Accounts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}

/// An identity that was made sure of, and what its provider says.
#[derive(Debug, Clone, Copy)]
pub struct External<'a> {
    /// The provider as it is configured now.
    pub provider: &'a Provider,
    /// Who.
    pub key: &'a IdentityKey,
    /// What it says.
    pub profile: &'a ExternalProfile,
    /// The tokens that it gave, where they are to be kept.
    pub tokens: Option<&'a SealedTokens>,
}

/// What came of an identity that arrived.
#[derive(Debug)]
pub enum Opened {
    /// This person is to be signed in.
    In(Box<User>),
    /// The owner of an account is asked first.
    Ask(Ask),
    /// It opens the account of whoever wanted to link it.
    Linked,
    /// It proves the account of this person.
    Proven(Box<User>),
    /// Nothing happened.
    Refused(Refusal),
}
