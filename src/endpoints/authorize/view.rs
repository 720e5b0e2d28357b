//! The page for a request that was answered before: after Back, or in a second tab.
//!
//! Owns: its data. Does not own: its layout (`templates/authorize/answered.html`).

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::issuer::Issuer;

    #[test]
    fn a_hostile_client_name_is_inert() {
        let frame = Frame::new(&Issuer::parse("http://localhost:9400").unwrap(), true);
        let page = AnsweredPage { frame: &frame, client_name: "<script>x</script>", again: "/a&b", name: Some("<b>") };
        let page = page.render().unwrap();
        assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
    }
}
