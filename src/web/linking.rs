//! Who may change the ways into their account, and the form token with which a browser leaves to link one.
//!
//! Owns: how fresh the sign-in has to be, and that token. Does not own: the page (`endpoints/account`), or the way to
//! the provider and back (`endpoints/login`).
//!
//! The browser leaves by a link, since browsers hold the redirects that follow a post against the page's `form-action`,
//! and where a provider redirects to is its own affair. So the token stands in a query: it is bound to the browser and
//! to the person, and all that it does is to let this browser leave.

use std::time::Duration;

use crate::app::App;
use crate::protocol::ids::UserId;
use crate::protocol::opaque::TokenHash;
use crate::web::browser::Browser;
use crate::web::csrf::FormOf;
use crate::web::page_error::PageError;
use crate::web::session::SignedIn;
use crate::web::urls;

/// How long ago the person may have proved who they are.
pub const FRESH: Duration = Duration::from_mins(10);

/// Whether this person may change the ways into their account now: they proved who they are a moment ago, and not by a
/// generated password, which opens one page only.
#[must_use]
pub fn is_fresh(app: &App, signed_in: &SignedIn) -> bool {
    let age = app.now().since(signed_in.session.sign_in.authenticated());
    age <= FRESH && !signed_in.user.must_set_password()
}

/// The token for a link of this person in this browser (`link` in the query).
#[must_use]
pub fn token(browser: &Browser, user: UserId) -> String {
    form_of(user).token(browser.token())
}

/// Holds a departure against it: whose account is linked to, and in which session.
///
/// # Errors
/// A page, when nobody is signed in or not freshly, or the token is not of our page.
pub fn check(
    app: &App,
    browser: &Browser,
    signed_in: Option<&SignedIn>,
    token: &str,
) -> Result<(UserId, TokenHash), PageError> {
    let again = || PageError::sign_in_again().with_link(urls::sign_in_for_account(app.issuer()), "Sign in");
    let signed_in = signed_in.ok_or_else(again)?;
    form_of(signed_in.user.id).check_token(browser.token(), token)?;
    if is_fresh(app, signed_in) { Ok((signed_in.user.id, signed_in.id)) } else { Err(again()) }
}

const fn form_of(user: UserId) -> FormOf<'static> {
    FormOf { form: "link", transaction: None, user: Some(user) }
}
