//! `vestibule token inspect`: what a token says, and whether its issuer signed it.
//!
//! Owns: that command. Does not own: decoding (`claims`), signatures (`verify`).

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::claims::Decoded;
use super::verify::verify;
use crate::cli::exit::{Exit, Stop};
use crate::cli::http::Http;
use crate::cli::{output, prompt};
use crate::clock::{Clock as _, SystemClock};
use crate::protocol::issuer::Issuer;

const EXAMPLES: &str = "\
Examples:
  vestibule token | vestibule token inspect
  vestibule token inspect - < token.txt
  vestibule token inspect --json - < token.txt | jq .claims";

/// Show what a JWT says, and check its signature against its issuer's keys
///
/// The keys are read from the issuer that the token names, if it answers. Prefer stdin: arguments can be
/// seen by other users of the machine. Exit 1 when the signature is wrong.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Inspect {
    /// The token; - or nothing reads stdin
    #[arg(value_name = "TOKEN", default_value = "-", hide_default_value = true)]
    token: String,
    /// An object {header, claims, expired, signature: {verified, reason}}
    #[arg(long)]
    json: bool,
    /// Ask nobody: do not check the signature
    #[arg(long)]
    offline: bool,
}

/// What can be said of the signature.
enum Signature {
    Good,
    Bad(String),
    Unknown(String),
}

impl Inspect {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let text = if self.token == "-" { prompt::secret("Token: ").await? } else { self.token.clone().into() };
        let token = text.expose_secret().trim().trim_start_matches("Bearer ");
        let decoded = Decoded::read(token).ok_or_else(|| {
            Stop::failure("this is no JWT").hint("a JWT has three parts of base64url with dots between them")
        })?;
        let signature =
            if self.offline { Signature::Unknown("--offline".to_owned()) } else { signature_of(&decoded).await };
        let now = SystemClock.now();
        let expired = decoded.is_expired(now);
        let (verified, reason) = match &signature {
            Signature::Good => (Value::Bool(true), None),
            Signature::Bad(reason) => (Value::Bool(false), Some(reason)),
            Signature::Unknown(reason) => (Value::Null, Some(reason)),
        };
        if self.json {
            let signature = json!({ "verified": verified, "reason": reason });
            let object = json!({
                "header": decoded.header, "claims": decoded.claims, "expired": expired, "signature": signature
            });
            output::data(&format!("{object:#}"))?;
        } else {
            let issuer = output::plain(decoded.claim_text("iss").unwrap_or_default());
            let verdict = match &signature {
                Signature::Good => format!("signed by {issuer}"),
                Signature::Bad(reason) => format!("NOT VALID: {reason}"),
                Signature::Unknown(reason) => format!("not checked: {reason}"),
            };
            let over = if expired { "\n\nThis token has expired." } else { "" };
            output::data(&format!("{}\n\nSignature\n  {verdict}{over}", decoded.text(now)))?;
        }
        Ok(if matches!(signature, Signature::Bad(_)) { Exit::Failure } else { Exit::Ok })
    }
}

/// Asks the issuer that the token names for its keys. That it is asked proves nothing about the token: who
/// reads the answer sees the issuer's name beside it.
async fn signature_of(token: &Decoded<'_>) -> Signature {
    let Some(issuer) = token.claim_text("iss").and_then(|iss| Issuer::parse(iss).ok()) else {
        return Signature::Unknown("the token names no issuer that could be asked (iss)".to_owned());
    };
    match keys_of(&issuer).await {
        Ok(keys) => verify(token, &keys).map_or_else(Signature::Bad, |()| Signature::Good),
        Err(stop) => Signature::Unknown(stop.message),
    }
}

async fn keys_of(issuer: &Issuer) -> Result<Value, Stop> {
    let http = Http::for_url(issuer.as_str())?;
    let metadata = http.get_json(&format!("{issuer}/.well-known/openid-configuration")).await?;
    if metadata.get("issuer").and_then(Value::as_str) != Some(issuer.as_str()) {
        return Err(Stop::failure(format!("the metadata of {issuer} names another issuer")));
    }
    let uri = metadata.get("jwks_uri").and_then(Value::as_str);
    http.get_json(uri.ok_or_else(|| Stop::failure(format!("{issuer} names no jwks_uri")))?).await
}
