//! Effective scope and audience: the two rules, alone and together.

use proptest::prelude::*;

use super::*;
use crate::model::audience::{check_target, destination, narrowed};
use crate::model::permissions::{Unregistered, permission, permitted, requested};
use crate::protocol::access_token::Audience;

const FALLBACK: Duration = Duration::from_mins(10);

#[test]
fn unregistered_scopes_are_refused_by_name_or_ignored() {
    let asked = scopes("openid posts:read bills:pay nonsense");
    let error = requested(&asked, &web(), &registry(), Unregistered::Refuse).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidScope);
    assert!(error.description().contains("bills:pay nonsense"), "{error}");
    assert_eq!(requested(&asked, &web(), &registry(), Unregistered::Ignore), Ok(scopes("openid posts:read")));
}

#[test]
fn asking_for_nothing_gives_the_default_scope_or_nothing() {
    assert_eq!(requested(&Scopes::default(), &web(), &registry(), Unregistered::Refuse), Ok(web().default_scope));
    let without = Client { default_scope: Scopes::default(), ..web() };
    assert_eq!(
        code_of(requested(&Scopes::default(), &without, &registry(), Unregistered::Refuse)),
        ErrorCode::InvalidScope
    );
}

#[test]
fn api_scopes_come_from_roles_and_openid_scopes_need_none() {
    let all = scopes("openid profile posts:read posts:write bills:read nonsense");
    for (roles, expected) in [
        (&[][..], "openid profile posts:read"),
        (&["writer"], "openid profile posts:read posts:write"),
        (&["clerk", "nobody-knows"], "openid profile posts:read bills:read"),
        (&["Writer"], "openid profile posts:read"),
    ] {
        let roles: Vec<RoleName> = roles.iter().map(|name| role_name(name)).collect();
        assert_eq!(permitted(&all, &roles, &registry()), scopes(expected), "{roles:?}");
    }
}

#[test]
fn offline_access_is_for_clients_with_refresh_tokens() {
    let asked = scopes("openid offline_access");
    let of = |client: &Client| requested(&asked, client, &registry(), Unregistered::Refuse).unwrap();
    assert_eq!(of(&web()), scopes("openid"));
    let keeper = Client { grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken], ..web() };
    assert_eq!(of(&keeper), asked);
    assert_eq!(permitted(&asked, &[], &registry()), asked);
    let unregistered = Client { scope: scopes("openid"), ..keeper.clone() };
    assert_eq!(code_of(requested(&asked, &unregistered, &registry(), Unregistered::Refuse)), ErrorCode::InvalidScope);
    let by_default = Client { default_scope: asked.clone(), ..web() };
    assert_eq!(
        requested(&Scopes::default(), &by_default, &registry(), Unregistered::Refuse).unwrap(),
        scopes("openid")
    );
}

#[test]
fn a_role_gives_no_scope_that_no_api_has() {
    let registry = Registry::new(vec![], vec![], vec![role("all", "posts:read nonsense", true)], false);
    assert!(permitted(&scopes("posts:read nonsense"), &[], &registry).is_empty());
}

/// What was granted is read again from every store.
#[test]
fn more_scopes_than_can_be_read_again_are_refused_whoever_names_them() {
    for (count, fits) in [(MOST_SCOPES, true), (MOST_SCOPES + 1, false)] {
        let names: Vec<String> = (0..count).map(|index| format!("posts:{index}")).collect();
        let mut posts = api(POSTS, &names.iter().map(String::as_str).collect::<Vec<_>>());
        posts.scopes[0].implies = names.iter().skip(1).map(|name| Scope::parse(name).unwrap()).collect();
        let client = Client { scope: scopes("posts:0"), default_scope: scopes("posts:0"), ..web() };
        let registry = Registry::new(vec![client], vec![posts], vec![], false);
        let client = registry.find_client("web").unwrap();
        for asked in [scopes("posts:0"), Scopes::default()] {
            let requested = requested(&asked, client, &registry, Unregistered::Refuse);
            assert_eq!(requested.is_ok(), fits, "{count} {asked}");
            assert!(requested.is_err() || Scopes::parse(&requested.unwrap().to_string()).is_ok());
        }
    }
}

fn aud(granted: &str, resource: Option<&str>, client: &Client) -> Result<Vec<String>, ErrorCode> {
    match destination(&scopes(granted), resource, client, &registry(), &issuer(), FALLBACK) {
        Ok(found) => Ok(match found.audience {
            Audience::One(one) => vec![one],
            Audience::Many(many) => many,
        }),
        Err(error) => Err(error.code()),
    }
}

#[test]
fn the_audience_is_the_api_of_the_scopes_the_resource_or_the_issuer() {
    let id = issuer();
    let id = id.as_str();
    let with_default = Client { default_audience: Some(BILLS.to_owned()), ..web() };
    for (granted, resource, client, expected) in [
        ("posts:read", None, web(), &[POSTS][..]),
        ("posts:read posts:write", None, web(), &[POSTS][..]),
        ("openid posts:read", None, web(), &[POSTS, id][..]),
        ("openid profile", None, web(), &[id][..]),
        ("profile", None, web(), &[id][..]),
        ("profile", None, with_default.clone(), &[BILLS][..]),
        ("openid", None, with_default.clone(), &[BILLS, id][..]),
        ("posts:read", None, with_default.clone(), &[POSTS][..]),
        ("posts:read", Some(POSTS), web(), &[POSTS][..]),
        ("openid posts:read", Some(POSTS), web(), &[POSTS][..]),
        ("openid", Some(POSTS), web(), &[POSTS][..]),
        ("openid", Some(BILLS), with_default, &[BILLS][..]),
    ] {
        let found = aud(granted, resource, &client).unwrap();
        assert_eq!(found, expected, "{granted} {resource:?}");
    }
}

#[test]
fn scopes_of_two_apis_need_a_resource_and_then_only_its_own() {
    assert_eq!(aud("posts:read bills:read", None, &web()), Err(ErrorCode::InvalidScope));
    assert_eq!(aud("posts:read bills:read", Some(POSTS), &web()), Err(ErrorCode::InvalidScope));
    assert_eq!(aud("posts:read", Some(BILLS), &web()), Err(ErrorCode::InvalidScope));
    let error = check_target(&scopes("posts:read bills:read"), None, &web(), &registry()).unwrap_err();
    assert!(error.description().contains(POSTS) && error.description().contains(BILLS), "{error}");
}

#[test]
fn a_resource_that_is_unknown_or_not_the_clients_is_an_invalid_target() {
    let only_posts = Client { scope: scopes("openid posts:read"), ..web() };
    for (resource, client) in [
        ("https://unknown.example.test", web()),
        ("https://posts.example.test/", web()),
        ("https://POSTS.example.test", web()),
        ("https://id.example.test", web()),
        (BILLS, only_posts),
    ] {
        assert_eq!(aud("openid", Some(resource), &client), Err(ErrorCode::InvalidTarget), "{resource}");
    }
}

#[test]
fn algorithm_and_lifetime_follow_api_and_client() {
    let found = |granted: &str, client: &Client, registry: &Registry| {
        let found = destination(&scopes(granted), None, client, registry, &issuer(), FALLBACK).unwrap();
        (found.signing, found.lifetime.as_secs())
    };
    assert_eq!(found("posts:read", &web(), &registry()), (AccessTokenSigning::Key(Algorithm::ES256), 600));
    assert_eq!(found("bills:read", &web(), &registry()), (AccessTokenSigning::Key(Algorithm::RS256), 600));
    assert_eq!(found("openid", &web(), &registry()), (AccessTokenSigning::Key(Algorithm::ES256), 600));
    let short = Client { access_token_lifetime: Some(Duration::from_mins(1)), ..web() };
    assert_eq!(found("posts:read", &short, &registry()), (AccessTokenSigning::Key(Algorithm::ES256), 60));
    let slow = Api { access_token_lifetime: Some(Duration::from_mins(15)), ..api(POSTS, &["posts:read"]) };
    let registry = Registry::new(vec![], vec![slow], vec![], false);
    assert_eq!(found("posts:read", &web(), &registry), (AccessTokenSigning::Key(Algorithm::ES256), 900));
    assert_eq!(found("posts:read", &short, &registry), (AccessTokenSigning::Key(Algorithm::ES256), 60));
}

#[test]
fn an_api_that_shares_its_secret_is_never_asked_together_with_openid() {
    let secret = SharedSecret::new("a secret of at least 32 characters".into(), BILLS).unwrap();
    let signing = AccessTokenSigning::Secret(secret);
    let bills = Api { signing: signing.clone(), ..api(BILLS, &["bills:read", "bills:pay"]) };
    let registry = Registry::new(vec![], vec![bills], vec![], false);
    for resource in [None, Some(BILLS)] {
        let check =
            |scope: &str| check_target(&scopes(scope), resource, &web(), &registry).map_err(|error| error.code());
        assert_eq!(check("bills:read"), Ok(()));
        assert_eq!(check("openid bills:read"), Err(ErrorCode::InvalidScope));
        let found = destination(&scopes("bills:read"), resource, &web(), &registry, &issuer(), FALLBACK).unwrap();
        assert_eq!((found.signing, found.audience), (signing.clone(), Audience::One(BILLS.to_owned())));
    }
}

#[test]
fn a_default_scope_is_narrowed_to_the_resource() {
    let all = scopes("openid posts:read bills:read nonsense");
    assert_eq!(narrowed(&all, Some(POSTS), &registry()), scopes("openid posts:read nonsense"));
    assert_eq!(narrowed(&all, None, &registry()), all);
}

const NAMES: [&str; 10] = [
    "openid",
    "profile",
    "email",
    "offline_access",
    "posts:read",
    "posts:write",
    "bills:read",
    "bills:pay",
    "nonsense",
    "other",
];

fn some_scopes() -> impl Strategy<Value = Scopes> {
    proptest::sample::subsequence(&NAMES[..], 0..=NAMES.len()).prop_shuffle().prop_map(|names| scopes(&names.join(" ")))
}

fn some_roles() -> impl Strategy<Value = Vec<RoleName>> {
    let names = vec!["reader", "writer", "clerk", "ghost"];
    proptest::sample::subsequence(names, 0..=4).prop_map(|names| names.into_iter().map(role_name).collect())
}

proptest! {
    #[test]
    fn effective_scope_is_asked_and_the_clients_and_the_persons(asked in some_scopes(), own in some_scopes(), roles in some_roles()) {
        let registry = registry();
        let client = Client { scope: own.clone(), default_scope: Scopes::default(), ..web() };
        let Ok(requested) = requested(&asked, &client, &registry, Unregistered::Ignore) else {
            prop_assert!(asked.is_empty());
            return Ok(());
        };
        let effective = permitted(&requested, &roles, &registry);
        for scope in &effective {
            prop_assert!(asked.contains(scope) && own.contains(scope));
            let by_role = registry.roles().iter().any(|role| {
                (role.default || roles.contains(&role.name)) && role.scopes.contains(scope)
            });
            prop_assert!(scope.is_openid() || (by_role && registry.owner(scope).is_some()));
        }
        // More roles never give less, and nothing that was due is dropped.
        let everything: Vec<RoleName> = registry.roles().iter().map(|role| role.name.clone()).collect();
        prop_assert!(effective.without(&permitted(&requested, &everything, &registry)).is_empty());
        prop_assert!(!requested.has("openid") || effective.has("openid"));
    }

    #[test]
    fn a_token_has_one_api_at_most(granted in some_scopes(), resource in proptest::option::of(proptest::sample::select(vec![POSTS, BILLS]))) {
        let registry = registry();
        if let Ok(found) = destination(&granted, resource, &web(), &registry, &issuer(), FALLBACK) {
            let apis = registry.apis().iter().filter(|api| found.audience.has(&api.audience)).count();
            prop_assert!(apis <= 1);
            for scope in granted.iter().filter_map(|scope| registry.owner(scope)) {
                prop_assert!(found.audience.has(&scope.audience));
            }
            let for_userinfo = found.audience.has(issuer().as_str());
            prop_assert!(!(for_userinfo && resource.is_some()));
            prop_assert!(!granted.has("openid") || resource.is_some() || for_userinfo);
        }
    }

    #[test]
    fn what_is_effective_is_closed_and_in_all_three_that_are_closed(
        asked in some_scopes(), own in some_scopes(), roles in some_roles(), edges in some_edges()
    ) {
        let client = Client { scope: own.clone(), default_scope: Scopes::default(), ..web() };
        let registry = implying(vec![client], &edges);
        let client = registry.find_client("web").unwrap();
        let Ok(requested) = requested(&asked, client, &registry, Unregistered::Ignore) else {
            prop_assert!(asked.is_empty());
            return Ok(());
        };
        let effective = permitted(&requested, &roles, &registry);
        prop_assert!(registry.with_implied(&effective).without(&effective).is_empty(), "{effective:?} is not closed");
        let all = registry.with_implied(&asked);
        prop_assert!(effective.without(&all).is_empty() && effective.without(&registry.with_implied(&own)).is_empty());
        // Nothing that all three have is missing.
        for scope in all.iter().filter(|scope| client.scope.contains(scope) && client.may_refresh() | (scope.as_str() != "offline_access")) {
            let permitted = permission(scope, &roles, &registry).is_granted();
            prop_assert_eq!(effective.contains(scope), permitted, "{}", scope);
        }
    }
}

/// Which scope of the first API implies which.
fn some_edges() -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0..SCALE.len(), 0..SCALE.len()), 0..6)
}

const SCALE: [&str; 4] = ["posts:read", "posts:write", "other", "nonsense"];

/// As [`registry_of`], where scopes of one API imply others, in rings, too.
fn implying(clients: Vec<Client>, edges: &[(usize, usize)]) -> Registry {
    let mut posts = api(POSTS, &SCALE);
    for (from, to) in edges {
        posts.scopes[*from].implies.push(Scope::parse(SCALE[*to]).unwrap());
    }
    let roles = vec![
        role("reader", "posts:read", true),
        role("writer", "posts:write", false),
        role("clerk", "bills:read bills:pay", false),
    ];
    Registry::new(clients, vec![posts, api(BILLS, &["bills:read", "bills:pay"])], roles, false)
}
