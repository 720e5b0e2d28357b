//! The oddities of well-known providers, as they are at their real places.
//!
//! Owns: what differs from a plain provider, with the loopback in the place of their hosts. Does not own: what all
//! have in common.

use serde_json::{Map, Value, json};

use super::World;

/// Whom a fake is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brand {
    /// Nobody.
    Plain,
    /// No `response_modes_supported` beyond the ordinary, `hd` where the person has it.
    Google,
    /// The issuer ends in a slash.
    Auth0,
    /// The metadata names `{tenantid}`, tokens the tenant of `tid`.
    Microsoft,
    /// `form_post`, a signed client secret, the name at the first sign-in alone, `email_verified` as text.
    Apple,
}

/// Apple's ids of our developer account.
pub(super) const TEAM_ID: &str = "TEAM123456";
pub(super) const KEY_ID: &str = "KEYID12345";

/// The tenant of people who have no `tid` of their own.
pub(super) const TENANT: &str = "5f0c3f8e-0d4e-4b6f-9a57-3f1a2b4c5d6e";

impl Brand {
    /// As `preset` is written.
    pub(super) const fn preset(self) -> &'static str {
        match self {
            Self::Plain => "oidc",
            Self::Google => "google",
            Self::Auth0 => "auth0",
            Self::Microsoft => "microsoft",
            Self::Apple => "apple",
        }
    }

    /// How secrets are shown there.
    pub(super) const fn auth_methods(self) -> &'static [&'static str] {
        match self {
            Self::Apple => &["client_secret_post"],
            Self::Plain | Self::Google | Self::Auth0 | Self::Microsoft => {
                &["client_secret_post", "client_secret_basic"]
            }
        }
    }

    pub(super) fn change_metadata(self, members: &mut Map<String, Value>) {
        match self {
            Self::Plain => {}
            Self::Google => {
                members.insert("claims_supported".to_owned(), json!(["aud", "email", "email_verified", "hd", "sub"]));
                members.remove("response_modes_supported");
            }
            Self::Auth0 => {
                members.insert("claims_supported".to_owned(), json!(["aud", "org_id", "sub"]));
            }
            Self::Microsoft => {
                members.insert("tenant_region_scope".to_owned(), Value::Null);
                members.insert("cloud_instance_name".to_owned(), json!("microsoftonline.com"));
                members.remove("code_challenge_methods_supported");
            }
            Self::Apple => {
                members.remove("userinfo_endpoint");
                members.remove("code_challenge_methods_supported");
                members.insert("scopes_supported".to_owned(), json!(["openid", "email", "name"]));
            }
        }
    }
}

impl World {
    /// Of the metadata.
    pub(super) fn issuer(&self) -> String {
        match self.brand {
            Brand::Plain | Brand::Google | Brand::Apple => self.base.clone(),
            Brand::Auth0 => format!("{}/", self.base),
            Brand::Microsoft => format!("{}/{{tenantid}}/v2.0", self.base),
        }
    }

    /// Of the tokens and the responses for that person.
    pub(super) fn issuer_of_tokens(&self, claims: &Map<String, Value>) -> String {
        let tenant = claims.get("tid").and_then(Value::as_str).unwrap_or(TENANT);
        self.issuer().replace("{tenantid}", tenant)
    }

    /// The lines of the configuration that lead to it.
    pub(super) fn configured_issuer(&self) -> String {
        match self.brand {
            Brand::Plain | Brand::Google | Brand::Apple => format!("issuer = \"{}\"\n", self.base),
            Brand::Auth0 => format!("domain = \"{}\"\n", self.base.trim_start_matches("http://")),
            Brand::Microsoft => format!("tenant = \"common\"\nissuer = \"{}/common/v2.0\"\n", self.base),
        }
    }

    /// Where the metadata is.
    pub(super) const fn discovery_path(&self) -> &'static str {
        match self.brand {
            Brand::Microsoft => "/common/v2.0/.well-known/openid-configuration",
            _ => "/.well-known/openid-configuration",
        }
    }
}
