//! Which access tokens open userinfo.
//!
//! Owns: the checks beyond signature and expiry, in their order. Does not own: HTTP (`handler`).

use crate::app::App;
use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::claims::Claims;
use crate::protocol::error::OAuthError;
use crate::protocol::id_token::UserInfo;
use crate::protocol::ids::UserId;
use crate::web::error::ApiError;

/// Holds the token against what was granted to it; no store is asked.
///
/// # Errors
/// `insufficient_scope` without `openid`; `invalid_token` when it is for an API alone.
pub(super) fn check_claims(claims: &AccessTokenClaims, issuer: &str) -> Result<(), OAuthError> {
    if !claims.scope.has("openid") {
        return Err(OAuthError::insufficient_scope("the token was not granted openid"));
    }
    if !claims.aud.has(issuer) {
        return Err(OAuthError::invalid_token("the token is for an API: leave out resource to ask userinfo"));
    }
    Ok(())
}

/// The claims that the token opens; `None` when it was revoked or ended with the person's account,
/// password or sessions. The list is asked first: while it is not stale, what is known of people is not either.
///
/// # Errors
/// When a store fails, or the list of revoked tokens is too old.
pub(super) async fn claims_of(app: &App, token: &AccessTokenClaims) -> Result<Option<UserInfo>, ApiError> {
    let (Some(_), Some(user_id)) = (token.grant_id(), UserId::parse(&token.sub)) else { return Ok(None) };
    if app.negative.covers(token)? {
        return Ok(None);
    }
    let user = app.people.find(user_id).await?;
    let Some(user) = user.filter(|user| !user.disabled && token.issued_at() >= user.valid_from) else {
        return Ok(None);
    };
    let claims = Claims::opened_by(&token.scope).union(&token.userinfo_claims);
    Ok(Some(UserInfo { sub: user.id.to_string(), person: user.claims().only(&claims) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::access_token::Audience;
    use crate::protocol::scope::Scopes;

    fn token(scope: &str, aud: &[&str]) -> AccessTokenClaims {
        AccessTokenClaims {
            iss: "https://id.example.com".to_owned(),
            sub: "018f0000-0000-7000-8000-000000000001".to_owned(),
            aud: Audience::from_list(aud.iter().map(ToString::to_string).collect()),
            exp: 2,
            iat: 1,
            jti: "x".to_owned(),
            client_id: "web".to_owned(),
            scope: Scopes::parse(scope).unwrap(),
            userinfo_claims: Claims::default(),
            authentication: None,
        }
    }

    #[test]
    fn only_a_token_with_openid_for_the_issuer_opens_userinfo() {
        let check = |scope: &str, aud: &[&str]| {
            let result = check_claims(&token(scope, aud), "https://id.example.com");
            result.map_err(|error| error.code().as_str())
        };
        let (issuer, api) = ("https://id.example.com", "https://api.example.com");
        assert_eq!(check("openid", &[issuer]), Ok(()));
        assert_eq!(check("openid read:users", &[api, issuer]), Ok(()));
        assert_eq!(check("read:users", &[api]), Err("insufficient_scope"));
        assert_eq!(check("profile", &[issuer]), Err("insufficient_scope"));
        assert_eq!(check("openid read:users", &[api]), Err("invalid_token"));
        assert_eq!(check("openid", &["https://id.example.com/"]), Err("invalid_token"));
    }
}
