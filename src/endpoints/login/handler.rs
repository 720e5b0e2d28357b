//! HTTP of the sign-in page.
//!
//! Owns: routes, which page or redirect answers. Does not own: whether somebody may come in.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use super::sign_in::{Tried, try_password};
use super::view::{Failure, LoginPage};
use crate::app::App;
use crate::model::next_step::NextStep;
use crate::model::person::User;
use crate::protocol::params::Params;
use crate::web::browser::Browser;
use crate::web::cookies::{self, Kind};
use crate::web::csrf::{self, FormOf};
use crate::web::current::Current;
use crate::web::edge::Noted;
use crate::web::page::{self, Frame};
use crate::web::page_error::{self, PageError, seconds};
use crate::web::page_form::{PageForm, PageQuery};
use crate::web::session::{self, SignedIn, Visitor};
use crate::web::transaction::{self, Standing, Transaction};
use crate::web::urls::{self, path};

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(page::with_form(path::LOGIN, show, submit));
}

/// `GET /login`, alone or in a transaction.
async fn show(
    app: Current,
    PageQuery(query): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let id = query.get("id");
    let browser = if id.is_some() { browser.known()? } else { browser };
    let transaction = Transaction::find_some(&app, id, &browser).await?;
    if let Some(there) = elsewhere(&app, transaction.as_ref(), visitor.as_ref()).await? {
        return Ok(page::see_other(&there));
    }
    let hint = transaction.as_ref().and_then(|found| found.interaction.request.login_hint.as_deref());
    let own = visitor.as_ref().map(|signed_in| signed_in.user.username.as_str());
    let name = hint.or(own).unwrap_or_default();
    let form = Form { app: &app, browser: &browser, transaction: transaction.as_ref(), visitor: visitor.as_ref() };
    let response = form.render(name, None)?;
    Ok(browser.remember(response, &app))
}

/// Where a browser goes that has no sign-in to do.
async fn elsewhere(
    app: &App,
    transaction: Option<&Transaction>,
    visitor: Option<&SignedIn>,
) -> Result<Option<String>, PageError> {
    let Some(found) = transaction else {
        return Ok(visitor.map(|signed_in| after(app, &signed_in.user)));
    };
    match found.standing(app) {
        Standing::Expired => return Err(PageError::expired(found.resume(app))),
        Standing::Answered => return Ok(Some(found.resume(app))),
        Standing::Open => {}
    }
    let client = transaction::client_of(app, &found.interaction)?;
    let step = transaction::decide(app, &found.interaction, client, visitor).await?;
    Ok((!matches!(step, NextStep::SignIn { .. })).then(|| found.resume(app)))
}

/// `POST /login`.
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
    let form = Form { app: &app, browser: &browser, transaction: transaction.as_ref(), visitor: visitor.as_ref() };
    form.protection().check(browser.token(), &posted)?;
    if let Some(found) = form.transaction.filter(|found| found.standing(&app) == Standing::Expired) {
        return Err(PageError::expired(found.resume(&app)));
    }
    let name = posted.get("username").unwrap_or_default();
    let before = session::carried(&request, &app);
    match try_password(&app, name, password(&posted), before, form.transaction).await? {
        Tried::In(user, cookie) => {
            page::see_other_with(&form.next(&user), &cookies::set(Kind::Session, &cookie, app.issuer()))
        }
        Tried::Refused => {
            Noted::note(&request, "sign_in_refused", None);
            form.render(name, Some(Failure::Refused))
        }
        Tried::Busy(wait) => {
            Noted::note(&request, page_error::Kind::Busy.code(), None);
            let mut response = form.render(name, Some(Failure::Busy))?;
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
            Ok(response)
        }
    }
}

fn password(posted: &Params) -> SecretString {
    SecretString::from(posted.get("password").unwrap_or_default().to_owned())
}

/// Where a person goes who signed in without a transaction. Never a URL from the request.
fn after(app: &App, user: &User) -> String {
    urls::local(app.issuer(), if user.must_set_password() { path::PASSWORD } else { path::HOME })
}

/// The form and what it is bound to.
struct Form<'a> {
    app: &'a App,
    browser: &'a Browser,
    transaction: Option<&'a Transaction>,
    visitor: Option<&'a SignedIn>,
}

impl Form<'_> {
    fn protection(&self) -> FormOf<'_> {
        FormOf { form: "login", transaction: self.transaction.map(|found| &found.id), user: None }
    }

    /// Where a person goes who just signed in. When the transaction was answered meanwhile (a form sent
    /// twice), the same request begins anew, so that the second click ends where the first would have.
    fn next(&self, user: &User) -> String {
        match self.transaction {
            None => after(self.app, user),
            Some(found) if found.standing(self.app) == Standing::Answered => found.again(self.app),
            Some(found) => found.resume(self.app),
        }
    }

    fn render(&self, name: &str, failure: Option<Failure>) -> Result<HttpResponse, PageError> {
        let app = self.app;
        let action = match self.transaction {
            Some(found) => urls::in_transaction(app.issuer(), path::LOGIN, &found.id),
            None => urls::local(app.issuer(), path::LOGIN),
        };
        let client = match self.transaction {
            Some(found) => Some(transaction::client_of(app, &found.interaction)?),
            None => None,
        };
        let frame = Frame::of(app);
        let view = LoginPage {
            frame: &frame,
            action: &action,
            csrf: &self.protection().token(self.browser.token()),
            name,
            failure,
            client_name: client.map(|client| client.client_name.as_str()),
            again: self.visitor.map(|signed_in| signed_in.user.shown_name()),
        };
        let status = match failure {
            None => StatusCode::OK,
            Some(Failure::Refused) => StatusCode::UNPROCESSABLE_ENTITY,
            Some(Failure::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        };
        page::html(status, &view, self.transaction.map(Transaction::form_action).as_deref())
    }
}
