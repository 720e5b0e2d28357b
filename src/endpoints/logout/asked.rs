//! What a request to sign out says, held against the clients, and how it is carried to the next page.
//!
//! Owns: reading its hint, and the parameters that our own form and the last page repeat. Does not own: the
//! decision (`model/sign_out`).

use secrecy::ExposeSecret as _;

use super::upstream;
use crate::app::App;
use crate::model::id_token_hint::IdTokenHint;
use crate::model::session::Session;
use crate::model::sign_out::{Return, SignOut};
use crate::protocol::end_session::EndSessionRequest;
use crate::protocol::error::OAuthError;
use crate::protocol::params::Params;
use crate::web::page_error::PageError;
use crate::web::urls::{self, path};

/// A request as it was sent, and what of it holds.
pub(super) struct Asked {
    request: EndSessionRequest,
    pub(super) held: SignOut,
}

impl Asked {
    /// Reads it. A hint that is not one of ours counts as none, so that anybody can sign out all the same: it
    /// is then asked first.
    ///
    /// # Errors
    /// A page, when the parameters cannot be carried along.
    pub(super) fn read(app: &App, params: &Params) -> Result<Self, PageError> {
        let request = EndSessionRequest::parse(params).map_err(|error| PageError::malformed(&error))?;
        let hint = request.id_token_hint.as_ref().map(|token| verify(app, token.expose_secret()));
        let hint = hint.and_then(|verified| {
            verified.inspect_err(|error| tracing::info!(detail = error.description(), "a hint is ignored")).ok()
        });
        let held = SignOut::check(&request, hint.as_ref(), app.registry());
        if let Return::Refused(refusal) = &held.return_to {
            let client_id = held.client.as_ref().map(|client| client.client_id.as_str());
            tracing::info!(client_id, ?refusal, "the address to go on to after signing out is not followed");
        }
        Ok(Self { request, held })
    }

    /// The client that asks.
    pub(super) fn client_id(&self) -> Option<&str> {
        self.held.client.as_ref().map(|client| client.client_id.as_str())
    }

    /// What people call it.
    pub(super) fn client_name(&self) -> Option<&str> {
        self.held.client.as_ref().map(|client| client.client_name.as_str())
    }

    /// The address as it was sent.
    pub(super) fn return_uri(&self) -> Option<&str> {
        self.request.post_logout_redirect_uri.as_deref()
    }

    /// The same request without its hint: what it asks for still has to be registered, and the person to be asked.
    pub(super) fn parameters(&self) -> Vec<(&'static str, &str)> {
        let parameters = [
            ("client_id", self.client_id()),
            ("post_logout_redirect_uri", self.return_uri()),
            ("state", self.request.state.as_deref().filter(|_| self.return_uri().is_some())),
        ];
        parameters.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect()
    }

    /// Where the browser goes once nobody is signed in there: to the registered address, or to the page that says so and
    /// knows which session ended.
    pub(super) fn leave(&self, app: &App, ended: Option<&Session>) -> String {
        let page = |parameters| upstream::page(app, parameters, ended);
        match &self.held.return_to {
            Return::To(there) => there.url(),
            Return::Stay => page(Vec::new()),
            Return::Refused(_) => page(self.parameters()),
        }
    }

    /// The page that says that nobody is signed in, and what came of this request.
    pub(super) fn say(&self, app: &App) -> String {
        urls::with_query(app.issuer(), path::LOGOUT, &self.parameters())
    }
}

fn verify(app: &App, token: &str) -> Result<IdTokenHint, OAuthError> {
    IdTokenHint::check(&app.tokens.verify_id_token_hint(token, app.now())?, app.registry())
}
