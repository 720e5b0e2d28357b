//! What the fake OpenID provider refuses, so that what it takes proves something.

use std::time::Duration;

use serde_json::Value;

use crate::support::jwt;
use crate::support::providers::relying_party::Ours;
use crate::support::providers::{
    Brand, Endpoint, ExternalPerson, FakeProvider, HOSTILE, Homecoming, Seen, Trouble, Twist,
};

fn ours(fake: &FakeProvider) -> Ours {
    Ours::at(fake.client_id(), fake.client_secret())
}

async fn home(fake: &FakeProvider, more: &str) -> Homecoming {
    fake.visit(format!("{}{more}", ours(fake).url(&format!("{}/authorize", fake.base())))).await
}

async fn code(fake: &FakeProvider) -> String {
    home(fake, "").await.parameter("code").expect("a code")
}

#[tokio::test]
async fn the_fake_refuses_a_wrong_verifier_a_wrong_secret_another_redirect_uri_and_a_code_that_was_redeemed() {
    let fake = FakeProvider::start();
    let endpoint = format!("{}/token", fake.base());
    let ours = ours(&fake);
    for (changed, value, error) in [
        ("code_verifier", "another-verifier-another-verifier-another-verifier", "invalid_grant"),
        ("client_secret", "another", "invalid_client"),
        ("redirect_uri", "http://localhost/other", "invalid_grant"),
    ] {
        let code = code(&fake).await;
        let (_, body) = ours.redeem_but(&endpoint, &code, &[(changed, value)]).await;
        assert_eq!(body["error"], error, "{changed}: {body}");
    }
    assert_eq!(fake.complaints().len(), 3);
    let code = code(&fake).await;
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
    let ours = ours(&fake);
    let endpoint = format!("{}/token", fake.base());
    let verified = async || {
        let code = code(&fake).await;
        let (_, tokens) = ours.redeem_but(&endpoint, &code, &[]).await;
        let keys: jsonwebtoken::jwk::JwkSet = ours.get(&format!("{}/jwks", fake.base())).await;
        let token = tokens["id_token"].as_str().expect("an ID token").to_owned();
        let header = jsonwebtoken::decode_header(&token).ok()?;
        let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&header.kid?)?).ok()?;
        let mut validation = jsonwebtoken::Validation::new(header.alg);
        validation.set_audience(&[fake.client_id()]);
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

/// What comes of asking for the metadata: status, length and JSON, if it came in time.
async fn asked(fake: &FakeProvider) -> Option<(u16, usize, Option<Value>)> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.timeout(Duration::from_secs(1)).build().expect("a client");
    let url = format!("{}/.well-known/openid-configuration", fake.base());
    let answer = client.get(url).send().await.ok()?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.ok()?;
    Some((status, body.len(), serde_json::from_slice(&body).ok()))
}

#[tokio::test]
async fn every_trouble_of_the_fake_is_one_until_it_is_well_again() {
    let fake = FakeProvider::start();
    let well = asked(&fake).await;
    assert!(matches!(&well, Some((200, _, Some(document))) if document["issuer"] == fake.issuer()), "{well:?}");
    for trouble in Trouble::ALL {
        fake.trouble(Endpoint::Discovery, *trouble);
        let troubled = asked(&fake).await;
        match trouble {
            // The same JSON, which says that it is a page.
            Trouble::WrongType => assert_eq!(troubled, well),
            Trouble::Hang | Trouble::Drip | Trouble::Closed | Trouble::TruncatedBody => assert_eq!(troubled, None),
            Trouble::ErrorWith200 => {
                assert_eq!(troubled.expect("an answer").2.expect("JSON")["error_description"], HOSTILE);
            }
            Trouble::Huge | Trouble::HugeUnannounced => assert!(troubled.expect("an answer").1 > 10_000_000),
            Trouble::GzipBomb => assert!((100_000..200_000).contains(&troubled.expect("an answer").1)),
            _ => assert!(troubled.is_some() && troubled != well, "{trouble:?}"),
        }
    }
    fake.well();
    assert_eq!(asked(&fake).await, well);
    assert!(fake.connections() > Trouble::ALL.len());
}

#[tokio::test]
async fn a_fake_apple_posts_the_answer_with_the_name_once_and_wants_a_signed_secret() {
    let fake = FakeProvider::like(Brand::Apple);
    fake.person(ExternalPerson::new("001234.apple").name("Ada Lovelace").email("ada@x.test", true));
    let request = |home: Homecoming| (home.fields.is_some(), home.parameter("user"), home.parameter("code"));
    let mut named = Vec::new();
    for _ in 0..2 {
        let url = ours(&fake).url(&format!("{}/authorize", fake.base())).replace("profile", "name");
        let (posted, user, code) = request(fake.visit(format!("{url}&response_mode=form_post")).await);
        assert!(posted && code.is_some());
        named.push(user.is_some());
    }
    assert_eq!(named, [true, false]);
    let url = ours(&fake).url(&format!("{}/authorize", fake.base()));
    let code = fake.visit(format!("{url}&response_mode=form_post")).await.parameter("code").expect("a code");
    let (status, body) = ours(&fake).redeem_but(&format!("{}/token", fake.base()), &code, &[]).await;
    assert_eq!((status, &body["error"]), (401, &"invalid_client".into()));
    let seen: Vec<Seen> = fake.requests(Endpoint::Authorize);
    assert_eq!((seen.len(), seen[2].parameter("response_mode")), (3, Some("form_post")));
}

/// A refresh token comes where it is asked for as that provider wants it, and only one of its own is taken.
#[tokio::test]
async fn the_fake_gives_a_refresh_token_as_its_like_does_and_takes_no_other() {
    for (brand, more, given) in [
        (Brand::Plain, "", [false, false]),
        (Brand::Plain, "+offline_access", [true, true]),
        (Brand::Google, "&access_type=offline", [true, false]),
        (Brand::Google, "&access_type=offline&prompt=consent", [true, true]),
        (Brand::Google, "&prompt=consent", [false, false]),
    ] {
        let fake = FakeProvider::like(brand);
        let (ours, endpoint) = (ours(&fake), format!("{}/token", fake.base()));
        let url = ours.url(&format!("{}/authorize", fake.base()));
        let url = url.replace("scope=openid+profile+email", &format!("scope=openid+profile+email{more}"));
        for given in given {
            let code = fake.visit(&url).await.parameter("code").expect("a code");
            let (_, tokens) = ours.redeem_but(&endpoint, &code, &[]).await;
            assert_eq!(tokens.get("refresh_token").is_some(), given, "{brand:?} {more}");
        }
        let (status, body) = ours.refresh(&endpoint, "a token of nobody").await;
        assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()));
    }
}

#[tokio::test]
async fn a_refresh_token_of_the_fake_is_of_use_until_it_is_taken_back_or_once() {
    let fake = FakeProvider::start();
    let (ours, endpoint) = (ours(&fake), format!("{}/token", fake.base()));
    let url = ours.url(&format!("{}/authorize", fake.base())).replace("+email", "+email+offline_access");
    let code = fake.visit(&url).await.parameter("code").expect("a code");
    let first = ours.redeem_but(&endpoint, &code, &[]).await.1["refresh_token"].as_str().expect("one").to_owned();
    for _ in 0..2 {
        let (status, body) = ours.refresh(&endpoint, &first).await;
        assert_eq!((status, body.get("refresh_token")), (200, None), "{body}");
        assert!(fake.takes(body["access_token"].as_str().expect("a token")));
    }
    fake.rotates_refresh_tokens();
    let second = ours.refresh(&endpoint, &first).await.1["refresh_token"].as_str().expect("one").to_owned();
    assert_eq!(ours.refresh(&endpoint, &first).await.1["error"], "invalid_grant");
    fake.withdraw_tokens();
    assert_eq!(ours.refresh(&endpoint, &second).await.1["error"], "invalid_grant");
}
