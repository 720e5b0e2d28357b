//! What a request asks for, and why the rest was left out.

use super::*;
use crate::model::asking::{LeftOut, asked};
use crate::model::permissions::{Permission, permission};

fn ask(grant: GrantType, scope: &str, resource: Option<&str>) -> Result<(String, Vec<(String, LeftOut)>), ErrorCode> {
    let asked = asked(grant, &scopes(scope), resource, &web(), &registry()).map_err(|error| error.code())?;
    let left_out = asked.left_out.into_iter().map(|(scope, why)| (scope.to_string(), why)).collect();
    Ok((asked.scope.to_string(), left_out))
}

#[test]
fn each_grant_narrows_what_is_asked_and_says_why() {
    use GrantType::{AuthorizationCode as Code, ClientCredentials as Own, Password};
    let gone = |scope: &str, why| (scope.to_owned(), why);
    for (grant, scope, resource, expected, left_out) in [
        (Code, "openid posts:read nonsense", None, "openid posts:read", vec![gone("nonsense", LeftOut::NotRegistered)]),
        (Code, "openid offline_access", None, "openid", vec![gone("offline_access", LeftOut::NoRefreshTokens)]),
        (Code, "", Some(POSTS), "openid posts:read", vec![gone("bills:read", LeftOut::OtherApi)]),
        (
            Own,
            "",
            Some(BILLS),
            "bills:read",
            vec![gone("posts:read", LeftOut::OtherApi), gone("openid", LeftOut::NobodySignsIn)],
        ),
        (Own, "posts:write", None, "posts:write", vec![]),
        (Password, "openid posts:read", None, "openid posts:read", vec![]),
    ] {
        assert_eq!(ask(grant, scope, resource), Ok((expected.to_owned(), left_out)), "{grant:?} {scope} {resource:?}");
    }
    for (grant, scope, resource, code) in [
        (Code, "posts:read nonsense", None, ErrorCode::InvalidScope),
        (Code, "", None, ErrorCode::InvalidScope),
        (Code, "openid", Some("https://other.example"), ErrorCode::InvalidTarget),
        (Own, "openid posts:read", None, ErrorCode::InvalidScope),
        (Password, "openid nonsense", None, ErrorCode::InvalidScope),
    ] {
        assert_eq!(ask(grant, scope, resource), Err(code), "{grant:?} {scope} {resource:?}");
    }
}

#[test]
fn the_password_grant_has_no_page_to_ask_on() {
    let keeper = Client { grant_types: vec![GrantType::Password, GrantType::RefreshToken], ..web() };
    let asked = asked(GrantType::Password, &scopes("openid offline_access"), None, &keeper, &registry()).unwrap();
    assert_eq!(asked.scope, scopes("openid"));
    assert_eq!(asked.left_out.into_iter().map(|(_, why)| why).collect::<Vec<_>>(), [LeftOut::NoPage]);
}

#[test]
fn a_permission_names_the_role_that_gives_it() {
    let registry = registry();
    let roles = [role_name("writer")];
    let of = |scope: &str| permission(&Scope::parse(scope).unwrap(), &roles, &registry);
    assert_eq!(of("openid"), Permission::OpenId);
    assert_eq!(of("posts:write"), Permission::Role(&role_name("writer")));
    assert_eq!(of("posts:read"), Permission::DefaultRole(&role_name("reader")));
    assert_eq!((of("bills:read"), of("nonsense")), (Permission::NoRole, Permission::NoApi));
}
