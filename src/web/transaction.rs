//! The transaction that a page belongs to.
//!
//! Owns: finding it for this browser, holding it against the present configuration, and asking the
//! model what is next. Does not own: that decision (`model/next_step`) or acting on it (`endpoints/authorize`).

use std::sync::Arc;

use crate::app::App;
use crate::model::client::Client;
use crate::model::interaction::Interaction;
use crate::model::next_step::{NextStep, Situation, next_step};
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::protocol::redirect_uri::RegisteredRedirectUri;
use crate::store::StoreError;
use crate::web::browser::Browser;
use crate::web::page_error::PageError;
use crate::web::session::SignedIn;
use crate::web::urls::{self, path};

/// A transaction of this browser.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Its secret id.
    pub id: OpaqueToken,
    /// The record as it was read.
    pub interaction: Interaction,
}

/// Where it stands for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Under way.
    Open,
    /// Its time is over; a new one can be made from it.
    Expired,
    /// Its answer was sent.
    Answered,
}

impl Transaction {
    /// Finds the transaction of that id, if it is this browser's.
    ///
    /// # Errors
    /// A page: unknown id, another browser, no cookie, or the store failed.
    pub async fn find(app: &App, id: &str, browser: &Browser) -> Result<Self, PageError> {
        let id = OpaqueToken::parse(id).ok_or_else(PageError::unknown_transaction)?;
        let found = app.stores.interactions.find(&id.hash()).await?;
        let interaction = found.ok_or_else(PageError::unknown_transaction)?;
        if !interaction.browser.matches(&browser.hash()) {
            return Err(PageError::other_browser());
        }
        Ok(Self { id, interaction })
    }

    /// As [`Transaction::find`], where the page may also be opened without one.
    ///
    /// # Errors
    /// As [`Transaction::find`].
    pub async fn find_some(app: &App, id: Option<&str>, browser: &Browser) -> Result<Option<Self>, PageError> {
        match id {
            None => Ok(None),
            Some(id) => Self::find(app, id, browser).await.map(Some),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn standing(&self, app: &App) -> Standing {
        if self.interaction.is_answered() {
            Standing::Answered
        } else if self.interaction.expires_at.is_over(app.now()) {
            Standing::Expired
        } else {
            Standing::Open
        }
    }

    /// Where the browser goes for the next step.
    #[must_use]
    pub fn resume(&self, app: &App) -> String {
        urls::in_transaction(app.issuer(), path::RESUME, &self.id)
    }

    /// Where the same request begins anew.
    #[must_use]
    pub fn again(&self, app: &App) -> String {
        format!("{}&again=1", self.resume(app))
    }

    /// Where a browser goes after a sign-in in it. When it was answered meanwhile (a form sent twice), the same request
    /// begins anew, so that the second click ends where the first would have.
    #[must_use]
    pub fn next(&self, app: &App) -> String {
        if self.standing(app) == Standing::Answered { self.again(app) } else { self.resume(app) }
    }

    /// What `form-action` names on its pages: their post may end at the client.
    #[must_use]
    pub fn form_action(&self) -> String {
        self.interaction.request.reply_to.redirect_uri().form_action()
    }
}

/// How often a transaction is read again when another request wrote it meanwhile.
const TRIES: usize = 5;

/// Notes in the transaction a session that one of its pages made. A form sent twice makes two, in any order: the one
/// whose answer the browser dropped is ended when the other comes to the end of the transaction ([`end_others`]).
///
/// # Errors
/// When the store fails.
pub async fn note_session(app: &App, transaction: &Transaction, made: TokenHash) -> Result<(), StoreError> {
    let id = transaction.id.hash();
    for _ in 0..TRIES {
        let Some(current) = app.stores.interactions.find(&id).await? else { return Ok(()) };
        let next = current.clone().with_session(made);
        if next == current || app.stores.interactions.replace(&id, &current, &next).await? {
            break;
        }
    }
    Ok(())
}

/// Ends the sessions that pages of the transaction made and that are not the one the browser holds.
///
/// # Errors
/// When the store fails.
pub async fn end_others(app: &App, interaction: &Interaction, held: &TokenHash) -> Result<(), StoreError> {
    for made in interaction.sessions().iter().filter(|made| !made.matches(held)) {
        app.stores.sessions.end(made).await?;
    }
    Ok(())
}

/// The client of a stored transaction, if it may still get an answer where it wanted it: the
/// configuration may have changed since.
///
/// # Errors
/// A page when the client is gone or disabled, or the redirect URI is no longer its own.
pub fn client_of<'a>(app: &'a App, interaction: &Interaction) -> Result<&'a Arc<Client>, PageError> {
    let client = app.registry().find_client(interaction.client_id.as_str());
    let client = client.ok_or_else(PageError::client_gone)?;
    let uri = interaction.request.reply_to.redirect_uri().as_str();
    match RegisteredRedirectUri::choose(&client.redirect_uris, client.application_type, Some(uri)) {
        Ok(_) => Ok(client),
        Err(_) => Err(PageError::client_gone()),
    }
}

/// What the transaction needs next, with what this person allowed before.
///
/// # Errors
/// When the store fails.
pub async fn decide(
    app: &App,
    interaction: &Interaction,
    client: &Client,
    visitor: Option<&SignedIn>,
) -> Result<NextStep, StoreError> {
    let remembered = match visitor {
        Some(signed_in) => app.stores.consents.find(signed_in.user.id, &client.client_id).await?,
        None => None,
    };
    Ok(next_step(&Situation {
        interaction,
        client,
        registry: app.registry(),
        signed_in: visitor.map(|signed_in| (&signed_in.user, &signed_in.session)),
        made_here: visitor.is_some_and(|signed_in| interaction.has_made(&signed_in.id)),
        remembered: remembered.as_ref(),
        now: app.now(),
    }))
}
