//! The documentation, held against the server: every command is run as it is printed, every table of
//! configuration is loaded, every program is executed.
//!
//! Owns: which pages there are, and what of them is not run, with the reason. Does not own: the pages'
//! prose, or what a command should do (`cli`).
//!
//! How a page is written, so that it can be run:
//! - ` ```sh `: commands, which must succeed.
//! - ` ```console `: the same; with lines that begin with `$ `, what stands between them is the output. `…`
//!   stands for anything in a line, and for any lines when it is alone in one. What goes to stderr may be
//!   left out.
//! - `# exit code N` behind a command: it ends so.
//! - ` ```toml ` begins with a comment that names its file, and is read by the server of the page.
//! - ` ```json ` is what `vestibule dev --print json` says, or a part of it.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "in a test they are how it fails")]

mod desktop;
mod output;
mod page;
mod programs;
mod run;
mod secrets;
mod shell;

use page::{Block, Page};

const NO_DOCKER: &str = "needs Docker, which is not there; tests/it/containers.rs checks the files it reads";

/// Commands that are not run, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("cargo run --release -- dev", "builds for minutes; .ci/run runs it, and every other command here speaks to `dev`"),
    ("tests/run", "is what runs this test"),
    ("tests/run browser", "is what runs this test"),
    (
        "useradd --system --home-dir /var/lib/vestibule --shell /usr/sbin/nologin vestibule",
        "changes the machine, as root",
    ),
    (
        "install -d -o vestibule -g vestibule -m 750 /etc/vestibule /var/lib/vestibule",
        "needs that user; the test makes both folders",
    ),
    ("sudo -u vestibule bash", "needs root, and ends the shell"),
    ("systemctl enable --now vestibule", "changes the machine"),
    ("cargo bench --bench load", "takes minutes; clippy builds it"),
    ("cargo bench --bench operations", "takes minutes; clippy builds it"),
    ("cargo bench --bench herd", "takes minutes; clippy builds it"),
    ("cargo bench -p vestibule-guard", "builds for minutes; clippy builds it"),
    ("tests/run soak", "takes minutes; .ci/run runs a slice of it"),
    ("tests/run faults", "takes a quarter of an hour; .ci/run runs it with --quick"),
    ("docker compose up --build --detach --wait", NO_DOCKER),
    ("docker compose run --rm vestibule-1 user add ada --name 'Ada Lovelace'", NO_DOCKER),
    ("vestibule token --issuer http://localhost:9400 --client cli", NO_DOCKER),
    ("docker compose run --rm --no-deps vestibule-1 check", NO_DOCKER),
    ("docker compose restart vestibule-1", NO_DOCKER),
    ("docker compose restart vestibule-2", NO_DOCKER),
    ("systemctl reload vestibule", "speaks to systemd; tests/it/cli/reload.rs sends the signal that it sends"),
];

/// Languages of blocks that are only looked at, and why. What is in no list anywhere is a fault.
const NOT_READ: &[(&str, &str)] = &[
    (
        "text",
        "made for the eye: a diagnostic of `check` (tests/it/config.rs has the like), a Caddyfile, a query of another database",
    ),
    ("ini", "a systemd unit, by other people's rules"),
    ("nginx", "by other people's rules"),
    ("sql", "for the administrator of a PostgreSQL, whose password is chosen there"),
];

macro_rules! pages {
    ($($name:ident: $file:literal,)*) => {
        const PAGES: &[&str] = &[$($file),*];
        $(
            #[tokio::test]
            async fn $name() {
                run::run(&Page::read($file)).await;
            }
        )*
    };
}

pages! {
    the_readme_is_true: "README.md",
    contributing_is_true: "CONTRIBUTING.md",
    docs_backends_is_true: "docs/backends.md",
    docs_cli_is_true: "docs/cli.md",
    docs_clients_is_true: "docs/clients.md",
    docs_compose_is_true: "docs/compose.md",
    docs_configuration_is_true: "docs/configuration.md",
    docs_fastapi_is_true: "docs/fastapi.md",
    docs_import_is_true: "docs/import.md",
    docs_instances_is_true: "docs/instances.md",
    docs_joining_accounts_is_true: "docs/joining-accounts.md",
    docs_keys_is_true: "docs/keys.md",
    docs_openid_is_true: "docs/openid.md",
    docs_performance_is_true: "docs/performance.md",
    docs_providers_is_true: "docs/providers.md",
    docs_providers_apple_is_true: "docs/providers/apple.md",
    docs_providers_auth0_is_true: "docs/providers/auth0.md",
    docs_providers_github_is_true: "docs/providers/github.md",
    docs_providers_gitlab_is_true: "docs/providers/gitlab.md",
    docs_providers_google_is_true: "docs/providers/google.md",
    docs_providers_microsoft_is_true: "docs/providers/microsoft.md",
    docs_providers_oauth2_is_true: "docs/providers/oauth2.md",
    docs_providers_oidc_is_true: "docs/providers/oidc.md",
    docs_serve_is_true: "docs/serve.md",
    docs_sign_out_is_true: "docs/sign-out.md",
    docs_storage_is_true: "docs/storage.md",
    docs_threat_model_is_true: "docs/threat-model.md",
    docs_throttling_is_true: "docs/throttling.md",
}

/// Every block of configuration in the documentation: where it stands, and its text.
pub fn toml_blocks() -> Vec<(String, String)> {
    let blocks = PAGES.iter().flat_map(|file| Page::read(file).blocks);
    blocks.filter(|block| block.language == "toml").map(|block| (block.place, block.text)).collect()
}

#[test]
fn every_page_is_run() {
    let mut found = Vec::new();
    let mut folders = vec![page::root().join("docs")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).expect("docs").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == "md") {
                found.push(path.strip_prefix(page::root()).expect("under it").display().to_string());
            }
        }
    }
    found.sort();
    let listed: Vec<&str> = PAGES.iter().copied().filter(|file| file.starts_with("docs/")).collect();
    assert_eq!(found, listed, "a page of docs/ is missing in the list, or there is one too many");
}

#[test]
fn what_is_not_run_is_still_there() {
    let commands: Vec<String> = PAGES
        .iter()
        .flat_map(|file| Page::read(file).blocks)
        .filter(Block::is_shell)
        .flat_map(|block| block.commands())
        .map(|command| command.text)
        .collect();
    for (command, reason) in NOT_RUN {
        assert!(!reason.is_empty());
        assert!(commands.iter().any(|found| found == command), "`{command}` is in no page any more");
    }
}

#[test]
fn every_language_is_known() {
    for file in PAGES {
        for block in Page::read(file).blocks {
            let read = ["sh", "console", "toml", "json", "python", "js"].contains(&block.language.as_str());
            let passed = NOT_READ.iter().any(|(language, reason)| *language == block.language && !reason.is_empty());
            assert!(read || passed, "{}: nothing checks a block of '{}'", block.place, block.language);
        }
    }
}

/// Links between the pages lead somewhere.
#[test]
fn every_link_leads_to_a_file() {
    for file in PAGES {
        let folder = page::root().join(file);
        let folder = folder.parent().expect("a folder");
        let text = std::fs::read_to_string(page::root().join(file)).expect(file);
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            if !target.starts_with("http") && !target.starts_with('#') {
                let path = target.split('#').next().unwrap_or_default();
                assert!(folder.join(path).exists(), "{file}: {target} is not there");
            }
        }
    }
}
