//! Refresh tokens of one grant: a family of which only the newest generation counts (RFC 6749 6,
//! RFC 9700 4.14.2).
//!
//! Owns: what a presented generation means and what it changes. Does not own: the token's text and its
//! MAC (`tokens`), or that of many at once one rotates (`store`).
//!
//! What is kept does not grow: the generation, and when the last eight were superseded. A lost answer
//! or a second tab presents a generation that was superseded a moment ago, and gets the current one
//! again; a thief presents an old one, and the family ends.

use std::time::Duration;

use crate::model::session::SignIn;
use crate::protocol::time::Timestamp;

/// How many rotations are remembered.
pub const KEPT_ROTATIONS: usize = 8;

/// How precisely use is noted where nothing rotates: a busy client does not write with each request.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// What configuration says of the refresh tokens of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshRules {
    /// Whether each use makes a new generation.
    pub rotation: bool,
    /// How long a family lives without being used.
    pub idle: Duration,
    /// How long it lives at most.
    pub absolute: Duration,
    /// How long a superseded generation still gets the current one.
    pub grace: Duration,
}

/// What a client says of itself; what it leaves open is as everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// `refresh_rotation`.
    pub rotation: bool,
    /// `refresh_idle`.
    pub idle: Option<Duration>,
    /// `refresh_absolute`.
    pub absolute: Option<Duration>,
    /// `refresh_grace`.
    pub grace: Option<Duration>,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self { rotation: true, idle: None, absolute: None, grace: None }
    }
}

impl RefreshPolicy {
    /// The rules of this client, where `general` holds for every one.
    #[must_use]
    pub fn rules(&self, general: &RefreshRules) -> RefreshRules {
        RefreshRules {
            rotation: self.rotation,
            idle: self.idle.unwrap_or(general.idle),
            absolute: self.absolute.unwrap_or(general.absolute),
            grace: self.grace.unwrap_or(general.grace),
        }
    }
}

/// The refresh tokens of a grant, as its row keeps them, and what issuing again needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The one that counts.
    pub generation: u32,
    /// When the last generations were superseded, at most [`KEPT_ROTATIONS`], the newest last: its last
    /// instant is that of generation `generation - 1`.
    pub rotated_at: Vec<Timestamp>,
    /// Over then unless used before.
    pub idle_until: Timestamp,
    /// Over then in any case.
    pub expires_at: Timestamp,
    /// Granted with `offline_access`: it outlives a sign-out.
    pub offline: bool,
    /// How the person signed in.
    pub sign_in: SignIn,
    /// The `resource` of the authorization request.
    pub resource: Option<String>,
}

/// What a presented refresh token comes to. The store applies it in one compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The current one: this family takes the place of the old.
    Rotated(Box<Family>),
    /// The current one of a client whose tokens do not rotate: the same again, and its use is noted.
    Kept(Box<Family>),
    /// Superseded a moment ago, or used a moment ago where nothing rotates: the current generation again.
    Again(u32),
    /// A generation that nobody honest has any more: the family and its access tokens end.
    Reused,
    /// Worth nothing, and nothing changes: the family is over or unknown, or so busy that a superseded
    /// generation says nothing.
    Refused,
}

impl Family {
    /// The first generation.
    #[must_use]
    pub fn begin(
        sign_in: SignIn,
        resource: Option<String>,
        offline: bool,
        rules: &RefreshRules,
        now: Timestamp,
    ) -> Self {
        let expires_at = now.plus(rules.absolute);
        let idle_until = now.plus(rules.idle).min(expires_at);
        Self { generation: 0, rotated_at: Vec::new(), idle_until, expires_at, offline, sign_in, resource }
    }

    /// When it is over unless used before.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.idle_until.min(self.expires_at)
    }

    /// What a token of that generation, whose MAC is good, comes to.
    #[must_use]
    pub fn present(&self, generation: u32, rules: &RefreshRules, now: Timestamp) -> Rotation {
        if self.ends_at().is_over(now) {
            return Rotation::Refused;
        }
        let Some(age) = self.generation.checked_sub(generation) else {
            // Of the future: the database was restored from before it was made.
            return Rotation::Refused;
        };
        if age == 0 {
            return self.current(rules, now);
        }
        let young = |superseded: &Timestamp| now.since(*superseded) <= rules.grace;
        let superseded = usize::try_from(age - 1).ok().and_then(|back| self.rotated_at.iter().rev().nth(back));
        match superseded {
            Some(at) if young(at) => Rotation::Again(self.generation),
            // Older than everything remembered. In a family that rotated eight times within the grace it
            // may be a moment old all the same.
            None if self.rotated_at.len() >= KEPT_ROTATIONS && self.rotated_at.iter().all(young) => Rotation::Refused,
            Some(_) | None => Rotation::Reused,
        }
    }

    fn current(&self, rules: &RefreshRules, now: Timestamp) -> Rotation {
        let idle_until = now.plus(rules.idle).min(self.expires_at);
        if !rules.rotation {
            let noted = idle_until.since(self.idle_until) < TOUCH_EVERY;
            return if noted {
                Rotation::Again(self.generation)
            } else {
                Rotation::Kept(Box::new(Self { idle_until, ..self.clone() }))
            };
        }
        let Some(generation) = self.generation.checked_add(1) else { return Rotation::Refused };
        let forgotten = (self.rotated_at.len() + 1).saturating_sub(KEPT_ROTATIONS);
        let rotated_at = self.rotated_at.iter().skip(forgotten).copied().chain([now]).collect();
        Rotation::Rotated(Box::new(Self { generation, rotated_at, idle_until, ..self.clone() }))
    }
}
