//! What the page shows.
//!
//! Owns: its data. Does not own: its layout (`templates/account/account.html`).

use askama::Template;

use crate::web::page::Frame;
use crate::web::provider_buttons::ProviderButton;

/// An identity that opens the account.
#[derive(Debug)]
pub(super) struct Way {
    /// Of its provider.
    pub(super) name: String,
    /// What its owner knows it by.
    pub(super) label: Option<String>,
    /// What the form calls it.
    pub(super) handle: String,
    /// Whether its provider is there.
    pub(super) works: bool,
    /// Whether there is another way in.
    pub(super) may_go: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "account/account.html")]
pub(super) struct AccountPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) username: &'a str,
    pub(super) email: Option<&'a str>,
    pub(super) by_password: bool,
    pub(super) ways: &'a [Way],
    /// Those that may be linked.
    pub(super) providers: &'a [ProviderButton],
    /// Whether the sign-in is fresh enough to change anything.
    pub(super) fresh: bool,
    /// Where another one is made.
    pub(super) again: &'a str,
}

impl AccountPage<'_> {
    /// Whether there is anything that can be changed.
    fn has_changes(&self) -> bool {
        !self.providers.is_empty() || self.ways.iter().any(|way| way.may_go)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::provider::Brand;
    use crate::protocol::issuer::Issuer;

    fn render(text: &str, fresh: bool, may_go: bool) -> String {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true);
        let way = |name: &str, works| Way {
            name: name.to_owned(),
            label: Some(text.to_owned()),
            handle: format!("handle-of-{name}"),
            works,
            may_go,
        };
        let page = AccountPage {
            frame: &frame,
            action: "/account",
            csrf: "token",
            name: Some(text),
            username: text,
            email: Some(text),
            by_password: may_go,
            ways: &[way("Google", true), way("gone", false)],
            providers: &[ProviderButton {
                href: "/login/github?link=t".to_owned(),
                label: text.to_owned(),
                brand: Brand::GitHub,
            }],
            fresh,
            again: "/login?next=account",
        };
        page.render().unwrap()
    }

    #[test]
    fn text_of_others_is_inert() {
        let page = render("\"><script>alert(1)</script>", true, true);
        assert!(!page.contains("<script>"), "{page}");
    }

    #[test]
    fn what_cannot_be_done_is_not_offered() {
        let page = render("ada", true, true);
        assert!(page.contains("value=\"handle-of-Google\"") && page.contains("/login/github?link=t"), "{page}");
        assert!(!page.contains("/login?next=account"), "{page}");
        let last = render("ada", true, false);
        assert!(!last.contains("value=\"handle-of-Google\"") && last.contains("only way"), "{last}");
        let stale = render("ada", false, true);
        assert!(!stale.contains("handle-of") && !stale.contains("?link="), "{stale}");
        assert!(stale.contains("href=\"/login?next=account\""), "{stale}");
        for page in [page, last, stale] {
            assert_eq!((page.matches("<h1").count(), page.matches("<main").count()), (1, 1));
        }
    }
}
