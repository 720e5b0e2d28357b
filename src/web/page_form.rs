//! What a browser sends to a page: a query or a form.
//!
//! Owns: the two extractors and their refusals as pages. Does not own: reading a body (`params`), the
//! limit of a query (`page`), or decoding either (`protocol/params`).

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::protocol::params::Params;
use crate::web::page::app_of;
use crate::web::page_error::PageError;
use crate::web::params;

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
    let params = Params::parse(request.query_string().as_bytes()).map_err(|error| PageError::malformed(&error))?;
    Ok(PageQuery(params))
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
            let limit = app_of(&request)?.config.limits.body;
            Ok(Self(params::read_form(&request, payload, limit).await?))
        })
    }
}
