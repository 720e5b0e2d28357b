//! RFC 7662: asking the issuer whether a token still stands.
//!
//! Owns: the question and the answer. Does not own: the wire (`http`), where the endpoint is (`metadata`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use serde_json::Value;
use url::form_urlencoded;

use super::http::{Http, Trouble};
use super::kept::Kept;
use super::metadata::Metadata;
use crate::Unavailable;
use crate::json;
use crate::revocation::{RevocationCheck, Standing};
use crate::token::AccessToken;

/// When to try again, unless the issuer says.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Asks the issuer at every use of a token: nothing of an answer is kept. Who is not answered lets nobody in.
pub struct Introspection {
    http: Arc<Http>,
    metadata: Kept<Metadata>,
    authorization: HeaderValue,
}

impl Introspection {
    pub(super) fn new(http: Arc<Http>, metadata: Kept<Metadata>, client_id: &str, secret: &str) -> Self {
        Self { http, metadata, authorization: basic(client_id, secret) }
    }

    async fn ask(&self, raw: &str) -> Result<Standing, Trouble> {
        let metadata = self.metadata.get().await.map_err(|error| Trouble::new(error.to_string()))?;
        let endpoint = metadata.document.introspection_endpoint.as_ref();
        let endpoint = endpoint.ok_or_else(|| Trouble::new("the issuer has no introspection_endpoint"))?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", raw)
            .append_pair("token_type_hint", "access_token")
            .finish();
        let answer = self.http.post(endpoint, self.authorization.clone(), form).await?;
        let answer = json::object(&answer.body).ok_or_else(|| Trouble::new("the answer is no JSON object"))?;
        match answer.get("active") {
            Some(Value::Bool(true)) => Ok(Standing::Good),
            Some(Value::Bool(false)) => Ok(Standing::Revoked),
            _ => Err(Trouble::new("the answer does not say whether the token is active")),
        }
    }
}

#[async_trait]
impl RevocationCheck for Introspection {
    async fn check(&self, raw: &str, _token: &AccessToken) -> Result<Standing, Unavailable> {
        self.ask(raw).await.map_err(|trouble| {
            tracing::warn!(%trouble, "a token could not be introspected");
            let pause = trouble.retry_after().unwrap_or(PAUSE).min(LONGEST_PAUSE);
            Unavailable::new(trouble.to_string(), pause)
        })
    }
}

/// Without the secret.
impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection").finish_non_exhaustive()
    }
}

/// RFC 6749 2.3.1: both are encoded as in a form before RFC 7617 encodes them together.
fn basic(client_id: &str, secret: &str) -> HeaderValue {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let text = format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret))));
    // Base64 is always a header value.
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_and_secret_are_encoded_before_they_are_joined() {
        let header = basic("a:b", "p w%ä");
        let encoded = header.to_str().expect("text").strip_prefix("Basic ").expect("the scheme");
        assert_eq!(STANDARD.decode(encoded).expect("base64"), b"a%3Ab:p+w%25%C3%A4");
        assert!(!format!("{header:?}").contains(encoded));
    }
}
