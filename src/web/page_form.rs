//! What a browser sends to a page: a query or a form, within the limits.
//!
//! Owns: the two extractors and their refusals as pages. Does not own: form decoding (`protocol/params`).

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;

use crate::protocol::params::Params;
use crate::web::page::app_of;
use crate::web::page_error::PageError;

/// The parameters of a query string.
#[derive(Debug)]
pub struct PageQuery(pub Params);

impl FromRequest for PageQuery {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_query(request))
    }
}

fn read_query(request: &HttpRequest) -> Result<PageQuery, PageError> {
    let query = request.query_string();
    if query.len() > app_of(request)?.config.limits.query {
        return Err(PageError::query_too_long());
    }
    Ok(PageQuery(Params::parse(query.as_bytes()).map_err(|error| PageError::malformed(&error))?))
}

/// The parameters of an `application/x-www-form-urlencoded` body.
#[derive(Debug)]
pub struct PageForm(pub Params);

impl FromRequest for PageForm {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            if !is_form(&request) {
                return Err(PageError::not_a_form());
            }
            let body = read_body(payload, app_of(&request)?.config.limits.body).await?;
            Ok(Self(Params::parse(&body).map_err(|error| PageError::malformed(&error))?))
        })
    }
}

fn is_form(request: &HttpRequest) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Stops at the limit: no more of a body that is too long is read.
async fn read_body(mut payload: Payload, limit: usize) -> Result<BytesMut, PageError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| PageError::broken_body())?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(PageError::form_too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
