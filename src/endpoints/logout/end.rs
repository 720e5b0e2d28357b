//! The act of signing out.
//!
//! Owns: that a session which is over already goes too. Does not own: what ends with a live one (`web/session`), whether
//! it is asked first (`model/sign_out`).

use crate::app::App;
use crate::protocol::opaque::TokenHash;
use crate::store::StoreError;
use crate::web::session::{self, SignedIn};

/// Ends the session that the browser carries, live or not. Done twice, it does no more.
///
/// # Errors
/// When a store fails; then the person may be signed in still.
pub(super) async fn sign_out(
    app: &App,
    visitor: Option<&SignedIn>,
    carried: Option<TokenHash>,
    client: Option<&str>,
) -> Result<(), StoreError> {
    if let Some(signed_in) = visitor {
        session::end(app, &signed_in.id, &signed_in.session).await?;
        let (user_id, session_id) = (signed_in.user.id, signed_in.session.id);
        tracing::info!(%user_id, %session_id, client_id = client, "signed out");
    } else if let Some(id) = carried {
        app.stores.sessions.end(&id).await?;
    }
    Ok(())
}
