//! What a request to sign out leads to (OpenID Connect RP-Initiated Logout 1.0, 2 and 3).
//!
//! Owns: when it is asked first, and where the person may go on to. Does not own: the parameters
//! (`protocol/end_session`), the hint's signature (`tokens`), or ending anything (`endpoints/logout`).

use std::sync::Arc;

use crate::model::client::Client;
use crate::model::id_token_hint::IdTokenHint;
use crate::model::registry::Registry;
use crate::protocol::end_session::{EndSessionRequest, ReturnTo};
use crate::protocol::ids::UserId;

/// Where to after signing out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Return {
    /// Nowhere: nothing was asked.
    Stay,
    /// To this registered address of the client.
    To(ReturnTo),
    /// Not where the application wanted.
    Refused(Refusal),
}

/// Why an address is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing says which active client wants it.
    NoClient,
    /// It is not on the client's list.
    NotRegistered,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignOutStep {
    /// The person's application vouches for the request: sign out without asking.
    End,
    /// Anybody may have made the request: ask.
    Ask,
    /// Nobody is signed in, and the application vouches for the request: send on.
    Leave,
    /// Nobody is signed in: say so.
    Say,
}

/// A request held against the clients there are.
#[derive(Debug, Clone)]
pub struct SignOut {
    /// Who is meant, by a hint that holds.
    meant: Option<UserId>,
    /// The client that asks, by its hint or by naming itself.
    pub client: Option<Arc<Client>>,
    /// Where to.
    pub return_to: Return,
}

impl SignOut {
    /// Holds the request, and its hint where that is one of ours, against the clients. When the hint was
    /// issued to another client than the request names, neither counts.
    #[must_use]
    pub fn check(request: &EndSessionRequest, hint: Option<&IdTokenHint>, registry: &Registry) -> Self {
        let named = request.client_id.as_deref();
        let contradicts = |hint: &IdTokenHint| named.is_some_and(|named| named != hint.client_id.as_str());
        let (hint, named) = if hint.is_some_and(contradicts) { (None, None) } else { (hint, named) };
        let client_id = hint.map(|hint| hint.client_id.as_str()).or(named);
        let client = client_id.and_then(|id| registry.find_client(id)).cloned();
        let return_to = match (&request.post_logout_redirect_uri, &client) {
            (None, _) => Return::Stay,
            (Some(_), None) => Return::Refused(Refusal::NoClient),
            (Some(uri), Some(client)) => match client.return_to(uri, request.state.clone()) {
                Ok(there) => Return::To(there),
                Err(_) => Return::Refused(Refusal::NotRegistered),
            },
        };
        Self { meant: hint.map(|hint| hint.user_id), client, return_to }
    }

    /// What is next in a browser where this person is signed in.
    #[must_use]
    pub fn step(&self, signed_in: Option<UserId>) -> SignOutStep {
        match (signed_in, self.meant, &self.return_to) {
            (Some(person), Some(meant), _) if person == meant => SignOutStep::End,
            (Some(_), _, _) => SignOutStep::Ask,
            (None, Some(_), Return::To(_)) => SignOutStep::Leave,
            (None, _, _) => SignOutStep::Say,
        }
    }
}
