//! Each mistake, where it is shown, and what the help says.

use super::*;

/// A client that is right, without its header and id.
const CLIENT: &str = "redirect_uris = [\"https://app.example/cb\"]\ntoken_endpoint_auth_method = \"none\"\n";

/// Checks that `text` has exactly the expected fault: its `line:column`, a part of its message and of its help.
#[track_caller]
pub(super) fn assert_fault(load: fn(&str) -> Result<Config, Faults>, text: &str, expected: (&str, &str, &str)) {
    let told = told(&load(text).expect_err(text));
    let (place, message, help) = expected;
    let fits = |line: &String| {
        let (before, after) = line.split_once(" | ").unwrap();
        before.starts_with(&format!("b.toml:{place} ")) && before.contains(message) && after.contains(help)
    };
    assert!(told.len() == 1 && fits(&told[0]), "{text}\nexpected {expected:?}\ngot {told:#?}");
}

#[test]
fn mistakes_of_form_are_shown_where_they_stand() {
    for (text, place, message, help) in [
        ("[server]\nlisten_on = 1", "2:1", "`listen_on` is not a key of [server]", "did you mean `listen`?"),
        ("[sever]\nlisten = \"127.0.0.1:1\"", "1:2", "`sever` is not a key of the top level", "did you mean `server`?"),
        ("colour = 1", "1:1", "`colour` is not a key", "the top level knows config_version, server"),
        ("code = \"60s\"", "1:1", "`code` is not a key", "`code` belongs under [lifetimes]"),
        ("config_version = 2", "1:18", "`config_version` 1 only", "write config_version = 1"),
        ("[mail]\nfrom = \"a@b\"", "1:2", "`mail` is not supported in this version", "remove it"),
        ("[clients]\nclient_id = \"a\"", "1:1", "`clients` must be a list of tables", "[[clients]]"),
        ("clients = [1]", "1:12", "each of `clients` must be a table", "[[clients]]"),
        ("[log]\nlevel = 3", "2:9", "`level` must be a string, but is an integer", "write it in quotes: level"),
        (
            "[limits]\nbody = \"big\"",
            "2:8",
            "`body` must be a whole number, but is the string \"big\"",
            "write a whole number",
        ),
        ("[limits]\nbody = 1.5", "2:8", "a number with a fraction", "write a whole number"),
        ("[limits]\nbody = 99999999999999999999", "2:8", "beyond 64 bits", "write a whole number"),
        ("[limits]\nbody = 0", "2:8", "`body` is 0, outside of 1024 to", "write a whole number"),
        ("[limits]\nquery = -1", "2:9", "`query` is -1", "from 1024"),
        ("[lifetimes]\ncode = 601", "2:8", "`code` is 601s, outside of 1s to 10m", "\"10m\""),
        ("[lifetimes]\ncode = \"11m\"", "2:8", "`code` is 11m", "to 10m"),
        ("[lifetimes]\naccess_token = 0", "2:16", "`access_token` is 0s", "from 1s"),
        ("[lifetimes]\nsession_absolute = \"4000d\"", "2:20", "is 4000d", "to 365d"),
        ("[lifetimes]\nsession_idle = -5", "2:16", "must be a length of time", "\"30s\""),
        ("[lifetimes]\nsession_idle = \"ten\"", "2:16", "is the string \"ten\"", "\"30s\""),
        ("[lifetimes]\nsession_idle = \"8d\"", "2:16", "longer than `session_absolute`", "session_absolute"),
        ("[lifetimes]\nrefresh_grace = \"6m\"", "2:17", "`refresh_grace` is 6m", "to 5m"),
        ("[lifetimes]\nrefresh_idle = \"91d\"", "2:16", "longer than `refresh_absolute`", "refresh_absolute"),
        ("[lifetimes]\ndevice_code = \"10m\"", "2:1", "`device_code` is not supported in this version", "remove it"),
        ("[log]\nformat = \"jsn\"", "2:10", "`format` cannot be \"jsn\"", "did you mean \"json\"?"),
        ("[log]\nlevel = \"x=y=z\"", "2:9", "is not a level", "error, warn, info"),
        ("[proxies]\ntrusted = [\"10.0.0.0/33\"]", "2:12", "`trusted` cannot be", "10.0.0.0/8"),
        (
            "[limits]\nsign_in_failures = 0",
            "2:20",
            "`sign_in_failures` is 0, outside of 1 to 1000",
            "write a whole number",
        ),
        ("[limits]\nsign_in_failures = 101", "1:1", "would never count", "account_failures = 101 or more"),
        ("[limits]\nfailure_window = \"0s\"", "2:18", "outside of 1s to 7d", "write seconds"),
        ("[limits]\nexempt_addresses = [\"all\"]", "2:21", "cannot be \"all\"", "that many people share"),
        ("[limits]\nexempt_addresses = [\"::/0\"]", "2:21", "every address on earth", "that many people share"),
        ("[proxies]\ntrusted = [\"0.0.0.0/0\"]", "2:12", "every address on earth", "addresses of the proxies"),
        ("[passwords]\nmemory_kib = 64", "2:14", "`memory_kib` is 64", "from 7168"),
        ("[passwords]\nmin_length = 4", "2:14", "`min_length` is 4", "from 8"),
        ("[database]\nurl = \"postgres://db/v\"", "2:7", "PostgreSQL needs a [redis]", "redis://HOST"),
        ("[database]\nurl = \"postgresql://v:hunter2@db/v\"", "2:7", "`url` shows a password", "DATABASE_URL"),
        ("[database]\nurl = \"postgres://db/v?password=hunter2\"", "2:7", "`url` shows a password", "url_file"),
        ("[database]\nurl = \"postgres://db\"", "2:7", "not the URL of a PostgreSQL database", "HOST:5432/DATABASE"),
        ("[database]\nurl = \"mysql://db/v\"", "2:7", "must begin with sqlite:// or postgres://", "sqlite:///var"),
        ("[database]\nmax_connections = 0", "2:19", "`max_connections` is 0", "from 1"),
        ("[database]\nstatement_timeout = \"6s\"", "2:21", "`statement_timeout`", "5s"),
        ("[database]\nurl = \"sqlite://v.db\"", "2:7", "a folder, not a file", "sqlite:///var"),
        ("[redis]\nurl = \"http://h\"", "2:7", "not the URL of a Redis server", "redis://HOST"),
        ("[redis]\nurl = \"redis://h/x\"", "2:7", "a database that is not a number", "/0"),
        ("[redis]\nkey_prefix = \"v:\"", "1:1", "[redis] has no `url`", "remove the section"),
        ("[server]\nlisten = \"localhost:1\"", "2:10", "`listen` cannot be \"localhost:1\"", "IP address and a port"),
        ("[server]\nadmin_listen = \"127.0.0.1:9400\"", "2:16", "is also in `listen`", "9401"),
        ("[log]\nlevel = info", "2:9", "not valid TOML", "in quotes"),
        ("[log]\nlevel = \"info", "2:14", "not valid TOML", "close what was opened"),
        ("[log]\nlevel = \"a\"\nlevel = \"b\"", "3:1", "defined twice in this file", "remove or rename"),
    ] {
        assert_fault(serve, text, (place, message, help));
    }
}

#[test]
fn a_table_and_a_value_of_one_name_are_told() {
    let told = told(&serve("server = 1").unwrap_err());
    assert!(told.len() == 1 && told[0].starts_with("b.toml:1:1 `server` is set twice"), "{told:?}");
}

#[test]
fn mistakes_of_a_client_are_shown_where_they_stand() {
    for (lines, place, message, help) in [
        ("redirect_uri = \"x\"", "5:1", "`redirect_uri` is not a key of [[clients]]", "did you mean `redirect_uris`?"),
        ("jwks_uri = \"x\"", "5:1", "`jwks_uri` is not supported in this version", "remove it"),
        ("frontchannel_logout_uri = \"https://app.example/\"", "5:1", "not supported in this version", "remove it"),
        ("scope = \"openid reed:users\"", "5:17", "no API has the scope reed:users", "did you mean read:users?"),
        ("scope = [\"openid\", \"write:posts\"]", "5:21", "no API has the scope write:posts", "[[apis]]"),
        ("scope = \"a\\\\b\"", "5:9", "is not a scope", "single spaces"),
        (
            "default_scope = \"openid read:users\"",
            "5:25",
            "`default_scope` has read:users",
            "add read:users to `scope`",
        ),
        ("default_audience = \"https://other.example\"", "5:20", "no API has the audience", "[[apis]]"),
        (
            "default_audience = \"https://api.example/v2\"",
            "5:20",
            "no API has the audience",
            "did you mean https://api.example/v1?",
        ),
        ("consent = \"never\"", "5:11", "only for a first_party client", "first_party = true"),
        ("pkce = \"optional\"", "5:8", "only for a client with a secret", "remove the line"),
        ("refresh_rotation = false", "5:20", "only for a client with a secret", "remove the line"),
        ("refresh_absolute = \"4000d\"", "5:20", "is 4000d", "\"10m\""),
        ("grant_types = [\"password\"]", "5:17", "password grant only when it is first_party", "first_party = true"),
        ("grant_types = [\"client_credentials\"]", "5:17", "public client may not use client_credentials", "secret"),
        ("grant_types = [\"implicit\"]", "5:16", "\"implicit\" is not supported", "authorization_code"),
        ("grant_types = [\"pasword\"]", "5:16", "cannot hold \"pasword\"", "did you mean \"password\"?"),
        (
            "id_token_signed_response_alg = \"HS256\"",
            "5:32",
            "only an API has tokens signed with a shared secret",
            "RS256",
        ),
        ("id_token_signed_response_alg = \"none\"", "5:32", "cannot be \"none\"", "ES256"),
        ("access_token_lifetime = \"2d\"", "5:25", "is 2d, outside of 1s to 1d", "\"10m\""),
        ("allowed_origins = [\"https://app.example/\"]", "5:20", "takes origins", "write \"https://app.example\""),
        ("allowed_origins = [\"*\"]", "5:20", "cannot hold \"*\"", "without wildcard"),
        ("application_type = \"mobile\"", "5:20", "cannot be \"mobile\"", "\"native\""),
        ("enabled = \"yes\"", "5:11", "must be true or false", "without quotes"),
    ] {
        let api = "[[apis]]\naudience = \"https://api.example/v1\"\nscopes = [{ name = \"read:users\", description = \"d\" }]\n";
        let text = format!("[[clients]]\nclient_id = \"c\"\n{CLIENT}{lines}\n{api}");
        assert_fault(serve, &text, (place, message, help));
    }
}

#[test]
fn names_of_clients_and_roles_are_checked() {
    for (text, place, message, help) in [
        (format!("[[clients]]\n{CLIENT}"), "1:1", "[[clients]] has no `client_id`", "client_id = \"my-app\""),
        (format!("[[clients]]\nclient_id = \"a b\"\n{CLIENT}"), "2:13", "`client_id` a client id is", "my-app"),
        (
            format!("[[clients]]\nclient_id = \"01890a5d-ac96-774b-bcce-b302099a8057\"\n{CLIENT}"),
            "2:13",
            "look like a user id",
            "my-app",
        ),
        ("[[roles]]\nname = \"a b\"".to_owned(), "2:8", "`name` must be 1 to 64", "name = \"editor\""),
        ("[[roles]]\nname = \"a\"\nscopes = [\"x\", \"y z\"]".to_owned(), "", "", ""),
        (
            "[[roles]]\nname = \"a\"\nscopes = [\"openid\"]".to_owned(),
            "3:12",
            "a role cannot hold openid",
            "need no role",
        ),
        (
            "[[roles]]\nname = \"a\"\ndefualt = true".to_owned(),
            "3:1",
            "`defualt` is not a key",
            "did you mean `default`?",
        ),
    ] {
        if place.is_empty() {
            assert_eq!(serve(&text).unwrap_err().len(), 3, "each dangling scope is told");
            continue;
        }
        assert_fault(serve, &text, (place, message, help));
    }
}

const HS256: &str = "[[apis]]\naudience = \"https://a.example\"\nsigning_alg = \"HS256\"\n";

#[test]
fn a_shared_secret_is_long_hidden_and_of_one_api() {
    for (text, place, message, help) in [
        (
            "[[apis]]\naudience = \"https://a.example\"\nsigning_alg = \"HS256\"".to_owned(),
            "3:15",
            "needs a secret that the API shares",
            "signing_secret_file",
        ),
        (format!("{HS256}signing_secret = \"0123456789abcdef0123456789abcdef\""), "4:18", "shows the secret", "env = "),
        (format!("{HS256}signing_secret = {{ env = \"SHORT\" }}"), "4:26", "fewer than 32 bytes", "head -c 32"),
        (
            format!("{HS256}signing_secret = [{{ env = \"KEY\" }}, {{ env = \"KEY\" }}]"),
            "4:44",
            "takes one secret",
            "keep",
        ),
        (
            "[[apis]]\naudience = \"https://a.example\"\nsigning_secret = { env = \"KEY\" }".to_owned(),
            "3:18",
            "only for signing_alg",
            "remove it",
        ),
        (
            format!(
                "{HS256}signing_secret = {{ env = \"KEY\" }}\n{}signing_secret = {{ env = \"KEY\" }}",
                HS256.replace("a.example", "b.example")
            ),
            "8:26",
            "two APIs have the same `signing_secret`",
            "make another",
        ),
        (
            format!(
                "{HS256}signing_secret = {{ env = \"KEY\" }}\n[[clients]]\nclient_id = \"c\"\n{CLIENT}default_audience = \"https://a.example\""
            ),
            "9:20",
            "cannot be an API whose tokens are signed with HS256",
            "`resource`",
        ),
    ] {
        assert_fault(serve, &text, (place, message, help));
    }
}

#[test]
fn mistakes_of_an_api_are_shown_where_they_stand() {
    for (text, place, message, help) in [
        ("[[apis]]\nscopes = []".to_owned(), "1:1", "[[apis]] has no `audience`", "audience = "),
        ("[[apis]]\naudience = \"api\"".to_owned(), "2:12", "must be an absolute URI", "https://api.example.com"),
        ("[[apis]]\naudience = \"https://a.example/#x\"".to_owned(), "2:12", "a fragment", "absolute URI"),
        ("[[apis]]\naudience = \"https://id.example.com/\"".to_owned(), "2:12", "is the issuer", "URI of its own"),
        (
            "[[apis]]\naudience = \"https://a.example\"\nscopes = [\"a\"]".to_owned(),
            "3:11",
            "must be a list of tables",
            "name =",
        ),
        (
            "[[apis]]\naudience = \"https://a.example\"\nscopes = [{ name = \"email\", description = \"d\" }]"
                .to_owned(),
            "3:20",
            "\"email\" is a scope of OpenID Connect",
            "the API's own",
        ),
        (
            "[[apis]]\naudience = \"https://a.example\"\nscopes = [{ name = \"a\" }]".to_owned(),
            "3:11",
            "has no `description`",
            "what it means to a person",
        ),
        (
            "[[apis]]\naudience = \"https://a.example\"\nintrospection_clients = [\"x\"]".to_owned(),
            "3:26",
            "there is no client \"x\"",
            "[[clients]]",
        ),
        (
            format!(
                "[[apis]]\naudience = \"https://a.example\"\nintrospection_clients = [\"x\"]\n[[clients]]\nclient_id = \"x\"\n{CLIENT}"
            ),
            "3:26",
            "public client \"x\" cannot introspect",
            "with a secret",
        ),
    ] {
        assert_fault(serve, &text, (place, message, help));
    }
}

#[test]
fn redirect_uris_are_checked_each_with_its_mend() {
    for (uri, message, help) in [
        ("/cb", "must be an absolute URI", "https://app.example.com/callback"),
        ("https://app.example/cb#x", "must not have a fragment", "\"https://app.example/cb\""),
        ("https://me@app.example/cb", "user name", "remove what stands"),
        ("https://*.app.example/cb", "wildcards are not supported", "each in full"),
        ("https://app.example/*", "wildcards are not supported", "each in full"),
        ("http://app.example/cb", "http is only allowed on loopback", "write \"https://app.example/cb\""),
        ("http://localhost/cb", "needs its port", "application_type = \"native\""),
        ("com.example.app:/cb", "private-use scheme", "application_type = \"native\""),
        ("javascript:alert(1)", "private-use scheme", "use https"),
        ("https://APP.example/cb", "normal form", "write \"https://app.example/cb\""),
    ] {
        let text = format!(
            "[[clients]]\nclient_id = \"c\"\ntoken_endpoint_auth_method = \"none\"\nredirect_uris = [\"{uri}\"]"
        );
        assert_fault(serve, &text, ("4:18", message, help));
    }
    let text = "[[clients]]\nclient_id = \"c\"\ntoken_endpoint_auth_method = \"none\"";
    assert_fault(serve, text, ("1:1", "authorization_code needs `redirect_uris`", "redirect_uris = ["));
}

#[test]
fn secrets_are_checked_and_never_shown() {
    let hash = format!("sha256:{}", crate::protocol::opaque::TokenHash::of(b"really random").to_hex());
    let client = "[[clients]]\nclient_id = \"c\"\nredirect_uris = [\"https://app.example/cb\"]\n";
    for (lines, place, message, help) in [
        (String::new(), "1:1", "neither a secret nor token_endpoint_auth_method", "vestibule client secret"),
        ("client_secret = \"hunter2hunter2\"".to_owned(), "4:17", "shows the secret", "client_secret_hash"),
        ("client_secret = { env = \"NOT_SET\" }".to_owned(), "4:25", "variable NOT_SET is not set", "set NOT_SET"),
        (
            "client_secret = { evn = \"X\" }".to_owned(),
            "4:17",
            "does not say where the secret is",
            "{ env = \"NAME\" }",
        ),
        ("client_secret_file = \"gone\"".to_owned(), "4:22", "cannot be read", "relative to the file"),
        ("client_secret_hash = \"md5:1\"".to_owned(), "4:22", "is not a hash", "vestibule client secret"),
        (
            format!("client_secret_hash = \"sha256:{}\"", "0".repeat(64)),
            "4:22",
            "is a placeholder",
            "vestibule client secret",
        ),
        (
            format!("client_secret_hash = \"{hash}\"\ntoken_endpoint_auth_method = \"none\""),
            "4:22",
            "either public or has a secret",
            "remove the secret",
        ),
        (
            format!("client_secret_hash = \"{hash}\"\nclient_secret = {{ env = \"KEY\" }}"),
            "4:22",
            "set twice (also set here: ",
            "keep one of client_secret_hash",
        ),
        (
            format!("client_secret_hash = \"{hash}\"\ntoken_endpoint_auth_method = \"private_key_jwt\""),
            "5:30",
            "not supported in this version",
            "client_secret_basic",
        ),
        (
            format!("client_secret_hash = [\"{hash}\", \"{hash}\", \"{hash}\"]"),
            "4:23",
            "two secrets at most",
            "newest two",
        ),
    ] {
        assert_fault(serve, &format!("{client}{lines}"), (place, message, help));
    }
    let faults = serve(&format!("{client}client_secret = \"hunter2hunter2\"\n[redis]\nurl = \"redis://:pa55@h/0\""))
        .unwrap_err();
    let shown = format!("{}{faults}{}{faults:?}", faults.render(false), faults.to_json());
    assert!(faults.len() == 2 && faults.render(true).contains("***"), "{shown}");
    for secret in ["hunter2", "pa55"] {
        assert!(!faults.render(false).contains(secret), "{}", faults.render(false));
        assert!(!faults.to_string().contains(secret) && !faults.to_json().to_string().contains(secret));
    }
}

#[test]
fn a_name_in_two_files_is_told_with_both_places() {
    let client = |id: &str| format!("[[clients]]\nclient_id = \"{id}\"\n{CLIENT}");
    let api = |audience: &str| {
        format!("[[apis]]\naudience = \"{audience}\"\nscopes = [{{ name = \"r\", description = \"d\" }}]\n")
    };
    let one = format!("{}{}[[roles]]\nname = \"x\"\n", client("web"), api("https://a.example"));
    let other = format!(
        "[[roles]]\nname = \"x\"\n{}{}[server]\nissuer = \"https://b\"\n",
        client("web"),
        api("https://b.example")
    );
    let folder = Folder::new(&[("a.toml", HEAD), ("clients/one.toml", &one), ("clients/two.toml", &other)]);
    let told = told(&load(folder.path(), &env).unwrap_err());
    let expected = [
        ("clients/two.toml:2:8 the role x is defined twice (first defined here: ", "one.toml:9:8"),
        ("clients/two.toml:4:13 the client_id web is defined twice (first defined here: ", "one.toml:2:13"),
        ("clients/two.toml:9:20 the scope r is defined twice (first defined here: ", "one.toml:7:20"),
        ("clients/two.toml:11:1 `issuer` is set twice (first set here: ", "a.toml:2:1"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (line, (start, also)) in told.iter().zip(expected) {
        assert!(line.starts_with(start) && line.contains(also), "{line}");
    }
    assert!(load(folder.path(), &env).unwrap_err().render(false).contains("first defined here"));
}
