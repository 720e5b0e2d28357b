//! `vestibule user show`: one person, what their roles permit, what opens their account from outside, and
//! whether the tokens of that are kept.
//!
//! Owns: that command. Does not own: what each line says (`list`).

use clap::Args;
use serde_json::{Value, json};

use crate::cli::data::{Opened, Where};
use crate::cli::exit::{Exit, Stop};
use crate::cli::user::list;
use crate::cli::{output, times};
use crate::model::identity::Identity;
use crate::model::permissions::permitted;
use crate::model::person::User;
use crate::model::provider_tokens::SealedTokens;
use crate::model::registry::Registry;
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;

const EXAMPLES: &str = "\
Examples:
  vestibule user show ada
  vestibule user show ada --json | jq -r .id";

/// Show a person, which scopes of APIs their roles permit, and their identities at external providers
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Show {
    /// Username or e-mail address
    name: String,
    /// An object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

impl Show {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let Opened { config, stores, clock } = self.place.open().await?;
        let user = super::find(stores.users.as_ref(), &self.name).await?;
        let scopes = scopes_of(&user, &config.registry);
        let listed = stores.identities.list(user.id).await;
        let identities = listed.map_err(|error| super::store_failed(&error))?;
        let kept = stores.provider_tokens.list(user.id).await.map_err(|error| super::store_failed(&error))?;
        let tokens_of = |identity: &Identity| kept.iter().find(|one| one.key == identity.key).map(|one| &one.tokens);
        if self.json {
            let claims = user.claims();
            let more = json!({
                "phone_number": claims.phone_number,
                "address": claims.address,
                "scopes": scopes.to_string(),
                "identities": identities.iter().map(|one| identity_object(one, tokens_of(one))).collect::<Vec<_>>(),
                "updated_at": user.updated_at.seconds(),
                "valid_from": user.valid_from.seconds(),
            });
            let object = output::with(list::object(&user, &config.registry, clock.now()), more);
            output::data(&format!("{object:#}"))?;
        } else {
            let mut shown = lines(&user, &config.registry, &scopes, clock.now());
            for identity in &identities {
                shown.push(identity_line(identity, &config.registry, clock.now()));
                shown.extend(tokens_of(identity).map(|tokens| tokens_line(tokens, clock.now())));
            }
            output::data(&output::table(&shown))?;
        }
        Ok(Exit::Ok)
    }
}

/// Every API scope that the person may be granted.
fn scopes_of(user: &User, registry: &Registry) -> Scopes {
    let all = registry.apis().iter().flat_map(|api| &api.scopes).map(|scope| scope.name.clone()).collect();
    permitted(&all, &user.roles, registry)
}

/// On one line; empty where there is none.
fn address_of(user: &User) -> String {
    let Some(address) = user.claims().address else { return String::new() };
    let parts = [address.street_address, address.postal_code, address.locality, address.region, address.country];
    let written: Vec<String> = parts.into_iter().flatten().collect();
    address.formatted.unwrap_or_else(|| written.join("\n")).replace('\n', ", ")
}

/// No token is a part of it.
fn identity_object(identity: &Identity, tokens: Option<&SealedTokens>) -> Value {
    let tokens = tokens.map(|tokens| {
        json!({
            "scope": tokens.scope,
            "expires_at": tokens.expires_at.map(Timestamp::seconds),
            "refreshable": tokens.refreshable,
        })
    });
    json!({
        "provider": identity.key.provider,
        "issuer": identity.key.issuer,
        "subject": identity.key.subject,
        "label": identity.label,
        "created_at": identity.created_at.seconds(),
        "used_at": identity.used_at.seconds(),
        "tokens": tokens,
    })
}

/// Below the identity whose tokens are kept.
fn tokens_line(tokens: &SealedTokens, now: Timestamp) -> Vec<String> {
    let ends = match tokens.expires_at {
        Some(at) if at.is_over(now) => format!("ended {}", times::distance(at, now)),
        Some(at) => format!("ends {}", times::distance(at, now)),
        None => "with no end that is known".to_owned(),
    };
    let refreshable = if tokens.refreshable { "with" } else { "without" };
    let scope = if tokens.scope.is_empty() { "no scope" } else { &tokens.scope };
    let text = format!("kept of that identity: {scope}; {ends}, {refreshable} a refresh token");
    vec!["tokens".to_owned(), output::plain(&text)]
}

fn identity_line(identity: &Identity, registry: &Registry, now: Timestamp) -> Vec<String> {
    let key = &identity.key;
    // As with roles: a question mark behind what the configuration does not have.
    let unknown = if registry.find_provider(key.provider.as_str()).is_some() { "" } else { "?" };
    let label = identity.label.as_ref().map(|label| format!(" {label}")).unwrap_or_default();
    let used = times::distance(identity.used_at, now);
    let text = format!("{}{unknown}{label} ({} at {}), used {used}", key.provider, key.subject, key.issuer);
    vec!["identity".to_owned(), output::plain(&text)]
}

fn lines(user: &User, registry: &Registry, scopes: &Scopes, now: Timestamp) -> Vec<Vec<String>> {
    let shown = list::Shown::of(user, registry, now);
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let lines = [
        ("id", user.id.to_string()),
        ("username", user.username.to_string()),
        ("name", or_none(shown.name)),
        ("e-mail", or_none(shown.email)),
        ("phone", or_none(user.claims().phone_number.unwrap_or_default())),
        ("address", or_none(address_of(user))),
        ("roles", or_none(shown.roles)),
        ("scopes", or_none(scopes.to_string())),
        ("password", shown.password),
        ("may sign in", if user.disabled { "no, is shut out".to_owned() } else { "yes".to_owned() }),
        ("added", times::instant_and_distance(user.created_at, now)),
        ("changed", times::instant_and_distance(user.updated_at, now)),
        ("valid from", times::instant_and_distance(user.valid_from, now)),
    ];
    lines.map(|(name, text)| vec![name.to_owned(), output::plain(&text)]).to_vec()
}
