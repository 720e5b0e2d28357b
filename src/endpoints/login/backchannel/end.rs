//! What a good logout token does.
//!
//! Owns: that it does so once. Does not own: HTTP (`handler`).

use crate::app::App;
use crate::store::StoreError;
use crate::upstream::LogoutToken;
use crate::web::session;

/// Ends the sessions that it means; false when it was taken before, and then nothing ends. Of any number at once one is
/// told that it counts. It is taken when the sessions have ended and not before, so that a store which fails on the way
/// costs another try and no sign-out: to end the same sessions twice is to end them once.
///
/// # Errors
/// When a store fails; then it may be sent again.
pub(super) async fn end(app: &App, token: &LogoutToken) -> Result<bool, StoreError> {
    if app.stores.logout_tokens.is_taken(token.name()).await? {
        return Ok(false);
    }
    let count = session::end_begun(app, token.ended(), None).await?;
    if !app.stores.logout_tokens.take(token.name(), token.good_until()).await? {
        return Ok(false);
    }
    tracing::info!(provider = token.ended().provider().as_str(), count, "somebody signed out at their provider");
    Ok(true)
}
