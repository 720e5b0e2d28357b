//! GitHub's REST interface, as far as it tells who somebody is.
//!
//! Owns: `/user`, `/user/emails`, memberships, what each scope opens, and what GitHub wants of every request. Does not
//! own: tokens (`oauth`).

use serde_json::{Value, json};

use super::{GitHubPerson, State};
use crate::support::providers::seen::{Endpoint, Seen};
use crate::support::providers::wire::Reply;

/// Requests an hour.
const LIMIT: usize = 5000;

const HIDDEN: &str = "You must be an organization member, and the application needs the scope read:org.";

/// Which endpoint a path under `/api/v3` is.
pub(super) fn endpoint(parts: &[&str]) -> Endpoint {
    match parts {
        ["user"] => Endpoint::User,
        ["user", "emails"] => Endpoint::Emails,
        ["user", "orgs"] | ["user", "memberships", "orgs", _] | ["orgs", _, "members", _] => Endpoint::Organizations,
        ["orgs", _, "teams", _, "memberships", _] => Endpoint::Teams,
        _ => Endpoint::Nothing,
    }
}

pub(super) fn answer(state: &mut State, seen: &Seen, base: &str) -> Reply {
    let reply = match check(state, seen) {
        Ok((person, scope)) => look_up(state, seen, &person, &scope, base),
        Err((status, message)) => {
            state.complain(seen, message);
            said(status, message)
        }
    };
    state.asked += 1;
    let remaining = if state.rate_limited { 0 } else { LIMIT.saturating_sub(state.asked) };
    reply
        .header("X-RateLimit-Limit", LIMIT.to_string())
        .header("X-RateLimit-Remaining", remaining.to_string())
        .header("X-RateLimit-Reset", "4102444800")
        .header("X-GitHub-Media-Type", "github.v3; format=json")
        .header("Cache-Control", "private, max-age=60, s-maxage=60")
}

fn said(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message, "documentation_url": "https://docs.github.example/rest" }))
}

/// Whose token it is, and what it opens.
fn check(state: &State, seen: &Seen) -> Result<(GitHubPerson, String), (u16, &'static str)> {
    if seen.header("user-agent").is_none_or(str::is_empty) {
        return Err((
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
        ));
    }
    let json = |kinds: &str| kinds.contains("application/json") || kinds.contains("application/vnd.github");
    if !seen.header("accept").is_some_and(json) {
        return Err((415, "Unsupported 'Accept' header. Must accept 'application/json'."));
    }
    let grant = seen.bearer().and_then(|token| state.tokens.get(token)).filter(|_| !state.tokens_revoked);
    let grant = grant.ok_or((401, "Bad credentials"))?;
    if state.rate_limited {
        return Err((403, "API rate limit exceeded for user ID 1."));
    }
    Ok((grant.person.clone(), grant.scope.clone()))
}

fn look_up(state: &State, seen: &Seen, person: &GitHubPerson, scope: &str, base: &str) -> Reply {
    let parts: Vec<&str> = seen.path.split('/').skip(3).collect();
    let has = |wanted: &[&str]| scope.split([' ', ',']).any(|word| wanted.contains(&word));
    let organizations = has(&["read:org", "write:org", "admin:org"]);
    match parts.as_slice() {
        ["user"] => Reply::json(200, &user(person, base)),
        // Without its scope it is as if it were not there.
        ["user", "emails"] if !has(&["user", "user:email"]) => said(404, "Not Found"),
        ["user", "emails"] => {
            let email = |(email, primary, verified): &(String, bool, bool)| {
                let visibility = if *primary { json!("private") } else { Value::Null };
                json!({ "email": email, "primary": primary, "verified": verified, "visibility": visibility })
            };
            Reply::json(200, &person.emails.iter().map(email).collect())
        }
        _ if state.organizations_hidden || !organizations => said(403, HIDDEN),
        ["user", "orgs"] => {
            let active = person.organizations.iter().filter(|(_, state)| state == "active");
            Reply::json(200, &active.map(|(login, _)| json!({ "login": login, "id": 1 })).collect())
        }
        ["user", "memberships", "orgs", asked] => {
            let mut found = person.organizations.iter().filter(|(login, _)| login.eq_ignore_ascii_case(asked));
            found.next().map_or_else(
                || said(404, "Not Found"),
                |(login, state)| {
                    let organization = json!({ "login": login, "id": 1 });
                    Reply::json(200, &json!({ "state": state, "role": "member", "organization": organization }))
                },
            )
        }
        ["orgs", asked, "members", login] => {
            let known = |(organization, state): &(String, String)| {
                organization.eq_ignore_ascii_case(asked)
                    && state == "active"
                    && login.eq_ignore_ascii_case(&person.login)
            };
            if person.organizations.iter().any(known) { Reply::new(204, "", "") } else { said(404, "Not Found") }
        }
        ["orgs", asked, "teams", team, "memberships", login] => {
            let mut found = person.teams.iter().filter(|(organization, slug, _)| {
                organization.eq_ignore_ascii_case(asked) && slug == team && login.eq_ignore_ascii_case(&person.login)
            });
            found.next().map_or_else(
                || said(404, "Not Found"),
                |(_, _, state)| {
                    Reply::json(
                        200,
                        &json!({ "state": state, "role": "member", "url": format!("{base}{}", seen.path) }),
                    )
                },
            )
        }
        _ => said(404, "Not Found"),
    }
}

fn user(person: &GitHubPerson, base: &str) -> Value {
    json!({
        "login": person.login,
        "id": person.id,
        "node_id": "MDQ6VXNlcjE=",
        "avatar_url": format!("{base}/avatars/u/{}", person.id),
        "html_url": format!("{base}/{}", person.login),
        "type": "User",
        "site_admin": false,
        "name": person.name,
        "email": person.public_email,
        "two_factor_authentication": true,
    })
}
