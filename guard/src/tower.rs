//! tower: a layer that lets nobody past without a good token.
//!
//! Owns: the token of a request, what the service behind finds in its extensions, and the answer to who is not let in.
//! Does not own: any decision (`guard`).

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use crate::bearer;
use crate::guard::Guard;
use crate::refusal::Refusal;
use crate::scope::{RequiredScope, Token};

/// Lets requests through whose token is good and has the scopes of `S`. The service behind finds a [`Token<S>`] in the
/// request's extensions, and a [`Token`] too.
pub struct GuardLayer<S: RequiredScope = ()> {
    guard: Guard,
    scope: PhantomData<fn() -> S>,
}

impl<S: RequiredScope> GuardLayer<S> {
    /// By that guard.
    #[must_use]
    pub const fn new(guard: Guard) -> Self {
        Self { guard, scope: PhantomData }
    }
}

impl<S: RequiredScope> Clone for GuardLayer<S> {
    fn clone(&self) -> Self {
        Self::new(self.guard.clone())
    }
}

impl<S: RequiredScope> fmt::Debug for GuardLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardLayer").field("needed", &S::SCOPE).field("guard", &self.guard).finish()
    }
}

impl<S: RequiredScope, Inner> Layer<Inner> for GuardLayer<S> {
    type Service = GuardService<Inner, S>;

    fn layer(&self, inner: Inner) -> Self::Service {
        GuardService { layer: self.clone(), inner }
    }
}

/// A service behind a [`GuardLayer`].
pub struct GuardService<Inner, S: RequiredScope = ()> {
    layer: GuardLayer<S>,
    inner: Inner,
}

impl<Inner: Clone, S: RequiredScope> Clone for GuardService<Inner, S> {
    fn clone(&self) -> Self {
        Self { layer: self.layer.clone(), inner: self.inner.clone() }
    }
}

impl<Inner, S: RequiredScope> fmt::Debug for GuardService<Inner, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardService").field("layer", &self.layer).finish_non_exhaustive()
    }
}

impl<S, Inner, Body, Answer> Service<Request<Body>> for GuardService<Inner, S>
where
    S: RequiredScope,
    Inner: Service<Request<Body>, Response = Response<Answer>> + Clone + Send + 'static,
    Inner::Future: Send,
    Body: Send + 'static,
    Answer: Default,
{
    type Response = Response<Answer>;
    type Error = Inner::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let headers = request.headers().get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
        let raw = bearer::read(headers, request.uri().query()).map(str::to_owned);
        let guard = self.layer.guard.clone();
        // The one that was asked whether it is ready is the one that is called.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let authorized = match raw {
                Ok(raw) => guard.authorize::<S>(&raw).await,
                Err(refusal) => Err(refusal),
            };
            match authorized {
                Ok(token) => {
                    request.extensions_mut().insert(Token::<()>::proven(token.clone().into_inner()));
                    request.extensions_mut().insert(token);
                    inner.call(request).await
                }
                Err(refusal) => Ok(answer(&refusal, guard.realm())),
            }
        })
    }
}

/// RFC 6750 3. The body is empty, whatever kind of body there is: the header says it all.
fn answer<Body: Default>(refusal: &Refusal, realm: &str) -> Response<Body> {
    let mut answer = Response::new(Body::default());
    *answer.status_mut() = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(challenge) = refusal.www_authenticate(realm).and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}
