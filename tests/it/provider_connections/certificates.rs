//! I15: a provider is who its certificate says, by an authority that is trusted, or nobody.

use super::{Place, provider};
use crate::both_setups;
use crate::support::Setup;
use crate::support::providers::{Authority, Endpoint, Flaw};

/// What the log says of it.
const fn said(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Expired => "certificate expired",
        Flaw::NotYetValid => "certificate not valid yet",
        Flaw::OtherHost | Flaw::HostInSubject => "certificate not valid for name",
        Flaw::SelfSigned => "certificate: UnknownIssuer",
        Flaw::OtherAuthority => "certificate: BadSignature",
        Flaw::SignedByHost => "EndEntityUsedAsCa",
    }
}

both_setups! {
    /// The same provider at the same place: only what it shows changes.
    async fn a_provider_whose_certificate_is_not_right_in_every_way_is_told_nothing(setup: Setup) {
        let authority = Authority::new();
        let provider = provider(&authority, "localhost").await;
        let place = Place::start(setup, provider, (authority, "127.0.0.0/8"), &[]).await;
        place.expect_in("a certificate with nothing wrong").await;
        for flaw in Flaw::ALL {
            place.front.show(place.authority.with(flaw, "localhost"));
            let (page, cause) = place.expect_out(&format!("{flaw:?}")).await;
            assert_eq!(page.status, 503, "{flaw:?}");
            assert!(cause.contains("unreachable: ") && cause.contains(said(flaw)), "{flaw:?}: {cause}");
        }
        assert_eq!(place.fake.count(Endpoint::Token), 1, "no code and no secret was shown");
        place.front.show(place.authority.vouch_for("localhost"));
        place.expect_in("another certificate with nothing wrong").await;
    }
}
