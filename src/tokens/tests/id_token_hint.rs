//! Hints: an ID token of ours is one, however old; the failures of threats.md G, each by name, are none.

use super::*;
use crate::protocol::access_token;
use crate::protocol::id_token;

const ES: Algorithm = Algorithm::ES256;

fn hint_header(tokens: &Tokens, algorithm: Algorithm) -> Value {
    with(header(tokens, algorithm), "typ", json!(id_token::TYP))
}

fn hint_payload() -> Value {
    serde_json::to_value(id_token_claims()).unwrap()
}

#[track_caller]
fn assert_no_hint(tokens: &Tokens, token: &str) {
    let error = tokens.verify_id_token_hint(token, NOW).expect_err(&token[..token.len().min(200)]);
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn an_id_token_of_ours_is_a_hint_with_every_algorithm_and_at_any_age() {
    let tokens = tokens().await;
    let claims = IdTokenClaims { sid: Some("s".to_owned()), ..id_token_claims() };
    for algorithm in Algorithm::ALL {
        let token = tokens.sign_id_token(&claims, algorithm).await.unwrap();
        for now in [NOW.seconds(), claims.exp, claims.exp + 1, claims.exp + 10 * 365 * 86_400] {
            let hint = tokens.verify_id_token_hint(&token, Timestamp::from_seconds(now)).unwrap();
            assert_eq!((hint.sub, hint.aud, hint.sid.as_deref()), (claims.sub.clone(), claims.aud.clone(), Some("s")));
        }
    }
}

#[tokio::test]
async fn g01_a_hint_without_signature_or_under_a_public_key_as_secret_is_refused() {
    let tokens = tokens().await;
    for alg in ["none", "None", "nOnE", ""] {
        let header = with(hint_header(&tokens, ES), "alg", json!(alg));
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = format!("{}.{}.", encoded(&header), encoded(&hint_payload()));
        assert_no_hint(&tokens, &unsigned);
        assert_no_hint(&tokens, &format!("{unsigned}AA"));
        assert_no_hint(&tokens, &es256(&tokens, &header, &hint_payload()));
    }
    for key in tokens.keyring.keys() {
        let jwk = serde_json::to_vec(&key.jwk).unwrap();
        let raw = jsonwebtoken::DecodingKey::from_jwk(&key.jwk).unwrap();
        let secrets = [Some(jwk.as_slice()), raw.try_get_as_bytes().ok(), Some(key.kid.as_bytes())];
        for secret in secrets.into_iter().flatten() {
            let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
            header.kid = Some(key.kid.clone());
            let secret = jsonwebtoken::EncodingKey::from_secret(secret);
            assert_no_hint(&tokens, &jsonwebtoken::encode(&header, &id_token_claims(), &secret).unwrap());
        }
    }
}

#[tokio::test]
async fn g01_the_algorithm_of_a_hint_is_that_of_its_key() {
    let tokens = tokens().await;
    let (es, rs) = (hint_header(&tokens, ES), hint_header(&tokens, Algorithm::RS256));
    for alg in ["RS256", "PS256", "ES384", "EdDSA", "HS256", "es256", "unknown"] {
        assert_no_hint(&tokens, &es256(&tokens, &with(es.clone(), "alg", json!(alg)), &hint_payload()));
    }
    assert_no_hint(&tokens, &es256(&tokens, &rs, &hint_payload()));
    let swapped = with(rs, "alg", json!("ES256")).to_string();
    assert_no_hint(&tokens, &signed(&tokens, Algorithm::RS256, &swapped, &hint_payload().to_string()));
    assert_no_hint(&tokens, &es256(&tokens, &without(es, "alg"), &hint_payload()));
}

#[tokio::test]
async fn g03_only_an_id_token_is_a_hint() {
    let tokens = tokens().await;
    for algorithm in Algorithm::ALL {
        assert_no_hint(&tokens, &tokens.sign_access_token(&claims(), algorithm).await.unwrap());
    }
    for typ in [json!(access_token::TYP), json!("logout+jwt"), json!("JWT "), json!(""), json!(1), json!(null)] {
        let header = with(hint_header(&tokens, ES), "typ", typ);
        assert_no_hint(&tokens, &es256(&tokens, &header, &hint_payload()));
    }
    assert_no_hint(&tokens, &es256(&tokens, &without(hint_header(&tokens, ES), "typ"), &hint_payload()));
    // And the claims of the other kind under the right typ.
    let header = with(hint_header(&tokens, ES), "typ", json!("jwt"));
    assert!(tokens.verify_id_token_hint(&es256(&tokens, &header, &hint_payload()), NOW).is_ok());
    for name in ["iss", "sub", "aud", "exp", "iat"] {
        for wrong in [json!(null), json!(true), json!([1]), json!({"a": 1})] {
            assert_no_hint(&tokens, &es256(&tokens, &header, &with(hint_payload(), name, wrong)));
        }
        assert_no_hint(&tokens, &es256(&tokens, &header, &without(hint_payload(), name)));
    }
    for aud in [json!(["web"]), json!(["web", "spa"])] {
        assert_no_hint(&tokens, &es256(&tokens, &header, &with(hint_payload(), "aud", aud)));
    }
}

#[tokio::test]
async fn g04_what_a_hint_says_of_its_key_is_not_followed() {
    let tokens = tokens().await;
    for kid in [json!("../../dev/null"), json!("' OR 1=1 --"), json!("https://evil.test"), json!(0), json!(null)] {
        assert_no_hint(&tokens, &es256(&tokens, &with(hint_header(&tokens, ES), "kid", kid), &hint_payload()));
    }
    assert_no_hint(&tokens, &es256(&tokens, &without(hint_header(&tokens, ES), "kid"), &hint_payload()));
    let attacker = open_with(&Keys::default(), vec![kek(2)]).await.unwrap();
    let jwk = serde_json::to_value(&attacker.keyring.signing(ES).unwrap().jwk).unwrap();
    for (name, value) in [("jwk", jwk), ("jku", json!("https://evil.test/jwks")), ("x5u", json!("https://evil.test"))] {
        let header = with(hint_header(&tokens, ES), name, value);
        assert_no_hint(&tokens, &es256(&attacker, &header, &hint_payload()));
        assert!(tokens.verify_id_token_hint(&es256(&tokens, &header, &hint_payload()), NOW).is_ok(), "{name}");
    }
    for (name, value) in [("crit", json!(["exp"])), ("b64", json!(false)), ("zip", json!("DEF"))] {
        assert_no_hint(&tokens, &es256(&tokens, &with(hint_header(&tokens, ES), name, value), &hint_payload()));
    }
}

#[tokio::test]
async fn g05_an_encrypted_hint_is_refused() {
    let tokens = tokens().await;
    let bomb = json!({"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 1_000_000_000, "zip": "DEF"});
    assert_no_hint(&tokens, &format!("{}.AAAA.AAAA.AAAA.AAAA", URL_SAFE_NO_PAD.encode(bomb.to_string())));
    let good = es256(&tokens, &hint_header(&tokens, ES), &hint_payload());
    for token in [format!("{good}.AAAA"), format!("{good}.AAAA.AAAA"), format!("AAAA.{good}"), ".".repeat(1 << 20)] {
        assert_no_hint(&tokens, &token);
    }
}

#[tokio::test]
async fn g10_a_hint_of_another_issuer_or_key_or_from_the_future_is_refused() {
    let tokens = tokens().await;
    let other = open_with(&Keys::default(), vec![kek(1)]).await.unwrap();
    for algorithm in Algorithm::ALL {
        assert_no_hint(&tokens, &other.sign_id_token(&id_token_claims(), algorithm).await.unwrap());
    }
    let signed_with = |name, value| es256(&tokens, &hint_header(&tokens, ES), &with(hint_payload(), name, value));
    for iss in ["https://id.example.test/", "https://ID.example.test", "http://id.example.test", ""] {
        assert_no_hint(&tokens, &signed_with("iss", json!(iss)));
    }
    for (ahead, accepted) in [(60, true), (61, false), (i64::MAX - NOW.seconds(), false)] {
        let token = signed_with("iat", json!(NOW.seconds() + ahead));
        assert_eq!(tokens.verify_id_token_hint(&token, NOW).is_ok(), accepted, "{ahead}");
    }
}

#[tokio::test]
async fn g11_a_malformed_hint_is_refused() {
    let tokens = tokens().await;
    let (header, payload) = (hint_header(&tokens, ES).to_string(), hint_payload().to_string());
    let good = signed(&tokens, ES, &header, &payload);
    assert!(tokens.verify_id_token_hint(&good, NOW).is_ok());
    let twice = |text: &str, member: &str| format!("{{{member},{}", &text[1..]);
    assert_no_hint(&tokens, &signed(&tokens, ES, &twice(&header, r#""alg":"none""#), &payload));
    for member in [r#""sub":"root""#, r#""\u0061ud":"spa""#, r#""x":{"a":1,"a":1}"#] {
        assert_no_hint(&tokens, &signed(&tokens, ES, &header, &twice(&payload, member)));
    }
    for text in ["", "[]", "null", "{", "{}x", "{\"exp\":1e999}"] {
        assert_no_hint(&tokens, &signed(&tokens, ES, text, &payload));
        assert_no_hint(&tokens, &signed(&tokens, ES, &header, text));
    }
    let (message, signature) = good.rsplit_once('.').unwrap();
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    for token in [format!(" {good}"), format!("{good}="), format!("{message}."), message.to_owned()] {
        assert_no_hint(&tokens, &token);
    }
    assert_no_hint(&tokens, &format!("{message}.{zeros}"));
    assert_no_hint(&tokens, &format!("{message}A.{signature}"));
}
