//! Ways to sign in are linked from the account page, by whoever is signed in, in the session in which they left
//! (threats I13, H01, H03).

use crate::both_setups;
use crate::support::house::{Houses, Traveller};
use crate::support::{Answer, Person, Setup, forms};

/// The link to link the house, on the account page of somebody who just signed in.
async fn link_of(houses: &Houses, traveller: &mut Traveller) -> String {
    let page = traveller.here.open(&houses.app.url("/account")).await.page();
    assert_eq!(page.url.path(), "/account");
    found_link(&page).unwrap_or_else(|| panic!("nothing to link: {}", page.text()))
}

fn found_link(page: &Answer) -> Option<String> {
    let hrefs = forms::attributes(&page.text(), "href");
    hrefs.into_iter().find(|href| href.starts_with("/login/house?link="))
}

/// A traveller who is signed in here.
async fn signed_in(houses: &Houses, person: &Person) -> Traveller {
    Traveller { here: houses.app.signed_in(person).await, there: houses.there.browser() }
}

async fn opens(houses: &Houses, person: &Person) -> Option<String> {
    houses.app.opens(&houses.key("house", person)).await
}

both_setups! {
    async fn a_linked_provider_opens_the_account_from_then_on(setup: Setup) {
        let houses = Houses::start(setup).await;
        let ada = houses.app.ada().await;
        // Whatever its address says, or does not: the person is signed in here.
        let vera = houses.person_there("vera", "vera@elsewhere.test", false).await;
        let mut traveller = signed_in(&houses, &ada).await;
        let session = traveller.here.session().map(str::to_owned);
        let link = link_of(&houses, &mut traveller).await;
        let page = traveller.come(&houses, &link, &vera).await.page();
        assert_eq!((page.url.path(), page.status), ("/account", 200));
        assert!(page.text().contains("The House") && found_link(&page).is_none(), "{}", page.text());
        assert_eq!(traveller.here.session().map(str::to_owned), session, "linking is no sign-in");
        assert_eq!(opens(&houses, &vera).await.as_deref(), Some("ada"));
        let home = houses.traveller().come(&houses, "/login/house", &vera).await.page();
        assert!(home.text().contains("ada Example"), "{}", home.text());
    }

    /// I13, H03: no token, another person's, another browser's.
    async fn nobody_leaves_to_link_without_the_token_of_their_own_page(setup: Setup) {
        let houses = Houses::start(setup).await;
        let (ada, bob) = (houses.app.ada().await, houses.app.bob().await);
        let mut of_ada = signed_in(&houses, &ada).await;
        let link = houses.app.url(&link_of(&houses, &mut of_ada).await);
        let of_nobody = format!("/login/house?link={}", "A".repeat(43));
        for wrong in ["/login/house?link=x", &of_nobody] {
            of_ada.here.get(&houses.app.url(wrong)).await.expect_page(403);
        }
        let mut of_bob = signed_in(&houses, &bob).await;
        of_bob.here.get(&link).await.expect_page(403);
        let mut elsewhere = signed_in(&houses, &ada).await;
        elsewhere.here.get(&link).await.expect_page(403);
        let mut stranger = houses.traveller();
        stranger.here.get(&houses.app.url("/login")).await;
        stranger.here.get(&link).await.expect_page(403);
    }

    /// I13: not with a sign-in from a while ago, there and back.
    async fn a_stale_sign_in_links_nothing(setup: Setup) {
        let houses = Houses::start(setup).await;
        let ada = houses.app.ada().await;
        let mut traveller = signed_in(&houses, &ada).await;
        let link = houses.app.url(&link_of(&houses, &mut traveller).await);
        houses.advance_seconds(601);
        let text = traveller.here.get(&link).await.expect_page(403);
        assert!(text.contains("sign_in_again") && text.contains("/login?next=account"), "{text}");
        let page = traveller.here.open(&houses.app.url("/account")).await.page();
        assert!(found_link(&page).is_none(), "{}", page.text());
    }

    /// An identity that opens somebody else's account stays theirs.
    async fn an_identity_of_somebody_else_is_refused_in_words(setup: Setup) {
        let houses = Houses::start(setup).await;
        let (ada, bob) = (houses.app.ada().await, houses.app.bob().await);
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut of_bob = signed_in(&houses, &bob).await;
        let link = link_of(&houses, &mut of_bob).await;
        of_bob.come(&houses, &link, &vera).await.page();
        let mut of_ada = signed_in(&houses, &ada).await;
        let link = link_of(&houses, &mut of_ada).await;
        let refused = of_ada.come(&houses, &link, &vera).await.page();
        let text = refused.expect_page(409);
        assert!(text.contains("identity_taken") && text.contains("href=\"/account\""), "{text}");
        assert_eq!(opens(&houses, &vera).await.as_deref(), Some("bob"));
        assert!(houses.app.is_signed_in(&of_ada.here).await, "the session goes on");
        assert_eq!(houses.app.app().stores.identities.list(ada.id).await.expect("the store"), []);
    }

    /// I13: whoever comes back is the one who left, or nothing is linked.
    async fn the_way_back_in_another_session_links_nothing(setup: Setup) {
        let houses = Houses::start(setup).await;
        let (ada, bob) = (houses.app.ada().await, houses.app.bob().await);
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        for signs_in_again in [Some(&bob), Some(&ada), None] {
            let mut traveller = signed_in(&houses, &ada).await;
            let link = link_of(&houses, &mut traveller).await;
            let back = traveller.vouched(&houses, &link, &vera).await;
            let logout = traveller.here.open(&houses.app.url("/logout")).await.page();
            traveller.here.submit(&logout, "/logout/confirm", &[]).await.page();
            if let Some(person) = signs_in_again {
                let login = traveller.here.open(&houses.app.url("/login")).await.page();
                traveller.here.sign_in(&login, person).await.page();
            }
            let text = traveller.here.open(back.as_str()).await.page().expect_page(403);
            assert!(text.contains("sign_in_again"), "{text}");
            assert_eq!(opens(&houses, &vera).await, None);
        }
    }

    /// What is linked already stays, and is said to be.
    async fn linking_again_changes_nothing(setup: Setup) {
        let houses = Houses::start(setup).await;
        let ada = houses.app.ada().await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = signed_in(&houses, &ada).await;
        let link = link_of(&houses, &mut traveller).await;
        for _ in 0..2 {
            let page = traveller.come(&houses, &link, &vera).await.page();
            assert_eq!((page.url.path(), page.status), ("/account", 200));
        }
        assert_eq!(houses.app.app().stores.identities.list(ada.id).await.expect("the store").len(), 1);
    }

    /// `link = "never"`: not offered, and not by hand either.
    async fn a_provider_that_is_not_linked_is_not_offered(setup: Setup) {
        let houses = Houses::start(setup).await;
        let ada = houses.app.ada().await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = signed_in(&houses, &ada).await;
        let link = link_of(&houses, &mut traveller).await;
        houses.change("display_name = \"The House\"", "display_name = \"The House\"\nlink = \"never\"").await;
        let page = traveller.here.open(&houses.app.url("/account")).await.page();
        assert!(found_link(&page).is_none(), "{}", page.text());
        let refused = traveller.come(&houses, &link, &vera).await.page();
        assert!(refused.expect_page(403).contains("linking_off"));
        assert_eq!(opens(&houses, &vera).await, None);
    }

    /// What was unlinked is a stranger: it opens nothing, and its address asks for the proof again.
    async fn an_unlinked_identity_opens_nothing(setup: Setup) {
        let houses = Houses::start(setup).await;
        let ada = houses.app.ada().await;
        let vera = houses.person_there("vera", "ada@example.test", true).await;
        let mut traveller = signed_in(&houses, &ada).await;
        let link = link_of(&houses, &mut traveller).await;
        let page = traveller.come(&houses, &link, &vera).await.page();
        let handle = houses.key("house", &vera).handle();
        traveller.here.submit(&page, "/account", &[("unlink", &handle)]).await.page();
        assert_eq!(opens(&houses, &vera).await, None);
        assert!(houses.app.is_signed_in(&traveller.here).await, "the session goes on");
        let page = houses.traveller().come(&houses, "/login/house", &vera).await.page();
        assert_eq!(page.url.path(), "/join");
    }

    /// Somebody without a password confirms that it is them with their provider, and comes back to the page.
    async fn whoever_has_no_password_signs_in_once_more_with_their_provider(setup: Setup) {
        let houses = Houses::start(setup).await;
        let vera = houses.person_there("vera", "vera@elsewhere.test", true).await;
        let mut traveller = houses.traveller();
        traveller.come(&houses, "/login/house", &vera).await.page();
        houses.advance_seconds(601);
        let page = traveller.here.open(&houses.app.url("/account")).await.page();
        assert!(!page.text().contains("/login/barn?link="), "{}", page.text());
        let login = traveller.here.open(&houses.app.url("/login?next=account")).await.page();
        let hrefs = forms::attributes(&login.text(), "href");
        let way = hrefs.into_iter().find(|href| href.starts_with("/login/house")).expect("a button");
        assert!(way.contains("next=account"), "{way}");
        // The provider is asked for a fresh sign-in too: the one from before is as old as ours.
        let page = traveller.come(&houses, &way, &vera).await.page();
        assert_eq!(page.url.path(), "/account");
        assert!(page.text().contains("/login/barn?link="), "{}", page.text());
        assert!(page.text().contains("only way in"), "{}", page.text());
    }
}
