//! `/authorize` of a fake OpenID provider: no page, everybody is signed in at once as whom the test says.
//!
//! Owns: checking the request, the code, and the response in either mode. Does not own: who it is (`person`).

use std::fmt::Write as _;

use serde_json::json;

use super::{Brand, CLIENT_ID, SESSION, State, World};
use crate::support::providers::person::ExternalPerson;
use crate::support::providers::seen::Seen;
use crate::support::providers::twist::Twist;
use crate::support::providers::wire::Reply;

/// What a code stands for.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) person: ExternalPerson,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
    /// Whether a refresh token comes with it.
    pub(super) offline: bool,
    /// Seconds; said in the ID token where it is there.
    pub(super) auth_time: Option<i64>,
}

impl World {
    pub(super) fn authorize(&self, state: &mut State, seen: &Seen) -> Reply {
        let grant = match self.check(state, seen) {
            Ok(grant) => grant,
            Err(fault) => {
                state.complain(seen, &fault);
                return Reply::new(400, "text/plain; charset=utf-8", format!("The fake provider says: {fault}"));
            }
        };
        let mut parameters = Vec::new();
        let grant = Grant { offline: self.is_offline(state, &grant, seen), ..grant };
        let redirect_uri = grant.redirect_uri.clone();
        let issuer = self.issuer_of_tokens(&grant.person.claims);
        if let Some((error, description)) = state.refusal.clone() {
            parameters.extend([("error", error), ("error_description", description)]);
            parameters.push(("error_uri", "https://evil.example/help".to_owned()));
        } else {
            if self.brand == Brand::Apple && asks(&grant.scope, "name") {
                parameters.extend(first_name(state, &grant.person));
            }
            let code = state.next("code");
            state.codes.insert(code.clone(), grant);
            parameters.push(("code", code));
        }
        if let Some(value) = seen.parameter("state") {
            parameters.push(("state", value.to_owned()));
        }
        if state.metadata.get("authorization_response_iss_parameter_supported") == Some(&json!(true)) {
            parameters.push(("iss", issuer));
        }
        for twist in &state.twists {
            twist_response(*twist, &mut parameters);
        }
        match seen.parameter("response_mode") {
            Some("form_post") => form_post(&redirect_uri, &parameters),
            _ => Reply::redirect(&with_query(&redirect_uri, &parameters)),
        }
    }

    /// Google gives a refresh token when it asks the person: the first time, or when it is told to ask. Apple always.
    fn is_offline(&self, state: &mut State, grant: &Grant, seen: &Seen) -> bool {
        match self.brand {
            Brand::Google => {
                let offline = seen.parameter("access_type") == Some("offline");
                let asked = seen.parameter("prompt").is_some_and(|prompt| asks(prompt, "consent"));
                offline && (state.consented.insert(grant.person.sub.clone()) || asked)
            }
            Brand::Apple => true,
            Brand::Plain | Brand::Auth0 | Brand::Microsoft => asks(&grant.scope, "offline_access"),
        }
    }

    fn check(&self, state: &State, seen: &Seen) -> Result<Grant, String> {
        let needed = |name: &str| seen.parameter(name).ok_or_else(|| format!("{name} is missing"));
        let is = |name: &str, wanted: &str| match needed(name)? {
            value if value == wanted => Ok(()),
            value => Err(format!("{name} is {value}, not {wanted}")),
        };
        is("client_id", CLIENT_ID)?;
        is("response_type", "code")?;
        is("code_challenge_method", "S256")?;
        let redirect_uri = needed("redirect_uri")?.to_owned();
        let challenge = needed("code_challenge")?.to_owned();
        if challenge.len() != 43 {
            return Err(format!("code_challenge has {} characters", challenge.len()));
        }
        for name in ["state", "nonce"] {
            if needed(name)?.len() < 16 {
                return Err(format!("{name} can be guessed"));
            }
        }
        let scope = needed("scope")?.to_owned();
        if scope.split(' ').filter(|word| *word == "openid").count() != 1 {
            return Err(format!("scope is {scope}: openid stands there once"));
        }
        let mode = seen.parameter("response_mode");
        if self.brand == Brand::Apple && mode != Some("form_post") && scope != "openid" {
            return Err("response_mode must be form_post when name or email scope is requested".to_owned());
        }
        let fresh = seen.parameter("max_age").is_some() || seen.parameter("prompt").is_some_and(|p| asks(p, "login"));
        let said = state.person.signed_in_ago.or(fresh.then_some(0));
        let session = seen.header("cookie").and_then(|cookie| cookie.strip_prefix(SESSION)?.strip_prefix('='));
        Ok(Grant {
            person: session.map_or_else(|| state.person.clone(), ExternalPerson::new),
            redirect_uri,
            scope,
            nonce: seen.parameter("nonce").map(str::to_owned),
            challenge,
            offline: false,
            auth_time: said.map(|ago| state.now() - ago),
        })
    }
}

pub(super) fn asks(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

/// Apple tells the name once, beside the code and signed by nobody.
fn first_name(state: &mut State, person: &ExternalPerson) -> Option<(&'static str, String)> {
    let name = person.name.as_ref().filter(|_| state.named.insert(person.sub.clone()))?;
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    let user = json!({ "name": { "firstName": first, "lastName": last }, "email": person.email });
    Some(("user", user.to_string()))
}

fn twist_response(twist: Twist, parameters: &mut Vec<(&'static str, String)>) {
    let mut put = |name: &'static str, value: Option<&str>| {
        parameters.retain(|(known, _)| *known != name);
        parameters.extend(value.map(|value| (name, value.to_owned())));
    };
    match twist {
        Twist::ResponseIssuerOther => put("iss", Some("https://evil.example")),
        Twist::ResponseIssuerAbsent => put("iss", None),
        Twist::StateOther => put("state", Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        Twist::StateAbsent => put("state", None),
        Twist::CodeUnknown => put("code", Some("a-code-of-nobody")),
        Twist::CodeAbsent => put("code", None),
        Twist::CodeTwice => parameters.push(("code", "a-code-of-nobody".to_owned())),
        Twist::ResponseIssuerTwice => parameters.push(("iss", "https://evil.example".to_owned())),
        _ => {}
    }
}

/// Adds parameters to the query that a redirect URI may have.
pub(in crate::support::providers) fn with_query(redirect_uri: &str, parameters: &[(&'static str, String)]) -> String {
    let mut url = url::Url::parse(redirect_uri).expect("a redirect URI");
    url.query_pairs_mut().extend_pairs(parameters);
    url.to_string()
}

/// OAuth 2.0 Form Post Response Mode 2.
fn form_post(redirect_uri: &str, parameters: &[(&'static str, String)]) -> Reply {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><title>Back</title><body onload=\"document.forms[0].submit()\">\n\
         <form method=\"post\" action=\"{}\">\n",
        escaped(redirect_uri)
    );
    for (name, value) in parameters {
        writeln!(page, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)).expect("text");
    }
    page.push_str("<button>Back</button></form></body></html>\n");
    Reply::new(200, "text/html; charset=utf-8", page).header("Cache-Control", "no-store")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
