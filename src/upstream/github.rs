//! GitHub: OAuth 2 and its REST interface.
//!
//! Owns: who a token is of, their verified address, and membership of organizations and teams. Does not own: the
//! exchange of a code (`exchange`).

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::identity::{ExternalProfile, IdentityKey, UpstreamAuthentication};
use crate::model::person::Email;
use crate::model::provider::{Protocol, Provider, RoleMapping};
use crate::protocol::ids::RoleName;
use crate::protocol::time::Timestamp;
use crate::upstream::error::{Reason, UpstreamError};
use crate::upstream::exchange::{SecretIn, authorization_url, exchange};
use crate::upstream::guard::{self, Guard};
use crate::upstream::identity::UpstreamIdentity;
use crate::upstream::profile::shown;
use crate::upstream::{Homeward, Outward};

/// The version of the REST interface that the answers are read by.
const VERSION: &str = "2022-11-28";

pub(super) fn begin(provider: &Provider, base: &Url, outward: &Outward<'_>) -> Result<Url, UpstreamError> {
    let mut own = Vec::new();
    if let Some(hint) = outward.login_hint {
        own.push(("login", hint.to_owned()));
    }
    // It cannot be asked to sign somebody in anew: the next best is that they choose.
    if outward.select_account || outward.login {
        own.push(("prompt", "select_account".to_owned()));
    }
    authorization_url(provider, &under(base, &["login", "oauth", "authorize"])?, outward, &own)
}

pub(super) async fn finish(
    guard: &Guard,
    provider: &Provider,
    homeward: &Homeward<'_>,
    now: Timestamp,
) -> Result<UpstreamIdentity, UpstreamError> {
    let Protocol::GitHub { base, api, organizations, teams } = &provider.protocol else {
        return Err(UpstreamError::new(Reason::Configuration, format!("{} is not GitHub", provider.id)));
    };
    let endpoint = token_endpoint(base)?;
    let tokens = exchange(guard, provider, (&endpoint, SecretIn::Body), homeward, now).await?;
    let rest = Rest { guard, api, token: tokens.access_token.expose_secret() };
    let user: User = rest.get(&["user"]).await?.ok_or_else(|| rest.missing("user"))?;
    rest.check_membership(&user, organizations, teams).await?;
    let roles = rest.roles(&user, &provider.roles).await?;
    let email = rest.primary_email().await?;
    let key =
        IdentityKey { provider: provider.id.clone(), issuer: issuer(base).to_owned(), subject: user.id.to_string() };
    let profile = ExternalProfile {
        username: shown(&user.login, 255),
        name: user.name.as_deref().and_then(|name| shown(name, 200)),
        email_verified: email.is_some(),
        email,
        roles,
    };
    UpstreamIdentity::new(key, profile, UpstreamAuthentication::default(), tokens.to_keep(provider))
}

/// Of the identities there.
pub(super) fn issuer(base: &Url) -> &str {
    base.as_str().trim_end_matches('/')
}

pub(super) fn token_endpoint(base: &Url) -> Result<Url, UpstreamError> {
    under(base, &["login", "oauth", "access_token"])
}

/// `GET /user`. The id is of the account whatever it is called; the login may be given to somebody else later.
#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

/// One of `GET /user/emails`.
#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// `GET /user/memberships/orgs/{org}` and `GET /orgs/{org}/teams/{team}/memberships/{login}`.
#[derive(Deserialize)]
struct Membership {
    state: String,
    organization: Option<Organization>,
}

#[derive(Deserialize)]
struct Organization {
    login: String,
}

/// The REST interface, for the holder of a token.
struct Rest<'a> {
    guard: &'a Guard,
    api: &'a Url,
    token: &'a str,
}

impl Rest<'_> {
    /// What is there, or nothing: 403 and 404 are what somebody gets who may not know.
    async fn get<T: serde::de::DeserializeOwned>(&self, path: &[&str]) -> Result<Option<T>, UpstreamError> {
        let url = under(self.api, path)?;
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("x-github-api-version", VERSION)];
        let answer = self.guard.get(&url, &headers).await?;
        if matches!(answer.status().as_u16(), 403 | 404) {
            // Neither is a no: who asked too often learns nothing.
            let spent = answer.headers().get("x-ratelimit-remaining").is_some_and(|left| left == "0");
            if spent || answer.headers().contains_key("retry-after") {
                let why = format!("{} answers no more for a while", guard::shown(&url));
                return Err(UpstreamError::new(Reason::NotNow, why));
            }
            return Ok(None);
        }
        let value: Value = guard::read_ok(&url, &answer)?;
        let read = serde_json::from_value(value);
        read.map(Some).map_err(|_| {
            UpstreamError::new(Reason::Malformed, format!("{} answered something unexpected", guard::shown(&url)))
        })
    }

    fn missing(&self, what: &str) -> UpstreamError {
        UpstreamError::new(
            Reason::Status,
            format!("{} did not say which {what} the token is of", guard::shown(self.api)),
        )
    }

    /// The address that is both primary and verified. Without the scope `user:email` there is none.
    async fn primary_email(&self) -> Result<Option<Email>, UpstreamError> {
        let addresses: Vec<Address> = self.get(&["user", "emails"]).await?.unwrap_or_default();
        let chosen = addresses.into_iter().find(|address| address.primary && address.verified);
        Ok(chosen.and_then(|address| Email::parse(&address.email)))
    }

    /// Whether they are an active member of any of these; nothing configured lets everybody in.
    async fn check_membership(
        &self,
        user: &User,
        organizations: &[String],
        teams: &[String],
    ) -> Result<(), UpstreamError> {
        if organizations.is_empty() && teams.is_empty() {
            return Ok(());
        }
        for group in organizations.iter().chain(teams) {
            if self.is_in(user, group).await? {
                return Ok(());
            }
        }
        Err(UpstreamError::new(Reason::NotMember, "an active member of none of the organizations and teams"))
    }

    /// What their memberships give.
    async fn roles(&self, user: &User, mapping: &RoleMapping) -> Result<Vec<RoleName>, UpstreamError> {
        let mut roles = Vec::new();
        for (group, role) in &mapping.roles {
            if !roles.contains(role) && self.is_in(user, group).await? {
                roles.push(role.clone());
            }
        }
        Ok(roles)
    }

    /// Whether they are an active member of `organization` or of `organization/team`.
    async fn is_in(&self, user: &User, group: &str) -> Result<bool, UpstreamError> {
        let found: Option<Membership> = if let Some((organization, team)) = group.split_once('/') {
            self.get(&["orgs", organization, "teams", team, "memberships", user.login.as_str()]).await?
        } else {
            let found: Option<Membership> = self.get(&["user", "memberships", "orgs", group]).await?;
            let named = |found: &Organization| found.login.eq_ignore_ascii_case(group);
            found.filter(|found| found.organization.as_ref().is_some_and(named))
        };
        Ok(found.is_some_and(|found| found.state == "active"))
    }
}

/// A path under a base; each part is one segment, whatever it holds.
fn under(base: &Url, parts: &[&str]) -> Result<Url, UpstreamError> {
    let mut url = base.clone();
    match url.path_segments_mut() {
        Ok(mut segments) => segments.pop_if_empty().extend(parts),
        Err(()) => return Err(UpstreamError::new(Reason::Configuration, "the base URL cannot have a path")),
    };
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_stays_one_part() {
        let base = Url::parse("https://ghe.example/api/v3/").unwrap();
        assert_eq!(under(&base, &["user"]).unwrap().as_str(), "https://ghe.example/api/v3/user");
        let odd = under(&base, &["orgs", "a/../b?c#d", "teams"]).unwrap();
        assert_eq!(odd.as_str(), "https://ghe.example/api/v3/orgs/a%2F..%2Fb%3Fc%23d/teams");
    }
}
