//! A client that is removed or disabled is refused everywhere at once, and what it had ends for good: on
//! every instance, whatever is read again when (threat D09).

use reqwest::Method;
use serde_json::json;
use vestibule::reload::Reloaded;

use crate::both_setups;
use crate::support::configuration::{with_disabled, without_client};
use crate::support::{Answer, Ask, Person, Setup, TestApp, UserAgent, logs};

/// What clients had before they went.
struct Had {
    ask: Ask,
    code: String,
    tokens: Answer,
    public: String,
    password: String,
    own: String,
    waiting: Answer,
    browser: UserAgent,
}

impl Had {
    async fn of(app: &TestApp, ada: &Person) -> Self {
        let ask = Ask::of("keeper");
        let mut browser = app.browser();
        let waiting = browser.open(&ask.url(app)).await.page();
        let own = app.token("service").field("grant_type", "client_credentials").field("scope", "read:users");
        let password = app.token("first-party").field("grant_type", "password");
        let password = password.field("username", &ada.username).field("password", &ada.password);
        Self {
            code: app.code(&ask, ada).await,
            tokens: app.tokens(&ask, ada).await,
            public: app.tokens(&Ask::of("keeper-spa"), ada).await.member("refresh_token"),
            password: password.send().await.expect(200).member("refresh_token"),
            own: own.send().await.expect(200).member("access_token"),
            ask,
            waiting,
            browser,
        }
    }

    fn refresh_token(&self) -> String {
        self.tokens.member("refresh_token")
    }

    fn access_token(&self) -> String {
        self.tokens.member("access_token")
    }

    /// Nothing works for the clients, on that instance.
    async fn expect_refused(&self, app: &TestApp, ada: &Person) {
        app.browser().open(&self.ask.url(app)).await.page().expect_page(400);
        self.ask.redeem(app, &self.code).await.expect_error(401, "invalid_client");
        app.refresh("keeper", &self.refresh_token()).send().await.expect_error(401, "invalid_client");
        app.refresh("keeper-spa", &self.public).send().await.expect_error(401, "invalid_client");
        app.refresh("first-party", &self.password).send().await.expect_error(401, "invalid_client");
        let password = app.token("first-party").field("grant_type", "password");
        let password = password.field("username", &ada.username).field("password", &ada.password);
        password.send().await.expect_error(401, "invalid_client");
        let own = app.token("service").field("grant_type", "client_credentials");
        own.send().await.expect_error(401, "invalid_client");
        for path in ["/introspect", "/revoke"] {
            let request = app.client_request(path, "keeper").field("token", self.access_token());
            request.send().await.expect_error(401, "invalid_client");
        }
        self.expect_tokens_ended(app).await;
        let mut browser = app.browser();
        browser.cookies = self.browser.cookies.clone();
        let typed = [("username", ada.username.as_str()), ("password", ada.password.as_str())];
        let answer = browser.send(&self.waiting, "/login", &typed).await;
        browser.follow(answer).await.page().expect_page(400);
    }

    async fn expect_tokens_ended(&self, app: &TestApp) {
        app.userinfo(&self.access_token()).await.expect_error(401, "invalid_token");
        for token in [&self.access_token(), &self.own] {
            assert_eq!(app.introspect(token).await, json!({"active": false}));
        }
    }

    /// The clients are back, and nothing of what they had is.
    async fn expect_over(&self, app: &TestApp) {
        self.ask.redeem(app, &self.code).await.expect_error(400, "invalid_grant");
        app.refresh("keeper", &self.refresh_token()).send().await.expect_error(400, "invalid_grant");
        app.refresh("keeper-spa", &self.public).send().await.expect_error(400, "invalid_grant");
        app.refresh("first-party", &self.password).send().await.expect_error(400, "invalid_grant");
        let answer = app.introspect_as("keeper", &self.refresh_token()).send().await.expect(200);
        assert_eq!(answer.json(), json!({"active": false}));
        self.expect_tokens_ended(app).await;
    }
}

const CLIENTS: [&str; 4] = ["keeper", "keeper-spa", "first-party", "service"];

async fn reload(app: &TestApp) {
    assert_eq!(app.reload().await, Reloaded::Applied);
}

async fn expect_anew(app: &TestApp, ada: &Person) {
    let tokens = app.tokens(&Ask::of("keeper"), ada).await;
    app.userinfo(&tokens.member("access_token")).await.expect(200);
    let again = app.refresh("keeper", &tokens.member("refresh_token")).send().await.expect(200);
    assert_eq!(app.introspect(&again.member("access_token")).await["active"], true);
    let own = app.token("service").field("grant_type", "client_credentials").field("scope", "read:users");
    let own = own.send().await.expect(200).member("access_token");
    assert_eq!(app.introspect(&own).await["active"], true);
}

both_setups! {
    /// D09: at every endpoint, on both instances, and what ended stays ended.
    async fn a_removed_or_disabled_client_is_refused_everywhere_and_what_it_had_ends(setup: Setup) {
        let one = TestApp::start(setup).await;
        let two = one.sibling().await;
        let ada = one.ada().await;
        for shut_out in [without_client, with_disabled] {
            let had = Had::of(&one, &ada).await;
            let mut before = String::new();
            one.configure(|toml| {
                toml.clone_into(&mut before);
                CLIENTS.iter().fold(toml.to_owned(), |toml, client| shut_out(&toml, client))
            });
            for app in [&one, &two] {
                reload(app).await;
                had.expect_refused(app, &ada).await;
                // Others go on.
                app.tokens(&Ask::of("web"), &ada).await;
            }
            one.advance_seconds(1);
            one.configure(|_| before);
            for app in [&one, &two] {
                reload(app).await;
                app.catch_up().await;
                had.expect_over(app).await;
                expect_anew(app, &ada).await;
            }
            // Refused so often, whoever asks at that address would have to wait.
            one.advance_seconds(3600);
        }
    }

    /// It is the database that knows, and the list that every instance follows.
    async fn an_instance_that_has_not_heard_yet_does_not_honour_what_has_ended(setup: Setup) {
        let one = TestApp::start(setup).await;
        let two = one.sibling().await;
        let ada = one.ada().await;
        let had = Had::of(&one, &ada).await;
        one.configure(|toml| without_client(toml, "keeper"));
        reload(&one).await;
        two.refresh("keeper", &had.refresh_token()).send().await.expect_error(400, "invalid_grant");
        two.catch_up().await;
        two.userinfo(&had.access_token()).await.expect_error(401, "invalid_token");
        assert_eq!(two.introspect(&had.access_token()).await, json!({"active": false}));
        had.ask.redeem(&two, &had.code).await.expect_error(400, "invalid_grant");
    }

    /// What an instance gives with an old configuration ends when it hears, and is not back afterwards.
    async fn what_an_old_configuration_gave_meanwhile_ends_too(setup: Setup) {
        let one = TestApp::start(setup).await;
        let two = one.sibling().await;
        let ada = one.ada().await;
        let mut before = String::new();
        one.configure(|toml| {
            toml.clone_into(&mut before);
            without_client(toml, "keeper")
        });
        reload(&one).await;
        one.advance_seconds(1);
        let late = two.tokens(&Ask::of("keeper"), &ada).await;
        one.userinfo(&late.member("access_token")).await.expect_error(401, "invalid_token");
        one.refresh("keeper", &late.member("refresh_token")).send().await.expect_error(401, "invalid_client");
        one.advance_seconds(1);
        reload(&two).await;
        one.configure(|_| before);
        for app in [&one, &two] {
            reload(app).await;
            app.catch_up().await;
            app.refresh("keeper", &late.member("refresh_token")).send().await.expect_error(400, "invalid_grant");
            app.userinfo(&late.member("access_token")).await.expect_error(401, "invalid_token");
        }
    }

    /// An instance that starts with an old configuration has the client back, not what it had.
    async fn an_instance_that_starts_with_an_old_configuration_revives_nothing(setup: Setup) {
        let one = TestApp::start(setup).await;
        let ada = one.ada().await;
        let had = Had::of(&one, &ada).await;
        let mut before = String::new();
        one.configure(|toml| {
            toml.clone_into(&mut before);
            CLIENTS.iter().fold(toml.to_owned(), |toml, client| without_client(&toml, client))
        });
        reload(&one).await;
        one.advance_seconds(1);
        one.configure(|_| before);
        let two = one.sibling().await;
        had.expect_over(&two).await;
        had.expect_refused(&one, &ada).await;
    }

    async fn a_client_that_disappeared_while_the_server_was_stopped_has_lost_everything(setup: Setup) {
        let mut app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let had = Had::of(&app, &ada).await;
        app.stop().await;
        app.advance_seconds(1);
        let mut before = String::new();
        app.configure(|toml| {
            toml.clone_into(&mut before);
            CLIENTS.iter().fold(toml.to_owned(), |toml, client| without_client(&toml, client))
        });
        let mut without = app.sibling().await;
        had.expect_refused(&without, &ada).await;
        without.stop().await;
        app.advance_seconds(1);
        app.configure(|_| before);
        let back = app.sibling().await;
        had.expect_over(&back).await;
        expect_anew(&back, &ada).await;
    }

    async fn a_restart_or_reload_with_the_same_clients_ends_nothing(setup: Setup) {
        let mut app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let tokens = app.tokens(&Ask::of("keeper"), &ada).await;
        app.configure(|toml| without_client(toml, "web"));
        reload(&app).await;
        reload(&app).await;
        app.userinfo(&tokens.member("access_token")).await.expect(200);
        app.stop().await;
        let again = app.sibling().await;
        again.userinfo(&tokens.member("access_token")).await.expect(200);
        again.refresh("keeper", &tokens.member("refresh_token")).send().await.expect(200);
    }

    /// It is refused at once all the same.
    async fn a_database_that_is_away_hears_of_a_removed_client_when_it_is_back(setup: Setup) {
        let app = TestApp::start(setup).await;
        let ada = app.ada().await;
        let had = Had::of(&app, &ada).await;
        app.sql("ALTER TABLE clients RENAME TO clients_gone").await;
        let mut before = String::new();
        app.configure(|toml| {
            toml.clone_into(&mut before);
            CLIENTS.iter().fold(toml.to_owned(), |toml, client| without_client(&toml, client))
        });
        reload(&app).await;
        had.expect_refused(&app, &ada).await;
        // Back before it was noted that they went.
        app.advance_seconds(1);
        app.configure(|_| before);
        reload(&app).await;
        app.sql("ALTER TABLE clients_gone RENAME TO clients").await;
        let listed = || async {
            let all = app.app().stores.revocations.since(0).await.expect("the store");
            all.iter().filter(|(_, entry)| format!("{entry:?}").contains("Client(")).count()
        };
        // It went and came back: both are noted, by whatever tries it again.
        while listed().await < 2 * CLIENTS.len() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        while app.refresh("keeper", &had.refresh_token()).send().await.status == 200 {}
        had.expect_over(&app).await;
    }
}

#[tokio::test]
async fn an_operator_reads_which_clients_went_and_came() {
    let app = TestApp::start(Setup::Sqlite).await;
    let mut before = String::new();
    app.configure(|toml| {
        toml.clone_into(&mut before);
        with_disabled(&without_client(toml, "steady"), "spa").replace("client_name = \"Acme Reports\"", "")
    });
    reload(&app).await;
    let text = logs::text();
    let line = text.lines().rfind(|line| line.contains("\"clients_removed\":\"spa, steady\"")).expect("the line");
    assert!(line.contains("\"clients_changed\":\"web\"") && !line.contains("clients_added"), "{line}");
    app.configure(|_| before);
    reload(&app).await;
    let text = logs::text();
    assert!(text.lines().any(|line| line.contains("\"clients_added\":\"spa, steady\"")));
    for line in text.lines().filter(|line| line.contains("configuration reloaded")) {
        assert!(!line.contains("sha256:") && !line.contains("-secret-"), "{line}");
    }
    app.request(Method::GET, "/jwks").send().await.expect(200);
}
