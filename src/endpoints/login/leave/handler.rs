//! HTTP of a departure.
//!
//! Owns: reading what it is for, keeping it, the redirect. Does not own: the route (`login/handler`).

use actix_web::HttpResponse;
use actix_web::web::Path;

use crate::app::App;
use crate::endpoints::login::way::Way;
use crate::model::departure::{Departure, DepartureSecrets, Errand, Hidden};
use crate::model::provider::Provider;
use crate::protocol::ids::UserId;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::upstream::Outward;
use crate::web::browser::Browser;
use crate::web::current::Current;
use crate::web::entry::Destination;
use crate::web::linking;
use crate::web::page;
use crate::web::page_error::PageError;
use crate::web::page_form::PageQuery;
use crate::web::session::Visitor;
use crate::web::transaction::Transaction;
use crate::web::urls;

/// `GET /login/{provider}`.
pub(in crate::endpoints::login) async fn leave(
    app: Current,
    id: Path<String>,
    PageQuery(query): PageQuery,
    browser: Browser,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    let bound = ["id", "join", "link"].into_iter().any(|name| query.has(name));
    let browser = if bound { browser.known()? } else { browser };
    let transaction = Transaction::find_some(&app, query.get("id"), &browser).await?;
    let to_account = transaction.is_none() && query.get("next") == Some("account");
    let link = match query.get("link") {
        Some(token) => Some(linking::check(&app, &browser, visitor.as_ref(), token)?),
        None => None,
    };
    let join = match query.get("join") {
        Some(join) => Some(OpaqueToken::parse(join).ok_or_else(PageError::unknown_join)?),
        None => None,
    };
    let destination = Destination { transaction: transaction.as_ref(), to_account };
    let way = Way { destination, join: join.as_ref(), link: link.is_some() };
    if let Some(there) = way.is_over(&app)? {
        return Ok(page::see_other(&there));
    }
    let provider = way.provider(&app, &id)?;
    let there = depart(&app, &browser, &provider, (way, link)).await?;
    Ok(browser.remember(page::see_other(&there), &app))
}

/// Keeps the departure and says where the browser goes.
async fn depart(
    app: &App,
    browser: &Browser,
    provider: &Provider,
    (way, link): (Way<'_>, Option<(UserId, TokenHash)>),
) -> Result<String, PageError> {
    let now = app.now();
    let state = OpaqueToken::generate(&mut app.rng());
    let secrets = DepartureSecrets { browser: browser.token(), state: &state };
    let freshness = way.freshness();
    let request = way.destination.transaction.map(|found| &found.interaction.request);
    let redirect_uri = urls::callback(app.issuer(), &provider.id);
    let outward = Outward {
        redirect_uri: &redirect_uri,
        secrets,
        login_hint: request.and_then(|request| request.login_hint.as_deref()),
        max_age: freshness.max_age,
        login: freshness.login,
        select_account: request.is_some_and(|request| request.prompt.select_account),
    };
    let there = app.upstream.begin(provider, &outward, now).await.map_err(|error| way.failed(app, provider, &error))?;
    let errand = match link {
        Some((user, session)) => Errand::Link { user, session },
        None => Errand::SignIn {
            transaction: way.destination.transaction.map(|found| secrets.hide(Hidden::Transaction, &found.id)),
            to_account: way.destination.to_account,
            join: way.join.map(|join| secrets.hide(Hidden::Join, join)),
        },
    };
    let departure = Departure {
        provider: provider.id.clone(),
        browser: browser.hash(),
        errand,
        authenticated_after: freshness.authenticated_after(now),
        created_at: now,
        expires_at: now.plus(app.config.lifetimes.interaction),
        came_back: false,
    };
    app.stores.departures.put(&state.hash(), &departure).await?;
    Ok(String::from(there))
}
