//! What a browser is known by at the sign-in page, long after the person signed out.
//!
//! Owns: that cookie. Does not own: what being known changes (`throttle`). It opens nothing.

use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::throttle::KNOWN_FOR;
use crate::web::cookies::{self, Kind};
use crate::web::page_error::PageError;

/// The device of a request; one that came without the cookie gets a token that it does not have yet.
#[derive(Debug)]
pub struct Device(OpaqueToken);

impl Device {
    /// Finds or makes it.
    #[must_use]
    pub fn read(request: &HttpRequest, app: &App) -> Self {
        let found = cookies::read(request.headers(), Kind::Device, app.issuer());
        Self(found.unwrap_or_else(|| OpaqueToken::generate(&mut app.rng())))
    }

    /// What is known of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.0.hash()
    }

    /// Adds the cookie to the answer to a sign-in, which may be known from now on.
    ///
    /// # Errors
    /// When the cookie is no header value, which is a fault of ours.
    pub fn remember(&self, mut response: HttpResponse, app: &App) -> Result<HttpResponse, PageError> {
        let cookie = cookies::keep(Kind::Device, &self.0, KNOWN_FOR, app.issuer());
        response.add_cookie(&cookie).map_err(|error| PageError::internal().because(error))?;
        Ok(response)
    }
}
