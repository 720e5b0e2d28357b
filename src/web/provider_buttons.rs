//! The buttons that lead to external providers.
//!
//! Owns: which there are on a page, in which order, and what they say. Does not own: their look
//! (`templates/partials/providers.html`) or what happens behind them (`endpoints/login`).

use crate::app::App;
use crate::model::client::Client;
use crate::model::provider::{Brand, Provider};
use crate::protocol::ids::ProviderId;
use crate::web::urls;

/// One.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderButton {
    /// Where the way begins: a URL of ours.
    pub href: String,
    /// What it says.
    pub label: String,
    /// Its mark.
    pub brand: Brand,
}

/// Which of them, and for what.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offer<'a> {
    /// The application that asks; it may offer only some.
    pub client: Option<&'a Client>,
    /// The one that this browser used last: it comes first.
    pub last: Option<&'a ProviderId>,
    /// Parameters that each takes along.
    pub query: &'a [(&'a str, &'a str)],
}

/// The providers that people may choose from, in the order of their buttons.
pub fn offered<'a>(app: &'a App, client: Option<&'a Client>) -> impl Iterator<Item = &'a Provider> {
    let offers = move |provider: &&Provider| client.is_none_or(|client| client.offers(&provider.id));
    app.registry().providers().map(AsRef::as_ref).filter(offers)
}

/// The buttons of a page.
#[must_use]
pub fn buttons(app: &App, offer: Offer<'_>) -> Vec<ProviderButton> {
    let mut providers: Vec<&Provider> = offered(app, offer.client).collect();
    // A stable sort: all others stay in the order of the configuration.
    providers.sort_by_key(|provider| offer.last != Some(&provider.id));
    providers.into_iter().map(|provider| button(app, provider, "Continue with", offer.query)).collect()
}

/// The button of one provider: what is done with it, then its name.
#[must_use]
pub fn button(app: &App, provider: &Provider, verb: &str, query: &[(&str, &str)]) -> ProviderButton {
    ProviderButton {
        href: urls::provider(app.issuer(), &provider.id, query),
        label: format!("{verb} {}", provider.display_name),
        brand: provider.brand,
    }
}
