//! HTTP of the page of accounts, for the handler of `/login`.
//!
//! Owns: its form and the redirect after it. Does not own: the route (`login/handler`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::view::AccountsPage;
use crate::app::App;
use crate::protocol::params::Params;
use crate::web::browser::Browser;
use crate::web::csrf::FormOf;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::session::SignedIn;
use crate::web::transaction::{self, Standing, Transaction};
use crate::web::urls::{self, path};

/// The form of this page, for the account of this session alone.
fn protection<'a>(found: &'a Transaction, signed_in: &SignedIn) -> FormOf<'a> {
    FormOf { form: "accounts", transaction: Some(&found.id), user: Some(signed_in.user.id) }
}

/// The page.
///
/// # Errors
/// When the client is gone.
pub(in crate::endpoints::login) fn render(
    app: &App,
    browser: &Browser,
    found: &Transaction,
    signed_in: &SignedIn,
) -> Result<HttpResponse, PageError> {
    let action = urls::in_transaction(app.issuer(), path::LOGIN, &found.id);
    let client = transaction::client_of(app, &found.interaction)?;
    let frame = Frame::of(app);
    let view = AccountsPage {
        frame: &frame,
        action: &action,
        csrf: &protection(found, signed_in).token(browser.token()),
        client_name: &client.client_name,
        name: signed_in.user.shown_name(),
        username: signed_in.user.username.as_str(),
        other: &format!("{action}&account=other"),
    };
    page::html(StatusCode::OK, &view, Some(&found.form_action()))
}

/// The person goes on with the account of the session. When another request wrote the transaction meanwhile
/// nothing is noted, and the dispatcher asks again.
///
/// # Errors
/// When the form is not this browser's and this account's, or the transaction's time is over.
pub(in crate::endpoints::login) async fn choose(
    app: &App,
    browser: &Browser,
    posted: &Params,
    transaction: Option<&Transaction>,
    visitor: Option<&SignedIn>,
) -> Result<HttpResponse, PageError> {
    let found = transaction.ok_or_else(PageError::unknown_transaction)?;
    let Some(signed_in) = visitor else { return Ok(page::see_other(&found.resume(app))) };
    protection(found, signed_in).check(browser.token(), posted)?;
    match found.standing(app) {
        Standing::Expired => return Err(PageError::expired(found.resume(app))),
        Standing::Answered => {}
        Standing::Open => {
            let next = found.interaction.clone().with_account(signed_in.user.id);
            app.stores.interactions.replace(&found.id.hash(), &found.interaction, &next).await?;
        }
    }
    Ok(page::see_other(&found.resume(app)))
}
