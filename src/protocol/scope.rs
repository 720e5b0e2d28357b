//! RFC 6749 3.3: scope tokens and sets of them.
//!
//! Owns: their grammar, order and set arithmetic. Does not own: which exist and who may have them
//! (`model/permissions`).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most scopes one request may name.
pub const MOST_SCOPES: usize = 100;

/// One scope: 1 to 128 characters of `%x21 / %x23-5B / %x5D-7E`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Scope(String);

impl Scope {
    /// Reads one scope token; `None` when a character is not allowed, it is empty or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        (!text.is_empty() && text.len() <= 128 && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a scope of OpenID Connect Core (5.4, 11), which needs no role and no API.
    #[must_use]
    pub fn is_openid(&self) -> bool {
        matches!(self.as_str(), "openid" | "profile" | "email" | "address" | "phone" | "offline_access")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a scope token"))
    }
}

/// A set of scopes in the order they were named, each once. Written as space-separated text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

/// Why a text is not a list of scopes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopesError {
    /// A token with a character that RFC 6749 3.3 does not allow, or longer than 128.
    #[error("'{0}' is not a scope: letters, digits and punctuation without quotes and backslash, at most 128")]
    Token(String),
    /// More than [`MOST_SCOPES`].
    #[error("more than {MOST_SCOPES} scopes")]
    TooMany,
}

impl Scopes {
    /// Reads a space-separated list. A token that stands twice counts once.
    ///
    /// # Errors
    /// When a token is malformed or there are too many.
    pub fn parse(text: &str) -> Result<Self, ScopesError> {
        let mut scopes = Self::default();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            let scope = Scope::parse(token).ok_or_else(|| ScopesError::Token(token.chars().take(64).collect()))?;
            scopes.insert(scope);
            if scopes.len() > MOST_SCOPES {
                return Err(ScopesError::TooMany);
            }
        }
        Ok(scopes)
    }

    /// Adds a scope at the end unless it is there.
    pub fn insert(&mut self, scope: Scope) {
        if !self.0.contains(&scope) {
            self.0.push(scope);
        }
    }

    /// Whether the scope of that name is in the set.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|scope| scope.as_str() == name)
    }

    /// Whether the scope is in the set.
    #[must_use]
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }

    /// Those for which `keep` holds.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&Scope) -> bool) -> Self {
        Self(self.0.iter().filter(|scope| keep(scope)).cloned().collect())
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.filter(|scope| !other.contains(scope))
    }

    /// All of these and then those of `other`.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        other.iter().cloned().for_each(|scope| all.insert(scope));
        all
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(iter: I) -> Self {
        let mut scopes = Self::default();
        iter.into_iter().for_each(|scope| scopes.insert(scope));
        scopes
    }
}

impl<'a> IntoIterator for &'a Scopes {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
