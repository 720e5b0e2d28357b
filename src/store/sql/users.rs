//! People on SQL.
//!
//! Owns: `UserStore`'s statements, each one indexed. Does not own: normal forms (`model/person`).

use std::collections::HashSet;

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    UpdateMany,
};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::model::contact::{Address, PhoneNumber};
use crate::model::person::{Contact, Email, LoginName, StoredPassword, User, Username};
use crate::model::revocation::Revocation;
use crate::protocol::id_token::AddressClaim;
use crate::protocol::ids::{RoleName, UserId};
use crate::protocol::time::Timestamp;
use crate::store::sql::dialect;
use crate::store::sql::durable::Durable;
use crate::store::sql::entity::user::{ActiveModel, Column, Entity, Model};
use crate::store::sql::{erasure, revocations};
use crate::store::{StoreError, UserInserted, UserStore};

#[async_trait]
impl UserStore for Durable {
    /// The unique indexes decide: no name is looked up before.
    async fn insert(&self, user: &User) -> Result<UserInserted, StoreError> {
        let (id, row) = (user.id.0, to_row(user)?);
        let insert = self.database.transact("inserting a person", move |c| {
            let insert = Entity::insert(row.clone());
            Box::pin(async move {
                erasure::refuse_gone(c, vec![id]).await?;
                match insert.exec_without_returning(c).await {
                    Ok(_) => Ok(UserInserted::New),
                    Err(error) => taken(&error).ok_or(error),
                }
            })
        });
        insert.await
    }

    /// One statement is one transaction. What it left out is told apart afterwards: names are never given
    /// back between the two reads but by deletion, and then the person may be added again.
    async fn insert_many(&self, users: &[User]) -> Result<Vec<UserInserted>, StoreError> {
        let ids: Vec<Uuid> = users.iter().map(|user| user.id.0).collect();
        let rows = users.iter().map(to_row).collect::<Result<Vec<_>, _>>()?;
        let insert = self.database.transact("inserting people", move |c| {
            let insert = Entity::insert_many(rows.clone()).on_conflict(OnConflict::new().do_nothing().to_owned());
            let ids = ids.clone();
            Box::pin(async move {
                erasure::refuse_gone(c, ids).await?;
                match insert.exec_with_returning_keys(c).await {
                    // None at all.
                    Err(DbErr::RecordNotInserted) => Ok(HashSet::new()),
                    keys => keys.map(HashSet::from_iter),
                }
            })
        });
        let stored: HashSet<Uuid> = insert.await?;
        let refused = || users.iter().filter(|user| !stored.contains(&user.id.0));
        let names: Vec<&str> = refused().map(|user| user.username.as_str()).collect();
        let taken = self.database.read("finding who has a name", |reads| {
            let query = Entity::find().select_only().column(Column::Username);
            query.filter(Column::Username.is_in(names.iter().copied())).into_tuple().all(reads)
        });
        let taken: HashSet<String> = taken.await?.into_iter().collect();
        let of = |user: &User| {
            if stored.contains(&user.id.0) {
                UserInserted::New
            } else if taken.contains(user.username.as_str()) {
                UserInserted::UsernameTaken
            } else {
                UserInserted::EmailTaken
            }
        };
        Ok(users.iter().map(of).collect())
    }

    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.database.read("finding a person", |reads| Entity::find_by_id(id.0).one(reads)).await?;
        row.map(from_row).transpose()
    }

    /// A name with `@` is an address, and no username has one: one index is asked.
    async fn find_by_login(&self, name: &LoginName) -> Result<Option<User>, StoreError> {
        let column = if name.as_str().contains('@') { Column::Email } else { Column::Username };
        let row = self
            .database
            .read("finding a person by name", |reads| Entity::find().filter(column.eq(name.as_str())).one(reads));
        row.await?.map(from_row).transpose()
    }

    async fn list(&self, after: Option<&Username>, limit: u64) -> Result<Vec<User>, StoreError> {
        let rows = self.database.read("listing people", |reads| {
            let mut query = Entity::find().order_by_asc(Column::Username).limit(limit);
            if let Some(after) = after {
                query = query.filter(Column::Username.gt(after.as_str()));
            }
            query.all(reads)
        });
        rows.await?.into_iter().map(from_row).collect()
    }

    async fn set_roles(&self, id: UserId, roles: &[RoleName], now: Timestamp) -> Result<bool, StoreError> {
        let roles = roles_text(roles)?;
        let update = Entity::update_many()
            .col_expr(Column::Roles, Expr::value(roles))
            .col_expr(Column::UpdatedAt, Expr::value(now.millis()))
            .filter(Column::Id.eq(id.0));
        self.change("setting roles", update, Some(Revocation::of_change(id, now))).await
    }

    async fn set_name(&self, id: UserId, name: &str, now: Timestamp) -> Result<bool, StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::Name, Expr::value(name))
            .col_expr(Column::UpdatedAt, Expr::value(now.millis()))
            .filter(Column::Id.eq(id.0));
        self.change("setting a name", update, Some(Revocation::of_change(id, now))).await
    }

    /// One compare-and-set on the PHC string.
    async fn set_password(
        &self,
        id: UserId,
        expected: &StoredPassword,
        new: &StoredPassword,
        keep_sessions: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = to_password(id, new).filter(Column::PasswordPhc.eq(expected.phc.expose_secret()));
        let update = if keep_sessions { update } else { ending(update, now) };
        let revocation = (!keep_sessions).then(|| Revocation::of_person(id, now));
        self.change("setting a password", update, revocation).await
    }

    async fn set_disabled(&self, id: UserId, disabled: bool, ends: Timestamp) -> Result<bool, StoreError> {
        let update =
            Entity::update_many().col_expr(Column::Disabled, Expr::value(disabled)).filter(Column::Id.eq(id.0));
        let (update, revocation) = if disabled {
            (ending(update, ends), Revocation::of_person(id, ends))
        } else {
            (update.col_expr(Column::UpdatedAt, Expr::value(ends.millis())), Revocation::of_change(id, ends))
        };
        self.change("disabling a person", update, Some(revocation)).await
    }

    async fn reset_password(&self, id: UserId, new: &StoredPassword, ends: Timestamp) -> Result<bool, StoreError> {
        let update = ending(to_password(id, new), ends);
        self.change("resetting a password", update, Some(Revocation::of_person(id, ends))).await
    }

    async fn delete(&self, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
        erasure::erase(self, id, now).await
    }
}

impl Durable {
    /// Changes one person, and with that puts it on the negative list; false where nobody was
    /// changed.
    async fn change(
        &self,
        what: &'static str,
        update: UpdateMany<Entity>,
        revocation: Option<Revocation>,
    ) -> Result<bool, StoreError> {
        let change = self.database.transact(what, move |c| {
            let (update, revocation) = (update.clone(), revocation.clone());
            Box::pin(async move {
                let changed = update.exec(c).await?.rows_affected == 1;
                if let Some(revocation) = revocation.filter(|_| changed) {
                    revocations::insert(c, &revocation).await?;
                }
                Ok(changed)
            })
        });
        change.await
    }
}

fn to_password(id: UserId, new: &StoredPassword) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::PasswordPhc, Expr::value(new.phc.expose_secret()))
        .col_expr(Column::PasswordGeneratedUntil, Expr::value(new.generated_until.map(Timestamp::millis)))
        .filter(Column::Id.eq(id.0))
}

/// An update that ends sessions and grants begun before that instant.
fn ending(update: UpdateMany<Entity>, at: Timestamp) -> UpdateMany<Entity> {
    update.col_expr(Column::ValidFrom, Expr::value(at.millis())).col_expr(Column::UpdatedAt, Expr::value(at.millis()))
}

/// Which unique index refused. The id's own would be a fault of ours and stays an error.
pub(super) fn taken(error: &DbErr) -> Option<UserInserted> {
    let columns = [("username", UserInserted::UsernameTaken), ("email", UserInserted::EmailTaken)];
    columns.into_iter().find(|(column, _)| dialect::is_taken(error, "users", column)).map(|(_, taken)| taken)
}

pub(super) fn to_row(user: &User) -> Result<ActiveModel, StoreError> {
    let (password, contact) = (user.password.as_ref(), &user.contact);
    let address = contact.address.as_ref().map(|address| address.parts().clone()).unwrap_or_default();
    Ok(ActiveModel {
        id: Set(user.id.0),
        username: Set(user.username.as_str().to_owned()),
        email: Set(user.email.as_ref().map(|email| email.as_str().to_owned())),
        email_verified: Set(user.email_verified),
        name: Set(user.name.clone()),
        address_formatted: Set(address.formatted),
        address_street: Set(address.street_address),
        address_locality: Set(address.locality),
        address_region: Set(address.region),
        address_postal_code: Set(address.postal_code),
        address_country: Set(address.country),
        phone_number: Set(contact.phone_number.as_ref().map(|number| number.as_str().to_owned())),
        phone_number_verified: Set(contact.phone_number_verified),
        roles: Set(roles_text(&user.roles)?),
        password_phc: Set(password.map(|password| password.phc.expose_secret().to_owned())),
        password_generated_until: Set(password.and_then(|password| password.generated_until).map(Timestamp::millis)),
        disabled: Set(user.disabled),
        created_at: Set(user.created_at.millis()),
        updated_at: Set(user.updated_at.millis()),
        valid_from: Set(user.valid_from.millis()),
    })
}

pub(super) fn from_row(row: Model) -> Result<User, StoreError> {
    let id = UserId(row.id);
    let malformed = |column: &str| StoreError::new("reading a person", format!("user {id}: malformed {column}"));
    let email = match row.email {
        Some(text) => Some(Email::parse(&text).ok_or_else(|| malformed("email"))?),
        None => None,
    };
    let password = row.password_phc.map(|phc| StoredPassword {
        phc: SecretString::from(phc),
        generated_until: row.password_generated_until.map(Timestamp::from_millis),
    });
    let address = Address::parse(AddressClaim {
        formatted: row.address_formatted,
        street_address: row.address_street,
        locality: row.address_locality,
        region: row.address_region,
        postal_code: row.address_postal_code,
        country: row.address_country,
    });
    Ok(User {
        id,
        username: Username::parse(&row.username).ok_or_else(|| malformed("username"))?,
        email,
        email_verified: row.email_verified,
        name: row.name,
        contact: Contact {
            address: address.map_err(|_| malformed("address"))?,
            phone_number: match row.phone_number {
                Some(text) => Some(PhoneNumber::parse(&text).ok_or_else(|| malformed("phone_number"))?),
                None => None,
            },
            phone_number_verified: row.phone_number_verified,
        },
        roles: serde_json::from_str(&row.roles).map_err(|_| malformed("roles"))?,
        password,
        disabled: row.disabled,
        created_at: Timestamp::from_millis(row.created_at),
        updated_at: Timestamp::from_millis(row.updated_at),
        valid_from: Timestamp::from_millis(row.valid_from),
    })
}

fn roles_text(roles: &[RoleName]) -> Result<String, StoreError> {
    serde_json::to_string(roles).map_err(|error| StoreError::new("writing roles", error))
}
