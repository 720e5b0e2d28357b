//! What the home page shows.
//!
//! Owns: its data. Does not own: its layout (`templates/home/home.html`).

use askama::Template;

use crate::web::page::Frame;

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Person<'a> {
    pub(super) name: &'a str,
    pub(super) username: &'a str,
    pub(super) email: Option<&'a str>,
    /// For the form that signs out.
    pub(super) csrf: &'a str,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "home/home.html")]
pub(super) struct HomePage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) issuer: &'a str,
    pub(super) login: &'a str,
    pub(super) logout: &'a str,
    pub(super) account: &'a str,
    pub(super) person: Option<&'a Person<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::issuer::Issuer;

    fn render(person: Option<&Person<'_>>, dev: bool) -> String {
        let issuer = Issuer::parse("http://localhost:9400").unwrap();
        let frame = Frame::new(&issuer, dev);
        let (login, logout, account) = ("/login", "/logout", "/account");
        HomePage { frame: &frame, issuer: issuer.as_str(), login, logout, account, person }.render().unwrap()
    }

    #[test]
    fn it_says_who_is_signed_in_and_is_inert() {
        let probe = "<svg onload=alert(1)>";
        let page = render(Some(&Person { name: probe, username: probe, email: Some(probe), csrf: "t" }), true);
        assert!(!page.contains("<svg") && page.contains("action=\"/logout\""), "{page}");
        assert!(page.contains("href=\"/account\""), "{page}");
    }

    #[test]
    fn only_a_development_server_says_so_and_what_to_do_next() {
        assert!(render(None, true).contains("vestibule token"));
        let page = render(None, false);
        assert!(!page.contains("vestibule token") && !page.contains("evelopment server"), "{page}");
        assert!(page.contains("href=\"/login\""), "{page}");
    }
}
