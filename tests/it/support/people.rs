//! People of the tests, put straight into the store.
//!
//! Owns: making them. Does not own: the command line that does it for real.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use vestibule::clock::{system_rng, uuid_v7};
use vestibule::model::contact::{Address, PhoneNumber};
use vestibule::model::person::{Contact, Email, StoredPassword, User, Username};
use vestibule::protocol::id_token::AddressClaim;
use vestibule::protocol::ids::{RoleName, UserId};
use vestibule::store::UserInserted;

use super::app::TestApp;
use super::ask::unique;

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub username: String,
    pub password: String,
}

impl Person {
    /// The `sub` of their tokens.
    pub fn sub(&self) -> String {
        self.id.to_string()
    }
}

impl TestApp {
    /// Ada may everything.
    pub async fn ada(&self) -> Person {
        self.person("ada", &["editor"]).await
    }

    /// Bob may `read:users`.
    pub async fn bob(&self) -> Person {
        self.person("bob", &["reader"]).await
    }

    /// Somebody with these roles, and a password of their own choice.
    pub async fn person(&self, name: &str, roles: &[&str]) -> Person {
        self.person_with(name, roles, |_| {}).await
    }

    /// Somebody with everything that a profile can have.
    pub async fn resident(&self, name: &str) -> Person {
        let text = |text: &str| Some(text.to_owned());
        let address = AddressClaim {
            formatted: text("12 Canal Street\nOxford OX1 1AA"),
            street_address: text("12 Canal Street"),
            locality: text("Oxford"),
            region: None,
            postal_code: text("OX1 1AA"),
            country: text("GB"),
        };
        self.person_with(name, &["editor"], |user| {
            user.contact = Contact {
                address: Address::parse(address).expect("an address"),
                phone_number: PhoneNumber::parse("+44 1865 496 0018"),
                phone_number_verified: true,
            };
        })
        .await
    }

    /// Somebody whose password was generated, good for seven days.
    pub async fn newcomer(&self, name: &str) -> Person {
        let until = self.app().now().plus(Duration::from_hours(7 * 24));
        self.person_with(name, &["editor"], |user| {
            if let Some(password) = &mut user.password {
                password.generated_until = Some(until);
            }
        })
        .await
    }

    /// Somebody with something special about them.
    pub async fn person_with(&self, name: &str, roles: &[&str], bend: impl FnOnce(&mut User)) -> Person {
        let app = self.app();
        let now = app.now();
        let password = format!("{} correct horse", unique(name));
        let phc = app.passwords.hash(SecretString::from(password.clone())).await.expect("a hash");
        let mut user = User {
            id: UserId(uuid_v7(now, &mut system_rng())),
            username: Username::parse(name).expect("a username"),
            email: Email::parse(&format!("{name}@example.test")),
            email_verified: true,
            name: Some(format!("{name} Example")),
            contact: Contact::default(),
            roles: roles.iter().map(|role| RoleName::parse(role).expect("a role")).collect(),
            password: Some(StoredPassword { phc: SecretString::from(phc.expose_secret()), generated_until: None }),
            disabled: false,
            created_at: now,
            updated_at: now,
            valid_from: now,
        };
        bend(&mut user);
        let id = user.id;
        assert_eq!(app.stores.users.insert(&user).await.expect("the store"), UserInserted::New);
        Person { id, username: name.to_owned(), password }
    }
}
