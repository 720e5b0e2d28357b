//! The configuration that behaviours are tested under: clients, APIs and roles with names that say what
//! is special about each.
//!
//! Owns: that TOML. Does not own: reading it (`vestibule::config`).

use std::fmt::Write as _;

use vestibule::protocol::opaque::TokenHash;

use super::data::Folder;

/// An API of the default algorithm, one of EdDSA, and one whose tokens are RS256 and short.
const APIS: &str = r#"
[[apis]]
audience = "https://api.example.test"
introspection_clients = ["api-server"]
scopes = [{ name = "read:users", description = "read the user list" }, { name = "write:posts", description = "write posts" }]

[[apis]]
audience = "https://files.example.test"
signing_alg = "EdDSA"
scopes = [{ name = "read:files", description = "read your files" }]

[[apis]]
audience = "https://legacy.example.test"
signing_alg = "RS256"
access_token_lifetime = "2m"
scopes = [{ name = "read:legacy", description = "read the archive" }]

[[roles]]
name = "editor"
scopes = ["read:users", "write:posts", "read:files", "read:legacy"]

[[roles]]
name = "reader"
scopes = ["read:users"]
"#;

const PERSONAL: &str = "openid profile email read:users write:posts read:files read:legacy";

/// Client, its secret where it is confidential, and the rest of its table.
const CLIENTS: &[(&str, Option<&str>, &str)] = &[
    (
        "web",
        Some("web-secret-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "client_name = \"Acme Reports\"\n\
         post_logout_redirect_uris = [\"https://app.example.test/bye\", \"https://app.example.test/bye?tenant=1\"]",
    ),
    ("other", Some("other-secret-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"), ""),
    ("spa", None, r#"allowed_origins = ["https://extra.example.test"]"#),
    (
        "native",
        None,
        "application_type = \"native\"\n\
         post_logout_redirect_uris = [\"com.example.app:/bye\", \"http://127.0.0.1/bye\"]",
    ),
    ("lenient", Some("lenient-secret-CCCCCCCCCCCCCCCCCCCCCCCCCCCCC"), r#"pkce = "optional""#),
    (
        "asking",
        Some("asking-secret-DDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"),
        "consent = \"ask\"\nid_token_signed_response_alg = \"PS256\"",
    ),
    (
        "trusted",
        Some("trusted-secret-EEEEEEEEEEEEEEEEEEEEEEEEEEEEE"),
        "first_party = true\nconsent = \"never\"\ngrant_types = [\"authorization_code\", \"password\"]\n\
         post_logout_redirect_uris = [\"https://trusted.example.test/bye\"]",
    ),
    (
        "slim",
        Some("slim-secret-FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"),
        "id_token_claims = \"minimal\"\nid_token_signed_response_alg = \"ES256\"",
    ),
    (
        "basic-only",
        Some("basic-secret-GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG"),
        "token_endpoint_auth_method = \"client_secret_basic\"\ngrant_types = [\"client_credentials\"]",
    ),
    (
        "post-only",
        Some("post-secret-HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH"),
        "token_endpoint_auth_method = \"client_secret_post\"\ngrant_types = [\"client_credentials\"]",
    ),
    ("retired", Some("retired-secret-IIIIIIIIIIIIIIIIIIIIIIIIIIIII"), "enabled = false"),
    ("service", Some("service-secret-JJJJJJJJJJJJJJJJJJJJJJJJJJJJJ"), r#"grant_types = ["client_credentials"]"#),
    (
        "homeless",
        Some("homeless-secret-KKKKKKKKKKKKKKKKKKKKKKKKKKKK"),
        "grant_types = [\"authorization_code\", \"client_credentials\"]\ndefault_audience = \"https://files.example.test\"",
    ),
    (
        "keeper",
        Some("keeper-secret-MMMMMMMMMMMMMMMMMMMMMMMMMMMMMM"),
        "grant_types = [\"authorization_code\", \"refresh_token\"]",
    ),
    (
        "mail-order",
        Some("mail-order-secret-PPPPPPPPPPPPPPPPPPPPPPPPPP"),
        "client_name = \"Mail Order\"\ngrant_types = [\"authorization_code\", \"refresh_token\"]",
    ),
    ("keeper-spa", None, "grant_types = [\"authorization_code\", \"refresh_token\"]"),
    (
        "steady",
        Some("steady-secret-NNNNNNNNNNNNNNNNNNNNNNNNNNNNNN"),
        "grant_types = [\"authorization_code\", \"refresh_token\"]\nrefresh_rotation = false\nrefresh_idle = \"1d\"\n\
         refresh_absolute = \"3d\"",
    ),
    ("api-server", Some("api-server-secret-OOOOOOOOOOOOOOOOOOOOOOOOOO"), "grant_types = []"),
    ("first-party", None, "first_party = true\ngrant_types = [\"password\", \"refresh_token\"]"),
    ("script", Some("script-secret-LLLLLLLLLLLLLLLLLLLLLLLLLLLLLL"), r#"grant_types = ["password"]"#),
];

/// The secret of a confidential client.
pub fn secret(client: &str) -> Option<&'static str> {
    CLIENTS.iter().find(|(id, _, _)| *id == client).and_then(|(_, secret, _)| *secret)
}

/// Every secret there is.
pub fn secrets() -> impl Iterator<Item = &'static str> {
    CLIENTS.iter().filter_map(|(_, secret, _)| *secret)
}

/// The first redirect URI of a client.
pub fn redirect_uri(client: &str) -> &'static str {
    redirect_uris(client)[0]
}

fn redirect_uris(client: &str) -> &'static [&'static str] {
    match client {
        "web" => &["https://app.example.test/cb", "https://app.example.test/cb?tenant=1"],
        "spa" => &["https://spa.example.test/cb", "http://localhost:5173/callback"],
        "native" => &["http://127.0.0.1/cb", "com.example.app:/cb"],
        "service" | "basic-only" | "post-only" | "first-party" | "script" => &["https://unused.example.test/cb"],
        _ => &["https://other.example.test/cb"],
    }
}

fn default_scope(client: &str) -> Option<&'static str> {
    match client {
        "service" | "basic-only" | "post-only" | "first-party" | "script" | "web" => Some("read:users"),
        "homeless" | "other" | "api-server" => None,
        _ => Some("openid read:users"),
    }
}

/// The clients, APIs and roles as TOML.
pub fn registry() -> String {
    let mut toml = APIS.to_owned();
    for (id, secret, rest) in CLIENTS {
        let auth = secret.map_or_else(
            || "token_endpoint_auth_method = \"none\"".to_owned(),
            |secret| format!("client_secret_hash = \"sha256:{}\"", TokenHash::of(secret.as_bytes()).to_hex()),
        );
        let scope = match *id {
            "service" | "basic-only" | "post-only" => "read:users write:posts read:files",
            "mail-order" => "openid profile email address phone read:users",
            "keeper" | "keeper-spa" => {
                "openid profile email offline_access read:users write:posts read:files read:legacy"
            }
            _ => PERSONAL,
        };
        write!(toml, "\n[[clients]]\nclient_id = \"{id}\"\n{auth}\nscope = \"{scope}\"\n{rest}\n").expect("text");
        if rest.contains("authorization_code") || !rest.contains("grant_types") {
            writeln!(toml, "redirect_uris = {:?}", redirect_uris(id)).expect("text");
        }
        if let Some(scope) = default_scope(id) {
            writeln!(toml, "default_scope = \"{scope}\"").expect("text");
        }
    }
    toml
}

/// What is wrong with a configuration that has this beside what every one needs; `None` when nothing is.
pub fn faults_of(extra: &str) -> Option<String> {
    let folder = Folder::new();
    let data = folder.path().join("data");
    let toml = format!(
        "[server]\nissuer = \"https://id.example.test\"\n\n[database]\nurl = \"sqlite:{}\"\n\n\
         [keys]\nencryption_key = {{ env = \"TEST_KEY\" }}\n\n{extra}",
        data.display()
    );
    std::fs::write(folder.path().join("vestibule.toml"), toml).expect("a file");
    let env = |name: &str| (name == "TEST_KEY").then(|| super::app::ENCRYPTION_KEY.to_owned());
    vestibule::config::load(folder.path(), &env).err().map(|faults| faults.to_string())
}

/// The configuration without that client's table.
pub fn without_client(toml: &str, client: &str) -> String {
    let begins = format!("client_id = \"{client}\"\n");
    let tables: Vec<&str> = toml.split("\n[[clients]]\n").collect();
    let kept: Vec<&str> = tables.iter().filter(|table| !table.starts_with(&begins)).copied().collect();
    assert_eq!(kept.len() + 1, tables.len(), "{client} has one table");
    kept.join("\n[[clients]]\n")
}

/// The configuration with that client disabled.
pub fn with_disabled(toml: &str, client: &str) -> String {
    let line = format!("client_id = \"{client}\"\n");
    assert_eq!(toml.matches(&line).count(), 1, "{client} has one table");
    toml.replace(&line, &format!("{line}enabled = false\n"))
}
