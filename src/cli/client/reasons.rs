//! What a token of a client would carry, and why not the rest: the server's own rules, asked one by one.
//!
//! Owns: putting their answers together. Does not own: the rules (`model/asking`, `model/permissions`,
//! `model/audience`), or how it is printed (`explain`).

use crate::config::Config;
use crate::model::asking::{LeftOut, asked};
use crate::model::audience::{Destination, destination};
use crate::model::client::Client;
use crate::model::permissions::{Permission, permission};
use crate::model::person::User;
use crate::model::registry::Registry;
use crate::protocol::error::OAuthError;
use crate::protocol::scope::{Scope, Scopes};
use crate::protocol::token_request::GrantType;

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) config: &'a Config,
    pub(super) client: &'a Client,
    /// Who would sign in, where a person does.
    pub(super) user: Option<&'a User>,
    /// Empty: nothing is asked, and the client's `default_scope` counts.
    pub(super) scope: &'a Scopes,
    pub(super) resource: Option<&'a str>,
}

/// One scope, whether a token would have it, and why.
pub(super) struct Reason {
    pub(super) scope: Scope,
    /// `None`: it depends on who signs in.
    pub(super) granted: Option<bool>,
    /// The rule's short name, for programs.
    pub(super) rule: &'static str,
    pub(super) why: String,
}

/// What comes of one grant.
pub(super) struct Outcome {
    pub(super) grant: GrantType,
    pub(super) reasons: Vec<Reason>,
    /// Where the token would go, or what the server would answer instead.
    pub(super) token: Result<Destination, OAuthError>,
}

impl Question<'_> {
    /// Asks for each grant that ends in a token by itself.
    pub(super) fn answer(&self) -> Vec<Outcome> {
        let grants = self.client.grant_types.iter().filter(|grant| **grant != GrantType::RefreshToken);
        grants.map(|grant| self.outcome(*grant)).collect()
    }

    fn outcome(&self, grant: GrantType) -> Outcome {
        let registry = &self.config.registry;
        let asked = match asked(grant, self.scope, self.resource, self.client, registry) {
            Ok(asked) => asked,
            Err(error) => return Outcome { grant, reasons: Vec::new(), token: Err(error) },
        };
        let left_out = asked.left_out.into_iter().map(|(scope, why)| self.left_out(scope, why));
        let mut reasons: Vec<Reason> = left_out.collect();
        reasons.extend(asked.scope.iter().map(|scope| self.for_person(grant, scope)));
        let granted: Scopes =
            reasons.iter().filter(|reason| reason.granted != Some(false)).map(|reason| reason.scope.clone()).collect();
        Outcome { grant, reasons, token: self.token(grant, &granted) }
    }

    fn token(&self, grant: GrantType, granted: &Scopes) -> Result<Destination, OAuthError> {
        if granted.is_empty() {
            let text = "this person may not be granted any of these scopes";
            return Err(match grant {
                GrantType::AuthorizationCode => OAuthError::access_denied(text),
                _ => OAuthError::invalid_scope(text),
            });
        }
        let (issuer, fallback) = (&self.config.server.issuer, self.config.lifetimes.access_token);
        destination(granted, self.resource, self.client, &self.config.registry, issuer, fallback)
    }

    fn left_out(&self, scope: Scope, why: LeftOut) -> Reason {
        let (rule, why) = match why {
            LeftOut::NotRegistered => {
                ("not_registered", "not in scope of the client; beside openid it is ignored".to_owned())
            }
            LeftOut::NoRefreshTokens => {
                ("no_refresh_tokens", "the client does not list refresh_token in grant_types".to_owned())
            }
            LeftOut::OtherApi => {
                let owner = self.config.registry.owner(&scope).map_or("another API", |api| api.audience.as_str());
                ("other_api", format!("it belongs to {owner}, and resource names another API"))
            }
            LeftOut::NobodySignsIn => {
                ("nobody_signs_in", "it is about a person, and with client_credentials nobody signs in".to_owned())
            }
            LeftOut::NoPage => {
                ("no_page", "the password grant has no page on which a person could be asked".to_owned())
            }
        };
        Reason { scope, granted: Some(false), rule, why }
    }

    fn for_person(&self, grant: GrantType, scope: &Scope) -> Reason {
        let registry = &self.config.registry;
        let implied = Some(scope).filter(|scope| !self.scope.contains(scope));
        let implied = implied.and_then(|scope| registry.implied_by(scope, self.scope));
        let implied = implied.map(|by| format!("; not asked for, implied by {by}")).unwrap_or_default();
        let reason =
            |granted, rule, why: String| Reason { scope: scope.clone(), granted, rule, why: why + implied.as_str() };
        if grant == GrantType::ClientCredentials {
            return reason(Some(true), "client", "in scope of the client, which acts for itself".to_owned());
        }
        let roles = self.user.map_or(&[][..], |user| user.roles.as_slice());
        match permission(scope, roles, registry) {
            Permission::OpenId => reason(Some(true), "openid", "a scope of OpenID Connect needs no role".to_owned()),
            Permission::DefaultRole(role) => {
                reason(Some(true), "default_role", format!("role {role}, which everybody has"))
            }
            Permission::Role(role) => reason(Some(true), "role", format!("role {role}")),
            // The configuration is checked: each scope of a client has its API.
            Permission::NoApi => reason(Some(false), "no_api", "no API has it".to_owned()),
            Permission::NoRole => {
                let having = having(scope, registry);
                match self.user {
                    Some(user) => {
                        reason(Some(false), "no_role", format!("no role of {} has it; {having}", user.username))
                    }
                    None => reason(None, "depends", format!("depends on the person: {having}")),
                }
            }
        }
    }
}

fn having(scope: &Scope, registry: &Registry) -> String {
    let roles: Vec<&str> =
        registry.roles().iter().filter(|role| role.scopes.contains(scope)).map(|role| role.name.as_str()).collect();
    match roles.as_slice() {
        [] => "no role of the configuration has it".to_owned(),
        [one] => format!("role {one} has it"),
        several => format!("roles {} have it", several.join(", ")),
    }
}
