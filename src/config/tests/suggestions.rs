//! What the error page suggests to paste loads again.

use super::*;
use crate::model::client::Client;

fn loaded(text: &str, id: &str) -> Client {
    let config = dev(text).unwrap_or_else(|faults| panic!("{text}\n{faults}"));
    let client = config.registry.find_client(id).unwrap();
    Client { defined_at: None, ..Client::clone(client) }
}

#[test]
fn every_demo_client_is_the_same_when_its_table_is_pasted() {
    let config = load_dev(None, &settings(), &|_| None).unwrap();
    for client in config.registry.clients() {
        let text = client_table(client, None);
        let again = loaded(&text, client.client_id.as_str());
        assert_eq!(format!("{again:?}"), format!("{:?}", Client::clone(client)), "{text}");
    }
}

#[test]
fn the_redirect_uri_is_added() {
    let config = load_dev(None, &settings(), &|_| None).unwrap();
    for (id, uri) in
        [("web", "https://shop.example/cb"), ("cli", "com.example.app:/cb"), ("spa", "http://localhost:9/cb?a='\"")]
    {
        let client = config.registry.find_client(id).unwrap();
        let text = client_table(client, Some(uri));
        let again = loaded(&text, id);
        let added = again.redirect_uris.iter().any(|known| known.as_str() == uri);
        assert_eq!(added, !uri.contains('"'), "{text}");
        assert_eq!(client_table(&again, Some(uri)), text, "a second time changes nothing");
    }
}

#[test]
fn a_uri_that_may_not_be_registered_is_explained_and_harmless() {
    let config = load_dev(None, &settings(), &|_| None).unwrap();
    let client = config.registry.find_client("spa").unwrap();
    for uri in ["http://evil.example/", "\"]\n[server]\nissuer = \"x\"", "javascript:alert(1)", ""] {
        let text = client_table(client, Some(uri));
        assert!(
            text.contains("# The redirect URI that was sent cannot be added: it ") && !text.contains("evil"),
            "{text}"
        );
        assert_eq!(loaded(&text, "spa").redirect_uris.len(), 5);
    }
}

#[test]
fn every_key_of_a_client_survives() {
    let text = "[[providers]]\nid = \"google\"\nclient_id = \"v\"\nclient_secret = \"s\"\n\
                [[clients]]\nclient_id = \"c\"\nclient_name = \"Say \\\"hi\\\"\\nthere \\u0007\"\nfirst_party = true\n\
                redirect_uris = [\"https://a.example/cb\"]\npost_logout_redirect_uris = [\"https://a.example/bye\"]\ngrant_types = [\"authorization_code\", \"password\"]\n\
                token_endpoint_auth_method = \"client_secret_post\"\nclient_secret = \"dev\"\nscope = \"openid read:users\"\n\
                default_scope = \"openid\"\ndefault_audience = \"https://api.example.test\"\nconsent = \"never\"\n\
                pkce = \"optional\"\naccess_token_lifetime = 90\nid_token_signed_response_alg = \"ES256\"\n\
                id_token_claims = \"minimal\"\nallowed_origins = [\"https://b.example\"]\n\
                providers = [\"google\"]\nauto_redirect = true\n";
    let client = loaded(text, "c");
    let (provider, _) = text.split_once("[[clients]]").unwrap();
    let again = loaded(&format!("{provider}{}", client_table(&client, None)), "c");
    assert_eq!(format!("{again:?}"), format!("{client:?}"));
}
