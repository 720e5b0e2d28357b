//! The way on to the provider through which a session began (OpenID Connect RP-Initiated Logout 1.0, 2, as a client).
//!
//! Owns: when it is offered, and how the last page learns of it. Does not own: where it leads (`upstream`).
//!
//! When the page is shown the session is gone, so that its address names the provider. Anybody may write that name: it
//! leads where signing out of a provider of ours leads, and says nothing of anybody.

use std::sync::Arc;

use super::view::UpstreamLink;
use crate::app::App;
use crate::model::provider::{Logout, Provider};
use crate::model::session::Session;
use crate::protocol::params::Params;
use crate::web::urls::{self, path};

/// The parameter that names the provider.
const PROVIDER: &str = "provider";

/// The page that says that nobody is signed in, after that session ended.
pub(super) fn page<'a>(app: &App, mut parameters: Vec<(&'static str, &'a str)>, ended: Option<&'a Session>) -> String {
    let began = ended.and_then(|session| session.upstream.as_ref()).map(|began| began.identity.provider.as_str());
    parameters.extend(began.map(|provider| (PROVIDER, provider)));
    urls::with_query(app.issuer(), path::LOGOUT, &parameters)
}

/// An OpenID provider whose person signed out here.
pub(super) struct Offer(Arc<Provider>);

impl Offer {
    /// Of the parameters of the page.
    pub(super) fn read(app: &App, params: &Params) -> Option<Self> {
        let provider = app.registry().find_provider(params.get(PROVIDER)?)?;
        (provider.logout == Logout::Offer).then(|| Self(Arc::clone(provider)))
    }

    /// The link; none where the provider names no such place, or cannot say now.
    pub(super) async fn link(&self, app: &App) -> Option<UpstreamLink> {
        let return_to = urls::absolute(app.issuer(), path::LOGOUT);
        let found = app.upstream.end_session((&self.0, self.0.openid()?), &return_to, app.now()).await;
        let url = found.unwrap_or_else(|error| {
            tracing::info!(provider = self.0.id.as_str(), %error, "signing out of a provider is not offered");
            None
        });
        url.map(|url| UpstreamLink { name: self.0.display_name.clone(), href: url.into() })
    }
}
