//! The schema of both databases, one file a change.
//!
//! Owns: every table and index, and the order in which they came. Does not own: the records (`vestibule`'s
//! `store/sql`), of which nothing is known here. A file that was released is never edited: a change is a new file.

pub mod durable;
pub mod ephemeral;

pub use sea_orm_migration::MigratorTrait;
