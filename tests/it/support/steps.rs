//! Steps that many behaviours begin with.
//!
//! Owns: those shorthands. Does not own: anything a test wants to look at closely.

use std::collections::BTreeMap;

use reqwest::Method;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::Value;

use super::agent::UserAgent;
use super::answer::Answer;
use super::app::TestApp;
use super::ask::Ask;
use super::http::Request;
use super::people::Person;

impl TestApp {
    /// A code for this request, by a browser of its own.
    pub async fn code(&self, ask: &Ask, person: &Person) -> String {
        self.browser().authorize(self, ask, person).await.code()
    }

    /// An access token for this request, by a browser of its own.
    pub async fn access_token(&self, ask: &Ask, person: &Person) -> String {
        let code = self.code(ask, person).await;
        ask.redeem(self, &code).await.expect(200).member("access_token")
    }

    /// A browser in which that person is signed in.
    pub async fn signed_in(&self, person: &Person) -> UserAgent {
        let mut browser = self.browser();
        browser.authorize(self, &Ask::of("trusted"), person).await;
        assert!(browser.session().is_some());
        browser
    }

    /// Whether a browser has a live session: a request without prompts gets through.
    pub async fn is_signed_in(&self, browser: &UserAgent) -> bool {
        let ask = Ask::of("trusted").set("prompt", "none");
        let callback = browser.clone().open(&ask.url(self)).await.callback();
        match callback.get("error").as_deref() {
            None => true,
            Some("login_required") => false,
            Some(other) => panic!("{other}"),
        }
    }

    /// The userinfo endpoint's answer to a token.
    pub async fn userinfo(&self, token: &str) -> Answer {
        self.request(Method::GET, "/userinfo").bearer(token).send().await
    }

    /// Tokens for this request, by a browser of its own.
    pub async fn tokens(&self, ask: &Ask, person: &Person) -> Answer {
        let code = self.code(ask, person).await;
        ask.redeem(self, &code).await.expect(200)
    }

    /// A refresh request of that client, to be bent.
    pub fn refresh(&self, client: &str, refresh_token: &str) -> Request {
        self.token(client).field("grant_type", "refresh_token").field("refresh_token", refresh_token)
    }

    /// What the API's server is told about a token.
    pub async fn introspect(&self, token: &str) -> Value {
        self.introspect_as("api-server", token).send().await.expect(200).json()
    }

    /// An introspection request of that client.
    pub fn introspect_as(&self, client: &str, token: &str) -> Request {
        self.client_request("/introspect", client).field("token", token)
    }

    /// Revokes a token as that client.
    pub async fn revoke(&self, client: &str, token: &str) {
        let answer = self.client_request("/revoke", client).field("token", token).send().await.expect(200);
        assert!(answer.body.is_empty(), "{}", answer.text());
    }

    /// What the instance learns by itself within a second, at once.
    pub async fn catch_up(&self) {
        self.app().negative.catch_up(self.app().now()).await.expect("the list");
    }

    /// Changes the durable database behind the server's back.
    pub async fn sql(&self, statement: &str) {
        if let Some(database) = self.database() {
            database.run(statement);
            return;
        }
        let path = self.folder().path().join("data/vestibule.db");
        let database = Database::connect(format!("sqlite:{}", path.display())).await.expect("the database");
        database.execute_unprepared(statement).await.expect("the statement");
        database.close().await.expect("closed");
    }

    /// Disables somebody, as an admin does in another process.
    pub async fn disable(&self, person: &Person) {
        let (users, now) = (&self.app().stores.users, self.app().now());
        assert!(users.set_disabled(person.id, true, now).await.expect("the store"));
    }
}

/// Headers that are the same for two answers of one kind: not those that name the request or the moment.
pub fn lasting_headers(answer: &Answer) -> BTreeMap<String, String> {
    answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id" | "content-length" | "set-cookie"))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}
