//! The page that asks which account is meant.
//!
//! Owns: its data. Does not own: its layout (`templates/login/accounts.html`).

use askama::Template;

use crate::web::page::Frame;

/// The page.
#[derive(Debug, Template)]
#[template(path = "login/accounts.html")]
pub(super) struct AccountsPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    pub(super) client_name: &'a str,
    /// Of the account of the session.
    pub(super) name: &'a str,
    pub(super) username: &'a str,
    /// Where another one signs in.
    pub(super) other: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::issuer::Issuer;

    #[test]
    fn text_of_others_is_inert() {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true);
        let probe = "\"><script>alert(1)</script>";
        let page = AccountsPage {
            frame: &frame,
            action: "/login?id=x",
            csrf: "token",
            client_name: probe,
            name: probe,
            username: "ada",
            other: "/login?id=x&account=other",
        };
        let page = page.render().unwrap();
        assert!(!page.contains("<script>"), "{page}");
        assert_eq!((page.matches("<h1").count(), page.matches("autofocus").count()), (1, 1));
    }
}
