//! What the page shows.
//!
//! Owns: its data. Does not own: its layout (`templates/password/form.html`).

use askama::Template;

use crate::web::page::Frame;

/// The page.
#[derive(Debug, Template)]
#[template(path = "password/form.html")]
pub(super) struct PasswordPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    /// For the person and for their password manager.
    pub(super) username: &'a str,
    /// Fewest code points.
    pub(super) min_length: usize,
    pub(super) failure: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::issuer::Issuer;

    #[test]
    fn both_fields_are_new_passwords_and_a_failure_is_announced() {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true);
        let page = |failure| {
            PasswordPage { frame: &frame, action: "/password", csrf: "t", username: "a<b", min_length: 15, failure }
                .render()
                .unwrap()
        };
        let plain = page(None);
        assert_eq!(plain.matches("autocomplete=\"new-password\"").count(), 2);
        assert!(plain.contains("15 characters") && !plain.contains("a<b"), "{plain}");
        assert_eq!(plain.matches("autofocus").count(), 1);
        let failed = page(Some("Too <short>"));
        assert!(failed.contains("<title>Error: ") && failed.contains("role=\"alert\""), "{failed}");
        assert!(!failed.contains("<short>") && failed.contains("aria-invalid=\"true\""), "{failed}");
        assert_eq!(failed.matches("autofocus").count(), 1);
    }
}
