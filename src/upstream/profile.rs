//! From what a provider says of somebody to a profile.
//!
//! Owns: claim paths, and what of a value is kept. Does not own: whether the claims may be believed.

use serde_json::{Map, Value};

use crate::model::identity::ExternalProfile;
use crate::model::person::Email;
use crate::model::provider::{Brand, ClaimPath, Provider};

/// The members of an answer, or the claims of a token.
pub(super) type Claims = Map<String, Value>;

/// What it holds at a path.
pub(super) fn find<'c>(claims: &'c Claims, path: &ClaimPath) -> Option<&'c Value> {
    let (first, rest) = path.0.split_first()?;
    let found = rest.iter().try_fold(claims.get(first)?, |value, name| value.get(name))?;
    (!found.is_null()).then_some(found)
}

/// A subject: text, or a whole number.
pub(super) fn subject(claims: &Claims, path: &ClaimPath) -> Option<String> {
    match find(claims, path)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

/// Reads a profile from one source after the other: the first that has a value is believed. An address and whether
/// it is verified always come from the same one.
pub(super) fn read(provider: &Provider, sources: &[&Claims]) -> ExternalProfile {
    let mapping = &provider.claims;
    let text = |path| sources.iter().find_map(|claims| find(claims, path)?.as_str());
    let email = sources.iter().find_map(|claims| {
        let email = Email::parse(find(claims, &mapping.email)?.as_str()?)?;
        let verified = find(claims, &mapping.email_verified).is_some_and(|value| is_true(value, provider.brand));
        Some((email, verified))
    });
    let (email, email_verified) = email.map_or((None, false), |(email, verified)| (Some(email), verified));
    ExternalProfile {
        username: text(&mapping.username).and_then(|text| shown(text, 255)),
        name: text(&mapping.name).and_then(|text| shown(text, 200)),
        email,
        email_verified,
        roles: roles(provider, sources),
    }
}

/// Whether a provider is to be asked for more than these claims hold.
pub(super) fn lacks(provider: &Provider, claims: &Claims) -> bool {
    let mapping = &provider.claims;
    let wanted = [Some(&mapping.name), Some(&mapping.email), provider.roles.claim.as_ref()];
    wanted.into_iter().flatten().any(|path| find(claims, path).is_none())
}

/// Apple writes its booleans as text.
fn is_true(value: &Value, brand: Brand) -> bool {
    value == &Value::Bool(true) || (brand == Brand::Apple && value == "true")
}

/// Text that may be shown: one line, and not longer than that many characters.
pub(super) fn shown(text: &str, longest: usize) -> Option<String> {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(longest).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

fn roles(provider: &Provider, sources: &[&Claims]) -> Vec<crate::protocol::ids::RoleName> {
    let Some(path) = &provider.roles.claim else { return Vec::new() };
    let values = match sources.iter().find_map(|claims| find(claims, path)) {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut roles = Vec::new();
    for (value, role) in &provider.roles.roles {
        if values.contains(&value.as_str()) && !roles.contains(role) {
            roles.push(role.clone());
        }
    }
    roles
}

#[cfg(test)]
mod tests;
