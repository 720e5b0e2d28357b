//! A second Vestibule as the external provider of the first, and people who travel between the two.
//!
//! Owns: starting both, and the way there and back. Does not own: providers of other kinds (`providers`).
//!
//! The first knows the second twice, as `house` and as `barn`, so that somebody may have two identities.

use url::Url;
use vestibule::model::identity::IdentityKey;
use vestibule::model::person::{Email, User};
use vestibule::protocol::ids::ProviderId;
use vestibule::protocol::opaque::TokenHash;

use super::agent::{Arrival, UserAgent};
use super::app::{ENCRYPTION_KEY, Options, Setup, TestApp};
use super::people::Person;

/// Both.
pub struct Houses {
    /// The one that is tested.
    pub app: TestApp,
    /// The one that vouches for people.
    pub there: TestApp,
}

/// A browser, with its cookies at either server.
#[derive(Clone)]
pub struct Traveller {
    pub here: UserAgent,
    pub there: UserAgent,
}

/// How the second knows the first.
fn client_there(issuer: &str) -> String {
    format!(
        "\n[[clients]]\nclient_id = \"hall\"\nclient_name = \"The Hall\"\nfirst_party = true\nconsent = \"never\"\n\
         client_secret_hash = \"sha256:{}\"\nscope = \"openid profile email\"\n\
         redirect_uris = [\"{issuer}/login/house/callback\", \"{issuer}/login/barn/callback\"]\n",
        TokenHash::of(ENCRYPTION_KEY.as_bytes()).to_hex()
    )
}

/// How the first knows the second.
fn providers_here(issuer: &str, house: &str, barn: &str) -> String {
    let provider = |id: &str, name: &str, more: &str| {
        format!(
            "\n[[providers]]\nid = \"{id}\"\npreset = \"oidc\"\nissuer = \"{issuer}\"\nclient_id = \"hall\"\n\
             client_secret = {{ env = \"TEST_KEY\" }}\ndisplay_name = \"{name}\"\n{more}\n"
        )
    };
    let providers = [provider("house", "The House", house), provider("barn", "The Barn", barn)].concat();
    format!("{providers}\n[outbound]\nallow = [\"127.0.0.0/8\", \"::1\"]\n")
}

impl Houses {
    /// With nothing special.
    pub async fn start(setup: Setup) -> Self {
        Self::with(setup, "", "").await
    }

    /// With more keys in the tables of the two providers.
    pub async fn with(setup: Setup, house: &str, barn: &str) -> Self {
        let there = TestApp::start(Setup::Sqlite).await;
        let extra: &'static str = providers_here(there.issuer(), house, barn).leak();
        let app = TestApp::with(setup, Options { extra, ..Options::default() }).await;
        let issuer = app.issuer().to_owned();
        there.configure(|toml| format!("{toml}{}", client_there(&issuer)));
        there.reload().await;
        Self { app, there }
    }

    /// Changes the text of the first one's configuration, at once.
    pub async fn change(&self, from: &str, to: &str) {
        self.app.configure(|toml| {
            assert!(toml.contains(from), "{from}");
            toml.replace(from, to)
        });
        self.app.reload().await;
    }

    /// Somebody there, with that address.
    pub async fn person_there(&self, name: &str, address: &str, verified: bool) -> Person {
        let bend = |user: &mut User| {
            user.email = Email::parse(address);
            user.email_verified = verified;
        };
        self.there.person_with(name, &[], bend).await
    }

    /// Moves both clocks.
    pub fn advance_seconds(&self, seconds: u64) {
        self.app.advance_seconds(seconds);
        self.there.advance_seconds(seconds);
    }

    pub fn traveller(&self) -> Traveller {
        Traveller { here: self.app.browser(), there: self.there.browser() }
    }

    /// The identity of somebody there, as one of the two providers.
    pub fn key(&self, provider: &str, person: &Person) -> IdentityKey {
        IdentityKey {
            provider: ProviderId::parse(provider).expect("an id"),
            issuer: self.there.issuer().to_owned(),
            subject: person.sub(),
        }
    }
}

impl Traveller {
    /// Leaves here, is vouched for there, and comes back; where that ends here.
    pub async fn come(&mut self, houses: &Houses, departure: &str, person: &Person) -> Arrival {
        let back = self.vouched(houses, departure, person).await;
        self.here.open(back.as_str()).await
    }

    /// Leaves here and is vouched for there; the URL that leads back.
    pub async fn vouched(&mut self, houses: &Houses, departure: &str, person: &Person) -> Url {
        let departure = if departure.starts_with('/') { houses.app.url(departure) } else { departure.to_owned() };
        let away = match self.here.open(&departure).await {
            Arrival::Away(away) => away,
            Arrival::Page(page) => panic!("did not leave {}: {} {}", page.url, page.status, page.text()),
        };
        let mut arrival = self.there.open(away.as_str()).await;
        if let Arrival::Page(page) = &arrival
            && page.url.path().ends_with("/login")
        {
            let page = page.clone();
            arrival = self.there.sign_in(&page, person).await;
        }
        match arrival {
            Arrival::Away(back) => back,
            Arrival::Page(page) => panic!("stayed there: {} {} {}", page.url, page.status, page.text()),
        }
    }
}
