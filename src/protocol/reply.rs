//! RFC 6749 4.1.2, 4.1.2.1, RFC 9207 and OAuth 2.0 Form Post Response Mode: the answer of the authorization endpoint.
//!
//! Owns: the proof that an answer may be sent (`ReplyTo`) and how it is written. Does not own:
//! making the proof from a request (`model/client`).

use serde::{Deserialize, Serialize};

use crate::protocol::error::OAuthError;
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::OpaqueToken;
use crate::protocol::redirect_uri::RegisteredRedirectUri;
use crate::protocol::response::ResponseMode;

/// Where an answer may go: only made from a client's own list of redirect URIs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    redirect_uri: RegisteredRedirectUri,
    response_mode: ResponseMode,
    state: Option<String>,
}

impl ReplyTo {
    /// From a URI that was chosen from the client's list.
    #[must_use]
    pub const fn new(redirect_uri: RegisteredRedirectUri, response_mode: ResponseMode, state: Option<String>) -> Self {
        Self { redirect_uri, response_mode, state }
    }

    /// The chosen redirect URI.
    #[must_use]
    pub const fn redirect_uri(&self) -> &RegisteredRedirectUri {
        &self.redirect_uri
    }

    /// How the answer travels.
    #[must_use]
    pub const fn response_mode(&self) -> ResponseMode {
        self.response_mode
    }

    /// The answer with a code: `code`, `state` as sent, `iss`.
    #[must_use]
    pub fn with_code(&self, code: &OpaqueToken, issuer: &Issuer) -> AuthorizationResponse {
        self.write(vec![("code", code.expose().to_owned())], issuer)
    }

    /// The answer with an error: `error`, `error_description`, `state` as sent, `iss`.
    #[must_use]
    pub fn with_error(&self, error: &OAuthError, issuer: &Issuer) -> AuthorizationResponse {
        let said = [("error", error.code().as_str()), ("error_description", error.description())];
        self.write(said.map(|(name, value)| (name, value.to_owned())).to_vec(), issuer)
    }

    fn write(&self, mut members: Vec<(&'static str, String)>, issuer: &Issuer) -> AuthorizationResponse {
        members.extend(self.state.clone().map(|state| ("state", state)));
        members.push(("iss", issuer.as_str().to_owned()));
        match self.response_mode {
            ResponseMode::Query => AuthorizationResponse::Redirect(self.in_query(&members)),
            ResponseMode::FormPost => {
                AuthorizationResponse::FormPost { redirect_uri: self.redirect_uri.clone(), members }
            }
        }
    }

    fn in_query(&self, members: &[(&str, String)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(members);
        let uri = self.redirect_uri.as_str();
        let glue = match uri.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{uri}{glue}{}", query.finish())
    }
}

/// An answer of the authorization endpoint on its way: only a [`ReplyTo`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationResponse {
    /// The browser follows this URL.
    Redirect(String),
    /// The browser posts a form with these members.
    FormPost {
        /// Where to.
        redirect_uri: RegisteredRedirectUri,
        /// Names and values, each name once.
        members: Vec<(&'static str, String)>,
    },
}
