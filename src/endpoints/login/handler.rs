//! HTTP of the sign-in page.
//!
//! Owns: routes, which page or redirect answers. Does not own: whether somebody may come in.

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};

use super::accounts;
use super::backchannel;
use super::callback::{back, park};
use super::leave::leave;
use super::view::LoginPage;
use crate::app::App;
use crate::model::next_step::{NextStep, SignInReason};
use crate::model::session::Beginning;
use crate::protocol::ids::ProviderId;
use crate::protocol::params::Params;
use crate::web::browser::Browser;
use crate::web::cookies;
use crate::web::csrf::{self, FormOf};
use crate::web::current::Current;
use crate::web::entry::{Destination, enter};
use crate::web::linking;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::page_form::{PageForm, PageQuery};
use crate::web::password_try::{Failure, Proved, try_password};
use crate::web::provider_buttons::{Offer, buttons};
use crate::web::session::{SignedIn, Visitor};
use crate::web::transaction::{self, Standing, Transaction};
use crate::web::urls::path;

/// `account` in the query: not the account of the session.
const OTHER: &str = "other";

/// `next` in the query: to the account page, which needs a fresh sign-in.
const ACCOUNT: &str = "account";

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(page::with_form(path::LOGIN, show, submit));
    let provider = format!("{}/{{provider}}", path::LOGIN);
    cfg.service(
        resource(format!("{provider}/callback"))
            .wrap(from_fn(page::frame))
            .route(get().to(back))
            .route(post().to(park)),
    );
    backchannel::routes(cfg);
    cfg.service(resource(provider).wrap(from_fn(page::frame)).route(get().to(leave)));
}

/// `GET /login`, alone or in a transaction.
async fn show(
    app: Current,
    request: HttpRequest,
    PageQuery(query): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let id = query.get("id");
    let browser = if id.is_some() { browser.known()? } else { browser };
    let transaction = Transaction::find_some(&app, id, &browser).await?;
    let form = Form::of(&app, &request, &browser, &query, (transaction.as_ref(), visitor.as_ref()));
    let response = match form.task().await? {
        Task::Leave(there) => return Ok(page::see_other(&there)),
        Task::ChooseAccount(found, signed_in) if query.get("account") != Some(OTHER) => {
            accounts::render(&app, &browser, found, signed_in)?
        }
        Task::ChooseAccount(..) => form.render(form.hint().unwrap_or_default(), SignInReason::Nobody, None)?,
        Task::SignIn(reason) => {
            let own = visitor.as_ref().filter(|_| reason == SignInReason::Again);
            let own = own.map(|signed_in| signed_in.user.username.as_str());
            form.render(form.hint().or(own).unwrap_or_default(), reason, None)?
        }
    };
    Ok(browser.remember(response, &app))
}

/// What this page has to do for a browser.
enum Task<'a> {
    /// Nothing: it goes there.
    Leave(String),
    /// Ask for name and password.
    SignIn(SignInReason),
    /// Ask whether this account is meant.
    ChooseAccount(&'a Transaction, &'a SignedIn),
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
    if posted.has("account") {
        return accounts::choose(&app, &browser, &posted, transaction.as_ref(), visitor.as_ref()).await;
    }
    let form = Form::of(&app, &request, &browser, &query, (transaction.as_ref(), visitor.as_ref()));
    form.protection().check(browser.token(), &posted)?;
    if let Some(found) = form.transaction.filter(|found| found.standing(&app) == Standing::Expired) {
        return Err(PageError::expired(found.resume(&app)));
    }
    let name = posted.get("username").unwrap_or_default();
    match try_password(&app, &request, name, &posted).await? {
        Ok(Proved { user, device }) => {
            let beginning = Beginning::by_password(app.now());
            device.remember(enter(&app, &request, (&user, beginning), form.destination).await?, &app)
        }
        Err(failure) => Ok(failure.later(form.render(name, form.reason().await?, Some(failure))?)),
    }
}

/// The form and what it is bound to.
struct Form<'a> {
    app: &'a App,
    browser: &'a Browser,
    transaction: Option<&'a Transaction>,
    visitor: Option<&'a SignedIn>,
    /// The provider that this browser used last.
    last: Option<ProviderId>,
    destination: Destination<'a>,
}

impl<'a> Form<'a> {
    fn of(
        app: &'a App,
        request: &HttpRequest,
        browser: &'a Browser,
        query: &Params,
        (transaction, visitor): (Option<&'a Transaction>, Option<&'a SignedIn>),
    ) -> Self {
        let to_account = transaction.is_none() && query.get("next") == Some(ACCOUNT);
        let last = cookies::last_provider(request.headers(), app.issuer());
        Self { app, browser, transaction, visitor, last, destination: Destination { transaction, to_account } }
    }

    async fn task(&self) -> Result<Task<'a>, PageError> {
        let app = self.app;
        let Some(found) = self.transaction else {
            let Some(signed_in) = self.visitor else { return Ok(Task::SignIn(SignInReason::Nobody)) };
            let stale = self.destination.to_account && !linking::is_fresh(app, signed_in);
            let again = stale && !signed_in.user.must_set_password();
            let leave = || Task::Leave(self.destination.next(app, &signed_in.user));
            return Ok(if again { Task::SignIn(SignInReason::Again) } else { leave() });
        };
        match found.standing(app) {
            Standing::Expired => return Err(PageError::expired(found.resume(app))),
            Standing::Answered => return Ok(Task::Leave(found.resume(app))),
            Standing::Open => {}
        }
        let client = transaction::client_of(app, &found.interaction)?;
        Ok(match (transaction::decide(app, &found.interaction, client, self.visitor).await?, self.visitor) {
            (NextStep::SignIn(reason), _) => Task::SignIn(reason),
            (NextStep::SelectAccount, Some(signed_in)) => Task::ChooseAccount(found, signed_in),
            _ => Task::Leave(found.resume(app)),
        })
    }

    /// Why the page asks, for one that is shown again.
    async fn reason(&self) -> Result<SignInReason, PageError> {
        match self.task().await? {
            Task::SignIn(reason) => Ok(reason),
            Task::Leave(_) | Task::ChooseAccount(..) => Ok(SignInReason::Nobody),
        }
    }

    /// The name that the client expects.
    fn hint(&self) -> Option<&'a str> {
        self.transaction.and_then(|found| found.interaction.request.login_hint.as_deref())
    }

    fn protection(&self) -> FormOf<'_> {
        FormOf { form: "login", transaction: self.transaction.map(|found| &found.id), user: None }
    }

    fn render(&self, name: &str, reason: SignInReason, failure: Option<Failure>) -> Result<HttpResponse, PageError> {
        let app = self.app;
        let action = self.destination.sign_in(app);
        let client = match self.transaction {
            Some(found) => Some(transaction::client_of(app, &found.interaction)?),
            None => None,
        };
        let frame = Frame::of(app);
        let query = self.destination.parameters();
        let client = client.map(AsRef::as_ref);
        let providers = buttons(app, Offer { client, last: self.last.as_ref(), query: &query });
        let view = LoginPage {
            frame: &frame,
            action: &action,
            csrf: &self.protection().token(self.browser.token()),
            name,
            failure,
            client_name: client.map(|client| client.client_name.as_str()),
            signed_in: self.visitor.map(|signed_in| signed_in.user.shown_name()),
            reason,
            providers: &providers,
        };
        let status = failure.map_or(StatusCode::OK, Failure::status);
        page::html(status, &view, self.transaction.map(Transaction::form_action).as_deref())
    }
}
