//! HTTP of the authorization endpoint.
//!
//! Owns: routes, what is read from a request, redirects. Does not own: any check.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, get, post, resource};

use super::begin::{AuthorizeError, begin};
use super::dispatch::{self, Resumed, Visit};
use super::view::{AnsweredPage, FormPostPage};
use crate::app::App;
use crate::protocol::opaque::OpaqueToken;
use crate::protocol::params::Params;
use crate::protocol::reply::AuthorizationResponse;
use crate::web::assets;
use crate::web::browser::Browser;
use crate::web::current::Current;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::page_form::{PageForm, PageQuery};
use crate::web::session::{SignedIn, Visitor};
use crate::web::transaction::Transaction;
use crate::web::urls::{self, path};

/// How long the parameters of a post wait for the GET that follows at once.
const PARKED_FOR: Duration = Duration::from_mins(5);

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource(path::AUTHORIZE).wrap(from_fn(page::frame)).route(get().to(authorize)).route(post().to(park)));
    cfg.service(resource(path::RESUME).wrap(from_fn(page::frame)).route(get().to(resume)));
}

/// `GET /authorize`.
async fn authorize(
    app: Current,
    PageQuery(params): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let visit = Visit { app: &app, browser: browser.hash(), visitor: visitor.as_ref() };
    let response = follow(&app, visitor.as_ref(), begin(&visit, &params).await)?;
    Ok(browser.remember(response, &app))
}

/// `POST /authorize` (OpenID Connect Core 3.1.2.1): it comes from another site, where a Lax cookie is
/// not sent. No cookie is read; the GET that follows has them.
async fn park(app: Current, PageForm(params): PageForm) -> Result<HttpResponse, PageError> {
    let id = OpaqueToken::generate(&mut app.rng());
    let until = app.now().plus(PARKED_FOR);
    app.stores.parked.put(&id.hash(), &params.encode_except(&[]), until).await?;
    let resume = urls::local(app.issuer(), path::RESUME);
    Ok(page::see_other(&format!("{resume}?parked={}", id.expose())))
}

/// `GET /authorize/resume`: the dispatcher.
async fn resume(
    app: Current,
    PageQuery(query): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let visit = Visit { app: &app, browser: browser.hash(), visitor: visitor.as_ref() };
    if let Some(parked) = query.get("parked") {
        let params = unpark(&app, parked).await?;
        let response = follow(&app, visitor.as_ref(), begin(&visit, &params).await)?;
        return Ok(browser.remember(response, &app));
    }
    let id = query.get("id").ok_or_else(PageError::unknown_transaction)?;
    let browser = browser.known()?;
    let found = Transaction::find(&app, id, &browser).await?;
    follow(&app, visitor.as_ref(), dispatch::resume(&visit, &found, query.has("again")).await)
}

async fn unpark(app: &App, id: &str) -> Result<Params, PageError> {
    let id = OpaqueToken::parse(id).ok_or_else(PageError::unknown_transaction)?;
    let text = app.stores.parked.take(&id.hash()).await?.ok_or_else(PageError::unknown_transaction)?;
    Params::parse(text.as_bytes()).map_err(|error| PageError::malformed(&error))
}

/// The next step, the answer to the client, or an error page.
fn follow(
    app: &App,
    visitor: Option<&SignedIn>,
    outcome: Result<Resumed, AuthorizeError>,
) -> Result<HttpResponse, PageError> {
    match outcome {
        Ok(Resumed::Page(there)) => Ok(page::see_other(&there)),
        Ok(Resumed::Answer(response)) => send(app, &response),
        Ok(Resumed::Answered(client_name, again)) => {
            let name = visitor.map(|signed_in| signed_in.user.shown_name());
            let frame = Frame::of(app);
            let view = AnsweredPage { frame: &frame, client_name: &client_name, again: &again, name };
            page::html(StatusCode::OK, &view, None)
        }
        Err(AuthorizeError::Send(reply_to, error)) => {
            tracing::info!(error = %error.code(), detail = error.description(), "authorization refused");
            send(app, &reply_to.with_error(&error, app.issuer()))
        }
        Err(AuthorizeError::Show(page)) => Err(page),
    }
}

/// An authorization response on its way through the browser.
fn send(app: &App, response: &AuthorizationResponse) -> Result<HttpResponse, PageError> {
    match response {
        AuthorizationResponse::Redirect(there) => Ok(page::see_other(there)),
        AuthorizationResponse::FormPost { redirect_uri, members } => {
            let frame = Frame::of(app);
            let view = FormPostPage {
                frame: &frame,
                script: &assets::href(assets::submit(), app.issuer()),
                action: redirect_uri.as_str(),
                host: &redirect_uri.shown_host(),
                members,
            };
            page::html_that_posts(&view, &redirect_uri.form_action())
        }
    }
}
