//! OpenID Connect RP-Initiated Logout 1.0, 2 and 3: the request to sign out, and the way back.
//!
//! Owns: reading the parameters, and the proof that a person may be sent on (`ReturnTo`). Does not own:
//! making that proof (`model/client`) or what a request leads to (`model/sign_out`).

use secrecy::SecretString;

use crate::protocol::authorization::echo;
use crate::protocol::error::OAuthError;
use crate::protocol::params::Params;
use crate::protocol::redirect_uri::RegisteredRedirectUri;

/// A request whose parameters are well formed; nothing yet is held against the client. `logout_hint` and
/// `ui_locales` change nothing here: a browser has one session, and the pages one language.
#[derive(Debug, Clone)]
pub struct EndSessionRequest {
    /// `id_token_hint`, unverified. It names a person: never printed.
    pub id_token_hint: Option<SecretString>,
    /// `client_id` as sent.
    pub client_id: Option<String>,
    /// `post_logout_redirect_uri` as sent.
    pub post_logout_redirect_uri: Option<String>,
    /// `state`.
    pub state: Option<String>,
}

impl EndSessionRequest {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `invalid_request` when the return address or the state is too long to be carried.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self {
            id_token_hint: params.get("id_token_hint").map(SecretString::from),
            client_id: params.get("client_id").map(str::to_owned),
            post_logout_redirect_uri: echo(params, "post_logout_redirect_uri")?,
            state: echo(params, "state")?,
        })
    }
}

/// Where a person may go on to: only made from a client's own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo {
    uri: RegisteredRedirectUri,
    state: Option<String>,
}

impl ReturnTo {
    /// From a URI that was chosen from the client's list.
    #[must_use]
    pub const fn new(uri: RegisteredRedirectUri, state: Option<String>) -> Self {
        Self { uri, state }
    }

    /// The chosen URI.
    #[must_use]
    pub const fn uri(&self) -> &RegisteredRedirectUri {
        &self.uri
    }

    /// The URL to go on to: with `state` as sent, and as registered where none was.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.state {
            None => self.uri.as_str().to_owned(),
            Some(state) => {
                let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
                self.uri.with_query(&query)
            }
        }
    }
}
