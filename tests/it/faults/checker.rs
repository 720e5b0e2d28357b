//! The questions after recovery: every fact of the ledger is asked of every instance.
//!
//! Owns: those questions, and what the right answers are. Does not own: the rows (`raw`).

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::driver::introspection;
use super::installation::Admin;
use super::ledger::{Book, Held, Known, State, Wrong};
use super::meter::Asked;
use super::visitor::{CLIENT, Visitor, World, excerpt, is_over, redemption, refresh};
use super::wire::{Sent, Wire};
use crate::support::Answer;
use crate::support::ask::unique;

/// Far longer than an instance may take to be told of a revocation.
const PATIENCE: Duration = Duration::from_secs(30);

/// Questions at once.
const AT_ONCE: usize = 12;

/// Codes that are shown again.
const CODES: usize = 1500;

/// Asks everything. No answer is wrong, too: the installation is well.
pub async fn check(world: &World, book: &Book) {
    let grants: Vec<_> = book.grants.iter().collect();
    for some in grants.chunks(AT_ONCE) {
        join_all(some.iter().map(|(grant, held)| check_grant(world, book, grant, held))).await;
    }
    let codes: Vec<_> = book.codes.iter().take(CODES).collect();
    for some in codes.chunks(AT_ONCE) {
        join_all(some.iter().map(|(code, (verifier, redeemed))| check_code(world, code, verifier, *redeemed))).await;
    }
    // Each code was shown a second time: what came from it is over now.
    let replayed: Vec<_> =
        grants.iter().filter(|(_, held)| codes.iter().any(|(code, _)| **code == held.code)).collect();
    for some in replayed.chunks(AT_ONCE) {
        join_all(some.iter().map(|(grant, held)| expect_over(world, grant, &held.refresh))).await;
    }
    let people: Vec<_> = book.people.iter().collect();
    for some in people.chunks(4) {
        join_all(some.iter().map(|(username, known)| check_person(world, username, known))).await;
    }
}

/// What ended is known to every instance when the end of something that ends now is: each asks for all that is
/// new. Another process ends it, the admin's, which tells no instance.
pub async fn until_told_everywhere(world: &World, admin: &Admin) {
    let Some(token) = token_of_the_last(world, admin).await else {
        return world.complain(Wrong::Unexplained, "nobody new can sign in and be disabled");
    };
    let begun = Instant::now();
    for wire in &world.wires {
        while ask(world, wire, introspection(&token))
            .await
            .is_some_and(|answer| !answer.text().contains("\"active\":false"))
        {
            if begun.elapsed() > PATIENCE {
                return world
                    .complain(Wrong::Revived, format!("instance {} is not told of a revocation", wire.instance));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The access token of somebody who is disabled now.
async fn token_of_the_last(world: &World, admin: &Admin) -> Option<String> {
    let username = unique("the-last");
    let (sub, password) = admin.add(&username).await?;
    let mut visitor = Visitor::new(username.clone(), sub, password);
    let (asked, code) = visitor.authorize(world).await?;
    let answer = ask(world, &world.wires[0], redemption(&code, &asked.verifier.clone()?)).await?;
    let tokens = visitor.read(world, &answer, asked.get("nonce"))?;
    admin.disable(&username).await.then_some(tokens.access)
}

async fn ask(world: &World, wire: &Wire, sent: Sent) -> Option<Answer> {
    let what = sent.url.clone();
    let answer = wire.send(sent).await.ok();
    if answer.is_none() {
        world.complain(Wrong::Unexplained, format!("no answer from instance {} at {what}", wire.instance));
    }
    answer
}

async fn expect_over(world: &World, grant: &str, token: &str) {
    for wire in &world.wires {
        if let Some(answer) = ask(world, wire, refresh(token)).await
            && !is_over(&answer)
        {
            world.complain(Wrong::Revived, format!("{grant} on instance {}: {}", wire.instance, excerpt(&answer)));
        }
    }
}

async fn check_grant(world: &World, book: &Book, grant: &str, held: &Held) {
    let Some(known) = book.people.get(&held.username) else { return };
    if held.state == State::Open || known.disabled == State::Open {
        return;
    }
    for wire in &world.wires {
        let Some(answer) = ask(world, wire, introspection(&held.access)).await else { continue };
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let active = said["active"] == true;
        match held.state {
            State::Over if active => {
                world.complain(Wrong::Revived, format!("a token of {grant} on instance {}: {said}", wire.instance));
            }
            State::Alive if !active => {
                world.complain(Wrong::Lost, format!("a token of {grant} on instance {}: {said}", wire.instance));
            }
            State::Alive if said["sub"] != known.sub => {
                world.complain(Wrong::CrossIdentity, format!("{grant} is of {}: {said}", known.sub));
            }
            _ => {}
        }
    }
    if held.state == State::Over {
        return expect_over(world, grant, &held.refresh).await;
    }
    let visitor = Visitor::new(held.username.clone(), known.sub.clone(), String::new());
    let mut token = held.refresh.clone();
    for wire in &world.wires {
        let Some(answer) = ask(world, wire, refresh(&token)).await else { return };
        if answer.status != 200 {
            let what = format!("the family {grant} on instance {}: {}", wire.instance, excerpt(&answer));
            return world.complain(Wrong::Lost, what);
        }
        let Some(next) = visitor.read(world, &answer, None) else { return };
        token = next.refresh;
    }
}

/// A code is good once in all; one whose first answer was lost may have been used up.
async fn check_code(world: &World, code: &str, verifier: &str, redeemed: bool) {
    let mut good = usize::from(redeemed);
    for wire in &world.wires {
        let Some(answer) = ask(world, wire, redemption(code, verifier)).await else { continue };
        match answer.status {
            200 => good += 1,
            _ if is_over(&answer) => {}
            status => world.complain(Wrong::Unexplained, format!("{status} to a code: {}", excerpt(&answer))),
        }
    }
    if good > 1 {
        world.complain(Wrong::Duplicated, format!("a code was redeemed {good} times"));
    }
}

/// With the password that counts they get in, and through the provider where they linked it, without being asked
/// again what they allowed; with the password before they do not.
async fn check_person(world: &World, username: &str, known: &Known) {
    if known.disabled == State::Open {
        return;
    }
    let Some(password) = &known.password else { return };
    let visitor = || {
        let mut visitor = Visitor::new(username.to_owned(), known.sub.clone(), password.clone());
        visitor.allowed = known.allowed;
        visitor
    };
    if known.identity == State::Over || (known.identity == State::Alive && known.disabled == State::Over) {
        expect_no_entry_elsewhere(world, visitor()).await;
    }
    if known.disabled == State::Over {
        return expect_no_entry(world, username, password, "disabled").await;
    }
    if let Some(before) = &known.before {
        expect_no_entry(world, username, before, "with an old password").await;
    }
    expect_entry(world, visitor()).await;
    if known.identity == State::Alive {
        let mut visitor = visitor();
        visitor.linked = true;
        expect_entry(world, visitor).await;
    }
}

/// They get in, as who they are.
async fn expect_entry(world: &World, mut visitor: Visitor) {
    let username = visitor.username.clone();
    let Some((ask_of, code)) = visitor.authorize(world).await else {
        let way = if visitor.linked { "through the provider" } else { "with the password" };
        return world.complain(Wrong::Lost, format!("{username} cannot sign in {way}"));
    };
    let verifier = ask_of.verifier.clone().unwrap_or_default();
    let Some(answer) = ask(world, world.any(), redemption(&code, &verifier)).await else { return };
    if answer.status != 200 {
        return world.complain(Wrong::Lost, format!("{username}: a code: {}", excerpt(&answer)));
    }
    visitor.read(world, &answer, ask_of.get("nonce"));
}

async fn expect_no_entry_elsewhere(world: &World, mut visitor: Visitor) {
    match visitor.is_kept_out_elsewhere(world).await {
        Some(true) => {}
        Some(false) => {
            world.complain(Wrong::Revived, format!("{} gets in through the provider", visitor.username));
        }
        None => world.complain(Wrong::Unexplained, format!("{}: no way to the provider and back", visitor.username)),
    }
}

async fn expect_no_entry(world: &World, username: &str, password: &str, why: &str) {
    let fields = [("grant_type", "password"), ("username", username), ("password", password)];
    let mut sent = Sent::post(Asked::Page, "/token", &fields);
    sent.fields.push(("client_id".to_owned(), "first-party".to_owned()));
    let Some(answer) = ask(world, world.any(), sent).await else { return };
    if !is_over(&answer) {
        world.complain(Wrong::Revived, format!("{username} gets in {why} ({CLIENT}): {}", excerpt(&answer)));
    }
}
