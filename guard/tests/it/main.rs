//! A guard as a backend uses it: against tokens of every kind of trouble, and against a small real HTTP server.
//!
//! Owns: the list of behaviours. Does not own: how keys and tokens are made (`forge`), or the issuer (`issuer`).

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../support/forge.rs"]
mod forge;
mod issuer;

mod actix;
mod bearer;
mod building;
mod games;
mod introspection;
mod memory;
mod remote;
mod tower;

/// The program that the README shows is the one that is built.
#[test]
fn the_readme_shows_the_example() {
    let (readme, example) = (include_str!("../../README.md"), include_str!("../../examples/actix.rs"));
    let (_, code) = example.split_once("\n\n").expect("a front page and a program");
    let code = &code[code.find("use actix_web").expect("the program")..];
    assert!(readme.contains(&format!("```rust,no_run\n{code}```\n")));
}
