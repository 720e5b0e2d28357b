//! The counters of a try to sign in by password.
//!
//! Owns: which they are, and what a failure and a success do to them. Does not own: verifying (`passwords`).
//!
//! A stranger's try moves three: of the account from this address, of the account from everywhere, of the
//! address. A browser that signed in to the account before has one of its own and no other, so that what
//! strangers do from other addresses, or from its own, keeps nobody out of the browser they always use.
//! Which browsers are known tells nothing to those who do not hold the cookie.

use std::time::Duration;

use crate::config::Failures;
use crate::model::throttle::Limit;
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;
use crate::store::StoreError;
use crate::throttle::{Account, Counter, Origin, Refusal, Throttle, counted_network};

/// How long a browser is known after a sign-in.
pub const KNOWN_FOR: Duration = Duration::from_hours(90 * 24);

/// A try, before anything was asked.
#[derive(Debug)]
pub struct SignIn<'a> {
    throttle: &'a Throttle,
    device: Option<Device>,
    strangers: Vec<Counter>,
    /// Which of them is of this account from this address.
    own: Option<TokenHash>,
}

/// What there is about this account and this browser.
#[derive(Debug)]
struct Device {
    /// A counter that only says until when the browser is known.
    known: TokenHash,
    own: Counter,
}

/// A try that may be made: it is told what came of it.
#[derive(Debug)]
pub struct Admitted<'a> {
    throttle: &'a Throttle,
    moved: Vec<Counter>,
    /// What a success wipes out.
    spent: Option<TokenHash>,
    /// What a success makes known, and for how much longer.
    unknown: Option<(TokenHash, Duration)>,
}

impl<'a> SignIn<'a> {
    pub(super) fn new(throttle: &'a Throttle, limits: &Failures, account: Account<'_>, origin: Origin) -> Self {
        let (kind, account) = match account {
            Account::Of(id) => ("person", id.to_string()),
            Account::Named(name) => ("nobody", name.as_str().to_owned()),
        };
        let counter = |counts, limit: Limit, by: &[&str]| {
            let texts = [&["sign-in", counts], by].concat();
            Counter { counts, name: throttle.names.of(&texts), limit }
        };
        let mut strangers = vec![counter("account", limits.account, &[kind, &account])];
        let mut own = None;
        if let Some(network) = counted_network(limits, origin.address) {
            let both = counter("account and address", limits.sign_in, &[kind, &account, &network]);
            own = Some(both.name);
            strangers.push(both);
            strangers.push(counter("address", limits.address, &[&network]));
        }
        let device = origin.device.map(|device| {
            let by = [kind, account.as_str(), &device.to_key()];
            let known = throttle.names.of(&[&["known"], by.as_slice()].concat());
            Device { known, own: counter("account and browser", limits.sign_in, &by) }
        });
        Self { throttle, device, strangers, own }
    }

    /// Whether it may be made now.
    ///
    /// # Errors
    /// When one of its counters says wait, which is logged, or the store fails.
    pub async fn admit(&self, now: Timestamp) -> Result<Admitted<'a>, Refusal> {
        let of_device = self.device.iter().flat_map(|device| [device.known, device.own.name]);
        let names: Vec<TokenHash> = of_device.chain(self.strangers.iter().map(|counter| counter.name)).collect();
        let said = self.throttle.store.read(&names).await?;
        let until =
            |name: &TokenHash| names.iter().zip(&said).find(|(asked, _)| *asked == name).and_then(|(_, until)| *until);
        let known = self.device.as_ref().filter(|device| until(&device.known).is_some());
        let moved: Vec<Counter> = known.map_or_else(|| self.strangers.clone(), |device| vec![device.own.clone()]);
        let waits = moved.iter().filter_map(|counter| Some((counter, counter.limit.wait(until(&counter.name), now)?)));
        if let Some((counter, retry_after)) = waits.max_by_key(|(_, wait)| *wait) {
            counter.log(retry_after, None);
            return Err(Refusal::Throttled { retry_after });
        }
        let spent = known.map_or(self.own, |device| Some(device.own.name)).filter(|name| until(name).is_some());
        // A known one is known for longer when half of the time is over, so that not every sign-in writes.
        let half = KNOWN_FOR / 2;
        let unknown = self.device.as_ref().and_then(|device| match until(&device.known) {
            None => Some((device.known, KNOWN_FOR)),
            Some(until) => until.is_over(now.plus(half)).then_some((device.known, half)),
        });
        Ok(Admitted { throttle: self.throttle, moved, spent, unknown })
    }
}

impl Admitted<'_> {
    /// Counts the failure.
    ///
    /// # Errors
    /// When the store fails: then nobody may be told that it failed.
    pub async fn failed(self) -> Result<(), StoreError> {
        let spans: Vec<_> = self.moved.iter().map(|counter| (counter.name, counter.limit.cost())).collect();
        self.throttle.store.add(&spans).await
    }

    /// Wipes out the failures of this account from here, which were its owner's, and makes the browser known.
    /// What was counted of the address and of the account from everywhere stays.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn succeeded(self) -> Result<(), StoreError> {
        if let Some(spent) = &self.spent {
            self.throttle.store.forget(spent).await?;
        }
        match self.unknown {
            Some(known) => self.throttle.store.add(&[known]).await,
            None => Ok(()),
        }
    }
}
