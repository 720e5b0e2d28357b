//! The one dispatcher: from what is next to a URL.
//!
//! Owns: starting a transaction, going on with it, and issuing its code once. Does not own: the
//! decision what is next (`model/next_step`).

use std::borrow::Cow;
use std::sync::Arc;

use super::begin::AuthorizeError;
use crate::app::App;
use crate::model::checked_request::CheckedRequest;
use crate::model::client::Client;
use crate::model::code_grant::CodeGrant;
use crate::model::interaction::Interaction;
use crate::model::next_step::{Issue, NextStep};
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::ids::GrantId;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::protocol::reply::AuthorizationResponse;
use crate::store::StoreError;
use crate::web::page_error::PageError;
use crate::web::provider_buttons::offered;
use crate::web::session::SignedIn;
use crate::web::transaction::{self, Standing, Transaction};
use crate::web::urls::{self, path};

/// One request of a browser.
pub(super) struct Visit<'a> {
    /// The app.
    pub(super) app: &'a App,
    /// The browser it comes from.
    pub(super) browser: TokenHash,
    /// Who is signed in there.
    pub(super) visitor: Option<&'a SignedIn>,
}

/// Where a visit to the dispatcher leads.
pub(super) enum Resumed {
    /// To a page of ours, by its URL.
    Page(String),
    /// Back to the client.
    Answer(AuthorizationResponse),
    /// The answer was sent before; the client's name and the URL that begins the same request anew.
    Answered(String, String),
}

/// Starts a transaction. It is stored only when there is something to ask: a sign-in that needs no
/// page leaves nothing behind.
///
/// # Errors
/// To the client, or a page when a store fails.
pub(super) async fn start(
    visit: &Visit<'_>,
    client: &Arc<Client>,
    request: CheckedRequest,
) -> Result<Resumed, AuthorizeError> {
    let app = visit.app;
    let now = app.now();
    let until = now.plus(app.config.lifetimes.interaction);
    let interaction = Interaction::begin(client.client_id.clone(), request, visit.browser, now, until);
    let step = transaction::decide(app, &interaction, client, visit.visitor).await?;
    match page_of(app, &interaction, client, &step) {
        Some(page) => {
            let id = OpaqueToken::generate(&mut app.rng());
            app.stores.interactions.put(&id.hash(), &interaction).await?;
            Ok(Resumed::Page(urls::in_transaction(app.issuer(), &page, &id)))
        }
        None => Ok(Resumed::Answer(answer(visit, &interaction, step).await?)),
    }
}

/// Goes on with a transaction, from what is stored.
///
/// # Errors
/// To the client, or a page when the configuration changed or a store fails.
pub(super) async fn resume(visit: &Visit<'_>, found: &Transaction, again: bool) -> Result<Resumed, AuthorizeError> {
    let app = visit.app;
    let interaction = &found.interaction;
    let client = transaction::client_of(app, interaction)?;
    let standing = found.standing(app);
    if standing == Standing::Answered && !again {
        return Ok(Resumed::Answered(client.client_name.clone(), found.again(app)));
    }
    let request = &interaction.request;
    if let Err(error) = request.still_holds(client, app.registry()) {
        return Err(AuthorizeError::Send(Box::new(request.reply_to.clone()), error));
    }
    if standing != Standing::Open {
        return start(visit, client, request.clone()).await;
    }
    let step = transaction::decide(app, interaction, client, visit.visitor).await?;
    if let Some(page) = page_of(app, interaction, client, &step) {
        return Ok(Resumed::Page(urls::in_transaction(app.issuer(), &page, &found.id)));
    }
    // Of two visits at once one sends the answer; the other looks again and finds it answered.
    let answered = interaction.clone().answered();
    if !app.stores.interactions.replace(&found.id.hash(), interaction, &answered).await? {
        return Ok(Resumed::Page(found.resume(app)));
    }
    if let Some(signed_in) = visit.visitor {
        transaction::end_others(app, interaction, &signed_in.id).await?;
    }
    Ok(Resumed::Answer(answer(visit, interaction, step).await?))
}

/// The page of a step that asks something.
fn page_of(app: &App, interaction: &Interaction, client: &Client, step: &NextStep) -> Option<Cow<'static, str>> {
    match step {
        NextStep::SignIn(_) => Some(sign_in_page(app, interaction, client)),
        NextStep::SelectAccount => Some(path::LOGIN.into()),
        NextStep::SetPassword => Some(path::PASSWORD.into()),
        NextStep::Consent { .. } => Some(path::CONSENT.into()),
        NextStep::Issue(_) | NextStep::Refuse(_) => None,
    }
}

/// Where a person signs in: the page, or at once the external provider that the application hints at, or the only
/// one that it offers when it says so. Whoever comes back from there without success is shown the page.
fn sign_in_page(app: &App, interaction: &Interaction, client: &Client) -> Cow<'static, str> {
    let hint = interaction.request.provider_hint.as_ref();
    let hinted = offered(app, Some(client)).find(|provider| hint == Some(&provider.id));
    let only = || {
        let mut all = offered(app, Some(client)).filter(|_| client.auto_redirect);
        all.next().filter(|_| all.next().is_none())
    };
    hinted.or_else(only).map_or(path::LOGIN.into(), |provider| path::provider(&provider.id).into())
}

/// The answer.
async fn answer(
    visit: &Visit<'_>,
    interaction: &Interaction,
    step: NextStep,
) -> Result<AuthorizationResponse, PageError> {
    let reply_to = &interaction.request.reply_to;
    let issuer = visit.app.issuer();
    let error = match (step, visit.visitor) {
        (NextStep::Issue(granted), Some(signed_in)) => {
            let code = issue(visit.app, interaction, signed_in, granted).await?;
            return Ok(reply_to.with_code(&code, issuer));
        }
        (NextStep::Refuse(error), _) => error,
        // Steps that have a page do not come here, and none but a person gets a code.
        _ => OAuthError::new(ErrorCode::ServerError, "no answer for this step"),
    };
    tracing::info!(client_id = %interaction.client_id, error = %error.code(), "authorization refused");
    Ok(reply_to.with_error(&error, issuer))
}

async fn issue(
    app: &App,
    interaction: &Interaction,
    signed_in: &SignedIn,
    granted: Issue,
) -> Result<OpaqueToken, StoreError> {
    let now = app.now();
    if !granted.remember.is_empty() {
        app.stores.consents.add(signed_in.user.id, &interaction.client_id, &granted.remember, now).await?;
    }
    let code = OpaqueToken::generate(&mut app.rng());
    let request = &interaction.request;
    let grant = CodeGrant {
        client_id: interaction.client_id.clone(),
        redirect_uri: request.reply_to.redirect_uri().clone(),
        code_challenge: request.code_challenge.clone(),
        scope: granted.scope,
        claims: granted.claims,
        resource: request.resource.clone(),
        nonce: request.nonce.clone(),
        user_id: signed_in.user.id,
        session_id: signed_in.session.id,
        sign_in: signed_in.session.sign_in.clone(),
        grant_id: GrantId(app.fresh_uuid()),
        expires_at: now.plus(app.config.lifetimes.code),
    };
    app.stores.codes.put(&code.hash(), &grant).await?;
    let (client_id, user_id, code_hash) = (&grant.client_id, grant.user_id, code.hash().log_prefix());
    tracing::info!(%client_id, %user_id, grant_id = %grant.grant_id, code = code_hash, "code issued");
    Ok(code)
}
