//! HTTP of the page.
//!
//! Owns: routes, which page or redirect answers. Does not own: what is joined.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};

use super::settle::{alone, join};
use super::view::JoinPage;
use crate::accounts::Standing;
use crate::app::App;
use crate::model::joining::Ask;
use crate::model::person::Email;
use crate::model::provider::Provider;
use crate::model::session::Beginning;
use crate::web::browser::Browser;
use crate::web::csrf::{self, FormOf};
use crate::web::current::Current;
use crate::web::entry::enter;
use crate::web::joining::Joining;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::page_form::{PageForm, PageQuery};
use crate::web::password_try::{Failure, Proved, try_password};
use crate::web::session::{SignedIn, Visitor};
use crate::web::transaction::{self, Transaction};
use crate::web::urls::path;

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(page::with_form(path::JOIN, show, submit));
}

/// `GET /join`.
async fn show(
    app: Current,
    PageQuery(query): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let browser = browser.known()?;
    let joining = Joining::find(&app, query.get("id").unwrap_or_default(), &browser).await?;
    match standing(&app, &joining, visitor.as_ref()).await? {
        Stand::Ask(ask) => render(&app, &browser, &joining, ask, None).await,
        Stand::Leave(there) => Ok(page::see_other(&there)),
    }
}

/// `POST /join`.
async fn submit(
    app: Current,
    request: HttpRequest,
    PageQuery(query): PageQuery,
    PageForm(posted): PageForm,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    csrf::check_site(request.headers(), app.issuer())?;
    let browser = Browser::read(&request, &app).known()?;
    let joining = Joining::find(&app, query.get("id").unwrap_or_default(), &browser).await?;
    form_of(&joining).check(browser.token(), &posted)?;
    if posted.has("new") {
        return match standing(&app, &joining, visitor.as_ref()).await? {
            Stand::Leave(there) => Ok(page::see_other(&there)),
            Stand::Ask(_) => {
                let user = alone(&app, &joining).await?;
                let beginning = Beginning::elsewhere(app.now(), &joining.pending.key, &joining.pending.authentication);
                enter(&app, &request, (&user, beginning), joining.destination()).await
            }
        };
    }
    let address = joining.pending.profile.verified_email().map(Email::as_str).unwrap_or_default();
    let failure = match try_password(&app, &request, address, &posted).await? {
        Ok(Proved { user, device }) => {
            let user = join(&app, &joining, *user).await?;
            let beginning = Beginning::by_password(app.now());
            return device.remember(enter(&app, &request, (&user, beginning), joining.destination()).await?, &app);
        }
        Err(failure) => failure,
    };
    match standing(&app, &joining, visitor.as_ref()).await? {
        Stand::Ask(ask) => Ok(failure.later(render(&app, &browser, &joining, ask, Some(failure)).await?)),
        Stand::Leave(there) => Ok(page::see_other(&there)),
    }
}

/// The form of this joining alone: its id is the secret of this browser and this identity.
const fn form_of(joining: &Joining) -> FormOf<'_> {
    FormOf { form: "join", transaction: Some(&joining.id), user: None }
}

/// What the page has to do.
enum Stand {
    /// Ask.
    Ask(Ask),
    /// Nothing: it is done, and the browser goes there.
    Leave(String),
}

/// How it stands, for whoever is signed in.
async fn standing(app: &App, joining: &Joining, visitor: Option<&SignedIn>) -> Result<Stand, PageError> {
    let signed_in = |signed_in: &&SignedIn| signed_in.user.id == joining.pending.user;
    match app.accounts().standing(joining.external(), joining.pending.user, app.now()).await? {
        Standing::Open(ask) => Ok(Stand::Ask(ask)),
        // Sent twice, or gone back to: whoever came in by it goes on.
        Standing::Done => match visitor.filter(signed_in) {
            Some(signed_in) => Ok(Stand::Leave(joining.destination().next(app, &signed_in.user))),
            None => Err(joining.over(app)),
        },
        Standing::Over => Err(joining.over(app)),
    }
}

async fn render(
    app: &App,
    browser: &Browser,
    joining: &Joining,
    ask: Ask,
    failure: Option<Failure>,
) -> Result<HttpResponse, PageError> {
    let client = match &joining.transaction {
        Some(found) => Some(transaction::client_of(app, &found.interaction)?),
        None => None,
    };
    let identities = app.stores.identities.list(ask.user).await?;
    let works = |provider: &&Arc<Provider>| {
        let linked = identities.iter().any(|identity| identity.key.provider == provider.id);
        linked && client.is_none_or(|client| client.offers(&provider.id))
    };
    let ways = app.registry().providers().filter(works);
    let ways = ways.map(|provider| joining.button(app, provider));
    let frame = Frame::of(app);
    let view = JoinPage {
        frame: &frame,
        action: &joining.page(app),
        csrf: &form_of(joining).token(browser.token()),
        provider: &joining.provider.display_name,
        address: joining.pending.profile.verified_email().map(Email::as_str).unwrap_or_default(),
        client_name: client.map(|client| client.client_name.as_str()),
        by_password: ask.by_password,
        providers: &ways.collect::<Vec<_>>(),
        or_new: ask.or_new,
        login: &joining.destination().sign_in(app),
        failure,
    };
    let status = failure.map_or(StatusCode::OK, Failure::status);
    page::html(status, &view, joining.transaction.as_ref().map(Transaction::form_action).as_deref())
}
