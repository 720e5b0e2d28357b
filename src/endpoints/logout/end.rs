//! The act of signing out.
//!
//! Owns: what ends with it, and in which order. Does not own: whether it is asked first (`model/sign_out`).

use crate::app::App;
use crate::model::revocation::Revocation;
use crate::protocol::opaque::TokenHash;
use crate::store::StoreError;
use crate::web::session::SignedIn;

/// Ends the refresh tokens that came from the session, and the session that the browser carries, live or not. Done
/// twice, it does no more.
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
        end_grants(app, signed_in).await?;
        let (user_id, session_id) = (signed_in.user.id, signed_in.session.id);
        tracing::info!(%user_id, %session_id, client_id = client, "signed out");
    }
    if let Some(id) = carried {
        app.stores.sessions.end(&id).await?;
    }
    Ok(())
}

/// Signing out is an act, and stays one whatever happens to the session's own record: it is in SQL before
/// that record goes.
async fn end_grants(app: &App, signed_in: &SignedIn) -> Result<(), StoreError> {
    let (session, now) = (signed_in.session.id, app.now());
    let ended = app.stores.grants.end_session(session, now).await?;
    app.negative.note(&Revocation::of_session(session, now));
    for grant in ended {
        app.negative.note(&Revocation::of_grant(grant, now));
    }
    Ok(())
}
