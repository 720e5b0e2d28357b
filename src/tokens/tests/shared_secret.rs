//! HS256 under the secret that an API shares: for that API, and for nobody else; threats.md G01.

use super::*;
use crate::model::registry::ApiScope;
use crate::model::shared_secret::AccessTokenSigning;
use crate::protocol::scope::Scope;

const LEGACY: &str = "https://legacy.example.test";
const OTHER: &str = "https://other.example.test";

fn secret(fill: char, audience: &str) -> SharedSecret {
    SharedSecret::new(fill.to_string().repeat(32).into(), audience).unwrap()
}

fn api(audience: &str, signing: AccessTokenSigning) -> Api {
    let scopes =
        vec![ApiScope { name: Scope::parse("read:old").unwrap(), description: String::new(), implies: Vec::new() }];
    let (audience, access_token_lifetime) = (audience.to_owned(), None);
    Api { audience, scopes, access_token_lifetime, signing, introspection_clients: Vec::new() }
}

fn apis() -> Vec<Api> {
    vec![
        api("https://api.example.test", AccessTokenSigning::Key(Algorithm::ES256)),
        api(LEGACY, AccessTokenSigning::Secret(secret('a', LEGACY))),
        api(OTHER, AccessTokenSigning::Secret(secret('b', OTHER))),
    ]
}

fn claims_for(audience: Audience) -> AccessTokenClaims {
    AccessTokenClaims { aud: audience, ..claims() }
}

#[tokio::test]
async fn a_token_under_the_secret_of_an_api_is_for_that_api_alone() {
    let tokens = tokens().await;
    let one = |audience: &str| Audience::One(audience.to_owned());
    let sign = |audience, secret: &SharedSecret| tokens.sign_with_secret(&claims_for(audience), secret).unwrap();
    let good = sign(one(LEGACY), &secret('a', LEGACY));
    assert_eq!(tokens.verify_with_secret(&good, &apis(), NOW).unwrap().aud, one(LEGACY));
    assert_refused(&tokens, &good);
    let many = Audience::Many(vec![LEGACY.to_owned(), ISSUER.to_owned()]);
    let bad = [
        sign(one(OTHER), &secret('a', LEGACY)),
        sign(one("https://api.example.test"), &secret('a', LEGACY)),
        sign(many, &secret('a', LEGACY)),
        sign(one(LEGACY), &secret('b', LEGACY)),
        sign(one(LEGACY), &secret('b', OTHER)),
        sign(one(LEGACY), &secret('a', "https://unknown.example.test")),
        tokens.sign_access_token(&claims(), Algorithm::ES256).await.unwrap(),
    ];
    for token in bad {
        assert!(tokens.verify_with_secret(&token, &apis(), NOW).is_err(), "{token}");
    }
    let late = NOW.plus(Duration::from_mins(10));
    assert!(tokens.verify_with_secret(&good, &apis(), late).is_err());
    assert!(tokens.verify_with_secret(&good, &[], NOW).is_err());
}

#[tokio::test]
async fn the_name_of_a_secret_is_good_for_no_other_algorithm() {
    let tokens = tokens().await;
    let kid = secret('a', LEGACY).kid().to_owned();
    let payload = with(payload(), "aud", json!(LEGACY));
    for alg in ["ES256", "none", "HS384", "hs256"] {
        let token = es256(&tokens, &json!({"typ": "at+jwt", "alg": alg, "kid": kid}), &payload);
        assert!(tokens.verify_with_secret(&token, &apis(), NOW).is_err(), "{alg}");
        assert_refused(&tokens, &token);
    }
    let of_our_key = es256(&tokens, &with(header(&tokens, Algorithm::ES256), "alg", json!("HS256")), &payload);
    assert!(tokens.verify_with_secret(&of_our_key, &apis(), NOW).is_err());
}
