//! SIGTERM: not ready first, then no new connections, then the end; and no request is lost (threat X2).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use tokio::net::TcpStream;
use tokio::sync::RwLock;

use super::program::{Home, random_key};
use super::serving::{ISSUER, Serving, configuration};
use crate::support::postgres::Postgres;
use crate::support::redis::Redis;

fn home(drain: &str, stores: &str) -> Home {
    let home = Home::new();
    home.write("config/vestibule.toml", &format!("{}{stores}", configuration(&format!("drain = \"{drain}\""))));
    home
}

const SQLITE: &str = "[database]\nurl = \"sqlite:data\"\n";

#[tokio::test]
async fn a_server_that_is_told_to_stop_is_not_ready_first_and_answers_meanwhile() {
    let home = home("5m", SQLITE);
    let mut serving = Serving::start(&home, None).await;
    assert!(serving.is_ready().await);
    assert_ne!(serving.get("/jwks").await.expect(200).header("connection"), Some("close"));
    serving.signal("TERM");
    serving.not_ready().await;
    // On new connections, and whoever keeps one is asked to take another next time.
    for path in ["/livez", "/jwks", "/.well-known/openid-configuration"] {
        assert_eq!(serving.get(path).await.expect(200).header("connection"), Some("close"), "{path}");
    }
    // Who does not want to wait says so.
    serving.signal("TERM");
    assert_eq!(serving.ended().await.code(), Some(130));
}

#[tokio::test]
async fn after_the_drain_it_takes_no_connection_and_ends() {
    let home = home("1s", SQLITE);
    let mut serving = Serving::start(&home, None).await;
    serving.signal("TERM");
    serving.logged(&["not ready any more"]).await;
    assert_eq!(serving.ended().await.code(), Some(0));
    assert!(TcpStream::connect(serving.http.address()).await.is_err(), "it still listens");
    let log = serving.log();
    let at = |words: &str| log.find(words).unwrap_or_else(|| panic!("no line with {words}:\n{log}"));
    assert!(at("not ready any more") < at("no new requests") && at("no new requests") < at("\"ended\""), "{log}");
}

/// Two instances, and somebody in front of them who asks `/readyz` before each request.
#[tokio::test]
async fn who_honours_readyz_loses_no_request_when_an_instance_stops() {
    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz-._ABCD";
    let (database, redis) = (Postgres::shared().database(), Redis::shared().url());
    let home = home(
        "5m",
        &format!(
            "[database]\nurl = \"{}\"\n[redis]\nurl = \"{redis}\"\nkey_prefix = \"stop:\"\n\
             [[apis]]\naudience = \"https://a.example\"\nscopes = [{{ name = \"a\", description = \"a\" }}]\n\
             [[clients]]\nclient_id = \"c\"\nclient_secret_file = \"secret\"\ngrant_types = [\"client_credentials\"]\n\
             scope = \"a\"\ndefault_scope = \"a\"\n",
            database.url()
        ),
    );
    home.write("config/secret", SECRET);
    let key = random_key();
    let mut all = Vec::new();
    for _ in 0..2 {
        all.push(Arc::new(RwLock::new(Some(Serving::start(&home, Some(&key)).await))));
    }
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (all, over, answered) = (all.clone(), Arc::clone(&over), Arc::clone(&answered));
            tokio::spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    for instance in &all {
                        // Held until the request is answered that the question was asked for.
                        let held = instance.read().await;
                        let Some(instance) = held.as_ref() else { continue };
                        if instance.is_ready().await {
                            let request = instance.http.request(Method::POST, &format!("{ISSUER}/token"));
                            let request = request.basic("c", SECRET).field("grant_type", "client_credentials");
                            request.send().await.expect(200);
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                }
            })
        })
        .collect();
    let more = async |count: usize| {
        let seen = answered.load(Ordering::SeqCst);
        while answered.load(Ordering::SeqCst) < seen + count {
            assert!(load.iter().all(|task| !task.is_finished()), "a request was lost");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    more(40).await;
    {
        let held = all[0].read().await;
        let instance = held.as_ref().expect("the first");
        instance.signal("TERM");
        instance.not_ready().await;
    }
    more(40).await;
    // Whoever was told before that it is ready has its answer once nobody holds it.
    let mut first = all[0].write().await.take().expect("the first");
    first.get("/jwks").await.expect(200);
    first.signal("TERM");
    first.ended().await;
    more(40).await;
    over.store(true, Ordering::SeqCst);
    for task in load {
        task.await.expect("no request was lost");
    }
}
