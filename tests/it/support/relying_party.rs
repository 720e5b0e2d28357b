//! A relying party made with the `openidconnect` crate: what an application does that knows nothing of
//! us but the issuer and its own registration.
//!
//! Owns: discovery, the request, the exchange, verifying, userinfo. Does not own: the browser between.

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use url::Url;

use super::agent::Callback;
use super::app::TestApp;
use super::configuration::{redirect_uri, secret};
use super::http::Http;

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// An application.
pub struct RelyingParty {
    http: Http,
    metadata: CoreProviderMetadata,
    client: Client,
}

/// What it remembers between sending the browser away and its return.
pub struct Pending {
    pub url: Url,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// What it knows at the end.
pub struct SignedIn {
    pub claims: CoreIdTokenClaims,
    pub access_token: AccessToken,
}

/// Sends a request of the crate through our client, which knows where the issuer really is.
async fn exchange(http: Http, request: HttpRequest) -> Result<HttpResponse, std::io::Error> {
    let (head, body) = request.into_parts();
    let mut sent = http.request(head.method, &head.uri.to_string());
    for (name, value) in &head.headers {
        sent = sent.header(name.as_str(), value.as_bytes());
    }
    if !body.is_empty() {
        sent = sent.body(body);
    }
    let answer = sent.send().await;
    let mut response = HttpResponse::new(answer.body);
    *response.status_mut() = http::StatusCode::from_u16(answer.status).expect("a status");
    *response.headers_mut() = answer.headers;
    Ok(response)
}

impl RelyingParty {
    /// Knows only the issuer and its registration; everything else is discovered.
    pub async fn discover(app: &TestApp, client: &str) -> Self {
        let http = app.http().clone();
        let issuer = IssuerUrl::new(app.issuer().to_owned()).expect("an issuer");
        let send = |request| exchange(http.clone(), request);
        let metadata = CoreProviderMetadata::discover_async(issuer, &send).await.expect("metadata and keys");
        let client = CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(client.to_owned()),
            secret(client).map(|secret| ClientSecret::new(secret.to_owned())),
        )
        .set_redirect_uri(RedirectUrl::new(redirect_uri(client).to_owned()).expect("a URL"));
        Self { http, metadata, client }
    }

    /// The discovered metadata.
    pub const fn metadata(&self) -> &CoreProviderMetadata {
        &self.metadata
    }

    /// Begins a sign-in.
    pub fn begin(&self, scopes: &[&str]) -> Pending {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = self
            .client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
            .set_pkce_challenge(challenge);
        let (url, state, nonce) = request.url();
        Pending { url, state, nonce, verifier }
    }

    /// Finishes it: checks the state, redeems the code, verifies the ID token with the published keys, and that
    /// it belongs to the access token.
    pub async fn finish(&self, pending: Pending, callback: &Callback) -> SignedIn {
        assert_eq!(callback.get("state").as_deref(), Some(pending.state.secret().as_str()));
        let send = |request| exchange(self.http.clone(), request);
        let tokens = self
            .client
            .exchange_code(AuthorizationCode::new(callback.code()))
            .expect("a token endpoint")
            .set_pkce_verifier(pending.verifier)
            .request_async(&send)
            .await
            .expect("tokens");
        let id_token = tokens.id_token().expect("an ID token");
        let verifier = self.client.id_token_verifier();
        let claims = id_token.claims(&verifier, &pending.nonce).expect("a good ID token").clone();
        // OpenID Connect Core 3.1.3.8.
        let (algorithm, key) = (id_token.signing_alg().expect("one"), id_token.signing_key(&verifier).expect("a key"));
        let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).expect("a hash");
        assert_eq!(claims.access_token_hash(), Some(&hash));
        SignedIn { claims, access_token: tokens.access_token().clone() }
    }

    /// Asks who it is.
    pub async fn user_info(&self, signed_in: &SignedIn) -> CoreUserInfoClaims {
        let subject = Some(signed_in.claims.subject().clone());
        let send = |request| exchange(self.http.clone(), request);
        let request = self.client.user_info(signed_in.access_token.clone(), subject).expect("a userinfo endpoint");
        request.request_async(&send).await.expect("claims")
    }
}
