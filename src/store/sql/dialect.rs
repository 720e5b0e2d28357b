//! What SQLite and PostgreSQL say differently.
//!
//! Owns: reading their errors. Does not own: the queries, which are the same for both; opening them
//! (`sqlite`, `postgres`).

use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// Whether it was undone because of another that ran at the same time, so that trying it again may help:
/// `SQLITE_BUSY` and `SQLITE_LOCKED`; `serialization_failure` and `deadlock_detected`.
pub(super) fn collided(error: &DbErr) -> bool {
    let Some(error) = database_error(error) else { return false };
    let Some(code) = error.code() else { return false };
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        return matches!(code.as_ref(), "40001" | "40P01");
    }
    // 5 and 6, with any extended part.
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xFF, 5 | 6))
}

/// Whether the transaction of SQLite in which a statement failed may be gone, or its state unknown. A
/// constraint, a statement that cannot be prepared and an error of our own undo that statement alone;
/// what comes from the disk, from memory or from the connection may have undone all.
pub(super) fn breaks_transaction(error: &DbErr) -> bool {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(_)) | DbErr::Query(RuntimeErr::SqlxError(_)) => {
            let code = database_error(error).and_then(|error| error.code()?.parse::<u32>().ok());
            // SQLITE_ERROR, SCHEMA, TOOBIG, CONSTRAINT, MISMATCH, RANGE, with any extended part.
            !code.is_some_and(|code| matches!(code & 0xFF, 1 | 17..=20 | 25))
        }
        DbErr::RecordNotFound(_) | DbErr::RecordNotInserted | DbErr::RecordNotUpdated | DbErr::Type(_) => false,
        _ => true,
    }
}

/// Whether the unique index on that one column refused it. The index is named `{table}_{column}`, which
/// PostgreSQL says; SQLite says `{table}.{column}`.
pub(super) fn is_taken(error: &DbErr, table: &str, column: &str) -> bool {
    let Some(error) = database_error(error).filter(|error| error.kind() == ErrorKind::UniqueViolation) else {
        return false;
    };
    match error.constraint() {
        Some(index) => index == format!("{table}_{column}"),
        None => error.message().ends_with(&format!(" {table}.{column}")),
    }
}

fn database_error(error: &DbErr) -> Option<&dyn DatabaseError> {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))
    | DbErr::Conn(RuntimeErr::SqlxError(cause))) = error
    else {
        return None;
    };
    let cause: &sqlx::Error = cause;
    cause.as_database_error()
}
