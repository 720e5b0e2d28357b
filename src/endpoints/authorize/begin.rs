//! From the parameters of a request to the first step: the order of the checks.
//!
//! Owns: what is checked before an error may be sent to the client, and what after. Does not own: the
//! checks themselves (`protocol/authorization`, `model/client`, `model/checked_request`).

use std::sync::Arc;

use super::dispatch::{self, Resumed, Visit};
use super::explain;
use crate::app::App;
use crate::model::checked_request::CheckedRequest;
use crate::model::client::Client;
use crate::model::id_token_hint::IdTokenHint;
use crate::protocol::authorization::{Addressee, AuthorizationRequest};
use crate::protocol::error::OAuthError;
use crate::protocol::params::Params;
use crate::protocol::reply::ReplyTo;
use crate::web::page_error::PageError;

/// How a request fails.
#[derive(Debug)]
pub(super) enum AuthorizeError {
    /// To the person: nothing proves that the client may hear of it.
    Show(PageError),
    /// To the client, which is known and has this redirect URI.
    Send(Box<ReplyTo>, OAuthError),
}

impl<E: Into<PageError>> From<E> for AuthorizeError {
    fn from(error: E) -> Self {
        Self::Show(error.into())
    }
}

/// Begins a transaction: to the first step, or to the answer.
///
/// # Errors
/// Until the redirect URI is known to be the client's, a page; from then on an answer to the client.
pub(super) async fn begin(visit: &Visit<'_>, params: &Params) -> Result<Resumed, AuthorizeError> {
    let addressee = Addressee::read(params);
    let (client, reply_to) = address(visit.app, &addressee, params)?;
    let send = |error| AuthorizeError::Send(Box::new(reply_to.clone()), error);
    let request =
        AuthorizationRequest::parse(params).and_then(|request| hinted(visit.app, client, request)).map_err(send)?;
    let redirect_uri_sent = addressee.redirect_uri.is_some();
    let request = CheckedRequest::check(request, reply_to.clone(), redirect_uri_sent, client, visit.app.registry())
        .map_err(send)?;
    let silent = request.prompt.none;
    dispatch::start(visit, client, request).await.map_err(|error| match error {
        // `prompt=none` runs in a hidden frame where nobody would see a page.
        AuthorizeError::Show(page) if silent => {
            tracing::error!(client_id = %client.client_id, cause = page.parts().cause.as_deref(), "silent sign-in failed");
            send(OAuthError::temporarily_unavailable("a part of the server cannot be reached: try again later"))
        }
        other => other,
    })
}

/// OpenID Connect Core 3.1.2.1: the person of `id_token_hint` is the one that has to sign in. A hint that is not an
/// ID token of ours for this client is refused: without it the client might be told of somebody whom it did
/// not expect. The name in the token prefills the form: the client was told it before.
fn hinted(app: &App, client: &Client, mut request: AuthorizationRequest) -> Result<AuthorizationRequest, OAuthError> {
    let Some(text) = request.id_token_hint.take() else { return Ok(request) };
    let claims = app.tokens.verify_id_token_hint(&text, app.now())?;
    let hint = IdTokenHint::check(&claims, app.registry())?;
    if hint.client_id != client.client_id {
        return Err(OAuthError::invalid_request("id_token_hint is not accepted: it was issued to another client"));
    }
    request.claims.ask_for(hint.user_id);
    request.login_hint = request.login_hint.or(hint.username);
    Ok(request)
}

/// Who asks, and where the answer may go.
fn address<'a>(app: &'a App, addressee: &Addressee, params: &Params) -> Result<(&'a Arc<Client>, ReplyTo), PageError> {
    let Some(client_id) = addressee.client_id.as_deref() else {
        return Err(explain::missing_client(app));
    };
    let Some(client) = app.registry().find_client(client_id) else {
        return Err(explain::unknown_client(app, client_id, addressee.redirect_uri.as_deref(), params));
    };
    match client.reply_to(addressee) {
        Ok(reply_to) => Ok((client, reply_to)),
        Err(error) => Err(explain::wrong_redirect_uri(client, addressee.redirect_uri.as_deref(), error)),
    }
}
