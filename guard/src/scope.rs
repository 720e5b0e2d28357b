//! Scopes as types: what a route needs stands in the signature of its handler.
//!
//! Owns: naming them, and that the names are scopes, checked by the compiler. Does not own: whether a token has them
//! (`token`).

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::token::AccessToken;

/// A type that stands for the scopes a route needs. [`scope!`](crate::scope!) makes one.
pub trait RequiredScope: 'static {
    /// The scopes, separated by single spaces: all of them are needed. Empty: any good token will do.
    const SCOPE: &'static str;
}

/// Any good token will do.
impl RequiredScope for () {
    const SCOPE: &'static str = "";
}

/// Makes types that stand for scopes. What is not a scope (RFC 6749 3.3) does not compile.
///
/// ```
/// vestibule_guard::scope! {
///     /// Sees everybody's profile.
///     pub ReadUsers = "read:users";
///     ManageUsers = "read:users write:users";
/// }
/// ```
///
/// ```compile_fail
/// vestibule_guard::scope! { Bad = "read  users"; }
/// ```
#[macro_export]
macro_rules! scope {
    ($($(#[$doc:meta])* $visibility:vis $name:ident = $scope:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            $visibility struct $name;

            impl $crate::RequiredScope for $name {
                const SCOPE: &'static str = $scope;
            }

            const _: () = assert!($crate::is_scope($scope), "not a list of scopes separated by single spaces");
        )+
    };
}

/// Whether a text is a list of scopes as RFC 6749 3.3 has it: no quote, no backslash, single spaces between.
#[must_use]
pub const fn is_scope(text: &str) -> bool {
    let mut rest = text.as_bytes();
    let mut after_space = true;
    while let [byte, others @ ..] = rest {
        match byte {
            b' ' if after_space => return false,
            b' ' => after_space = true,
            0x21 | 0x23..=0x5b | 0x5d..=0x7e => after_space = false,
            _ => return false,
        }
        rest = others;
    }
    !after_space
}

/// A verified access token that has the scopes of `S`: holding one proves it. Frameworks make it from a request.
///
/// It reads as the [`AccessToken`] it holds.
pub struct Token<S: RequiredScope = ()> {
    token: Arc<AccessToken>,
    scope: PhantomData<fn() -> S>,
}

impl<S: RequiredScope> Token<S> {
    /// A compiler's error when a hand-written [`RequiredScope`] names no scope.
    pub(crate) const NEEDED: &'static str = {
        assert!(S::SCOPE.is_empty() || is_scope(S::SCOPE), "not a list of scopes separated by single spaces");
        S::SCOPE
    };

    /// Only for a token that has the scopes.
    pub(crate) const fn proven(token: Arc<AccessToken>) -> Self {
        Self { token, scope: PhantomData }
    }

    /// The token alone, to keep.
    #[must_use]
    pub fn into_inner(self) -> Arc<AccessToken> {
        self.token
    }
}

impl<S: RequiredScope> Deref for Token<S> {
    type Target = AccessToken;

    fn deref(&self) -> &AccessToken {
        &self.token
    }
}

impl<S: RequiredScope> Clone for Token<S> {
    fn clone(&self) -> Self {
        Self::proven(Arc::clone(&self.token))
    }
}

impl<S: RequiredScope> fmt::Debug for Token<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("needed", &S::SCOPE).field("token", &self.token).finish()
    }
}
