//! Whether PostgreSQL can be used: one asks, on a connection of its own, and everybody knows.
//!
//! Owns: finding out that the server is away, failing what needs it at once until it is back, and which
//! pooled connections are not trusted any more. Does not own: the pool, what is asked of it (`database`).
//!
//! Without it each request of an outage would wait for a connection as long as it may. What makes somebody
//! suspicious is a lost connection, or an answer that takes long; then the server is asked. While it answers,
//! nothing changes: a full pool is no outage. A server that only reads is as good as away: what it says of
//! revocations may be old.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, Connection as _};
use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::watch;

use crate::clock::monotonic;
use crate::store::sql::dialect;

/// The longest that the server may take to answer the one that asks.
const PATIENCE: Duration = Duration::from_secs(1);

/// From one question to the next while it is away.
const EVERY: Duration = Duration::from_millis(250);

/// A statement without an answer for so long makes suspicious.
const SLOW: Duration = Duration::from_secs(1);

/// A pooled connection that lay idle so long is tried before it is used: a firewall may have forgotten it.
const TRIED_AFTER: Duration = Duration::from_secs(1);

/// What is known of one server.
pub(super) struct Pulse {
    options: PgConnectOptions,
    connection: tokio::sync::Mutex<Option<PgConnection>>,
    away: watch::Sender<bool>,
    asking: AtomicBool,
    lost: Mutex<Option<Instant>>,
}

impl Pulse {
    pub(super) fn new(options: PgConnectOptions) -> Arc<Self> {
        let connection = tokio::sync::Mutex::new(None);
        let away = watch::Sender::new(false);
        Arc::new(Self { options, connection, away, asking: AtomicBool::new(false), lost: Mutex::new(None) })
    }

    /// Waits for the answer to a statement or transaction, unless the server is or turns out to be away.
    pub(super) async fn guard<T>(self: &Arc<Self>, answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.is_away() {
            return Err(away());
        }
        let result = tokio::select! {
            biased;
            result = answer => result,
            () = self.until_away() => Err(away()),
        };
        if let Err(error) = &result {
            if dialect::lost_connection(error) {
                self.distrust();
                self.suspect();
            } else if matches!(error, DbErr::ConnectionAcquire(_)) {
                self.suspect();
            }
        }
        result
    }

    /// Whether the server was away when it was last asked.
    pub(super) fn is_away(&self) -> bool {
        *self.away.borrow()
    }

    /// Asks the server now, whatever the pool is busy with. An answer ends an outage.
    ///
    /// # Errors
    /// When it does not answer within a second, or does not write.
    pub(super) async fn ask(self: &Arc<Self>) -> Result<(), DbErr> {
        let asked = self.ask_in_time().await;
        match &asked {
            Ok(()) if self.away.send_replace(false) => tracing::info!("PostgreSQL answers again"),
            Ok(()) => {}
            Err(_) => self.suspect(),
        }
        asked
    }

    /// Whether a pooled connection can be used: it is as young as the last loss of one, and alive.
    pub(super) async fn trusts(&self, connection: &mut PgConnection, age: Duration, idle: Duration) -> bool {
        let lost = *self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let made = monotonic().checked_sub(age);
        if lost.is_some_and(|lost| made.is_none_or(|made| made <= lost)) {
            return false;
        }
        idle < TRIED_AFTER || matches!(tokio::time::timeout(PATIENCE, connection.ping()).await, Ok(Ok(())))
    }

    async fn until_away(self: &Arc<Self>) {
        let mut away = self.away.subscribe();
        if tokio::time::timeout(SLOW, away.wait_for(|away| *away)).await.is_err() {
            self.suspect();
            // The sender is ours: it is not dropped before.
            let _ = away.wait_for(|away| *away).await;
        }
    }

    /// Every connection made until now is dropped in place of being used.
    fn distrust(&self) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(monotonic());
    }

    /// Has the server asked, and asked again until it answers. One does that at a time.
    fn suspect(self: &Arc<Self>) {
        if !self.asking.swap(true, Ordering::AcqRel) {
            tokio::spawn(ask_until_back(Arc::downgrade(self)));
        }
    }

    async fn ask_in_time(&self) -> Result<(), DbErr> {
        match tokio::time::timeout(PATIENCE, self.ask_once()).await {
            Ok(Ok(read_only)) if read_only == "on" => {
                Err(DbErr::Custom("the server is read-only, as a standby is".to_owned()))
            }
            Ok(asked) => asked.map(drop).map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))),
            Err(_) => Err(DbErr::Custom("the server does not answer".to_owned())),
        }
    }

    /// Whether its transactions only read: `on` or `off`. The connection is kept when it was good.
    async fn ask_once(&self) -> Result<String, sqlx::Error> {
        let mut kept = self.connection.lock().await;
        let query = "SHOW transaction_read_only";
        if let Some(mut connection) = kept.take()
            && let Ok(setting) = sqlx::query_scalar::<_, String>(query).fetch_one(&mut connection).await
        {
            // One that only reads may lead elsewhere than the next: it is not kept.
            *kept = (setting == "off").then_some(connection);
            return Ok(setting);
        }
        let mut connection = PgConnection::connect_with(&self.options).await?;
        let setting: String = sqlx::query_scalar(query).fetch_one(&mut connection).await?;
        *kept = (setting == "off").then_some(connection);
        Ok(setting)
    }
}

fn away() -> DbErr {
    DbErr::Custom("PostgreSQL is away".to_owned())
}

async fn ask_until_back(pulse: Weak<Pulse>) {
    while let Some(pulse) = pulse.upgrade() {
        match pulse.ask_in_time().await {
            Ok(()) => {
                if pulse.away.send_replace(false) {
                    tracing::info!("PostgreSQL answers again");
                }
                pulse.asking.store(false, Ordering::Release);
                return;
            }
            Err(error) => {
                pulse.distrust();
                if !pulse.away.send_replace(true) {
                    tracing::warn!(%error, "PostgreSQL is away: what needs it fails until it is back");
                }
            }
        }
        drop(pulse);
        tokio::time::sleep(EVERY).await;
    }
}
