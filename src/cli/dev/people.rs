//! The demo people of a development server.
//!
//! Owns: who they are and that they exist with the passwords that are printed. Does not own: their
//! roles' scopes (the demo entries of `config`).

use rand::CryptoRng;
use secrecy::SecretString;

use crate::cli::dev::credentials::Credentials;
use crate::cli::exit::{Stop, causes};
use crate::clock::uuid_v7;
use crate::model::person::{Contact, Email, LoginName, StoredPassword, User, Username};
use crate::passwords::{PasswordHasher, Verdict};
use crate::protocol::ids::{RoleName, UserId};
use crate::protocol::time::Timestamp;
use crate::store::{StoreError, UserInserted, UserStore};

/// A demo person as first made.
struct Demo {
    username: &'static str,
    name: &'static str,
    email: &'static str,
    role: &'static str,
}

const DEMO: [Demo; 2] = [
    Demo { username: "ada", name: "Ada Lovelace", email: "ada@example.test", role: "demo-admin" },
    Demo { username: "bob", name: "Bob Builder", email: "bob@example.test", role: "demo-reader" },
];

/// A demo person as they are now.
#[derive(Debug)]
pub struct Person {
    /// The stored record.
    pub user: User,
    /// The password, while it still is the generated one.
    pub password: Option<SecretString>,
}

/// Makes the demo people that are not there yet, and finds out whose printed password still holds.
///
/// # Errors
/// When the store fails.
pub async fn settle(
    users: &dyn UserStore,
    hasher: &PasswordHasher,
    credentials: &Credentials,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Vec<Person>, Stop> {
    let mut people = Vec::new();
    for demo in &DEMO {
        let Some(password) = credentials.password(demo.username) else { continue };
        let login = LoginName::read(demo.username);
        let person = if let Some(user) = users.find_by_login(&login).await.map_err(|error| failed(&error))? {
            existing(user, password, hasher).await?
        } else {
            let phc = hasher.hash(password.clone()).await.map_err(anyhow::Error::from)?;
            let Some(user) = new_user(demo, phc, UserId(uuid_v7(now, rng)), now) else { continue };
            insert(users, user, password).await?
        };
        people.push(person);
    }
    Ok(people)
}

async fn existing(user: User, password: &SecretString, hasher: &PasswordHasher) -> Result<Person, Stop> {
    let verdict = hasher.verify(password.clone(), user.password.as_ref()).await.map_err(anyhow::Error::from)?;
    let holds = matches!(verdict, Verdict::Right { .. });
    Ok(Person { user, password: holds.then(|| password.clone()) })
}

async fn insert(users: &dyn UserStore, mut user: User, password: &SecretString) -> Result<Person, Stop> {
    if users.insert(&user).await.map_err(|error| failed(&error))? == UserInserted::EmailTaken {
        // Somebody was given the demo address before: the person matters, the address does not.
        user.email = None;
        user.email_verified = false;
        users.insert(&user).await.map_err(|error| failed(&error))?;
    }
    Ok(Person { user, password: Some(password.clone()) })
}

fn new_user(demo: &Demo, phc: SecretString, id: UserId, now: Timestamp) -> Option<User> {
    Some(User {
        id,
        username: Username::parse(demo.username)?,
        email: Email::parse(demo.email),
        email_verified: true,
        name: Some(demo.name.to_owned()),
        contact: Contact::default(),
        roles: RoleName::parse(demo.role).into_iter().collect(),
        password: Some(StoredPassword { phc, generated_until: None }),
        disabled: false,
        created_at: now,
        updated_at: now,
        valid_from: now,
    })
}

fn failed(error: &StoreError) -> Stop {
    Stop::failure(format!("the demo people cannot be kept: {}", causes(error)))
}
