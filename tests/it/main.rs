//! Black-box tests of the whole server, one module a behaviour, each on SQLite alone and on PostgreSQL with Redis.
//!
//! Owns: the list of behaviours. Does not own: how they are asked for (`support`).

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

mod account;
mod arrivals;
mod audiences;
mod authorization_requests;
mod browser;
mod claims_parameter;
mod cli;
mod client_authentication;
mod client_credentials;
mod codes;
mod config;
mod consent;
mod containers;
mod cors;
mod cross_site_forms;
mod cross_site_post;
mod docs;
mod external;
mod faults;
mod first_hour;
mod form_post;
mod github;
mod herd;
mod http_surface;
mod id_token_hints;
mod introspection;
mod joining;
mod keys;
mod linking;
mod metadata;
mod operation;
mod own_password;
mod pages;
mod password_grant;
mod people_who_leave;
mod pkce;
mod profile_claims;
mod prompt_and_max_age;
mod provider_choice;
mod provider_connections;
mod provider_keys;
mod provider_of_our_own;
mod provider_presets;
mod providers;
mod providers_down;
mod redirect_uris;
mod refresh_scope;
mod refresh_tokens;
mod refused_pages;
mod reload;
mod relying_party_flow;
mod removed_clients;
mod resilience;
mod revocation;
mod secrets;
mod select_account;
mod sessions;
mod sign_in;
mod sign_in_log;
mod sign_out_by_application;
mod sizes;
mod store_failures;
mod throttling;
mod tokens;
mod two_instances;
mod unread_bodies;
mod userinfo;
