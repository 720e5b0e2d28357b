//! What the consent page shows.
//!
//! Owns: its data and the words of the OpenID scopes. Does not own: its layout
//! (`templates/consent/form.html`) or the words of API scopes (their configuration).

use askama::Template;

use crate::model::registry::Registry;
use crate::protocol::scope::{Scope, Scopes};
use crate::web::page::Frame;

/// One permission in words, beginning with a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) words: String,
    pub(super) name: String,
}

/// Where the person is sent afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// A site on the network.
    Site(String),
    /// This machine.
    Loopback(String),
    /// An installed application, by its private-use scheme.
    App(String),
}

impl Destination {
    /// From the host that is shown for a redirect URI; a private-use URI gives its scheme and a colon.
    pub(super) fn of(host: String) -> Self {
        match host.as_str() {
            "localhost" | "127.0.0.1" | "[::1]" => Self::Loopback(host),
            other if other.ends_with(':') => Self::App(host),
            _ => Self::Site(host),
        }
    }
}

/// Each scope in words.
pub(super) fn items(scopes: &Scopes, registry: &Registry) -> Vec<Item> {
    let item = |scope: &Scope| Item { words: words(scope, registry), name: scope.to_string() };
    scopes.iter().map(item).collect()
}

fn words(scope: &Scope, registry: &Registry) -> String {
    let own = match scope.as_str() {
        "openid" => "Recognise you when you sign in",
        "profile" => "See your name and user name",
        "email" => "See your e-mail address",
        "address" => "See your postal address",
        "phone" => "See your phone number",
        "offline_access" => "Keep this access while you are away",
        other => registry.describe(scope).filter(|words| !words.is_empty()).unwrap_or(other),
    };
    own.to_owned()
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "consent/form.html")]
pub(super) struct ConsentPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    pub(super) client_name: &'a str,
    pub(super) client_id: &'a str,
    pub(super) destination: &'a Destination,
    /// The person's name as shown, and the user name.
    pub(super) name: &'a str,
    pub(super) username: &'a str,
    /// Asked now; the raw scope list goes back with the form.
    pub(super) ask: &'a [Item],
    pub(super) scope: &'a str,
    /// Allowed before.
    pub(super) known: &'a [Item],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::issuer::Issuer;

    fn render(text: &str, destination: &Destination, known: &[Item]) -> String {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), false);
        let ask = items(&Scopes::parse("openid email read:users").unwrap(), &Registry::default());
        ConsentPage {
            frame: &frame,
            action: "/consent?id=x",
            csrf: "token",
            client_name: text,
            client_id: "acme",
            destination,
            name: text,
            username: "ada",
            ask: &ask,
            scope: "openid email read:users",
            known,
        }
        .render()
        .unwrap()
    }

    #[test]
    fn text_of_others_is_inert() {
        let probe = "<script>alert(1)</script>\"'";
        let known = [Item { words: probe.to_owned(), name: probe.to_owned() }];
        let page = render(probe, &Destination::Site(probe.to_owned()), &known);
        assert!(!page.contains("<script>"), "{page}");
    }

    #[test]
    fn scopes_are_said_in_words_and_both_answers_weigh_the_same() {
        let page = render("Acme Reports", &Destination::of("app.example".to_owned()), &[]);
        assert!(page.contains("See your e-mail address") && page.contains("app.example"), "{page}");
        let buttons: Vec<_> = page.split("<button ").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
        assert_eq!(buttons.len(), 2);
        let class = |button: &str| button.split("class=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert_eq!(class(buttons[0]), class(buttons[1]));
    }

    #[test]
    fn a_destination_on_this_machine_is_noted() {
        assert_eq!(Destination::of("[::1]".to_owned()), Destination::Loopback("[::1]".to_owned()));
        assert_eq!(Destination::of("com.example.app:".to_owned()), Destination::App("com.example.app:".to_owned()));
        let page = render("Acme", &Destination::of("localhost".to_owned()), &[]);
        assert!(page.contains("on this computer"), "{page}");
    }
}
