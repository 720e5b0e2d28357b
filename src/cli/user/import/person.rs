//! The person that a row makes.
//!
//! Owns: what a row must be. Does not own: where it stands (`rows`), normal forms (`model/person`).

use rand::CryptoRng;
use secrecy::ExposeSecret as _;

use crate::cli::user::{add, contact, each_once, import::rows::Fields, role};
use crate::clock::uuid_v7;
use crate::model::person::{Contact, StoredPassword, User};
use crate::passwords::scheme_of;
use crate::protocol::ids::{RoleName, UserId};
use crate::protocol::time::Timestamp;

/// Makes the person.
///
/// # Errors
/// The reason for an admin; nothing of a hash is in it.
pub(super) fn of(fields: &Fields, now: Timestamp, rng: &mut impl CryptoRng) -> Result<User, String> {
    let username = add::username(&fields.username).map_err(|why| format!("username: {why}"))?;
    let present = |text: &str| !text.trim().is_empty();
    let email = Some(fields.email.trim()).filter(|text| present(text)).map(add::email).transpose();
    let email = email.map_err(|why| format!("email: {why}"))?;
    if fields.email_verified && email.is_none() {
        return Err("email_verified: there is no email".to_owned());
    }
    let name = Some(fields.name.as_str()).filter(|text| present(text)).map(add::shown_name).transpose();
    let name = name.map_err(|why| format!("name: {why}"))?;
    let roles = fields.roles.split_whitespace().map(role).collect::<Result<Vec<RoleName>, _>>();
    let roles = roles.map_err(|why| format!("roles: {why}"))?;
    let number = Some(fields.phone_number.as_str()).filter(|text| present(text)).map(contact::phone_number);
    let phone_number = number.transpose().map_err(|why| format!("phone_number: {why}"))?;
    if fields.phone_number_verified && phone_number.is_none() {
        return Err("phone_number_verified: there is no phone_number".to_owned());
    }
    let address = contact::address(fields.address.clone())?;
    let contact = Contact { address, phone_number, phone_number_verified: fields.phone_number_verified };
    Ok(User {
        id: UserId(uuid_v7(now, rng)),
        username,
        email,
        email_verified: fields.email_verified,
        name,
        contact,
        roles: each_once(&roles),
        password: password(fields)?,
        disabled: false,
        created_at: now,
        updated_at: now,
        valid_from: now,
    })
}

/// The stored password; none where the other program says so. Django and crypt(3) write `!` or `*` before
/// what nobody can type.
fn password(fields: &Fields) -> Result<Option<StoredPassword>, String> {
    let hash = fields.password_hash.expose_secret().trim();
    if hash.is_empty() || hash.starts_with(['!', '*']) {
        return Ok(None);
    }
    scheme_of(hash).map_err(|why| format!("password_hash: {why}"))?;
    Ok(Some(StoredPassword { phc: hash.into(), generated_until: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::system_rng;
    use crate::protocol::id_token::AddressClaim;

    const HASH: &str = "$2b$04$dX5o8WPTG/eNkpgkYmPEL.dFJH6tgkmcDollL0f2Y3EcQYzM50bH.";

    fn fields(username: &str, email: &str, roles: &str, hash: &str) -> Fields {
        Fields {
            username: username.to_owned(),
            email: email.to_owned(),
            roles: roles.to_owned(),
            password_hash: hash.into(),
            ..Fields::default()
        }
    }

    fn person(fields: &Fields) -> Result<User, String> {
        of(fields, Timestamp::from_seconds(1), &mut system_rng())
    }

    #[test]
    fn a_row_makes_a_person_in_normal_form() {
        let user = person(&fields(" ADA ", " Ada@Example.Test ", " a  b a ", HASH)).unwrap();
        assert_eq!((user.username.as_str(), user.email.unwrap().as_str()), ("ada", "ada@example.test"));
        assert_eq!(user.roles.len(), 2);
        let password = user.password.unwrap();
        assert_eq!((password.phc.expose_secret(), password.generated_until), (HASH, None));
    }

    #[test]
    fn an_unusable_password_is_none() {
        for hash in ["", " ", "!", "!Tq0Q1r", "*", "*LK*"] {
            assert!(person(&fields("ada", "", "", hash)).unwrap().password.is_none());
        }
    }

    #[test]
    fn each_reason_names_its_column_and_nothing_of_the_hash() {
        let verified = Fields { email_verified: true, ..fields("ada", "", "", "") };
        let named = Fields { name: "a\u{1b}[31m".to_owned(), ..fields("ada", "", "", "") };
        for (fields, column) in [
            (fields("", "", "", ""), "username: "),
            (fields("a@b", "", "", ""), "username: "),
            (fields("ada", "ada", "", ""), "email: "),
            (fields("ada", "", "ä", ""), "roles: "),
            (fields("ada", "", "", "hunter2"), "password_hash: "),
            (fields("ada", "", "", "$2b$31$hunter2"), "password_hash: "),
            (verified, "email_verified: "),
            (Fields { phone_number: "020 7946".to_owned(), ..fields("ada", "", "", "") }, "phone_number: "),
            (Fields { phone_number_verified: true, ..fields("ada", "", "", "") }, "phone_number_verified: "),
            (
                Fields {
                    address: AddressClaim { region: Some("\u{7}".to_owned()), ..AddressClaim::default() },
                    ..fields("ada", "", "", "")
                },
                "region: ",
            ),
            (named, "name: "),
        ] {
            let why = person(&fields).unwrap_err();
            assert!(why.starts_with(column) && !why.contains("hunter2"), "{why}");
        }
    }
}
