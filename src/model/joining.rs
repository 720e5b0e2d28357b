//! Whose account an identity of an external provider opens.
//!
//! Owns: that decision; `docs/joining-accounts.md` is its truth table, and a test reads it. Does not own: making sure of
//! the identity (`upstream`), or doing what was decided (`accounts`).

use crate::model::identity::ExternalProfile;
use crate::model::newcomer::Newcomer;
use crate::model::person::{Email, User};
use crate::model::provider::{Create, Link, Provider};
use crate::protocol::ids::UserId;
use crate::protocol::time::Timestamp;

/// What somebody went to the provider for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To link the identity to the account of this person, who was signed in when they left.
    Link(UserId),
    /// To prove that this account is theirs, so that another identity may be joined to it.
    Prove(UserId),
}

/// Everything that the decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What for.
    pub purpose: Purpose,
    /// Where from.
    pub provider: &'a Provider,
    /// What the provider says of the person.
    pub profile: &'a ExternalProfile,
    /// Whose the identity is, by provider, issuer and subject.
    pub known: Option<&'a User>,
    /// Whose the e-mail address of the profile is here.
    pub local: Option<&'a User>,
    /// Who is signed in in this browser now.
    pub signed_in: Option<UserId>,
    /// The instant.
    pub now: Timestamp,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The identity opens this account.
    SignIn(UserId),
    /// There is nobody yet: make an account with this identity.
    Create(Newcomer),
    /// The account has the address: whoever owns it proves it first.
    AskToJoin(Ask),
    /// Link the identity to this account.
    Link(UserId),
    /// It is linked to this account already.
    Linked(UserId),
    /// The account is proven.
    Proven(UserId),
    /// Nothing happens.
    Refuse(Refusal),
}

/// What the page that asks may offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Whose account it is about.
    pub user: UserId,
    /// Whether that account has a password to prove it with.
    pub by_password: bool,
    /// Whether an account of its own may be made instead, which then has no address.
    pub or_new: bool,
}

/// Why nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The provider brings only people with a verified address of its `allowed_domains`.
    AddressNotAllowed,
    /// The person is shut out.
    PersonDisabled,
    /// Somebody has the address, and accounts are not joined through this provider.
    AddressTaken,
    /// Nobody gets an account through this provider.
    NoAccount,
    /// The person who wanted to link is not the one who is signed in now.
    NotSignedIn,
    /// Nothing is linked through this provider.
    LinkingOff,
    /// The identity opens somebody else's account.
    IdentityTaken,
    /// The identity opens no account, and so it proves none.
    ProvesNothing,
    /// The identity opens another account than the one to be proven.
    ProvesAnother,
}

/// Decides.
#[must_use]
pub fn decide(question: &Question<'_>) -> Outcome {
    let decided = match question.purpose {
        Purpose::SignIn => sign_in(question),
        Purpose::Link(user) => link(question, user),
        Purpose::Prove(user) => prove(question, user),
    };
    decided.unwrap_or_else(Outcome::Refuse)
}

fn sign_in(question: &Question<'_>) -> Result<Outcome, Refusal> {
    let Question { provider, profile, .. } = *question;
    may_come(provider, profile)?;
    if let Some(known) = question.known {
        return if known.disabled { Err(Refusal::PersonDisabled) } else { Ok(Outcome::SignIn(known.id)) };
    }
    let address = profile.verified_email();
    let create = may_create(provider, address);
    match question.local.filter(|local| address.is_some() && local.email.as_ref() == address) {
        Some(local) if local.disabled => Err(Refusal::PersonDisabled),
        Some(_) if provider.link == Link::Never => Err(Refusal::AddressTaken),
        Some(local) => Ok(Outcome::AskToJoin(Ask {
            user: local.id,
            by_password: local.has_usable_password(question.now),
            or_new: create.is_ok(),
        })),
        None => create.map(|()| Outcome::Create(Newcomer::of(profile, address.cloned()))),
    }
}

fn link(question: &Question<'_>, user: UserId) -> Result<Outcome, Refusal> {
    if question.signed_in != Some(user) {
        return Err(Refusal::NotSignedIn);
    }
    if question.provider.link == Link::Never {
        return Err(Refusal::LinkingOff);
    }
    may_come(question.provider, question.profile)?;
    match question.known {
        None => Ok(Outcome::Link(user)),
        Some(known) if known.id == user => Ok(Outcome::Linked(user)),
        Some(_) => Err(Refusal::IdentityTaken),
    }
}

fn prove(question: &Question<'_>, user: UserId) -> Result<Outcome, Refusal> {
    may_come(question.provider, question.profile)?;
    match question.known {
        None => Err(Refusal::ProvesNothing),
        Some(known) if known.disabled => Err(Refusal::PersonDisabled),
        Some(known) if known.id == user => Ok(Outcome::Proven(user)),
        Some(_) => Err(Refusal::ProvesAnother),
    }
}

/// `allowed_domains` holds for everybody whom the provider brings, at each sign-in; where `create` says that it is about
/// new accounts, it holds for those alone.
fn may_come(provider: &Provider, profile: &ExternalProfile) -> Result<(), Refusal> {
    if provider.allowed_domains.is_empty() || provider.create == Create::AllowedDomains {
        return Ok(());
    }
    is_inside(provider, profile.verified_email())
}

fn may_create(provider: &Provider, address: Option<&Email>) -> Result<(), Refusal> {
    match provider.create {
        Create::Always => Ok(()),
        Create::AllowedDomains => is_inside(provider, address),
        Create::Never => Err(Refusal::NoAccount),
    }
}

fn is_inside(provider: &Provider, address: Option<&Email>) -> Result<(), Refusal> {
    let inside = address.is_some_and(|address| provider.allows_domain_of(address));
    if inside { Ok(()) } else { Err(Refusal::AddressNotAllowed) }
}
