//! The keys of one use, one after the other: which signs now, which are waiting, how long the old ones count.
//!
//! Owns: the life of a key. Pending: published, so that everybody has it before it signs. Active: signs.
//! Retired: published and accepted until the last thing it signed is over. Past: only an ID token that comes
//! back as a hint is still known by it. Revoked: known for nothing. Gone: nothing depends on it. Does not own:
//! keeping keys (`store`), key material (`tokens`).
//!
//! Nothing moves a key from one to the next but time and revocation, so that every instance comes to the same
//! answer by itself. At every instant one key of a line is active, as long as one is not revoked.

use std::time::Duration;

use crate::model::revocation::ENTRY_LIFE;
use crate::model::sealed_key::{KeyUse, SealedKey};
use crate::protocol::time::Timestamp;

/// How long whoever fetched `/jwks` may go on with it, in seconds: `max-age` of its `Cache-Control`.
pub const JWKS_MAX_AGE_SECONDS: u64 = 300;

/// For other instances to publish a key that was made, and for clocks that differ.
const SETTLING: Duration = Duration::from_mins(1);

/// The longest life of refresh tokens that configuration allows.
pub const LONGEST_REFRESH: Duration = Duration::from_hours(24 * 365 * 10);

/// How long before its first signature a key is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ahead {
    /// A day: nobody waits for it.
    Planned,
    /// Longer than anybody keeps an older set of keys.
    Usual,
    /// Only until every instance has it. Whoever keeps an older set and does not ask again refuses new tokens
    /// until it does.
    Hasty,
}

impl Ahead {
    /// For a key of that use. What is not published only has to reach every instance.
    #[must_use]
    pub const fn span(self, usage: KeyUse) -> Duration {
        match (self, usage) {
            (Self::Hasty, _) | (_, KeyUse::Refresh | KeyUse::Throttle) => Duration::from_secs(10),
            (Self::Usual, KeyUse::Signing(_)) => Duration::from_secs(JWKS_MAX_AGE_SECONDS + SETTLING.as_secs()),
            (Self::Planned, KeyUse::Signing(_)) => Duration::from_hours(24),
        }
    }
}

/// How long after its last signature a key of that use counts.
const fn life(usage: KeyUse) -> Duration {
    match usage {
        KeyUse::Signing(_) | KeyUse::Throttle => ENTRY_LIFE,
        KeyUse::Refresh => LONGEST_REFRESH,
    }
}

/// How long after its last signature a key tells hints apart from forgeries: longer than the longest session,
/// since applications keep the ID token of a sign-in for its end.
const REMEMBERED: Duration = Duration::from_hours(24 * 400);

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It signs from its `signs_from` on.
    Pending,
    /// It signs.
    Active,
    /// It signs no more, and what it signed counts.
    Retired {
        /// Until then.
        until: Timestamp,
    },
    /// What it signed is over; an expired ID token may still say whose session is meant.
    Past {
        /// Until then.
        until: Timestamp,
    },
    /// Nothing that it signed counts.
    Revoked {
        /// Until then anything that it signed could have counted.
        until: Timestamp,
    },
    /// Nothing that it signed could count any more.
    Gone,
}

impl KeyState {
    /// Its name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired { .. } => "retired",
            Self::Past { .. } => "past",
            Self::Revoked { .. } => "revoked",
            Self::Gone => "gone",
        }
    }

    /// Whether it is published, and what it signed is accepted.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Pending | Self::Active | Self::Retired { .. })
    }
}

/// What a rotation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next<'k> {
    /// A new key, with this place in the line.
    Make(Slot),
    /// The pending one, sooner than it was to sign.
    Hasten(&'k SealedKey, Timestamp),
    /// The pending one as it is.
    Waits(&'k SealedKey),
}

/// The place of a key to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Nobody else's, unless somebody is faster.
    pub number: u32,
    /// When it signs.
    pub signs_from: Timestamp,
}

/// Who signs when that key is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heir<'k> {
    /// Whoever does so already.
    Another,
    /// The pending one, from now on: everybody has it.
    Pending(&'k SealedKey),
    /// A new one, from now on.
    Make(Slot),
}

/// Every key of one use.
#[derive(Debug)]
pub struct KeyLine<'k>(Vec<&'k SealedKey>);

impl<'k> KeyLine<'k> {
    /// Those of that use.
    #[must_use]
    pub fn of(keys: &'k [SealedKey], usage: KeyUse) -> Self {
        let mut keys: Vec<&SealedKey> = keys.iter().filter(|key| key.usage == usage).collect();
        keys.sort_by_key(|key| key.number);
        Self(keys)
    }

    /// The keys, the newest last.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &'k SealedKey> + Clone {
        self.0.iter().copied()
    }

    /// The one that signs: the newest of those whose time has come. A clock that is behind sees none of them
    /// come: then the oldest, which everybody has had for longest. `None` when every one is revoked.
    #[must_use]
    pub fn active(&self, now: Timestamp) -> Option<&'k SealedKey> {
        turn(self.keys().filter(|key| key.revoked_at.is_none()), |key| key.signs_from, now)
    }

    /// The one that signs next.
    #[must_use]
    pub fn pending(&self, now: Timestamp) -> Option<&'k SealedKey> {
        self.keys().rfind(|key| self.state(key, now) == KeyState::Pending)
    }

    /// Where a key of this line stands.
    #[must_use]
    pub fn state(&self, key: &SealedKey, now: Timestamp) -> KeyState {
        if let Some(at) = key.revoked_at {
            let until = at.plus(life(key.usage));
            return if until.is_over(now) { KeyState::Gone } else { KeyState::Revoked { until } };
        }
        match self.active(now) {
            Some(active) if active.id == key.id => KeyState::Active,
            Some(active) if active.number > key.number => self.state_behind(key, now),
            _ => KeyState::Pending,
        }
    }

    fn state_behind(&self, key: &SealedKey, now: Timestamp) -> KeyState {
        let until = self.good_until(key);
        if !until.is_over(now) {
            return KeyState::Retired { until };
        }
        let until = match key.usage {
            KeyUse::Signing(_) => self.followed_at(key.number).plus(REMEMBERED),
            KeyUse::Refresh | KeyUse::Throttle => until,
        };
        if until.is_over(now) { KeyState::Gone } else { KeyState::Past { until } }
    }

    /// Until when a key of this line is published, as far as is known.
    #[must_use]
    pub fn good_until(&self, key: &SealedKey) -> Timestamp {
        self.followed_at(key.number).plus(life(key.usage))
    }

    /// When the first of those that are newer than `number` signed, or will.
    fn followed_at(&self, number: u32) -> Timestamp {
        // One that was revoked before its time never signed.
        let signs = |key: &&SealedKey| key.revoked_at.is_none_or(|at| at > key.signs_from);
        let newer = self.keys().filter(|key| key.number > number).filter(signs);
        newer.map(|key| key.signs_from).min().unwrap_or(Timestamp::from_millis(i64::MAX))
    }

    /// What is to be done so that another key signs. Where one is pending already, no second is made.
    #[must_use]
    pub fn rotation(&self, usage: KeyUse, ahead: Ahead, now: Timestamp) -> Next<'k> {
        let signs_from = now.plus(ahead.span(usage));
        match self.pending(now) {
            Some(pending) if pending.signs_from > signs_from => Next::Hasten(pending, signs_from),
            Some(pending) => Next::Waits(pending),
            // The first of all signs at once.
            None if self.active(now).is_none() => Next::Make(self.slot(now)),
            None => Next::Make(self.slot(signs_from)),
        }
    }

    /// Whether a key that follows after `every` is to be made: a day ahead of its first signature.
    #[must_use]
    pub fn is_due(&self, every: Duration, now: Timestamp) -> bool {
        let due = |active: &SealedKey| {
            let ahead = Ahead::Planned.span(active.usage);
            active.signs_from.plus(every).is_over(now.plus(ahead))
        };
        self.pending(now).is_none() && self.active(now).is_some_and(due)
    }

    /// Who signs once that key of this line is revoked.
    #[must_use]
    pub fn heir(&self, key: &SealedKey, now: Timestamp) -> Heir<'k> {
        if self.active(now).is_none_or(|active| active.id != key.id) {
            return Heir::Another;
        }
        self.pending(now).map_or_else(|| Heir::Make(self.slot(now)), Heir::Pending)
    }

    /// The place after the last.
    fn slot(&self, signs_from: Timestamp) -> Slot {
        Slot { number: self.keys().last().map_or(0, |last| last.number.saturating_add(1)), signs_from }
    }
}

/// Whose turn it is, of keys in the order of their numbers none of which is revoked: as [`KeyLine::active`].
pub fn turn<T>(
    mut keys: impl DoubleEndedIterator<Item = T> + Clone,
    signs_from: impl Fn(&T) -> Timestamp,
    now: Timestamp,
) -> Option<T> {
    let oldest = keys.clone().next();
    keys.rfind(|key| signs_from(key).is_over(now)).or(oldest)
}

/// Every use that a key is for, once.
#[must_use]
pub fn uses(keys: &[SealedKey]) -> Vec<KeyUse> {
    let mut uses: Vec<KeyUse> = keys.iter().map(|key| key.usage).collect();
    uses.sort_unstable();
    uses.dedup();
    uses
}

/// The keys that nothing depends on any more.
#[must_use]
pub fn gone(keys: &[SealedKey], now: Timestamp) -> Vec<&SealedKey> {
    let of = |usage| {
        let line = KeyLine::of(keys, usage);
        line.keys().filter(|key| line.state(key, now) == KeyState::Gone).collect::<Vec<_>>()
    };
    uses(keys).into_iter().flat_map(of).collect()
}
