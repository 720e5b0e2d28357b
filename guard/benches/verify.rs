//! What a guard costs: `cargo bench -p vestibule-guard`.
//!
//! Owns: three loops, run in turns so that what else the machine does meets all of them alike: bare verification of
//! ES256 by jsonwebtoken with the key parsed once, a guard that sees each token for the first time, and one that has
//! seen it. Does not own: what the server itself does (`benches/operations.rs`).

#![expect(clippy::print_stdout, reason = "its output is its result")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that cannot run says so and ends")]

#[path = "../tests/support/forge.rs"]
mod forge;

use std::hint::black_box;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};
use vestibule_guard::{Guard, KeySet};

use forge::{AUDIENCE, Forge, ISSUER, NOW, with};

const TOKENS: usize = 2_000;
/// Uses of remembered tokens for each first sight, so that both loops take long enough to measure.
const AGAIN: u32 = 10;
const ROUNDS: usize = 7;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let key = Forge::new("ES256", "bench");
    let tokens: Vec<String> = (0..TOKENS).map(|n| key.token(&with("jti", json!(format!("{n:036}"))))).collect();
    let keys = KeySet::parse(json!({ "keys": [key.jwk()] }).to_string().as_bytes()).expect("a set");
    let jwk: Jwk = serde_json::from_value(key.jwk()).expect("a JWK");
    let bare_key = DecodingKey::from_jwk(&jwk).expect("a key");
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    // The tokens are of another time.
    validation.validate_exp = false;

    let (mut bare, mut first, mut again) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let guard = Guard::builder(ISSUER).audience(AUDIENCE).keys(keys.clone()).clock(|| NOW).remember(4 * TOKENS);
        let guard = guard.build().expect("a guard");
        bare = bare.min(time(|| {
            for token in &tokens {
                black_box(decode::<Value>(token, &bare_key, &validation).expect("a good token"));
            }
        }));
        let all = async || {
            for token in &tokens {
                black_box(guard.verify(token).await.expect("a good token"));
            }
        };
        first = first.min(time(|| runtime.block_on(all())));
        again = again.min(time(|| (0..AGAIN).for_each(|_| runtime.block_on(all()))) / AGAIN);
    }
    println!("{:<48} {:>10} {:>12} {:>8}", "ES256", "us", "a second", "x bare");
    for (name, took) in
        [("jsonwebtoken, key parsed once", bare), ("guard, first sight", first), ("guard, remembered", again)]
    {
        let each = took.as_secs_f64() / f64::from(u32::try_from(TOKENS).expect("few"));
        let ratio = bare.as_secs_f64() / took.as_secs_f64();
        println!("{name:<48} {:>10.2} {:>12.0} {ratio:>8.2}", each * 1e6, 1.0 / each);
    }
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn time(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}
