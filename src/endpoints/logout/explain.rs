//! Why a person was not sent on after signing out, in words for a developer, with the lines to paste.
//!
//! Owns: that explanation. Does not own: who is shown it (`handler`: development servers only).

use super::asked::Asked;
use crate::config::client_table;
use crate::model::client::Client;
use crate::model::sign_out::{Refusal, Return};
use crate::protocol::redirect_uri::RedirectUri;
use crate::web::page_error::Explanation;

/// What to change, where the address was refused.
pub(super) fn refused_return(asked: &Asked) -> Option<Explanation> {
    let Return::Refused(refusal) = &asked.held.return_to else { return None };
    let received = asked.return_uri().map(str::to_owned);
    match (refusal, &asked.held.client) {
        (Refusal::NotRegistered, Some(client)) => Some(not_registered(client, received)),
        (Refusal::NotRegistered | Refusal::NoClient, _) => Some(Explanation {
            received,
            expected: Vec::new(),
            change: "Nothing says which application asks. Send the ID token that it got as id_token_hint, or its \
                     client_id; where both are sent, the ID token has to be that client's."
                .to_owned(),
            toml: None,
        }),
    }
}

fn not_registered(client: &Client, received: Option<String>) -> Explanation {
    let id = &client.client_id;
    let place = client.defined_at.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
    let expected = client.post_logout_redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect();
    let readable = received.as_deref().map(|uri| RedirectUri::parse(uri, client.application_type));
    let (change, toml) = match readable {
        Some(Ok(uri)) => {
            let mut with = client.clone();
            with.post_logout_redirect_uris.push(uri);
            let change = format!(
                "Send a registered post_logout_redirect_uri: it is compared character by character. Or register the \
                 one received: replace the table of client {id}{place} by this one, or put it into a file of your \
                 config folder, and restart."
            );
            (change, Some(client_table(&with, None)))
        }
        Some(Err(fault)) => {
            (format!("Send a registered URI. The one received cannot be registered for client {id}: it {fault}."), None)
        }
        None => ("Send a registered post_logout_redirect_uri.".to_owned(), None),
    };
    Explanation { received, expected, change, toml }
}
