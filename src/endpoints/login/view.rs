//! What the sign-in page shows.
//!
//! Owns: its data. Does not own: its layout (`templates/login/form.html`).

use askama::Template;

use crate::model::next_step::SignInReason;
use crate::web::page::Frame;
use crate::web::password_try::Failure;
use crate::web::provider_buttons::ProviderButton;

/// The page.
#[derive(Debug, Template)]
#[template(path = "login/form.html")]
pub(super) struct LoginPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    /// What stands in the name field.
    pub(super) name: &'a str,
    pub(super) failure: Option<Failure>,
    /// The application that asks.
    pub(super) client_name: Option<&'a str>,
    /// Who is signed in.
    pub(super) signed_in: Option<&'a str>,
    pub(super) reason: SignInReason,
    /// Other ways in.
    pub(super) providers: &'a [ProviderButton],
}

impl LoginPage<'_> {
    /// Whether what was typed is to be corrected.
    fn is_wrong(&self) -> bool {
        self.failure == Some(Failure::Refused)
    }

    /// Who has to show it once more.
    fn again(&self) -> Option<&str> {
        self.signed_in.filter(|_| self.reason == SignInReason::Again)
    }

    /// Who is signed in and not the one that is asked for.
    fn somebody_else(&self) -> Option<&str> {
        self.signed_in.filter(|_| self.reason == SignInReason::SomebodyElse)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::provider::Brand;
    use crate::protocol::issuer::Issuer;

    fn render(name: &str, failure: Option<Failure>, client_name: Option<&str>, signed_in: Option<&str>) -> String {
        render_for(SignInReason::Again, name, failure, client_name, signed_in)
    }

    fn render_for(
        reason: SignInReason,
        name: &str,
        failure: Option<Failure>,
        client_name: Option<&str>,
        signed_in: Option<&str>,
    ) -> String {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true);
        let providers = [ProviderButton {
            href: "/login/acme?id=x".to_owned(),
            label: format!("Continue with {}", client_name.unwrap_or("Acme")),
            brand: Brand::Google,
        }];
        let page = LoginPage {
            frame: &frame,
            action: "/login?id=x",
            csrf: "token",
            name,
            failure,
            client_name,
            signed_in,
            reason,
            providers: &providers,
        };
        page.render().unwrap()
    }

    #[test]
    fn text_of_others_is_inert() {
        let probe = "\"><script>alert(1)</script>";
        for reason in [SignInReason::Nobody, SignInReason::Again, SignInReason::SomebodyElse] {
            let page = render_for(reason, probe, Some(Failure::Refused), Some(probe), Some(probe));
            assert!(!page.contains("<script>"), "{page}");
        }
    }

    #[test]
    fn a_failure_is_announced_keeps_the_name_and_never_the_password() {
        let page = render("ada", Some(Failure::Refused), None, None);
        assert!(page.contains("<title>Error: Sign in"), "{page}");
        assert!(page.contains("role=\"alert\"") && page.contains("aria-invalid=\"true\""), "{page}");
        assert!(page.contains("value=\"ada\""), "{page}");
        let password = page.split("type=\"password\"").nth(1).unwrap().split('>').next().unwrap();
        assert!(!password.contains("value"), "{password}");
        assert_eq!(page.matches("autofocus").count(), 1);
    }

    #[test]
    fn whoever_has_to_wait_is_told_how_long() {
        for (millis, expected) in [
            (1, "in 1 second."),
            (1_500, "in 2 seconds."),
            (59_000, "in 59 seconds."),
            (60_000, "in 1 minute."),
            (60_001, "in 2 minutes."),
            (360_000, "in 6 minutes."),
        ] {
            let page = render("ada", Some(Failure::Throttled(Duration::from_millis(millis))), None, None);
            assert!(page.contains(expected), "{expected}: {page}");
            assert!(page.contains("role=\"alert\"") && page.contains("value=\"ada\""), "{page}");
            // Nothing that was typed is wrong.
            assert!(!page.contains("aria-invalid"), "{page}");
        }
    }

    #[test]
    fn every_form_of_the_page_has_one_heading_one_main_and_one_focus() {
        for page in [
            render("", None, None, None),
            render("ada", None, Some("Acme"), None),
            render("ada", None, Some("Acme"), Some("Ada")),
            render("ada", Some(Failure::Busy(Duration::from_secs(1))), None, None),
            render("ada", Some(Failure::Throttled(Duration::from_secs(9))), None, None),
        ] {
            assert_eq!(page.matches("<h1").count(), 1);
            assert_eq!(page.matches("<main").count(), 1);
            assert_eq!(page.matches("autofocus").count(), 1);
            assert!(page.contains("autocomplete=\"username webauthn\"") && page.contains("autocapitalize=\"none\""));
            assert!(page.contains("autocomplete=\"current-password\""));
        }
    }
}
