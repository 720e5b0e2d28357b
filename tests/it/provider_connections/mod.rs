//! Connections to providers over TLS and by name, as the program itself makes them: who is trusted is decided by its
//! environment, and so is who resolves names.
//!
//! Owns: that program on either set-up, and one provider behind TLS. Does not own: addresses written as such, and
//! what else may be wrong with a provider (`providers_down`).

mod certificates;
mod names;

use std::path::Path;

use serde_json::json;

use crate::cli::program::Home;
use crate::cli::serving::{ISSUER, Serving, configuration};
use crate::support::journey::{away, back, button, reference};
use crate::support::postgres::{Database, Postgres};
use crate::support::providers::{Authority, FakeProvider, TlsFront};
use crate::support::redis::Redis;
use crate::support::{Answer, Arrival, Ask, Setup, UserAgent, ask};

/// The provider, whose token endpoint is behind TLS, and the program.
struct Place {
    authority: Authority,
    fake: FakeProvider,
    front: TlsFront,
    serving: Serving,
    _home: Home,
    _database: Option<Database>,
}

/// A provider called `staff`, whose token endpoint is `https://HOST:PORT/token`.
async fn provider(authority: &Authority, host: &str) -> (FakeProvider, TlsFront) {
    let fake = FakeProvider::start();
    let front = TlsFront::start(authority.vouch_for(host), fake.address()).await;
    fake.metadata("token_endpoint", json!(format!("https://{host}:{}/token", front.port)));
    (fake, front)
}

impl Place {
    /// The program trusts that authority, and may connect to `allow`.
    async fn start(
        setup: Setup,
        (fake, front): (FakeProvider, TlsFront),
        (authority, allow): (Authority, &str),
        environment: &[(&str, &Path)],
    ) -> Self {
        let home = Home::new();
        let database = (setup == Setup::Postgres).then(|| Postgres::shared().database());
        let stores = match &database {
            None => "[database]\nurl = \"sqlite:data\"\n".to_owned(),
            Some(database) => {
                let (database, redis) = (database.url(), Redis::shared().url());
                let prefix = ask::unique("connections");
                format!("[database]\nurl = \"{database}\"\n[redis]\nurl = \"{redis}\"\nkey_prefix = \"{prefix}:\"\n")
            }
        };
        let registry = crate::support::configuration::registry();
        let outbound = format!("[outbound]\nallow = [\"{allow}\"]\n");
        let toml = [configuration(""), stores, registry, fake.toml("staff"), outbound].join("\n");
        home.write("config/vestibule.toml", &toml);
        let file = authority.file();
        let environment = [environment, &[("SSL_CERT_FILE", file.as_path())]].concat();
        let serving = Serving::start_among(&home, None, &environment).await;
        serving.http.in_trouble(true);
        Self { authority, fake, front, serving, _home: home, _database: database }
    }

    /// Somebody signs in through the provider, as far as they come.
    async fn sign_in(&self) -> (UserAgent, Arrival) {
        let mut browser = UserAgent::new(&self.serving.http);
        let request = format!("{ISSUER}/authorize?{}", Ask::of("trusted").query());
        let page = browser.open(&request).await.page();
        let there = away(browser.open(button(&page, "staff").as_str()).await);
        let home = self.fake.visit(there).await;
        let arrival = back(&mut browser, &home).await;
        (browser, arrival)
    }

    /// They come back signed in, with a code for the application.
    async fn expect_in(&self, what: &str) {
        let (browser, arrival) = self.sign_in().await;
        if let Arrival::Page(page) = &arrival {
            panic!("{what}: {} {}: {}\n{}", page.url, page.status, page.text(), self.cause(page).await);
        }
        arrival.callback().code();
        assert!(browser.session().is_some(), "{what}");
    }

    /// They stay out; the page, and the cause in the log.
    async fn expect_out(&self, what: &str) -> (Answer, String) {
        let (browser, arrival) = self.sign_in().await;
        let page = arrival.page();
        crate::support::journey::expect_trouble(&page, "staff", what);
        assert!(browser.session().is_none(), "{what}");
        let cause = self.cause(&page).await;
        (page, cause)
    }

    /// What the log says under the reference on a page.
    async fn cause(&self, page: &Answer) -> String {
        let line = self.serving.logged(&[&reference(page), "\"cause\":"]).await;
        line["cause"].as_str().expect("a text").to_owned()
    }
}
