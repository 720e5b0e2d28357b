//! HTTP of the home page.
//!
//! Owns: its route. Does not own: anything else.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, get, head, resource};

use super::view::{HomePage, Person};
use crate::model::person::Email;
use crate::web::browser::Browser;
use crate::web::csrf::FormOf;
use crate::web::current::Current;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::session::Visitor;
use crate::web::urls::{self, path};

/// Adds the routes. An issuer with a path is also opened without the slash behind it.
pub fn routes(cfg: &mut ServiceConfig) {
    let paths = [path::HOME, ""];
    cfg.service(resource(paths).wrap(from_fn(page::frame)).route(get().to(show)).route(head().to(show)));
}

/// `GET /`.
async fn show(app: Current, browser: Browser, Visitor(visitor): Visitor) -> Result<HttpResponse, PageError> {
    let frame = Frame::of(&app);
    let user = visitor.as_ref().map(|signed_in| &signed_in.user);
    let protection = FormOf { form: "logout", transaction: None, user: user.map(|user| user.id) };
    let csrf = protection.token(browser.token());
    let person = user.map(|user| Person {
        name: user.shown_name(),
        username: user.username.as_str(),
        email: user.email.as_ref().map(Email::as_str),
        csrf: &csrf,
    });
    let view = HomePage {
        frame: &frame,
        issuer: app.issuer().as_str(),
        login: &urls::local(app.issuer(), path::LOGIN),
        logout: &urls::local(app.issuer(), path::LOGOUT_CONFIRM),
        account: &urls::local(app.issuer(), path::ACCOUNT),
        person: person.as_ref(),
    };
    let response = page::html(StatusCode::OK, &view, None)?;
    Ok(browser.remember(response, &app))
}
