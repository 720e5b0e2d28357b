//! What the tests of this room share: quick parameters, a person, people in memory.

mod authenticate;
mod hasher;
mod imported;
mod policy;

use std::sync::Mutex;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::config;
use crate::model::person::{Contact, Email, LoginName, StoredPassword, User, Username};
use crate::passwords::hasher::{PasswordHasher, Verdict};
use crate::protocol::ids::{RoleName, UserId};
use crate::protocol::time::Timestamp;
use crate::store::{StoreError, UserInserted, UserStore};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const RIGHT: &str = "a few words by the sea";

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

/// The least that argon2 takes, so that tests are quick.
fn settings() -> config::Passwords {
    config::Passwords { memory_kib: 64, iterations: 1, parallelism: 1, threads: 2, queue: 100, min_length: 15 }
}

fn hasher() -> PasswordHasher {
    PasswordHasher::start(&settings()).unwrap()
}

fn stored(phc: SecretString) -> StoredPassword {
    StoredPassword { phc, generated_until: None }
}

fn is_right(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Right { .. })
}

fn person(name: &str, password: Option<StoredPassword>) -> User {
    User {
        id: UserId(Uuid::from_u128(name.bytes().fold(7, |id, byte| id * 256 + u128::from(byte)))),
        username: Username::parse(name).unwrap(),
        email: Email::parse(&format!("{name}.smith@example.test")),
        email_verified: true,
        name: None,
        contact: Contact::default(),
        roles: Vec::new(),
        password,
        disabled: false,
        created_at: NOW,
        updated_at: NOW,
        valid_from: NOW,
    }
}

/// What `set_password` was called with.
struct Written {
    id: UserId,
    expected: String,
    new: StoredPassword,
    keep_sessions: bool,
}

/// People in memory; `set_password` answers as told.
#[derive(Default)]
struct People {
    users: Vec<User>,
    written: Mutex<Vec<Written>>,
    writes_fail: bool,
    another_came_first: bool,
}

impl People {
    fn of(users: Vec<User>) -> Self {
        Self { users, ..Self::default() }
    }

    fn writes(&self) -> usize {
        self.written.lock().unwrap().len()
    }
}

#[async_trait]
impl UserStore for People {
    async fn insert(&self, _: &User) -> Result<UserInserted, StoreError> {
        unreachable!("signing in makes nobody")
    }

    async fn insert_many(&self, _: &[User]) -> Result<Vec<UserInserted>, StoreError> {
        unreachable!("signing in makes nobody")
    }

    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.users.iter().find(|user| user.id == id).cloned())
    }

    async fn find_by_login(&self, name: &LoginName) -> Result<Option<User>, StoreError> {
        let is = |user: &&User| {
            let email = user.email.as_ref().is_some_and(|email| email.as_str() == name.as_str());
            email || user.username.as_str() == name.as_str()
        };
        Ok(self.users.iter().find(is).cloned())
    }

    async fn list(&self, _: Option<&Username>, _: u64) -> Result<Vec<User>, StoreError> {
        unreachable!("signing in lists nobody")
    }

    async fn set_roles(&self, _: UserId, _: &[RoleName], _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("signing in changes no roles")
    }

    async fn set_name(&self, _: UserId, _: &str, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("signing in changes no names")
    }

    async fn set_disabled(&self, _: UserId, _: bool, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("signing in disables nobody")
    }

    async fn reset_password(&self, _: UserId, _: &StoredPassword, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("signing in resets nothing")
    }

    async fn delete(&self, _: UserId, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("signing in deletes nobody")
    }

    async fn set_password(
        &self,
        id: UserId,
        expected: &StoredPassword,
        new: &StoredPassword,
        keep_sessions: bool,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        let expected = expected.phc.expose_secret().to_owned();
        self.written.lock().unwrap().push(Written { id, expected, new: new.clone(), keep_sessions });
        if self.writes_fail {
            return Err(StoreError::new("set_password", "the disk is full"));
        }
        Ok(!self.another_came_first)
    }
}
