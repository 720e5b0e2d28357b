//! The providers that are known by name.
//!
//! Owns: what each preset stands for: its mark, what it asks for, which keys belong to it and which it needs.
//! Does not own: reading the keys (the files beside it).

use crate::config::section::Section;
use crate::model::provider::Brand;

/// What `preset` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preset {
    Google,
    GitHub,
    Auth0,
    Microsoft,
    GitLab,
    Apple,
    /// Any OpenID provider, by its issuer.
    OpenId,
    /// Plain OAuth 2, by its endpoints.
    OAuth2,
}

use Preset::{Apple, Auth0, GitHub, GitLab, Google, Microsoft, OAuth2, OpenId};

/// The keys that do not belong to every preset, and to which they do.
const OWN_KEYS: &[(&str, &[Preset])] = &[
    ("issuer", &[OpenId, OAuth2, Google, Microsoft, Apple]),
    ("client_secret", &[Google, GitHub, Auth0, Microsoft, GitLab, OpenId, OAuth2]),
    ("client_secret_file", &[Google, GitHub, Auth0, Microsoft, GitLab, OpenId, OAuth2]),
    ("claims", &[Google, Auth0, Microsoft, GitLab, Apple, OpenId, OAuth2]),
    ("logout", &[Google, Auth0, Microsoft, GitLab, Apple, OpenId]),
    ("hosted_domain", &[Google]),
    ("base_url", &[GitHub, GitLab]),
    ("organizations", &[GitHub]),
    ("teams", &[GitHub]),
    ("domain", &[Auth0]),
    ("connection", &[Auth0]),
    ("organization", &[Auth0]),
    ("tenant", &[Microsoft]),
    ("team_id", &[Apple]),
    ("key_id", &[Apple]),
    ("key", &[Apple]),
    ("key_file", &[Apple]),
    ("authorization_endpoint", &[OAuth2]),
    ("token_endpoint", &[OAuth2]),
    ("userinfo_endpoint", &[OAuth2]),
];

/// How a secret is written.
const SECRET: (&str, &str) = (
    "client_secret",
    "write client_secret_file = \"PATH\" or client_secret = { env = \"NAME\" } with the secret that the provider shows",
);

impl Preset {
    /// Every one.
    pub(super) const ALL: [Self; 8] = [Google, GitHub, Auth0, Microsoft, GitLab, Apple, OpenId, OAuth2];

    /// As it is written.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Google => "google",
            GitHub => "github",
            Auth0 => "auth0",
            Microsoft => "microsoft",
            GitLab => "gitlab",
            Apple => "apple",
            OpenId => "oidc",
            OAuth2 => "oauth2",
        }
    }

    /// The reverse.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == text)
    }

    /// Its mark.
    pub(super) const fn brand(self) -> Brand {
        match self {
            Google => Brand::Google,
            GitHub => Brand::GitHub,
            Auth0 => Brand::Auth0,
            Microsoft => Brand::Microsoft,
            GitLab => Brand::GitLab,
            Apple => Brand::Apple,
            OpenId | OAuth2 => Brand::Other,
        }
    }

    /// As people know it; `None`: nobody knows it by its preset.
    pub(super) const fn display_name(self) -> Option<&'static str> {
        match self {
            Google => Some("Google"),
            GitHub => Some("GitHub"),
            Auth0 => Some("Auth0"),
            Microsoft => Some("Microsoft"),
            GitLab => Some("GitLab"),
            Apple => Some("Apple"),
            OpenId | OAuth2 => None,
        }
    }

    /// What it is asked for unless `scopes` says otherwise.
    pub(super) const fn scopes(self) -> &'static [&'static str] {
        match self {
            Google | Auth0 | Microsoft | GitLab | OpenId => &["openid", "profile", "email"],
            Apple => &["openid", "name", "email"],
            GitHub => &["read:user", "user:email"],
            OAuth2 => &[],
        }
    }

    /// Whether it speaks OpenID Connect.
    pub(super) const fn is_openid(self) -> bool {
        !matches!(self, GitHub | OAuth2)
    }

    /// What it cannot do without, with what to write. A secret counts in either of its spellings.
    const fn needs(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Google | GitHub => &[SECRET],
            GitLab => &[],
            Auth0 => &[
                ("domain", "write the domain that the application's settings show: domain = \"example.eu.auth0.com\""),
                SECRET,
            ],
            Microsoft => &[
                (
                    "tenant",
                    "write the Directory (tenant) ID for the people of one organisation, or \"common\", \"organizations\" \
                     or \"consumers\": tenant = \"…\"",
                ),
                SECRET,
            ],
            Apple => &[
                ("team_id", "write the ten characters under your name in the developer account: team_id = \"…\""),
                ("key_id", "write the ten characters that the key is listed with: key_id = \"…\""),
                ("key", "write the path of the key that was downloaded: key_file = \"AuthKey_….p8\""),
            ],
            OpenId => &[("issuer", "write the provider's issuer, to the byte: issuer = \"https://id.example.com\"")],
            OAuth2 => &[
                ("authorization_endpoint", "write where people sign in: authorization_endpoint = \"https://…\""),
                ("token_endpoint", "write where codes are redeemed: token_endpoint = \"https://…\""),
                ("userinfo_endpoint", "write what says whose a token is: userinfo_endpoint = \"https://…\""),
            ],
        }
    }

    /// Records the keys that belong to other presets, and leaves them out; and those that are missing.
    pub(super) fn check_keys(self, section: &mut Section<'_, '_>) {
        for (key, presets) in OWN_KEYS.iter().filter(|(_, presets)| !presets.contains(&self)) {
            let Some(place) = section.leave_out(key) else { continue };
            let names: Vec<&str> = presets.iter().map(|preset| preset.as_str()).collect();
            let help = match *key {
                "client_secret" | "client_secret_file" => {
                    "Apple knows no secret: write team_id, key_id and key_file, and remove it".to_owned()
                }
                "claims" => "remove it: GitHub says who somebody is in its own way".to_owned(),
                _ => format!("remove it: it is for preset = {}", names.join(", ")),
            };
            section.fault(&place, format!("`{key}` is not a key of preset = \"{}\"", self.as_str()), help);
        }
        for (key, help) in self.needs() {
            if !section.is_set(key) && !section.is_set(&format!("{key}_file")) {
                section.missing(key, *help);
            }
        }
    }
}
