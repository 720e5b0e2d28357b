//! A running server is given another configuration.
//!
//! Owns: the order of a reload, that there is one at a time, what is said of it. Does not own: reading
//! the configuration and what of it can change (`config`), when it is asked for (`cli/signals`).
//!
//! Everything that can fail is made first; then one swap gives it to all requests that begin after it. What
//! the clients had that are gone is ended in the database last, and tried until it is done.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::sync::{Mutex, Notify};
use tokio::task::spawn_blocking;

use crate::app::{App, Document, Live};
use crate::config::{Adoption, Config, Difference, Faults};
use crate::model::revocation::Revocation;
use crate::model::served::{Change, Served, Settled};
use crate::passwords::PasswordHasher;
use crate::protocol::ids::ClientId;
use crate::protocol::time::Timestamp;
use crate::startup::metadata;
use crate::store::StoreError;
use crate::upstream::Upstream;

/// How long after the database refused to end what is gone it is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// Reads the configuration; it may block.
pub type Load = dyn Fn() -> Result<Config, Faults> + Send + Sync;

/// Is told of a configuration that applies now; it may block.
pub type Tell = dyn Fn(&Config) + Send + Sync;

/// Gives a running server what its configuration says now. Cheap to clone.
#[derive(Clone)]
pub struct Reloader {
    live: Live,
    load: Arc<Load>,
    tell: Arc<Tell>,
    /// What the database has not heard yet; whoever holds it reloads.
    due: Arc<Mutex<Option<Due>>>,
}

/// Clients that left, and when the configuration without them began to apply.
#[derive(Debug, Clone)]
struct Due {
    left: BTreeSet<ClientId>,
    since: Timestamp,
}

/// What came of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloaded {
    /// Requests that begin now are answered by the new configuration.
    Applied,
    /// Everything is as it was.
    Refused,
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader").finish_non_exhaustive()
    }
}

impl Reloader {
    /// Reloads that server from there, and tells each configuration that it got.
    #[must_use]
    pub fn new(live: Live, load: Arc<Load>, tell: Arc<Tell>) -> Self {
        Self { live, load, tell, due: Arc::default() }
    }

    /// Reloads whenever it is asked for; asked several times meanwhile, once more. Runs until it is dropped.
    pub async fn follow(self, asked: Arc<Notify>) {
        loop {
            tokio::select! {
                () = asked.notified() => drop(self.reload().await),
                () = tokio::time::sleep(AGAIN) => self.settle(&mut *self.due.lock().await).await,
            }
        }
    }

    /// Reads the configuration and gives it to the server, unless something is wrong with it.
    pub async fn reload(&self) -> Reloaded {
        let mut due = self.due.lock().await;
        let load = Arc::clone(&self.load);
        let config = match spawn_blocking(move || load()).await {
            Ok(Ok(config)) => config,
            Ok(Err(faults)) => {
                let (mistakes, shown) = (faults.len(), faults.render(false));
                tracing::error!(
                    mistakes,
                    "the configuration is invalid: the one before stays\n\n{}\n",
                    shown.trim_end()
                );
                return Reloaded::Refused;
            }
            Err(error) => {
                tracing::error!(%error, "the configuration was not read: the one before stays");
                return Reloaded::Refused;
            }
        };
        match self.apply(config, &mut due).await {
            Ok(()) => Reloaded::Applied,
            Err(error) => {
                tracing::error!("the configuration cannot be applied: the one before stays: {error:#}");
                Reloaded::Refused
            }
        }
    }

    async fn apply(&self, config: Config, due: &mut Option<Due>) -> anyhow::Result<()> {
        let running = self.live.current();
        let Adoption { config, difference } = config.adopt(&running.config)?;
        let next = Next::make(config, &running).await?;
        let served = |id: &&ClientId| next.config.registry.find_client(id.as_str()).is_some();
        let left = running.registry().served().filter(|id| !served(id)).cloned();
        let left = due.take().into_iter().flat_map(|due| due.left).chain(left).collect();
        *due = Some(Due { left, since: running.now() });
        self.live.replace(|app| next.over(app));
        say(&difference);
        let (tell, config) = (Arc::clone(&self.tell), Arc::clone(&next.config));
        if let Err(error) = spawn_blocking(move || tell(&config)).await {
            tracing::warn!(%error, "nobody was told of the new configuration");
        }
        self.settle(due).await;
        Ok(())
    }

    /// Notes in the database which clients are served now. What it could not note stays due.
    async fn settle(&self, due: &mut Option<Due>) {
        let Some(Due { left, since }) = due.as_ref() else { return };
        match settle(&self.live.current(), left.clone(), *since).await {
            Ok(()) => *due = None,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "what removed clients had could not be ended yet: it is tried again");
            }
        }
    }
}

/// Notes which clients the app serves, those that left it among the others, and ends what is over.
///
/// # Errors
/// When the store fails: some of it may be done then, and the next call goes on.
pub(crate) async fn settle(app: &App, left: BTreeSet<ClientId>, now: Timestamp) -> Result<(), StoreError> {
    let served = Served { present: app.registry().served().cloned().collect(), left };
    let Settled { changes, grants } = app.stores.clients.settle(&served, now).await?;
    for (client_id, change) in changes {
        match change {
            Change::First => tracing::debug!(%client_id, "a client is served for the first time"),
            Change::Ended => tracing::warn!(%client_id, "a client is no longer served: its tokens have ended"),
            Change::Returned => tracing::info!(%client_id, "a client is served again, and begins anew"),
        }
        if let Some(not_before) = change.valid_from(now) {
            app.negative.note(&Revocation::of_client(client_id, not_before));
        }
    }
    if grants > 0 {
        tracing::info!(grants, "the grants of clients that were removed have ended");
    }
    Ok(())
}

/// What a new configuration needs, ready to be used.
struct Next {
    config: Arc<Config>,
    metadata: Document,
    /// Only where hashing changes.
    passwords: Option<PasswordHasher>,
}

impl Next {
    async fn make(config: Config, running: &App) -> anyhow::Result<Self> {
        let algorithms = config.registry.algorithms();
        let made = running.tokens.make_missing(&algorithms, running.stores.keys.as_ref(), running.now()).await;
        made.context("cannot make the signing key of a new algorithm")?;
        let passwords = if config.passwords == running.config.passwords {
            None
        } else {
            let started = PasswordHasher::start(&config.passwords);
            Some(started.map_err(|error| anyhow!(error).context("cannot start the password pool"))?)
        };
        let metadata = metadata(&config)?;
        Ok(Self { config: Arc::new(config), metadata, passwords })
    }

    /// The app that has it: what it does not change is that of `app`, which may be newer than the one it
    /// was made for.
    fn over(&self, app: &App) -> App {
        let mut next = App { config: Arc::clone(&self.config), ..app.clone() };
        next.documents.metadata = self.metadata.clone();
        // With a key that was just made, if one was.
        next.documents.jwks = Document::new(next.tokens.jwks());
        if let Some(passwords) = &self.passwords {
            next.passwords = passwords.clone();
        }
        if app.config.outbound != self.config.outbound {
            next.upstream = Arc::new(Upstream::new(self.config.outbound.clone()));
        }
        next
    }
}

/// Logs what changed, by name.
fn say(difference: &Difference) {
    let list = |names: &[String]| (!names.is_empty()).then(|| names.join(", "));
    let clients = &difference.clients;
    let [added, removed, changed] = [&clients.added, &clients.removed, &clients.changed].map(|names| list(names));
    let shown = |names: &crate::config::Names| (!names.is_empty()).then(|| names.to_string());
    let (apis, roles) = (shown(&difference.apis), shown(&difference.roles));
    let reordered = difference.providers_reordered.then(|| "another order".to_owned());
    let providers = list(&shown(&difference.providers).into_iter().chain(reordered).collect::<Vec<_>>());
    let settings = (!difference.settings.is_empty()).then(|| difference.settings.join(", "));
    if difference.is_empty() {
        tracing::info!("configuration reloaded: nothing changed");
    } else {
        tracing::info!(
            clients_added = added.as_deref(),
            clients_removed = removed.as_deref(),
            clients_changed = changed.as_deref(),
            apis = apis.as_deref(),
            roles = roles.as_deref(),
            providers = providers.as_deref(),
            settings = settings.as_deref(),
            "configuration reloaded"
        );
    }
    if !difference.waiting.is_empty() {
        tracing::warn!(keys = difference.waiting.join(", "), "restart to apply: these keys stay as they are");
    }
}
