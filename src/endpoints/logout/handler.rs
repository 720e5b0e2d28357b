//! HTTP of signing out.
//!
//! Owns: routes; that a GET changes nothing. Does not own: sessions.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};

use super::view::{ConfirmPage, SignedOutPage};
use crate::app::App;
use crate::model::revocation::Revocation;
use crate::store::StoreError;
use crate::web::browser::Browser;
use crate::web::cookies::{self, Kind};
use crate::web::csrf::{self, FormOf};
use crate::web::current::Current;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::page_form::PageForm;
use crate::web::session::{self, SignedIn, Visitor};
use crate::web::urls::{self, path};

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(page::with_form(path::LOGOUT, show, submit));
}

/// `GET /logout`: asks, or says that nobody is signed in.
async fn show(app: Current, browser: Browser, Visitor(visitor): Visitor) -> Result<HttpResponse, PageError> {
    let frame = Frame::of(&app);
    let Some(signed_in) = visitor else {
        let view = SignedOutPage { frame: &frame, login: &urls::local(app.issuer(), path::LOGIN) };
        return page::html(StatusCode::OK, &view, None);
    };
    let protection = FormOf { form: "logout", transaction: None, user: Some(signed_in.user.id) };
    let view = ConfirmPage {
        frame: &frame,
        action: &urls::local(app.issuer(), path::LOGOUT),
        csrf: &protection.token(browser.token()),
        name: signed_in.user.shown_name(),
    };
    let response = page::html(StatusCode::OK, &view, None)?;
    Ok(browser.remember(response, &app))
}

/// `POST /logout`: ends the refresh tokens that came from the session, and the session in the store and
/// in the browser. Sent twice, it does no more.
async fn submit(
    app: Current,
    request: HttpRequest,
    PageForm(posted): PageForm,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    csrf::check_site(request.headers(), app.issuer())?;
    if let Some(signed_in) = &visitor {
        let browser = Browser::read(&request, &app).known()?;
        let protection = FormOf { form: "logout", transaction: None, user: Some(signed_in.user.id) };
        protection.check(browser.token(), &posted)?;
        end_grants(&app, signed_in).await?;
        tracing::info!(user_id = %signed_in.user.id, session_id = %signed_in.session.id, "signed out");
    }
    if let Some(id) = session::carried(&request, &app) {
        app.stores.sessions.end(&id).await?;
    }
    page::see_other_with(&urls::local(app.issuer(), path::LOGOUT), &cookies::clear(Kind::Session, app.issuer()))
}

/// Signing out is an act, and stays one whatever happens to the session's own record: it is in SQL before
/// that record goes.
async fn end_grants(app: &App, signed_in: &SignedIn) -> Result<(), StoreError> {
    let (session, now) = (signed_in.session.id, app.now());
    let ended = app.stores.grants.end_session(session, now).await?;
    app.negative.note(&Revocation::of_session(session, now));
    for grant in ended {
        app.negative.note(&Revocation::of_grant(grant, now));
    }
    Ok(())
}
