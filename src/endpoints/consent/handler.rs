//! HTTP of the consent page.
//!
//! Owns: routes, which page or redirect answers. Does not own: what is asked.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};

use super::answer;
use super::view::{ConsentPage, Destination, items};
use crate::app::App;
use crate::model::client::Client;
use crate::model::consent::Permission;
use crate::model::interaction::ConsentGiven;
use crate::model::next_step::NextStep;
use crate::web::browser::Browser;
use crate::web::csrf::{self, FormOf};
use crate::web::current::Current;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::page_form::{PageForm, PageQuery};
use crate::web::session::{SignedIn, Visitor};
use crate::web::transaction::{self, Standing, Transaction};
use crate::web::urls::{self, path};

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(page::with_form(path::CONSENT, show, submit));
}

/// `GET /consent`.
async fn show(
    app: Current,
    PageQuery(query): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let browser = browser.known()?;
    let id = query.get("id").ok_or_else(PageError::unknown_transaction)?;
    let found = Transaction::find(&app, id, &browser).await?;
    let Some(question) = Question::of(&app, &found, visitor.as_ref()).await? else {
        return Ok(page::see_other(&found.resume(&app)));
    };
    question.render(&app, &browser)
}

/// `POST /consent`.
async fn submit(
    app: Current,
    request: HttpRequest,
    PageQuery(query): PageQuery,
    PageForm(posted): PageForm,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    csrf::check_site(request.headers(), app.issuer())?;
    let browser = Browser::read(&request, &app).known()?;
    let id = query.get("id").ok_or_else(PageError::unknown_transaction)?;
    let found = Transaction::find(&app, id, &browser).await?;
    // The token first: whoever did not see this page, as this person, changes and learns nothing.
    let user = visitor.as_ref().map(|signed_in| signed_in.user.id);
    if visitor.is_some() {
        FormOf { form: "consent", transaction: Some(&found.id), user }.check(browser.token(), &posted)?;
    }
    let Some(question) = Question::of(&app, &found, visitor.as_ref()).await? else {
        return Ok(page::see_other(&found.resume(&app)));
    };
    match posted.get("decision") {
        Some("allow") => {
            let permission = answer::allowed(&posted, &question.ask, &question.known);
            let given = ConsentGiven { by: question.signed_in.user.id, permission };
            answer::allow(&app, &found, given).await?;
        }
        Some("deny") => answer::deny(&app, &found, question.signed_in.user.id).await?,
        _ => return question.render(&app, &browser),
    }
    Ok(page::see_other(&found.resume(&app)))
}

/// What is asked of whom.
struct Question<'a> {
    found: &'a Transaction,
    client: &'a Client,
    signed_in: &'a SignedIn,
    ask: Permission,
    known: Permission,
}

impl<'a> Question<'a> {
    /// What the transaction asks now; `None` when something else is next.
    async fn of(
        app: &'a App,
        found: &'a Transaction,
        visitor: Option<&'a SignedIn>,
    ) -> Result<Option<Self>, PageError> {
        match found.standing(app) {
            Standing::Expired => return Err(PageError::expired(found.resume(app))),
            Standing::Answered => return Ok(None),
            Standing::Open => {}
        }
        let Some(signed_in) = visitor else { return Ok(None) };
        let client = transaction::client_of(app, &found.interaction)?;
        match transaction::decide(app, &found.interaction, client, visitor).await? {
            NextStep::Consent { ask, known } => Ok(Some(Self { found, client, signed_in, ask, known })),
            _ => Ok(None),
        }
    }

    fn render(&self, app: &App, browser: &Browser) -> Result<HttpResponse, PageError> {
        let user = &self.signed_in.user;
        let protection = FormOf { form: "consent", transaction: Some(&self.found.id), user: Some(user.id) };
        let frame = Frame::of(app);
        let view = ConsentPage {
            frame: &frame,
            action: &urls::in_transaction(app.issuer(), path::CONSENT, &self.found.id),
            csrf: &protection.token(browser.token()),
            client_name: &self.client.client_name,
            client_id: self.client.client_id.as_str(),
            destination: &Destination::of(self.found.interaction.request.reply_to.redirect_uri().shown_host()),
            name: user.shown_name(),
            username: user.username.as_str(),
            ask: &items(&self.ask, app.registry()),
            scope: &self.ask.scope.to_string(),
            claims: &self.ask.claims.to_string(),
            known: &items(&self.known, app.registry()),
        };
        page::html(StatusCode::OK, &view, Some(&self.found.form_action()))
    }
}
