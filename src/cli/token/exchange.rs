//! The token endpoint, as a client uses it.
//!
//! Owns: requests by client credentials and password, and reading the answer. Does not own: the code
//! flow's first half (`code`).

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::target::{Server, Target};
use crate::cli::exit::Stop;
use crate::cli::http::{Credentials, Http};
use crate::cli::{output, prompt};

/// What every flow needs.
pub(super) struct Flow<'a> {
    /// Asks.
    pub(super) http: &'a Http,
    /// Whom, as which client.
    pub(super) target: &'a Target,
    /// Where.
    pub(super) server: &'a Server,
    /// The client's secret, if it has one.
    pub(super) secret: Option<&'a SecretString>,
    /// The member of the answer that is wanted: `access_token` or `id_token`.
    pub(super) wanted: &'static str,
}

/// What is asked for.
pub(super) struct Asked<'a> {
    /// `scope`.
    pub(super) scope: Option<&'a str>,
    /// `resource`.
    pub(super) resource: Option<&'a str>,
}

impl Flow<'_> {
    /// RFC 6749 4.4.
    pub(super) async fn client_credentials(&self, asked: &Asked<'_>) -> Result<String, Stop> {
        let mut form = vec![("grant_type", "client_credentials")];
        asked.add_to(&mut form);
        self.exchange(&form).await
    }

    /// RFC 6749 4.3. The name may be given; the password is asked for.
    pub(super) async fn password(&self, asked: &Asked<'_>, username: Option<&str>) -> Result<String, Stop> {
        let username = match username {
            Some(username) => username.to_owned(),
            None => prompt::line("Username: ").await?,
        };
        let password = prompt::secret("Password: ").await?;
        let mut form =
            vec![("grant_type", "password"), ("username", &username), ("password", password.expose_secret())];
        asked.add_to(&mut form);
        self.exchange(&form).await
    }

    /// POSTs to the token endpoint; the wanted token of the answer.
    pub(super) async fn exchange(&self, form: &[(&str, &str)]) -> Result<String, Stop> {
        let client_id = self.target.client_id.as_str();
        let credentials =
            self.secret.map_or(Credentials::Public(client_id), |secret| Credentials::Basic(client_id, secret));
        let answer = self.http.post_form(&self.server.token_endpoint, form, &credentials).await?;
        let body = answer.json().unwrap_or_default();
        if answer.status != 200 {
            return Err(refused(answer.status, &body));
        }
        let token = body.get(self.wanted).and_then(Value::as_str).map(str::to_owned);
        token.ok_or_else(|| {
            let stop = Stop::failure(format!("the token endpoint answered without {}", self.wanted));
            match self.wanted {
                "id_token" => stop.hint("an ID token comes with the code flow and the scope openid"),
                _ => stop,
            }
        })
    }
}

impl<'a> Asked<'a> {
    /// Adds what is asked for.
    pub(super) fn add_to(&self, form: &mut Vec<(&'a str, &'a str)>) {
        form.extend(self.scope.map(|scope| ("scope", scope)));
        form.extend(self.resource.map(|resource| ("resource", resource)));
    }
}

/// RFC 6749 5.2 in words.
fn refused(status: u16, body: &Value) -> Stop {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(output::plain);
    match (text("error"), text("error_description")) {
        (Some(error), Some(description)) => Stop::failure(format!("{error}: {description}")),
        (Some(error), None) => Stop::failure(error),
        (None, _) => Stop::failure(format!("the token endpoint answered {status}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_shows_what_the_server_says_and_no_escape_sequences() {
        let body = json!({ "error": "invalid_scope", "error_description": "no\u{1b}[31m" });
        assert_eq!(refused(400, &body).message, "invalid_scope: no?[31m");
        assert_eq!(refused(502, &Value::Null).message, "the token endpoint answered 502");
    }
}
