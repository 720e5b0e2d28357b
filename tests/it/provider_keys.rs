//! The keys of an OpenID provider: they change, go and are kept as long as the provider says (threats I12, X21).

use crate::both_setups;
use crate::providers::one;
use crate::support::journey::{expect_in, expect_refused, pass, through};
use crate::support::providers::{Endpoint, FakeProvider, Twist};
use crate::support::{Arrival, Ask, Setup, TestApp, UserAgent};

fn ask() -> Ask {
    Ask::of("trusted")
}

/// Somebody in a browser of their own goes all the way.
async fn sign_in(app: &TestApp, fake: &FakeProvider) -> (UserAgent, Ask, Arrival) {
    let (mut browser, ask) = (app.browser(), ask());
    let arrival = through(&mut browser, app, (&ask, "staff"), fake).await;
    (browser, ask, arrival)
}

both_setups! {
    /// X21, I12: keys change between two sign-ins, each time.
    async fn changed_keys_are_picked_up_within_one_sign_in(setup: Setup) {
        let (app, fake) = one(setup).await;
        let ask = ask();
        for round in 0..5 {
            let mut browser = app.browser();
            let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
            expect_in(&app, &browser, &ask, arrival);
            assert_eq!(fake.count(Endpoint::Keys), round + 1, "one fetch each time, and no more");
            match round {
                1 => fake.rotate_to_rsa(),
                2 => fake.rotate_to_ec(),
                _ => fake.rotate(),
            }
        }
    }

    /// I12: tokens with keys that nobody has.
    async fn unknown_keys_cost_one_fetch_a_minute(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        let ask = ask();
        let try_it = async || {
            let mut browser = app.browser();
            through(&mut browser, &app, (&ask, "staff"), &fake).await
        };
        assert!(matches!(try_it().await, Arrival::Away(_)));
        fake.twist(Twist::KidUnknown);
        for _ in 0..20 {
            assert_eq!(try_it().await.page().status, 502);
        }
        assert_eq!(fake.count(Endpoint::Keys), 2, "the first, and one for all of the unknown");
        for _ in 0..2 {
            pass(&app, &fake, 60);
            assert_eq!(try_it().await.page().status, 502);
            assert_eq!(try_it().await.page().status, 502);
        }
        assert_eq!(fake.count(Endpoint::Keys), 4);
        fake.straighten();
        assert!(matches!(try_it().await, Arrival::Away(_)), "and good ones are taken all the while");
    }

    /// The cache headers of discovery and keys.
    async fn documents_are_fetched_when_their_time_is_over(setup: Setup) {
        let (app, fake) = one(setup).await;
        fake.cache("max-age=600");
        let ask = ask();
        let counts = async |seconds: u32| {
            pass(&app, &fake, seconds);
            let mut browser = app.browser();
            let arrival = through(&mut browser, &app, (&ask, "staff"), &fake).await;
            expect_in(&app, &browser, &ask, arrival);
            (fake.count(Endpoint::Discovery), fake.count(Endpoint::Keys))
        };
        assert_eq!(counts(0).await, (1, 1));
        assert_eq!(counts(599).await, (1, 1));
        assert_eq!(counts(1).await, (2, 2));
    }

    /// X21: a key that a provider withdrew, because somebody else has it, say.
    async fn a_key_that_was_withdrawn_is_refused_as_soon_as_the_keys_are_fetched_again(setup: Setup) {
        let (app, fake) = one(setup).await;
        app.http().in_trouble(true);
        fake.cache("max-age=600");
        let expect_good = async |fetched: usize| {
            let (browser, ask, arrival) = sign_in(&app, &fake).await;
            expect_in(&app, &browser, &ask, arrival);
            assert_eq!(fake.count(Endpoint::Keys), fetched);
        };
        let expect_withdrawn = async || {
            let (browser, _, arrival) = sign_in(&app, &fake).await;
            expect_refused(&browser, arrival, "provider_invalid", "unknown_key");
        };
        expect_good(1).await;
        fake.rotate();
        fake.twist(Twist::KeyBefore);
        pass(&app, &fake, 599);
        expect_good(1).await;
        pass(&app, &fake, 1);
        expect_withdrawn().await;
        pass(&app, &fake, 100_000);
        expect_withdrawn().await;
        // The key in its place is good, and when that one goes, its successor tells of it at once.
        fake.straighten();
        let fetched = fake.count(Endpoint::Keys);
        expect_good(fetched).await;
        fake.rotate();
        pass(&app, &fake, 60);
        expect_good(fetched + 1).await;
        fake.twist(Twist::KeyBefore);
        expect_withdrawn().await;
    }
}
