//! What the page shows.
//!
//! Owns: its data. Does not own: its layout (`templates/join/form.html`).

use askama::Template;

use crate::web::page::Frame;
use crate::web::password_try::Failure;
use crate::web::provider_buttons::ProviderButton;

/// The page.
#[derive(Debug, Template)]
#[template(path = "join/form.html")]
pub(super) struct JoinPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    /// The provider that the person came from.
    pub(super) provider: &'a str,
    /// Theirs, and the account's.
    pub(super) address: &'a str,
    /// The application that asks.
    pub(super) client_name: Option<&'a str>,
    pub(super) by_password: bool,
    /// Those that the account can be proven with.
    pub(super) providers: &'a [ProviderButton],
    pub(super) or_new: bool,
    /// The sign-in page.
    pub(super) login: &'a str,
    pub(super) failure: Option<Failure>,
}

impl JoinPage<'_> {
    /// Whether what was typed is to be corrected.
    fn is_wrong(&self) -> bool {
        self.failure == Some(Failure::Refused)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::provider::Brand;
    use crate::protocol::issuer::Issuer;

    fn render(
        text: &str,
        (by_password, or_new): (bool, bool),
        providers: &[ProviderButton],
        failure: Option<Failure>,
    ) -> String {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true);
        let page = JoinPage {
            frame: &frame,
            action: "/join?id=x",
            csrf: "token",
            provider: text,
            address: text,
            client_name: Some(text),
            by_password,
            providers,
            or_new,
            login: "/login",
            failure,
        };
        page.render().unwrap()
    }

    fn way(name: &str) -> ProviderButton {
        ProviderButton {
            href: "/login/github?join=x".to_owned(),
            label: format!("Confirm with {name}"),
            brand: Brand::GitHub,
        }
    }

    #[test]
    fn text_of_others_is_inert() {
        let probe = "\"><script>alert(1)</script>";
        let page = render(probe, (true, true), &[way(probe)], Some(Failure::Refused));
        assert!(!page.contains("<script>"), "{page}");
    }

    #[test]
    fn it_offers_what_there_is_and_nothing_else() {
        let all = render("ada@example.org", (true, true), &[way("GitHub")], None);
        assert!(all.contains("type=\"password\"") && all.contains("GitHub") && all.contains("name=\"new\""), "{all}");
        let federated = render("ada@example.org", (false, false), &[way("GitHub")], None);
        assert!(!federated.contains("type=\"password\"") && !federated.contains("name=\"new\""), "{federated}");
        let nothing = render("ada@example.org", (false, false), &[], None);
        assert!(nothing.contains("people who run this server"), "{nothing}");
        for page in [all, federated, nothing] {
            assert_eq!((page.matches("<h1").count(), page.matches("<main").count()), (1, 1));
            assert!(page.matches("autofocus").count() <= 1, "{page}");
        }
    }

    #[test]
    fn a_failure_is_announced_and_the_password_is_not_kept() {
        let page = render("ada@example.org", (true, true), &[], Some(Failure::Refused));
        assert!(page.contains("<title>Error: ") && page.contains("role=\"alert\""), "{page}");
        assert!(page.contains("aria-invalid=\"true\""), "{page}");
        let password = page.split("type=\"password\"").nth(1).unwrap().split('>').next().unwrap();
        assert!(!password.contains("value"), "{password}");
        assert_eq!(page.matches("autofocus").count(), 1);
        let page = render("ada@example.org", (true, true), &[], Some(Failure::Throttled(Duration::from_secs(61))));
        assert!(page.contains("in 2 minutes.") && !page.contains("aria-invalid"), "{page}");
    }
}
