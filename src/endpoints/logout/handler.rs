//! HTTP of signing out.
//!
//! Owns: routes, and which page or redirect a step becomes. Does not own: the step (`model/sign_out`), or what
//! ends (`end`).

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, get, head, post, resource};
use actix_web::{HttpRequest, HttpResponse};

use super::asked::Asked;
use super::end::sign_out;
use super::explain;
use super::upstream;
use super::view::{ConfirmPage, SignedOutPage};
use crate::app::App;
use crate::model::sign_out::{Return, SignOutStep};
use crate::protocol::params::Params;
use crate::web::browser::Browser;
use crate::web::cookies::{self, Kind};
use crate::web::csrf::{self, FormOf};
use crate::web::current::Current;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::page_form::{PageForm, PageQuery};
use crate::web::parked::{self, Parked};
use crate::web::session::{self, SignedIn, Visitor};
use crate::web::urls::{self, path};

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    let logout = resource(path::LOGOUT).wrap(from_fn(page::frame));
    cfg.service(logout.route(get().to(show)).route(head().to(peek)).route(post().to(park)));
    let confirm = resource(path::LOGOUT_CONFIRM).wrap(from_fn(page::frame));
    cfg.service(confirm.route(get().to(arrive)).route(post().to(submit)));
}

/// `GET /logout`: the end-session endpoint.
async fn show(
    app: Current,
    request: HttpRequest,
    PageQuery(params): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let asked = Asked::read(&app, &params)?;
    let upstream = upstream::Offer::read(&app, &params);
    answer(&app, &request, (&asked, upstream), &browser, visitor.as_ref()).await
}

/// `HEAD /logout`: what a visit without parameters would get, since nothing may end unseen.
async fn peek(
    app: Current,
    request: HttpRequest,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let asked = Asked::read(&app, &Params::default())?;
    answer(&app, &request, (&asked, None), &browser, visitor.as_ref()).await
}

/// `POST /logout`: the same from an application's own form, on another site.
async fn park(app: Current, PageForm(params): PageForm) -> Result<HttpResponse, PageError> {
    Ok(parked::park(&app, path::LOGOUT_CONFIRM, &params).await?)
}

/// `GET /logout/confirm`: where a post leads. Reloaded, there is nothing parked any more, and the person is asked as if
/// they had come by themselves.
async fn arrive(
    app: Current,
    request: HttpRequest,
    PageQuery(query): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    match parked::unpark(&app, path::LOGOUT_CONFIRM, &query).await? {
        Some(Parked::Request(params)) => {
            let asked = Asked::read(&app, &params)?;
            answer(&app, &request, (&asked, None), &browser, visitor.as_ref()).await
        }
        Some(Parked::Gone) | None => Ok(page::see_other(&urls::local(app.issuer(), path::LOGOUT))),
    }
}

/// `POST /logout/confirm`: our own form.
async fn submit(
    app: Current,
    request: HttpRequest,
    PageForm(posted): PageForm,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    csrf::check_site(request.headers(), app.issuer())?;
    if let Some(signed_in) = &visitor {
        let browser = Browser::read(&request, &app).known()?;
        form_of(signed_in).check(browser.token(), &posted)?;
    }
    let asked = Asked::read(&app, &posted)?;
    sign_out(&app, visitor.as_ref(), session::carried(&request, &app), asked.client_id()).await?;
    // Where nobody was signed in, nothing proves that a person of this browser sent the form.
    let there = match &visitor {
        Some(signed_in) => asked.leave(&app, Some(&signed_in.session)),
        None => asked.say(&app),
    };
    page::see_other_with(&there, &cookies::clear(Kind::Session, app.issuer()))
}

fn form_of(signed_in: &SignedIn) -> FormOf<'static> {
    FormOf { form: "logout", transaction: None, user: Some(signed_in.user.id) }
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    (asked, upstream): (&Asked, Option<upstream::Offer>),
    browser: &Browser,
    visitor: Option<&SignedIn>,
) -> Result<HttpResponse, PageError> {
    match (asked.held.step(visitor.map(|signed_in| signed_in.user.id)), visitor) {
        (SignOutStep::End, _) => {
            sign_out(app, visitor, session::carried(request, app), asked.client_id()).await?;
            let there = asked.leave(app, visitor.map(|signed_in| &signed_in.session));
            page::see_other_with(&there, &cookies::clear(Kind::Session, app.issuer()))
        }
        (SignOutStep::Leave, _) => Ok(page::see_other(&asked.leave(app, None))),
        (SignOutStep::Ask, Some(signed_in)) => confirm_page(app, asked, browser, signed_in),
        (SignOutStep::Ask | SignOutStep::Say, _) => signed_out_page(app, asked, upstream).await,
    }
}

fn confirm_page(app: &App, asked: &Asked, browser: &Browser, signed_in: &SignedIn) -> Result<HttpResponse, PageError> {
    let view = ConfirmPage {
        frame: &Frame::of(app),
        action: &urls::local(app.issuer(), path::LOGOUT_CONFIRM),
        csrf: &form_of(signed_in).token(browser.token()),
        name: signed_in.user.shown_name(),
        client_name: asked.client_name(),
        parameters: &asked.parameters(),
    };
    let form_action = match &asked.held.return_to {
        Return::To(there) => Some(there.uri().form_action()),
        Return::Stay | Return::Refused(_) => None,
    };
    let response = page::html(StatusCode::OK, &view, form_action.as_deref())?;
    Ok(browser.remember(response, app))
}

async fn signed_out_page(
    app: &App,
    asked: &Asked,
    upstream: Option<upstream::Offer>,
) -> Result<HttpResponse, PageError> {
    let explanation = explain::refused_return(asked).filter(|_| app.config.dev);
    let there = match &asked.held.return_to {
        Return::To(there) => Some(there.url()),
        Return::Stay | Return::Refused(_) => None,
    };
    let upstream = match upstream {
        Some(offer) => offer.link(app).await,
        None => None,
    };
    let view = SignedOutPage {
        frame: &Frame::of(app),
        login: &urls::local(app.issuer(), path::LOGIN),
        client_name: asked.client_name(),
        there: there.as_deref(),
        refused: matches!(asked.held.return_to, Return::Refused(_)),
        upstream: upstream.as_ref(),
        explanation: explanation.as_ref(),
    };
    page::html(StatusCode::OK, &view, None)
}
