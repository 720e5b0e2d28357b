//! Holds the house against its plan: who may import whom, which crate may be named where, how long a
//! file may be, what may not be written at all, and that the README's map tells the truth.
//!
//! Owns: the rules and their tables. Does not own: what clippy checks (`Cargo.toml`, `clippy.toml`).
//! Every rule is a function from a file's path and text to its faults, so that it is tested on bad
//! samples too: a checker that cannot fail checks nothing.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "architecture/source.rs"]
mod source;
use source::{code, heads, imports, is_test_file, without_tests};

/// Room, and the rooms it may import beside itself. The rooms of the top floor may import everything.
const FLOORS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("model", &["protocol"]),
    ("clock", &["protocol"]),
    ("config", &["model", "clock", "protocol"]),
    ("tokens", &["model", "protocol", "config", "clock", "store"]),
    ("throttle", &["model", "protocol", "config", "store", "tokens"]),
    ("passwords", &["model", "protocol", "config", "clock", "store", "throttle"]),
    ("store", &["model", "protocol", "config", "clock"]),
    ("accounts", &["model", "protocol", "store", "clock"]),
    ("upstream", &["model", "protocol", "config"]),
    ("custody", &["upstream", "tokens", "store", "clock", "model", "protocol"]),
    (
        "app",
        &[
            "accounts",
            "custody",
            "upstream",
            "config",
            "tokens",
            "store",
            "throttle",
            "passwords",
            "clock",
            "model",
            "protocol",
        ],
    ),
    ("web", &["app", "accounts", "config", "tokens", "store", "throttle", "passwords", "model", "protocol"]),
    (
        "endpoints",
        &[
            "web",
            "app",
            "accounts",
            "upstream",
            "config",
            "tokens",
            "store",
            "throttle",
            "passwords",
            "model",
            "clock",
            "protocol",
        ],
    ),
];

/// May import everything.
const TOP_FLOOR: &[&str] = &["main", "lib", "cli", "startup", "reload", "routes", "telemetry"];

/// Third-party crate, and where in `src/` it may be named: a folder, a file, or a file name anywhere.
const FENCES: &[(&str, &[&str])] = &[
    ("actix_web", &["web/", "routes.rs", "startup.rs", "*/handler.rs"]),
    ("actix_http", &["web/", "startup.rs"]),
    ("sea_orm", &["store/sql/", "store/sql.rs"]),
    ("sea_orm_migration", &["store/sql/", "store/sql.rs"]),
    ("sqlx", &["store/sql/", "store/sql.rs"]),
    ("redis", &["store/redis/", "store/redis.rs"]),
    ("reqwest", &["upstream/", "cli/http.rs"]),
    ("oauth2", &["upstream/"]),
    ("openidconnect", &["upstream/"]),
    ("jsonwebtoken", &["tokens/"]),
    ("askama", &["*/view.rs", "web/page.rs"]),
    ("anyhow", &["cli/", "main.rs", "startup.rs", "reload.rs", "routes.rs", "telemetry/"]),
    ("std::env", &["config/", "cli/"]),
];

/// The same for `guard/src/`.
const FENCES_OF_THE_GUARD: &[(&str, &[&str])] = &[
    ("actix_web", &["actix.rs"]),
    ("http", &["tower.rs"]),
    ("tower_layer", &["tower.rs"]),
    ("tower_service", &["tower.rs"]),
    ("reqwest", &["remote/"]),
    ("tokio", &["remote/kept.rs"]),
    ("aws_lc_rs", &["keys.rs", "seen.rs"]),
];

/// Files longer than [`LONGEST`], with the length they may have. This list only shrinks.
const LONG_FILES: &[(&str, usize)] = &[];
const LONGEST: usize = 500;

const FORBIDDEN_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "types", "misc"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under `folder` with that extension, as (path relative to `folder`, text).
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, base: &Path, extension: &str, out: &mut Vec<(String, String)>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            if path.is_dir() {
                walk(&path, base, extension, out);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(base).expect("under its base").to_string_lossy().into_owned();
                out.push((name, fs::read_to_string(&path).expect("a text file")));
            }
        }
    }
    let base = root().join(folder);
    let mut out = Vec::new();
    walk(&base, &base, extension, &mut out);
    out.sort();
    out
}

// ---- the rules ---------------------------------------------------------------------------------

fn room(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

fn endpoint(path: &str) -> Option<&str> {
    path.strip_prefix("endpoints/").and_then(|rest| rest.split('/').next()).map(|name| name.trim_end_matches(".rs"))
}

fn floor_faults(path: &str, text: &str) -> Vec<String> {
    if is_test_file(path) || TOP_FLOOR.contains(&room(path)) {
        return Vec::new();
    }
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == room(path)) else {
        return vec![format!("{path}: the room '{}' has no floor: add it to FLOORS", room(path))];
    };
    let known = |name: &str| TOP_FLOOR.contains(&name) || FLOORS.iter().any(|(floor, _)| *floor == name);
    let mut faults = Vec::new();
    for (target, line) in imports(path, &without_tests(&code(text))) {
        let wanted = target[0].as_str();
        if known(wanted) && wanted != room(path) && !allowed.contains(&wanted) {
            faults.push(format!("{path}:{line}: {} must not import {wanted}", room(path)));
        }
        let (own, other) = (endpoint(path), target.get(1).map(String::as_str));
        if wanted == "endpoints" && own.is_some_and(|own| own != "mod" && other.is_some_and(|other| other != own)) {
            faults.push(format!("{path}:{line}: an endpoint must not import endpoints/{}", other.unwrap_or_default()));
        }
    }
    faults
}

fn fits_place(path: &str, place: &str) -> bool {
    match (place.strip_prefix('*'), place.ends_with('/')) {
        (Some(name), _) => path.ends_with(name),
        (None, true) => path.starts_with(place),
        (None, false) => path == place,
    }
}

fn fence_faults(fences: &[(&str, &[&str])], path: &str, text: &str) -> Vec<String> {
    let code = without_tests(&code(text));
    let mut faults = Vec::new();
    for (name, places) in fences {
        let inside = places.iter().any(|place| fits_place(path, place));
        // A module of ours may have the name of the crate, and then hides it.
        let imported = imports(path, &code).iter().any(|(target, _)| target.last().is_some_and(|last| last == name));
        let ours = imported || code.contains(&format!("mod {name};"));
        if inside || ours || is_test_file(path) {
            continue;
        }
        for (at, line) in heads(&code, name) {
            let after = &code[at + name.len()..];
            let named = after.starts_with("::") || after.starts_with(';') || name.contains("::");
            if named {
                faults.push(format!("{path}:{line}: {name} is fenced in {places:?}"));
            }
        }
    }
    faults
}

fn text_faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.starts_with("//! ") {
        faults.push(format!("{path}: does not open with //!"));
    }
    let allowed = LONG_FILES.iter().find(|(name, _)| *name == path).map_or(LONGEST, |(_, length)| *length);
    let length = text.lines().count();
    if length > allowed {
        faults.push(format!("{path}: {length} lines, at most {allowed}"));
    }
    let named_so = |name: &&str| path.split('/').any(|part| part.trim_end_matches(".rs") == *name);
    if let Some(name) = FORBIDDEN_NAMES.iter().find(|name| named_so(name)) {
        faults.push(format!("{path}: '{name}' says nothing about what is inside"));
    }
    let code = code(text);
    if code.contains("#[allow(") || code.contains("#![allow(") {
        faults.push(format!("{path}: #[expect(…, reason)] instead of #[allow]"));
    }
    faults
}

fn purity_faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let tested = is_test_file(path);
    let code = without_tests(&code(text));
    let line = |at: usize| code[..at].matches('\n').count() + 1;
    if matches!(room(path), "protocol" | "model") {
        for word in ["async fn", "async move", ".await"] {
            faults.extend(code.match_indices(word).map(|(at, _)| format!("{path}:{}: no {word} here", line(at))));
        }
    }
    if !tested {
        for word in [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!("] {
            faults.extend(code.match_indices(word).map(|(at, _)| format!("{path}:{}: {word} in src", line(at))));
        }
    }
    faults
}

/// The rooms that the README's section '## Map of `src/`' names, against those that exist.
fn map_faults(readme: &str, rooms: &BTreeSet<String>) -> Vec<String> {
    let Some((_, rest)) = readme.split_once("## Map of `src/`") else {
        return vec!["README.md: no section '## Map of `src/`'".to_owned()];
    };
    let section = rest.split("\n## ").next().unwrap_or_default();
    let mut named = BTreeSet::new();
    for line in section.lines().filter_map(|line| line.trim().strip_prefix("- ")) {
        // Names stand before the first text: "- `main.rs`, `lib.rs` …".
        let mut rest = line;
        while let Some((name, after)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            named.insert(name.trim_end_matches('/').to_owned());
            rest = after.trim_start_matches([',', ' ']);
        }
    }
    let missing = rooms.difference(&named).map(|room| format!("README.md: the map lacks `{room}`"));
    let gone = named.difference(rooms).map(|room| format!("README.md: the map names `{room}`, which is not there"));
    missing.chain(gone).collect()
}

fn template_faults(path: &str, text: &str) -> Vec<String> {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let unescaped =
        squeezed.contains("|safe") || squeezed.contains("escapenone") || squeezed.contains("escape=\"none\"");
    unescaped.then(|| format!("{path}: text that is not escaped")).into_iter().collect()
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

// ---- the house as it is ------------------------------------------------------------------------

#[test]
fn rooms_import_only_from_the_floors_below() {
    let sources = files("src", "rs");
    assert!(sources.len() > 30, "the sources were not found");
    report(&sources.iter().flat_map(|(path, text)| floor_faults(path, text)).collect::<Vec<_>>());
}

#[test]
fn third_party_crates_stay_behind_their_fences() {
    for (folder, fences) in [("src", FENCES), ("guard/src", FENCES_OF_THE_GUARD)] {
        let sources = files(folder, "rs");
        assert!(!sources.is_empty(), "{folder} was not found");
        report(&sources.iter().flat_map(|(path, text)| fence_faults(fences, path, text)).collect::<Vec<_>>());
    }
}

#[test]
fn every_file_says_what_it_owns_and_stays_short() {
    let mut faults = Vec::new();
    let folders = ["src", "tests", "migrations/src", "benches", "examples"];
    for folder in folders.into_iter().chain(["guard/src", "guard/tests", "guard/benches", "guard/examples"]) {
        for (path, text) in files(folder, "rs") {
            faults.extend(text_faults(&path, &text).into_iter().map(|fault| format!("{folder}/{fault}")));
        }
    }
    report(&faults);
}

#[test]
fn a_request_can_neither_panic_nor_block_the_pure_rooms() {
    for folder in ["src", "guard/src"] {
        report(&files(folder, "rs").iter().flat_map(|(path, text)| purity_faults(path, text)).collect::<Vec<_>>());
    }
}

#[test]
fn the_readme_maps_every_room_and_no_other() {
    let entries = fs::read_dir(root().join("src")).expect("src");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    // The list of rooms is not a room.
    let rooms = names.filter(|name| name != "lib.rs").collect();
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    report(&map_faults(&readme, &rooms));
}

#[test]
fn templates_escape_everything() {
    let templates = files("templates", "html");
    assert!(!templates.is_empty(), "the templates were not found");
    report(&templates.iter().flat_map(|(path, text)| template_faults(path, text)).collect::<Vec<_>>());
}

#[test]
fn migrations_know_nothing_of_the_main_crate() {
    let manifest = fs::read_to_string(root().join("migrations/Cargo.toml")).expect("its manifest");
    assert!(!manifest.contains("vestibule"), "migrations/Cargo.toml depends on the main crate");
    for (path, text) in files("migrations/src", "rs") {
        assert!(!code(&text).contains("vestibule"), "migrations/src/{path} names the main crate");
    }
}

/// Backends take it without the server.
#[test]
fn the_guard_knows_nothing_of_the_main_crate() {
    let manifest = fs::read_to_string(root().join("guard/Cargo.toml")).expect("its manifest");
    let names = manifest.lines().filter_map(|line| line.split_once(['=', '.', ']']).map(|(name, _)| name.trim()));
    assert!(names.clone().any(|name| name == "vestibule-guard"), "its dependency on itself, for its tests");
    assert!(names.clone().all(|name| name != "vestibule" && name != "migrations"), "it depends on the server");
    for (path, text) in files("guard", "rs") {
        assert!(heads(&code(&text), "vestibule").is_empty(), "guard/{path} names the main crate");
    }
}

#[test]
fn exceptions_are_for_files_that_exist() {
    for (path, length) in LONG_FILES {
        let text = fs::read_to_string(root().join("src").join(path)).unwrap_or_default();
        assert_eq!(text.lines().count(), *length, "{path}: shrink its entry, or remove it");
    }
}

// ---- the checker itself ------------------------------------------------------------------------

#[test]
fn a_climbing_import_is_found_however_it_is_written() {
    for bad in [
        "use crate::web::urls;",
        "use crate::{model::client, web::urls};",
        "use crate::{\n    model::{client, person},\n    app,\n};",
        "fn f() { crate::store::open(); }",
        "pub(crate) use crate::store;",
        "use super::super::web::urls;",
    ] {
        assert_eq!(floor_faults("model/deep.rs", bad).len(), 1, "{bad}");
    }
    for good in
        ["use crate::protocol::scope;", "use crate::{model::client, protocol};", "// crate::web", "\"crate::web\";"]
    {
        assert!(floor_faults("model/deep.rs", good).is_empty(), "{good}");
    }
    assert_eq!(floor_faults("cellar/mod.rs", "").len(), 1, "a room without a floor");
    assert!(floor_faults("cli/mod.rs", "use crate::web::urls;").is_empty());
    assert!(floor_faults("model/a.rs", "#[cfg(test)]\nmod tests {\n use crate::clock; { }\n}\n").is_empty());
    assert_eq!(floor_faults("model/a.rs", "#[cfg(test)]\nmod tests;\nuse crate::clock;").len(), 1);
}

#[test]
fn an_endpoint_that_reaches_into_another_is_found() {
    for bad in [
        "use crate::endpoints::login::view;",
        "use super::super::login::start;",
        "use crate::endpoints::{consent, login};",
    ] {
        assert_eq!(floor_faults("endpoints/consent/handler.rs", bad).len(), 1, "{bad}");
    }
    assert!(
        floor_faults("endpoints/consent/handler.rs", "use crate::endpoints::consent::view; use super::view;")
            .is_empty()
    );
}

#[test]
fn a_crate_outside_its_fence_is_found() {
    for (path, bad) in [
        ("endpoints/login/start.rs", "use actix_web::web;"),
        ("model/client.rs", "fn f(c: redis::Client) {}"),
        ("store/redis/mod.rs", "use sea_orm::Database;"),
        ("web/reply.rs", "let v = std::env::var(x);"),
        ("endpoints/token/handler.rs", "fn f() -> anyhow::Result<()> {}"),
        ("endpoints/login/handler.rs", "#[derive(askama::Template)]"),
        ("startup.rs", "use jsonwebtoken::encode;"),
    ] {
        assert_eq!(fence_faults(FENCES, path, bad).len(), 1, "{path}: {bad}");
    }
    for (path, good) in [
        ("endpoints/login/handler.rs", "use actix_web::web;"),
        ("store/mod.rs", "mod redis;\nfn f() { redis::open() }"),
        ("app.rs", "let x = config.redis; // redis::Client"),
        ("config/dev.rs", "use crate::config::{limits, redis};\nfn f() { redis::parse() }"),
        ("endpoints/login/view.rs", "use askama::Template;"),
    ] {
        assert!(fence_faults(FENCES, path, good).is_empty(), "{path}: {good}");
    }
}

#[test]
fn a_file_that_breaks_the_style_is_found() {
    assert_eq!(text_faults("web/a.rs", "use std::fmt;\n").len(), 1);
    assert_eq!(text_faults("web/utils.rs", "//! Owns.\n").len(), 1);
    assert_eq!(text_faults("web/a.rs", &format!("//! Owns.\n{}", "\n".repeat(500))).len(), 1);
    assert_eq!(text_faults("web/a.rs", "//! Owns.\n#[allow(dead_code)]\nfn f() {}\n").len(), 1);
    assert!(text_faults("web/a.rs", "//! Owns.\n#[expect(dead_code, reason = \"#[allow(\")]\nfn f() {}\n").is_empty());
    assert_eq!(purity_faults("model/a.rs", "async fn f() {}").len(), 1);
    assert_eq!(purity_faults("web/a.rs", "fn f() { x.unwrap(); y.expect(\"z\"); }").len(), 2);
    assert!(purity_faults("web/a.rs", "fn f() { x.unwrap_or(1); '\\''; \".unwrap()\"; r#\".unwrap()\"#; }").is_empty());
    assert!(purity_faults("web/tests.rs", "fn f() { x.unwrap(); }").is_empty());
    assert_eq!(template_faults("a.html", "{{ x | safe }}").len(), 1);
    assert!(template_faults("a.html", "{{ x }}").is_empty());
}

#[test]
fn a_map_that_lies_is_found() {
    let rooms: BTreeSet<String> = ["app.rs", "web"].map(str::to_owned).into();
    assert!(
        map_faults("## Map of `src/`\n\n- `web/` HTTP\n- `app.rs` the bundle\n\n## Next\n- `x`", &rooms).is_empty()
    );
    assert_eq!(map_faults("## Map of `src/`\n- `web/` HTTP with `actix`\n", &rooms).len(), 1);
    assert_eq!(map_faults("## Map of `src/`\n- `web/`, `app.rs`, `gone/`\n", &rooms).len(), 1);
    assert_eq!(map_faults("# Readme", &rooms).len(), 1);
}
