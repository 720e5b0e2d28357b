//! The independent provider, without Vestibule.

use serde_json::Value;

use crate::support::jwt;
use crate::support::providers::IndependentProvider;
use crate::support::providers::relying_party::Ours;

#[tokio::test]
async fn the_independent_provider_signs_somebody_in() {
    let provider = IndependentProvider::start("http://localhost/callback").await;
    let ours = Ours::at(provider.client_id(), provider.client_secret());
    let metadata: Value = ours.get(&format!("{}/.well-known/openid-configuration", provider.issuer())).await;
    assert_eq!(metadata["issuer"], provider.issuer());
    let endpoint = |name: &str| metadata[name].as_str().expect("a URL").to_owned();
    let home = provider.visit(ours.url(&endpoint("authorization_endpoint"))).await;
    assert_eq!(home.parameter("iss").as_deref(), Some(provider.issuer()));
    let code = home.parameter("code").unwrap_or_else(|| panic!("no code: {home:?}"));
    let (status, tokens) = ours.redeem_basic(&endpoint("token_endpoint"), &code).await;
    assert_eq!(status, 200, "{tokens}");
    let claims = jwt::claims(tokens["id_token"].as_str().expect("an ID token"));
    assert_eq!(claims["sub"], IndependentProvider::SUBJECT);
}
