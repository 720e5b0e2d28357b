//! The pages of the dispatcher itself: for a request that was answered before (after Back, or in a second tab),
//! and for an answer that travels as a form.
//!
//! Owns: their data. Does not own: their layout (`templates/authorize`).

use askama::Template;

use crate::web::page::Frame;

/// The page.
#[derive(Debug, Template)]
#[template(path = "authorize/answered.html")]
pub(super) struct AnsweredPage<'a> {
    pub(super) frame: &'a Frame,
    pub(super) client_name: &'a str,
    /// Begins the same request anew.
    pub(super) again: &'a str,
    /// Who is signed in.
    pub(super) name: Option<&'a str>,
}

/// The page that carries an answer as a form (OAuth 2.0 Form Post Response Mode 2).
#[derive(Debug, Template)]
#[template(path = "authorize/form_post.html")]
pub(super) struct FormPostPage<'a> {
    pub(super) frame: &'a Frame,
    /// Sends the form where scripts run.
    pub(super) script: &'a str,
    /// The redirect URI.
    pub(super) action: &'a str,
    /// Of it, as people read it.
    pub(super) host: &'a str,
    pub(super) members: &'a [(&'static str, String)],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::issuer::Issuer;

    #[test]
    fn a15_what_a_form_carries_is_inert() {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true);
        let probe = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'";
        let members = [("state", probe.to_owned()), ("error_description", probe.to_owned())];
        let page =
            FormPostPage { frame: &frame, script: "/assets/submit.js", action: probe, host: probe, members: &members };
        let page = page.render().unwrap();
        assert_eq!(page.matches("<script").count(), 1, "{page}");
        assert!(!page.contains("<img") && page.contains("value=\"&#34;&#62;&#60;script&#62;"), "{page}");
    }

    #[test]
    fn a_hostile_client_name_is_inert() {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true);
        let page = AnsweredPage { frame: &frame, client_name: "<script>x</script>", again: "/a&b", name: Some("<b>") };
        let page = page.render().unwrap();
        assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
    }
}
