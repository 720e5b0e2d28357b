//! The composition root: parts become a server that listens, serves and stops.
//!
//! Owns: opening what needs opening, listeners, graceful shutdown. Does not own: which store it is
//! (`store::open`), signals and arguments (`cli`), what changes while it runs (`follow`, `reload`).

pub mod follow;

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App as ActixApp, HttpServer};
use anyhow::{Context as _, anyhow, ensure};
use futures_util::future::{join, join_all, try_join_all};

use crate::app::{App, Document, Documents, Live, Shutdown};
use crate::clock::Clock;
use crate::config::Config;
use crate::endpoints::discovery;
use crate::passwords::PasswordHasher;
use crate::store::{self, NegativeList, People, StoreError, Stores, sweep_forever};
use crate::throttle::Throttle;
use crate::tokens::{Pseudonyms, Tokens};
use crate::upstream::Upstream;
use crate::web::{edge, waiting};
use crate::{reload, routes};

/// How long an idle connection is kept: longer than proxies keep theirs, so that they close first.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// From one try to open the database to the next: growing from the one to the other.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A server that is ready to run.
pub struct Application {
    live: Live,
    listeners: Vec<TcpListener>,
    admin: Option<TcpListener>,
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Application").field("addresses", &self.addresses()).finish_non_exhaustive()
    }
}

impl Application {
    /// Opens the keyring, starts the password pool and makes the public documents. Nothing is served
    /// before [`Application::run`], but the listeners already queue connections.
    ///
    /// # Errors
    /// When the keyring does not open, the list of revoked tokens cannot be read, the password parameters are wrong, or there is no listener.
    pub async fn build(
        config: Config,
        stores: Stores,
        clock: Arc<dyn Clock>,
        listeners: Vec<TcpListener>,
        admin: Option<TcpListener>,
    ) -> anyhow::Result<Self> {
        ensure!(!listeners.is_empty(), "no address to listen on");
        let issuer = &config.server.issuer;
        let tokens =
            Tokens::open(issuer, &config.keys, &config.registry.algorithms(), stores.keys.as_ref(), clock.as_ref())
                .await
                .context("cannot open the signing keys")?;
        let names = Pseudonyms::open(&config.keys, stores.keys.as_ref(), clock.as_ref())
            .await
            .context("cannot open the key of the counters")?;
        let throttle = Arc::new(Throttle::new(Arc::clone(&stores.throttle), names));
        let passwords = PasswordHasher::start(&config.passwords)
            .map_err(|error| anyhow!(error).context("cannot start the password pool"))?;
        let people = Arc::new(People::new(Arc::clone(&stores.users)));
        let negative = Arc::new(NegativeList::new(Arc::clone(&stores.revocations), Arc::clone(&people)));
        negative.catch_up(clock.now()).await.context("cannot read the list of revoked tokens")?;
        let documents = Documents { metadata: metadata(&config)?, jwks: Document::new(tokens.jwks()) };
        let upstream = Arc::new(Upstream::new(config.outbound.clone()));
        let app = App {
            config: Arc::new(config),
            stores,
            people,
            negative,
            tokens: Arc::new(tokens),
            documents,
            upstream,
            passwords,
            throttle,
            clock,
            shutdown: Shutdown::default(),
        };
        // Clients may have gone while nothing ran.
        let settled = reload::settle(&app, BTreeSet::new(), app.now()).await;
        settled.context("cannot note which clients are served")?;
        Ok(Self { live: Live::new(app), listeners, admin })
    }

    /// What its handlers receive, now and later.
    #[must_use]
    pub const fn live(&self) -> &Live {
        &self.live
    }

    /// Where it listens; the admin listener is not among them.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Serves until `shutdown` comes, then stops: `/readyz` says no and everything else is answered for
    /// `drain`; then no new connection is taken, idle ones are closed, and requests in flight have
    /// `shutdown_timeout` to finish.
    ///
    /// # Errors
    /// When a listener cannot be used.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let Self { live, listeners, admin } = self;
        let app = live.current();
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let issuer = app.config.server.issuer.clone();
        let public = move |cfg: &mut ServiceConfig| routes::public(cfg, &issuer);
        let mut servers = vec![serve(&live, listeners, cores, public)?];
        if let Some(admin) = admin {
            servers.push(serve(&live, vec![admin], 1, routes::admin)?);
        }
        let sweeper = tokio::spawn(sweep_forever(app.stores.clone(), Arc::clone(&app.clock)));
        let follower = tokio::spawn(follow::follow_forever(live.clone()));
        let handles: Vec<ServerHandle> = servers.iter().map(Server::handle).collect();
        let mut running = std::pin::pin!(try_join_all(servers));
        let asked_to_stop = async {
            shutdown.await;
            drain(&live).await;
        };
        let failed = tokio::select! {
            result = &mut running => Some(result),
            () = asked_to_stop => None,
        };
        if let Some(result) = failed {
            sweeper.abort();
            follower.abort();
            return result.map(|_| ());
        }
        tracing::info!("stopping: no new requests, those in flight may finish");
        let stopped = join_all(handles.iter().map(|handle| handle.stop(true)));
        let (_, result) = join(stopped, running).await;
        sweeper.abort();
        follower.abort();
        result.map(|_| ())
    }
}

/// Is not ready any more, and lets those notice who would send the next requests.
async fn drain(live: &Live) {
    let app = live.current();
    app.shutdown.begin();
    let drain = app.config.server.drain;
    if !drain.is_zero() {
        tracing::info!(seconds = drain.as_secs_f64(), "not ready any more: what still comes is answered for a while");
        tokio::time::sleep(drain).await;
    }
}

/// What the server says of itself.
pub(crate) fn metadata(config: &Config) -> anyhow::Result<Document> {
    let text = serde_json::to_string(&discovery::metadata(config)).context("cannot write the metadata")?;
    Ok(Document::new(text))
}

/// A server over these listeners. Signals are the command line's.
fn serve(
    live: &Live,
    listeners: Vec<TcpListener>,
    workers: usize,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let config = Arc::clone(&live.current().config);
    let data = Data::new(live.clone());
    let factory = move || ActixApp::new().app_data(data.clone()).configure(routes.clone()).wrap(from_fn(edge::serve));
    let mut server = HttpServer::new(factory)
        .workers(workers)
        .max_connections(config.limits.connections.div_ceil(workers).max(1))
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        .client_request_timeout(config.limits.header_timeout)
        .disable_signals()
        .shutdown_timeout(config.server.shutdown_timeout.as_secs().max(1));
    for listener in listeners {
        server = server.listen(listener)?;
    }
    Ok(server.run())
}

/// Opens the stores, waiting for a database that is not there yet as long as it takes: the listeners answer
/// meanwhile that the server is alive and not ready (threat X35).
///
/// # Errors
/// When a store cannot be opened and waiting would not help, or a listener cannot be used.
pub async fn open_stores(
    config: &Config,
    clock: &Arc<dyn Clock>,
    listeners: &[&TcpListener],
) -> anyhow::Result<Stores> {
    let first = match store::open(config, Arc::clone(clock)).await {
        Err(error) if error.is_passing() => error,
        opened => return Ok(opened?),
    };
    tracing::warn!(error = &first as &dyn std::error::Error, "the database is not there yet: it is waited for");
    let mut room =
        HttpServer::new(|| ActixApp::new().configure(waiting::routes)).workers(1).disable_signals().shutdown_timeout(1);
    for listener in listeners {
        room = room.listen(listener.try_clone()?)?;
    }
    let room = room.run();
    let handle = room.handle();
    let room = tokio::spawn(room);
    let opened = open_in_the_end(config, clock).await;
    handle.stop(true).await;
    room.await??;
    Ok(opened?)
}

async fn open_in_the_end(config: &Config, clock: &Arc<dyn Clock>) -> Result<Stores, StoreError> {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        match store::open(config, Arc::clone(clock)).await {
            Err(error) if error.is_passing() => pause = (pause * 2).min(LONGEST_PAUSE),
            opened => return opened,
        }
    }
}

/// Binds every address, in order.
///
/// # Errors
/// The first address that cannot be bound, named.
pub fn bind(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    addresses
        .iter()
        .map(|address| {
            TcpListener::bind(address).map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
        })
        .collect()
}
