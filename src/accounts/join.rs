//! An identity is joined to an account whose owner proved it, or gets an account of its own.
//!
//! Owns: that everything is decided anew at that moment. Does not own: the proof (a password, or another identity), or
//! the page that asks for it (`endpoints/join`).

use rand::CryptoRng;

use crate::accounts::{Accounts, External, Occasion};
use crate::model::joining::{Ask, Outcome, Purpose, Refusal};
use crate::model::newcomer::Newcomer;
use crate::model::person::User;
use crate::protocol::ids::UserId;
use crate::protocol::time::Timestamp;
use crate::store::{IdentityInserted, StoreError};

/// How it stands with a joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The owner of the account is to be asked.
    Open(Ask),
    /// The identity opens that account already: the form was sent twice.
    Done,
    /// Something changed, so that it is no longer about that account.
    Over,
}

/// What came of a proof.
#[derive(Debug)]
pub enum Joined {
    /// The identity opens the account, whose owner is to be signed in.
    In(Box<User>),
    /// It was the proof of another account: nothing happened.
    Refused(Refusal),
    /// It is no longer about that account.
    Over,
}

impl Accounts<'_> {
    /// How it stands with the joining of this identity to the account of `user`.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn standing(&self, external: External<'_>, user: UserId, now: Timestamp) -> Result<Standing, StoreError> {
        let occasion = Occasion { purpose: Purpose::SignIn, signed_in: None, now };
        Ok(match self.decide(external, occasion).await?.0 {
            Outcome::AskToJoin(ask) if ask.user == user => Standing::Open(ask),
            Outcome::SignIn(known) if known == user => Standing::Done,
            _ => Standing::Over,
        })
    }

    /// Joins the identity to the account of `user`. `proven` is who just proved, by a way in that they had before, who
    /// they are: anybody else's proof is refused.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn join(
        &self,
        external: External<'_>,
        user: UserId,
        proven: User,
        now: Timestamp,
    ) -> Result<Joined, StoreError> {
        if proven.id != user {
            return Ok(Joined::Refused(Refusal::ProvesAnother));
        }
        if self.standing(external, user, now).await? == Standing::Over {
            return Ok(Joined::Over);
        }
        match self.insert(external, user, now).await? {
            IdentityInserted::New | IdentityInserted::Already => {
                Ok(Joined::In(Box::new(self.bring_up_to_date(external, proven, now).await?)))
            }
            IdentityInserted::Taken => Ok(Joined::Refused(Refusal::IdentityTaken)),
            IdentityInserted::NoPerson => Ok(Joined::Refused(Refusal::PersonDisabled)),
        }
    }

    /// Makes an account of its own for the identity, without its address, which the account of `user` has.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn stand_alone(
        &self,
        external: External<'_>,
        user: UserId,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Joined, StoreError> {
        match self.standing(external, user, now).await? {
            Standing::Open(ask) if ask.or_new => {}
            Standing::Open(_) => return Ok(Joined::Refused(Refusal::NoAccount)),
            Standing::Done | Standing::Over => return Ok(Joined::Over),
        }
        let newcomer = Newcomer::of(external.profile, None);
        let made = self.create(external, &newcomer, now, rng).await?;
        Ok(made.map_or(Joined::Over, |user| Joined::In(Box::new(user))))
    }
}
