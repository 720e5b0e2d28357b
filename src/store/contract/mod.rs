//! The promises of the ports, each one a function that every backend is held against.
//!
//! Owns: the list of backends and what each must keep. Does not own: the promises (`durable`,
//! `identities`, `provider_tokens`, `ephemeral`, `upstream_sessions`, `throttle`), what only files do (`files`), only PostgreSQL
//! (`postgres`) or only Redis (`redis/tests`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::{Clock, ManualClock};
use crate::config;
use crate::store::opening::open_sections;
use crate::store::redis::tests::server as redis_server;
use crate::store::{StoreError, Stores};

mod clients;
mod durable;
mod ephemeral;
mod files;
mod identities;
mod keys;
mod postgres;
mod provider_tokens;
mod refresh;
pub(super) mod samples;
#[path = "../../../tests/it/support/postgres.rs"]
mod server;
mod throttle;
mod upstream_sessions;
mod writer;

/// Opened stores under a clock that stands, in a folder that goes with them.
pub(super) struct Bench {
    pub(super) stores: Stores,
    clock: Arc<ManualClock>,
    redis: Option<config::Redis>,
    folder: Folder,
    /// Gone with the value.
    _database: Option<server::Database>,
}

impl Bench {
    /// SQLite alone.
    pub(super) async fn sqlite() -> Self {
        Self::open(Folder::new(), None).await.unwrap()
    }

    /// SQLite and a real Redis, under a key prefix of this test alone.
    async fn redis() -> Self {
        let redis = redis_section(&redis_server::shared().url());
        Self::open(Folder::new(), Some(redis)).await.unwrap()
    }

    /// A real PostgreSQL, in a database of this test alone, and a real Redis.
    async fn postgres() -> Self {
        let database = server::Postgres::shared().database();
        let redis = redis_section(&redis_server::shared().url());
        let clock = Arc::new(ManualClock::new(samples::START));
        let section = config::Database::Postgres(postgres_section(&database.url()));
        let stores = open_sections(&section, Some(&redis), clock.clone()).await.unwrap();
        Self { stores, clock, redis: Some(redis), folder: Folder::new(), _database: Some(database) }
    }

    async fn open(folder: Folder, redis: Option<config::Redis>) -> Result<Self, StoreError> {
        let clock = Arc::new(ManualClock::new(samples::START));
        let shared: Arc<dyn Clock> = clock.clone();
        let section = config::Database::Sqlite(folder.section());
        let stores = open_sections(&section, redis.as_ref(), shared).await?;
        Ok(Self { stores, clock, redis, folder, _database: None })
    }
}

/// `[redis]` with a key prefix that nobody else has.
fn redis_section(url: &str) -> config::Redis {
    config::Redis {
        url: SecretString::from(url),
        key_prefix: format!("vestibule-{}:", unique()),
        command_timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(5),
        ca: None,
    }
}

/// `[database]` of a PostgreSQL, patient where a test machine is slow.
fn postgres_section(url: &str) -> config::Postgres {
    config::Postgres {
        url: SecretString::from(url),
        max_connections: 10,
        acquire_timeout: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(5),
    }
}

/// A folder that is removed with the value that named it; it is made by whoever opens it.
struct Folder {
    path: PathBuf,
    mine: bool,
}

impl Folder {
    fn new() -> Self {
        let name = format!("{}-{}", std::process::id(), unique());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-stores").join(name);
        Self { path, mine: true }
    }

    fn section(&self) -> config::Sqlite {
        config::Sqlite { folder: self.path.clone(), acquire_timeout: Duration::from_secs(30) }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.mine {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Runs `count` of the same at once, on every thread of the runtime, and returns all results.
async fn at_once<T, F, Fut>(count: usize, make: F) -> Vec<T>
where
    F: Fn(usize) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|index| tokio::spawn(make(index))).collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// Holds a backend against promises, each as a test of its own.
macro_rules! keeps {
    ($room:ident on $backend:ident: $($promise:ident),+ $(,)?) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $promise() {
                    super::super::$room::$promise(&super::super::Bench::$backend().await).await;
                }
            )+
        }
    };
}

/// Holds SQLite and PostgreSQL against the same promises.
macro_rules! every_durable_backend {
    ($room:ident: $($promise:ident),+ $(,)?) => {
        keeps!($room on sqlite: $($promise),+);
        keeps!($room on postgres: $($promise),+);
    };
}

mod people_consents_grants {
    every_durable_backend!(durable:
        a_person_comes_back_as_stored,
        a_username_and_an_address_belong_to_one_person,
        of_many_people_with_one_username_one_is_stored,
        people_are_stored_in_one_go_and_whoever_cannot_be_is_named,
        a_person_is_found_by_either_name,
        people_are_listed_in_pages_by_username,
        roles_are_replaced,
        a_name_is_replaced,
        a_password_changes_only_from_the_expected_one,
        an_upgraded_hash_ends_no_session,
        of_many_password_changes_one_succeeds,
        a_consent_only_grows,
        consents_added_at_once_lose_nothing,
        a_grant_comes_back_as_stored,
        a_grant_is_found_with_its_person_or_not_at_all,
        of_many_redemptions_of_one_code_one_is_new,
        a_grant_is_revoked_once,
        grants_are_swept_when_they_are_over_and_not_before,
        the_durable_backend_answers,
    );
}

mod refresh_tokens_and_the_negative_list {
    every_durable_backend!(refresh:
        a_family_comes_back_as_stored,
        of_many_that_present_one_token_one_rotates_it,
        a_thousand_rotations_leave_one_row,
        a_family_that_does_not_rotate_notes_its_use,
        a_reused_token_ends_its_grant_and_puts_it_on_the_list,
        a_revoked_or_unknown_grant_rotates_nothing,
        signing_out_ends_the_grants_of_that_session_but_offline_ones,
        a_changed_password_and_a_disabled_person_are_on_the_list,
        a_reset_password_takes_the_place_of_any_other,
        a_deleted_person_leaves_an_id_that_nobody_gets,
        of_many_deletions_of_one_person_one_deletes,
        the_list_is_read_from_any_number_and_swept_when_it_covers_nothing,
    );
}

mod identities_elsewhere {
    every_durable_backend!(identities:
        an_identity_comes_back_as_stored_with_its_person,
        an_identity_is_found_by_all_of_its_key,
        an_identity_opens_one_account,
        of_many_that_join_one_identity_one_does,
        nothing_is_joined_to_somebody_who_is_gone_or_shut_out,
        a_person_and_their_first_identity_are_made_together_or_not_at_all,
        of_many_that_make_a_person_of_one_identity_one_does,
        the_last_way_in_stays,
        of_many_that_remove_at_once_the_last_way_stays,
        an_identity_notes_its_use,
        a_deleted_person_takes_their_identities_along,
    );
}

mod tokens_of_providers {
    every_durable_backend!(provider_tokens:
        tokens_come_back_as_kept_with_whose_they_are,
        tokens_are_kept_in_the_place_of_others_and_for_an_identity_that_is_there,
        tokens_that_are_not_there_are_forgotten_as_well,
        of_many_that_claim_tokens_one_has_them,
        a_claim_is_given_up_by_who_has_it_and_ends_by_itself,
        tokens_are_replaced_and_removed_only_as_they_were_found,
        of_many_that_replace_tokens_one_does,
        tokens_are_sealed_anew_while_they_are_claimed,
        what_another_key_sealed_is_found_in_turns,
        an_unlinked_identity_takes_its_tokens_along,
        a_deleted_person_takes_the_tokens_along,
    );
}

mod sealed_keys {
    every_durable_backend!(keys:
        keys_come_back_as_stored_in_their_order,
        of_many_keys_for_one_place_one_is_stored,
        a_key_is_moved_only_from_where_it_was_found,
        a_revoked_key_is_erased_and_followed_in_one_step,
        a_key_is_never_revoked_without_its_successor,
        of_many_revocations_of_one_key_one_succeeds,
        a_key_is_sealed_anew_from_what_it_was_sealed_with,
        keys_are_swept_when_nothing_depends_on_them,
    );
}

mod clients_that_come_and_go {
    every_durable_backend!(clients:
        a_client_that_goes_takes_its_grants_along,
        a_client_that_comes_back_begins_anew,
        whoever_served_a_client_last_ends_what_it_gave,
        of_many_instances_one_notes_that_a_client_is_back,
        any_number_of_grants_of_a_client_ends,
    );
}

mod sessions_codes_transactions_parked_joinings {
    macro_rules! every_backend {
        ($($promise:ident),+ $(,)?) => {
            keeps!(ephemeral on sqlite: $($promise),+);
            keeps!(ephemeral on redis: $($promise),+);
        };
    }
    every_backend!(
        a_session_comes_back_as_stored,
        a_session_is_gone_at_its_end_and_not_before,
        an_ended_session_is_not_revived_by_a_touch,
        an_expired_session_is_not_revived_by_a_touch,
        of_many_touches_of_one_session_one_succeeds,
        a_record_written_by_another_version_can_be_replaced,
        a_code_is_taken_once,
        of_many_takers_of_one_code_one_gets_it,
        a_code_is_unknown_at_its_end_and_not_before,
        a_transaction_is_found_for_a_day_after_its_end,
        of_many_steps_of_one_transaction_one_succeeds,
        parked_parameters_are_taken_once,
        parked_parameters_are_gone_at_their_end,
        a_departure_comes_back_once,
        a_departure_is_over_at_its_end_and_gone_a_day_later,
        a_joining_waits_until_its_end,
        one_hash_names_a_record_of_each_kind,
        what_is_no_record_counts_as_lost,
        only_what_is_over_is_swept,
        no_secret_is_stored,
        the_ephemeral_backend_answers,
    );
}

mod sessions_that_began_elsewhere {
    macro_rules! every_backend {
        ($($promise:ident),+ $(,)?) => {
            keeps!(upstream_sessions on sqlite: $($promise),+);
            keeps!(upstream_sessions on redis: $($promise),+);
        };
    }
    every_backend!(
        sessions_are_found_by_the_identity_and_by_the_session_elsewhere,
        a_session_that_ended_or_changed_is_found_as_it_is,
        a_session_is_found_by_its_identity_until_its_end,
        of_many_sessions_of_one_identity_all_are_found,
        of_many_takers_of_one_logout_token_one_gets_it,
        a_taken_logout_token_stays_taken_until_its_end,
    );
}

mod counters_of_failures {
    macro_rules! every_backend {
        ($($promise:ident),+ $(,)?) => {
            keeps!(throttle on sqlite: $($promise),+);
            keeps!(throttle on redis: $($promise),+);
        };
    }
    every_backend!(
        a_counter_says_until_when_its_failures_are_worked_off,
        failures_counted_at_once_are_all_counted,
        a_counter_of_which_nothing_is_left_begins_anew,
        a_forgotten_counter_begins_anew_and_no_other_does,
        the_furthest_instant_is_kept_to_the_millisecond,
        counters_are_swept_when_nothing_is_left_of_them,
    );
}
