//! What of a provider's answer becomes the profile and the roles of a person.
//!
//! Owns: `claims` and `roles`. Does not own: which roles there are (`references`), or reading an answer (`upstream`).

use crate::config::document::Table;
use crate::config::provider::preset::Preset;
use crate::config::provider::protocol;
use crate::config::section::{Found, Section};
use crate::model::provider::{ClaimMapping, ClaimPath, RoleMapping};
use crate::protocol::ids::RoleName;

/// The `claim` of memberships at GitHub.
const TEAMS: &str = "teams";

/// What can change hands, or be chosen by its owner, names nobody for good.
const NO_SUBJECT: &[&str] = &[
    "email",
    "mail",
    "login",
    "name",
    "nickname",
    "preferred_username",
    "screen_name",
    "upn",
    "user_name",
    "username",
];

/// Reads `claims`.
pub(super) fn mapping(section: &mut Section<'_, '_>, preset: Option<Preset>) -> ClaimMapping {
    let is_openid = preset.is_some_and(Preset::is_openid);
    let (header, before) = (section.place().cloned(), section.reader.faults.len());
    let table = section.table("claims");
    let is_table = section.reader.faults.len() == before;
    let place = table.place.clone().or(header);
    let mut inner = section.reader.entry("providers.claims", table);
    if let Some(place) = place.filter(|_| is_table && preset == Some(Preset::OAuth2) && !inner.is_set("subject")) {
        let help = "write the member of the answer that names somebody for good: [providers.claims] subject = \"id\"";
        inner.fault(&place, "plain OAuth 2 needs the `subject` of `claims`", help);
    }
    let subject = path(&mut inner, "subject");
    let others = ["username", "name", "email", "email_verified"].map(|key| path(&mut inner, key));
    if let Some(subject) = &subject {
        check_subject(&mut inner, subject, is_openid);
    }
    inner.finish();
    let known = match preset {
        Some(Preset::GitHub) => ["id", "login", "name", "email", "email_verified"],
        _ => ["sub", "preferred_username", "name", "email", "email_verified"],
    };
    let [subject_name, username_name, name_name, email_name, verified_name] = known;
    let [username, name, email, email_verified] = others;
    let or = |found: Option<Found<ClaimPath>>, known: &str| {
        found.map_or_else(|| ClaimPath(vec![known.to_owned()]), |found| found.value)
    };
    ClaimMapping {
        subject: or(subject, subject_name),
        username: or(username, username_name),
        name: or(name, name_name),
        email: or(email, email_name),
        email_verified: or(email_verified, verified_name),
    }
}

fn check_subject(inner: &mut Section<'_, '_>, subject: &Found<ClaimPath>, is_openid: bool) {
    let last = subject.value.0.last().map(String::as_str).unwrap_or_default();
    if is_openid {
        let help = "remove it: an OpenID provider says in `sub` who somebody is";
        inner.fault(&subject.place, "`subject` is only for preset = \"oauth2\"", help);
    } else if NO_SUBJECT.contains(&last) {
        let help = "name what stays the same person's for good, usually \"id\"";
        inner.fault(&subject.place, format!("`subject` cannot be \"{last}\": somebody else may have it one day"), help);
    }
}

fn path(section: &mut Section<'_, '_>, key: &'static str) -> Option<Found<ClaimPath>> {
    section.parsed(key, parse_path, |_| format!("write the names from the outside in: {key} = \"attributes.{key}\""))
}

/// `a.b.c`; a name that is a URL, as Auth0 wants them, is one name with all its dots.
fn parse_path(text: &str) -> Result<ClaimPath, &'static str> {
    let names: Vec<&str> = if text.starts_with("https://") || text.starts_with("http://") {
        vec![text]
    } else {
        text.split('.').collect()
    };
    let fits = |name: &&str| !name.is_empty() && name.len() <= 200 && !name.chars().any(char::is_control);
    if names.len() > 8 || !names.iter().all(fits) {
        return Err("must be 1 to 8 names with dots between them");
    }
    Ok(ClaimPath(names.into_iter().map(str::to_owned).collect()))
}

/// Reads `roles`; and where each role stands.
pub(super) fn roles(section: &mut Section<'_, '_>, preset: Option<Preset>) -> (RoleMapping, Vec<Found<RoleName>>) {
    let (is_set, before) = (section.is_set("roles"), section.reader.faults.len());
    let table: Table = section.table("roles");
    let is_table = section.reader.faults.len() == before;
    if !(is_set && is_table || section.reader.is_probing()) {
        return (RoleMapping::default(), Vec::new());
    }
    let mut inner = section.reader.entry("providers.roles", table);
    for (key, help) in [
        ("claim", "write which claim has the values: claim = \"groups\""),
        ("values", "write which value gives which role: values = { admins = \"editor\" }"),
    ] {
        if !inner.is_set(key) {
            inner.missing(key, help);
        }
    }
    let claim = path(&mut inner, "claim");
    let from_github = preset == Some(Preset::GitHub);
    if let Some(found) = claim.as_ref().filter(|found| from_github && found.value.0 != [TEAMS]) {
        let help = format!("write claim = \"{TEAMS}\": GitHub tells memberships, which give roles");
        inner.fault(&found.place, "`claim` is always the same for preset = \"github\"", help);
    }
    let mut mapping = RoleMapping { claim: claim.map(|found| found.value), roles: Vec::new() };
    let mut places = Vec::new();
    for (value, names) in inner.texts_by_name("values", true) {
        for Found { value: name, place } in names {
            if from_github {
                protocol::check_group(&mut inner, &value.name, &place);
            }
            if let Some(role) = RoleName::parse(&name) {
                mapping.roles.push((value.name.clone(), role.clone()));
                places.push(Found { value: role, place });
            } else {
                inner.fault(&place, format!("\"{name}\" cannot be a role"), "write the `name` of a [[roles]] entry");
            }
        }
    }
    inner.finish();
    (mapping, places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_path_is_the_names_that_it_was_made_of(
            names in proptest::collection::vec("[A-Za-z_:][A-Za-z0-9_:/ -]{0,12}", 1..8),
        ) {
            prop_assume!(!names[0].starts_with("http"));
            prop_assert_eq!(parse_path(&names.join(".")).unwrap().0, names);
        }

        #[test]
        fn no_text_is_a_path_of_nothing(text in ".{0,80}") {
            if let Ok(path) = parse_path(&text) {
                prop_assert!(!path.0.is_empty() && path.0.iter().all(|name| !name.is_empty()));
                prop_assert_eq!(path.0.join("."), text);
            }
        }
    }

    #[test]
    fn a_url_is_one_name() {
        assert_eq!(parse_path("https://example.com/roles.all").unwrap().0, ["https://example.com/roles.all"]);
        assert_eq!(parse_path("a.https://b").unwrap().0, ["a", "https://b"]);
        for text in ["", ".", "a.", ".a", "a..b", "a.\u{7}", "1.2.3.4.5.6.7.8.9"] {
            assert!(parse_path(text).is_err(), "{text:?}");
        }
    }
}
