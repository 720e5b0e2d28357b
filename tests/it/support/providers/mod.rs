//! What stands in the place of other people's sign-in: fakes that lie and break on demand, and an independent OpenID
//! provider.
//!
//! Owns: being a provider. Does not own: what Vestibule makes of one (the tests beside `support`).

mod github;
mod homecoming;
mod independent;
mod keys;
mod openid;
mod person;
#[cfg(test)]
mod relying_party;
mod seen;
#[cfg(test)]
mod tests;
mod tls;
mod trouble;
mod twist;
mod wire;
mod witness;

pub use github::{FakeGitHub, GitHubPerson};
pub use homecoming::Homecoming;
pub use independent::{Cookies, IndependentProvider};
pub use openid::{Brand, EVENT, FakeProvider};
pub use person::ExternalPerson;
pub use seen::{Endpoint, Seen};
pub use tls::{Authority, Flaw, TlsFront};
pub use trouble::{HOSTILE, Trouble};
pub use twist::Twist;
pub use witness::Witness;

/// What lets the server ask providers on this machine.
pub const OUTBOUND: &str = "\n[outbound]\nallow = [\"127.0.0.0/8\"]\n";
