//! A provider that is down, slow or answers nonsense (threats L01, L02, X20): only signing in there fails, soon, and
//! on a page that leads on.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use vestibule::reload::Reloaded;

use crate::both_setups;
use crate::support::journey::{
    away, back, button, expect_in, expect_trouble, expect_ways_on, leave, log_line, pass, sign_in_page, start,
};
use crate::support::providers::{Endpoint, ExternalPerson, FakeProvider, Trouble, Twist, Witness};
use crate::support::{Answer, Arrival, Ask, Options, Setup, TestApp};

/// One provider for each way in which one endpoint can be in trouble, each with people of its own.
fn troubled() -> Vec<(String, FakeProvider, Endpoint, Trouble)> {
    let endpoints = [Endpoint::Discovery, Endpoint::Keys, Endpoint::Token, Endpoint::UserInfo];
    let all = endpoints.into_iter().flat_map(|endpoint| Trouble::ALL.iter().map(move |trouble| (endpoint, *trouble)));
    all.enumerate()
        .map(|(number, (endpoint, trouble))| {
            let fake = FakeProvider::start();
            fake.person(ExternalPerson::new("sub").email(&format!("p{number}@down.test"), true).name("Grace"));
            if endpoint == Endpoint::UserInfo {
                fake.profile_in_userinfo_only();
            }
            (format!("p{number}"), fake, endpoint, trouble)
        })
        .collect()
}

async fn try_once(app: &TestApp, id: &str, fake: &FakeProvider) -> (crate::support::UserAgent, Ask, Arrival) {
    let (mut browser, ask) = (app.browser(), Ask::of("trusted"));
    let page = sign_in_page(&mut browser, app, &ask).await;
    let there = button(&page, id);
    let arrival = match browser.open(there.as_str()).await {
        Arrival::Away(url) => {
            let home = fake.visit(url).await;
            back(&mut browser, &home).await
        }
        page @ Arrival::Page(_) => page,
    };
    (browser, ask, arrival)
}

both_setups! {
    /// X20, L02: every trouble at every endpoint; and when it is over, the same request goes on.
    async fn whatever_is_wrong_with_a_provider_there_is_a_page_and_a_way_on(setup: Setup) {
        let providers = troubled();
        let tables: Vec<String> = providers.iter().map(|(id, fake, ..)| fake.toml(id)).collect();
        let app = start(setup, &tables).await;
        app.http().in_trouble(true);
        // A few at once: those that keep somebody waiting wait together, and the machine is asked for no more than it has.
        let tries = providers.iter().map(async |(id, fake, endpoint, trouble)| {
            let what = format!("{endpoint:?} {trouble:?}");
            fake.trouble(*endpoint, *trouble);
            let (mut browser, ask, arrival) = try_once(&app, id, fake).await;
            let page = arrival.page();
            expect_trouble(&page, id, &what);
            assert!(browser.session().is_none(), "{what}");
            fake.well();
            let [again, _] = expect_ways_on(&page, id);
            let home = fake.visit(away(browser.open(again.as_str()).await)).await;
            let arrival = back(&mut browser, &home).await;
            expect_in(&app, &browser, &ask, arrival);
        });
        stream::iter(tries).buffer_unordered(8).for_each(async |()| {}).await;
    }

    async fn a_provider_that_cannot_be_reached_leads_to_the_same_page(setup: Setup) {
        let fake = FakeProvider::start();
        let app = start(setup, &[fake.toml("staff")]).await;
        app.http().in_trouble(true);
        fake.down();
        let (mut browser, ask, arrival) = try_once(&app, "staff", &fake).await;
        let page = arrival.page();
        assert_eq!(page.status, 503);
        expect_trouble(&page, "staff", "down");
        assert!(log_line(&page).contains("unreachable: "), "{}", log_line(&page));
        fake.up();
        let [again, _] = expect_ways_on(&page, "staff");
        let home = fake.visit(away(browser.open(again.as_str()).await)).await;
        let arrival = back(&mut browser, &home).await;
        expect_in(&app, &browser, &ask, arrival);
    }

    async fn metadata_of_another_issuer_sends_nobody_anywhere(setup: Setup) {
        for twist in Twist::REFUSED_METADATA {
            let fake = FakeProvider::start();
            fake.twist(*twist);
            let app = start(setup, &[fake.toml("staff")]).await;
            app.http().in_trouble(true);
            let (_, _, arrival) = try_once(&app, "staff", &fake).await;
            let page = arrival.page();
            expect_trouble(&page, "staff", &format!("{twist:?}"));
            assert!(log_line(&page).contains("metadata: "), "{twist:?}: {}", log_line(&page));
            assert_eq!((fake.count(Endpoint::Token), fake.count(Endpoint::Keys)), (0, 0));
        }
    }

    /// X20: what is known of a provider serves on while it cannot be asked.
    async fn known_documents_serve_while_discovery_and_keys_are_down(setup: Setup) {
        let fake = FakeProvider::start();
        let app = start(setup, &[fake.toml("staff")]).await;
        let (browser, ask, arrival) = try_once(&app, "staff", &fake).await;
        expect_in(&app, &browser, &ask, arrival);
        for trouble in [Trouble::ServerError, Trouble::Html, Trouble::Hang] {
            fake.trouble(Endpoint::Discovery, trouble);
            fake.trouble(Endpoint::Keys, trouble);
            // Past the hour that such documents are kept, and past the pause after a failure.
            pass(&app, &fake, 7200);
            let (browser, ask, arrival) = try_once(&app, "staff", &fake).await;
            expect_in(&app, &browser, &ask, arrival);
        }
        let asked = fake.count(Endpoint::Discovery);
        for _ in 0..5 {
            let (browser, ask, arrival) = try_once(&app, "staff", &fake).await;
            expect_in(&app, &browser, &ask, arrival);
        }
        assert_eq!(fake.count(Endpoint::Discovery), asked, "no storm of tries");
    }

    /// X20: 200 federated sign-ins that hang hold the places of their provider and nothing else: all are answered while
    /// it hangs, most of them at once since there is no place for them, and everybody else signs in meanwhile.
    async fn two_hundred_sign_ins_that_hang_keep_nobody_else_waiting(setup: Setup) {
        const PLACES: usize = 32;
        let (slow, well) = (FakeProvider::start(), FakeProvider::start());
        well.person(ExternalPerson::new("sub").email("grace@well.test", true));
        let app = Arc::new(start(setup, &[slow.toml("slow"), well.toml("well")]).await);
        app.http().in_trouble(true);
        let ada = app.ada().await;
        let mut homes = Vec::new();
        for _ in 0..200 {
            let mut browser = app.browser();
            let there = leave(&mut browser, &app, &Ask::of("trusted"), "slow").await;
            homes.push((browser, slow.visit(there).await));
        }
        slow.trouble(Endpoint::Token, Trouble::Hang);
        let done = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = homes
            .into_iter()
            .map(|(mut browser, home)| {
                let done = Arc::clone(&done);
                tokio::spawn(async move {
                    let page = back(&mut browser, &home).await.page();
                    done.fetch_add(1, Ordering::SeqCst);
                    page
                })
            })
            .collect();
        slow.until_hanging(PLACES / 4).await;
        let login = app.get("/login").await;
        login.expect_page(200);
        let mut browser = app.browser();
        let ask = Ask::of("trusted");
        let callback = browser.authorize(&app, &ask, &ada).await;
        ask.redeem(&app, &callback.code()).await.expect(200);
        let (browser, ask, arrival) = try_once(&app, "well", &well).await;
        expect_in(&app, &browser, &ask, arrival);
        let pages: Vec<Answer> = join_all(tasks).await.into_iter().map(|page| page.expect("no panic")).collect();
        for page in &pages {
            expect_trouble(page, "slow", "hang");
        }
        // A place is free again before the provider sees that nobody waits any more, and on a slow machine again and again.
        assert!(slow.most_hanging() <= 2 * PLACES, "{} at once", slow.most_hanging());
        let busy = pages.iter().filter(|page| log_line(page).contains("busy: ")).count();
        assert!(busy >= PLACES, "{busy} were told at once that there is no place");
        assert!(busy + slow.count(Endpoint::Token) <= 200, "nobody was tried twice");
        // And the places are free again.
        slow.well();
        let (browser, ask, arrival) = try_once(&app, "slow", &slow).await;
        expect_in(&app, &browser, &ask, arrival);
    }

    /// L01: whatever a provider's metadata says, nothing is connected to that is not allowed, in no spelling.
    async fn endpoints_at_addresses_that_are_not_allowed_are_never_connected_to(setup: Setup) {
        let witness = Witness::start();
        let port = witness.port;
        let fake = FakeProvider::start();
        let app = TestApp::with(setup, Options { extra: narrow(&fake.toml("staff")), ..Options::default() }).await;
        app.http().in_trouble(true);
        for host in [
            "127.0.0.2", "0x7f.2", "0x7f000002", "2130706434", "0177.0.0.2", "127.2", "[::1]", "[::ffff:127.0.0.2]",
            "[::ffff:7f00:2]", "[64:ff9b::7f00:2]", "0.0.0.0", "0", "[::]", "169.254.169.254", "10.0.0.1", "[fd00::1]",
        ] {
            for scheme in ["http", "https"] {
                for (member, path) in [("token_endpoint", "token"), ("jwks_uri", "keys")] {
                    fake.metadata(member, json!(format!("{scheme}://{host}:{port}/{path}")));
                    pass(&app, &fake, 90_000);
                    let (browser, _, arrival) = try_once(&app, "staff", &fake).await;
                    let page = arrival.page();
                    expect_trouble(&page, "staff", host);
                    assert!(log_line(&page).contains("address_refused: "), "{host}: {}", log_line(&page));
                    assert!(browser.session().is_none());
                    fake.metadata(member, json!(format!("{}/{path}", fake.base())));
                }
            }
        }
        assert_eq!(witness.seen(), 0, "somebody connected");
        let _ = std::net::TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), port)).expect("the witness listens");
        witness.until_seen().await;
    }

    /// L01: an exception that is taken back is none any more, for connections that are open as well.
    async fn what_may_be_connected_to_changes_with_a_reload(setup: Setup) {
        let (witness, fake) = (Witness::start(), FakeProvider::start());
        let app = start(setup, &[fake.toml("staff")]).await;
        app.http().in_trouble(true);
        fake.metadata("token_endpoint", json!(format!("http://127.0.0.2:{}/token", witness.port)));
        let (_, _, arrival) = try_once(&app, "staff", &fake).await;
        let page = arrival.page();
        expect_trouble(&page, "staff", "a witness gives no tokens");
        assert!(log_line(&page).contains("unreachable: "), "{}", log_line(&page));
        witness.until_seen().await;
        let before = witness.seen();
        app.configure(|toml| toml.replace("allow = [\"127.0.0.0/8\"]", "allow = [\"127.0.0.1\"]"));
        assert_eq!(app.reload().await, Reloaded::Applied);
        let (_, _, arrival) = try_once(&app, "staff", &fake).await;
        let page = arrival.page();
        expect_trouble(&page, "staff", "not allowed any more");
        assert!(log_line(&page).contains("address_refused: "), "{}", log_line(&page));
        assert_eq!(witness.seen(), before);
        // A provider that could never be asked is a mistake in the configuration.
        app.configure(|toml| toml.replace("allow = [\"127.0.0.1\"]", "allow = [\"127.99.0.0/16\"]"));
        assert_eq!(app.reload().await, Reloaded::Refused);
    }
}

/// The table, and one address of this machine alone that may be connected to.
fn narrow(table: &str) -> &'static str {
    format!("{table}\n[outbound]\nallow = [\"127.0.0.1/32\"]\n").leak()
}
