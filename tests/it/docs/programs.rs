//! The programs of the pages, in the hands of their own interpreters, with tokens of a real server.
//!
//! Owns: the lines around each that a reader has in their own program. Does not own: the programs, nor
//! the app of the README (`external`, which drives it in a browser).

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::page::{Page, root};
use crate::cli::program::{Dev, Ended, Home, PATIENCE, run as run_to_end};

/// Reads a token and a scope, and says what `verify` made of it.
const PYTHON_ENDS: &str = "

import json, sys
try:
    print(json.dumps(verify(sys.stdin.read().strip(), sys.argv[1])))
except Exception as error:
    sys.exit(f\"refused: {error!r}\")
";

const JAVASCRIPT_ENDS: &str = "
import { readFileSync } from \"node:fs\";
try {
  console.log(JSON.stringify(await verify(readFileSync(0, \"utf8\").trim(), process.argv[2])));
} catch (error) {
  console.error(`refused: ${error}`);
  process.exit(1);
}
";

/// Node 18 has WebCrypto, but not yet as a global.
const JAVASCRIPT_BEGINS: &str = "import { webcrypto } from \"node:crypto\";\nglobalThis.crypto ??= webcrypto;\n";

/// Runs each program of the page. One that nobody runs is a fault.
pub async fn run(page: &Page, dev: &Dev, home: &Home) {
    for block in &page.blocks {
        match (block.language.as_str(), block.marker.as_deref()) {
            ("python", Some("fastapi")) if page.file == "README.md" => {}
            ("python", Some("fastapi")) => the_routes_ask_for_their_scopes(page, dev, home).await,
            ("python", Some("pyjwt")) => {
                let program = home.write("verify.py", &format!("{}{PYTHON_ENDS}", issued(&block.text, dev)));
                verifies(home, || python(&program)).await;
            }
            ("js", Some("jose")) => {
                let modules = home.path().join("node_modules");
                std::os::unix::fs::symlink(outfit("VESTIBULE_TEST_NODE_MODULES"), modules).expect("a link");
                let text = format!("{JAVASCRIPT_BEGINS}{}{JAVASCRIPT_ENDS}", issued(&block.text, dev));
                let program = home.write("verify.mjs", &text);
                verifies(home, || interpreter("node", &program)).await;
            }
            ("python" | "js", _) => panic!("{}: nothing runs this program", block.place),
            _ => {}
        }
    }
}

fn issued(program: &str, dev: &Dev) -> String {
    program.replace("http://localhost:9400", dev.issuer())
}

fn outfit(variable: &str) -> std::ffi::OsString {
    std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run `tests/run`, or `eval \"$(tests/run env)\"` first"))
}

fn interpreter(name: impl AsRef<std::ffi::OsStr>, program: &Path) -> Command {
    let mut command = Command::new(name);
    command.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn python(program: &Path) -> Command {
    interpreter(outfit("VESTIBULE_TEST_PYTHON"), program)
}

/// `verify(token, scope)` takes a good token and refuses every other.
async fn verifies(home: &Home, program: impl Fn() -> Command) {
    let verify = async |token: &str, scope: &str| -> Ended {
        let mut command = program();
        command.arg(scope);
        run_to_end(command, token).await
    };
    let token = home.run(&["token", "--client", "service", "--scope", "read:users"]).await.expect(0);
    let claims = verify(token.line(), "read:users").await.expect(0);
    let claims: Value = serde_json::from_str(claims.line()).expect("claims");
    assert_eq!(claims["client_id"], "service");
    verify(token.line(), "write:posts").await.refuses(1, &["refused", "write:posts"]);

    let (signed, signature) = token.line().rsplit_once('.').expect("a signature");
    let other = if signature.starts_with('A') { "B" } else { "A" };
    verify(&format!("{signed}.{other}{}", &signature[1..]), "read:users").await.refuses(1, &["refused"]);
    verify("garbage", "read:users").await.refuses(1, &["refused"]);
}

/// The app of the page about FastAPI, run as the README's is: 401 without a token, 403
/// without the scope, 200 with it.
async fn the_routes_ask_for_their_scopes(page: &Page, dev: &Dev, home: &Home) {
    let swagger_ui = Path::new(&outfit("VESTIBULE_TEST_NODE_MODULES")).join("swagger-ui-dist");
    let mut command = python(&root().join("tests/external/fastapi/serve.py"));
    let mut app =
        command.arg(root().join(&page.file)).arg(dev.issuer()).arg(swagger_ui).arg("0").spawn().expect("the app");
    let mut stdout = BufReader::new(app.stdout.take().expect("its stdout")).lines();
    let url = timeout(PATIENCE, stdout.next_line()).await.expect("in time").expect("a line").expect("its address");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let call = async |route: &str, token: Option<&str>| {
        let (method, path) = route.split_once(' ').expect("a route");
        let mut request = client.request(method.parse().expect("a method"), format!("{url}{path}"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().expect("ASCII").to_owned());
        (answer.status().as_u16(), challenge.unwrap_or_default())
    };
    let token = home.run(&["token", "--client", "service", "--scope", "read:users"]).await.expect(0);
    assert_eq!(call("GET /users/me", None).await.0, 401);
    let (status, challenge) = call("GET /users/me", Some("garbage")).await;
    assert!(status == 401 && challenge.contains("invalid_token"), "{status} {challenge}");
    assert_eq!(call("GET /users/me", Some(token.line())).await, (200, String::new()));
    let (status, challenge) = call("POST /posts", Some(token.line())).await;
    assert!(
        status == 403 && challenge.contains("insufficient_scope") && challenge.contains("write:posts"),
        "{challenge}"
    );
    drop(app.stdin.take());
}
