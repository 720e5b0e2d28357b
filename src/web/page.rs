//! Pages: what surrounds each of them, and the headers they carry.
//!
//! Owns: the layout's data, the content policy, redirects between pages, and turning a `PageError`
//! into a page. Does not own: any page's content (`endpoints/*/view.rs`).

use actix_web::body::BoxBody;
use actix_web::cookie::Cookie;
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT, ALLOW, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER,
};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, FromRequest, Handler, HttpMessage as _, HttpRequest, HttpResponse, web};
use askama::Template;

use crate::app::App;
use crate::protocol::issuer::Issuer;
use crate::web::address::ClientAddress;
use crate::web::assets;
use crate::web::cookies;
use crate::web::current::Current;
use crate::web::edge::Noted;
use crate::web::host::{self, Opened};
use crate::web::page_error::{Explanation, Kind, Link, PageError};
use crate::web::request_id::RequestId;
use crate::web::urls::{self, path};

/// What the layout needs.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The style sheet.
    pub style: String,
    /// The icon.
    pub icon: String,
    /// The home page.
    pub home: String,
    /// Whether this is a development server: every page says so.
    pub dev: bool,
}

impl Frame {
    /// Of this server.
    #[must_use]
    pub fn of(app: &App) -> Self {
        Self::new(app.issuer(), app.config.dev)
    }

    /// Of a server with that issuer.
    #[must_use]
    pub fn new(issuer: &Issuer, dev: bool) -> Self {
        Self {
            style: assets::href(assets::style(), issuer),
            icon: assets::href(assets::icon(), issuer),
            home: urls::local(issuer, path::HOME),
            dev,
        }
    }
}

/// The error page.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// The layout's.
    pub frame: &'a Frame,
    /// Which error.
    pub kind: Kind,
    /// What exactly.
    pub detail: Option<&'a str>,
    /// On a development server.
    pub explanation: Option<&'a Explanation>,
    /// The way on.
    pub link: Option<&'a Link>,
    /// Another way on.
    pub other_link: Option<&'a Link>,
    /// The request's name in the log.
    pub reference: &'a str,
}

/// A page as an answer. `form_action` is what a form on it may lead to beside ourselves (CSP
/// `form-action`, which browsers also hold against the redirects that follow a post).
///
/// # Errors
/// When the template fails, which is a fault of ours.
pub fn html(status: StatusCode, page: &impl Template, form_action: Option<&str>) -> Result<HttpResponse, PageError> {
    html_under(status, page, &content_policy(form_action))
}

/// A page whose one form leads to the client and nowhere else, and is sent by a script of ours where scripts run.
///
/// # Errors
/// As [`html`].
pub fn html_that_posts(page: &impl Template, form_action: &str) -> Result<HttpResponse, PageError> {
    html_under(StatusCode::OK, page, &format!("{NOTHING_ELSE}; script-src 'self'; form-action {form_action}"))
}

fn html_under(status: StatusCode, page: &impl Template, policy: &str) -> Result<HttpResponse, PageError> {
    let body = page.render().map_err(|error| PageError::internal().because(error))?;
    let policy = HeaderValue::from_str(policy).map_err(|error| PageError::internal().because(error))?;
    let mut response = HttpResponse::new(status).set_body(BoxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// What every page may load, and who may frame it.
const NOTHING_ELSE: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

fn content_policy(form_action: Option<&str>) -> String {
    match form_action {
        Some(target) => format!("{NOTHING_ELSE}; form-action 'self' {target}"),
        None => format!("{NOTHING_ELSE}; form-action 'self'"),
    }
}

/// 303: the browser follows with GET, whatever it did before. 307 would send a password on (RFC 9700 4.12).
#[must_use]
pub fn see_other(location: &str) -> HttpResponse {
    let Ok(location) = HeaderValue::from_str(location) else {
        tracing::error!("a redirect was not a header value");
        return HttpResponse::InternalServerError().finish();
    };
    let mut response = HttpResponse::new(StatusCode::SEE_OTHER);
    response.headers_mut().insert(LOCATION, location);
    response
}

/// [`see_other`] that sets a cookie, or removes one.
///
/// # Errors
/// When the cookie is no header value, which is a fault of ours.
pub fn see_other_with(location: &str, cookie: &Cookie<'_>) -> Result<HttpResponse, PageError> {
    let mut response = see_other(location);
    response.add_cookie(cookie).map_err(|error| PageError::internal().because(error))?;
    Ok(response)
}

/// The resource of a page with a form: GET shows it, HEAD likewise, POST takes what was sent.
pub fn with_form<Shown, Sent>(
    path: &str,
    show: impl Handler<Shown, Output = Result<HttpResponse, PageError>>,
    submit: impl Handler<Sent, Output = Result<HttpResponse, PageError>>,
) -> impl HttpServiceFactory + 'static
where
    Shown: FromRequest + 'static,
    Sent: FromRequest + 'static,
{
    web::resource(path)
        .wrap(from_fn(frame))
        .route(web::get().to(show.clone()))
        .route(web::head().to(show))
        .route(web::post().to(submit))
}

/// The app of a request.
///
/// # Errors
/// When it was not put there, which is a fault of ours.
pub fn app_of(request: &HttpRequest) -> Result<Current, PageError> {
    Current::of(request).map_err(|_| PageError::internal())
}

/// What every page is wrapped in: its query is within the limit, it is opened under the issuer's host, and
/// errors become pages.
/// The headers that every answer carries are `headers`'; there is no Cross-Origin-Opener-Policy among
/// them, since an application that opens us in a popup keeps its handle on the window only without.
///
/// # Errors
/// None of its own.
pub async fn frame(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = app_of(request.request())?;
    let proxied = request.extensions().get::<ClientAddress>().is_some_and(|client| client.by_trusted_proxy);
    let opened = host::opened(request.headers(), request.method(), request.uri(), proxied, app.issuer());
    let mut response = if request.query_string().len() > app.config.limits.query {
        request.error_response(PageError::query_too_long())
    } else {
        match opened {
            Opened::Here => next.call(request).await?,
            Opened::GoTo(there) => request.into_response(see_other_with(&there, &cookies::moved(app.issuer()))?),
            Opened::Refuse => {
                let cause =
                    "Host is not the issuer's: let the proxy pass it on, or name the proxy in [proxies] trusted";
                request.error_response(PageError::wrong_host().because(cause))
            }
        }
    };
    if let Some(page) = error_page(&response, &app) {
        response = response.into_response(page);
    }
    Ok(response)
}

/// What answers where nothing else does: a page for a browser, a line for everything else.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    let browser =
        request.headers().get_all(ACCEPT).any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")));
    let page = app_of(&request)
        .ok()
        .filter(|_| browser)
        .and_then(|app| render_error(&PageError::new(Kind::NotFound), &app, RequestId::of(&request).as_str()));
    page.unwrap_or_else(|| HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("not found\n"))
}

/// The page for an answer that is an error; also for the bare 405 of a route.
fn error_page(response: &ServiceResponse<BoxBody>, app: &App) -> Option<HttpResponse> {
    let bare = PageError::new(Kind::MethodNotAllowed);
    let error = match response.response().error() {
        Some(error) => error.as_error::<PageError>()?,
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => &bare,
        None => return None,
    };
    let request = response.request();
    note(request, error);
    let mut page = render_error(error, app, RequestId::of(request).as_str())?;
    for name in [RETRY_AFTER, ALLOW] {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    Some(page)
}

fn render_error(error: &PageError, app: &App, reference: &str) -> Option<HttpResponse> {
    let parts = error.parts();
    let frame = Frame::of(app);
    let page = ErrorPage {
        frame: &frame,
        kind: parts.kind,
        detail: parts.detail.as_deref(),
        explanation: parts.explanation.as_ref().filter(|_| app.config.dev),
        link: parts.link.as_ref(),
        other_link: parts.other_link.as_ref(),
        reference,
    };
    html(parts.kind.status(), &page, None).ok()
}

/// The log line of the request names the error and what caused it: the reference on the page leads to it.
fn note(request: &HttpRequest, error: &PageError) {
    let parts = error.parts();
    let cause = parts.cause.as_ref().or(parts.detail.as_ref());
    Noted::note(request, parts.kind.code(), cause.cloned());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(parts: &crate::web::page_error::Parts, dev: bool) -> String {
        let frame = Frame::new(&Issuer::parse("https://id.example.com/tenant").unwrap(), dev);
        ErrorPage {
            frame: &frame,
            kind: parts.kind,
            detail: parts.detail.as_deref(),
            explanation: parts.explanation.as_ref(),
            link: parts.link.as_ref(),
            other_link: parts.other_link.as_ref(),
            reference: "ref-1",
        }
        .render()
        .unwrap()
    }

    #[test]
    fn what_arrived_is_escaped_wherever_it_is_shown() {
        let probe = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'";
        let error = PageError::new(Kind::WrongRedirectUri).explained(Explanation {
            received: Some(probe.to_owned()),
            expected: vec![probe.to_owned()],
            change: probe.to_owned(),
            toml: Some(probe.to_owned()),
        });
        let page = render(error.parts(), true);
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("'</"), "{page}");
        assert!(page.contains("&#60;script&#62;"), "{page}");
    }

    #[test]
    fn an_error_page_names_code_and_reference() {
        let page = render(PageError::unknown_transaction().parts(), false);
        assert!(page.contains("unknown_transaction") && page.contains("ref-1"), "{page}");
        assert!(page.contains("/tenant/assets/style."), "{page}");
        assert!(!page.contains("evelopment server"), "{page}");
    }

    #[test]
    fn forms_lead_to_ourselves_and_to_the_client_at_most() {
        assert!(content_policy(None).ends_with("form-action 'self'"));
        assert!(content_policy(Some("https://app.example")).ends_with("form-action 'self' https://app.example"));
        assert!(content_policy(None).contains("frame-ancestors 'none'"));
    }

    #[test]
    fn redirects_between_pages_are_303() {
        assert_eq!(see_other("/login").status(), StatusCode::SEE_OTHER);
        assert_eq!(see_other("/x\r\nSet-Cookie: a=b").status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
