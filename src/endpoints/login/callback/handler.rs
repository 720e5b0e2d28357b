//! HTTP of the redirect URI at external providers.
//!
//! Owns: taking the departure, holding the answer against it, the page of a refusal. Does not own: the routes
//! (`login/handler`).

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::App;
use crate::endpoints::login::arrive::{Arrival, arrive};
use crate::endpoints::login::way::Way;
use crate::model::departure::{Departure, DepartureSecrets, Errand, Hidden};
use crate::model::provider::Provider;
use crate::model::provider_tokens::SealedTokens;
use crate::protocol::opaque::OpaqueToken;
use crate::protocol::params::Params;
use crate::store::Returned;
use crate::upstream::{Homeward, UpstreamError, UpstreamIdentity};
use crate::web::browser::Browser;
use crate::web::cookies;
use crate::web::current::Current;
use crate::web::entry::Destination;
use crate::web::page_error::{Kind, PageError};
use crate::web::page_form::{PageForm, PageQuery};
use crate::web::parked::{self, Parked};
use crate::web::transaction::Transaction;
use crate::web::urls::{self, path};

/// `POST /login/{provider}/callback` (OAuth 2.0 Form Post Response Mode): it comes from the provider's site, where a Lax
/// cookie is not sent. No cookie is read; the GET that follows has them.
pub(in crate::endpoints::login) async fn park(
    app: Current,
    id: Path<String>,
    PageForm(params): PageForm,
) -> Result<HttpResponse, PageError> {
    let provider = app.registry().find_provider(&id).ok_or_else(|| PageError::new(Kind::NotFound))?;
    Ok(parked::park(&app, &path::callback(&provider.id), &params).await?)
}

/// `GET /login/{provider}/callback`.
pub(in crate::endpoints::login) async fn back(
    app: Current,
    request: HttpRequest,
    id: Path<String>,
    PageQuery(query): PageQuery,
    browser: Browser,
) -> Result<HttpResponse, PageError> {
    let provider = app.registry().find_provider(&id).ok_or_else(|| unknown(&app))?;
    let params = match parked::unpark(&app, &path::callback(&provider.id), &query).await? {
        None => query,
        Some(Parked::Request(params)) => params,
        Some(Parked::Gone) => return Err(unknown(&app)),
    };
    let browser = browser.known()?;
    let state = params.get("state").and_then(OpaqueToken::parse).ok_or_else(|| unknown(&app))?;
    let returned = app.stores.departures.take(&state.hash()).await?;
    let (departure, first) = match returned {
        Returned::First(departure) => (departure, true),
        Returned::Late(departure) => (departure, false),
        Returned::Unknown => return Err(unknown(&app)),
    };
    if departure.provider != provider.id || !departure.browser.matches(&browser.hash()) {
        return Err(unknown(&app).because("it belongs to another browser or another provider"));
    }
    let secrets = DepartureSecrets { browser: browser.token(), state: &state };
    let left = Left::read(&app, &browser, &departure, secrets).await?;
    let way = left.way();
    if !first {
        return Err(way.past(&app));
    }
    if let Some(there) = way.is_over(&app)? {
        return Ok(crate::web::page::see_other(&there));
    }
    let provider = way.provider(&app, &id)?;
    let came = Came { provider: &provider, params: &params, secrets, departure: &departure };
    let identity = came.identity(&app).await.map_err(|error| way.failed(&app, &provider, &error))?;
    // From here on nothing but the sealed ones goes anywhere.
    let sealed = sealed(&app, &identity)?;
    let mut response = arrive(Arrival {
        app: &app,
        request: &request,
        browser: &browser,
        provider: &provider,
        identity: &identity,
        tokens: sealed.as_ref(),
        transaction: left.transaction.as_ref(),
        to_account: left.to_account,
        join: left.join.as_ref(),
        link: left.link,
    })
    .await?;
    let last = cookies::remember_provider(&provider.id, app.issuer());
    response.add_cookie(&last).map_err(|error| PageError::internal().because(error))?;
    Ok(response)
}

fn sealed(app: &App, identity: &UpstreamIdentity) -> Result<Option<SealedTokens>, PageError> {
    let seal = |tokens| app.tokens.seal_provider_tokens(identity.key(), tokens, app.now(), &mut app.rng());
    identity.tokens().map(seal).transpose().map_err(|error| PageError::internal().because(error))
}

/// One text for every cause: another browser, another provider, long over, made up. Nothing says where it was to lead.
fn unknown(app: &App) -> PageError {
    PageError::unknown_departure().with_link(urls::local(app.issuer(), path::LOGIN), "Sign in")
}

/// What somebody left for.
struct Left {
    transaction: Option<Transaction>,
    join: Option<OpaqueToken>,
    to_account: bool,
    link: Option<(crate::protocol::ids::UserId, crate::protocol::opaque::TokenHash)>,
}

impl Left {
    async fn read(
        app: &App,
        browser: &Browser,
        departure: &Departure,
        secrets: DepartureSecrets<'_>,
    ) -> Result<Self, PageError> {
        let (transaction, to_account, join) = match &departure.errand {
            Errand::Link { user, session } => {
                return Ok(Self { transaction: None, join: None, to_account: false, link: Some((*user, *session)) });
            }
            Errand::SignIn { transaction, to_account, join } => (transaction, *to_account, join),
        };
        let reveal = |what, hidden: &Option<String>| hidden.as_deref().and_then(|hidden| secrets.reveal(what, hidden));
        let transaction = match reveal(Hidden::Transaction, transaction) {
            Some(id) => Some(Transaction::find(app, id.expose(), browser).await?),
            None => None,
        };
        Ok(Self { transaction, join: reveal(Hidden::Join, join), to_account, link: None })
    }

    fn way(&self) -> Way<'_> {
        let destination = Destination { transaction: self.transaction.as_ref(), to_account: self.to_account };
        Way { destination, join: self.join.as_ref(), link: self.link.is_some() }
    }
}

/// The answer of a provider.
struct Came<'a> {
    provider: &'a Provider,
    params: &'a Params,
    secrets: DepartureSecrets<'a>,
    departure: &'a Departure,
}

impl Came<'_> {
    async fn identity(&self, app: &App) -> Result<UpstreamIdentity, UpstreamError> {
        if let Some(code) = self.params.get("error") {
            return Err(UpstreamError::answered(code));
        }
        let homeward = Homeward {
            redirect_uri: &urls::callback(app.issuer(), &self.provider.id),
            secrets: self.secrets,
            code: self.params.get("code").ok_or_else(UpstreamError::without_code)?,
            iss: self.params.get("iss"),
            user: self.params.get("user"),
            authenticated_after: self.departure.authenticated_after,
        };
        app.upstream.finish(self.provider, &homeward, app.now()).await
    }
}
