//! The container files, held against the crate, the configuration and the command line: every variable, path,
//! port and command in them is one that exists, and the commands do on real stores what they are for.
//!
//! Owns: what of `Dockerfile`, `docker-compose.yml` and `deploy/compose/` can be known without Docker. Does not
//! own: building images, starting containers: docs/compose.md says that nobody did.

use std::collections::BTreeSet;
use std::path::Path;

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

use crate::cli::program::{Ended, Home, random_key, run};
use crate::support::postgres::Postgres;
use crate::support::redis::Redis;

/// What docs/compose.md puts into `.env`.
const SECRETS: [&str; 3] = ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "ENCRYPTION_KEY"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// YAML as JSON, with merge keys (`<<`) merged as Compose does.
fn plain(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Sequence(items) => items.iter().map(plain).collect(),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = key.as_str().expect("a text as key");
                match (key, plain(value)) {
                    ("<<", Value::Object(merged)) => {
                        for (key, value) in merged {
                            object.entry(key).or_insert(value);
                        }
                    }
                    (key, value) => drop(object.insert(key.to_owned(), value)),
                }
            }
            Value::Object(object)
        }
        other => panic!("not expected in a file of ours: {other:?}"),
    }
}

fn compose() -> Value {
    let text = read("docker-compose.yml");
    let documents = Yaml::load_from_str(&text).expect("YAML");
    plain(&documents[0])
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// The services that run our image.
fn ours(compose: &Value) -> Vec<(&String, &Value)> {
    let services = compose["services"].as_object().expect("services");
    services.iter().filter(|(_, service)| service["image"] == "vestibule").collect()
}

/// `${NAME:?why}` in a text.
fn interpolated(text: &str) -> BTreeSet<String> {
    let names = text.split("${").skip(1).map(|rest| rest.split(['}', ':']).next().unwrap_or_default().to_owned());
    names.collect()
}

/// The environment of a service, with secrets in place of their names.
fn environment(service: &Value, secrets: &[(&str, &str)]) -> Vec<(String, String)> {
    let variables = service["environment"].as_object().expect("an environment");
    let fill = |text: &str| {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, next) = after.split_once('}').expect("an end");
            let (name, why) = name.split_once(":?").expect("a message for whoever has no .env");
            assert!(why.contains("docs/compose.md"), "{text}");
            out.push_str(before);
            out.push_str(secrets.iter().find(|(known, _)| *known == name).expect("a secret of .env").1);
            rest = next;
        }
        out.push_str(rest);
        out
    };
    variables.iter().map(|(name, value)| (name.clone(), fill(value.as_str().expect("a text")))).collect()
}

/// The arguments that a container of this service begins with.
fn command_of(service: &Value) -> Vec<String> {
    let own = texts(&service["command"]);
    if own.is_empty() { dockerfile().command } else { own.into_iter().map(str::to_owned).collect() }
}

/// What a Dockerfile says, one instruction a line.
struct Dockerfile {
    instructions: Vec<(String, String)>,
    command: Vec<String>,
}

fn dockerfile() -> Dockerfile {
    let text = read("Dockerfile").replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let instructions: Vec<(String, String)> = lines
        .map(|line| line.split_once(' ').expect("an instruction"))
        .map(|(name, rest)| (name.to_owned(), rest.trim().to_owned()))
        .collect();
    let command = instructions.iter().find(|(name, _)| name == "CMD").expect("CMD").1.clone();
    let command = serde_json::from_str(&command).expect("the form without a shell");
    Dockerfile { instructions, command }
}

impl Dockerfile {
    fn all(&self, name: &str) -> Vec<&str> {
        self.instructions.iter().filter(|(known, _)| known == name).map(|(_, rest)| rest.as_str()).collect()
    }

    fn only(&self, name: &str) -> &str {
        let [only] = self.all(name)[..] else { panic!("{name} stands once") };
        only
    }
}

/// A command in which every word is one that the real command line knows: with `--help` at its end it explains
/// itself, and otherwise says what it does not know.
async fn expect_known(home: &Home, command: &[String]) {
    let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    arguments.push("--help");
    home.run(&arguments).await.expect(0);
}

#[tokio::test]
async fn every_variable_path_and_command_of_the_composition_exists() {
    let compose = compose();
    let home = Home::new();
    let services = ours(&compose);
    assert_eq!(
        services.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["vestibule-1", "vestibule-2", "migrate"]
    );
    let (key, dockerfile) = (random_key(), dockerfile());
    let secrets = [(SECRETS[0], "0a1b"), (SECRETS[1], "2c3d"), (SECRETS[2], key.as_str())];
    for (name, service) in &services {
        expect_known(&home, &command_of(service)).await;
        // The mounted folder is the one that the image reads, and what is in it is valid with these variables...
        let [mount] = texts(&service["volumes"])[..] else { panic!("{name}: one mount") };
        let [source, target, "ro"] = mount.split(':').collect::<Vec<_>>()[..] else { panic!("{name}: {mount}") };
        assert_eq!(dockerfile.only("ENV"), format!("VESTIBULE_CONFIG={target}"));
        let folder = root().join(source);
        let variables = environment(service, &secrets);
        let check = |variables: &[(String, String)]| {
            let mut command = home.command(&["check"]);
            command.env("VESTIBULE_CONFIG", &folder).envs(variables.iter().cloned());
            run(command, "")
        };
        check(&variables).await.expect(0);
        // ... and with none of them less.
        for left_out in &variables {
            let others: Vec<_> = variables.iter().filter(|variable| *variable != left_out).cloned().collect();
            let ended: Ended = check(&others).await.expect(3);
            assert!(ended.stdout.contains(&left_out.0), "{}: {}", left_out.0, ended.stdout);
        }
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
    }
    // The secrets are those that the page makes, and each is used.
    let text = read("docker-compose.yml");
    assert_eq!(interpolated(&text), SECRETS.map(str::to_owned).into());
    let page = read("docs/compose.md");
    assert!(SECRETS.iter().all(|name| page.contains(&format!("{name}=%s"))), "docs/compose.md makes another .env");
}

#[test]
fn services_meet_under_the_names_and_ports_that_they_have() {
    let compose = compose();
    let config = read("deploy/compose/config/vestibule.toml");
    let config: toml::Table = config.parse().expect("TOML");
    let server = |key: &str| config["server"][key].as_str().expect("a text").to_owned();
    let port = server("listen").rsplit(':').next().expect("a port").to_owned();
    assert_eq!(dockerfile().only("EXPOSE"), port);
    // The proxy: from the issuer's port on this machine to every instance.
    let caddyfile = read("deploy/compose/Caddyfile");
    let site = caddyfile.lines().find_map(|line| line.strip_suffix(" {")?.strip_prefix(':')).expect("a site");
    let issuer: url::Url = server("issuer").parse().expect("a URL");
    let proxy = &compose["services"]["proxy"];
    assert_eq!(texts(&proxy["ports"]), [format!("127.0.0.1:{}:{site}", issuer.port().expect("a port"))]);
    let instances: Vec<String> = ours(&compose)
        .iter()
        .filter(|(name, _)| *name != "migrate")
        .map(|(name, _)| format!("{name}:{port}"))
        .collect();
    let upstreams = caddyfile.lines().find_map(|line| line.trim().strip_prefix("reverse_proxy ")).expect("upstreams");
    assert_eq!(upstreams.trim_end_matches(" {").split(' ').collect::<Vec<_>>(), instances);
    assert!(caddyfile.contains("health_uri /readyz\n"));
    let [mount] = texts(&proxy["volumes"])[..] else { panic!("one mount") };
    assert!(root().join(mount.split(':').next().expect("a source")).is_file(), "{mount}");
    // Its address is trusted, and nobody else's.
    let subnet = compose["networks"]["default"]["ipam"]["config"][0]["subnet"].as_str().expect("a subnet");
    assert_eq!(config["proxies"]["trusted"], toml::Value::from(vec![subnet]));
    // The stores: names that are services, the user and database that PostgreSQL makes, the password of Redis.
    let variables =
        environment(&compose["services"]["vestibule-1"], &[(SECRETS[0], "p"), (SECRETS[1], "r"), (SECRETS[2], "k")]);
    let url = |name: &str| -> url::Url {
        variables.iter().find(|(known, _)| known == name).expect("it").1.parse().expect("a URL")
    };
    let (database, redis) = (url("DATABASE_URL"), url("REDIS_URL"));
    let postgres = environment(&compose["services"]["postgres"], &[(SECRETS[0], "p")]);
    let made = |name: &str| postgres.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((database.host_str(), database.port()), (Some("postgres"), Some(5432)));
    assert_eq!((Some(database.username()), database.password()), (made("POSTGRES_USER"), made("POSTGRES_PASSWORD")));
    assert_eq!(Some(database.path().trim_start_matches('/')), made("POSTGRES_DB"));
    assert_eq!((redis.host_str(), redis.port(), redis.password()), (Some("redis"), Some(6379), Some("r")));
    let settings = texts(&compose["services"]["redis"]["command"]).join(" ");
    assert!(settings.starts_with("redis-server --requirepass ${REDIS_PASSWORD:?"), "{settings}");
    assert!(settings.contains("--appendonly yes") && settings.contains("--maxmemory-policy noeviction"), "{settings}");
    // Who waits for whom is there, and every volume that is named is declared.
    let services = compose["services"].as_object().expect("services");
    for (name, service) in services {
        let awaited: Vec<&str> = match &service["depends_on"] {
            Value::Object(map) => map.keys().map(String::as_str).collect(),
            other => texts(other),
        };
        for other in awaited {
            assert!(services.contains_key(other), "{name} waits for {other}");
        }
    }
    for service in ["postgres", "redis"] {
        let [mount] = texts(&services[service]["volumes"])[..] else { panic!("one mount") };
        let volume = mount.split(':').next().expect("a name");
        assert!(compose["volumes"].as_object().expect("volumes").contains_key(volume), "{mount}");
        assert!(!services[service]["healthcheck"]["test"].is_null(), "{service}");
    }
    // Longer than the server's own time to finish.
    assert_eq!(services["vestibule-1"]["stop_grace_period"], "20s");
}

#[tokio::test]
async fn the_image_is_made_of_what_there_is_and_runs_what_there_is() {
    let dockerfile = dockerfile();
    let [build, last] = dockerfile.all("FROM")[..] else { panic!("two stages") };
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let package = &manifest["workspace"]["package"];
    let rust = package["rust-version"].as_str().expect("a version");
    assert_eq!(build, format!("rust:{rust}-slim-bookworm AS build"));
    assert!(last.ends_with(":nonroot") && last.contains("distroless/cc-debian12"), "{last}");
    assert_eq!(dockerfile.only("USER"), "65532:65532");
    let labels = dockerfile.only("LABEL");
    for (label, value) in [("version", &package["version"]), ("licenses", &package["license"])] {
        let label = format!("org.opencontainers.image.{label}={value}");
        assert!(labels.contains(&label), "{label}: {labels}");
    }
    let compiled = dockerfile.all("RUN").into_iter().find(|run| run.contains("cargo build")).expect("a build");
    assert!(compiled.contains("cargo build --profile dist --locked --bin vestibule"), "{compiled}");
    assert!(manifest["profile"]["dist"].is_table());
    // The context lets through what exists, and all that the build needs.
    let ignore = read(".dockerignore");
    assert!(ignore.lines().any(|line| line == "*"), "everything is let through");
    let let_through: Vec<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for needed in ["Cargo.toml", "Cargo.lock", "migrations", "guard", "src", "templates", "config", "tests"] {
        assert!(let_through.contains(&needed) && root().join(needed).exists(), "{needed}");
    }
    for (kind, folder) in [("bin", "src/bin"), ("test", "tests"), ("bench", "benches"), ("example", "examples")] {
        for target in manifest.get(kind).and_then(toml::Value::as_array).into_iter().flatten() {
            let path = target.get("path").and_then(toml::Value::as_str).unwrap_or(folder);
            assert!(let_through.iter().any(|folder| Path::new(path).starts_with(folder)), "{path}");
        }
    }
    // It runs the program it was given, as the command line has it; nothing in it is a secret.
    let entry: Vec<String> = serde_json::from_str(dockerfile.only("ENTRYPOINT")).expect("a list");
    assert_eq!(entry, ["/usr/local/bin/vestibule"]);
    assert!(dockerfile.all("COPY").contains(&"--from=build /out/vestibule /usr/local/bin/vestibule"));
    let home = Home::new();
    expect_known(&home, &dockerfile.command).await;
    let health = dockerfile.only("HEALTHCHECK").split_once("CMD ").expect("a command").1;
    let health: Vec<String> = serde_json::from_str(health).expect("a list");
    assert_eq!(health[..1], entry);
    expect_known(&home, &health[1..]).await;
    for (name, rest) in &dockerfile.instructions {
        let secret = ["PASSWORD", "SECRET", "KEY", "TOKEN"].iter().any(|word| rest.to_uppercase().contains(word));
        assert!(!secret || !["ENV", "ARG", "LABEL"].contains(&name.as_str()), "{name} {rest}");
    }
}

/// The containers' commands with the containers' environment, one after the other as Compose starts them; only
/// hosts and ports are those of the test.
#[tokio::test]
async fn the_commands_of_the_composition_do_on_real_stores_what_they_are_for() {
    let compose = compose();
    let database = Postgres::shared().database();
    let redis = Redis::start();
    let key = random_key();
    let secrets = [(SECRETS[0], "p"), (SECRETS[1], "r"), (SECRETS[2], key.as_str())];
    let home = Home::new();
    let container = |service: &Value, arguments: &[&str]| {
        let mut command = home.command(arguments);
        let mount = texts(&service["volumes"])[0].split(':').next().expect("a source").to_owned();
        command.envs(environment(service, &secrets)).env("VESTIBULE_CONFIG", root().join(mount));
        command.env("DATABASE_URL", database.url()).env("REDIS_URL", redis.url());
        command
    };
    let services = &compose["services"];
    let migrate: Vec<&str> = texts(&services["migrate"]["command"]);
    run(container(&services["migrate"], &migrate), "").await.expect(0);
    for name in ["vestibule-1", "vestibule-2"] {
        let service = &services[name];
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
        let arguments = command_of(service);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let log = home.path().join(name);
        let mut serve = container(service, &arguments);
        serve.env("VESTIBULE__SERVER__LISTEN", free.to_string()).stderr(std::fs::File::create(&log).expect("a log"));
        let mut child = serve.spawn().expect("the program");
        loop {
            let mut health = container(service, &["healthcheck"]);
            health.env("VESTIBULE__SERVER__LISTEN", free.to_string());
            if run(health, "").await.code == Some(0) {
                break;
            }
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(child.try_wait().expect("a child").is_none(), "it ended: {}", said());
        }
        let add = ["user", "add", &format!("of-{name}"), "--role", "customer"];
        run(container(service, &add), "").await.expect(0);
    }
}
