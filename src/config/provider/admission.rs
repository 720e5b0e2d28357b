//! Whom a provider may bring, and what becomes of them.
//!
//! Owns: `allowed_domains`, `create`, `link`, `logout`, `update`, and what a domain is. Does not own: deciding (`model/joining`).

use super::preset::Preset;
use crate::config::section::{Found, Section};
use crate::model::provider::{Create, Link, Logout, Updated};

/// What the keys say.
pub(super) struct Admission {
    pub(super) allowed_domains: Vec<String>,
    pub(super) create: Create,
    pub(super) link: Link,
    pub(super) logout: Logout,
    pub(super) update: Vec<Updated>,
}

/// Reads the keys.
pub(super) fn read(section: &mut Section<'_, '_>, preset: Option<Preset>) -> Admission {
    let before = section.reader.faults.len();
    let items = section.strings("allowed_domains").unwrap_or_default();
    let domains = items.iter().filter_map(|item| domain(section, "allowed_domains", item));
    let mut allowed_domains: Vec<String> = Vec::new();
    for domain in domains {
        if !allowed_domains.contains(&domain) {
            allowed_domains.push(domain);
        }
    }
    let words = [("always", Create::Always), ("allowed_domains", Create::AllowedDomains), ("never", Create::Never)];
    let create = section.choice("create", &words);
    let nobody = create.value == Create::AllowedDomains && allowed_domains.is_empty();
    if let Some(place) = create.place.filter(|_| nobody && section.reader.faults.len() == before) {
        let help = "write whose addresses they are: allowed_domains = [\"example.com\"]";
        section.fault(&place, "`create` = \"allowed_domains\" needs `allowed_domains`", help);
    }
    let link = section.choice("link", &[("ask", Link::Ask), ("never", Link::Never)]).value;
    // The others know no such place.
    let logout = if preset.is_none_or(Preset::is_openid) {
        section.choice("logout", &[("offer", Logout::Offer), ("never", Logout::Never)]).value
    } else {
        Logout::Never
    };
    Admission { allowed_domains, create: create.value, link, logout, update: update(section) }
}

fn update(section: &mut Section<'_, '_>) -> Vec<Updated> {
    let items = section.words("update", ["name"]).unwrap_or_default();
    section.default_is("update", Vec::<String>::new());
    let mut update = Vec::new();
    for Found { value, place } in items {
        match value.as_str() {
            "name" if update.contains(&Updated::Name) => {}
            "name" => update.push(Updated::Name),
            "email" | "email_verified" => {
                let help = "remove it: an address is proof of nothing, and people keep the one that they have here";
                section.fault(&place, format!("`update` cannot hold \"{value}\""), help);
            }
            _ => section.fault(&place, format!("`update` cannot hold \"{value}\""), "write update = [\"name\"]"),
        }
    }
    update
}

/// The domain of e-mail addresses, in lower case.
pub(super) fn domain(section: &mut Section<'_, '_>, key: &str, found: &Found<String>) -> Option<String> {
    let text = found.value.as_str();
    let lower = text.to_ascii_lowercase();
    let fits = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    if lower.len() <= 253 && lower.contains('.') && lower.split('.').all(fits) {
        return Some(lower);
    }
    let bare = text.trim_start_matches(['@', '*', '.']);
    let help = if bare != text && bare.contains('.') {
        format!("write \"{bare}\"; subdomains are listed each in full")
    } else {
        "write what stands behind the @ of addresses: \"example.com\"; an international name in its xn-- form"
            .to_owned()
    };
    section.fault(&found.place, format!("`{key}` cannot hold \"{text}\""), help);
    None
}
