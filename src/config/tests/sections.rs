//! What a right configuration comes to, files and the environment.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;
use crate::model::client::{ClientAuthentication, ConsentPolicy, PkcePolicy};
use crate::protocol::opaque::TokenHash;

#[test]
fn defaults_are_those_of_the_product() {
    let config = serve("").unwrap();
    assert_eq!(config.server.issuer.as_str(), "https://id.example.com");
    assert_eq!(config.server.listen, ["127.0.0.1:9400".parse().unwrap()]);
    assert_eq!(config.database.folder(), Some(Path::new("/var/lib/vestibule")));
    assert!(config.redis.is_none() && config.server.admin_listen.is_none() && !config.dev);
    let seconds = |duration: Duration| duration.as_secs();
    let lifetimes = &config.lifetimes;
    assert_eq!(
        [lifetimes.code, lifetimes.interaction, lifetimes.session_idle, lifetimes.session_absolute].map(seconds),
        [60, 1800, 43_200, 604_800]
    );
    assert_eq!([lifetimes.access_token, lifetimes.id_token].map(seconds), [600, 600]);
    let refresh = &lifetimes.refresh;
    assert_eq!([refresh.idle, refresh.absolute, refresh.grace].map(seconds), [1_209_600, 7_776_000, 20]);
    assert_eq!(config.keys.encryption_keys[0].expose_secret(), KEY);
}

#[test]
fn every_file_counts_and_hidden_ones_do_not() {
    let client = "[[clients]]\nclient_id = \"c\"\nredirect_uris = [\"https://app.example/cb\"]\ntoken_endpoint_auth_method = \"none\"\n";
    let folder = Folder::new(&[
        ("a.toml", HEAD),
        ("clients/deep/c.toml", client),
        ("server.toml", "[server]\nlisten = [\"127.0.0.1:1\", \"[::1]:1\"]\n"),
        ("..data/c.toml", client),
        (".c.toml.swp.toml", "nonsense"),
        ("c.toml.example", "nonsense"),
    ]);
    let config = load(folder.path(), &env).unwrap();
    assert_eq!(config.server.listen.len(), 2);
    let client = config.registry.find_client("c").unwrap();
    let defined_at = client.defined_at.clone().unwrap();
    assert!(defined_at.ends_with("clients/deep/c.toml:1"), "{defined_at}");
    assert!(client.is_public() && client.consent == ConsentPolicy::Remember && client.pkce == PkcePolicy::Required);
    assert_eq!(client.scope.to_string(), "openid profile email");
    assert!(client.default_scope.is_empty());
}

#[test]
fn secrets_come_from_files_beside_and_from_the_environment() {
    let secret = "0123456789abcdefghijklmnopqrstuvwxyz-._ABCD";
    let folder = Folder::new(&[
        ("a.toml", HEAD),
        ("clients/secret", &format!("{secret}\r\n")),
        (
            "clients/c.toml",
            "[[clients]]\nclient_id = \"file\"\ngrant_types = [\"client_credentials\"]\nclient_secret_file = \"secret\"\n\
             [[clients]]\nclient_id = \"env\"\ngrant_types = [\"client_credentials\"]\nclient_secret = { env = \"SECRET\" }\n",
        ),
    ]);
    let with = |name: &str| if name == "SECRET" { Some(secret.to_owned()) } else { env(name) };
    let config = load(folder.path(), &with).unwrap();
    for id in ["file", "env"] {
        let client = config.registry.find_client(id).unwrap();
        let ClientAuthentication::Secret { hashes, pinned } = &client.authentication else { panic!("{id}") };
        assert!(hashes == &[TokenHash::of(secret.as_bytes())] && pinned.is_none(), "{id}");
    }
}

#[test]
fn the_environment_comes_before_files() {
    let folder = Folder::new(&[("a.toml", HEAD), ("key", KEY)]);
    let key_file = folder.path().join("key").display().to_string();
    let with = |name: &str| {
        let value = match name {
            "VESTIBULE__SERVER__ISSUER" => "https://other.example",
            "VESTIBULE__SERVER__LISTEN" => "0.0.0.0:80, [::]:80",
            "VESTIBULE__LIFETIMES__CODE" => "30",
            "VESTIBULE__LIFETIMES__ID_TOKEN" => "2m",
            "VESTIBULE__LIMITS__BODY" => "2048",
            "VESTIBULE__REDIS__URL" => "redis://:pw@redis/3",
            "VESTIBULE__KEYS__ENCRYPTION_KEY_FILE" => &key_file,
            "VESTIBULE__LOG__LEVEL" => "",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let config = load(folder.path(), &with).unwrap();
    assert_eq!(config.server.issuer.as_str(), "https://other.example");
    assert_eq!(config.server.listen, ["0.0.0.0:80".parse().unwrap(), "[::]:80".parse().unwrap()]);
    assert_eq!((config.lifetimes.code, config.lifetimes.id_token), (Duration::from_secs(30), Duration::from_mins(2)));
    assert_eq!(config.limits.body, 2048);
    assert_eq!(config.redis.unwrap().url.expose_secret(), "redis://:pw@redis/3");
    assert_eq!(config.log.level, "info");
}

#[test]
fn a_wrong_override_names_the_variable() {
    let with = |name: &str| match name {
        "VESTIBULE__LIMITS__BODY" => Some("big".to_owned()),
        "VESTIBULE__REDIS__URL" => Some("http://:pw@h".to_owned()),
        _ => env(name),
    };
    let faults = load(Folder::new(&[("a.toml", HEAD)]).path(), &with).unwrap_err();
    let shown = format!("{}{faults}", faults.render(false));
    assert!(faults.len() == 2 && shown.contains("environment variable VESTIBULE__LIMITS__BODY:1:1"), "{shown}");
    assert!(!shown.contains("pw@"), "{shown}");
}

#[test]
fn without_a_key_encryption_key_the_command_that_makes_one_is_told() {
    let folder = Folder::new(&[("a.toml", "[server]\nissuer = \"https://id.example.com\"\n")]);
    let faults = load(folder.path(), &|_| None).unwrap_err();
    assert!(faults.lacks_encryption_key() && faults.len() == 1);
    let file = folder.path().join("encryption.key").display().to_string();
    let shown = faults.to_string();
    assert!(shown.contains(&format!("(umask 077; head -c 32 /dev/urandom | base64 > {file})")), "{shown}");
    let placeholder = |name: &str| (name == "KEY").then(|| "A".repeat(43) + "=");
    let faults = load(Folder::new(&[("a.toml", HEAD)]).path(), &placeholder).unwrap_err();
    assert!(faults.to_string().contains("is a placeholder") && !faults.lacks_encryption_key(), "{faults}");
}

#[test]
fn issuers_are_mended() {
    for (issuer, mended) in [
        ("https://id.example.com/", "issuer = \\\"https://id.example.com\\\""),
        ("http://id.example.com", "issuer = \\\"https://id.example.com\\\""),
        ("HTTPS://ID.example.com:443/a/", "issuer = \\\"https://id.example.com/a\\\""),
        ("id.example.com", "for example https://id.example.com"),
    ] {
        let text = format!("[server]\nissuer = \"{issuer}\"\n[keys]\nencryption_key = {{ env = \"KEY\" }}\n");
        let faults = load(Folder::new(&[("a.toml", &text)]).path(), &env).unwrap_err();
        let shown = faults.to_json().to_string();
        assert!(faults.len() == 1 && shown.contains("\"line\":2") && shown.contains(mended), "{issuer}: {shown}");
    }
    let faults = load(Folder::new(&[]).path(), &env).unwrap_err();
    assert!(
        faults.to_string().contains("[server] issuer = \"https://id.example.com\"") && faults.len() == 2,
        "{faults}"
    );
}

#[test]
fn folders_and_files_that_cannot_be_read_say_what_to_do() {
    let faults = load(Path::new("/nowhere/config"), &env).unwrap_err();
    assert_eq!(faults.len(), 1, "what follows from it is not told: {faults}");
    assert!(faults.to_string().contains("does not exist") && faults.to_string().contains("--config DIR"), "{faults}");
    assert!(load_dev(Some(Path::new("/nowhere/config")), &settings(), &env).is_err());

    let folder = Folder::new(&[("a.toml", HEAD), ("c.toml", "[lifetimes]\ncode = \"11m\"\n")]);
    folder.write("b.toml", b"[log]\nlevel = \"\xff\"\n");
    let told = told(&load(folder.path(), &env).unwrap_err());
    assert!(told.len() == 2 && told[0].starts_with("b.toml:2:10 the file is not UTF-8"), "{told:#?}");
    assert!(told[1].starts_with("c.toml:2:8"), "the other files are read all the same: {told:#?}");

    let folder = Folder::new(&[("a.toml", "\u{feff}[server]\r\nissuer = \"https://id.example.com\"\r\nlisen = 1\r\n")]);
    let with_bom = load(folder.path(), &|name| {
        if name == "VESTIBULE__KEYS__ENCRYPTION_KEY" { Some(KEY.to_owned()) } else { None }
    });
    assert!(super::told(&with_bom.unwrap_err())[0].starts_with("a.toml:3:1 `lisen`"));
}

#[test]
fn a_postgres_url_comes_from_where_secrets_come_from() {
    let redis = "[redis]\nurl = \"redis://localhost\"\n";
    let secret = "postgres://vestibule:hunter2@db.example/vestibule?sslmode=verify-full";
    let folder = Folder::new(&[
        ("a.toml", &format!("{HEAD}[database]\nurl_file = \"url\"\nmax_connections = 3\n{redis}")),
        ("url", &format!("{secret}\n")),
    ]);
    let config = load(folder.path(), &env).unwrap();
    let Database::Postgres(postgres) = &config.database else { panic!("{:?}", config.database) };
    assert_eq!((postgres.url.expose_secret(), postgres.max_connections), (secret, 3));
    assert_eq!(
        (postgres.acquire_timeout, postgres.statement_timeout),
        (Duration::from_secs(2), Duration::from_secs(5))
    );
    assert_eq!(config.database.folder(), None);
    assert!(!format!("{config:?}").contains("hunter2"));

    // Without a password it may stand in the file; a socket has its folder in the query.
    for url in ["postgresql://db/v", "postgres:///v?host=/run/postgresql&user=v"] {
        assert!(serve(&format!("[database]\nurl = \"{url}\"\n{redis}")).is_ok(), "{url}");
    }
}

#[test]
fn a_client_may_have_refresh_rules_of_its_own() {
    let client = |more: &str| {
        format!(
            "[lifetimes]\nrefresh_idle = \"2d\"\n[[clients]]\nclient_id = \"c\"\ngrant_types = [\"client_credentials\"]\n\
             client_secret_hash = \"sha256:{}\"\n{more}",
            TokenHash::of(b"a secret").to_hex()
        )
    };
    let rules = |text: &str| {
        let config = serve(&client(text)).unwrap();
        config.registry.find_client("c").unwrap().refresh.rules(&config.lifetimes.refresh)
    };
    let hours = Duration::from_hours;
    let general = rules("");
    assert_eq!((general.rotation, general.idle, general.absolute), (true, hours(48), hours(24 * 90)));
    let own =
        rules("refresh_rotation = false\nrefresh_idle = \"1h\"\nrefresh_absolute = \"2h\"\nrefresh_grace = \"0s\"");
    assert_eq!((own.rotation, own.idle, own.absolute, own.grace), (false, hours(1), hours(2), Duration::ZERO));
}
