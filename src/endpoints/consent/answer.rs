//! What a person answered, written into the transaction.
//!
//! Owns: the two transitions. Does not own: the page or the redirect.

use crate::app::App;
use crate::model::interaction::ConsentGiven;
use crate::protocol::error::OAuthError;
use crate::protocol::ids::UserId;
use crate::protocol::scope::Scopes;
use crate::store::StoreError;
use crate::web::transaction::Transaction;

/// Notes that the person allowed `scope`. When another request wrote the transaction meanwhile nothing
/// is noted: the dispatcher looks again and asks again.
///
/// # Errors
/// When the store fails.
pub(super) async fn allow(app: &App, found: &Transaction, by: UserId, scope: Scopes) -> Result<(), StoreError> {
    let next = found.interaction.clone().with_consent(ConsentGiven { by, scope });
    app.stores.interactions.replace(&found.id.hash(), &found.interaction, &next).await.map(|_| ())
}

/// Ends the transaction with `access_denied`: the URL of that answer, or of the dispatcher when another
/// request was first.
///
/// # Errors
/// When the store fails.
pub(super) async fn deny(app: &App, found: &Transaction) -> Result<String, StoreError> {
    let answered = found.interaction.clone().answered();
    if !app.stores.interactions.replace(&found.id.hash(), &found.interaction, &answered).await? {
        return Ok(found.resume(app));
    }
    let error = OAuthError::access_denied("the person did not allow it");
    tracing::info!(client_id = %found.interaction.client_id, error = %error.code(), "authorization refused");
    Ok(found.interaction.request.reply_to.with_error(&error, app.issuer()))
}

/// What counts as allowed: what is asked now as far as the page showed it, and what was allowed before.
#[must_use]
pub(super) fn allowed(shown: &str, ask: &Scopes, known: &Scopes) -> Scopes {
    let shown = Scopes::parse(shown).unwrap_or_default();
    known.union(&ask.filter(|scope| shown.contains(scope)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_that_was_not_shown_or_is_not_asked() {
        let scopes = |text: &str| Scopes::parse(text).unwrap();
        let given = allowed("openid email admin", &scopes("email write:posts"), &scopes("openid"));
        assert_eq!(given.to_string(), "openid email");
        assert!(allowed("\u{0}", &scopes("email"), &Scopes::default()).is_empty());
    }
}
