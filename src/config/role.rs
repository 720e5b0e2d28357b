//! `[[roles]]`: which API scopes people may be granted.
//!
//! Owns: one such table. Does not own: what it refers to (`registry`), or who has which role.

use crate::config::document::Table;
use crate::config::section::{Found, Reader};
use crate::config::values::ScopeList;
use crate::model::registry::Role;
use crate::protocol::ids::RoleName;

/// A role as written, with the places that references need.
#[derive(Debug, Clone)]
pub(super) struct WrittenRole {
    pub(super) name: Found<RoleName>,
    pub(super) scopes: ScopeList,
    pub(super) default: bool,
}

impl WrittenRole {
    /// Without the places.
    pub(super) fn into_role(self) -> Role {
        Role { name: self.name.value, scopes: self.scopes.scopes, default: self.default }
    }
}

/// Reads one table; `None` when it has no name.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Option<WrittenRole> {
    let mut section = reader.entry("roles", table);
    if !section.is_set("name") {
        section.missing("name", "write how `vestibule user add --role` names it: name = \"editor\"");
    }
    let name = section.parsed(
        "name",
        |text| RoleName::parse(text).ok_or("must be 1 to 64 characters of A-Z a-z 0-9 _ . : -"),
        |_| "write a short word: name = \"editor\"".to_owned(),
    );
    let scopes = section.scopes("scopes").unwrap_or_default();
    let default = section.boolean_or("default", false).value;
    section.finish();
    Some(WrittenRole { name: name?, scopes, default })
}
