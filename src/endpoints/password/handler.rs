//! HTTP of the page.
//!
//! Owns: routes, which page or redirect answers. Does not own: the change.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use super::change::{Changed, change};
use super::view::PasswordPage;
use crate::app::App;
use crate::web::browser::Browser;
use crate::web::cookies::{self, Kind};
use crate::web::csrf::{self, FormOf};
use crate::web::current::Current;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::page_form::{PageForm, PageQuery};
use crate::web::session::{SignedIn, Visitor};
use crate::web::transaction::{Standing, Transaction};
use crate::web::urls::{self, path};

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(page::with_form(path::PASSWORD, show, submit));
}

/// `GET /password`, alone or in a transaction.
async fn show(
    app: Current,
    PageQuery(query): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let id = query.get("id");
    let browser = if id.is_some() { browser.known()? } else { browser };
    let transaction = Transaction::find_some(&app, id, &browser).await?;
    let place = Place { app: &app, transaction: transaction.as_ref() };
    match visitor.as_ref().filter(|signed_in| signed_in.user.must_set_password()) {
        Some(signed_in) => {
            place.check()?;
            let response = place.render(&browser, signed_in, None)?;
            Ok(browser.remember(response, &app))
        }
        None => Ok(page::see_other(&place.next(visitor.is_some()))),
    }
}

/// `POST /password`.
async fn submit(
    app: Current,
    request: HttpRequest,
    PageQuery(query): PageQuery,
    PageForm(posted): PageForm,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    csrf::check_site(request.headers(), app.issuer())?;
    let browser = Browser::read(&request, &app).known()?;
    let transaction = Transaction::find_some(&app, query.get("id"), &browser).await?;
    let place = Place { app: &app, transaction: transaction.as_ref() };
    let Some(signed_in) = visitor.as_ref() else { return Ok(page::see_other(&place.next(false))) };
    place.protection(signed_in).check(browser.token(), &posted)?;
    if !signed_in.user.must_set_password() {
        return Ok(page::see_other(&place.next(true)));
    }
    place.check()?;
    let new = SecretString::from(posted.get("password").unwrap_or_default().to_owned());
    let repeated = posted.get("repeated").unwrap_or_default();
    match change(&app, signed_in, new, repeated, transaction.as_ref()).await? {
        Changed::Yes(cookie) => {
            page::see_other_with(&place.next(true), &cookies::set(Kind::Session, &cookie, app.issuer()))
        }
        Changed::No(fault) => place.render(&browser, signed_in, Some(&fault.to_string())),
        Changed::Late => Ok(page::see_other(&place.next(false))),
    }
}

/// The page, alone or in a transaction.
struct Place<'a> {
    app: &'a App,
    transaction: Option<&'a Transaction>,
}

impl Place<'_> {
    /// Refuses a transaction whose time is over.
    fn check(&self) -> Result<(), PageError> {
        match self.transaction {
            Some(found) if found.standing(self.app) == Standing::Expired => {
                Err(PageError::expired(found.resume(self.app)))
            }
            _ => Ok(()),
        }
    }

    /// Where the browser goes when there is nothing to do here.
    fn next(&self, signed_in: bool) -> String {
        match self.transaction {
            Some(found) => found.resume(self.app),
            None => urls::local(self.app.issuer(), if signed_in { path::HOME } else { path::LOGIN }),
        }
    }

    fn protection(&self, signed_in: &SignedIn) -> FormOf<'_> {
        let transaction = self.transaction.map(|found| &found.id);
        FormOf { form: "password", transaction, user: Some(signed_in.user.id) }
    }

    fn render(
        &self,
        browser: &Browser,
        signed_in: &SignedIn,
        failure: Option<&str>,
    ) -> Result<HttpResponse, PageError> {
        let issuer = self.app.issuer();
        let action = match self.transaction {
            Some(found) => urls::in_transaction(issuer, path::PASSWORD, &found.id),
            None => urls::local(issuer, path::PASSWORD),
        };
        let frame = Frame::of(self.app);
        let view = PasswordPage {
            frame: &frame,
            action: &action,
            csrf: &self.protection(signed_in).token(browser.token()),
            username: signed_in.user.username.as_str(),
            min_length: self.app.config.passwords.min_length,
            failure,
        };
        let status = if failure.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        page::html(status, &view, self.transaction.map(Transaction::form_action).as_deref())
    }
}
