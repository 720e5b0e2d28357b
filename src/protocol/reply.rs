//! RFC 6749 4.1.2, 4.1.2.1 and RFC 9207: the answer of the authorization endpoint.
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

    /// The URL that carries a code: `code`, `state` as sent, `iss`.
    #[must_use]
    pub fn with_code(&self, code: &OpaqueToken, issuer: &Issuer) -> String {
        self.write(&[("code", code.expose())], issuer)
    }

    /// The URL that carries an error: `error`, `error_description`, `state` as sent, `iss`.
    #[must_use]
    pub fn with_error(&self, error: &OAuthError, issuer: &Issuer) -> String {
        self.write(&[("error", error.code().as_str()), ("error_description", error.description())], issuer)
    }

    fn write(&self, members: &[(&str, &str)], issuer: &Issuer) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(members);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer.as_str());
        self.redirect_uri.with_query(&query.finish())
    }
}
