//! RFC 6749 2.3.1: how a client names itself and shows its secret.
//!
//! Owns: reading Basic and form credentials. Does not own: whether they are right (`model/client`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use crate::protocol::error::OAuthError;
use crate::protocol::params::{Params, decode_form};

/// OpenID Connect Core 9: how a client authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// `none`: the client only names itself.
    None,
}

impl Method {
    /// The name in metadata and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::None => "none",
        }
    }
}

/// What a request says of its client; nothing is proven.
#[derive(Debug, Clone)]
pub struct UnverifiedClient {
    /// How it was said.
    pub method: Method,
    /// The name and secret to try, in order: Basic is tried form-decoded and then raw.
    pub candidates: Vec<Candidate>,
}

/// One reading of the credentials.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The client id as sent.
    pub client_id: String,
    /// The secret as sent; never empty.
    pub secret: Option<SecretString>,
}

impl UnverifiedClient {
    /// Reads the `Authorization` header and the form.
    ///
    /// # Errors
    /// `invalid_client` when nothing names a client or the header is malformed; `invalid_request` when
    /// two credentials, or two different names, are presented.
    pub fn read(authorization: Option<&[u8]>, params: &Params) -> Result<Self, OAuthError> {
        let form_id = params.get("client_id");
        let form_secret = params.get("client_secret");
        if params.has("client_assertion") || params.has("client_assertion_type") {
            return Err(OAuthError::invalid_client(
                "client_assertion is not supported: use client_secret_basic or client_secret_post",
            ));
        }
        // `Basic Og==`, an empty name and secret, is what Swagger UI sends when nobody typed a client id.
        let candidates = authorization.map(basic_candidates).transpose()?.unwrap_or_default();
        if candidates.iter().all(|candidate| candidate.client_id.is_empty() && candidate.secret.is_none()) {
            let client_id = form_id.ok_or_else(|| {
                OAuthError::invalid_client(
                    "no client: add the parameter client_id, or HTTP Basic with the client id and secret",
                )
            })?;
            let method = if form_secret.is_some() { Method::Post } else { Method::None };
            return Ok(Self {
                method,
                candidates: vec![candidate(client_id.to_owned(), form_secret.unwrap_or_default())],
            });
        }
        let has_secret = candidates.iter().any(|candidate| candidate.secret.is_some());
        if has_secret && form_secret.is_some() {
            return Err(OAuthError::invalid_request(
                "two client credentials: send either HTTP Basic or client_secret, not both",
            ));
        }
        if form_id.is_some_and(|form_id| candidates.iter().all(|candidate| candidate.client_id != form_id)) {
            return Err(OAuthError::invalid_request("client_id differs from the name in HTTP Basic"));
        }
        match (has_secret, form_secret) {
            (true, _) => Ok(Self { method: Method::Basic, candidates }),
            // `id:` only names the client; the secret of the form is then the one credential.
            (false, Some(secret)) => Ok(Self {
                method: Method::Post,
                candidates: candidates.into_iter().map(|named| candidate(named.client_id, secret)).collect(),
            }),
            (false, None) => Ok(Self { method: Method::None, candidates }),
        }
    }
}

fn candidate(client_id: String, secret: &str) -> Candidate {
    let secret = (!secret.is_empty()).then(|| SecretString::from(secret.to_owned()));
    Candidate { client_id, secret }
}

fn basic_candidates(header: &[u8]) -> Result<Vec<Candidate>, OAuthError> {
    let malformed = || {
        OAuthError::invalid_client(
            "the Authorization header is malformed: expected Basic base64(client_id:client_secret)",
        )
    };
    if header.len() > 4096 {
        return Err(malformed());
    }
    let text = std::str::from_utf8(header).map_err(|_| malformed())?;
    let (scheme, encoded) = text.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(OAuthError::invalid_client("the Authorization scheme here is Basic"));
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let decoded = String::from_utf8(decoded).map_err(|_| malformed())?;
    let (raw_id, raw_secret) = decoded.split_once(':').ok_or_else(malformed)?;
    let form = |raw: &str| decode_form(raw.as_bytes()).and_then(|bytes| String::from_utf8(bytes).ok());
    let mut candidates = Vec::with_capacity(2);
    if let (Some(id), Some(secret)) = (form(raw_id), form(raw_secret)) {
        candidates.push(candidate(id, &secret));
        if candidates.iter().all(|first| first.client_id == raw_id) && secret == raw_secret {
            return Ok(candidates);
        }
    }
    candidates.push(candidate(raw_id.to_owned(), raw_secret));
    Ok(candidates)
}
