//! The bundle that every handler receives.
//!
//! Owns: that list. Does not own: making it (`startup`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::CryptoRng;
use uuid::Uuid;

use crate::clock::{Clock, system_rng, uuid_v7};
use crate::config::Config;
use crate::model::registry::Registry;
use crate::passwords::PasswordHasher;
use crate::protocol::issuer::Issuer;
use crate::protocol::time::Timestamp;
use crate::store::{NegativeList, Stores};
use crate::tokens::Tokens;

/// What a handler works with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The configuration snapshot.
    pub config: Arc<Config>,
    /// Every port.
    pub stores: Stores,
    /// What is revoked.
    pub negative: Arc<NegativeList>,
    /// Signs and verifies.
    pub tokens: Arc<Tokens>,
    /// Hashes.
    pub passwords: PasswordHasher,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Whether we are on our way out.
    pub shutdown: Shutdown,
}

/// Whether the server was asked to stop: set once, seen by every worker.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(Arc<AtomicBool>);

impl Shutdown {
    /// From here on this instance is not ready for new requests.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl App {
    /// Clients, APIs and roles.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.config.registry
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.config.server.issuer
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh `UUIDv7`.
    #[must_use]
    pub fn fresh_uuid(&self) -> Uuid {
        uuid_v7(self.now(), &mut self.rng())
    }

    /// A cryptographic random source.
    #[must_use]
    pub fn rng(&self) -> impl CryptoRng + use<> {
        system_rng()
    }
}
