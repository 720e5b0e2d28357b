//! Is a provider there, and is it what its configuration says? For whoever asks before anybody signs in.
//!
//! Owns: that question. No person, code or secret is a part of it. Does not own: what OpenID documents must have
//! (`oidc/probe`), or how the answer is told (`cli`).

use serde_json::Value;
use url::Url;

use super::error::{Reason, UpstreamError};
use super::{Upstream, guard, in_time, oidc};
use crate::model::provider::{OAuth2Endpoints, Protocol, Provider};
use crate::protocol::time::Timestamp;

impl Upstream {
    /// Asks it, in the time that a sign-in has, and says what it is.
    ///
    /// # Errors
    /// What was expected and what came.
    pub async fn probe(&self, provider: &Provider, now: Timestamp) -> Result<String, UpstreamError> {
        let work = async {
            match &provider.protocol {
                Protocol::OpenId { issuer, .. } => oidc::probe(self, provider, issuer, now).await,
                Protocol::GitHub { api, .. } => self.probe_github(api).await,
                Protocol::OAuth2(endpoints) => self.probe_endpoints(endpoints).await,
            }
        };
        in_time(&self.lanes, provider, work).await
    }

    /// The root of the interface lists its parts; an instance in private mode tells that to nobody.
    async fn probe_github(&self, api: &Url) -> Result<String, UpstreamError> {
        let answer = self.guard.get(api, &[]).await?;
        let document: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let place = guard::shown(api);
        match answer.status().as_u16() {
            200 if document.get("current_user_url").is_some() => Ok(format!("{place} is GitHub's interface")),
            401 | 403 if document.get("message").is_some() => Ok(format!("{place} answers, to members alone")),
            status => {
                let why = format!("{place} answered {status}, and the root of GitHub's interface is expected");
                Err(UpstreamError::new(Reason::Status, why))
            }
        }
    }

    /// Without a token nobody is told anything, but the endpoint has to be there.
    async fn probe_endpoints(&self, endpoints: &OAuth2Endpoints) -> Result<String, UpstreamError> {
        for endpoint in [&endpoints.userinfo, &endpoints.token] {
            let answer = self.guard.get(endpoint, &[]).await?;
            let status = answer.status();
            if status.is_server_error() || matches!(status.as_u16(), 404 | 410) {
                let why =
                    format!("{} answered {}, and an endpoint is expected", guard::shown(endpoint), status.as_u16());
                return Err(UpstreamError::new(Reason::Status, why));
            }
        }
        Ok(format!("{} and its token endpoint answer", guard::shown(&endpoints.userinfo)))
    }
}
