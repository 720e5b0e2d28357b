//! RFC 952, RFC 1123 2.1: which host names may stand in a policy, a challenge or an origin.
//!
//! Owns: that rule, alone. Does not own: which hosts are trusted for anything.

use url::{Host, Url};

/// Whether the host is an address or a name of letters, digits, `-`, `.` and `_`.
///
/// The URL standard lets through more (`;`, `'`, `*`, `"`), none of which a name on the network has. In
/// CSP `form-action` or between the quotes of a challenge they would begin something else.
#[must_use]
pub fn is_plain(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}
