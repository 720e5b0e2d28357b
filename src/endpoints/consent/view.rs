//! What the consent page shows.
//!
//! Owns: its data and the words of the OpenID scopes and claims. Does not own: its layout
//! (`templates/consent/form.html`) or the words of API scopes (their configuration).

use askama::Template;

use crate::model::consent::Permission;
use crate::model::registry::Registry;
use crate::protocol::claims::Claim;
use crate::protocol::scope::Scope;
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

/// Each scope in words, and each single claim.
pub(super) fn items(permission: &Permission, registry: &Registry) -> Vec<Item> {
    let scope = |scope: &Scope| Item { words: words(scope, registry), name: scope.to_string() };
    let claim = |claim: Claim| Item { words: of_claim(claim).to_owned(), name: claim.as_str().to_owned() };
    permission.scope.iter().map(scope).chain(permission.claims.iter().map(claim)).collect()
}

const fn of_claim(claim: Claim) -> &'static str {
    match claim {
        Claim::Name => "See your name",
        Claim::PreferredUsername => "See your user name",
        Claim::UpdatedAt => "See when your account was last changed",
        Claim::Email => "See your e-mail address",
        Claim::EmailVerified => "See whether your e-mail address is confirmed",
        Claim::Address => "See your postal address",
        Claim::PhoneNumber => "See your phone number",
        Claim::PhoneNumberVerified => "See whether your phone number is confirmed",
    }
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
    /// Asked now; the raw lists go back with the form.
    pub(super) ask: &'a [Item],
    pub(super) scope: &'a str,
    pub(super) claims: &'a str,
    /// Allowed before.
    pub(super) known: &'a [Item],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::claims::Claims;
    use crate::protocol::issuer::Issuer;
    use crate::protocol::scope::Scopes;

    fn render(text: &str, destination: &Destination, known: &[Item]) -> String {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), false);
        let scope = Scopes::parse("openid email read:users").unwrap();
        let ask = items(&Permission { scope, claims: Claims::parse("address") }, &Registry::default());
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
            claims: "address",
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
        assert!(page.contains("See your postal address"), "{page}");
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
