//! Fetch standard 3.2 (CORS): which web pages may read which answers.
//!
//! Owns: preflights and response headers. Does not own: which origins a client has (`model`).
//! Credentials are never allowed: no endpoint here works by cookie, and `null` is no origin.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, HeaderValue, ORIGIN, VARY,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, Route, web};

use crate::model::client::Client;
use crate::model::registry::Registry;
use crate::web::client::Concerned;
use crate::web::current::Current;

/// Request headers that a page may send.
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, X-Requested-With, DPoP, MCP-Protocol-Version";

/// Answer headers that a page may read.
const EXPOSED_HEADERS: &str = "WWW-Authenticate, DPoP-Nonce, Retry-After";

/// How long a browser may keep a preflight, in seconds.
const MAX_AGE: &str = "600";

/// Whether a page of that origin may read the answer. When the request names no known client, any
/// origin that some client has may, so that a developer can read `invalid_client`.
#[must_use]
pub fn may_read(registry: &Registry, concerned: Option<&Client>, origin: &str) -> bool {
    let known = match concerned {
        Some(client) => registry.allows_origin(client, origin),
        None => registry.knows_origin(origin),
    };
    known && origin != "null"
}

/// Middleware of an endpoint whose answers concern one client: the origin is allowed when it is that
/// client's, in errors too.
///
/// # Errors
/// Those of the service inside.
pub async fn per_client(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let allowed = readable_origin(response.request());
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    }
    Ok(response)
}

/// Middleware of a public document: any page may read it.
///
/// # Errors
/// Those of the service inside.
pub async fn public(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

/// The route that answers OPTIONS, a preflight or not. Whether the origin is allowed is the
/// middleware's to say: it stands round this route like round the others.
#[must_use]
pub fn preflight(methods: &'static str) -> Route {
    web::method(Method::OPTIONS).to(move || async move {
        HttpResponse::NoContent()
            .insert_header((ALLOW, methods))
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
            .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE))
            .finish()
    })
}

fn readable_origin(request: &HttpRequest) -> Option<HeaderValue> {
    let app = Current::of(request).ok()?;
    let header = request.headers().get(ORIGIN)?;
    let concerned = request.extensions().get::<Concerned>().cloned();
    let client = concerned.as_ref().map(|concerned| concerned.0.as_ref());
    may_read(app.registry(), client, header.to_str().ok()?).then(|| header.clone())
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::model::client::{ClientAuthentication, ConsentPolicy, IdTokenClaimsPolicy, PkcePolicy};
    use crate::model::refresh::RefreshPolicy;
    use crate::model::signing_key::Algorithm;
    use crate::protocol::ids::ClientId;
    use crate::protocol::redirect_uri::{ApplicationType, RedirectUri};
    use crate::protocol::scope::Scopes;

    fn client(id: &str, redirect_uri: &str, allowed_origin: &str) -> Client {
        Client {
            client_id: ClientId::parse(id).unwrap(),
            client_name: id.to_owned(),
            enabled: true,
            first_party: false,
            application_type: ApplicationType::Web,
            redirect_uris: vec![RedirectUri::parse(redirect_uri, ApplicationType::Web).unwrap()],
            post_logout_redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            authentication: ClientAuthentication::Public,
            scope: Scopes::default(),
            default_scope: Scopes::default(),
            default_audience: None,
            consent: ConsentPolicy::default(),
            pkce: PkcePolicy::default(),
            access_token_lifetime: None,
            refresh: RefreshPolicy::default(),
            id_token_signed_response_alg: Algorithm::RS256,
            id_token_claims: IdTokenClaimsPolicy::default(),
            allowed_origins: vec![allowed_origin.to_owned()],
            providers: None,
            auto_redirect: false,
            defined_at: None,
        }
    }

    fn registry(dev: bool) -> Registry {
        let one = client("one", "https://one.example/cb", "https://docs.one.example");
        let two = client("two", "https://two.example/cb", "null");
        Registry::new(vec![one, two], Vec::new(), Vec::new(), dev)
    }

    #[test]
    fn an_answer_is_readable_from_the_origins_of_its_client_only() {
        let registry = registry(false);
        let one = registry.find_client("one").map(AsRef::as_ref);
        let read = |client: Option<&Client>, origin: &str| may_read(&registry, client, origin);
        for origin in ["https://one.example", "https://docs.one.example"] {
            assert!(read(one, origin), "{origin}");
        }
        for origin in ["https://two.example", "https://one.example:8443", "http://one.example", "http://localhost:3000"]
        {
            assert!(!read(one, origin), "{origin}");
        }
    }

    #[test]
    fn without_a_client_every_origin_that_some_client_has_may_read() {
        let registry = registry(false);
        assert!(may_read(&registry, None, "https://two.example"));
        assert!(!may_read(&registry, None, "https://evil.example"));
    }

    #[test]
    fn null_is_no_origin_even_where_it_is_configured() {
        let registry = registry(true);
        assert!(!may_read(&registry, registry.find_client("two").map(AsRef::as_ref), "null"));
        assert!(!may_read(&registry, None, "null"));
    }

    #[test]
    fn in_dev_loopback_origins_are_every_clients() {
        let registry = registry(true);
        let one = registry.find_client("one").map(AsRef::as_ref);
        assert!(may_read(&registry, one, "http://localhost:5173"));
        assert!(!may_read(&registry, one, "http://localhost.evil.example"));
    }
}
