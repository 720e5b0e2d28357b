//! The rows of the durable tables, as sea-orm sees them.
//!
//! Owns: column names and types. Does not own: what they mean; nothing outside `store/sql` sees them.

pub(super) mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub username: String,
        pub email: Option<String>,
        pub email_verified: bool,
        pub name: Option<String>,
        pub address_formatted: Option<String>,
        pub address_street: Option<String>,
        pub address_locality: Option<String>,
        pub address_region: Option<String>,
        pub address_postal_code: Option<String>,
        pub address_country: Option<String>,
        pub phone_number: Option<String>,
        pub phone_number_verified: bool,
        pub roles: String,
        pub password_phc: Option<String>,
        pub password_generated_until: Option<i64>,
        pub disabled: bool,
        pub created_at: i64,
        pub updated_at: i64,
        pub valid_from: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod identity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "identities")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub provider: String,
        pub issuer: String,
        pub subject: String,
        pub user_id: Uuid,
        pub label: Option<String>,
        pub created_at: i64,
        pub used_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
        Person,
    }

    impl Related<super::user::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Person.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod provider_tokens {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "provider_tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub identity_id: i64,
        pub revision: Uuid,
        pub scope: String,
        pub expires_at: Option<i64>,
        pub refreshable: bool,
        pub kek_id: String,
        pub sealed: Vec<u8>,
        pub claimed_until: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::identity::Entity",
            from = "Column::IdentityId",
            to = "super::identity::Column::Id"
        )]
        Identity,
    }

    impl Related<super::identity::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Identity.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod client {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "clients")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub client_id: String,
        pub served: bool,
        pub valid_from: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod consent {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consents")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub user_id: Uuid,
        pub client_id: String,
        pub scope: String,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod grant {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "grants")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub client_id: String,
        pub scope: String,
        pub claims: Option<String>,
        pub code: Option<String>,
        pub session_id: Option<Uuid>,
        pub created_at: i64,
        pub expires_at: i64,
        pub revoked_at: Option<i64>,
        pub refresh_generation: Option<i64>,
        pub refresh_rotated_at: Option<String>,
        pub refresh_idle_until: Option<i64>,
        pub refresh_expires_at: Option<i64>,
        pub refresh_offline: Option<bool>,
        pub refresh_sign_in: Option<String>,
        pub refresh_resource: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
        Person,
    }

    impl Related<super::user::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Person.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod erased_person {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "erased_people")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub erased_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod revocation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "revocations")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub kind: String,
        pub name: String,
        pub not_before: i64,
        pub expires_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod sealed_key {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sealed_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub usage: String,
        pub number: i64,
        pub kek_id: Option<String>,
        pub sealed: Option<Vec<u8>>,
        pub created_at: i64,
        pub signs_from: i64,
        pub revoked_at: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
