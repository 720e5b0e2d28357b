//! `vestibule client explain`: what a client may do, and what a token would carry.
//!
//! Owns: how it is told. Does not own: the answer (`reasons`).

use clap::Args;
use serde_json::{Value, json};

use crate::cli::client::reasons::{Outcome, Question, Reason};
use crate::cli::client::{describe, find};
use crate::cli::data::{Opened, Where};
use crate::cli::exit::{Exit, Stop};
use crate::cli::{output, user};
use crate::model::audience::Destination;
use crate::model::person::User;
use crate::model::shared_secret::AccessTokenSigning;
use crate::protocol::ids::RoleName;
use crate::protocol::scope::Scopes;

const EXAMPLES: &str = "\
Examples:
  vestibule client explain cli                        its registration, and which scopes depend on the person
  vestibule client explain cli --user bob             which scopes bob's token would have, and why not the others
  vestibule client explain cli --user bob --scope 'openid write:posts'
  vestibule client explain cli --user bob --json | jq '.grants[].scopes[] | select(.granted | not)'";

/// Explain a client: which scopes a token would have, which not and by which rule, and for which API
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Explain {
    /// `client_id`
    #[arg(value_name = "ID")]
    id: String,
    /// Who signs in
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// What the request asks for [default: nothing, so that `default_scope` counts]
    #[arg(long, value_name = "SCOPES", value_parser = scopes)]
    scope: Option<Scopes>,
    /// The API that the request names (RFC 8707)
    #[arg(long, value_name = "URI")]
    resource: Option<String>,
    /// One object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

fn scopes(text: &str) -> Result<Scopes, String> {
    Scopes::parse(text).map_err(|error| error.to_string())
}

impl Explain {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let (config, user) = match &self.user {
            None => (self.place.config()?, None),
            Some(name) => {
                let Opened { config, stores, .. } = self.place.open().await?;
                let user = user::find(stores.users.as_ref(), name).await?;
                (config, Some(user))
            }
        };
        let client = find(&config.registry, &self.id)?;
        let nothing = Scopes::default();
        let question = Question {
            config: &config,
            client,
            user: user.as_ref(),
            scope: self.scope.as_ref().unwrap_or(&nothing),
            resource: self.resource.as_deref(),
        };
        let outcomes = question.answer();
        if self.json {
            let grants: Vec<Value> = outcomes.iter().map(object).collect();
            let user = user.as_ref().map(|user| json!({ "username": user.username.as_str(), "roles": user.roles }));
            let object = json!({ "client": describe::object(client), "user": user, "grants": grants });
            output::data(&format!("{object:#}"))?;
        } else {
            let mut parts = vec![output::table(&describe::rows(client))];
            parts.extend(user.as_ref().map(person_in_words));
            parts.extend(outcomes.iter().map(|outcome| format!("{}\n{}", outcome.grant.as_str(), in_words(outcome))));
            if outcomes.is_empty() {
                parts.push("It gets no token: it lists no grant that ends in one.".to_owned());
            }
            output::data(&output::plain(&parts.join("\n\n")))?;
        }
        Ok(Exit::Ok)
    }
}

fn person_in_words(user: &User) -> String {
    let names: Vec<&str> = user.roles.iter().map(RoleName::as_str).collect();
    let roles = match names.as_slice() {
        [] => "no role".to_owned(),
        [one] => format!("the role {one}"),
        several => format!("the roles {}", several.join(", ")),
    };
    let out = if user.disabled { "; shut out, so that no sign-in succeeds" } else { "" };
    format!("{} has {roles}{out}", user.username)
}

fn in_words(outcome: &Outcome) -> String {
    let mut rows: Vec<Vec<String>> = outcome.reasons.iter().map(row).collect();
    match &outcome.token {
        Ok(token) => {
            rows.push(vec!["  audience".to_owned(), token.audience.as_slice().join(", ")]);
            rows.push(vec![
                "  token".to_owned(),
                format!("{}, good for {} s", signing(token), token.lifetime.as_secs()),
            ]);
        }
        Err(error) => rows.push(vec!["  refused".to_owned(), format!("{}: {}", error.code(), error.description())]),
    }
    output::table(&rows)
}

fn row(reason: &Reason) -> Vec<String> {
    let mark = match reason.granted {
        Some(true) => "+",
        Some(false) => "-",
        None => "?",
    };
    vec![format!("{mark} {}", reason.scope), reason.why.clone()]
}

const fn signing(token: &Destination) -> &'static str {
    match &token.signing {
        AccessTokenSigning::Key(algorithm) => algorithm.as_str(),
        AccessTokenSigning::Secret(_) => "HS256",
    }
}

fn object(outcome: &Outcome) -> Value {
    let scope = |reason: &Reason| json!({ "scope": reason.scope, "granted": reason.granted, "rule": reason.rule, "why": reason.why });
    let scopes: Vec<Value> = outcome.reasons.iter().map(scope).collect();
    let mut object = json!({ "grant_type": outcome.grant.as_str(), "scopes": scopes });
    let more = match &outcome.token {
        Ok(token) => json!({
            "audience": token.audience.as_slice(),
            "signing_alg": signing(token),
            "access_token_lifetime": token.lifetime.as_secs(),
        }),
        Err(error) => json!({ "error": error.code().as_str(), "error_description": error.description() }),
    };
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}
