//! What the two pages show.
//!
//! Owns: their data. Does not own: their layout (`templates/logout`).

use askama::Template;

use crate::web::page::Frame;
use crate::web::page_error::Explanation;

/// Asks whether to sign out: a link of another site must not do it (ASVS 10.6.2).
#[derive(Debug, Template)]
#[template(path = "logout/confirm.html")]
pub(super) struct ConfirmPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    pub(super) name: &'a str,
    /// The application that asks.
    pub(super) client_name: Option<&'a str>,
    /// What the form repeats of its request.
    pub(super) parameters: &'a [(&'static str, &'a str)],
}

/// The way on to a provider where the person may be signed in still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UpstreamLink {
    /// As people know it.
    pub(super) name: String,
    /// Its end-session endpoint.
    pub(super) href: String,
}

/// Nobody is signed in any more.
#[derive(Debug, Template)]
#[template(path = "logout/done.html")]
pub(super) struct SignedOutPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) login: &'a str,
    /// The application that asked.
    pub(super) client_name: Option<&'a str>,
    /// Its registered address, where the person was not sent there by itself.
    pub(super) there: Option<&'a str>,
    /// Whether it asked for an address that is not followed.
    pub(super) refused: bool,
    /// The provider through which the session began.
    pub(super) upstream: Option<&'a UpstreamLink>,
    /// On a development server.
    pub(super) explanation: Option<&'a Explanation>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::issuer::Issuer;

    fn frame() -> Frame {
        Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true)
    }

    #[test]
    fn signing_out_is_a_posted_form_and_hostile_names_are_inert() {
        let probe = "\"><img src=x onerror=alert(1)>";
        let page = ConfirmPage {
            frame: &frame(),
            action: "/logout/confirm",
            csrf: "t",
            name: probe,
            client_name: Some(probe),
            parameters: &[("state", probe)],
        };
        let page = page.render().unwrap();
        assert!(
            page.contains("method=\"post\"") && page.contains("name=\"state\"") && !page.contains("<img"),
            "{page}"
        );
    }

    #[test]
    fn the_last_page_says_why_nobody_was_sent_on_and_is_inert() {
        let probe = "\"><img src=x onerror=alert(1)>";
        let explanation = Explanation { received: Some(probe.to_owned()), ..Explanation::default() };
        let page = SignedOutPage {
            frame: &frame(),
            login: "/login",
            client_name: Some(probe),
            there: None,
            refused: true,
            upstream: Some(&UpstreamLink { name: probe.to_owned(), href: probe.to_owned() }),
            explanation: Some(&explanation),
        };
        let page = page.render().unwrap();
        assert!(
            page.contains("not registered") && page.contains("For the developer") && !page.contains("<img"),
            "{page}"
        );
    }
}
