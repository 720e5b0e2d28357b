//! RFC 6750 2: the bearer token of a request.
//!
//! Owns: reading it off the wire. Does not own: whether it is good (`verify`).

use url::form_urlencoded;

use crate::refusal::Refusal;

/// The token of a request, from its `Authorization` headers. `query` is looked at only to refuse a request that
/// sends a token both ways: one that stands in the query alone is no token (RFC 6750 2.3, RFC 9700 4.3.2). Forms are
/// not read at all.
///
/// # Errors
/// [`Refusal::NoToken`] without a header of the scheme `Bearer`, [`Refusal::InvalidRequest`] when there are two ways
/// or the header is malformed.
pub fn read<'a>(authorization: impl IntoIterator<Item = &'a [u8]>, query: Option<&str>) -> Result<&'a str, Refusal> {
    let mut headers = authorization.into_iter();
    let Some(header) = headers.next() else { return Err(Refusal::NoToken) };
    if headers.next().is_some() {
        return Err(Refusal::InvalidRequest("there is more than one Authorization header"));
    }
    let text =
        std::str::from_utf8(header).map_err(|_| Refusal::InvalidRequest("the Authorization header is malformed"))?;
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::NoToken);
    }
    let token = rest.trim_matches(' ');
    if !is_b64token(token) {
        return Err(Refusal::InvalidRequest("the Authorization header is malformed"));
    }
    if query.is_some_and(|query| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")) {
        return Err(Refusal::InvalidRequest("the access token stands in two places"));
    }
    Ok(token)
}

/// RFC 6750 2.1: letters, digits and `-._~+/`, then any number of `=`.
fn is_b64token(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}
