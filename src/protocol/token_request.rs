//! RFC 6749 4.1.3, 4.3.2, 4.4.2: the token request, one variant a grant.
//!
//! Owns: reading the parameters of each grant. Does not own: whether the client may use it.

use secrecy::SecretString;

use crate::protocol::authorization::single_resource;
use crate::protocol::error::OAuthError;
use crate::protocol::params::Params;
use crate::protocol::scope::Scopes;

/// RFC 7591 2 `grant_types`: what a client may ask the token endpoint for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GrantType {
    /// `authorization_code`.
    AuthorizationCode,
    /// `refresh_token`.
    RefreshToken,
    /// `client_credentials`.
    ClientCredentials,
    /// `password`.
    Password,
}

impl GrantType {
    /// Every one, in the order of metadata.
    pub const ALL: [Self; 4] = [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials, Self::Password];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// RFC 6749 4.1.3 and RFC 7636 4.5.
#[derive(Debug, Clone)]
pub struct CodeRequest {
    /// `code`, as sent.
    pub code: SecretString,
    /// `redirect_uri`, as sent.
    pub redirect_uri: Option<String>,
    /// `code_verifier`, as sent.
    pub code_verifier: Option<SecretString>,
    /// `resource`.
    pub resource: Option<String>,
}

/// RFC 6749 4.3.2.
#[derive(Debug, Clone)]
pub struct PasswordRequest {
    /// `username`, as sent.
    pub username: String,
    /// `password`, as sent.
    pub password: SecretString,
    /// `scope`; empty when absent.
    pub scope: Scopes,
    /// `resource`.
    pub resource: Option<String>,
}

/// RFC 6749 4.4.2.
#[derive(Debug, Clone)]
pub struct ClientCredentialsRequest {
    /// `scope`; empty when absent.
    pub scope: Scopes,
    /// `resource`.
    pub resource: Option<String>,
}

/// RFC 6749 6.
#[derive(Debug, Clone)]
pub struct RefreshRequest {
    /// `refresh_token`, as sent.
    pub refresh_token: SecretString,
    /// `scope`; empty when absent, which means all of the grant.
    pub scope: Scopes,
    /// `resource` (RFC 8707 2.2).
    pub resource: Option<String>,
}

/// A token request, parsed.
#[derive(Debug, Clone)]
pub enum TokenRequest {
    /// `grant_type=authorization_code`.
    Code(CodeRequest),
    /// `grant_type=password`.
    Password(PasswordRequest),
    /// `grant_type=refresh_token`.
    Refresh(RefreshRequest),
    /// `grant_type=client_credentials`.
    ClientCredentials(ClientCredentialsRequest),
}

impl TokenRequest {
    /// Reads `grant_type`.
    ///
    /// # Errors
    /// `invalid_request` when missing, `unsupported_grant_type` when we do not serve it.
    pub fn grant_type(params: &Params) -> Result<GrantType, OAuthError> {
        let text = params.get("grant_type").ok_or_else(|| OAuthError::invalid_request("grant_type is missing"))?;
        GrantType::parse(text).ok_or_else(|| {
            OAuthError::unsupported_grant_type(
                "grant_type is not supported: expected authorization_code, refresh_token, client_credentials or password",
            )
        })
    }

    /// Reads the parameters of the grant.
    ///
    /// # Errors
    /// `invalid_request` naming what is missing, `invalid_scope`, `invalid_target`.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let grant_type = Self::grant_type(params)?;
        let needed = |name: &str| {
            params.get(name).ok_or_else(|| OAuthError::invalid_request(format!("the parameter {name} is missing")))
        };
        let secret = |text: &str| SecretString::from(text.to_owned());
        let scope = || {
            Scopes::parse(params.get("scope").unwrap_or_default())
                .map_err(|error| OAuthError::invalid_scope(error.to_string()))
        };
        let resource = single_resource(params)?;
        match grant_type {
            GrantType::AuthorizationCode => Ok(Self::Code(CodeRequest {
                code: secret(needed("code")?),
                redirect_uri: params.get("redirect_uri").map(str::to_owned),
                code_verifier: params.get("code_verifier").map(secret),
                resource,
            })),
            GrantType::Password => Ok(Self::Password(PasswordRequest {
                username: needed("username")?.to_owned(),
                password: secret(needed("password")?),
                scope: scope()?,
                resource,
            })),
            GrantType::ClientCredentials => {
                Ok(Self::ClientCredentials(ClientCredentialsRequest { scope: scope()?, resource }))
            }
            GrantType::RefreshToken => Ok(Self::Refresh(RefreshRequest {
                refresh_token: secret(needed("refresh_token")?),
                scope: scope()?,
                resource,
            })),
        }
    }
}
