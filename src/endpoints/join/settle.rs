//! From a proof, or the wish for an account of one's own, to the person who is to be signed in.
//!
//! Owns: nothing but the order of steps. Does not own: the proof (`web/password_try`), joining (`accounts`).

use crate::app::App;
use crate::model::person::User;
use crate::web::joining::Joining;
use crate::web::page_error::PageError;

/// Joins the identity to the account that its owner proved just now.
///
/// # Errors
/// A page, when it is no longer about that account, or a store fails.
pub(super) async fn join(app: &App, joining: &Joining, owner: User) -> Result<Box<User>, PageError> {
    let joined = app.accounts().join(joining.external(), joining.pending.user, owner, app.now()).await?;
    joining.settle(app, joined)
}

/// Makes an account of its own for the identity.
///
/// # Errors
/// As [`join`], and when the provider makes none.
pub(super) async fn alone(app: &App, joining: &Joining) -> Result<Box<User>, PageError> {
    let (user, now) = (joining.pending.user, app.now());
    let joined = app.accounts().stand_alone(joining.external(), user, now, &mut app.rng()).await?;
    joining.settle(app, joined)
}
