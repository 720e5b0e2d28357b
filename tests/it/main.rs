//! Black-box tests of the whole server, one module a behaviour, each on SQLite alone and with Redis.
//!
//! Owns: the list of behaviours. Does not own: how they are asked for (`support`).

mod support;

mod cli;
