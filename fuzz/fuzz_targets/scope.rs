//! Scope: the effective scope never grows. What a person is granted was asked for or is implied by that, is the client's, and is
//! OpenID's or one of the person's roles'; and a token's audience owns every API scope in it.
//!
//! Lines: what is asked, the person's roles, `resource`.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use vestibule::model::audience::{check_target, destination, narrowed};
use vestibule::model::client::Client;
use vestibule::model::permissions::{Unregistered, permitted, requested};
use vestibule::protocol::error::{ErrorCode, OAuthError};
use vestibule::protocol::ids::RoleName;
use vestibule::protocol::scope::{MOST_SCOPES, Scope, Scopes};
use vestibule_fuzz::{SETTINGS, WORLD, check_error, lines, roles, sent};

fuzz_target!(|data: &[u8]| {
    let Some(mut lines) = lines(data) else { return };
    let text = lines.next().unwrap_or_default();
    let roles = roles(lines.next().unwrap_or_default());
    let resource = sent(lines.next());
    let asked = match Scopes::parse(text) {
        Ok(asked) => asked,
        Err(error) => {
            let error = OAuthError::invalid_scope(error.to_string());
            return check_error(&error, &[ErrorCode::InvalidScope]);
        }
    };
    check_set(text, &asked);
    for client in WORLD.registry.clients() {
        for unregistered in [Unregistered::Refuse, Unregistered::Ignore] {
            check_grant(client, &asked, unregistered, &roles, resource);
        }
    }
});

fn check_set(text: &str, asked: &Scopes) {
    assert!(asked.len() <= MOST_SCOPES);
    assert!(asked.iter().all(|scope| text.split(' ').any(|token| token == scope.as_str())));
    assert!(text.split(' ').all(|token| token.is_empty() || asked.has(token)));
    let distinct: std::collections::BTreeSet<&Scope> = asked.iter().collect();
    assert_eq!(distinct.len(), asked.len());
    assert_eq!(Scopes::parse(&asked.to_string()).as_ref(), Ok(asked));
    assert_eq!(asked.union(asked), *asked);
    assert!(asked.without(asked).is_empty());
}

fn subset(inner: &Scopes, outer: &Scopes) -> bool {
    inner.without(outer).is_empty()
}

fn check_grant(client: &Client, asked: &Scopes, rule: Unregistered, roles: &[RoleName], resource: Option<&str>) {
    let registry = &WORLD.registry;
    let closed = registry.with_implied(asked);
    let wanted = match requested(asked, client, registry, rule) {
        Ok(wanted) => wanted,
        Err(error) => return check_error(&error, &[ErrorCode::InvalidScope]),
    };
    assert!(subset(&wanted, &client.scope));
    if asked.is_empty() {
        assert_eq!(wanted, client.default_scope);
    } else {
        assert!(subset(&wanted, &closed));
        assert!(rule == Unregistered::Ignore || wanted == closed);
    }
    let granted = permitted(&wanted, roles, registry);
    assert!(subset(&granted, &wanted) && !granted.has("offline_access"));
    assert!(subset(&registry.with_implied(&granted), &granted));
    let of_a_role = |scope: &Scope| {
        let mut held = registry.roles().iter().filter(|role| role.default || roles.contains(&role.name));
        held.any(|role| role.scopes.contains(scope))
    };
    assert!(granted.iter().all(|scope| scope.is_openid() || of_a_role(scope)));
    assert!(subset(&permitted(&granted, &[], registry), &granted));
    assert!(subset(&narrowed(&granted, resource, registry), &granted));

    let expected = [ErrorCode::InvalidScope, ErrorCode::InvalidTarget];
    match destination(&granted, resource, client, registry, &SETTINGS.issuer, Duration::from_secs(600)) {
        Err(error) => check_error(&error, &expected),
        Ok(destination) => {
            assert!(check_target(&granted, resource, client, registry).is_ok());
            let owners = granted.iter().filter_map(|scope| registry.owner(scope));
            assert!(owners.into_iter().all(|api| destination.audience.has(&api.audience)));
            assert!(resource.is_none_or(|resource| destination.audience.has(resource)));
            assert!(!destination.lifetime.is_zero());
        }
    }
}
