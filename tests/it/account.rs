//! The account page: who somebody is, the ways into their account, and that the last one stays (threats H01, H03, I13).

use std::time::Duration;

use vestibule::model::identity::IdentityKey;

use crate::both_setups;
use crate::support::joins::PROVIDERS;
use crate::support::{Answer, Options, Person, Setup, TestApp, UserAgent, forms};

const TEN_MINUTES: Duration = Duration::from_mins(10);

async fn start(setup: Setup) -> TestApp {
    TestApp::with(setup, Options { extra: PROVIDERS, ..Options::default() }).await
}

async fn account(app: &TestApp, browser: &mut UserAgent) -> Answer {
    browser.open(&app.url("/account")).await.page()
}

/// Unlinks with the form of a page.
async fn unlink(browser: &mut UserAgent, page: &Answer, key: &IdentityKey) -> Answer {
    browser.send(page, "/account", &[("unlink", &key.handle())]).await
}

async fn listed(app: &TestApp, person: &Person) -> Vec<IdentityKey> {
    let listed = app.app().stores.identities.list(person.id).await.expect("the store");
    listed.into_iter().map(|identity| identity.key).collect()
}

fn links(page: &Answer) -> Vec<String> {
    let hrefs = forms::attributes(&page.text(), "href");
    hrefs.into_iter().filter(|href| href.contains("link=")).collect()
}

both_setups! {
    async fn the_page_says_who_somebody_is_and_how_they_sign_in(setup: Setup) {
        let app = start(setup).await;
        let ada = app.ada().await;
        let google = app.joined(&ada, "google").await;
        let mut browser = app.signed_in(&ada).await;
        let home = browser.open(&app.url("/")).await.page();
        assert!(forms::attributes(&home.text(), "href").contains(&"/account".to_owned()));
        let page = account(&app, &mut browser).await;
        let text = page.expect_page(200);
        for part in ["ada Example", "ada@example.test", "Password", "Google", "ada@google.example", &google.handle()] {
            assert!(text.contains(part), "{part}: {text}");
        }
        // What is linked is not offered again, and what is offered can be linked.
        let [github] = links(&page).try_into().expect("one");
        assert!(github.starts_with("/login/github?link="), "{github}");
        // Nothing of the key itself is told.
        assert!(!text.contains(&google.subject), "{text}");
    }

    async fn whoever_is_not_signed_in_signs_in_first_and_comes_back(setup: Setup) {
        let app = start(setup).await;
        let ada = app.ada().await;
        let mut browser = app.browser();
        let login = account(&app, &mut browser).await;
        assert_eq!((login.url.path(), login.url.query()), ("/login", Some("next=account")));
        let page = browser.sign_in(&login, &ada).await.page();
        assert_eq!(page.url.path(), "/account");
        // A mistake on the way is no detour.
        let mut other = app.browser();
        let login = account(&app, &mut other).await;
        let again = other.send(&login, "/login", &[("username", "ada"), ("password", "wrong")]).await;
        again.expect_page(422);
        assert_eq!(other.sign_in(&again, &ada).await.page().url.path(), "/account");
    }

    /// I13: ten minutes after the sign-in nothing can be changed without another one.
    async fn ways_are_changed_after_a_fresh_sign_in_only(setup: Setup) {
        let app = start(setup).await;
        let ada = app.ada().await;
        let google = app.joined(&ada, "google").await;
        let mut browser = app.signed_in(&ada).await;
        let fresh = account(&app, &mut browser).await;
        app.advance(TEN_MINUTES);
        assert!(links(&account(&app, &mut browser).await).len() == 1, "ten minutes are not over yet");
        app.advance_seconds(1);
        let stale = account(&app, &mut browser).await;
        let text = stale.expect_page(200);
        assert!(links(&stale).is_empty() && !text.contains(&google.handle()), "{text}");
        assert!(forms::attributes(&text, "href").contains(&"/login?next=account".to_owned()), "{text}");
        // The form of the page from before.
        let answer = unlink(&mut browser, &fresh, &google).await;
        assert_eq!(answer.status, 303);
        assert!(answer.location().as_str().ends_with("/login?next=account"), "{}", answer.location());
        assert_eq!(listed(&app, &ada).await, std::slice::from_ref(&google));
        // The page of the sign-in asks although somebody is signed in, and leads back to another session.
        let before = browser.clone();
        let login = browser.follow(answer).await.page();
        assert_eq!(login.url.path(), "/login");
        let page = browser.sign_in(&login, &ada).await.page();
        assert_eq!(page.url.path(), "/account");
        assert_ne!(browser.session(), before.session());
        assert!(!app.is_signed_in(&before).await);
        assert_eq!(unlink(&mut browser, &page, &google).await.status, 303);
        assert_eq!(listed(&app, &ada).await, []);
        // Fresh, it does not ask.
        assert_eq!(browser.open(&app.url("/login?next=account")).await.page().url.path(), "/account");
    }

    async fn the_last_way_in_is_not_unlinked(setup: Setup) {
        let app = start(setup).await;
        let fay = app.person("fay", &["reader"]).await;
        let (google, github) = (app.joined(&fay, "google").await, app.joined(&fay, "github").await);
        let mut browser = app.signed_in(&fay).await;
        app.sql("UPDATE users SET password_phc = NULL WHERE username = 'fay'").await;
        let page = account(&app, &mut browser).await;
        assert_eq!(unlink(&mut browser, &page, &google).await.status, 303);
        let last = account(&app, &mut browser).await;
        assert!(last.text().contains("only way in") && !last.text().contains(&github.handle()), "{}", last.text());
        let refused = unlink(&mut browser, &page, &github).await.expect_page(409);
        assert!(refused.contains("last_way"), "{refused}");
        assert_eq!(listed(&app, &fay).await, [github]);
        assert!(app.is_signed_in(&browser).await, "the session goes on");
    }

    /// An identity at a provider that is switched off opens nothing, so it is no way in.
    async fn a_way_that_does_not_work_does_not_count(setup: Setup) {
        let app = start(setup).await;
        let fay = app.person("fay", &["reader"]).await;
        let (google, github) = (app.joined(&fay, "google").await, app.joined(&fay, "github").await);
        let mut browser = app.signed_in(&fay).await;
        app.sql("UPDATE users SET password_phc = NULL WHERE username = 'fay'").await;
        let page = account(&app, &mut browser).await;
        app.configure(|toml| toml.replace("id = \"github\"", "id = \"github\"\nenabled = false"));
        app.reload().await;
        unlink(&mut browser, &page, &google).await.expect_page(409);
        assert_eq!(listed(&app, &fay).await, [google.clone(), github.clone()]);
        let shown = account(&app, &mut browser).await.text();
        assert!(shown.contains("not available at present"), "{shown}");
        assert_eq!(unlink(&mut browser, &page, &github).await.status, 303);
        assert_eq!(listed(&app, &fay).await, [google]);
    }

    /// Nobody unlinks what is somebody else's.
    async fn somebody_elses_identity_is_not_unlinked(setup: Setup) {
        let app = start(setup).await;
        let (ada, bob) = (app.ada().await, app.bob().await);
        app.joined(&ada, "google").await;
        let of_bob = app.joined(&bob, "google").await;
        let mut browser = app.signed_in(&ada).await;
        let page = account(&app, &mut browser).await;
        assert_eq!(unlink(&mut browser, &page, &of_bob).await.status, 303);
        for nonsense in ["", "x", "google"] {
            assert_eq!(browser.send(&page, "/account", &[("unlink", nonsense)]).await.status, 303);
        }
        assert_eq!((listed(&app, &ada).await.len(), listed(&app, &bob).await.len()), (1, 1));
        // Nor does her form serve for him.
        let (action, form) = UserAgent::form(&page, "/account");
        let fields = [form.fields(), vec![("unlink".to_owned(), of_bob.handle())]].concat();
        let mut his = app.signed_in(&bob).await;
        his.post(action.as_str(), &fields).await.expect_page(403);
        assert_eq!(listed(&app, &bob).await.len(), 1);
    }

    /// Whoever came with a generated password sets their own first.
    async fn a_generated_password_leads_to_its_page_first(setup: Setup) {
        let app = start(setup).await;
        let nina = app.newcomer("nina").await;
        let mut browser = app.browser();
        let login = account(&app, &mut browser).await;
        let page = browser.sign_in(&login, &nina).await.page();
        assert_eq!(page.url.path(), "/password");
        assert_eq!(account(&app, &mut browser).await.url.path(), "/password");
    }
}
