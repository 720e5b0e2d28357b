//! The rows of a file, whichever way it is written.
//!
//! Owns: what a row is before it is judged, and the bound on one. Does not own: the two ways (`csv`,
//! `json_lines`), what makes a person (`person`).

use std::io::{self, BufRead};

use clap::ValueEnum;
use secrecy::SecretString;

use crate::cli::user::import::csv::Csv;
use crate::cli::user::import::json_lines::JsonLines;
use crate::protocol::id_token::AddressClaim;

/// Bytes of a row at most: nobody's is longer, and memory is bounded by it.
pub(super) const LONGEST: usize = 64 * 1024;

/// The columns.
pub(super) const COLUMNS: [&str; 14] = [
    "username",
    "email",
    "email_verified",
    "name",
    "roles",
    "password_hash",
    "phone_number",
    "phone_number_verified",
    "address",
    "street_address",
    "locality",
    "region",
    "postal_code",
    "country",
];

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated (RFC 4180), the first row naming the columns
    Csv,
    /// One JSON object a line
    Jsonl,
}

impl Format {
    /// By the extension of a file's name.
    pub(super) fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// What a row says; empty texts count as absent.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) username: String,
    pub(super) email: String,
    pub(super) email_verified: bool,
    pub(super) name: String,
    pub(super) roles: String,
    pub(super) password_hash: SecretString,
    pub(super) phone_number: String,
    pub(super) phone_number_verified: bool,
    pub(super) address: AddressClaim,
}

impl Fields {
    /// Sets one of [`COLUMNS`].
    ///
    /// # Errors
    /// When it is yes or no, and the text neither.
    pub(super) fn set(&mut self, column: &str, text: String) -> Result<(), String> {
        let flag = |text: &str| boolean(text).ok_or_else(|| format!("{column}: write true or false"));
        match column {
            "username" => self.username = text,
            "email" => self.email = text,
            "email_verified" => self.email_verified = flag(&text)?,
            "name" => self.name = text,
            "roles" => self.roles = text,
            "phone_number" => self.phone_number = text,
            "phone_number_verified" => self.phone_number_verified = flag(&text)?,
            "address" => self.address.formatted = Some(text),
            "street_address" => self.address.street_address = Some(text),
            "locality" => self.address.locality = Some(text),
            "region" => self.address.region = Some(text),
            "postal_code" => self.address.postal_code = Some(text),
            "country" => self.address.country = Some(text),
            _ => self.password_hash = SecretString::from(text),
        }
        Ok(())
    }
}

/// A row, or why it cannot be read; the reason holds nothing of it.
#[derive(Debug)]
pub(super) struct Row {
    /// Where it begins, counted from one.
    pub(super) line: u64,
    pub(super) fields: Result<Fields, String>,
}

/// The rows of one file, one at a time.
pub(super) enum Rows<R> {
    Csv(Box<Csv<R>>),
    JsonLines(JsonLines<R>),
}

impl<R: BufRead> Rows<R> {
    /// Begins; reads the header where there is one.
    ///
    /// # Errors
    /// When the file cannot be read, or its header is not one.
    pub(super) fn open(format: Format, input: R) -> io::Result<Self> {
        Ok(match format {
            Format::Csv => Self::Csv(Box::new(Csv::open(input)?)),
            Format::Jsonl => Self::JsonLines(JsonLines::new(input)),
        })
    }

    /// The next row.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        match self {
            Self::Csv(csv) => csv.next(),
            Self::JsonLines(lines) => lines.next(),
        }
    }
}

/// Reads yes or no as databases and spreadsheets write it.
fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" | "false" | "f" | "0" | "no" | "n" => Some(false),
        "true" | "t" | "1" | "yes" | "y" => Some(true),
        _ => None,
    }
}
