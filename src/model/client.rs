//! A registered client (RFC 7591 2) and the two proofs that come from it.
//!
//! Owns: authentication of a client and where its answers may go. Does not own: reading its
//! registration (`config`) or finding it (`model/registry`).

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use crate::model::refresh::RefreshPolicy;
use crate::model::signing_key::Algorithm;
use crate::protocol::authorization::Addressee;
use crate::protocol::client_auth::{Candidate, Method};
use crate::protocol::end_session::ReturnTo;
use crate::protocol::error::OAuthError;
use crate::protocol::ids::{ClientId, ProviderId};
use crate::protocol::opaque::TokenHash;
use crate::protocol::redirect_uri::{ApplicationType, ChooseError, RedirectUri, RegisteredRedirectUri};
use crate::protocol::reply::ReplyTo;
use crate::protocol::response::ResponseMode;
use crate::protocol::scope::Scopes;
use crate::protocol::token_request::GrantType;

/// When a person is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConsentPolicy {
    /// Every time.
    Ask,
    /// Once for each scope (never remembered for native clients, RFC 8252 8.6).
    #[default]
    Remember,
    /// Not at all; only for first-party clients.
    Never,
}

/// RFC 7636 for a confidential client; a public one always needs it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PkcePolicy {
    /// A request without challenge is refused.
    #[default]
    Required,
    /// A challenge that was sent is enforced all the same.
    Optional,
}

/// What an ID token says of a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IdTokenClaimsPolicy {
    /// The claims that the scopes open, as in userinfo.
    #[default]
    Full,
    /// Only the subject, and what was asked for in the ID token by name.
    Minimal,
}

/// How a client shows that it is itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `token_endpoint_auth_method = "none"`: a public client.
    Public,
    /// A generated secret, of which only hashes are kept (two during rotation).
    Secret {
        /// SHA-256 of each valid secret; at least one.
        hashes: Vec<TokenHash>,
        /// `client_secret_basic` or `client_secret_post` when pinned; either otherwise.
        pinned: Option<Method>,
    },
}

/// A client as registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub client_id: ClientId,
    /// `client_name`; the id where absent.
    pub client_name: String,
    /// Disabled clients are refused everywhere as if unknown.
    pub enabled: bool,
    /// Ours: may skip consent and use the password grant without a secret.
    pub first_party: bool,
    /// `application_type`.
    pub application_type: ApplicationType,
    /// `redirect_uris`.
    pub redirect_uris: Vec<RedirectUri>,
    /// `post_logout_redirect_uris` (OpenID Connect RP-Initiated Logout 3.1).
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// `grant_types`, each once, in the order they are listed: tools take the first.
    pub grant_types: Vec<GrantType>,
    /// `token_endpoint_auth_method` and the secret.
    pub authentication: ClientAuthentication,
    /// `scope`: what it may ask for.
    pub scope: Scopes,
    /// What it gets when it asks for nothing.
    pub default_scope: Scopes,
    /// The audience of a token without API scopes.
    pub default_audience: Option<String>,
    /// When people are asked.
    pub consent: ConsentPolicy,
    /// Whether a challenge is needed.
    pub pkce: PkcePolicy,
    /// Overrides the global lifetime.
    pub access_token_lifetime: Option<Duration>,
    /// `refresh_rotation` and the lifetimes of its refresh tokens.
    pub refresh: RefreshPolicy,
    /// `id_token_signed_response_alg`.
    pub id_token_signed_response_alg: Algorithm,
    /// What goes into the ID token.
    pub id_token_claims: IdTokenClaimsPolicy,
    /// Web origins beside those of its redirect URIs.
    pub allowed_origins: Vec<String>,
    /// The external providers that its sign-in page offers; `None`: every one.
    pub providers: Option<Vec<ProviderId>>,
    /// Whether people go straight to the only provider that it offers, past the sign-in page.
    pub auto_redirect: bool,
    /// The file and line of its table, for explanations in `dev` (`config/vestibule.toml:12`).
    pub defined_at: Option<String>,
}

impl Client {
    /// Whether it is a public client.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.authentication, ClientAuthentication::Public)
    }

    /// Whether a code challenge must be sent.
    #[must_use]
    pub fn needs_pkce(&self) -> bool {
        self.is_public() || self.pkce == PkcePolicy::Required
    }

    /// Where answers to this request may go, and how: by query where the mode is none of ours, or the URI
    /// takes no post.
    ///
    /// # Errors
    /// When the redirect URI is not this client's.
    pub fn reply_to(&self, addressee: &Addressee) -> Result<ReplyTo, ChooseError> {
        let uri = RegisteredRedirectUri::choose(
            &self.redirect_uris,
            self.application_type,
            addressee.redirect_uri.as_deref(),
        )?;
        let mode = if uri.takes_post() { addressee.response_mode } else { ResponseMode::Query };
        Ok(ReplyTo::new(uri, mode, addressee.state.clone()))
    }

    /// Where a person may go on to after signing out: compared byte for byte, for every type of application.
    ///
    /// # Errors
    /// When the URI is not registered for this.
    pub fn return_to(&self, uri: &str, state: Option<String>) -> Result<ReturnTo, ChooseError> {
        // No port may vary here (RP-Initiated Logout 3), as for a web application.
        RegisteredRedirectUri::choose(&self.post_logout_redirect_uris, ApplicationType::Web, Some(uri))
            .map(|uri| ReturnTo::new(uri, state))
    }

    /// Whether a page of that origin may read answers to this client.
    #[must_use]
    pub fn has_origin(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed == origin)
            || self.redirect_uris.iter().any(|uri| uri.origin().as_deref() == Some(origin))
    }

    /// Whether a person's grant gives it a refresh token.
    #[must_use]
    pub fn may_refresh(&self) -> bool {
        self.grant_types.contains(&GrantType::RefreshToken)
    }

    /// Whether people may come to it through that external provider.
    #[must_use]
    pub fn offers(&self, provider: &ProviderId) -> bool {
        self.providers.as_ref().is_none_or(|listed| listed.contains(provider))
    }

    /// Refuses a grant that the client does not list.
    ///
    /// # Errors
    /// `unauthorized_client`, naming the line to change.
    pub fn check_grant(&self, grant: GrantType) -> Result<(), OAuthError> {
        if self.grant_types.contains(&grant) {
            return Ok(());
        }
        Err(OAuthError::unauthorized_client(format!(
            "client {} may not use {}: add it to grant_types of the client",
            self.client_id,
            grant.as_str()
        )))
    }

    /// Holds one reading of the credentials against this registration.
    fn accepts(&self, method: Method, candidate: &Candidate) -> bool {
        match (&self.authentication, &candidate.secret) {
            (ClientAuthentication::Public, None) => true,
            (ClientAuthentication::Public, Some(_)) | (ClientAuthentication::Secret { .. }, None) => false,
            (ClientAuthentication::Secret { hashes, pinned }, Some(secret)) => {
                let presented = TokenHash::of(secret.expose_secret().as_bytes());
                // Every hash is compared, so that time does not tell which one matched.
                let matched = hashes.iter().fold(false, |matched, hash| hash.matches(&presented) | matched);
                matched && pinned.is_none_or(|pinned| pinned == method)
            }
        }
    }
}

/// A client that is who it says and is active. A public client only named itself.
#[derive(Debug, Clone)]
pub struct AuthenticatedClient(Arc<Client>);

impl AuthenticatedClient {
    /// Authenticates one reading of the credentials; `None` when they do not fit.
    pub(in crate::model) fn prove(client: &Arc<Client>, method: Method, candidate: &Candidate) -> Option<Self> {
        (client.enabled && client.accepts(method, candidate)).then(|| Self(Arc::clone(client)))
    }
}

impl std::ops::Deref for AuthenticatedClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}
