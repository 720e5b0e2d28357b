//! An identity arrives.
//!
//! Owns: reading what is decided from, and that a decision which others overtook is made again. Does not own: the
//! decision (`model/joining`).

use rand::CryptoRng;

use crate::accounts::{Accounts, External, Opened};
use crate::model::identity::{Identity, IdentityKey};
use crate::model::joining::{Outcome, Purpose, Question, Refusal, decide};
use crate::model::person::{LoginName, User};
use crate::protocol::ids::UserId;
use crate::protocol::time::Timestamp;
use crate::store::{IdentityInserted, StoreError};

/// How often is decided again when somebody else was faster.
const TRIES: usize = 4;

/// What an identity arrives for, and when.
#[derive(Debug, Clone, Copy)]
pub struct Occasion {
    /// What for.
    pub purpose: Purpose,
    /// Who is signed in in this browser now.
    pub signed_in: Option<UserId>,
    /// The instant.
    pub now: Timestamp,
}

impl Accounts<'_> {
    /// Does what is to be done with an identity that arrived.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn open(
        &self,
        external: External<'_>,
        occasion: Occasion,
        rng: &mut impl CryptoRng,
    ) -> Result<Opened, StoreError> {
        let now = occasion.now;
        for _ in 0..TRIES {
            let (outcome, known) = self.decide(external, occasion).await?;
            match (outcome, known) {
                (Outcome::SignIn(_), Some(user)) => {
                    return Ok(Opened::In(Box::new(self.bring_up_to_date(external, user, now).await?)));
                }
                (Outcome::Create(newcomer), _) => {
                    if let Some(user) = self.create(external, &newcomer, now, rng).await? {
                        return Ok(Opened::In(Box::new(user)));
                    }
                }
                (Outcome::AskToJoin(ask), _) => return Ok(Opened::Ask(ask)),
                (Outcome::Link(user), _) => return self.link(external, user, now).await,
                (Outcome::Linked(_), _) => {
                    self.keep(external).await?;
                    return Ok(Opened::Linked);
                }
                (Outcome::Proven(_), Some(user)) => {
                    return Ok(Opened::Proven(Box::new(self.bring_up_to_date(external, user, now).await?)));
                }
                (Outcome::Refuse(refusal), _) => return Ok(Opened::Refused(refusal)),
                // Whoever is signed in or proven is known: the decision says so.
                (Outcome::SignIn(_) | Outcome::Proven(_), None) => {}
            }
        }
        Err(StoreError::new("opening an account", "others were faster each time that it was decided"))
    }

    /// The decision, and whose the identity is.
    pub(super) async fn decide(
        &self,
        external: External<'_>,
        occasion: Occasion,
    ) -> Result<(Outcome, Option<User>), StoreError> {
        let External { provider, key, profile, .. } = external;
        let mut known = self.whose(key).await?;
        let local = match profile.verified_email().filter(|_| known.is_none()) {
            Some(email) => self.users.find_by_login(&LoginName::read(email.as_str())).await?,
            None => None,
        };
        if local.is_some() {
            // Whoever comes twice at once may have got the account, with its address and the identity, since the first
            // look: it is theirs then, and nobody is asked.
            known = self.whose(key).await?;
        }
        let Occasion { purpose, signed_in, now } = occasion;
        let (known_to_us, local) = (known.as_ref(), local.as_ref());
        let outcome = decide(&Question { purpose, provider, profile, known: known_to_us, local, signed_in, now });
        Ok((outcome, known))
    }

    async fn whose(&self, key: &IdentityKey) -> Result<Option<User>, StoreError> {
        Ok(self.identities.find(key).await?.map(|(_, user)| user))
    }

    async fn link(&self, external: External<'_>, user: UserId, now: Timestamp) -> Result<Opened, StoreError> {
        Ok(match self.insert(external, user, now).await? {
            IdentityInserted::New | IdentityInserted::Already => {
                self.keep(external).await?;
                Opened::Linked
            }
            IdentityInserted::Taken => Opened::Refused(Refusal::IdentityTaken),
            IdentityInserted::NoPerson => Opened::Refused(Refusal::PersonDisabled),
        })
    }

    pub(super) async fn insert(
        &self,
        external: External<'_>,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<IdentityInserted, StoreError> {
        let inserted = self.identities.insert(&external.identity(user_id, now)).await?;
        if inserted == IdentityInserted::New {
            let provider = external.provider.id.as_str();
            tracing::info!(%user_id, provider, "identity joined");
        }
        Ok(inserted)
    }
}

impl External<'_> {
    /// The record for the account of that person.
    pub(super) fn identity(&self, user_id: UserId, now: Timestamp) -> Identity {
        Identity { key: self.key.clone(), user_id, label: self.profile.label(), created_at: now, used_at: now }
    }
}
