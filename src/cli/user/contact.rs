//! Postal address and phone number on the command line.
//!
//! Owns: those options and what they make. Does not own: normal forms (`model/contact`).

use clap::Args;

use crate::model::contact::{Address, PhoneNumber};
use crate::model::person::Contact;
use crate::protocol::id_token::AddressClaim;

/// Options of a person's contact.
#[derive(Debug, Args)]
pub(super) struct ContactArgs {
    /// Phone number, with + and the country
    #[arg(long, value_name = "NUMBER", value_parser = phone_number)]
    phone: Option<PhoneNumber>,
    /// The number is known to be this person's
    #[arg(long, requires = "phone")]
    phone_verified: bool,
    /// Postal address as on a label
    #[arg(long, value_name = "TEXT")]
    address: Option<String>,
    /// House and street of the address
    #[arg(long, value_name = "TEXT")]
    street_address: Option<String>,
    /// City of the address
    #[arg(long, value_name = "TEXT")]
    locality: Option<String>,
    /// State, province or region of the address
    #[arg(long, value_name = "TEXT")]
    region: Option<String>,
    /// Postal code of the address
    #[arg(long, value_name = "TEXT")]
    postal_code: Option<String>,
    /// Country of the address
    #[arg(long, value_name = "TEXT")]
    country: Option<String>,
}

impl ContactArgs {
    /// What they make.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub(super) fn contact(&self) -> Result<Contact, String> {
        let parts = AddressClaim {
            formatted: self.address.clone(),
            street_address: self.street_address.clone(),
            locality: self.locality.clone(),
            region: self.region.clone(),
            postal_code: self.postal_code.clone(),
            country: self.country.clone(),
        };
        Ok(Contact {
            address: address(parts)?,
            phone_number: self.phone.clone(),
            phone_number_verified: self.phone_verified,
        })
    }
}

/// Reads a number.
///
/// # Errors
/// What one looks like.
pub(super) fn phone_number(text: &str) -> Result<PhoneNumber, String> {
    PhoneNumber::parse(text).ok_or_else(|| "a phone number begins with + and the country: +44 20 7946 0018".to_owned())
}

/// Reads an address; none when every part is empty.
///
/// # Errors
/// Which part is wrong.
pub(super) fn address(parts: AddressClaim) -> Result<Option<Address>, String> {
    Address::parse(parts).map_err(|part| {
        let column = if part == "formatted" { "address" } else { part };
        format!("{column}: at most 400 characters, without control characters")
    })
}
