//! `[[providers]]`: where else people may sign in.
//!
//! Owns: reading one such table. Does not own: what a preset stands for (`preset`), its own keys (`protocol`,
//! `credentials`), whom it may bring (`admission`), what its answers come to (`claims`), or what it refers to
//! (`references`).

mod address;
mod admission;
mod claims;
mod credentials;
mod parameters;
mod preset;
mod protocol;
pub(super) mod references;

use self::preset::Preset;
use crate::config::document::Table;
use crate::config::nearest::nearest;
use crate::config::outbound::Outbound;
use crate::config::section::{Found, Reader, Section};
use crate::model::provider::{Protocol, Provider, RoleMapping};
use crate::protocol::ids::{ProviderId, RoleName};

/// A provider as written, with the places that references need.
#[derive(Debug, Clone)]
pub(super) struct WrittenProvider {
    pub(super) id: Found<ProviderId>,
    /// Its place among the others: the lowest comes first.
    pub(super) order: i64,
    roles: Vec<Found<RoleName>>,
    /// `None` when something of it is wrong, which is a fault.
    pub(super) provider: Option<Provider>,
}

/// Who it is and how it is shown.
struct Face {
    id: Option<Found<ProviderId>>,
    preset: Option<Preset>,
    client_id: Option<Found<String>>,
    display_name: Option<Found<String>>,
    order: i64,
    enabled: bool,
}

/// Reads one table; `None` when it has no id.
pub(super) fn read(reader: &mut Reader<'_>, table: Table, outbound: &Outbound) -> Option<WrittenProvider> {
    let before = reader.faults.len();
    let mut section = reader.entry("providers", table);
    let defined_at = section.place().map(|place| section.reader.sources.file_and_line(place));
    let face = face(&mut section);
    let scopes = scopes(&mut section, face.preset);
    let secret = credentials::read(&mut section, face.preset);
    let spoken = protocol::read(&mut section, face.preset, &scopes, outbound);
    let own_parameters = parameters::read(&mut section, face.preset);
    let claims = claims::mapping(&mut section, face.preset);
    let (roles, role_places) = claims::roles(&mut section, face.preset);
    let admission = admission::read(&mut section, face.preset);
    let store_tokens = section.boolean_or("store_tokens", false).value;
    section.finish();
    let id = face.id?;
    let sound = reader.faults.len() == before;
    let parts = face.preset.zip(face.client_id).zip(spoken).filter(|_| sound);
    let provider = parts.map(|((preset, client_id), spoken)| Provider {
        id: id.value.clone(),
        display_name: face
            .display_name
            .map_or_else(|| preset.display_name().unwrap_or_else(|| id.value.as_str()).to_owned(), |found| found.value),
        brand: preset.brand(),
        enabled: face.enabled,
        client_id: client_id.value,
        secret,
        scopes: with_scopes_of(&spoken.protocol, &roles, scopes),
        protocol: spoken.protocol,
        authorization_parameters: spoken.parameters.into_iter().chain(own_parameters).collect(),
        required_claims: spoken.required_claims,
        claims,
        roles,
        allowed_domains: admission.allowed_domains,
        create: admission.create,
        link: admission.link,
        logout: admission.logout,
        update: admission.update,
        store_tokens,
        defined_at,
    });
    Some(WrittenProvider { id, order: face.order, roles: role_places, provider })
}

fn face(section: &mut Section<'_, '_>) -> Face {
    let id_help = "write a short word, which will stand in URLs: id = \"google\"";
    if !section.is_set("id") {
        section.missing("id", id_help);
    }
    let is_preset_set = section.is_set("preset");
    let parse = |text: &str| {
        ProviderId::parse(text).ok_or("must be 1 to 32 characters of a-z 0-9 -, and begin and end with none of -")
    };
    let id = section.parsed("id", parse, |_| id_help.to_owned());
    let named = section.word("preset", Preset::ALL.map(Preset::as_str));
    let preset = match named {
        Some(named) => named_preset(section, &named),
        None if is_preset_set => None,
        None => id.as_ref().and_then(|id| preset_of_id(section, id)),
    };
    if let Some(preset) = preset {
        preset.check_keys(section);
    }
    if !section.is_set("client_id") {
        section.missing("client_id", "write the id that the provider gave this server: client_id = \"…\"");
    }
    let client_id = section.parsed("client_id", parse_client_id, |_| "copy it from the provider's page".to_owned());
    let display_name = section.parsed("display_name", parse_display_name, |_| {
        "write how people know it: display_name = \"Acme Staff\"".to_owned()
    });
    let order = section.number_or("order", -1000..=1000, 0);
    let enabled = section.boolean_or("enabled", true).value;
    Face { id, preset, client_id, display_name, order, enabled }
}

fn all_presets() -> String {
    Preset::ALL.map(|preset| format!("\"{}\"", preset.as_str())).join(", ")
}

fn named_preset(section: &mut Section<'_, '_>, named: &Found<String>) -> Option<Preset> {
    let preset = Preset::parse(&named.value);
    if preset.is_none() {
        let help = match nearest(&named.value, Preset::ALL.map(Preset::as_str)) {
            Some(meant) => format!("did you mean \"{meant}\"? It is one of {}", all_presets()),
            None => format!("write one of {}; every OpenID provider goes with \"oidc\"", all_presets()),
        };
        section.fault(&named.place, format!("`preset` cannot be \"{}\"", named.value), help);
    }
    preset
}

/// Without a preset the id is one.
fn preset_of_id(section: &mut Section<'_, '_>, id: &Found<ProviderId>) -> Option<Preset> {
    let preset = Preset::parse(id.value.as_str());
    if preset.is_none() {
        let help = format!("write one of {}: preset = \"oidc\" goes with every OpenID provider", all_presets());
        section.fault(&id.place, format!("`preset` is missing, and \"{}\" is the name of none", id.value), help);
    }
    preset
}

fn parse_client_id(text: &str) -> Result<String, &'static str> {
    let fits = (1..=255).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
    fits.then(|| text.to_owned()).ok_or("must be 1 to 255 visible ASCII characters")
}

fn parse_display_name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    fits.then(|| name.to_owned()).ok_or("must be 1 to 64 characters without control characters")
}

/// What it is asked for, in that order.
fn scopes(section: &mut Section<'_, '_>, preset: Option<Preset>) -> Vec<String> {
    let known = preset.map(Preset::scopes).unwrap_or_default();
    let written = section.scopes("scopes");
    let Some(list) = written else { return known.iter().map(|scope| (*scope).to_owned()).collect() };
    // Apple's answers have an ID token in any case.
    let is_needed = preset.is_some_and(|preset| preset.is_openid() && preset != Preset::Apple);
    if is_needed && !list.scopes.has("openid") {
        let message = "`scopes` has no openid";
        let help = "add it: scopes = [\"openid\", …]; without it the provider does not say who somebody is";
        match list.first_place() {
            Some(place) => section.fault(&place, message, help),
            None => section.fault_here(message, help),
        }
    }
    list.scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

/// GitHub shows a membership only to whoever may read it.
fn with_scopes_of(protocol: &Protocol, roles: &RoleMapping, mut scopes: Vec<String>) -> Vec<String> {
    if let Protocol::GitHub { organizations, teams, .. } = protocol {
        let asks = !organizations.is_empty() || !teams.is_empty() || !roles.roles.is_empty();
        let may = scopes.iter().any(|scope| matches!(scope.as_str(), "read:org" | "write:org" | "admin:org"));
        if asks && !may {
            scopes.push("read:org".to_owned());
        }
    }
    scopes
}
