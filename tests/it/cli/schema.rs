//! `vestibule check --schema`, held against every configuration that people copy.

use serde_json::{Value, json};

use super::program::Home;
use crate::docs::toml_blocks;

/// Validates each document with Python's jsonschema; each fault with the document's name.
fn validate(schema: &Value, documents: &[(String, Value)]) -> Vec<String> {
    const PROGRAM: &str = "
import json, sys
from jsonschema import Draft202012Validator
task = json.load(sys.stdin)
Draft202012Validator.check_schema(task['schema'])
validator = Draft202012Validator(task['schema'])
found = [f'{name}: {error.json_path}: {error.message}' for name, document in task['documents'] for error in validator.iter_errors(document)]
json.dump(found, sys.stdout)
";
    use std::io::Write as _;
    let python = std::env::var_os("VESTIBULE_TEST_PYTHON")
        .expect("VESTIBULE_TEST_PYTHON is not set: run `tests/run`, or `eval \"$(tests/run env)\"` first");
    let mut child = std::process::Command::new(python)
        .args(["-c", PROGRAM])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python");
    let task = json!({ "schema": schema, "documents": documents }).to_string();
    child.stdin.take().unwrap().write_all(task.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the schema itself is wrong");
    serde_json::from_slice(&output.stdout).expect("a list")
}

fn read(name: &str, text: &str) -> (String, Value) {
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
    (name.to_owned(), json!(table))
}

async fn schema(home: &Home) -> Value {
    let ended = home.run(&["check", "--schema"]).await.expect(0);
    assert_eq!(ended.stderr, "");
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[tokio::test]
async fn every_sample_and_every_table_of_the_documentation_validates() {
    let home = Home::new();
    let schema = schema(&home).await;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<(String, Value)> =
        toml_blocks().into_iter().map(|(place, text)| read(&place, &text)).collect();
    assert!(documents.len() > 5, "{}", documents.len());
    for file in [
        "config/vestibule.toml",
        "config/apis.toml.example",
        "config/roles.toml.example",
        "config/clients.toml.example",
        "config/providers.toml.example",
        "src/config/demo.toml",
    ] {
        documents.push(read(file, &std::fs::read_to_string(root.join(file)).unwrap()));
    }
    home.run(&["init"]).await.expect(0);
    for file in ["vestibule.toml", "apis.toml", "roles.toml", "clients/cli.toml"] {
        documents.push(read(
            &format!("init: {file}"),
            &std::fs::read_to_string(home.path().join("config").join(file)).unwrap(),
        ));
    }
    assert_eq!(validate(&schema, &documents), Vec::<String>::new());
}

#[tokio::test]
async fn the_defaults_in_force_validate_and_mistakes_do_not() {
    let home = Home::new();
    let schema = schema(&home).await;
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/vestibule.toml"))
        .unwrap();
    let is_key = |line: &str| {
        line.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    };
    let uncomment =
        |line: &str| line.strip_prefix("# ").filter(|rest| is_key(rest)).map_or_else(|| line.to_owned(), str::to_owned);
    let in_force = text.lines().map(uncomment).collect::<Vec<_>>().join("\n");
    assert_eq!(validate(&schema, &[read("in force", &in_force)]), Vec::<String>::new());
    for wrong in [
        "[server]\nisuer = \"https://id.example.com\"",
        "[lifetimes]\ncode = \"soon\"",
        "[lifetimes]\ncode = 601",
        "[limits]\nbody = 1",
        "[log]\nformat = \"yaml\"",
        "[[clients]]\nclient_name = \"no id\"",
        "[[clients]]\nclient_id = \"c\"\ngrant_types = [\"implicit\"]",
        "[[apis]]\naudience = \"https://a.example\"\nscopes = [\"read:a\"]",
        "[redis]\nurl = { enw = \"REDIS_URL\" }",
        "[[providers]]\npreset = \"google\"\nclient_id = \"no id\"",
        "[[providers]]\nid = \"a\"\nclient_id = \"b\"\npreset = \"okta\"",
        "[[providers]]\nid = \"a\"\nclient_id = \"b\"\nroles = { claim = \"groups\" }",
        "[[providers]]\nid = \"a\"\nclient_id = \"b\"\nauthorization_parameters = { a = 1 }",
        "[nonsense]",
        "config_version = 2",
    ] {
        assert_ne!(validate(&schema, &[read(wrong, wrong)]), Vec::<String>::new(), "{wrong}");
    }
}

/// The comment by which an editor finds the schema leads to the schema, byte for byte.
#[tokio::test]
async fn the_schema_that_init_names_is_there() {
    let home = Home::new();
    home.run(&["init"]).await.expect(0);
    let text = std::fs::read_to_string(home.path().join("config/vestibule.toml")).unwrap();
    let named = text.lines().next().unwrap().strip_prefix("#:schema ").expect("the first line");
    let file = std::fs::read_to_string(home.path().join("config").join(named)).expect("it resolves");
    assert_eq!(file, home.run(&["check", "--schema"]).await.expect(0).stdout);
}
