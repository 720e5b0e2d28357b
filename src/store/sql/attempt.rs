//! Trying again when the file is locked by another process.
//!
//! Owns: how often, and which errors. Does not own: what is tried; each is one statement, so that a
//! failed try has changed nothing.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

use crate::store::StoreError;

/// Tries of one statement, each waiting up to the connection's busy timeout.
const TRIES: u32 = 3;

/// Runs one statement; `SQLITE_BUSY` is tried again a few times.
///
/// # Errors
/// The last error, under the name of the operation.
pub(super) async fn attempt<T, F, Fut>(what: &'static str, mut statement: F) -> Result<T, StoreError>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, DbErr>> + Send,
{
    let mut left = TRIES;
    loop {
        left -= 1;
        match statement().await {
            Err(error) if left > 0 && is_busy(&error) => {}
            result => return result.map_err(|error| StoreError::new(what, error)),
        }
    }
}

/// `SQLITE_BUSY` (5) or `SQLITE_LOCKED` (6), with any extended part.
fn is_busy(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    let Some(code) = cause.as_database_error().and_then(DatabaseError::code) else {
        return false;
    };
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xFF, 5 | 6))
}
