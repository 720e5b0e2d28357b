//! `vestibule keys` beside a running server, and over the data of one that does not run.

use serde_json::{Value, json};

use super::program::{Ended, Home, random_key, run};

async fn listed(home: &Home) -> Vec<Value> {
    let list = home.run(&["keys", "list", "--json"]).await.expect(0);
    serde_json::from_str(&list.stdout).expect("an array")
}

fn states(keys: &[Value], alg: &str) -> Vec<String> {
    let of = keys.iter().filter(|key| key["alg"] == alg);
    of.map(|key| key["state"].as_str().expect("a state").to_owned()).collect()
}

#[tokio::test]
async fn keys_are_listed_rotated_and_revoked_while_the_server_runs() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    let keys = listed(&home).await;
    assert_eq!(states(&keys, "ES256"), ["active"]);
    assert!(keys.iter().any(|key| key["use"] == "refresh" && key["alg"].is_null()));
    assert!(keys.iter().all(|key| key["kek_id"] == keys[0]["kek_id"] && key["kek_id"].is_string()));

    let rotated = home.run(&["keys", "rotate", "--alg", "ES256"]).await.expect(0);
    assert!(rotated.line().contains("ES256  signs from ") && rotated.line().contains("(in 6 minutes)"), "{rotated:?}");
    assert_eq!(states(&listed(&home).await, "ES256"), ["pending", "active"]);
    let again = home.run(&["keys", "rotate", "--alg", "ES256", "--json"]).await.expect(0);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&again[0]["outcome"], &again[0]["state"]), (&json!("waiting"), &json!("pending")));
    let sooner = home.run(&["keys", "rotate", "--now", "--json"]).await.expect(0);
    assert!(sooner.stderr.contains("/jwks"), "{}", sooner.stderr);
    let sooner: Value = serde_json::from_str(&sooner.stdout).unwrap();
    let outcomes: Vec<_> = sooner.as_array().unwrap().iter().map(|key| (&key["alg"], &key["outcome"])).collect();
    assert_eq!(outcomes, [(&json!("RS256"), &json!("made")), (&json!("ES256"), &json!("hastened"))]);

    let text = home.run(&["keys", "list"]).await.expect(0).stdout;
    assert!(text.starts_with("KID ") && text.contains("refresh") && text.contains("SEALED BY"), "{text}");
    let kid = again[0]["kid"].as_str().unwrap();
    home.run(&["keys", "revoke", kid]).await.refuses(2, &["--yes"]);
    let revoked = home.run(&["keys", "revoke", kid, "--yes"]).await.expect(0);
    assert!(revoked.stderr.contains(kid) && revoked.stdout.is_empty(), "{revoked:?}");
    home.run(&["keys", "revoke", kid, "--yes"]).await.refuses(1, &["revoked before"]);
    home.run(&["keys", "revoke", "nothing", "--yes"]).await.refuses(5, &["nothing", "keys list"]);
    let keys = listed(&home).await;
    let key = keys.iter().find(|key| key["kid"] == kid).unwrap();
    assert_eq!((&key["state"], &key["kek_id"]), (&json!("revoked"), &Value::Null));
}

#[tokio::test]
async fn what_cannot_be_meant_is_exit_2_and_no_server_is_exit_5() {
    let home = Home::new();
    home.run(&["keys", "rotate", "--alg", "HS256"]).await.refuses(2, &["RS256, ES256, PS256 or EdDSA"]);
    home.run(&["keys", "rotate", "--alg", "ES256", "--refresh"]).await.refuses(2, &["--refresh"]);
    home.run(&["keys", "revoke"]).await.refuses(2, &["KID"]);
    for command in [&["list"][..], &["rotate"], &["revoke", "x", "--yes"], &["reseal"]] {
        let command: Vec<&str> = ["keys"].iter().chain(command).copied().collect();
        home.run(&command).await.refuses(5, &["vestibule dev", "--config DIR"]);
    }
}

fn configure(home: &Home, keys: &str) {
    home.write(
        "config/vestibule.toml",
        &format!("[server]\nissuer = \"http://localhost:9400\"\n[database]\nurl = \"sqlite:data\"\n[keys]\n{keys}\n"),
    );
}

async fn with(home: &Home, arguments: &[&str]) -> Ended {
    run(home.command(&["keys"].iter().chain(arguments).chain(&["--config", "config"]).copied().collect::<Vec<_>>()), "")
        .await
}

/// P7, P8: the way of docs/keys.md, step by step.
#[tokio::test]
async fn the_key_encryption_key_is_replaced_and_the_wrong_one_changes_nothing() {
    let home = Home::new();
    for name in ["old", "new", "wrong"] {
        home.write(&format!("config/{name}.key"), &random_key());
    }
    configure(&home, r#"encryption_key_file = "old.key""#);
    with(&home, &["rotate"]).await.expect(0);
    with(&home, &["rotate", "--refresh"]).await.expect(0);

    configure(&home, r#"encryption_key_file = "wrong.key""#);
    for command in [&["rotate", "--alg", "PS256"][..], &["reseal"]] {
        with(&home, command).await.refuses(1, &["opens key", "sealed under KEK ID", "nothing was changed"]);
    }
    let shown = with(&home, &["list"]).await.expect(0).stdout;
    assert_eq!(shown.lines().count(), 4, "{shown}");
    assert!(shown.lines().skip(1).all(|line| line.ends_with('?')), "none of them is sealed by it: {shown}");

    configure(&home, r#"encryption_key_file = ["new.key", "old.key"]"#);
    let told = with(&home, &["reseal", "--json"]).await.expect(0);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&told["changed"], &told["total"]), (&json!(3), &json!(3)));
    configure(&home, r#"encryption_key_file = "new.key""#);
    let again = with(&home, &["reseal"]).await.expect(0);
    assert!(again.line().starts_with("0 sealed anew: all 3 keys are sealed by "), "{again:?}");
    configure(&home, r#"encryption_key_file = "old.key""#);
    with(&home, &["rotate"]).await.refuses(1, &["opens key"]);
}
