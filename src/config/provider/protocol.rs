//! What a provider speaks, and where.
//!
//! Owns: the keys that belong to some presets only, and what they come to. Does not own: which presets have them
//! (`preset`), or what a URL must be (`address`).

use url::Url;
use uuid::Uuid;

use crate::config::outbound::Outbound;
use crate::config::provider::preset::Preset;
use crate::config::provider::{address, admission};
use crate::config::section::{Found, Section};
use crate::config::source::Place;
use crate::model::provider::{IssuerRule, OAuth2Endpoints, Protocol};

const GOOGLE: &str = "https://accounts.google.com";
const APPLE: &str = "https://appleid.apple.com";
const GITLAB: &str = "https://gitlab.com";
const MICROSOFT: &str = "https://login.microsoftonline.com";

/// The tenant of everybody's personal accounts: the discovery document of `consumers` names it.
const CONSUMERS: Uuid = Uuid::from_u128(0x9188_040d_6c67_4c5b_b112_36a3_04b6_6dad);

/// What a provider speaks, and what it has to be asked and to answer because of that.
pub(super) struct Spoken {
    pub(super) protocol: Protocol,
    /// For the authorization request.
    pub(super) parameters: Vec<(String, String)>,
    /// Of the ID token.
    pub(super) required_claims: Vec<(String, String)>,
}

impl Spoken {
    fn plain(protocol: Protocol) -> Self {
        Self { protocol, parameters: Vec::new(), required_claims: Vec::new() }
    }

    fn openid(issuer: String) -> Self {
        Self::plain(Protocol::OpenId { issuer: IssuerRule::Exact(issuer), form_post: false })
    }
}

/// The keys, taken whatever the preset is: those of others were left out.
struct Own {
    issuer: Option<Found<String>>,
    base_url: Option<Found<String>>,
    domain: Option<Found<String>>,
    connection: Option<Found<String>>,
    organization: Option<Found<String>>,
    tenant: Option<Found<String>>,
    hosted_domain: Option<Found<String>>,
    organizations: Vec<Found<String>>,
    teams: Vec<Found<String>>,
    endpoints: [Endpoint; 3],
}

/// A key and what it says.
type Endpoint = (&'static str, Option<Found<String>>);

impl Own {
    fn take(section: &mut Section<'_, '_>) -> Self {
        Self {
            issuer: section.string("issuer"),
            base_url: section.string("base_url"),
            domain: section.string("domain"),
            connection: section.parsed("connection", parse_value, |_| {
                "write the name of the connection as the dashboard lists it: connection = \"google-oauth2\"".to_owned()
            }),
            organization: section.parsed("organization", parse_organization, |_| {
                "write the id of the organization, not its name: organization = \"org_…\"".to_owned()
            }),
            tenant: section.string("tenant"),
            hosted_domain: section.string("hosted_domain"),
            organizations: section.strings("organizations").unwrap_or_default(),
            teams: section.strings("teams").unwrap_or_default(),
            endpoints: ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"]
                .map(|key| (key, section.string(key))),
        }
    }
}

/// Reads the keys; `None` when something is missing or wrong, or nobody knows what it is.
pub(super) fn read(
    section: &mut Section<'_, '_>,
    preset: Option<Preset>,
    scopes: &[String],
    outbound: &Outbound,
) -> Option<Spoken> {
    let own = Own::take(section);
    match preset? {
        Preset::Google => google(section, own, outbound),
        Preset::Microsoft => microsoft(section, own, outbound),
        Preset::Auth0 => auth0(section, own, outbound),
        Preset::GitHub => github(section, &own, outbound),
        Preset::OAuth2 => oauth2(section, own, outbound),
        Preset::GitLab => {
            let base = match own.base_url {
                Some(found) => base_url(section, &found, outbound)?.as_str().trim_end_matches('/').to_owned(),
                None => GITLAB.to_owned(),
            };
            Some(Spoken::openid(base))
        }
        Preset::Apple => {
            let issuer = IssuerRule::Exact(stand_in(section, own.issuer, APPLE, outbound)?);
            // Asked for either, Apple answers in a form and in no other way.
            let form_post = scopes.iter().any(|scope| scope == "name" || scope == "email");
            Some(Spoken::plain(Protocol::OpenId { issuer, form_post }))
        }
        Preset::OpenId => address::issuer(section, "issuer", &own.issuer?, outbound).map(Spoken::openid),
    }
}

fn google(section: &mut Section<'_, '_>, own: Own, outbound: &Outbound) -> Option<Spoken> {
    let issuer = stand_in(section, own.issuer, GOOGLE, outbound)?;
    let mut spoken = Spoken::openid(issuer);
    if let Some(found) = own.hosted_domain {
        let hosted = ("hd".to_owned(), admission::domain(section, "hosted_domain", &found)?);
        spoken.parameters.push(hosted.clone());
        // The parameter only chooses among accounts: whoever changes it comes back with another claim.
        spoken.required_claims.push(hosted);
    }
    Some(spoken)
}

fn microsoft(section: &mut Section<'_, '_>, own: Own, outbound: &Outbound) -> Option<Spoken> {
    let Found { value, place } = own.tenant?;
    let of = |tenant: &str| format!("{MICROSOFT}/{tenant}/v2.0");
    let issuer = match (value.as_str(), Uuid::try_parse(&value)) {
        (many @ ("common" | "organizations"), _) => {
            IssuerRule::MicrosoftTenants { authority: stand_in(section, own.issuer, &of(many), outbound)? }
        }
        ("consumers", _) => IssuerRule::Exact(stand_in(section, own.issuer, &of(&CONSUMERS.to_string()), outbound)?),
        (_, Ok(tenant)) => IssuerRule::Exact(stand_in(section, own.issuer, &of(&tenant.to_string()), outbound)?),
        (_, Err(_)) => {
            let help = "write the Directory (tenant) ID of the app's overview, not its domain; or \"common\", \"organizations\", \"consumers\"";
            section.fault(&place, format!("`tenant` cannot be \"{value}\""), help);
            return None;
        }
    };
    Some(Spoken::plain(Protocol::OpenId { issuer, form_post: false }))
}

fn auth0(section: &mut Section<'_, '_>, own: Own, outbound: &Outbound) -> Option<Spoken> {
    let Found { value, place } = own.domain?;
    let url = Url::parse(&format!("https://{value}/")).ok();
    let is_a_host = url.as_ref().is_some_and(|url| url.path() == "/" && url.as_str() == format!("https://{value}/"));
    let Some(url) = url.filter(|_| is_a_host) else {
        let host = Url::parse(&value).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.unwrap_or_else(|| "example.eu.auth0.com".to_owned());
        let help = format!("write the name alone: domain = \"{host}\"");
        section.fault(&place, format!("`domain` cannot be \"{value}\""), help);
        return None;
    };
    // A stand-in on this machine has no certificate.
    let scheme = if address::is_loopback(&url) { "http" } else { "https" };
    let issuer = Found { value: format!("{scheme}://{value}/"), place };
    let mut spoken = Spoken::openid(address::issuer(section, "domain", &issuer, outbound)?);
    spoken.parameters.extend(own.connection.map(|found| ("connection".to_owned(), found.value)));
    if let Some(found) = own.organization {
        spoken.parameters.push(("organization".to_owned(), found.value.clone()));
        spoken.required_claims.push(("org_id".to_owned(), found.value));
    }
    Some(spoken)
}

fn github(section: &mut Section<'_, '_>, own: &Own, outbound: &Outbound) -> Option<Spoken> {
    let base = match &own.base_url {
        Some(found) => base_url(section, found, outbound)?,
        None => Url::parse("https://github.com").ok()?,
    };
    let api = match base.host_str()? {
        "github.com" => Url::parse("https://api.github.com").ok()?,
        // GitHub Enterprise Cloud with data residency.
        host if host.ends_with(".ghe.com") => Url::parse(&format!("https://api.{host}")).ok()?,
        _ => base.join("/api/v3").ok()?,
    };
    let organizations = own.organizations.iter().filter_map(|found| organization(section, found)).collect();
    let teams = own.teams.iter().filter_map(|found| team(section, found)).collect();
    Some(Spoken::plain(Protocol::GitHub { base, api, organizations, teams }))
}

fn oauth2(section: &mut Section<'_, '_>, own: Own, outbound: &Outbound) -> Option<Spoken> {
    let [authorization, token, userinfo] =
        own.endpoints.map(|(key, found)| found.and_then(|found| address::url(section, key, &found, outbound)));
    let issuer = match own.issuer {
        Some(found) => Some(address::issuer(section, "issuer", &found, outbound)?),
        None => None,
    };
    let authorization = authorization?;
    let issuer = issuer.unwrap_or_else(|| authorization.origin().ascii_serialization());
    let endpoints = OAuth2Endpoints { authorization, token: token?, userinfo: userinfo?, issuer };
    Some(Spoken::plain(Protocol::OAuth2(endpoints)))
}

/// The issuer that everybody knows, or a stand-in for it on this machine.
fn stand_in(
    section: &mut Section<'_, '_>,
    issuer: Option<Found<String>>,
    known: &str,
    outbound: &Outbound,
) -> Option<String> {
    let Some(found) = issuer else { return Some(known.to_owned()) };
    if Url::parse(&found.value).is_ok_and(|url| address::is_loopback(&url)) {
        return address::issuer(section, "issuer", &found, outbound);
    }
    let help = "remove it; for another provider write preset = \"oidc\"";
    section.fault(&found.place, format!("`issuer` is always {known} here, but for a stand-in on this machine"), help);
    None
}

/// Where an instance of one's own is: nothing behind its path.
fn base_url(section: &mut Section<'_, '_>, found: &Found<String>, outbound: &Outbound) -> Option<Url> {
    let issuer = address::issuer(section, "base_url", found, outbound)?;
    Url::parse(issuer.trim_end_matches('/')).ok()
}

fn organization(section: &mut Section<'_, '_>, found: &Found<String>) -> Option<String> {
    let name = found.value.as_str();
    if is_name(name) {
        return Some(name.to_owned());
    }
    let help = "write the name of the organization as it stands in its URL: organizations = [\"acme\"]";
    section.fault(&found.place, format!("`organizations` cannot hold \"{name}\""), help);
    None
}

fn team(section: &mut Section<'_, '_>, found: &Found<String>) -> Option<String> {
    let text = found.value.as_str();
    if text.split_once('/').is_some_and(|(organization, team)| is_name(organization) && is_name(team)) {
        return Some(text.to_owned());
    }
    let help = "write organization and team as they stand in the team's URL: teams = [\"acme/developers\"]";
    section.fault(&found.place, format!("`teams` cannot hold \"{text}\""), help);
    None
}

/// What gives a role at GitHub: an organization, or a team of one.
pub(super) fn check_group(section: &mut Section<'_, '_>, name: &str, place: &Place) {
    let is_group = name.split_once('/').map_or_else(|| is_name(name), |(one, team)| is_name(one) && is_name(team));
    if !is_group {
        let help = "write an organization or a team as in its URL: values = { \"acme/developers\" = \"developer\" }";
        section.fault(place, format!("`values` cannot hold \"{name}\""), help);
    }
}

/// The name of an organization or a team in a URL of GitHub.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=100).contains(&text.len()) && text.bytes().all(fits)
}

fn parse_value(text: &str) -> Result<String, &'static str> {
    let fits = (1..=200).contains(&text.len()) && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    fits.then(|| text.to_owned()).ok_or("must be 1 to 200 characters without white space")
}

fn parse_organization(text: &str) -> Result<String, &'static str> {
    parse_value(text).ok().filter(|text| text.starts_with("org_")).ok_or("must begin with org_")
}
