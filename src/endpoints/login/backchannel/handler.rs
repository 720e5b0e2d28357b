//! HTTP of the back-channel logout URI at external providers.
//!
//! Owns: method, parameters, the answer. Does not own: what ends (`end`).

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{Path, ServiceConfig, post, resource};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use futures_util::future::LocalBoxFuture;

use super::end::end;
use crate::protocol::error::OAuthError;
use crate::protocol::params::Params;
use crate::upstream::LogoutError;
use crate::web::current::Current;
use crate::web::error::ApiError;
use crate::web::headers::no_store;
use crate::web::params::read_form_alone;
use crate::web::reply::method_not_allowed;
use crate::web::urls::path;

/// How long a provider waits whose own keys could not be fetched.
const RETRY: Duration = Duration::from_secs(30);

/// Under the issuer's path. It answers programs: no page, no cookie, nothing for a browser.
pub(in crate::endpoints::login) fn routes(cfg: &mut ServiceConfig) {
    let place = path::backchannel_logout("{provider}");
    cfg.service(resource(place).route(post().to(logout)).default_service(method_not_allowed("POST")));
}

/// 2.8: 200 when nobody is signed in any more that way, whoever was; 400 for a token that is not good.
async fn logout(app: Current, id: Path<String>, Form(params): Form) -> Result<HttpResponse, ApiError> {
    let unknown = || {
        let error = OAuthError::invalid_request("no OpenID provider of that id signs people in here");
        ApiError::from(error).with_status(StatusCode::NOT_FOUND)
    };
    let provider = app.registry().find_provider(&id).ok_or_else(unknown)?;
    let issuer = provider.openid().ok_or_else(unknown)?;
    let token = params.get("logout_token");
    let token = token.ok_or_else(|| OAuthError::invalid_request("the parameter logout_token is missing"))?;
    let token = app.upstream.logout((provider, issuer), token, app.now()).await.map_err(|error| match error {
        LogoutError::Refused(error) => {
            let why = format!("the logout token is refused: {}", error.reason().code());
            ApiError::from(OAuthError::invalid_request(why)).because(error)
        }
        LogoutError::Unknown(error) => ApiError::unavailable(RETRY, Some(Box::new(error))),
    })?;
    if !end(&app, &token).await? {
        return Err(OAuthError::invalid_request("the logout token was taken before").into());
    }
    let mut response = HttpResponse::Ok();
    for header in no_store() {
        response.insert_header(header);
    }
    Ok(response.finish())
}

/// The form alone.
struct Form(Params);

impl FromRequest for Form {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let limit = Current::of(&request)?.config.limits.body;
            Ok(Self(read_form_alone(&request, payload, limit).await?))
        })
    }
}
