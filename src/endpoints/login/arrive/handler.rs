//! HTTP of an arrival, for the callback.
//!
//! Owns: the session that begins, or the page that follows. Does not own: the route (`login/finish`).

use actix_web::{HttpRequest, HttpResponse};

use crate::accounts::{External, Occasion, Opened};
use crate::app::App;
use crate::model::joining::Purpose;
use crate::model::provider::Provider;
use crate::model::provider_tokens::SealedTokens;
use crate::model::session::Beginning;
use crate::protocol::ids::UserId;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::upstream::UpstreamIdentity;
use crate::web::browser::Browser;
use crate::web::entry::{Destination, enter};
use crate::web::joining::{self, Joining};
use crate::web::page;
use crate::web::page_error::PageError;
use crate::web::session::SignedIn;
use crate::web::transaction::Transaction;
use crate::web::urls::{self, path};

/// Somebody who came back, with what they left for.
pub(in crate::endpoints::login) struct Arrival<'a> {
    pub(in crate::endpoints::login) app: &'a App,
    pub(in crate::endpoints::login) request: &'a HttpRequest,
    pub(in crate::endpoints::login) browser: &'a Browser,
    pub(in crate::endpoints::login) provider: &'a Provider,
    /// Proof of who they are there.
    pub(in crate::endpoints::login) identity: &'a UpstreamIdentity,
    /// The tokens that came with it, where they are to be kept.
    pub(in crate::endpoints::login) tokens: Option<&'a SealedTokens>,
    pub(in crate::endpoints::login) transaction: Option<&'a Transaction>,
    /// Without a transaction: to the account page instead of the home page.
    pub(in crate::endpoints::login) to_account: bool,
    /// The joining that they are to prove an account for.
    pub(in crate::endpoints::login) join: Option<&'a OpaqueToken>,
    /// Whose account the identity is to be linked to, and the session in which that person left.
    pub(in crate::endpoints::login) link: Option<(UserId, TokenHash)>,
}

/// Answers.
///
/// # Errors
/// A page that says why nobody came in, with a way on.
pub(in crate::endpoints::login) async fn arrive(arrival: Arrival<'_>) -> Result<HttpResponse, PageError> {
    match (arrival.link, arrival.join) {
        (Some((user, session)), _) => arrival.link_to(user, session).await,
        (None, Some(join)) => arrival.prove(join).await,
        (None, None) => arrival.sign_in().await,
    }
}

impl Arrival<'_> {
    fn external(&self) -> External<'_> {
        let (key, profile) = (self.identity.key(), self.identity.profile());
        External { provider: self.provider, key, profile, tokens: self.tokens }
    }

    const fn destination(&self) -> Destination<'_> {
        Destination { transaction: self.transaction, to_account: self.to_account }
    }

    async fn open(&self, purpose: Purpose, visitor: Option<&SignedIn>) -> Result<Opened, PageError> {
        let signed_in = visitor.map(|signed_in| signed_in.user.id);
        let occasion = Occasion { purpose, signed_in, now: self.app.now() };
        Ok(self.app.accounts().open(self.external(), occasion, &mut self.app.rng()).await?)
    }

    /// How the session of whoever comes in by it begins.
    fn elsewhere(&self) -> Beginning {
        Beginning::elsewhere(self.app.now(), self.identity.key(), self.identity.authentication())
    }

    async fn sign_in(&self) -> Result<HttpResponse, PageError> {
        let visitor = SignedIn::find(self.request, self.app).await?;
        let refused = |error: PageError| error.with_link(self.destination().sign_in(self.app), "Sign in another way");
        match self.open(Purpose::SignIn, visitor.as_ref()).await? {
            Opened::In(user) => enter(self.app, self.request, (&user, self.elsewhere()), self.destination()).await,
            Opened::Ask(ask) => {
                let came = (self.external(), self.identity.authentication());
                let there = joining::begin(self.app, self.browser, came, ask.user, self.destination()).await?;
                Ok(page::see_other(&there))
            }
            Opened::Refused(refusal) => Err(refused(refusal.into())),
            // Nobody wanted to link or to prove.
            Opened::Linked | Opened::Proven(_) => Err(refused(PageError::internal())),
        }
    }

    /// The identity is to prove an account that another one waits to be joined to.
    async fn prove(&self, join: &OpaqueToken) -> Result<HttpResponse, PageError> {
        let app = self.app;
        let joining = Joining::find(app, join.expose(), self.browser).await?;
        let user = joining.pending.user;
        match self.open(Purpose::Prove(user), None).await? {
            Opened::Proven(proven) => {
                let joined = app.accounts().join(joining.external(), user, *proven, app.now()).await?;
                let user = joining.settle(app, joined)?;
                enter(app, self.request, (&user, self.elsewhere()), joining.destination()).await
            }
            Opened::Refused(refusal) => Err(PageError::from(refusal).with_link(joining.page(app), "Try another way")),
            Opened::In(_) | Opened::Ask(_) | Opened::Linked => Err(joining.over(app)),
        }
    }

    /// Whoever left to link comes back; that it is in the same session is what makes it theirs.
    async fn link_to(&self, user: UserId, session: TokenHash) -> Result<HttpResponse, PageError> {
        let account = urls::local(self.app.issuer(), path::ACCOUNT);
        let visitor = SignedIn::find(self.request, self.app).await?;
        let same = visitor.filter(|signed_in| signed_in.id.matches(&session));
        match self.open(Purpose::Link(user), same.as_ref()).await? {
            Opened::Linked => Ok(page::see_other(&account)),
            Opened::Refused(refusal) => Err(PageError::from(refusal).with_link(account, "Back to your account")),
            Opened::In(_) | Opened::Ask(_) | Opened::Proven(_) => Err(PageError::internal()),
        }
    }
}
