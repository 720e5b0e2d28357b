//! Signing and verifying: the failures of threats.md G, each by name.

use proptest::prelude::*;

use super::*;
use crate::protocol::bearer;
use crate::protocol::scope::MOST_SCOPES;

#[tokio::test]
async fn a_signed_access_token_verifies_with_every_algorithm() {
    let tokens = tokens().await;
    for algorithm in Algorithm::ALL {
        let token = tokens.sign_access_token(&claims(), algorithm).await.unwrap();
        assert_eq!(tokens.verify_access_token(&token, NOW).unwrap(), claims());
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(header.alg, sign::jose(algorithm));
        assert_eq!(header.kid.as_ref(), Some(&kid(&tokens, algorithm)));
    }
}

#[tokio::test]
async fn tokens_verify_with_the_published_keys_alone() {
    let tokens = tokens().await;
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&tokens.jwks()).unwrap();
    for algorithm in Algorithm::ALL {
        let token = tokens.sign_id_token(&id_token_claims(), algorithm).await.unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("JWT"));
        let jwk = set.find(&header.kid.unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(sign::jose(algorithm));
        validation.validate_exp = false;
        validation.set_audience(&["web"]);
        let key = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
        let read = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
        assert_eq!(read.claims["sub"], claims().sub);
    }
}

#[tokio::test]
async fn the_key_set_is_public_and_complete() {
    let tokens = tokens().await;
    let set: Value = serde_json::from_str(&tokens.jwks()).unwrap();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), Algorithm::ALL.len());
    for key in keys {
        let members = key.as_object().unwrap();
        assert_eq!(members["use"], "sig");
        assert!(members["alg"].as_str().and_then(Algorithm::parse).is_some());
        assert_eq!(members["kid"].as_str().unwrap().len(), 43);
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(!members.contains_key(private), "{private}");
        }
        assert!(members.values().all(|value| !value.is_null()));
        if members["kty"] == "RSA" {
            assert_eq!(members["e"], "AQAB");
            assert_eq!(URL_SAFE_NO_PAD.decode(members["n"].as_str().unwrap()).unwrap().len(), 256);
        }
    }
}

#[tokio::test]
async fn g01_alg_none_is_refused() {
    let tokens = tokens().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = with(header(&tokens, Algorithm::ES256), "alg", json!(alg));
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = format!("{}.{}.", encoded(&header), encoded(&payload()));
        assert_refused(&tokens, &unsigned);
        assert_refused(&tokens, &format!("{unsigned}AA"));
        assert_refused(&tokens, &es256(&tokens, &header, &payload()));
    }
}

#[tokio::test]
async fn g01_hs256_with_a_public_key_as_secret_is_refused() {
    let tokens = tokens().await;
    for key in tokens.ring.load().keys() {
        let jwk = serde_json::to_vec(&key.jwk).unwrap();
        let raw = jsonwebtoken::DecodingKey::from_jwk(&key.jwk).unwrap();
        let secrets = [Some(jwk.as_slice()), raw.try_get_as_bytes().ok(), Some(key.kid.as_bytes())];
        for secret in secrets.into_iter().flatten() {
            let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
            header.typ = Some("at+jwt".to_owned());
            header.kid = Some(key.kid.clone());
            let secret = jsonwebtoken::EncodingKey::from_secret(secret);
            assert_refused(&tokens, &jsonwebtoken::encode(&header, &claims(), &secret).unwrap());
        }
    }
}

#[tokio::test]
async fn g01_the_algorithm_belongs_to_the_key() {
    let tokens = tokens().await;
    let (es, rs) = (header(&tokens, Algorithm::ES256), header(&tokens, Algorithm::RS256));
    for alg in ["RS256", "PS256", "ES384", "EdDSA", "HS256", "es256", "ES256 ", "unknown"] {
        assert_refused(&tokens, &es256(&tokens, &with(es.clone(), "alg", json!(alg)), &payload()));
    }
    // The other key, with its own algorithm, named by a token that this key signed.
    assert_refused(&tokens, &es256(&tokens, &rs, &payload()));
    let swapped = with(rs, "alg", json!("ES256"));
    assert_refused(&tokens, &signed(&tokens, Algorithm::RS256, &swapped.to_string(), &payload().to_string()));
    assert_refused(&tokens, &es256(&tokens, &without(es, "alg"), &payload()));
}

#[tokio::test]
async fn g03_an_id_token_is_no_access_token() {
    let tokens = tokens().await;
    for algorithm in Algorithm::ALL {
        assert_refused(&tokens, &tokens.sign_id_token(&id_token_claims(), algorithm).await.unwrap());
    }
    for typ in [json!("JWT"), json!("logout+jwt"), json!("at+jwt "), json!("xat+jwt"), json!(""), json!(1), json!(null)]
    {
        let header = with(header(&tokens, Algorithm::ES256), "typ", typ);
        assert_refused(&tokens, &es256(&tokens, &header, &payload()));
    }
    assert_refused(&tokens, &es256(&tokens, &without(header(&tokens, Algorithm::ES256), "typ"), &payload()));
}

#[tokio::test]
async fn typ_is_a_media_type_without_case() {
    let tokens = tokens().await;
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        let header = with(header(&tokens, Algorithm::ES256), "typ", json!(typ));
        assert!(tokens.verify_access_token(&es256(&tokens, &header, &payload()), NOW).is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn g04_a_hostile_kid_finds_nothing() {
    let tokens = tokens().await;
    let long = "k".repeat(1 << 20);
    let hostile = ["", "../../../dev/null", "/etc/passwd", "' OR 1=1 --", "https://evil.test/jwks", "\0", &long];
    for kid in hostile {
        let header = with(header(&tokens, Algorithm::ES256), "kid", json!(kid));
        assert_refused(&tokens, &es256(&tokens, &header, &payload()));
    }
    for kid in [json!(null), json!(0), json!(["a"]), json!({"a": 1})] {
        let header = with(header(&tokens, Algorithm::ES256), "kid", kid);
        assert_refused(&tokens, &es256(&tokens, &header, &payload()));
    }
    assert_refused(&tokens, &es256(&tokens, &without(header(&tokens, Algorithm::ES256), "kid"), &payload()));
}

#[tokio::test]
async fn g04_keys_and_addresses_in_the_header_are_not_looked_at() {
    let tokens = tokens().await;
    // An attacker's own key, embedded, with our kid: the signature is checked with ours.
    let attacker = open_with(&Keys::default(), vec![kek(2)]).await.unwrap();
    let jwk = serde_json::to_value(&key(&attacker, Algorithm::ES256).jwk).unwrap();
    for (name, value) in [("jwk", jwk), ("jku", json!("https://evil.test/jwks")), ("x5u", json!("https://evil.test/x"))]
    {
        let header = with(header(&tokens, Algorithm::ES256), name, value);
        assert_refused(&tokens, &es256(&attacker, &header, &payload()));
        // Beside our own signature it changes nothing.
        assert!(tokens.verify_access_token(&es256(&tokens, &header, &payload()), NOW).is_ok());
    }
}

#[tokio::test]
async fn g04_critical_extensions_are_refused() {
    let tokens = tokens().await;
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ] {
        let header = with(header(&tokens, Algorithm::ES256), name, value);
        assert_refused(&tokens, &es256(&tokens, &header, &payload()));
    }
}

#[tokio::test]
async fn g05_encrypted_tokens_are_refused() {
    let tokens = tokens().await;
    let bomb = json!({"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 1_000_000_000, "zip": "DEF"});
    let header = URL_SAFE_NO_PAD.encode(bomb.to_string());
    assert_refused(&tokens, &format!("{header}.AAAA.AAAA.AAAA.AAAA"));
    let good = es256(&tokens, &self::header(&tokens, Algorithm::ES256), &payload());
    for token in [format!("{good}.AAAA"), format!("{good}.AAAA.AAAA"), format!("AAAA.{good}")] {
        assert_refused(&tokens, &token);
    }
}

/// As many and as long scopes as a request may name, for an audience as long as a resource may be.
#[tokio::test]
async fn the_longest_token_that_can_be_issued_verifies() {
    let tokens = tokens().await;
    let mut claims = claims();
    let scopes: Vec<String> = (0..MOST_SCOPES).map(|index| format!("{index:03}{}", "s".repeat(125))).collect();
    claims.scope = Scopes::parse(&scopes.join(" ")).unwrap();
    claims.aud = Audience::One(format!("https://api.example.test/{}", "a".repeat(1900)));
    for algorithm in Algorithm::ALL {
        let token = tokens.sign_access_token(&claims, algorithm).await.unwrap();
        assert_eq!(tokens.verify_access_token(&token, NOW), Ok(claims.clone()));
        let presented = bearer::read(Some(format!("Bearer {token}").as_bytes()), None);
        assert!(presented == Ok(bearer::Presented::Token(token)), "userinfo looks at it, too");
    }
}

#[tokio::test]
async fn g06_a_megabyte_is_refused_unread() {
    let tokens = tokens().await;
    for token in [".".repeat(1 << 20), "a".repeat(1 << 20), format!("a.{}.b", "a".repeat(1 << 20))] {
        assert_refused(&tokens, &token);
    }
}

#[tokio::test]
async fn g11_members_that_stand_twice_are_refused() {
    let tokens = tokens().await;
    let (header, payload) = (header(&tokens, Algorithm::ES256).to_string(), payload().to_string());
    let twice = |text: &str, member: &str| format!("{{{member},{}", &text[1..]);
    for member in [r#""alg":"ES256""#, r#""typ":"at+jwt""#, r#""\u0061lg":"none""#, r#""x":{"a":1,"a":1}"#] {
        assert_refused(&tokens, &signed(&tokens, Algorithm::ES256, &twice(&header, member), &payload));
    }
    for member in [r#""sub":"root""#, r#""exp":1"#, r#""x":[{"a":1,"\u0061":2}]"#] {
        assert_refused(&tokens, &signed(&tokens, Algorithm::ES256, &header, &twice(&payload, member)));
    }
}

#[tokio::test]
async fn g11_text_that_is_not_one_json_object_is_refused() {
    let tokens = tokens().await;
    let (header, payload) = (header(&tokens, Algorithm::ES256).to_string(), payload().to_string());
    let deep = "[".repeat(3000);
    for text in ["", "[]", "null", "1", "\"a\"", "{", "{}x", deep.as_str(), "{\"a\":NaN}", "{\"exp\":1e999}"] {
        assert_refused(&tokens, &signed(&tokens, Algorithm::ES256, text, &payload));
        assert_refused(&tokens, &signed(&tokens, Algorithm::ES256, &header, text));
    }
    let key = key(&tokens, Algorithm::ES256);
    let signer = key.signer.as_ref();
    let invalid = URL_SAFE_NO_PAD.encode(b"{\"sub\":\"\xff\"}");
    let input = format!("{}.{invalid}", URL_SAFE_NO_PAD.encode(&header));
    assert_refused(&tokens, &sign::complete(input, signer).unwrap());
}

#[tokio::test]
async fn g11_only_the_one_base64url_spelling_is_accepted() {
    let tokens = tokens().await;
    let good = es256(&tokens, &header(&tokens, Algorithm::ES256), &payload());
    assert!(tokens.verify_access_token(&good, NOW).is_ok());
    let spellings = [
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\n"),
        format!("{good}="),
        format!("{good}=="),
        good.replacen('.', ". ", 1),
        format!("{good}A"),
    ];
    for token in spellings {
        assert_refused(&tokens, &token);
    }
    // The last character of 64 bytes carries four bits that say nothing; they must be zero.
    let (rest, last) = good.split_at(good.len() - 1);
    let other = char::from(last.as_bytes()[0] + 1);
    assert_refused(&tokens, &format!("{rest}{other}"));
}

#[tokio::test]
async fn g11_degenerate_signatures_are_refused() {
    let tokens = tokens().await;
    for algorithm in Algorithm::ALL {
        let good = tokens.sign_access_token(&claims(), algorithm).await.unwrap();
        let (message, signature) = good.rsplit_once('.').unwrap();
        let right = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let mut flipped = right.clone();
        flipped[5] ^= 1;
        let half = right.len() / 2;
        let r_zero = [vec![0; half], right[half..].to_vec()].concat();
        let long = [right.clone(), vec![0]].concat();
        let wrong = [
            vec![],
            vec![0],
            vec![0; right.len()],
            vec![0xff; right.len()],
            right[1..].to_vec(),
            r_zero,
            long,
            flipped,
        ];
        for bytes in wrong {
            assert_refused(&tokens, &format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes)));
        }
        assert_refused(&tokens, message);
        assert_refused(&tokens, &format!("{message}."));
    }
    // DER instead of r || s (RFC 7518 3.4).
    let good = tokens.sign_access_token(&claims(), Algorithm::ES256).await.unwrap();
    let (message, _) = good.rsplit_once('.').unwrap();
    let der = [&[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01][..]].concat();
    assert_refused(&tokens, &format!("{message}.{}", URL_SAFE_NO_PAD.encode(der)));
}

#[tokio::test]
async fn a_token_of_another_keyring_is_refused() {
    let tokens = tokens().await;
    let other = open_with(&Keys::default(), vec![kek(1)]).await.unwrap();
    for algorithm in Algorithm::ALL {
        assert_refused(&tokens, &other.sign_access_token(&claims(), algorithm).await.unwrap());
    }
}

#[tokio::test]
async fn claims_of_another_type_or_absent_are_refused() {
    let tokens = tokens().await;
    let header = header(&tokens, Algorithm::ES256);
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "auth_time", "acr", "amr"] {
        assert_refused(&tokens, &es256(&tokens, &header, &without(payload(), name)));
        assert_refused(&tokens, &es256(&tokens, &header, &with(payload(), name, json!(null))));
        assert_refused(&tokens, &es256(&tokens, &header, &with(payload(), name, json!({"a": 1}))));
        assert_refused(&tokens, &es256(&tokens, &header, &with(payload(), name, json!(true))));
    }
    for name in ["exp", "iat", "auth_time"] {
        for value in [json!("1800000600"), json!(1_800_000_600.5), json!([1_800_000_600])] {
            assert_refused(&tokens, &es256(&tokens, &header, &with(payload(), name, value)));
        }
    }
    for aud in [json!(1), json!([1]), json!(["a", null])] {
        assert_refused(&tokens, &es256(&tokens, &header, &with(payload(), "aud", aud)));
    }
}

#[tokio::test]
async fn the_issuer_is_compared_byte_for_byte() {
    let tokens = tokens().await;
    for iss in
        ["https://id.example.test/", "https://ID.example.test", "http://id.example.test", "", "https://evil.test"]
    {
        let payload = with(payload(), "iss", json!(iss));
        assert_refused(&tokens, &es256(&tokens, &header(&tokens, Algorithm::ES256), &payload));
    }
}

#[tokio::test]
async fn a_token_ends_at_its_very_second() {
    let tokens = tokens().await;
    let token = tokens.sign_access_token(&claims(), Algorithm::ES256).await.unwrap();
    let exp = Timestamp::from_seconds(claims().exp);
    assert!(tokens.verify_access_token(&token, Timestamp::from_millis(exp.millis() - 1)).is_ok());
    assert!(tokens.verify_access_token(&token, exp).is_err());
    for exp in [0, -1, i64::MIN] {
        let payload = with(payload(), "exp", json!(exp));
        assert_refused(&tokens, &es256(&tokens, &header(&tokens, Algorithm::ES256), &payload));
    }
}

#[tokio::test]
async fn a_token_from_the_future_is_refused_beyond_a_minute() {
    let tokens = tokens().await;
    for (ahead, accepted) in [(0, true), (60, true), (61, false), (i64::MAX - NOW.seconds(), false)] {
        let payload = with(payload(), "iat", json!(NOW.seconds() + ahead));
        let token = es256(&tokens, &header(&tokens, Algorithm::ES256), &payload);
        assert_eq!(tokens.verify_access_token(&token, NOW).is_ok(), accepted, "{ahead}");
    }
}

#[tokio::test]
async fn any_text_is_refused_without_a_panic() {
    let tokens = tokens().await;
    let good = tokens.sign_access_token(&claims(), Algorithm::ES256).await.unwrap();
    proptest!(|(text in "\\PC{0,200}", parts in "[A-Za-z0-9_.=-]{0,200}", at in 0..good.len(), bit in 0..7_u8)| {
        prop_assert!(tokens.verify_access_token(&text, NOW).is_err());
        prop_assert!(tokens.verify_access_token(&parts, NOW).is_err());
        prop_assert!(tokens.verify_access_token(&good[..at], NOW).is_err());
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 1 << bit;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(tokens.verify_access_token(&changed, NOW).is_err());
    });
}

#[tokio::test]
async fn many_rsa_signatures_at_once_all_arrive() {
    let tokens = tokens().await;
    let (claims, id_claims) = (claims(), id_token_claims());
    let access = (0..20).map(|_| tokens.sign_access_token(&claims, Algorithm::RS256));
    let ids = (0..20).map(|_| tokens.sign_id_token(&id_claims, Algorithm::RS256));
    let (access, ids) = tokio::join!(futures_util::future::join_all(access), futures_util::future::join_all(ids));
    assert!(access.into_iter().all(|token| tokens.verify_access_token(&token.unwrap(), NOW).is_ok()));
    assert!(ids.into_iter().all(|token| token.is_ok()));
}
