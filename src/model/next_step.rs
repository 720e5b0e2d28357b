//! What a transaction needs next: the one dispatcher's decision.
//!
//! Owns: the order sign-in, own password, permitted scope, consent, code, and what `prompt` and
//! `max_age` change in it. Does not own: pages and redirects (`endpoints/authorize`).

use std::time::Duration;

use crate::model::client::{Client, ConsentPolicy};
use crate::model::consent::Consent;
use crate::model::interaction::Interaction;
use crate::model::permissions::permitted;
use crate::model::person::User;
use crate::model::registry::Registry;
use crate::model::session::Session;
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::redirect_uri::ApplicationType;
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;

/// OpenID Connect Core 11.
const OFFLINE: &str = "offline_access";

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Show the sign-in page.
    SignIn {
        /// A live session exists, but the client wants a fresh sign-in.
        again: bool,
    },
    /// Show the page where a person sets their own password.
    SetPassword,
    /// Show the consent page.
    Consent {
        /// What is asked now.
        ask: Scopes,
        /// What was allowed before.
        known: Scopes,
    },
    /// Issue a code for this scope.
    Issue {
        /// Granted; never empty.
        scope: Scopes,
        /// Whether it is to be remembered.
        remember: bool,
    },
    /// Send this error to the client.
    Refuse(OAuthError),
}

/// Everything that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The transaction.
    pub interaction: &'a Interaction,
    /// Its client.
    pub client: &'a Client,
    /// The snapshot.
    pub registry: &'a Registry,
    /// The person of a live session of this browser.
    pub signed_in: Option<(&'a User, &'a Session)>,
    /// What that person allowed this client before.
    pub remembered: Option<&'a Consent>,
    /// The instant.
    pub now: Timestamp,
}

/// Decides.
#[must_use]
pub fn next_step(situation: &Situation<'_>) -> NextStep {
    let request = &situation.interaction.request;
    let silent = |code: ErrorCode, why: &'static str, step: NextStep| {
        if request.prompt.none { NextStep::Refuse(OAuthError::new(code, why)) } else { step }
    };
    let Some((user, session)) = situation.signed_in else {
        return silent(ErrorCode::LoginRequired, "nobody is signed in", NextStep::SignIn { again: false });
    };
    if !is_fresh(situation, session) {
        let step = NextStep::SignIn { again: true };
        return silent(ErrorCode::LoginRequired, "a fresh sign-in is required", step);
    }
    if user.must_set_password() {
        return silent(ErrorCode::InteractionRequired, "the person has to set a password", NextStep::SetPassword);
    }
    let scope = permitted(&request.scope, &user.roles, situation.registry);
    let scope = if may_be_offline(situation) { scope } else { scope.filter(|scope| scope.as_str() != OFFLINE) };
    if scope.is_empty() {
        return NextStep::Refuse(OAuthError::access_denied("no role of this person permits any of the scopes"));
    }
    match consent_needed(situation, user, &scope) {
        None => {
            let remember = remembers(situation.client) && situation.interaction.consent().is_some();
            NextStep::Issue { scope, remember }
        }
        Some((ask, known)) => {
            silent(ErrorCode::ConsentRequired, "the person has not allowed this", NextStep::Consent { ask, known })
        }
    }
}

/// OpenID Connect Core 11: `offline_access` is ignored unless the person is asked for it (`prompt=consent`),
/// has allowed it before, or the client is our own and nobody is ever asked.
fn may_be_offline(situation: &Situation<'_>) -> bool {
    let client = situation.client;
    let before = situation.remembered.is_some_and(|consent| consent.scope.has(OFFLINE)) && remembers(client);
    let own = client.consent == ConsentPolicy::Never && client.first_party;
    situation.interaction.request.prompt.consent || before || own
}

/// Whether the sign-in satisfies `prompt=login` and `max_age`: one made during this transaction always does.
fn is_fresh(situation: &Situation<'_>, session: &Session) -> bool {
    let request = &situation.interaction.request;
    let age = situation.now.since(session.sign_in.at);
    let young = request.max_age.is_none_or(|max_age| age <= Duration::from_secs(u64::from(max_age)));
    let here = session.sign_in.at >= situation.interaction.created_at;
    here || (young && !request.prompt.login)
}

/// RFC 8252 8.6: a native client cannot be told from another, so its consent is asked each time.
fn remembers(client: &Client) -> bool {
    client.consent == ConsentPolicy::Remember && client.application_type == ApplicationType::Web
}

/// What has to be asked, and what was allowed before; `None` when nothing has to be.
fn consent_needed(situation: &Situation<'_>, user: &User, scope: &Scopes) -> Option<(Scopes, Scopes)> {
    let client = situation.client;
    let given = situation.interaction.consent().filter(|given| given.by == user.id);
    if given.is_some_and(|given| scope.without(&given.scope).is_empty()) {
        return None;
    }
    let forced = situation.interaction.request.prompt.consent;
    if client.consent == ConsentPolicy::Never && client.first_party && !forced {
        return None;
    }
    let known = match situation.remembered {
        Some(consent) if remembers(client) => scope.filter(|scope| consent.scope.contains(scope)),
        _ => Scopes::default(),
    };
    let fresh = scope.without(&known);
    if forced {
        return Some((scope.clone(), Scopes::default()));
    }
    (!fresh.is_empty()).then_some((fresh, known))
}
