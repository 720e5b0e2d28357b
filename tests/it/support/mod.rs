//! What the behaviour tests stand on: the server in process on either set-up, a scripted browser, a
//! relying party, private servers (PostgreSQL, Redis), and everything the server logged.
//!
//! Owns: starting, speaking to and inspecting the server. Does not own: what it should do (the files
//! beside this folder).

pub mod agent;
pub mod answer;
pub mod app;
pub mod ask;
pub mod configuration;
pub mod data;
pub mod forms;
pub mod house;
pub mod http;
pub mod joins;
pub mod journey;
pub mod jwt;
pub mod logs;
pub mod people;
pub mod postgres;
pub mod providers;
pub mod proxy;
pub mod raw;
pub mod redis;
pub mod relying_party;
pub mod steps;

pub use agent::{Arrival, UserAgent};
pub use answer::Answer;
pub use app::{Options, Setup, TestApp};
pub use ask::Ask;
pub use people::Person;

/// Runs each behaviour on both set-ups: SQLite alone, and a real PostgreSQL with a real Redis. That each
/// store keeps its promises beside any other is what its contract is tested for (`src/store/contract`).
#[macro_export]
macro_rules! both_setups {
    ($($(#[$doc:meta])* async fn $name:ident($setup:ident: Setup) $body:block)*) => {
        $(
            $(#[$doc])*
            mod $name {
                use super::*;

                async fn behaviour($setup: Setup) $body

                #[tokio::test]
                async fn on_sqlite_alone() {
                    behaviour(Setup::Sqlite).await;
                }

                #[tokio::test]
                async fn on_postgres_with_redis() {
                    behaviour(Setup::Postgres).await;
                }
            }
        )*
    };
}
