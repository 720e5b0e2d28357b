//! What a token says: the claims of access and ID tokens, and the answer that carries them.
//!
//! Owns: putting claims together (RFC 9068 2.2, OpenID Connect Core 2). Does not own: whether there
//! may be a token (the grants), its audience (`model/audience`), the signature (`tokens`).

use std::time::Duration;

use crate::app::App;
use crate::clock::uuid_v7;
use crate::model::audience::Destination;
use crate::model::client::{AuthenticatedClient, Client, IdTokenClaimsPolicy};
use crate::model::person::User;
use crate::model::refresh::Family;
use crate::model::session::SignIn;
use crate::model::shared_secret::AccessTokenSigning;
use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::claims::{Claims, SingleClaims};
use crate::protocol::id_token::{IdTokenClaims, at_hash};
use crate::protocol::ids::{GrantId, SessionId};
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;
use crate::protocol::token_response::TokenResponse;
use crate::tokens::TokenError;

/// The longest life of a code that configuration allows: a grant's row is kept at least as long, so
/// that a replay is recognised until the code is over by itself.
const LONGEST_CODE: Duration = Duration::from_mins(10);

/// For clocks that differ.
const MARGIN: Duration = Duration::from_mins(1);

/// Whose token it is.
pub(super) enum Subject<'a> {
    /// The client's own (RFC 6749 4.4).
    Client,
    /// A person's, by a grant.
    Person {
        /// Who.
        user: &'a User,
        /// By which grant.
        grant: GrantId,
        /// How they signed in.
        sign_in: &'a SignIn,
    },
}

/// What only an ID token carries.
pub(super) struct IdTokenFacts<'a> {
    /// As sent in the authorization request.
    pub(super) nonce: Option<&'a str>,
    /// The session.
    pub(super) session: SessionId,
}

/// When the row of a grant whose tokens live that long, and its refresh tokens until then, may go.
pub(super) fn grant_expiry(now: Timestamp, lifetime: Duration, family: Option<&Family>) -> Timestamp {
    let tokens = now.plus(lifetime.max(LONGEST_CODE));
    family.map_or(tokens, |family| tokens.max(family.ends_at())).plus(MARGIN)
}

/// The refresh tokens that a person's grant gives a client that lists them.
pub(super) fn begin_family(
    app: &App,
    client: &Client,
    scope: &Scopes,
    (sign_in, resource): (&SignIn, Option<&str>),
    now: Timestamp,
) -> Option<Family> {
    let rules = client.refresh.rules(&app.config.lifetimes.refresh);
    let offline = scope.has("offline_access");
    let begin = || Family::begin(sign_in.clone(), resource.map(str::to_owned), offline, &rules, now);
    client.may_refresh().then(begin)
}

/// One issue: for whom, where to, when.
pub(super) struct Issue<'a> {
    /// The client that gets the tokens.
    pub(super) client: &'a AuthenticatedClient,
    /// Whose they are.
    pub(super) subject: Subject<'a>,
    /// What was granted.
    pub(super) scope: &'a Scopes,
    /// What was granted by name.
    pub(super) claims: &'a SingleClaims,
    /// The API.
    pub(super) destination: Destination,
    /// The instant.
    pub(super) now: Timestamp,
}

impl Issue<'_> {
    /// [`Issue::run`] with the refresh token of that generation.
    ///
    /// # Errors
    /// When a key is missing.
    pub(super) async fn run_with_refresh(
        &self,
        app: &App,
        id_token: Option<IdTokenFacts<'_>>,
        (grant, generation): (GrantId, Option<u32>),
    ) -> Result<TokenResponse, TokenError> {
        let refresh_token =
            generation.map(|generation| app.tokens.make_refresh_token(grant, generation)).transpose()?;
        Ok(TokenResponse { refresh_token, ..self.run(app, id_token).await? })
    }

    /// Signs the access token, and the ID token where there are facts for one.
    ///
    /// # Errors
    /// When a key is missing.
    pub(super) async fn run(&self, app: &App, id_token: Option<IdTokenFacts<'_>>) -> Result<TokenResponse, TokenError> {
        let claims = self.access_token_claims(app);
        let access_token = match &self.destination.signing {
            AccessTokenSigning::Key(algorithm) => app.tokens.sign_access_token(&claims, *algorithm).await?,
            AccessTokenSigning::Secret(secret) => app.tokens.sign_with_secret(&claims, secret)?,
        };
        let id_token = match id_token.and_then(|facts| self.id_token_claims(app, &facts, &access_token)) {
            Some(claims) => Some(app.tokens.sign_id_token(&claims, self.client.id_token_signed_response_alg).await?),
            None => None,
        };
        Ok(TokenResponse {
            access_token,
            token_type: "Bearer",
            expires_in: self.destination.lifetime.as_secs(),
            scope: self.scope.clone(),
            refresh_token: None,
            id_token,
        })
    }

    fn access_token_claims(&self, app: &App) -> AccessTokenClaims {
        let client_id = self.client.client_id.to_string();
        let unique = uuid_v7(self.now, &mut app.rng());
        let (sub, grant, authentication) = match &self.subject {
            Subject::Client => (client_id.clone(), None, None),
            Subject::Person { user, grant, sign_in } => (user.id.to_string(), Some(*grant), Some(sign_in.claims())),
        };
        AccessTokenClaims {
            iss: app.issuer().as_str().to_owned(),
            sub,
            aud: self.destination.audience.clone(),
            exp: seconds_after(self.now, self.destination.lifetime),
            iat: self.now.seconds(),
            jti: AccessTokenClaims::jti(grant, unique),
            client_id,
            scope: self.scope.clone(),
            userinfo_claims: self.claims.userinfo.without(&Claims::opened_by(self.scope)),
            authentication,
        }
    }

    /// `None` for a client's own token.
    fn id_token_claims(&self, app: &App, facts: &IdTokenFacts<'_>, access_token: &str) -> Option<IdTokenClaims> {
        let Subject::Person { user, sign_in, .. } = &self.subject else { return None };
        let opened = match self.client.id_token_claims {
            IdTokenClaimsPolicy::Full => Claims::opened_by(self.scope),
            IdTokenClaimsPolicy::Minimal => Claims::default(),
        };
        let function = self.client.id_token_signed_response_alg.hash_function();
        let authentication = sign_in.claims();
        Some(IdTokenClaims {
            iss: app.issuer().as_str().to_owned(),
            sub: user.id.to_string(),
            aud: self.client.client_id.to_string(),
            exp: seconds_after(self.now, app.config.lifetimes.id_token),
            iat: self.now.seconds(),
            auth_time: authentication.auth_time,
            nonce: facts.nonce.map(str::to_owned),
            acr: authentication.acr,
            amr: authentication.amr,
            sid: Some(facts.session.to_string()),
            at_hash: Some(at_hash(access_token, function)),
            person: user.claims().only(&opened.union(&self.claims.id_token)),
        })
    }
}

/// `iat` and the lifetime added up in whole seconds, so that `exp - iat` is `expires_in`.
fn seconds_after(now: Timestamp, lifetime: Duration) -> i64 {
    now.seconds().saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_outlives_its_tokens_and_its_code() {
        let now = Timestamp::from_seconds(1_000);
        assert_eq!(grant_expiry(now, Duration::from_mins(1), None), Timestamp::from_seconds(1_000 + 600 + 60));
        assert_eq!(grant_expiry(now, Duration::from_hours(1), None), Timestamp::from_seconds(1_000 + 3600 + 60));
    }

    #[test]
    fn expiry_is_a_whole_number_of_seconds_after_issue() {
        assert_eq!(seconds_after(Timestamp::from_millis(1_999), Duration::from_mins(10)), 601);
        assert_eq!(seconds_after(Timestamp::from_millis(i64::MAX), Duration::MAX), i64::MAX);
    }
}
