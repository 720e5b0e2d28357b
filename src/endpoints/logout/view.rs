//! What the two pages show.
//!
//! Owns: their data. Does not own: their layout (`templates/logout`).

use askama::Template;

use crate::web::page::Frame;

/// Asks whether to sign out: a link of another site must not do it (ASVS 10.6.2).
#[derive(Debug, Template)]
#[template(path = "logout/confirm.html")]
pub(super) struct ConfirmPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    pub(super) name: &'a str,
}

/// Nobody is signed in any more.
#[derive(Debug, Template)]
#[template(path = "logout/done.html")]
pub(super) struct SignedOutPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) login: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::issuer::Issuer;

    #[test]
    fn signing_out_is_a_posted_form_and_a_hostile_name_is_inert() {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true);
        let page = ConfirmPage { frame: &frame, action: "/logout", csrf: "t", name: "<img src=x>" }.render().unwrap();
        assert!(page.contains("method=\"post\"") && !page.contains("<img"), "{page}");
    }
}
