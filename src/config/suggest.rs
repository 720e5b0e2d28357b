//! A client written back as TOML: what the error page suggests to paste.
//!
//! Owns: that text. Does not own: when it is suggested.

use crate::model::client::Client;

/// The whole `[[clients]]` table of a client, with one more redirect URI: valid in a file under the
/// config folder.
#[must_use]
pub fn client_table(client: &Client, extra_redirect_uri: Option<&str>) -> String {
    todo!()
}
