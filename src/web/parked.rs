//! Requests that another site posts (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 2): a Lax cookie is
//! not sent with them, so none is read. Their parameters wait under a single-use id for the GET that follows
//! at once, which has the cookies.
//!
//! Owns: that detour. Does not own: what the parameters mean.

use std::time::Duration;

use actix_web::HttpResponse;

use crate::app::App;
use crate::protocol::opaque::OpaqueToken;
use crate::protocol::params::Params;
use crate::store::StoreError;
use crate::web::page;
use crate::web::page_error::PageError;
use crate::web::urls;

/// The parameter that carries the id.
const PARKED: &str = "parked";

/// How long the parameters wait.
const FOR: Duration = Duration::from_mins(5);

/// What waited under an id.
pub enum Parked {
    /// The parameters that were posted.
    Request(Params),
    /// Nothing: they were fetched before, or waited too long.
    Gone,
}

/// Parks the parameters of a post and leads to `path`, one of our own that is no endpoint of the standards
/// (any parameter may be sent to those).
///
/// # Errors
/// When the store fails.
pub async fn park(app: &App, path: &str, params: &Params) -> Result<HttpResponse, StoreError> {
    let id = OpaqueToken::generate(&mut app.rng());
    let text = format!("{path}?{}", params.encode_except(&[]));
    app.stores.parked.put(&id.hash(), &text, app.now().plus(FOR)).await?;
    Ok(page::see_other(&format!("{}?{PARKED}={}", urls::local(app.issuer(), path), id.expose())))
}

/// What was parked for `path`, by the query of a GET there; `None` when it names nothing.
///
/// # Errors
/// When the store fails.
pub async fn unpark(app: &App, path: &str, query: &Params) -> Result<Option<Parked>, PageError> {
    let Some(id) = query.get(PARKED) else { return Ok(None) };
    let Some(id) = OpaqueToken::parse(id) else { return Ok(Some(Parked::Gone)) };
    let text = app.stores.parked.take(&id.hash()).await?.unwrap_or_default();
    match text.split_once('?') {
        Some((parked_for, params)) if parked_for == path => {
            let params = Params::parse(params.as_bytes()).map_err(|error| PageError::malformed(&error))?;
            Ok(Some(Parked::Request(params)))
        }
        _ => Ok(Some(Parked::Gone)),
    }
}
