//! What is wrong with a table, where that is shown, and what to write instead.

use super::*;

/// What stands in a table; where the fault is shown, a part of its message and of its help.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

/// Which provider, and how it is shown.
const FACE: &[Mistake] = &[
    ("id = \"Google\"\npreset = \"google\"", "2:6", "`id` must be 1 to 32 characters", "id = \"google\""),
    ("id = \"a\"\npreset = \"gogle\"", "3:10", "`preset` cannot be \"gogle\"", "did you mean \"google\"?"),
    (
        "id = \"a\"\npreset = \"okta\"",
        "3:10",
        "`preset` cannot be \"okta\"",
        "every OpenID provider goes with \"oidc\"",
    ),
    ("id = \"a\"\npreset = 3", "3:10", "`preset` must be a string", "in quotes"),
    (
        "id = \"google\"\ntenant = \"common\"",
        "3:1",
        "`tenant` is not a key of preset = \"google\"",
        "it is for preset = microsoft",
    ),
    (
        "id = \"google\"\ntennant = \"common\"",
        "3:1",
        "`tennant` is not a key of [[providers]]",
        "did you mean `tenant`?",
    ),
    ("id = \"google\"\ndisplay_name = \" \"", "3:16", "`display_name` must be 1 to 64", "Acme Staff"),
    ("id = \"google\"\norder = 9999", "3:9", "`order` is 9999, outside of -1000 to 1000", "whole number"),
    ("id = \"google\"\nscopes = [\"email\"]", "3:11", "`scopes` has no openid", "add it"),
    ("id = \"google\"\nscopes = []", "1:1", "`scopes` has no openid", "add it"),
    (
        "id = \"google\"\nhosted_domain = \"@example.com\"",
        "3:17",
        "`hosted_domain` cannot hold \"@example.com\"",
        "write \"example.com\"",
    ),
];

/// Whom it may bring, and what becomes of them.
const PEOPLE: &[Mistake] = &[
    (
        "id = \"github\"\nclaims = { name = \"x\" }",
        "3:1",
        "`claims` is not a key of preset = \"github\"",
        "in its own way",
    ),
    ("id = \"google\"\nallowed_domains = [\"*.example.com\"]", "3:20", "cannot hold \"*.example.com\"", "each in full"),
    ("id = \"google\"\nallowed_domains = [\"exämple.com\"]", "3:20", "cannot hold", "xn-- form"),
    ("id = \"google\"\nallowed_domains = [\"corp\"]", "3:20", "cannot hold \"corp\"", "behind the @"),
    ("id = \"google\"\ncreate = \"allowed_domains\"", "3:10", "needs `allowed_domains`", "allowed_domains = ["),
    (
        "id = \"google\"\ncreate = \"allowed_domains\"\nallowed_domains = []",
        "3:10",
        "needs `allowed_domains`",
        "whose addresses",
    ),
    (
        "id = \"google\"\ncreate = \"allowed_domains\"\nallowed_domains = [\"x\"]",
        "4:20",
        "cannot hold \"x\"",
        "behind the @",
    ),
    ("id = \"google\"\ncreate = \"sometimes\"", "3:10", "`create` cannot be \"sometimes\"", "\"always\""),
    ("id = \"google\"\nlink = \"always\"", "3:8", "`link` cannot be \"always\"", "\"ask\""),
    ("id = \"google\"\nstore_tokens = \"yes\"", "3:16", "`store_tokens` must be", "true"),
    ("id = \"google\"\nlogout = \"always\"", "3:10", "`logout` cannot be \"always\"", "\"offer\""),
    ("id = \"github\"\nlogout = \"offer\"", "3:1", "`logout` is not a key of preset = \"github\"", "google, auth0"),
    ("id = \"google\"\nupdate = [\"email\"]", "3:11", "`update` cannot hold \"email\"", "proof of nothing"),
    ("id = \"google\"\nupdate = [\"picture\"]", "3:11", "`update` cannot hold \"picture\"", "update = [\"name\"]"),
    (
        "id = \"google\"\nclaims = { subject = \"email\" }",
        "3:22",
        "`subject` is only for preset = \"oauth2\"",
        "in `sub`",
    ),
    ("id = \"google\"\nclaims = { name = \"a..b\" }", "3:19", "`name` must be 1 to 8 names", "from the outside in"),
    (
        "id = \"google\"\nclaims = { nmae = \"a\" }",
        "3:12",
        "`nmae` is not a key of [providers.claims]",
        "did you mean `name`?",
    ),
    ("id = \"google\"\nclaims = \"name\"", "3:10", "`claims` must be a table", "[providers.claims]"),
    (
        "id = \"google\"\nroles = { claim = \"groups\" }",
        "3:9",
        "[providers.roles] has no `values`",
        "values = { admins",
    ),
    (
        "id = \"google\"\nroles = { values = { a = \"reader\" } }",
        "3:9",
        "[providers.roles] has no `claim`",
        "claim = \"groups\"",
    ),
    (
        "id = \"google\"\nroles = { claim = \"g\", values = { a = \"raeder\" } }",
        "3:39",
        "there is no role \"raeder\"",
        "did you mean reader?",
    ),
    (
        "id = \"google\"\nroles = { claim = \"g\", values = { a = \"r r\" } }",
        "3:39",
        "\"r r\" cannot be a role",
        "[[roles]]",
    ),
    ("id = \"google\"\nroles = { claim = \"g\", values = { a = 1 } }", "3:39", "`a` must be a string", "in quotes"),
    (
        "id = \"github\"\nroles = { claim = \"groups\", values = { acme = \"reader\" } }",
        "3:19",
        "`claim` is always the same",
        "claim = \"teams\"",
    ),
    (
        "id = \"github\"\nroles = { claim = \"teams\", values = { \"acme/a/b\" = \"reader\" } }",
        "3:52",
        "`values` cannot hold \"acme/a/b\"",
        "acme/developers",
    ),
    ("id = \"google\"\nroles = [\"reader\"]", "3:9", "`roles` must be a table", "[providers.roles]"),
];

/// Where it is, and what it knows itself.
const PLACES: &[Mistake] = &[
    ("id = \"corp\"", "2:6", "`preset` is missing, and \"corp\" is the name of none", "preset = \"oidc\""),
    (
        "id = \"google\"\nissuer = \"https://evil.example\"",
        "3:10",
        "is always https://accounts.google.com here",
        "preset = \"oidc\"",
    ),
    ("id = \"auth0\"", "1:1", "[[providers]] has no `domain`", "domain = \"example.eu.auth0.com\""),
    ("id = \"auth0\"\ndomain = \"https://a.auth0.com/\"", "3:10", "`domain` cannot be", "domain = \"a.auth0.com\""),
    ("id = \"auth0\"\ndomain = \"a.auth0.com/x\"", "3:10", "`domain` cannot be", "the name alone"),
    ("id = \"auth0\"\ndomain = \"A.auth0.com\"", "3:10", "`domain` cannot be", "the name alone"),
    ("id = \"auth0\"\ndomain = \"me@a.auth0.com\"", "3:10", "`domain` must not have a user name", "between // and @"),
    (
        "id = \"auth0\"\ndomain = \"a.auth0.com\"\norganization = \"acme\"",
        "4:16",
        "must begin with org_",
        "not its name",
    ),
    (
        "id = \"auth0\"\ndomain = \"a.auth0.com\"\nconnection = \"\"",
        "4:14",
        "`connection` must be 1 to 200",
        "google-oauth2",
    ),
    (
        "id = \"auth0\"\ndomain = \"a.auth0.com\"\nauthorization_parameters = { organization = \"org_1\" }",
        "4:30",
        "`organization` has a key of its own",
        "organization = \"org_1\"",
    ),
    ("id = \"microsoft\"", "1:1", "[[providers]] has no `tenant`", "Directory (tenant) ID"),
    ("id = \"microsoft\"\ntenant = \"contoso.onmicrosoft.com\"", "3:10", "`tenant` cannot be", "not its domain"),
    (
        "id = \"github\"\nbase_url = \"http://git.example.com\"",
        "3:12",
        "must begin with https://",
        "\"https://git.example.com\"",
    ),
    ("id = \"github\"\nbase_url = \"git.example.com\"", "3:12", "must be an absolute https URL", "in full"),
    ("id = \"github\"\nbase_url = \"https://git.example.com?x=1\"", "3:12", "must not have a query", "cut it"),
    (
        "id = \"github\"\norganizations = [\"https://github.com/acme\"]",
        "3:18",
        "`organizations` cannot hold",
        "[\"acme\"]",
    ),
    ("id = \"github\"\nteams = [\"developers\"]", "3:10", "`teams` cannot hold \"developers\"", "acme/developers"),
    ("id = \"o\"\npreset = \"oidc\"", "1:1", "[[providers]] has no `issuer`", "to the byte"),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://id.example.org/.well-known/openid-configuration\"",
        "4:10",
        "is the address of a document",
        "\"https://id.example.org\"",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://ID.example.org:443/\"",
        "4:10",
        "not in normal form",
        "\"https://id.example.org\"",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://id.example.org/?a\"",
        "4:10",
        "must not have a query",
        "cut it",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://id.example.org/#\"",
        "4:10",
        "must not have a user name",
        "behind '#'",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://a;b.example\"",
        "4:10",
        "must have a host of letters",
        "xn-- form",
    ),
    ("id = \"o\"\npreset = \"oidc\"\nissuer = \"ftp://id.example.org\"", "4:10", "an absolute https URL", "in full"),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://id.example.com\"",
        "2:6",
        "is this server itself",
        "the other server",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"http://127.0.0.1:9401\"",
        "4:10",
        "private address",
        "\"127.0.0.0/8\", \"::1\"",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://localhost:9401\"",
        "4:10",
        "private address",
        "\"127.0.0.0/8\", \"::1\"",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://10.1.2.3\"",
        "4:10",
        "private address",
        "allow = [\"10.1.2.3\"]",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://[::ffff:10.1.2.3]\"",
        "4:10",
        "private address",
        "allow = [\"10.1.2.3\"]",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"https://169.254.169.254\"",
        "4:10",
        "private address",
        "169.254.169.254",
    ),
    (
        "id = \"o\"\npreset = \"oidc\"\nissuer = \"http://192.0.2.1\"",
        "4:10",
        "must begin with https://",
        "https://192.0.2.1",
    ),
];

#[track_caller]
fn assert_mistakes(mistakes: &[Mistake]) {
    for (lines, place, message, help) in mistakes {
        let text = format!("[[providers]]\n{lines}\n{SECRET}[[roles]]\nname = \"reader\"\n");
        assert_fault(serve, &text, (place, message, help));
    }
}

#[test]
fn mistakes_of_its_name_and_its_preset_are_shown_where_they_stand() {
    assert_mistakes(FACE);
}

#[test]
fn mistakes_about_people_are_shown_where_they_stand() {
    assert_mistakes(PEOPLE);
}

#[test]
fn mistakes_about_places_are_shown_where_they_stand() {
    assert_mistakes(PLACES);
}

#[test]
fn what_this_server_sets_itself_cannot_be_a_parameter() {
    for (pair, column, message) in [
        ("state = \"x\"", 30, "`state` cannot be set"),
        ("nonce = \"x\"", 30, "`nonce` cannot be set"),
        ("redirect_uri = \"x\"", 30, "`redirect_uri` cannot be set"),
        ("client_id = \"x\"", 30, "`client_id` cannot be set"),
        ("response_type = \"token\"", 30, "`response_type` cannot be set"),
        ("response_mode = \"fragment\"", 30, "`response_mode` cannot be set"),
        ("code_challenge = \"x\"", 30, "`code_challenge` cannot be set"),
        ("code_challenge_method = \"plain\"", 30, "`code_challenge_method` cannot be set"),
        ("request_uri = \"https://evil.example\"", 30, "`request_uri` cannot be set"),
        ("max_age = \"1\"", 30, "`max_age` cannot be set"),
        ("State = \"x\"", 30, "`State` cannot be set"),
        ("scope = \"openid\"", 30, "`scope` has a key of its own"),
        ("hd = \"example.com\"", 30, "`hd` has a key of its own"),
        ("prompt = \"none\"", 39, "`prompt` cannot be \"none\""),
        ("prompt = \"consent login\"", 39, "`prompt` cannot be \"consent login\""),
        ("\"a b\" = \"x\"", 30, "\"a b\" cannot be a parameter"),
        ("a = \"x\\ny\"", 34, "has a control character"),
        ("a = 1", 34, "`a` must be a string"),
        ("a = [\"x\"]", 34, "`a` must be a string"),
    ] {
        let text = format!("[[providers]]\nid = \"google\"\nauthorization_parameters = {{ {pair} }}\n{SECRET}");
        assert_fault(serve, &text, (&format!("3:{column}"), message, ""));
    }
}

#[test]
fn a_provider_in_two_files_is_told_with_both_places() {
    let google = format!("[[providers]]\nid = \"google\"\n{SECRET}");
    let folder = Folder::new(&[("a.toml", HEAD), ("b.toml", &google), ("c.toml", &google)]);
    let told = told(&load(folder.path(), &env).unwrap_err());
    let expected = "c.toml:2:6 the provider google is defined twice (first defined here: ";
    assert!(told.len() == 1 && told[0].starts_with(expected) && told[0].contains("b.toml:2:6"), "{told:?}");
}

#[test]
fn plain_oauth_needs_its_endpoints_and_who_somebody_is() {
    let text = "[[providers]]\nid = \"f\"\npreset = \"oauth2\"\nclient_id = \"v\"\n";
    let all = told(&serve(text).unwrap_err());
    assert_eq!(all.len(), 4, "{all:#?}");
    for key in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "the `subject` of `claims`"] {
        assert!(all.iter().any(|line| line.starts_with("b.toml:1:1") && line.contains(key)), "{key}: {all:#?}");
    }
    let whole = format!(
        "{text}authorization_endpoint = \"https://f.example/a\"\ntoken_endpoint = \"https://f.example/t\"\nuserinfo_endpoint = \"https://f.example/u\"\n"
    );
    for subject in ["email", "user.login", "preferred_username"] {
        let text = format!("{whole}claims = {{ subject = \"{subject}\" }}");
        assert_fault(serve, &text, ("8:22", "somebody else may have it one day", "usually \"id\""));
    }
    let claims = "claims = { subject = \"id\" }\n";
    for (line, wrong, message) in [
        (
            "5",
            whole.replace("https://f.example/a", "http://f.example/a"),
            "`authorization_endpoint` must begin with https://",
        ),
        (
            "6",
            whole.replace("https://f.example/t", "https://u:p@f.example/t"),
            "`token_endpoint` must not have a user name",
        ),
        ("7", whole.replace("https://f.example/u", "/u"), "`userinfo_endpoint` must be an absolute https URL"),
    ] {
        let told = told(&serve(&format!("{wrong}{claims}")).unwrap_err());
        assert!(
            told.len() == 1 && told[0].starts_with(&format!("b.toml:{line}:")) && told[0].contains(message),
            "{told:?}"
        );
    }
}
