//! Which browser a request comes from: a random cookie, older than any sign-in.
//!
//! Owns: finding or making it. Does not own: what is bound to it (transactions, form tokens).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use crate::app::App;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::web::cookies::{self, Kind};
use crate::web::page::app_of;
use crate::web::page_error::PageError;

/// The browser of a request. One that came without the cookie gets a token that it does not have yet:
/// an answer sets it with [`Browser::remember`].
#[derive(Debug)]
pub struct Browser {
    token: OpaqueToken,
    fresh: bool,
}

impl Browser {
    /// Finds or makes it.
    #[must_use]
    pub fn read(request: &HttpRequest, app: &App) -> Self {
        match cookies::read(request.headers(), Kind::Browser, app.issuer()) {
            Some(token) => Self { token, fresh: false },
            None => Self { token: OpaqueToken::generate(&mut app.rng()), fresh: true },
        }
    }

    /// The secret itself, from which form tokens are derived.
    #[must_use]
    pub const fn token(&self) -> &OpaqueToken {
        &self.token
    }

    /// What a transaction keeps of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        self.token.hash()
    }

    /// The browser of a request to a page that only follows another of our pages.
    ///
    /// # Errors
    /// When it sent no cookie: it blocks them, or it is not the browser that began.
    pub fn known(self) -> Result<Self, PageError> {
        if self.fresh { Err(PageError::cookies_needed()) } else { Ok(self) }
    }

    /// Adds the cookie to an answer unless the browser has it.
    #[must_use]
    pub fn remember(&self, mut response: HttpResponse, app: &App) -> HttpResponse {
        if self.fresh && response.add_cookie(&cookies::set(Kind::Browser, &self.token, app.issuer())).is_err() {
            // The value is base64url, so that this cannot happen; without the cookie the next page explains.
            tracing::error!("the browser cookie could not be written");
        }
        response
    }
}

impl FromRequest for Browser {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(app_of(request).map(|app| Self::read(request, &app)))
    }
}
