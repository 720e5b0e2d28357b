//! A person comes in: the session that begins, and where the browser goes with it.
//!
//! Owns: that the session's id is new, that the transaction knows it, and the way on. Does not own: who comes in, which
//! a password or an identity decided.

use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::model::person::User;
use crate::model::session::Beginning;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::store::StoreError;
use crate::web::cookies::{self, Kind};
use crate::web::page;
use crate::web::page_error::PageError;
use crate::web::session;
use crate::web::transaction::{Transaction, note_session};
use crate::web::urls::{self, path};

/// Where a person was on their way to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Destination<'a> {
    /// Back into this transaction.
    pub transaction: Option<&'a Transaction>,
    /// Without one: to the account page instead of the home page.
    pub to_account: bool,
}

impl<'a> Destination<'a> {
    /// Where the browser goes. Never a URL from the request.
    #[must_use]
    pub fn next(&self, app: &App, user: &User) -> String {
        match self.transaction {
            Some(found) => found.next(app),
            None if user.must_set_password() => urls::local(app.issuer(), path::PASSWORD),
            None if self.to_account => urls::local(app.issuer(), path::ACCOUNT),
            None => urls::local(app.issuer(), path::HOME),
        }
    }

    /// The sign-in page on the same way.
    #[must_use]
    pub fn sign_in(&self, app: &App) -> String {
        urls::with_query(app.issuer(), path::LOGIN, &self.parameters())
    }

    /// How a URL of ours says which way.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, &'a str)> {
        match self.transaction {
            Some(found) => vec![("id", found.id.expose())],
            None if self.to_account => vec![("next", "account")],
            None => Vec::new(),
        }
    }
}

/// Begins the session of a person who just proved who they are, which the transaction counts as made by one of its pages;
/// its secret id. `before` is the session that the browser had.
///
/// # Errors
/// When a store fails; then the browser must not get the id.
pub async fn begin(
    app: &App,
    (user, beginning): (&User, Beginning),
    before: Option<TokenHash>,
    transaction: Option<&Transaction>,
) -> Result<OpaqueToken, StoreError> {
    let id = session::begin(app, user, beginning, before).await?;
    if let Some(transaction) = transaction {
        note_session(app, transaction, id.hash()).await?;
    }
    Ok(id)
}

/// Lets a person in who just proved who they are.
///
/// # Errors
/// When a store fails; then the browser gets no cookie.
pub async fn enter(
    app: &App,
    request: &HttpRequest,
    (user, beginning): (&User, Beginning),
    destination: Destination<'_>,
) -> Result<HttpResponse, PageError> {
    let cookie = begin(app, (user, beginning), session::carried(request, app), destination.transaction).await?;
    page::see_other_with(&destination.next(app, user), &cookies::set(Kind::Session, &cookie, app.issuer()))
}
