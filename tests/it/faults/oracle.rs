//! The questions, asked of ledgers that lie: a checker that cannot fail checks nothing.
//!
//! Owns: that each kind of wrong is found. Does not own: the questions (`checker`, `raw`). It is quick, so it
//! is run with all tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::driver::Load;
use super::installation::Installation;
use super::ledger::{Book, Held, Known, Ledger, State, Wrong};
use super::meter::Meter;
use super::visitor::{Visitor, World};
use super::wire::Wire;
use super::{checker, raw};

/// What the questions complain of when the book says this.
async fn found(installation: &Installation, book: &Book) -> Vec<Wrong> {
    let world = world(installation, "lies");
    raw::check(installation, &world.ledger, book).await;
    checker::check(&world, book).await;
    let all = [Wrong::Lost, Wrong::Revived, Wrong::Duplicated, Wrong::CrossIdentity, Wrong::Unexplained];
    all.into_iter().filter(|wrong| world.ledger.count(*wrong) > 0).collect()
}

fn world(installation: &Installation, name: &str) -> World {
    let path = installation.path().join(format!("{name}.jsonl"));
    let wire = Wire::new(installation.instances[0].port, &installation.issuer, 0, Arc::<Meter>::default());
    World::new(vec![wire], installation, Arc::new(Ledger::create(path)))
}

/// The book with one grant of that state, its person, and nothing else.
fn one(book: &Book, state: State) -> Book {
    let alive = |held: &&Held| {
        held.state == state && book.people.get(&held.username).is_some_and(|known| known.disabled == State::Alive)
    };
    let (grant, held) = book.grants.iter().find(|(_, held)| alive(held)).expect("one");
    let known = book.people[&held.username].clone();
    Book {
        people: [(held.username.clone(), known)].into(),
        grants: [(grant.clone(), held.clone())].into(),
        codes: BTreeMap::new(),
    }
}

/// The book with nothing but one person, who may come in, with an identity of that state.
fn somebody(book: &Book, identity: State) -> Option<Book> {
    let fits = |known: &Known| (known.identity, known.disabled) == (identity, State::Alive) && known.password.is_some();
    let (username, known) = book.people.iter().find(|(_, known)| fits(known))?;
    Some(Book { people: [(username.clone(), known.clone())].into(), ..Book::default() })
}

fn grant(book: &mut Book) -> &mut Held {
    book.grants.values_mut().next().expect("one")
}

fn person(book: &mut Book) -> &mut Known {
    book.people.values_mut().next().expect("one")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_lies_is_found_out() {
    let installation = Installation::start(false).await;
    let world = world(&installation, "truth");
    let begun = Instant::now();
    let has = |book: &Book, state| {
        book.grants.values().any(|held| held.state == state && book.people[&held.username].disabled == State::Alive)
    };
    let enough = |book: &Book| {
        [State::Alive, State::Over].into_iter().all(|state| has(book, state) && somebody(book, state).is_some())
    };
    while !enough(&world.ledger.read()) {
        assert!(begun.elapsed() < Duration::from_mins(1), "nothing happens");
        let load = Load::begin(&world, &installation.admin, 2, 1);
        sleep(Duration::from_millis(500)).await;
        load.end().await;
    }
    let mut visitor = {
        let book = one(&world.ledger.read(), State::Alive);
        let (username, known) = book.people.iter().next().expect("one");
        Visitor::new(username.clone(), known.sub.clone(), known.password.clone().expect("a password"))
    };
    visitor.allowed = true;
    let unredeemed = visitor.authorize(&world).await.expect("a code");
    let book = world.ledger.read();

    // Each lie leaves the installation as it was, but the last ones, which use things up.
    let mut lie = one(&book, State::Over);
    grant(&mut lie).state = State::Alive;
    assert!(found(&installation, &lie).await.contains(&Wrong::Lost), "a grant that ended");
    let mut lie = one(&book, State::Alive);
    person(&mut lie).sub = "somebody else".to_owned();
    assert!(found(&installation, &lie).await.contains(&Wrong::CrossIdentity), "another person");
    let mut lie = one(&book, State::Over);
    person(&mut lie).disabled = State::Over;
    assert!(found(&installation, &lie).await.contains(&Wrong::Revived), "somebody who gets in");
    let mut lie = one(&book, State::Over);
    person(&mut lie).before = person(&mut lie).password.clone();
    assert!(found(&installation, &lie).await.contains(&Wrong::Revived), "an old password that opens");
    let mut lie = one(&book, State::Over);
    person(&mut lie).password = Some("not the password of anybody".to_owned());
    assert!(found(&installation, &lie).await.contains(&Wrong::Lost), "a password that does not open");
    let mut lie = one(&book, State::Over);
    let nobody = person(&mut lie).clone();
    lie.people.insert("nobody".to_owned(), nobody);
    assert!(found(&installation, &lie).await.contains(&Wrong::Lost), "a person who is not there");
    let mut lie = somebody(&book, State::Alive).expect("one");
    assert_eq!(found(&installation, &lie).await, [], "no lie");
    person(&mut lie).identity = State::Over;
    let wrongs = found(&installation, &lie).await;
    assert!(wrongs.contains(&Wrong::Revived) && wrongs.contains(&Wrong::Unexplained), "an identity that opens");
    let mut lie = somebody(&book, State::Over).expect("one");
    assert_eq!(found(&installation, &lie).await, [], "no lie");
    person(&mut lie).identity = State::Alive;
    assert_eq!(found(&installation, &lie).await, [Wrong::Lost], "an identity that opens nothing");
    let mut lie = one(&book, State::Over);
    grant(&mut lie).refresh = "_".repeat(76);
    assert!(found(&installation, &lie).await.contains(&Wrong::Lost), "a generation that is not there");
    let mut lie = one(&book, State::Alive);
    grant(&mut lie).state = State::Over;
    assert!(found(&installation, &lie).await.contains(&Wrong::Revived), "a grant that goes on");
    let (ask, code) = unredeemed;
    let lie = Book { codes: [(code, (ask.verifier.expect("one"), true))].into(), ..Book::default() };
    assert_eq!(found(&installation, &lie).await, [Wrong::Duplicated], "a code that is good again");
}
