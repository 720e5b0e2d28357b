//! What a transaction needs next: the one dispatcher's decision.
//!
//! Owns: the order sign-in, account, own password, permitted scope, consent, code, and what `prompt`, `max_age`,
//! `id_token_hint` and `claims` change in it. Does not own: pages and redirects (`endpoints/authorize`).

use std::time::Duration;

use crate::model::client::{Client, ConsentPolicy};
use crate::model::consent::{Consent, Permission};
use crate::model::interaction::Interaction;
use crate::model::permissions::permitted;
use crate::model::person::User;
use crate::model::registry::Registry;
use crate::model::session::Session;
use crate::protocol::claims::SingleClaims;
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::redirect_uri::ApplicationType;
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;

/// OpenID Connect Core 11.
const OFFLINE: &str = "offline_access";

/// Why somebody has to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInReason {
    /// Nobody is signed in.
    Nobody,
    /// Somebody is, but the client wants a fresh sign-in.
    Again,
    /// Somebody is, but the client wants somebody else.
    SomebodyElse,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Show the sign-in page.
    SignIn(SignInReason),
    /// Show the page that asks which account is meant.
    SelectAccount,
    /// Show the page where a person sets their own password.
    SetPassword,
    /// Show the consent page.
    Consent {
        /// What is asked now.
        ask: Permission,
        /// What was allowed before.
        known: Permission,
    },
    /// Issue a code for this.
    Issue(Issue),
    /// Send this error to the client.
    Refuse(OAuthError),
}

/// What a code is issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Granted; never empty.
    pub scope: Scopes,
    /// Granted by name.
    pub claims: SingleClaims,
    /// What is to be remembered; empty when nothing is.
    pub remember: Permission,
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
    /// Whether that session was made by a page of this transaction.
    pub made_here: bool,
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
    let login = |why, reason| silent(ErrorCode::LoginRequired, why, NextStep::SignIn(reason));
    let Some((user, session)) = situation.signed_in else {
        return login("nobody is signed in", SignInReason::Nobody);
    };
    if request.subjects.as_ref().is_some_and(|subjects| !subjects.contains(&user.id)) {
        // OpenID Connect Core 3.1.2.1: whoever was asked to sign in and signed in as somebody else is not asked again.
        let why = "somebody else is signed in than the person that the client asks for";
        if situation.made_here {
            return NextStep::Refuse(OAuthError::new(ErrorCode::LoginRequired, why));
        }
        return login(why, SignInReason::SomebodyElse);
    }
    if request.prompt.select_account && !situation.made_here && situation.interaction.account() != Some(user.id) {
        return NextStep::SelectAccount;
    }
    if !is_fresh(situation, session) {
        return login("a fresh sign-in is required", SignInReason::Again);
    }
    if user.must_set_password() {
        return silent(ErrorCode::InteractionRequired, "the person has to set a password", NextStep::SetPassword);
    }
    let scope = permitted(&request.scope, &user.roles, situation.registry);
    let scope = if may_be_offline(situation) { scope } else { scope.filter(|scope| scope.as_str() != OFFLINE) };
    if scope.is_empty() {
        return NextStep::Refuse(OAuthError::access_denied("no role of this person permits any of the scopes"));
    }
    // The configuration may have changed since the request was checked.
    let claims = request.claims.within(&situation.client.scope);
    let wanted = Permission { claims: claims.beyond(&scope), scope };
    if situation.interaction.is_denied_by(user.id) {
        return NextStep::Refuse(OAuthError::access_denied("the person did not allow it"));
    }
    match consent_needed(situation, user, &wanted) {
        None => {
            let asked = remembers(situation.client) && situation.interaction.consent().is_some();
            let remember = if asked { wanted.clone() } else { Permission::default() };
            NextStep::Issue(Issue { scope: wanted.scope, claims, remember })
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
    let before = situation.remembered.is_some_and(|consent| consent.permission.scope.has(OFFLINE)) && remembers(client);
    let own = client.consent == ConsentPolicy::Never && client.first_party;
    situation.interaction.request.prompt.consent || before || own
}

/// Whether the sign-in satisfies `prompt=login` and `max_age`: one made by this transaction always does, however
/// long the pages take. Another's age does not count where none is young enough: `max_age=0` is `prompt=login`.
fn is_fresh(situation: &Situation<'_>, session: &Session) -> bool {
    let request = &situation.interaction.request;
    let age = situation.now.since(session.sign_in.authenticated());
    let young = |max_age| max_age > 0 && age <= Duration::from_secs(u64::from(max_age));
    situation.made_here || (!request.prompt.login && request.max_age.is_none_or(young))
}

/// RFC 8252 8.6: a native client cannot be told from another, so its consent is asked each time.
fn remembers(client: &Client) -> bool {
    client.consent == ConsentPolicy::Remember && client.application_type == ApplicationType::Web
}

/// What has to be asked, and what was allowed before; `None` when nothing has to be.
fn consent_needed(situation: &Situation<'_>, user: &User, wanted: &Permission) -> Option<(Permission, Permission)> {
    let client = situation.client;
    let given = situation.interaction.consent().filter(|given| given.by == user.id);
    if given.is_some_and(|given| wanted.covered_by(&given.permission) == *wanted) {
        return None;
    }
    let forced = situation.interaction.request.prompt.consent;
    if client.consent == ConsentPolicy::Never && client.first_party && !forced {
        return None;
    }
    if forced {
        return Some((wanted.clone(), Permission::default()));
    }
    let known = match situation.remembered {
        Some(consent) if remembers(client) => wanted.covered_by(&consent.permission),
        _ => Permission::default(),
    };
    let fresh = wanted.without(&known);
    (!fresh.is_empty()).then_some((fresh, known))
}
