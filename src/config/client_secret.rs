//! How a client shows that it is itself: `token_endpoint_auth_method` and its secret.
//!
//! Owns: those keys and which of them go together. Does not own: verifying (`model/client`).

use secrecy::ExposeSecret as _;

use crate::config::fault::Fault;
use crate::config::secret::Secret;
use crate::config::section::{Found, Section};
use crate::config::source::Place;
use crate::model::client::ClientAuthentication;
use crate::protocol::client_auth::Method;
use crate::protocol::opaque::TokenHash;

/// Two secrets are valid while clients move from the old one to the new.
const MOST_SECRETS: usize = 2;

/// What was read, and whether it was right.
pub(super) struct Authentication {
    pub(super) value: ClientAuthentication,
    pub(super) read: bool,
}

/// Reads the keys of one client.
pub(super) fn read(section: &mut Section<'_, '_>) -> Authentication {
    let before = section.reader.faults.len();
    let method = method(section);
    let written_hashes = section.strings("client_secret_hash");
    let secrets = section.secrets("client_secret", "client_secret_file");
    let mut places: Vec<Place> = secrets.place.iter().cloned().collect();
    let mut hashes: Vec<TokenHash> =
        secrets.found.into_iter().filter_map(|secret| check_secret(section, &secret)).collect();
    if let Some(items) = written_hashes {
        let first = items.first().map(|item| item.place.clone()).or_else(|| section.place().cloned());
        if let (Some(other), Some(first)) = (places.first().cloned(), first.as_ref()) {
            twice(section, first, &other);
        }
        places.extend(first);
        hashes.extend(items.iter().filter_map(|item| check_hash(section, item)));
    }
    let is_set = !places.is_empty();
    if let Some(place) = places.first().filter(|_| hashes.len() > MOST_SECRETS) {
        section.fault(place, "a client may have two secrets at most", "keep the newest two");
    }
    let value = match &method {
        Some(Found { value: Method::None, place }) => {
            if let Some(secret) = places.first() {
                let help = "remove the secret, or token_endpoint_auth_method = \"none\"";
                let fault = Fault::at(secret, "a client is either public or has a secret", help);
                section.reader.faults.push(fault.and(place, "public by this line"));
            }
            ClientAuthentication::Public
        }
        pinned => {
            if !is_set && section.reader.faults.len() == before {
                let help = "run `vestibule client secret` and paste its client_secret_hash, or write token_endpoint_auth_method = \"none\" for an app that cannot keep a secret (browser, phone, command line)";
                section.fault_here("the client has neither a secret nor token_endpoint_auth_method = \"none\"", help);
            }
            ClientAuthentication::Secret { hashes, pinned: pinned.as_ref().map(|found| found.value) }
        }
    };
    Authentication { value, read: section.reader.faults.len() == before }
}

fn twice(section: &mut Section<'_, '_>, place: &Place, other: &Place) {
    let help = "keep one of client_secret_hash, client_secret_file and client_secret";
    let fault = Fault::at(place, "the client's secret is set twice", help);
    section.reader.faults.push(fault.and(other, "also set here"));
}

fn method(section: &mut Section<'_, '_>) -> Option<Found<Method>> {
    let key = "token_endpoint_auth_method";
    let methods = [Method::None, Method::Basic, Method::Post];
    let found = section.word(key, methods.map(Method::as_str))?;
    let value = methods.into_iter().find(|method| method.as_str() == found.value);
    if value.is_none() {
        let planned = ["private_key_jwt", "client_secret_jwt", "tls_client_auth", "self_signed_tls_client_auth"];
        let message = if planned.contains(&found.value.as_str()) {
            format!("`{key}` = \"{}\" is not supported in this version", found.value)
        } else {
            format!("`{key}` cannot be \"{}\"", found.value)
        };
        let help = "write \"client_secret_basic\", \"client_secret_post\" or \"none\", or remove the line to let a secret be sent either way";
        section.fault(&found.place, message, help);
    }
    value.map(|value| Found { value, place: found.place })
}

fn check_hash(section: &mut Section<'_, '_>, item: &Found<String>) -> Option<TokenHash> {
    let hash = item.value.strip_prefix("sha256:").and_then(TokenHash::from_hex);
    let Some(hash) = hash else {
        let help = "run `vestibule client secret` and paste the line it prints: \"sha256:\" and 64 lower-case hexadecimal digits";
        section.fault(&item.place, "`client_secret_hash` is not a hash", help);
        return None;
    };
    let digits = item.value.get("sha256:".len()..).unwrap_or_default();
    let one_digit = digits.bytes().collect::<std::collections::BTreeSet<_>>().len() < 4;
    let words = ["", "secret", "changeme", "change-me", "password", "client_secret", "client-secret", "test", "\n"];
    if one_digit || words.iter().any(|word| TokenHash::of(word.as_bytes()) == hash) {
        let help =
            "run `vestibule client secret` and paste the line it prints; the secret itself goes to the application";
        section.fault(&item.place, "`client_secret_hash` is a placeholder: everybody knows that secret", help);
        return None;
    }
    Some(hash)
}

/// A generated secret has 43 characters; a shorter one was made up by a person and can be guessed.
const LEAST_LENGTH: usize = 32;

fn check_secret(section: &mut Section<'_, '_>, secret: &Secret) -> Option<TokenHash> {
    let text = secret.text.expose_secret();
    let dev = section.reader.dev;
    if secret.in_the_open && !dev {
        let help = "run `vestibule client secret` and paste its client_secret_hash, or write client_secret = { env = \"NAME\" } or client_secret_file = \"PATH\"";
        section.fault(&secret.place, "`client_secret` shows the secret to all who read this file", help);
        return None;
    }
    let distinct = text.chars().collect::<std::collections::BTreeSet<_>>().len();
    let printable = text.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
    let weak = text.len() < LEAST_LENGTH || distinct < 10;
    if text.is_empty() || !printable || weak && !dev {
        let help = "run `vestibule client secret`: it makes one of 43 random characters";
        section.fault(
            &secret.place,
            "the client secret is empty, too short, or has a character that is not visible ASCII",
            help,
        );
        return None;
    }
    Some(TokenHash::of(text.as_bytes()))
}
