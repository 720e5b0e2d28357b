//! What right tables come to.

use secrecy::ExposeSecret as _;

use super::*;
use crate::model::provider::{Brand, Create, Link, Logout, Updated, UpstreamSecret};

#[test]
fn two_lines_and_a_secret_make_a_provider() {
    let google = read(&format!("[[providers]]\nid = \"google\"\n{SECRET}"), "google");
    assert_eq!((google.display_name.as_str(), google.brand, google.enabled), ("Google", Brand::Google, true));
    assert_eq!(issuer(&google), &exact("https://accounts.google.com"));
    assert_eq!(google.scopes, ["openid", "profile", "email"]);
    assert_eq!(google.claims.subject.0, ["sub"]);
    assert!(google.authorization_parameters.is_empty() && google.required_claims.is_empty() && !google.store_tokens);
    assert_eq!((google.create, google.link, google.update.len()), (Create::Always, Link::Ask, 0));
    assert!(google.roles.claim.is_none() && google.allowed_domains.is_empty());
    let Some(UpstreamSecret::Text(secret)) = &google.secret else { panic!("{:?}", google.secret) };
    assert_eq!(secret.expose_secret(), KEY);
    assert!(google.defined_at.unwrap().ends_with("b.toml:1"));
}

#[test]
fn each_preset_has_its_issuer_and_what_it_asks_for() {
    let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let microsoft = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    for (lines, rule, parameters, claims) in [
        (
            "id = \"google\"\nhosted_domain = \"Example.com\"",
            exact("https://accounts.google.com"),
            pairs(&[("hd", "example.com")]),
            pairs(&[("hd", "example.com")]),
        ),
        ("id = \"gitlab\"", exact("https://gitlab.com"), Vec::new(), Vec::new()),
        (
            "id = \"gitlab\"\nbase_url = \"https://git.example.com/gitlab/\"",
            exact("https://git.example.com/gitlab"),
            Vec::new(),
            Vec::new(),
        ),
        (
            "id = \"auth0\"\ndomain = \"example.eu.auth0.com\"",
            exact("https://example.eu.auth0.com/"),
            Vec::new(),
            Vec::new(),
        ),
        (
            "id = \"auth0\"\ndomain = \"login.example.com\"\nconnection = \"google-oauth2\"\norganization = \"org_abc\"",
            exact("https://login.example.com/"),
            pairs(&[("connection", "google-oauth2"), ("organization", "org_abc")]),
            pairs(&[("org_id", "org_abc")]),
        ),
        (
            "id = \"microsoft\"\ntenant = \"72F988BF-86F1-41AF-91AB-2D7CD011DB47\"",
            exact(&microsoft(tenant)),
            Vec::new(),
            Vec::new(),
        ),
        (
            "id = \"microsoft\"\ntenant = \"common\"",
            IssuerRule::MicrosoftTenants { authority: microsoft("common") },
            Vec::new(),
            Vec::new(),
        ),
        (
            "id = \"microsoft\"\ntenant = \"organizations\"",
            IssuerRule::MicrosoftTenants { authority: microsoft("organizations") },
            Vec::new(),
            Vec::new(),
        ),
        (
            "id = \"microsoft\"\ntenant = \"consumers\"",
            exact(&microsoft("9188040d-6c67-4c5b-b112-36a304b66dad")),
            Vec::new(),
            Vec::new(),
        ),
        (
            "id = \"any\"\npreset = \"oidc\"\nissuer = \"https://id.example.org/a/\"\nauthorization_parameters = { prompt = \"select_account\", \"ui.x\" = \"1\" }",
            exact("https://id.example.org/a/"),
            pairs(&[("prompt", "select_account"), ("ui.x", "1")]),
            Vec::new(),
        ),
    ] {
        let id = lines.split('"').nth(1).unwrap();
        let provider = read(&format!("[[providers]]\n{lines}\n{SECRET}"), id);
        assert_eq!(issuer(&provider), &rule, "{lines}");
        assert_eq!(provider.authorization_parameters, parameters, "{lines}");
        assert_eq!(provider.required_claims, claims, "{lines}");
        assert!(provider.scopes.contains(&"openid".to_owned()), "{lines}");
    }
}

#[test]
fn github_knows_where_its_interface_is_and_who_may_see_memberships() {
    let with = |lines: &str| read(&format!("[[providers]]\nid = \"github\"\n{SECRET}{lines}"), "github");
    for (lines, base, api) in [
        ("", "https://github.com/", "https://api.github.com/"),
        ("base_url = \"https://git.example.com/\"", "https://git.example.com/", "https://git.example.com/api/v3"),
        ("base_url = \"https://acme.ghe.com\"", "https://acme.ghe.com/", "https://api.acme.ghe.com/"),
    ] {
        let provider = with(lines);
        let Protocol::GitHub { base: is_base, api: is_api, organizations, teams } = &provider.protocol else {
            panic!("{provider:?}")
        };
        assert_eq!((is_base.as_str(), is_api.as_str()), (base, api), "{lines}");
        assert!(organizations.is_empty() && teams.is_empty());
        assert_eq!(provider.scopes, ["read:user", "user:email"]);
        assert_eq!((provider.claims.subject.0[0].as_str(), provider.claims.username.0[0].as_str()), ("id", "login"));
    }
    for (lines, scopes) in [
        ("organizations = [\"acme\"]", vec!["read:user", "user:email", "read:org"]),
        ("teams = [\"acme/developers\"]\nscopes = \"user:email\"", vec!["user:email", "read:org"]),
        ("organizations = \"acme\"\nscopes = [\"admin:org\"]", vec!["admin:org"]),
    ] {
        assert_eq!(with(lines).scopes, scopes, "{lines}");
    }
}

#[test]
fn plain_oauth_says_where_everything_is() {
    let text = "[[providers]]\nid = \"forum\"\npreset = \"oauth2\"\nclient_id = \"v\"\n\
                authorization_endpoint = \"https://forum.example/authorize?x=1\"\ntoken_endpoint = \"https://api.forum.example/token\"\n\
                userinfo_endpoint = \"https://api.forum.example/me\"\n";
    let forum =
        read(&format!("{text}claims = {{ subject = \"user.id\", email = \"https://forum.example/mail\" }}"), "forum");
    let Protocol::OAuth2(endpoints) = &forum.protocol else { panic!("{forum:?}") };
    assert_eq!(endpoints.issuer, "https://forum.example");
    assert_eq!(endpoints.authorization.as_str(), "https://forum.example/authorize?x=1");
    assert_eq!((endpoints.token.path(), endpoints.userinfo.path()), ("/token", "/me"));
    assert_eq!((forum.display_name.as_str(), forum.brand, forum.scopes.len()), ("forum", Brand::Other, 0));
    assert_eq!(forum.claims.subject.0, ["user", "id"]);
    assert_eq!(forum.claims.email.0, ["https://forum.example/mail"], "a URL is one name");
    assert_eq!(forum.claims.name.0, ["name"]);
    assert!(forum.secret.is_none());
    let named = read(&format!("{text}claims = {{ subject = \"id\" }}\nissuer = \"https://forum.example/v2\""), "forum");
    assert!(matches!(named.protocol, Protocol::OAuth2(endpoints) if endpoints.issuer == "https://forum.example/v2"));
}

#[test]
fn who_may_come_and_what_they_become_is_read() {
    let text = format!(
        "[[roles]]\nname = \"editor\"\n[[roles]]\nname = \"reader\"\n\
         [[providers]]\nid = \"staff\"\npreset = \"oidc\"\nissuer = \"https://id.example.org\"\n{SECRET}\
         display_name = \" Example Staff \"\nallowed_domains = [\"Example.ORG\", \"example.org\", \"a.example\"]\n\
         create = \"allowed_domains\"\nlink = \"never\"\nlogout = \"never\"\nupdate = \"name\"\nstore_tokens = true\n\
         [providers.roles]\nclaim = \"realm_access.roles\"\n[providers.roles.values]\nadmins = [\"editor\", \"reader\"]\n\"a b\" = \"reader\"\n"
    );
    let staff = read(&text, "staff");
    assert_eq!(staff.display_name, "Example Staff");
    assert_eq!(staff.allowed_domains, ["example.org", "a.example"]);
    assert_eq!(
        (staff.create, staff.link, staff.logout, staff.update.as_slice()),
        (Create::AllowedDomains, Link::Never, Logout::Never, &[Updated::Name][..])
    );
    assert!(staff.store_tokens);
    assert_eq!(staff.roles.claim.unwrap().0, ["realm_access", "roles"]);
    let roles: Vec<(&str, &str)> =
        staff.roles.roles.iter().map(|(value, role)| (value.as_str(), role.as_str())).collect();
    assert_eq!(roles, [("admins", "editor"), ("admins", "reader"), ("a b", "reader")]);
}

#[test]
fn providers_stand_in_their_order_and_disabled_ones_nowhere() {
    let one = |id: &str, more: &str| {
        format!(
            "[[providers]]\nid = \"{id}\"\npreset = \"oidc\"\nissuer = \"https://{id}.example\"\nclient_id = \"v\"\n{more}\n"
        )
    };
    let text = [
        one("last", "order = 5"),
        one("a", ""),
        one("off", "enabled = false"),
        one("b", ""),
        one("first", "order = -1"),
    ];
    let config = serve(&text.concat()).unwrap();
    let ids: Vec<&str> = config.registry.providers().map(|provider| provider.id.as_str()).collect();
    assert_eq!(ids, ["first", "a", "b", "last"]);
    assert!(config.registry.find_provider("off").is_none());
}

#[test]
fn a_client_may_offer_some_providers_only() {
    let google = format!("[[providers]]\nid = \"google\"\n{SECRET}");
    let github = format!("[[providers]]\nid = \"github\"\n{SECRET}");
    let client = |lines: &str| {
        format!(
            "[[clients]]\nclient_id = \"c\"\nredirect_uris = [\"https://app.example/cb\"]\ntoken_endpoint_auth_method = \"none\"\n{lines}\n"
        )
    };
    let offers = |text: &str| {
        let config = serve(text).unwrap_or_else(|faults| panic!("{text}\n{faults}"));
        let client = config.registry.find_client("c").unwrap();
        let offered = config.registry.providers().filter(|provider| client.offers(&provider.id));
        (offered.map(|provider| provider.id.to_string()).collect::<Vec<_>>(), client.auto_redirect)
    };
    for (lines, expected) in [
        ("", (vec!["google", "github"], false)),
        ("providers = []", (vec![], false)),
        ("providers = [\"github\"]", (vec!["github"], false)),
        ("providers = \"github\"\nauto_redirect = true", (vec!["github"], true)),
        ("auto_redirect = false", (vec!["google", "github"], false)),
    ] {
        let (ids, auto_redirect) = offers(&[client(lines), google.clone(), github.clone()].concat());
        assert_eq!((ids.iter().map(String::as_str).collect::<Vec<_>>(), auto_redirect), expected, "{lines}");
    }
    assert!(offers(&[client("auto_redirect = true"), google.clone()].concat()).1, "there is one only");
    for (lines, place, message, help) in [
        ("providers = [\"gogle\"]", "5:14", "there is no provider \"gogle\"", "did you mean google?"),
        ("providers = [\"Google\"]", "5:14", "cannot hold \"Google\"", "[[providers]] entry"),
        ("providers = [\"github\", \"github\"]", "5:24", "is listed twice", "remove one"),
        ("auto_redirect = true", "5:17", "needs one provider, but the client offers 2", "providers = [\"google\"]"),
        ("providers = []\nauto_redirect = true", "6:17", "the client offers 0", "or remove it"),
    ] {
        assert_fault(serve, &[client(lines), google.clone(), github.clone()].concat(), (place, message, help));
    }
}
