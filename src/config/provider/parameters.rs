//! What is added to a provider's authorization request.
//!
//! Owns: `authorization_parameters`, and which names are not for it. Does not own: the request (`upstream`).

use crate::config::provider::preset::Preset;
use crate::config::section::Section;

/// What this server sets itself: to change it is to change whom an answer is for, or what it proves.
const OURS: &[&str] = &[
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// Parameters that have a key of their own, which also checks what comes back.
const KEYS: &[(Preset, &str, &str)] = &[
    (Preset::Google, "hd", "hosted_domain"),
    (Preset::Auth0, "connection", "connection"),
    (Preset::Auth0, "organization", "organization"),
];

/// Reads the table.
pub(super) fn read(section: &mut Section<'_, '_>, preset: Option<Preset>) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    for (key, texts) in section.texts_by_name("authorization_parameters", false) {
        let name = key.name.as_str();
        let Some(text) = texts.into_iter().next() else { continue };
        let own = KEYS.iter().find(|(of, parameter, _)| Some(*of) == preset && *parameter == name);
        let fits = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if let Some((_, _, key_name)) = own {
            let help = format!("write {key_name} = \"{}\" in the provider's table", text.value);
            section.fault(&key.place, format!("`{name}` has a key of its own"), help);
        } else if name == "scope" {
            let help = "write scopes = [\"…\"] in the provider's table";
            section.fault(&key.place, "`scope` has a key of its own", help);
        } else if OURS.contains(&name.to_ascii_lowercase().as_str()) {
            let help = "remove it: this server sets it for each sign-in";
            section.fault(&key.place, format!("`{name}` cannot be set by authorization_parameters"), help);
        } else if name == "prompt" && text.value.split(' ').any(|word| matches!(word, "none" | "login")) {
            let help = "write \"select_account\" or \"consent\"; an application asks for a fresh sign-in by itself";
            section.fault(&text.place, format!("`prompt` cannot be \"{}\" for everybody", text.value), help);
        } else if !fits {
            section.fault(&key.place, format!("\"{name}\" cannot be a parameter"), "use letters, digits, _ . -");
        } else if text.value.len() > 1000 || text.value.chars().any(char::is_control) {
            section.fault(&text.place, format!("`{name}` is too long, or has a control character"), "write it shorter");
        } else {
            parameters.push((name.to_owned(), text.value));
        }
    }
    parameters
}
