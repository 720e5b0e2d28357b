//! The authorization code flow of a native client (RFC 8252, RFC 7636).
//!
//! Owns: the request, what is checked of the answer, opening the browser. Does not own: receiving the
//! answer (`loopback`).

use std::process::Stdio;

use url::Url;

use super::exchange::{Asked, Flow};
use super::loopback::{Loopback, Reply};
use super::target::Target;
use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::clock::system_rng;
use crate::protocol::opaque::OpaqueToken;
use crate::protocol::pkce::{CodeChallenge, CodeVerifier};

/// Runs the flow: the access token.
pub(super) async fn run(flow: &Flow<'_>, asked: &Asked<'_>, open: bool) -> Result<String, Stop> {
    let endpoint = flow.server.authorization_endpoint.as_deref();
    let endpoint = endpoint.ok_or_else(|| Stop::failure("the metadata names no authorization_endpoint"))?;
    let loopback = Loopback::bind(&redirect(flow.target)?).await?;
    let state = OpaqueToken::generate(&mut system_rng());
    let verifier = OpaqueToken::generate(&mut system_rng());
    let challenge = CodeVerifier::parse(verifier.expose()).map(|verifier| CodeChallenge::of(&verifier));
    let challenge = challenge.ok_or_else(|| Stop::failure("no code verifier could be made"))?;
    let scope = asked.scope.map_or_else(|| default_scope(flow.target), str::to_owned);
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", flow.target.client_id.as_str()),
        ("redirect_uri", loopback.redirect_uri()),
        ("scope", scope.as_str()),
        ("state", state.expose()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    parameters.extend(asked.resource.map(|resource| ("resource", resource)));
    let url = Url::parse_with_params(endpoint, &parameters)
        .map_err(|error| Stop::failure(format!("authorization_endpoint {endpoint}: {error}")))?;

    output::message(&format!("Open this URL to sign in:\n\n  {url}\n"));
    if open && open_browser(url.as_str()).is_err() {
        output::message("No browser could be opened here: open the URL yourself.");
    }
    let reply = loopback.wait(&state).await?;
    let code = check(&reply, flow)?;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", loopback.redirect_uri()),
        ("code_verifier", verifier.expose()),
    ];
    form.extend(asked.resource.map(|resource| ("resource", resource)));
    flow.exchange(&form).await
}

/// RFC 9207 2.4 and RFC 6749 4.1.2: the answer is this issuer's, and has a code. Its state was checked by
/// the loopback server, which takes no other answer.
fn check<'a>(reply: &'a Reply, flow: &Flow<'_>) -> Result<&'a str, Stop> {
    let expected = flow.target.issuer.as_str();
    match reply.iss.as_deref() {
        Some(iss) if iss == expected => {}
        None if !flow.server.sends_iss => {}
        iss => {
            let received = iss.map_or_else(|| "none".to_owned(), output::plain);
            return Err(Stop::failure(format!(
                "the answer does not come from {expected} (iss: {received}): it is not used (RFC 9207)"
            )));
        }
    }
    if let Some(error) = &reply.error {
        let description = reply.error_description.as_ref().map_or_else(String::new, |text| format!(": {text}"));
        return Err(Stop::failure(output::plain(&format!("{error}{description}"))));
    }
    reply.code.as_deref().ok_or_else(|| Stop::failure("the answer has no code"))
}

/// `openid` and the client's default scope.
fn default_scope(target: &Target) -> String {
    let known = target.known.as_ref().map_or("", |known| known.default_scope.as_str());
    let others = known.split(' ').filter(|scope| !scope.is_empty() && *scope != "openid");
    std::iter::once("openid").chain(others).collect::<Vec<_>>().join(" ")
}

/// The redirect URI to answer on: for a native client any port of 127.0.0.1, for a web client a registered
/// loopback URI with its port.
fn redirect(target: &Target) -> Result<Url, Stop> {
    let Some(known) = &target.known else { return parse("http://127.0.0.1/callback") };
    let usable = |text: &&String| {
        Url::parse(text).is_ok_and(|url| {
            url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost")) && !has_query(&url)
        })
    };
    let mut uris: Vec<&String> = known.redirect_uris.iter().filter(usable).collect();
    // RFC 8252 8.3: the address rather than the name.
    uris.sort_by_key(|uri| !uri.starts_with("http://127.0.0.1"));
    let uri = uris.first().ok_or_else(|| {
        Stop::new(Exit::Usage, format!("client {} has no redirect URI on this machine", target.client_id))
            .hint("add http://127.0.0.1/callback with application_type = \"native\", or use --client cli")
    })?;
    let mut url = parse(uri)?;
    if known.native {
        let _ = url.set_port(None);
    }
    Ok(url)
}

fn has_query(url: &Url) -> bool {
    url.query().is_some()
}

fn parse(text: &str) -> Result<Url, Stop> {
    Url::parse(text).map_err(|error| Stop::failure(format!("redirect URI {text}: {error}")))
}

/// Asks the desktop to open a URL; does not wait for it.
fn open_browser(url: &str) -> std::io::Result<()> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = std::process::Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::dev::running::KnownClient;

    fn target(native: bool, redirect_uris: &[&str], default_scope: &str) -> Target {
        let known = KnownClient {
            client_id: "app".to_owned(),
            public: true,
            has_demo_secret: false,
            native,
            grant_types: vec!["authorization_code".to_owned()],
            redirect_uris: redirect_uris.iter().map(ToString::to_string).collect(),
            default_scope: default_scope.to_owned(),
            scope: String::new(),
        };
        Target::of("http://localhost:9400", "app", Some(known))
    }

    #[test]
    fn a_native_client_is_answered_on_any_port_of_the_address() {
        let uris = ["http://localhost/callback", "http://[::1]/callback", "http://127.0.0.1:1234/callback"];
        assert_eq!(redirect(&target(true, &uris, "")).unwrap().as_str(), "http://127.0.0.1/callback");
    }

    #[test]
    fn a_web_client_is_answered_on_its_registered_port() {
        let uris = ["https://app.example/cb", "http://localhost:3000/cb"];
        assert_eq!(redirect(&target(false, &uris, "")).unwrap().as_str(), "http://localhost:3000/cb");
        let stop = redirect(&target(false, &["https://app.example/cb"], "")).unwrap_err();
        assert_eq!(stop.exit, Exit::Usage);
    }

    #[test]
    fn the_scope_asked_by_default_has_openid_once() {
        assert_eq!(default_scope(&target(true, &[], "read:users openid")), "openid read:users");
        assert_eq!(default_scope(&target(true, &[], "")), "openid");
    }
}
