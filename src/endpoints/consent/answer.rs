//! What a person answered, written into the transaction.
//!
//! Owns: the two transitions. Does not own: the page, or the answer to the client (the dispatcher).

use crate::app::App;
use crate::model::consent::Permission;
use crate::model::interaction::ConsentGiven;
use crate::protocol::claims::Claims;
use crate::protocol::ids::UserId;
use crate::protocol::params::Params;
use crate::protocol::scope::Scopes;
use crate::store::StoreError;
use crate::web::transaction::Transaction;

/// Notes that the person allowed this. When another request wrote the transaction meanwhile nothing
/// is noted: the dispatcher looks again and asks again.
///
/// # Errors
/// When the store fails.
pub(super) async fn allow(app: &App, found: &Transaction, given: ConsentGiven) -> Result<(), StoreError> {
    let next = found.interaction.clone().with_consent(given);
    app.stores.interactions.replace(&found.id.hash(), &found.interaction, &next).await.map(drop)
}

/// Notes that the person did not; the dispatcher tells the client. When another request wrote the transaction
/// meanwhile, as with [`allow`].
///
/// # Errors
/// When the store fails.
pub(super) async fn deny(app: &App, found: &Transaction, by: UserId) -> Result<(), StoreError> {
    let next = found.interaction.clone().with_denial(by);
    app.stores.interactions.replace(&found.id.hash(), &found.interaction, &next).await.map(drop)
}

/// What counts as allowed: what is asked now as far as the page showed it, and what was allowed before.
#[must_use]
pub(super) fn allowed(posted: &Params, ask: &Permission, known: &Permission) -> Permission {
    let shown = |name: &str| posted.get(name).unwrap_or_default();
    let scope = Scopes::parse(shown("scope")).unwrap_or_default();
    let claims = ask.claims.both(&Claims::parse(shown("claims")));
    known.union(&Permission { scope: ask.scope.filter(|one| scope.contains(one)), claims })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_that_was_not_shown_or_is_not_asked() {
        let permission = |scope: &str, claims: &str| Permission {
            scope: Scopes::parse(scope).unwrap(),
            claims: Claims::parse(claims),
        };
        let posted = |text: &str| Params::parse(text.as_bytes()).unwrap();
        let (ask, known) = (permission("email write:posts", "name address"), permission("openid", "updated_at"));
        let given = allowed(&posted("scope=openid+email+admin&claims=address+phone_number"), &ask, &known);
        assert_eq!(given, permission("openid email", "updated_at address"));
        assert!(allowed(&posted("scope=%01&claims=%01"), &ask, &Permission::default()).is_empty());
        // A claim that its scope would open was not shown as this scope.
        assert_eq!(allowed(&posted("scope=address"), &ask, &known), known);
    }
}
