//! The load: people who do, as fast as they can, everything that the server acknowledges.
//!
//! Owns: what they do, in which order, and how an honest application behaves when it gets no answer: it asks
//! again. Does not own: one step of it (`visitor`), or the faults (`injection`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use tokio::time::Instant;

use super::installation::Admin;
use super::ledger::{Fact, Held, State, Wrong};
use super::meter::Asked;
use super::visitor::{API, CLIENT, Tokens, Visitor, World, excerpt, is_over, redemption, refresh};
use super::wire::{Sent, Trouble};
use crate::support::Answer;

/// Between two tries of what got no answer.
const PAUSE: Duration = Duration::from_millis(100);

/// When what was revoked on one instance can no longer be thought good on another, however busy the machine:
/// 2 s are documented, and a list of what is revoked that is older than 10 s is not believed.
const EVERYWHERE: Duration = Duration::from_secs(12);

/// How long an honest application asks again; far more than any outage of ours.
const PATIENCE: Duration = Duration::from_mins(3);

/// Grants that have ended and are still asked about.
const REMEMBERED: usize = 8;

/// Everything that ends with the load.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    workers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    /// So many people begin.
    pub fn begin(world: &World, admin: &Admin, people: usize, seed: u64) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let stop = Arc::new(AtomicBool::new(false));
        let workers = (0..people).map(|_| {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let (world, admin, stop) = (world.clone(), admin.clone(), Arc::clone(&stop));
            tokio::spawn(Worker::new(world, admin, stop, (number, seed)).work())
        });
        let mut workers: Vec<_> = workers.collect();
        let (world, stopped) = (world.clone(), Arc::clone(&stop));
        workers.push(tokio::spawn(read_what_needs_no_store(world, stopped)));
        Self { stop, workers }
    }

    /// Everybody finishes what they are at.
    pub async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        for worker in self.workers {
            worker.await.expect("no panic");
        }
    }
}

/// Keys and discovery, whatever happens.
async fn read_what_needs_no_store(world: World, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        for wire in &world.wires {
            for path in ["/jwks", "/.well-known/openid-configuration"] {
                let _ = wire.send(Sent::get(Asked::Public, path)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

struct Worker {
    world: World,
    admin: Admin,
    stop: Arc<AtomicBool>,
    number: u64,
    made: usize,
    over: VecDeque<(Tokens, Instant)>,
    /// A grant that is used while nobody can sign in.
    kept: Option<Tokens>,
    rng: StdRng,
}

impl Worker {
    fn new(world: World, admin: Admin, stop: Arc<AtomicBool>, (number, seed): (u64, u64)) -> Self {
        let rng = StdRng::seed_from_u64(seed.wrapping_add(number));
        Self { world, admin, stop, number, made: 0, over: VecDeque::new(), kept: None, rng }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    async fn work(mut self) {
        while !self.stopped() {
            let Some(mut visitor) = self.newcomer().await else { continue };
            // Until they are disabled, in the end.
            for _ in 0..self.rng.random_range(8..24) {
                if self.stopped() {
                    return;
                }
                self.visit(&mut visitor).await;
            }
            self.disable(&visitor).await;
        }
    }

    async fn newcomer(&mut self) -> Option<Visitor> {
        self.made += 1;
        self.kept = None;
        let username = format!("p{}-{}", self.number, self.made);
        let Some((sub, password)) = self.admin.add(&username).await else {
            tokio::time::sleep(PAUSE).await;
            return None;
        };
        let fact = Fact::Person { username: username.clone(), sub: sub.clone(), password: password.clone() };
        self.world.ledger.note(&fact);
        Some(Visitor::new(username, sub, password))
    }

    async fn disable(&mut self, visitor: &Visitor) {
        self.world.ledger.note(&Fact::Disabling { username: visitor.username.clone() });
        if self.admin.disable(&visitor.username).await {
            self.world.ledger.note(&Fact::Disabled { username: visitor.username.clone() });
        }
    }

    /// Sends until an answer comes.
    async fn until_answered(&self, sent: Sent) -> Option<Answer> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Ok(answer) = self.world.any().send(sent.clone()).await {
                return Some(answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.world.complain(Wrong::Unexplained, format!("no answer in {PATIENCE:?}"));
        None
    }

    /// One use of the application.
    async fn visit(&mut self, visitor: &mut Visitor) {
        let Some((ask, code)) = visitor.authorize(&self.world).await else {
            return self.go_on_without(visitor).await;
        };
        let verifier = ask.verifier.clone().unwrap_or_default();
        let races = if self.rng.random_range(0..8) == 0 { 4 } else { 1 };
        let redemptions = (0..races).map(|_| self.world.any().send(redemption(&code, &verifier)));
        let answers = join_all(redemptions).await;
        let Some(mut tokens) = self.redeemed(visitor, (&code, ask.get("nonce")), answers) else { return };
        if races > 1 {
            return self.replay(tokens, &code, &verifier).await;
        }
        for _ in 0..self.rng.random_range(1..6) {
            let Some(next) = self.refreshed(visitor, &tokens).await else { return };
            tokens = next;
            self.ask_about(visitor, &tokens).await;
        }
        self.ask_about_the_past().await;
        visitor.look_home(&self.world).await;
        // Every other person comes through the provider, once they may.
        if self.number.is_multiple_of(2) {
            visitor.link(&self.world).await;
            if visitor.linked && self.rng.random_range(0..3) == 0 {
                visitor.change_browser();
            }
        }
        match self.rng.random_range(0..10) {
            0..4 => self.revoke(tokens).await,
            4 => self.replay(tokens, &code, &verifier).await,
            // A session that Redis forgot cannot be signed out any more.
            5 if !self.world.is_forgetful() => self.sign_out(visitor, tokens).await,
            _ => self.kept = Some(tokens),
        }
    }

    /// What an application does that has tokens already, and needs no sign-in.
    async fn go_on_without(&mut self, visitor: &Visitor) {
        if let Some(tokens) = self.kept.take() {
            self.ask_about(visitor, &tokens).await;
            self.kept = self.refreshed(visitor, &tokens).await;
        }
        tokio::time::sleep(PAUSE).await;
    }

    /// Of any number of redemptions one succeeds.
    fn redeemed(
        &self,
        visitor: &Visitor,
        (code, nonce): (&str, Option<&str>),
        answers: Vec<Result<Answer, Trouble>>,
    ) -> Option<Tokens> {
        let uncertain = answers.iter().any(Result::is_err);
        let answers: Vec<Answer> = answers.into_iter().flatten().collect();
        let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        if good.len() > 1 {
            self.world.complain(Wrong::Duplicated, format!("{}: a code, {} times", visitor.username, good.len()));
        }
        if good.is_empty() && !uncertain && !self.world.is_forgetful() {
            let said = refused.first().map(|answer| excerpt(answer)).unwrap_or_default();
            self.world.complain(Wrong::Lost, format!("{}: a code: {said}", visitor.username));
        }
        let tokens = visitor.read(&self.world, good.first()?, nonce)?;
        self.world.ledger.note(&Fact::Redeemed {
            username: visitor.username.clone(),
            code: code.to_owned(),
            grant: tokens.grant.clone(),
            refresh: tokens.refresh.clone(),
            access: tokens.access.clone(),
        });
        Some(tokens)
    }

    /// The next token of a family. Sometimes several tabs ask at once: they all get the same.
    async fn refreshed(&mut self, visitor: &Visitor, tokens: &Tokens) -> Option<Tokens> {
        let tabs = if self.rng.random_range(0..8) == 0 { 5 } else { 1 };
        let answers = join_all((0..tabs).map(|_| self.until_answered(refresh(&tokens.refresh)))).await;
        let mut next: Vec<Tokens> = Vec::new();
        for answer in answers.into_iter().flatten() {
            if answer.status == 200 {
                next.extend(visitor.read(&self.world, &answer, None));
            } else {
                let what = format!("{}: the family {}: {}", visitor.username, tokens.grant, excerpt(&answer));
                self.world.complain(Wrong::Lost, what);
            }
        }
        if next.windows(2).any(|pair| pair[0].refresh != pair[1].refresh) {
            self.world.complain(Wrong::Duplicated, format!("the family {} forked", tokens.grant));
        }
        let next = next.pop()?;
        let Tokens { grant, refresh, access } = next.clone();
        self.world.ledger.note(&Fact::Rotated { grant, refresh, access });
        Some(next)
    }

    /// What an API's server and the application are told of a good token.
    async fn ask_about(&self, visitor: &Visitor, tokens: &Tokens) {
        if let Ok(answer) = self.world.any().send(introspection(&tokens.access)).await {
            let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if said["active"] != true {
                self.world.complain(Wrong::Lost, format!("{}: a good token is inactive: {said}", visitor.username));
            } else if said["sub"] != visitor.sub || said["client_id"] != CLIENT {
                self.world.complain(Wrong::CrossIdentity, format!("{}: introspection: {said}", visitor.username));
            }
        }
        let about = Sent::get(Asked::About, "/userinfo").header("authorization", format!("Bearer {}", tokens.access));
        if let Ok(answer) = self.world.any().send(about).await {
            let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if answer.status != 200 {
                let what = format!("{}: userinfo {}: {}", visitor.username, answer.status, excerpt(&answer));
                self.world.complain(Wrong::Lost, what);
            } else if said["sub"] != visitor.sub {
                self.world.complain(Wrong::CrossIdentity, format!("{}: userinfo: {said}", visitor.username));
            }
        }
    }

    /// What is over stays over, on every instance.
    async fn ask_about_the_past(&mut self) {
        let Some((tokens, since)) = self.over.get(self.rng.random_range(0..REMEMBERED)) else { return };
        if let Ok(answer) = self.world.any().send(refresh(&tokens.refresh)).await
            && !is_over(&answer)
        {
            self.world.complain(Wrong::Revived, format!("the family {}: {}", tokens.grant, excerpt(&answer)));
        }
        if since.elapsed() > EVERYWHERE
            && let Ok(answer) = self.world.any().send(introspection(&tokens.access)).await
            && !answer.text().contains("\"active\":false")
        {
            self.world.complain(Wrong::Revived, format!("a token of {}: {}", tokens.grant, excerpt(&answer)));
        }
    }

    fn ended(&mut self, tokens: Tokens, by: &str) {
        self.world.ledger.note(&Fact::Ended { grant: tokens.grant.clone(), by: by.to_owned() });
        self.over.push_front((tokens, Instant::now()));
        self.over.truncate(REMEMBERED);
    }

    async fn revoke(&mut self, tokens: Tokens) {
        self.world.ledger.note(&Fact::Ending { grant: tokens.grant.clone() });
        let sent = Sent::post(Asked::Revoke, "/revoke", &[("token", &tokens.refresh)]).by(CLIENT);
        if self.until_answered(sent).await.is_some_and(|answer| answer.status == 200) {
            self.ended(tokens, "revocation");
        }
    }

    async fn replay(&mut self, tokens: Tokens, code: &str, verifier: &str) {
        self.world.ledger.note(&Fact::Ending { grant: tokens.grant.clone() });
        let Some(answer) = self.until_answered(redemption(code, verifier)).await else { return };
        if is_over(&answer) {
            self.ended(tokens, "replay");
        } else {
            self.world.complain(Wrong::Duplicated, format!("a used code: {}", excerpt(&answer)));
        }
    }

    async fn sign_out(&mut self, visitor: &mut Visitor, tokens: Tokens) {
        // What came from the same session before ends, too.
        self.kept = None;
        let mine = |held: &Held| held.username == visitor.username && held.state == State::Alive;
        let book = self.world.ledger.read();
        let grants: Vec<String> =
            book.grants.iter().filter(|(_, held)| mine(held)).map(|(grant, _)| grant.clone()).collect();
        for grant in &grants {
            self.world.ledger.note(&Fact::Ending { grant: grant.clone() });
        }
        if visitor.sign_out(&self.world).await {
            self.ended(tokens, "signing out");
        }
    }
}

/// The question of an API's server.
pub fn introspection(token: &str) -> Sent {
    Sent::post(Asked::About, "/introspect", &[("token", token)]).by(API)
}
