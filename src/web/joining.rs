//! A joining that waits for a proof, as the pages find it.
//!
//! Owns: beginning one, finding it for this browser, holding it against the present configuration. Does not own: the
//! record (`model/pending_join`), or what is joined (`accounts`).

use std::sync::Arc;

use crate::accounts::{External, Joined};
use crate::app::App;
use crate::model::identity::UpstreamAuthentication;
use crate::model::pending_join::PendingJoin;
use crate::model::person::User;
use crate::model::provider::Provider;
use crate::protocol::ids::UserId;
use crate::protocol::opaque::OpaqueToken;
use crate::store::StoreError;
use crate::web::browser::Browser;
use crate::web::entry::Destination;
use crate::web::page_error::PageError;
use crate::web::provider_buttons::{self, ProviderButton};
use crate::web::transaction::Transaction;
use crate::web::urls::{self, path};

/// A joining of this browser.
#[derive(Debug)]
pub struct Joining {
    /// Its secret id.
    pub id: OpaqueToken,
    /// The record.
    pub pending: PendingJoin,
    /// The provider of the identity that waits, as it is configured now.
    pub provider: Arc<Provider>,
    /// The transaction that it belongs to.
    pub transaction: Option<Transaction>,
}

/// Keeps an identity until the owner of that account proves it; where the page is that asks for it.
///
/// # Errors
/// When the store fails.
pub async fn begin(
    app: &App,
    browser: &Browser,
    (external, authentication): (External<'_>, &UpstreamAuthentication),
    user: UserId,
    destination: Destination<'_>,
) -> Result<String, StoreError> {
    let id = OpaqueToken::generate(&mut app.rng());
    let transaction = destination.transaction.map(|found| PendingJoin::hide(browser.token(), &id, &found.id));
    let now = app.now();
    // However long the page stays open, the sign-in is from now at the latest.
    let at = authentication.at.filter(|at| *at <= now).or(Some(now));
    let pending = PendingJoin {
        key: external.key.clone(),
        profile: external.profile.clone(),
        authentication: UpstreamAuthentication { at, ..authentication.clone() },
        tokens: external.tokens.cloned(),
        user,
        browser: browser.hash(),
        transaction,
        to_account: destination.to_account,
        expires_at: now.plus(app.config.lifetimes.interaction),
    };
    app.stores.joins.put(&id.hash(), &pending).await?;
    Ok(urls::in_transaction(app.issuer(), path::JOIN, &id))
}

impl Joining {
    /// Finds the joining of that id, if it is this browser's and its provider is still there.
    ///
    /// # Errors
    /// A page: unknown id, another browser, or a store failed.
    pub async fn find(app: &App, id: &str, browser: &Browser) -> Result<Self, PageError> {
        let over = || PageError::unknown_join().with_link(urls::local(app.issuer(), path::LOGIN), "Sign in");
        let id = OpaqueToken::parse(id).ok_or_else(over)?;
        let pending = app.stores.joins.find(&id.hash()).await?.ok_or_else(over)?;
        if !pending.browser.matches(&browser.hash()) {
            return Err(PageError::other_browser());
        }
        let provider = app.registry().find_provider(pending.key.provider.as_str()).ok_or_else(over)?;
        let transaction = match pending.reveal(browser.token(), &id) {
            Some(transaction) => Some(Transaction::find(app, transaction.expose(), browser).await?),
            None => None,
        };
        Ok(Self { provider: Arc::clone(provider), id, pending, transaction })
    }

    /// The identity that waits.
    #[must_use]
    pub fn external(&self) -> External<'_> {
        let PendingJoin { key, profile, tokens, .. } = &self.pending;
        // It may have been switched off since.
        let tokens = tokens.as_ref().filter(|_| self.provider.store_tokens);
        External { provider: &self.provider, key, profile, tokens }
    }

    /// Where the person was on their way to.
    #[must_use]
    pub const fn destination(&self) -> Destination<'_> {
        Destination { transaction: self.transaction.as_ref(), to_account: self.pending.to_account }
    }

    /// The page that asks for the proof.
    #[must_use]
    pub fn page(&self, app: &App) -> String {
        urls::in_transaction(app.issuer(), path::JOIN, &self.id)
    }

    /// The button of another way to prove it.
    #[must_use]
    pub fn button(&self, app: &App, provider: &Provider) -> ProviderButton {
        let mut parameters = self.destination().parameters();
        parameters.push(("join", self.id.expose()));
        provider_buttons::button(app, provider, "Confirm with", &parameters)
    }

    /// It is over; the way on leads to the sign-in page.
    #[must_use]
    pub fn over(&self, app: &App) -> PageError {
        PageError::unknown_join().with_link(self.destination().sign_in(app), "Sign in again")
    }

    /// What becomes of a proof, or of the wish for an account of one's own: who is to be signed in.
    ///
    /// # Errors
    /// A page, where nobody is.
    pub fn settle(&self, app: &App, joined: Joined) -> Result<Box<User>, PageError> {
        match joined {
            Joined::In(user) => Ok(user),
            Joined::Refused(refusal) => Err(PageError::from(refusal).with_link(self.page(app), "Try another way")),
            Joined::Over => Err(self.over(app)),
        }
    }
}
