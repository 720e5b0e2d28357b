//! OpenID Connect Core 5.1, 5.4, 5.5: claims about a person by name, which scope opens which, and the
//! `claims` parameter.
//!
//! Owns: names, sets and reading the parameter within bounds. Does not own: the values (`model/person`), who
//! may have them (`model/checked_request`) and what a person is asked (`model/next_step`).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::protocol::error::OAuthError;
use crate::protocol::ids::UserId;
use crate::protocol::json;
use crate::protocol::scope::Scopes;

/// The longest `claims` parameter, in bytes.
const LONGEST: usize = 4096;
/// How deep it may be: the document, its two members, a claim, its values, and room for what we do not know.
const DEEPEST: usize = 8;

/// A claim about a person (OpenID Connect Core 5.1) that a client can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// `name`.
    Name,
    /// `preferred_username`.
    PreferredUsername,
    /// `updated_at`.
    UpdatedAt,
    /// `email`.
    Email,
    /// `email_verified`.
    EmailVerified,
    /// `address`.
    Address,
    /// `phone_number`.
    PhoneNumber,
    /// `phone_number_verified`.
    PhoneNumberVerified,
}

impl Claim {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::PreferredUsername,
        Self::UpdatedAt,
        Self::Email,
        Self::EmailVerified,
        Self::Address,
        Self::PhoneNumber,
        Self::PhoneNumberVerified,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::PreferredUsername => "preferred_username",
            Self::UpdatedAt => "updated_at",
            Self::Email => "email",
            Self::EmailVerified => "email_verified",
            Self::Address => "address",
            Self::PhoneNumber => "phone_number",
            Self::PhoneNumberVerified => "phone_number_verified",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.as_str() == text)
    }

    /// The scope that opens it (OpenID Connect Core 5.4).
    #[must_use]
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Name | Self::PreferredUsername | Self::UpdatedAt => "profile",
            Self::Email | Self::EmailVerified => "email",
            Self::Address => "address",
            Self::PhoneNumber | Self::PhoneNumberVerified => "phone",
        }
    }
}

/// A set of claims. Written as space-separated text; names that are none of ours are left out when read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeSet<Claim>);

impl Claims {
    /// Those that the scopes open.
    #[must_use]
    pub fn opened_by(scope: &Scopes) -> Self {
        Claim::ALL.into_iter().filter(|claim| scope.has(claim.scope())).collect()
    }

    /// Reads space-separated names.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter_map(Claim::parse).collect()
    }

    /// Whether it is among them.
    #[must_use]
    pub fn has(&self, claim: Claim) -> bool {
        self.0.contains(&claim)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of [`Claim::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Claim> {
        self.0.iter().copied()
    }

    /// Those of a scope in the set.
    #[must_use]
    pub fn within(&self, scope: &Scopes) -> Self {
        self.iter().filter(|claim| scope.has(claim.scope())).collect()
    }

    /// Those that are in `other` too.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).copied().collect())
    }

    /// All of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }
}

impl FromIterator<Claim> for Claims {
    fn from_iter<I: IntoIterator<Item = Claim>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, claim) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { " " } else { "" })?;
            f.write_str(claim.as_str())?;
        }
        Ok(())
    }
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::parse(&text))
    }
}

/// Single claims that are asked for or granted beside those of the scopes, by where they are told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SingleClaims {
    /// By the userinfo endpoint.
    pub userinfo: Claims,
    /// In the ID token.
    pub id_token: Claims,
}

impl SingleClaims {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// Those of a scope in the set.
    #[must_use]
    pub fn within(&self, scope: &Scopes) -> Self {
        Self { userinfo: self.userinfo.within(scope), id_token: self.id_token.within(scope) }
    }

    /// What they tell that the scopes do not, wherever it is told.
    #[must_use]
    pub fn beyond(&self, scope: &Scopes) -> Claims {
        self.userinfo.union(&self.id_token).without(&Claims::opened_by(scope))
    }
}

/// The `claims` parameter (OpenID Connect Core 5.5), as far as it is understood; the rest is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimsParameter {
    /// Claims about the person, essential or not: both are told when there is a value and it is allowed.
    pub single: SingleClaims,
    /// Who it has to be, when a value of `sub` is asked for. An empty list is nobody.
    pub subjects: Option<Vec<UserId>>,
    /// One of these has to be the `acr`, when it is essential in the ID token and has values (5.5.1.1).
    pub essential_acr: Option<Vec<String>>,
}

impl ClaimsParameter {
    /// Reads it; nothing where there is none.
    ///
    /// # Errors
    /// `invalid_request` when it is too long or too deep, no JSON object, or a member of it has a type that
    /// Core does not allow.
    pub fn parse(text: Option<&str>) -> Result<Self, OAuthError> {
        let Some(text) = text else { return Ok(Self::default()) };
        if text.len() > LONGEST {
            return Err(malformed(&format!("it is longer than {LONGEST} bytes")));
        }
        let document =
            json::object(text.as_bytes()).ok_or_else(|| malformed("it is no JSON object, or names a member twice"))?;
        if document.values().any(|value| depth(value) >= DEEPEST) {
            return Err(malformed(&format!("it is deeper than {DEEPEST} levels")));
        }
        let mut parameter = Self::default();
        for (place, asked) in
            [("userinfo", member(&document, "userinfo")?), ("id_token", member(&document, "id_token")?)]
        {
            let Some(asked) = asked else { continue };
            let claims = parameter.read(place, asked)?;
            match place {
                "userinfo" => parameter.single.userinfo = claims,
                _ => parameter.single.id_token = claims,
            }
        }
        Ok(parameter)
    }

    /// It has to be this person.
    pub fn ask_for(&mut self, person: UserId) {
        self.narrow(vec![person]);
    }

    /// Reads one of the two members.
    fn read(&mut self, place: &str, asked: &Map<String, Value>) -> Result<Claims, OAuthError> {
        let mut claims = Claims::default();
        for (name, value) in asked {
            let known = Claim::parse(name);
            if known.is_none() && !matches!(name.as_str(), "sub" | "acr" | "auth_time") {
                continue;
            }
            let wanted = Wanted::read(name, value)?;
            match (name.as_str(), place) {
                ("sub", _) => {
                    if let Some(values) = wanted.values {
                        self.narrow(values.iter().filter_map(|text| UserId::parse(text)).collect());
                    }
                }
                ("acr", "id_token") if wanted.essential => self.essential_acr = wanted.values,
                _ => claims.0.extend(known),
            }
        }
        Ok(claims)
    }

    /// Whoever is asked for in two places has to be the same.
    fn narrow(&mut self, subjects: Vec<UserId>) {
        self.subjects = Some(match self.subjects.take() {
            None => subjects,
            Some(before) => before.into_iter().filter(|one| subjects.contains(one)).collect(),
        });
    }
}

/// What is asked of one claim.
struct Wanted {
    essential: bool,
    values: Option<Vec<String>>,
}

impl Wanted {
    /// `null`, or an object with `essential`, `value`, `values`; values are texts where they matter.
    fn read(name: &str, value: &Value) -> Result<Self, OAuthError> {
        let wrong = |what: &str| malformed(&format!("{name}{what}"));
        let members = match value {
            Value::Null => return Ok(Self { essential: false, values: None }),
            Value::Object(members) => members,
            _ => return Err(wrong(" must be null or an object")),
        };
        let essential = match members.get("essential") {
            None => false,
            Some(Value::Bool(essential)) => *essential,
            Some(_) => return Err(wrong(".essential must be true or false")),
        };
        let one = members.get("value").map(|value| vec![value]);
        let many = match members.get("values") {
            None => None,
            Some(Value::Array(values)) => Some(values.iter().collect()),
            Some(_) => return Err(wrong(".values must be a list")),
        };
        let Some(values): Option<Vec<&Value>> = one.or(many) else { return Ok(Self { essential, values: None }) };
        // Of the others the value that there is is told, whatever value is asked for.
        if !matches!(name, "sub" | "acr") {
            return Ok(Self { essential, values: None });
        }
        let texts: Option<Vec<String>> = values.into_iter().map(|value| value.as_str().map(str::to_owned)).collect();
        Ok(Self { essential, values: Some(texts.ok_or_else(|| wrong(" can only have texts as values"))?) })
    }
}

fn member<'a>(document: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, OAuthError> {
    match document.get(name) {
        None => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(malformed(&format!("{name} must be an object"))),
    }
}

fn malformed(why: &str) -> OAuthError {
    OAuthError::invalid_request(format!("claims cannot be read: {why}"))
}

/// Of the document that the value is a member of; the reader itself is bounded.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 1,
    }
}
