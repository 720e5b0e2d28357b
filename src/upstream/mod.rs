//! External providers: sending somebody there, and who comes back.
//!
//! Owns: the way out to them and everything that is checked before a [`UpstreamIdentity`] is made. Does not own: the
//! browser's part of the way (`web/departure`, `endpoints/login`), or whose account the identity opens
//! (`model/joining`).
//!
//! `address` and `guard` say what may be asked, `lanes` how many at once, `cache` how long documents are kept; `oidc`,
//! `github` and `generic` speak three protocols over `exchange`, and `profile` reads what they brought.

mod address;
mod apple;
mod cache;
mod error;
mod exchange;
mod generic;
mod github;
mod guard;
mod identity;
mod lanes;
mod oidc;
mod probe;
mod profile;
mod refresh;

use std::fmt;
use std::time::Duration;

use tokio::time::timeout;
use url::Url;

pub use self::error::{Group, LogoutError, Reason, UpstreamError, error_code};
pub use self::identity::UpstreamIdentity;
pub use self::oidc::LogoutToken;
pub use self::refresh::Refreshed;

use self::guard::Guard;
use self::lanes::Lanes;
use self::oidc::Documents;
use crate::config::Outbound;
use crate::model::departure::DepartureSecrets;
use crate::model::provider::{IssuerRule, Protocol, Provider};
use crate::protocol::time::Timestamp;

/// For everything that one page waits for: the person gets an answer within 5 s, whatever the provider does.
const DEADLINE: Duration = Duration::from_millis(4500);

/// Speaks to providers. One for the process: it holds what it learned from them.
pub struct Upstream {
    guard: Guard,
    lanes: Lanes,
    /// Of whoever signs out, there or here: anybody may say so, and takes no place of a sign-in.
    logouts: Lanes,
    documents: Documents,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").finish_non_exhaustive()
    }
}

/// What somebody who is sent away carries.
#[derive(Debug, Clone, Copy)]
pub struct Outward<'a> {
    /// Where the provider sends them back to, absolute.
    pub redirect_uri: &'a str,
    /// `state`, and what comes from it.
    pub secrets: DepartureSecrets<'a>,
    /// `login_hint`.
    pub login_hint: Option<&'a str>,
    /// Whether they have to sign in there anew.
    pub login: bool,
    /// Whether they are asked which account is meant.
    pub select_account: bool,
    /// `max_age`, seconds.
    pub max_age: Option<u32>,
}

/// What somebody who comes back brings, none of it checked.
#[derive(Debug, Clone, Copy)]
pub struct Homeward<'a> {
    /// The `redirect_uri` that they left with.
    pub redirect_uri: &'a str,
    /// As they left.
    pub secrets: DepartureSecrets<'a>,
    /// `code`.
    pub code: &'a str,
    /// `iss` (RFC 9207).
    pub iss: Option<&'a str>,
    /// `user` of Apple.
    pub user: Option<&'a str>,
    /// The oldest sign-in there that will do; the caller allows for clocks that differ.
    pub authenticated_after: Option<Timestamp>,
}

impl Upstream {
    /// That connects to the public internet and these.
    #[must_use]
    pub fn new(outbound: Outbound) -> Self {
        Self {
            guard: Guard::new(outbound),
            lanes: Lanes::default(),
            logouts: Lanes::default(),
            documents: Documents::default(),
        }
    }

    /// Where somebody is sent to sign in.
    ///
    /// # Errors
    /// When the provider cannot say where that is, or too many are on their way.
    pub async fn begin(
        &self,
        provider: &Provider,
        outward: &Outward<'_>,
        now: Timestamp,
    ) -> Result<Url, UpstreamError> {
        let work = async {
            match &provider.protocol {
                Protocol::OpenId { issuer, form_post } => {
                    oidc::begin(self, provider, (issuer, *form_post), outward, now).await
                }
                Protocol::GitHub { base, .. } => github::begin(provider, base, outward),
                Protocol::OAuth2(endpoints) => generic::begin(provider, endpoints, outward),
            }
        };
        in_time(&self.lanes, provider, work).await
    }

    /// Who came back.
    ///
    /// # Errors
    /// When anything about it is not as it has to be, or the provider does not answer in time.
    pub async fn finish(
        &self,
        provider: &Provider,
        homeward: &Homeward<'_>,
        now: Timestamp,
    ) -> Result<UpstreamIdentity, UpstreamError> {
        let work = async {
            match &provider.protocol {
                Protocol::OpenId { issuer, .. } => oidc::finish(self, provider, issuer, homeward, now).await,
                Protocol::GitHub { .. } => github::finish(&self.guard, provider, homeward, now).await,
                Protocol::OAuth2(endpoints) => generic::finish(&self.guard, provider, endpoints, homeward, now).await,
            }
        };
        in_time(&self.lanes, provider, work).await
    }

    /// Whom a logout token says to have signed out there (OpenID Connect Back-Channel Logout 1.0).
    ///
    /// # Errors
    /// When anything about it is not as it has to be, or the keys cannot be had.
    pub async fn logout(
        &self,
        (provider, issuer): (&Provider, &IssuerRule),
        token: &str,
        now: Timestamp,
    ) -> Result<LogoutToken, LogoutError> {
        let work = oidc::logout(self, (provider, issuer), token, now);
        in_time(&self.logouts, provider, work).await.map_err(LogoutError::Unknown)?.map_err(LogoutError::Refused)
    }

    /// Where a person may be sent to sign out there as well (OpenID Connect RP-Initiated Logout 1.0, 2), and from there to
    /// `return_to`; `None` where the provider names no such place.
    ///
    /// # Errors
    /// When the provider cannot say where that is.
    pub async fn end_session(
        &self,
        (provider, issuer): (&Provider, &IssuerRule),
        return_to: &str,
        now: Timestamp,
    ) -> Result<Option<Url>, UpstreamError> {
        in_time(&self.logouts, provider, oidc::end_session(self, (provider, issuer), return_to, now)).await
    }
}

/// Does something within the deadline, in one of the places of the provider.
async fn in_time<T>(
    lanes: &Lanes,
    provider: &Provider,
    work: impl Future<Output = Result<T, UpstreamError>>,
) -> Result<T, UpstreamError> {
    let _place = lanes.enter(&provider.id)?;
    timeout(DEADLINE, work)
        .await
        .unwrap_or_else(|_| Err(UpstreamError::new(Reason::Timeout, format!("{} did not answer in time", provider.id))))
}
