//! What the fake OpenID provider refuses, so that what it takes proves something.

use super::*;
use crate::support::jwt;
use crate::support::providers::relying_party::Ours;
use crate::support::providers::trouble::Trouble;

fn ours() -> Ours {
    Ours::at(CLIENT_ID, CLIENT_SECRET)
}

async fn code(fake: &FakeProvider, ours: &Ours) -> String {
    let home = fake.visit(ours.url(&format!("{}/authorize", fake.base()))).await;
    home.parameter("code").expect("a code")
}

#[tokio::test]
async fn the_fake_refuses_a_wrong_verifier_a_wrong_secret_another_redirect_uri_and_a_code_that_was_redeemed() {
    let fake = FakeProvider::start();
    let endpoint = format!("{}/token", fake.base());
    let ours = ours();
    for (changed, value, error) in [
        ("code_verifier", "another-verifier-another-verifier-another-verifier", "invalid_grant"),
        ("client_secret", "another", "invalid_client"),
        ("redirect_uri", "http://localhost/other", "invalid_grant"),
    ] {
        let code = code(&fake, &ours).await;
        let (_, body) = ours.redeem_but(&endpoint, &code, &[(changed, value)]).await;
        assert_eq!(body["error"], error, "{changed}: {body}");
    }
    assert_eq!(fake.complaints().len(), 3);
    let code = code(&fake, &ours).await;
    let (status, tokens) = ours.redeem_but(&endpoint, &code, &[]).await;
    assert_eq!(status, 200, "{tokens}");
    let claims = jwt::claims(tokens["id_token"].as_str().expect("an ID token"));
    assert_eq!((&claims["iss"], &claims["sub"]), (&fake.issuer().into(), &"fake-person-1".into()));
    assert_eq!(ours.redeem_but(&endpoint, &code, &[]).await.1["error"], "invalid_grant");
    assert_eq!((fake.count(Endpoint::Token), fake.complaints().len()), (5, 4));
}

#[tokio::test]
async fn tokens_of_the_fake_are_signed_by_the_key_that_it_publishes_until_it_lies() {
    let fake = FakeProvider::start();
    let ours = ours();
    let endpoint = format!("{}/token", fake.base());
    let verified = async || {
        let code = code(&fake, &ours).await;
        let (_, tokens) = ours.redeem_but(&endpoint, &code, &[]).await;
        let keys: jsonwebtoken::jwk::JwkSet = ours.get(&format!("{}/jwks", fake.base())).await;
        let token = tokens["id_token"].as_str().expect("an ID token").to_owned();
        let header = jsonwebtoken::decode_header(&token).ok()?;
        let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&header.kid?)?).ok()?;
        let mut validation = jsonwebtoken::Validation::new(header.alg);
        validation.set_audience(&[CLIENT_ID]);
        jsonwebtoken::decode::<Value>(&token, &key, &validation).ok().map(|_| header.alg)
    };
    assert_eq!(verified().await, Some(jsonwebtoken::Algorithm::ES256));
    fake.rotate_to_rsa();
    assert_eq!(verified().await, Some(jsonwebtoken::Algorithm::RS256));
    for twist in [Twist::KeyOther, Twist::KidUnknown, Twist::SignatureAbsent, Twist::AlgNone, Twist::Hs256BySecret] {
        fake.twist(twist);
        assert_eq!(verified().await, None, "{twist:?}");
        fake.straighten();
    }
}

#[tokio::test]
async fn the_fake_can_go_away_and_come_back_at_the_same_port() {
    let fake = FakeProvider::start();
    let url = format!("{}/.well-known/openid-configuration", fake.base());
    let reached = async || {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        client.get(&url).send().await.map(|answer| answer.status().as_u16()).map_err(|error| error.is_connect())
    };
    assert_eq!(reached().await, Ok(200));
    fake.down();
    assert_eq!(reached().await, Err(true));
    fake.up();
    fake.trouble(Endpoint::Discovery, Trouble::RedirectLoop);
    assert_eq!(reached().await, Ok(302));
    fake.trouble(Endpoint::Discovery, Trouble::Hang);
    let (first, ()) = tokio::join!(reached(), async {
        fake.until_hanging(1).await;
        fake.well();
    });
    assert_eq!(first, Err(false));
    assert_eq!(reached().await, Ok(200));
}
