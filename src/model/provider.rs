//! An external provider that people sign in with, as configured.
//!
//! Owns: what is known of one, and whom it may bring. Does not own: reading it (`config/provider`), talking to it
//! (`upstream`) or joining accounts (`model/joining`).

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::model::person::Email;
use crate::protocol::ids::{ProviderId, RoleName};

/// Whose mark and words the button shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brand {
    /// Google.
    Google,
    /// GitHub, GitHub Enterprise too.
    GitHub,
    /// Auth0.
    Auth0,
    /// Microsoft.
    Microsoft,
    /// GitLab.
    GitLab,
    /// Apple.
    Apple,
    /// Any other: no mark.
    Other,
}

/// How we show it that we are the registered client.
#[derive(Clone)]
pub enum UpstreamSecret {
    /// A client secret.
    Text(SecretString),
    /// Apple: the secret is a JWT (ES256) that we sign with this key and renew.
    Apple {
        /// The `iss`.
        team_id: String,
        /// The `kid`.
        key_id: String,
        /// The `.p8` file: PKCS#8 in PEM.
        key: SecretString,
    },
}

/// For telling what a reload changed; nobody presents one to us.
impl PartialEq for UpstreamSecret {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(two)) => one.expose_secret() == two.expose_secret(),
            (Self::Apple { team_id, key_id, key }, Self::Apple { team_id: team, key_id: id, key: other }) => {
                team_id == team && key_id == id && key.expose_secret() == other.expose_secret()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for UpstreamSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "UpstreamSecret::Text(…)",
            Self::Apple { .. } => "UpstreamSecret::Apple(…)",
        })
    }
}

/// How its issuer is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerRule {
    /// Exactly this one, byte for byte, in discovery and in ID tokens.
    Exact(String),
    /// Microsoft's many tenants: discovery names `{tenantid}`, and the ID token's issuer is that text with its own
    /// `tid` in it.
    MicrosoftTenants {
        /// Where discovery is.
        authority: String,
    },
}

impl IssuerRule {
    /// The text that `/.well-known/openid-configuration` is appended to.
    #[must_use]
    pub fn discovery_base(&self) -> &str {
        match self {
            Self::Exact(issuer) => issuer,
            Self::MicrosoftTenants { authority } => authority,
        }
    }
}

/// What it speaks.
#[derive(Debug, Clone, PartialEq)]
pub enum Protocol {
    /// OpenID Connect, found by discovery.
    OpenId {
        /// Whose tokens are taken.
        issuer: IssuerRule,
        /// The answer comes as a cross-site form post (Apple, when it is asked for a name).
        form_post: bool,
    },
    /// GitHub: OAuth 2 and its REST interface.
    GitHub {
        /// `https://github.com`, or that of GitHub Enterprise; no trailing slash. The identity's issuer.
        base: Url,
        /// `https://api.github.com`, or `{base}/api/v3`.
        api: Url,
        /// A member of any of these may come; empty: everybody.
        organizations: Vec<String>,
        /// `organization/team`: a member of any of these may come as well.
        teams: Vec<String>,
    },
    /// Plain OAuth 2 with an endpoint that says who the token is of.
    OAuth2(OAuth2Endpoints),
}

/// The endpoints of a plain OAuth 2 provider.
#[derive(Debug, Clone, PartialEq)]
pub struct OAuth2Endpoints {
    /// RFC 6749 3.1.
    pub authorization: Url,
    /// RFC 6749 3.2.
    pub token: Url,
    /// Answers JSON for a bearer token.
    pub userinfo: Url,
    /// The issuer of its identities: the origin of the authorization endpoint unless configured.
    pub issuer: String,
}

/// Where in an answer a value stands: member names from the outside in, `a.b.c` in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(pub Vec<String>);

/// Where the profile comes from. OpenID Connect's own names unless configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimMapping {
    /// The subject: text, or a whole number.
    pub subject: ClaimPath,
    /// A text that may become a username.
    pub username: ClaimPath,
    /// A text.
    pub name: ClaimPath,
    /// A text.
    pub email: ClaimPath,
    /// A boolean; anything else counts as unverified.
    pub email_verified: ClaimPath,
}

/// Roles from a claim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleMapping {
    /// A text or a list of texts; `None`: no role comes from this provider.
    pub claim: Option<ClaimPath>,
    /// Value of the claim, and the role that it gives. These roles are given and taken at each sign-in; others stay.
    pub roles: Vec<(String, RoleName)>,
}

impl RoleMapping {
    /// The roles of a person who has `held` and whom the provider just gave `given`: of those that this mapping can
    /// give, these and no others; whatever else they have stays, in its order.
    #[must_use]
    pub fn applied(&self, held: &[RoleName], given: &[RoleName]) -> Vec<RoleName> {
        if self.claim.is_none() {
            return held.to_vec();
        }
        let ours = |role: &&RoleName| self.roles.iter().any(|(_, mapped)| mapped == *role);
        let stays = held.iter().filter(|role| !ours(role) || given.contains(role));
        let comes = given.iter().filter(|role| ours(role) && !held.contains(role));
        let mut roles: Vec<RoleName> = Vec::new();
        for role in stays.chain(comes) {
            if !roles.contains(role) {
                roles.push(role.clone());
            }
        }
        roles
    }
}

/// Who gets an account when they come for the first time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Create {
    /// Everybody who may sign in.
    #[default]
    Always,
    /// Whoever has a verified address of `allowed_domains`.
    AllowedDomains,
    /// Nobody: an account has to be there and is joined by its owner.
    Never,
}

/// Whether an account that is there may be joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Link {
    /// By its owner, who proves it.
    #[default]
    Ask,
    /// Not at all.
    Never,
}

/// Whether somebody who came from it and signs out here is led there to sign out too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Logout {
    /// By a link, where the provider names a place for that.
    #[default]
    Offer,
    /// Not at all.
    Never,
}

/// What each sign-in brings up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    /// The name.
    Name,
}

/// An external provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its place in our URLs, unique.
    pub id: ProviderId,
    /// As people know it.
    pub display_name: String,
    /// Its mark.
    pub brand: Brand,
    /// A disabled one is as if it were not there.
    pub enabled: bool,
    /// `client_id` there.
    pub client_id: String,
    /// The secret there; `None` for a public client.
    pub secret: Option<UpstreamSecret>,
    /// What it speaks.
    pub protocol: Protocol,
    /// Asked for, in this order.
    pub scopes: Vec<String>,
    /// Added to the authorization request: `connection`, `organization`, `hd`, …
    pub authorization_parameters: Vec<(String, String)>,
    /// Claims of the ID token that have to have exactly this value: `hd` of Google, `org_id` of Auth0.
    pub required_claims: Vec<(String, String)>,
    /// Where the profile comes from.
    pub claims: ClaimMapping,
    /// Roles.
    pub roles: RoleMapping,
    /// The domains of verified addresses that may come, lower case; empty: no rule.
    pub allowed_domains: Vec<String>,
    /// Who gets an account.
    pub create: Create,
    /// Who may join one.
    pub link: Link,
    /// Where signing out leads.
    pub logout: Logout,
    /// What is brought up to date.
    pub update: Vec<Updated>,
    /// Whether the tokens that it gives for a person are kept, sealed.
    pub store_tokens: bool,
    /// The file and line of its table, for explanations in `dev`.
    pub defined_at: Option<String>,
}

impl Provider {
    /// Whether `prompt=consent` is configured for its authorization requests.
    #[must_use]
    pub fn asks_for_consent(&self) -> bool {
        let mut parameters = self.authorization_parameters.iter();
        parameters.any(|(name, value)| name == "prompt" && value.split(' ').any(|word| word == "consent"))
    }

    /// How its issuer is known, where it speaks OpenID Connect.
    #[must_use]
    pub const fn openid(&self) -> Option<&IssuerRule> {
        match &self.protocol {
            Protocol::OpenId { issuer, .. } => Some(issuer),
            Protocol::GitHub { .. } | Protocol::OAuth2(_) => None,
        }
    }

    /// Whether an address is of one of the allowed domains: the whole of what follows its only `@`.
    #[must_use]
    pub fn allows_domain_of(&self, email: &Email) -> bool {
        let domain = email.as_str().split_once('@').map(|(_, domain)| domain);
        domain.is_some_and(|domain| self.allowed_domains.iter().any(|allowed| allowed == domain))
    }
}
