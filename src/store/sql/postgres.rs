//! A PostgreSQL database: one pool for everything.
//!
//! Owns: the pool, what every connection is told at its beginning, and that one instance at a time changes
//! the schema. Does not own: queries, the changes (package `migrations`).

use std::net::IpAddr;
use std::str::FromStr as _;
use std::time::Duration;

use migrations::MigratorTrait;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbErr, SqlxPostgresConnector, TransactionTrait as _,
};
use secrecy::ExposeSecret as _;

use crate::config;
use crate::store::StoreError;
use crate::store::sql::database::Database;
use crate::store::sql::schema;

/// A connection that lay idle this long is tried before it is used: after a restart of the server, or
/// behind a firewall that forgot it, it is dead.
const TRIED_AFTER: Duration = Duration::from_secs(1);

/// How long a transaction may stand still. We never leave one open; an instance that froze or vanished
/// must not hold its locks, nor commit long after it began.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(5);

/// For whom the lock is that is held while the schema is changed: any number that nobody else uses, the
/// same in every version.
const SCHEMA_LOCK: i64 = 0x7665_7374_6962_756c;

/// Connects, and brings the schema up to date.
///
/// # Errors
/// When the server cannot be reached or refuses us, or the database was written by a newer version.
pub(super) async fn open<M: MigratorTrait>(config: &config::Postgres) -> Result<Database, StoreError> {
    let options = options(config)?;
    let name = name(&options);
    for warning in warnings(config).await? {
        tracing::warn!("{warning}");
    }
    let pool = connect(config, options).await.map_err(|error| unreachable(&name, error))?;
    migrate::<M>(&pool, &name).await?;
    Ok(Database::pooled(pool))
}

/// How it is called in messages: never by its URL, which has the password.
fn name(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("PostgreSQL at {} (database {database})", socket.display()),
        None => format!("PostgreSQL at {}:{} (database {database})", options.get_host(), options.get_port()),
    }
}

fn unreachable(name: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::new("opening the database", format!("{name} cannot be used: {error}"))
}

fn options(config: &config::Postgres) -> Result<PgConnectOptions, StoreError> {
    let milliseconds = |duration: Duration| duration.as_millis().to_string();
    // What is wrong with a URL may be its password: nothing of it is shown.
    let options = PgConnectOptions::from_str(config.url.expose_secret()).map_err(|_| {
        StoreError::new("reading the URL of PostgreSQL", "an option in it has a value that does not fit")
    })?;
    Ok(options
        .application_name("vestibule")
        .options([
            ("statement_timeout", milliseconds(config.statement_timeout)),
            ("idle_in_transaction_session_timeout", milliseconds(IDLE_IN_TRANSACTION)),
            ("client_min_messages", "warning".to_owned()),
        ])
        // Statements carry hashes and addresses: not for the log.
        .disable_statement_logging())
}

/// Connects once and says what is wrong with the server's settings.
///
/// # Errors
/// When the server cannot be reached or refuses us.
pub(super) async fn warnings(config: &config::Postgres) -> Result<Vec<String>, StoreError> {
    let options = options(config)?;
    let mut warnings = ask(&options, config.acquire_timeout, &name(&options)).await?;
    warnings.extend(in_the_clear(&options));
    Ok(warnings)
}

/// A URL that says nothing of TLS gets it where the server offers it, and whoever is in between decides.
fn in_the_clear(options: &PgConnectOptions) -> Option<String> {
    let host = options.get_host();
    let here = options.get_socket().is_some()
        || host == "localhost"
        || host.starts_with('/')
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    (!here && matches!(options.get_ssl_mode(), PgSslMode::Prefer)).then(|| {
        format!(
            "the URL of {} does not say whether TLS is used: add ?sslmode=verify-full, or ?sslmode=disable on a network \
             of your own",
            name(options)
        )
    })
}

/// On one connection of its own, so that what is wrong is told as the server told it.
async fn ask(options: &PgConnectOptions, patience: Duration, name: &str) -> Result<Vec<String>, StoreError> {
    let ask = async {
        let mut connection = PgConnection::connect_with(options).await?;
        let setting: String = sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&mut connection).await?;
        let _ = connection.close().await;
        Ok::<_, sqlx::Error>(setting)
    };
    match tokio::time::timeout(patience, ask).await {
        Ok(Ok(setting)) if setting == "off" => Ok(vec![format!(
            "{name} has synchronous_commit = off: after a crash it may forget what was answered already, a revocation \
             too; set it to on, for this user or database at least"
        )]),
        Ok(Ok(_)) => Ok(Vec::new()),
        Ok(Err(error)) => Err(unreachable(name, error)),
        Err(_) => Err(unreachable(name, "it does not answer")),
    }
}

async fn connect(config: &config::Postgres, options: PgConnectOptions) -> Result<DatabaseConnection, DbErr> {
    // The real ones go in below: these would be traced, with the password in their URL.
    let mut pool = ConnectOptions::new("postgres://localhost");
    pool.max_connections(config.max_connections)
        .min_connections(1)
        .acquire_timeout(config.acquire_timeout)
        .connect_timeout(config.acquire_timeout)
        .test_before_acquire_if_idle_for(TRIED_AFTER)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_postgres_opts(move |_| options.clone());
    SqlxPostgresConnector::connect(pool).await
}

/// Guarantee: of any number of instances that start together one changes the schema, and a change that was
/// cut off has changed nothing. Mechanism: one transaction, which begins by taking a lock that goes with it.
async fn migrate<M: MigratorTrait>(pool: &DatabaseConnection, name: &str) -> Result<(), StoreError> {
    let failed = |error| StoreError::new("migrating the database", error);
    let transaction = pool.begin().await.map_err(failed)?;
    // A change of a large table, and waiting for another instance's, take as long as they take.
    let begin = format!(
        "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
         SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"
    );
    transaction.execute_unprepared(&begin).await.map_err(failed)?;
    schema::bring_up_to_date::<M, _>(&transaction, name, |error| unreachable(name, error)).await?;
    transaction.commit().await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> PgConnectOptions {
        url.parse().unwrap()
    }

    #[test]
    fn a_connection_over_a_network_says_how_it_is_protected() {
        for url in ["postgres://v@db.example/v", "postgres://v:hunter2@192.0.2.1/v"] {
            let warning = in_the_clear(&of(url)).unwrap();
            assert!(warning.contains("sslmode") && !warning.contains("hunter2"), "{warning}");
        }
        for url in [
            "postgres://v@127.0.0.1/v",
            "postgres://v@localhost/v",
            "postgres://v@[::1]/v",
            "postgres:///v?host=/run/postgresql&user=v",
            "postgres://v@db.example/v?sslmode=verify-full",
            "postgres://v@db.example/v?sslmode=disable",
        ] {
            assert_eq!(in_the_clear(&of(url)), None, "{url}");
        }
    }

    #[test]
    fn a_database_is_called_by_its_place_and_not_by_its_password() {
        assert_eq!(name(&of("postgres://v:hunter2@db.example:5433/w")), "PostgreSQL at db.example:5433 (database w)");
        assert_eq!(name(&of("postgres:///w?host=/run/pg&user=v")), "PostgreSQL at /run/pg (database w)");
    }
}
