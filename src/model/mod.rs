//! What we keep, as types and state machines; every rule here is a pure function.
//!
//! Owns: clients, people, sessions, consents, grants, transactions, keys, tokens of providers and the decisions between them.
//! Does not own: the wire (`protocol`), storage (`store`), rendering (`endpoints`).

pub mod asking;
pub mod audience;
pub mod checked_request;
pub mod client;
pub mod code_grant;
pub mod consent;
pub mod contact;
pub mod departure;
pub mod grant;
pub mod id_token_hint;
pub mod identity;
pub mod interaction;
pub mod joining;
pub mod key_line;
pub mod newcomer;
pub mod next_step;
pub mod pending_join;
pub mod permissions;
pub mod person;
pub mod provider;
pub mod provider_tokens;
pub mod refresh;
pub mod registry;
pub mod revocation;
pub mod sealed_key;
pub mod served;
pub mod session;
pub mod shared_secret;
pub mod sign_out;
pub mod signing_key;
pub mod throttle;
pub mod upstream_session;

#[cfg(test)]
mod tests;
