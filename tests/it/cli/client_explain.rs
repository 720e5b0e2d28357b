//! `vestibule client explain`: it says what the server does.

use serde_json::Value;

use super::program::Home;

async fn explain(home: &Home, arguments: &[&str]) -> Value {
    let all = [&["client", "explain", "--json"], arguments].concat();
    serde_json::from_str(&home.run(&all).await.expect(0).stdout).expect("an object")
}

#[tokio::test]
async fn each_scope_says_by_which_rule_it_is_there_or_not() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let ended =
        home.run(&["client", "explain", "cli", "--user", "bob", "--scope", "openid write:posts read:users"]).await;
    let text = ended.expect(0).stdout;
    let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "bob has the role demo-reader",
        "+ openid a scope of OpenID Connect needs no role",
        "+ read:users role demo-reader",
        "- write:posts no role of bob has it; role demo-admin has it",
    ] {
        assert!(lines.iter().any(|known| known == line), "{line}: {text}");
    }
    let audience = format!("audience https://api.example.test, {}", dev.issuer());
    assert!(lines.contains(&audience), "{audience}: {text}");

    // What is said is what a token has.
    let object = explain(&home, &["first-party", "--user", "bob"]).await;
    let granted = |object: &Value| {
        let scopes = object["grants"][0]["scopes"].as_array().unwrap().clone();
        scopes
            .iter()
            .filter(|one| one["granted"] == true)
            .map(|one| one["scope"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let token = home.run_with(&["token", "--client", "first-party", "--username", "bob"], &dev.password("bob")).await;
    let claims = crate::support::jwt::claims(token.expect(0).line());
    assert_eq!(claims["scope"].as_str().unwrap(), granted(&object).join(" "));
    assert_eq!(claims["aud"], object["grants"][0]["audience"][0]);
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(object["grants"][0]["access_token_lifetime"], lifetime);
}

#[tokio::test]
async fn what_the_server_would_refuse_is_told_as_it_would_be() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    let grant = |object: Value| object["grants"][0].clone();
    let refused = grant(explain(&home, &["service", "--scope", "openid"]).await);
    assert_eq!((&refused["grant_type"], &refused["error"]), (&"client_credentials".into(), &"invalid_scope".into()));
    let refused = grant(explain(&home, &["cli", "--resource", "https://other.example"]).await);
    assert_eq!(refused["error"], "invalid_target");
    let ignored = grant(explain(&home, &["cli", "--scope", "openid nonsense"]).await);
    assert_eq!(ignored["scopes"][0]["rule"], "not_registered");
    // Without a person it depends on who comes.
    let open = grant(explain(&home, &["cli"]).await);
    assert!(open["scopes"].as_array().unwrap().iter().all(|one| one["granted"].is_null() && one["rule"] == "depends"));
    let text = home.run(&["client", "explain", "api"]).await.expect(0).stdout;
    assert!(text.contains("It gets no token") && text.contains("confidential"), "{text}");
}

#[tokio::test]
async fn what_is_not_there_is_exit_5_with_what_was_meant() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    home.run(&["client", "explain", "servise"]).await.refuses(5, &["servise", "did you mean service?"]);
    home.run(&["client", "explain", "nothing-like-it"]).await.refuses(5, &["first-party"]);
    home.run(&["client", "explain", "cli", "--user", "bobb"]).await.refuses(5, &["did you mean bob?"]);
    home.run(&["user", "set-roles", "adda", "x"]).await.refuses(5, &["did you mean ada?"]);
}
