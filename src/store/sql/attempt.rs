//! Trying again where the database itself asks for it, and giving up in time.
//!
//! Owns: how often and how long. Does not own: which errors are worth it (`dialect`), what is tried; each
//! is one statement or one whole transaction, so that a failed try has changed nothing.

use std::time::Duration;

use sea_orm::DbErr;

use crate::store::StoreError;
use crate::store::sql::dialect;

/// Tries of one statement, each waiting up to what its connection allows.
pub(super) const TRIES: u32 = 3;

/// Before a second try, and twice as long before a third: who collided and won needs a moment to finish, or
/// the next try takes its rows away again.
const PAUSE: Duration = Duration::from_millis(10);

/// The longest that one try of a statement may take, waiting for a connection included (`[database]` allows
/// 5 s for each): a database that went silent is not waited for.
pub(super) const LONGEST: Duration = Duration::from_secs(10);

/// The same for a transaction that others must see soon after it began: the negative list reads back much
/// further than this. What is not committed by then is rolled back.
pub(super) const LONGEST_TRANSACTION: Duration = Duration::from_secs(5);

/// Runs one statement, or one transaction from its beginning to its commit; a collision with another is
/// tried again a few times. Each try may take `longest`.
///
/// # Errors
/// The last error, under the name of the operation.
pub(super) async fn within<T, F, Fut>(longest: Duration, what: &'static str, mut work: F) -> Result<T, StoreError>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, DbErr>> + Send,
{
    let mut tried = 0;
    loop {
        tried += 1;
        match tokio::time::timeout(longest, work()).await {
            Ok(Err(error)) if tried < TRIES && dialect::collided(&error) => tokio::time::sleep(PAUSE * tried).await,
            Ok(result) => return result.map_err(|error| StoreError::new(what, error)),
            Err(late) => return Err(StoreError::new(what, late)),
        }
    }
}
