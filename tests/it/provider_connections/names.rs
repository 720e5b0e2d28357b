//! L01: the addresses of a name that were checked are those that are connected to, whatever the name has a moment later.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;

use super::{Place, provider};
use crate::both_setups;
use crate::support::Setup;
use crate::support::data::Folder;
use crate::support::providers::{Authority, Endpoint, Witness};

const HOST: &str = "login.rebinding.test";

/// The resolver of a program (`tests/external/resolver.c`).
struct Resolver(Folder);

impl Resolver {
    fn new() -> Self {
        let resolver = Self(Folder::new());
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/external/resolver.c");
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(resolver.library()).arg(source).status();
        assert!(compiled.expect("a C compiler").success());
        resolver
    }

    fn library(&self) -> PathBuf {
        self.0.path().join("resolver.so")
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("addresses")
    }

    /// What it answers, one question after the other; the last for good.
    fn answers(&self, answers: &[&str]) {
        std::fs::write(self.file(), answers.join("\n")).expect("a file");
    }

    /// What it has not answered yet.
    fn left(&self) -> Vec<String> {
        std::fs::read_to_string(self.file()).expect("a file").lines().map(str::to_owned).collect()
    }
}

async fn start(setup: Setup, resolver: &Resolver, allow: &str) -> (Place, Witness) {
    let authority = Authority::new();
    let provider = provider(&authority, HOST).await;
    let witness = Witness::at(Ipv4Addr::new(127, 0, 0, 2), provider.1.port);
    let (library, file) = (resolver.library(), resolver.file());
    let environment = [("LD_PRELOAD", library.as_path()), ("TEST_ADDRESSES", file.as_path())];
    (Place::start(setup, provider, (authority, allow), &environment).await, witness)
}

both_setups! {
    async fn a_name_that_leads_elsewhere_after_it_was_checked_is_not_followed_there(setup: Setup) {
        let resolver = Resolver::new();
        let (place, witness) = start(setup, &resolver, "127.0.0.1/32").await;
        resolver.answers(&["127.0.0.1", "127.0.0.2"]);
        place.expect_in("an address that is allowed").await;
        assert_eq!(resolver.left(), ["127.0.0.2"], "it was asked once for one connection");
        let (_, cause) = place.expect_out("an address that is not").await;
        assert!(cause.contains("address_refused: "), "{cause}");
        assert_eq!(place.fake.count(Endpoint::Token), 1);
        assert_eq!(witness.seen(), 0, "somebody connected");
    }

    async fn of_many_addresses_of_a_name_those_that_are_not_allowed_are_not_tried(setup: Setup) {
        let resolver = Resolver::new();
        let (mut place, witness) = start(setup, &resolver, "127.0.0.1/32").await;
        for answer in ["127.0.0.2 127.0.0.1", "127.0.0.1 127.0.0.2", "10.0.0.1 127.0.0.1 169.254.169.254 ::1"] {
            resolver.answers(&[answer]);
            place.expect_in(answer).await;
        }
        // Nor where nobody answers at the others.
        place.front.close().await;
        let (_, cause) = place.expect_out("nobody answers").await;
        assert!(cause.contains("unreachable: "), "{cause}");
        resolver.answers(&["10.0.0.1 169.254.169.254 ::1 127.0.0.2"]);
        let (_, cause) = place.expect_out("none is allowed").await;
        assert!(cause.contains("address_refused: "), "{cause}");
        assert_eq!(witness.seen(), 0, "somebody connected");
    }

    /// What the others would show if a name were followed anywhere.
    async fn a_name_is_followed_where_that_is_allowed(setup: Setup) {
        let resolver = Resolver::new();
        let (place, witness) = start(setup, &resolver, "127.0.0.0/8").await;
        resolver.answers(&["127.0.0.2"]);
        let (_, cause) = place.expect_out("a witness gives no tokens").await;
        assert!(cause.contains("unreachable: "), "{cause}");
        witness.until_seen().await;
    }
}
