//! More sign-ins at once than can be worked off (threat X26), by cause: the threads are held, so that what
//! fits in the queue waits, what does not is answered, and nothing depends on how fast a hash is.

use std::time::Duration;

use futures_util::future::join_all;

use crate::both_setups;
use crate::support::http::Request;
use crate::support::{Options, Person, Setup, TestApp, UserAgent};

const THREADS: usize = 2;
const QUEUE: usize = 5;
const MEMORY_KIB: usize = 7168;

fn grant(app: &TestApp, person: &Person) -> Request {
    let request = app.token("first-party").field("grant_type", "password");
    request.field("username", &person.username).field("password", &person.password)
}

/// Waits until that many may still join the queue.
async fn places_left(app: &TestApp, left: usize) {
    for _ in 0..12_000 {
        if app.app().passwords.places_left() == left {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} places are left and not {left}", app.app().passwords.places_left());
}

both_setups! {
    async fn x26_a_herd_fills_the_queue_and_the_rest_is_answered_at_once(setup: Setup) {
        let passwords = "memory_kib = 7168\niterations = 1\nthreads = 2\nqueue = 5\n";
        let app = TestApp::with(setup, Options { passwords, ..Options::default() }).await;
        let ada = app.ada().await;
        let hasher = &app.app().passwords;
        // There is one more turn than threads, so that no thread waits for a store.
        let mut turns = Vec::new();
        for _ in 0..=THREADS {
            turns.push(hasher.turn().await.expect("a turn"));
        }
        let before = hasher.hashes_run();
        let waiting: Vec<_> = (0..QUEUE).map(|_| tokio::spawn(grant(&app, &ada).send())).collect();
        places_left(&app, 0).await;
        app.http().in_trouble(true);

        // Beyond the queue: 503 and when to come back, on both doors, while not one hash can be computed.
        let refused = join_all((0..60).map(|_| grant(&app, &ada).send())).await;
        for answer in &refused {
            answer.expect_error(503, "temporarily_unavailable");
            assert_eq!(answer.header("retry-after"), Some("2"));
        }
        let mut browser = app.browser();
        let login = browser.open(&app.url("/login")).await.page();
        let typed = [("username", ada.username.as_str()), ("password", ada.password.as_str())];
        let pages = join_all((0..20).map(|_| {
            let (mut browser, login) = (browser.clone(), login.clone());
            async move { browser.send(&login, "/login", &typed).await }
        }))
        .await;
        for page in &pages {
            assert_eq!((page.status, page.header("retry-after")), (503, Some("2")), "{}", page.text());
            let (_, form) = UserAgent::form(page, "/login");
            assert_eq!(form.value("username"), Some("ada"), "the name is kept");
        }
        assert_eq!(hasher.hashes_run(), before, "nothing was hashed for any of them");
        // Whoever needs no hash does not notice.
        app.http().in_trouble(false);
        app.get("/jwks").await.expect(200);
        for _ in 0..20 {
            app.token("service").field("grant_type", "client_credentials").send().await.expect(200);
        }

        // What waited is served when the threads are free, with one buffer each.
        drop(turns);
        for answer in join_all(waiting).await {
            answer.expect("it ended").expect(200);
        }
        assert_eq!(hasher.hashes_run() - before, u64::try_from(QUEUE).expect("few"));
        assert!(hasher.held_kib() <= THREADS * MEMORY_KIB, "{} KiB", hasher.held_kib());
        // And the queue is as long as it was.
        places_left(&app, THREADS + 1 + QUEUE).await;
        grant(&app, &ada).send().await.expect(200);
    }
}
