//! The configuration as an admin meets it: a folder with mistakes, and what is shown of them.
//!
//! Owns: the whole text that is shown. Does not own: each single fault (`src/config/tests`) or the command
//! that shows it.

use std::path::Path;

use vestibule::config;

const FOLDER: &str = "tests/fixtures/config/five-mistakes";

fn env(name: &str) -> Option<String> {
    (name == "VESTIBULE_TEST_KEY").then(|| "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=".to_owned())
}

#[test]
fn five_mistakes_print_five_diagnostics_with_line_column_and_fix() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let faults = config::load(&folder, &env).unwrap_err();
    assert_eq!(faults.len(), 5, "{faults}");
    let expected = [
        ("clients/shop.toml", 5, 45, "write \"https://shop.example/cb\""),
        ("clients/shop.toml", 6, 17, "did you mean read:users?"),
        ("vestibule.toml", 3, 1, "did you mean `listen`?"),
        ("vestibule.toml", 9, 8, "\"10m\", \"12h\", \"7d\", from 1s to 10m"),
        ("vestibule.toml", 12, 8, "write a whole number from 1024 to"),
    ];
    let json = faults.to_json();
    let shown = faults.render(false);
    assert_eq!(shown.matches("help: ").count(), 5, "{shown}");
    for (fault, (file, line, column, help)) in json.as_array().unwrap().iter().zip(expected) {
        assert!(fault["file"].as_str().unwrap().ends_with(file), "{fault}");
        assert_eq!((fault["line"].as_u64(), fault["column"].as_u64()), (Some(line), Some(column)), "{fault}");
        assert!(fault["help"].as_str().unwrap().contains(help), "{fault}");
        assert!(shown.contains(&format!("{file}:{line}:{column}]")), "{file}:{line}:{column}\n{shown}");
    }
    for line in ["3 │ lissen = \"127.0.0.1:9400\"", "9 │ code = \"2h\"", "6 │ scope = \"openid red:users\""] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains('\u{1b}') && faults.render(true).contains('\u{1b}'), "colour only when asked");
}

#[test]
fn a_mended_folder_loads() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("config-mended");
    std::fs::create_dir_all(&folder).unwrap();
    let read =
        |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(name)).unwrap();
    let mended = read("vestibule.toml").replace("lissen", "listen").replace("2h", "2m").replace("\"64k\"", "65536");
    std::fs::write(folder.join("vestibule.toml"), mended).unwrap();
    let mended =
        read("clients/shop.toml").replace("http://shop", "https://www.shop").replace("red:users", "read:users");
    std::fs::write(folder.join("shop.toml"), mended).unwrap();
    let config = config::load(&folder, &env).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.registry.clients().count(), 1);
}
