//! The page that asks which account is meant (`prompt=select_account`, OpenID Connect Core 3.1.2.1).
//!
//! Owns: the page and its answer. Does not own: when it is asked (`model/next_step`), or signing in as somebody
//! else, which the sign-in form does.

mod handler;
mod view;

pub(super) use self::handler::{choose, render};
