//! The app of a request: the snapshot that was the present one when the request began.
//!
//! Owns: taking it and handing it out. Does not own: the app or when it is replaced (`app`).

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};

use crate::app::{App, Live};
use crate::web::error::ApiError;

/// The extractor. Cheap to clone.
#[derive(Clone)]
pub struct Current(Arc<App>);

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

impl Deref for Current {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}

impl Current {
    /// Takes the present one for this request, once, before anything else looks at it.
    ///
    /// # Errors
    /// When there is none, which is a fault of ours.
    pub fn take(request: &ServiceRequest) -> Result<Self, ApiError> {
        let live = request.app_data::<web::Data<Live>>().ok_or_else(missing)?;
        let current = Self(live.current());
        request.extensions_mut().insert(current.clone());
        Ok(current)
    }

    /// The one that was taken for this request.
    ///
    /// # Errors
    /// When none was, which is a fault of ours.
    pub fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        request.extensions().get::<Self>().cloned().ok_or_else(missing)
    }
}

impl FromRequest for Current {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

fn missing() -> ApiError {
    ApiError::internal("the app is not in the app data")
}
