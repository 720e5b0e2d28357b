//! HTTP of the page.
//!
//! Owns: routes, which page or redirect answers. Does not own: that the last way in stays, which is the store's.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};

use super::view::{AccountPage, Way};
use crate::app::App;
use crate::model::identity::Identity;
use crate::model::person::{Email, User};
use crate::model::provider::Link;
use crate::model::upstream_session::EndedThere;
use crate::protocol::ids::ProviderId;
use crate::store::IdentityRemoved;
use crate::web::browser::Browser;
use crate::web::csrf::{self, FormOf};
use crate::web::current::Current;
use crate::web::linking;
use crate::web::page::{self, Frame};
use crate::web::page_error::PageError;
use crate::web::page_form::PageForm;
use crate::web::provider_buttons::button;
use crate::web::session::{self, SignedIn, Visitor};
use crate::web::urls::{self, path};

/// Adds the routes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(page::with_form(path::ACCOUNT, show, submit));
}

/// `GET /account`.
async fn show(app: Current, browser: Browser, Visitor(visitor): Visitor) -> Result<HttpResponse, PageError> {
    let Some(signed_in) = visitor else { return Ok(page::see_other(&urls::sign_in_for_account(app.issuer()))) };
    if signed_in.user.must_set_password() {
        return Ok(page::see_other(&urls::local(app.issuer(), path::PASSWORD)));
    }
    let response = render(&app, &browser, &signed_in).await?;
    Ok(browser.remember(response, &app))
}

/// `POST /account`: unlinks.
async fn submit(
    app: Current,
    request: HttpRequest,
    PageForm(posted): PageForm,
    Visitor(visitor): Visitor,
) -> Result<HttpResponse, PageError> {
    csrf::check_site(request.headers(), app.issuer())?;
    let browser = Browser::read(&request, &app).known()?;
    let again = urls::sign_in_for_account(app.issuer());
    let Some(signed_in) = visitor else { return Ok(page::see_other(&again)) };
    form_of(&signed_in.user).check(browser.token(), &posted)?;
    if !linking::is_fresh(&app, &signed_in) {
        return Ok(page::see_other(&again));
    }
    let here = urls::local(app.issuer(), path::ACCOUNT);
    let user = signed_in.user.id;
    let identities = app.stores.identities.list(user).await?;
    let meant = posted.get("unlink").and_then(|handle| identities.iter().find(|one| one.key.handle() == handle));
    // One that is gone already was unlinked in another tab.
    let Some(meant) = meant else { return Ok(page::see_other(&here)) };
    // Whoever came by it elsewhere goes, and the one who unlinks it stays. First, so that a store which fails leaves
    // something to unlink once more.
    session::end_begun(&app, &EndedThere::All(meant.key.clone()), Some(&signed_in.id)).await?;
    match app.stores.identities.remove(user, &meant.key, &usable(&app), app.now()).await? {
        IdentityRemoved::Yes => {
            tracing::info!(user_id = %user, provider = meant.key.provider.as_str(), "identity unlinked");
            Ok(page::see_other(&here))
        }
        IdentityRemoved::Unknown => Ok(page::see_other(&here)),
        IdentityRemoved::LastWay => Err(PageError::last_way().with_link(here, "Back to your account")),
    }
}

const fn form_of(user: &User) -> FormOf<'static> {
    FormOf { form: "account", transaction: None, user: Some(user.id) }
}

/// The providers that somebody can sign in with now.
fn usable(app: &App) -> Vec<ProviderId> {
    app.registry().providers().map(|provider| provider.id.clone()).collect()
}

async fn render(app: &App, browser: &Browser, signed_in: &SignedIn) -> Result<HttpResponse, PageError> {
    let user = &signed_in.user;
    let identities = app.stores.identities.list(user.id).await?;
    let linkable = app.registry().providers().filter(|provider| provider.link == Link::Ask);
    let linkable = linkable.filter(|provider| identities.iter().all(|one| one.key.provider != provider.id));
    let token = linking::token(browser, user.id);
    let linkable = linkable.map(|provider| button(app, provider, "Link", &[("link", &token)]));
    let by_password = user.has_usable_password(app.now());
    let frame = Frame::of(app);
    let view = AccountPage {
        frame: &frame,
        action: &urls::local(app.issuer(), path::ACCOUNT),
        csrf: &form_of(user).token(browser.token()),
        name: user.name.as_deref(),
        username: user.username.as_str(),
        email: user.email.as_ref().map(Email::as_str),
        by_password,
        ways: &ways(app, &identities, by_password),
        providers: &linkable.collect::<Vec<_>>(),
        fresh: linking::is_fresh(app, signed_in),
        again: &urls::sign_in_for_account(app.issuer()),
    };
    page::html(StatusCode::OK, &view, None)
}

fn ways(app: &App, identities: &[Identity], by_password: bool) -> Vec<Way> {
    let works = |identity: &&Identity| app.registry().find_provider(identity.key.provider.as_str()).is_some();
    let working = identities.iter().filter(works).count();
    let way = |identity: &Identity| {
        let provider = app.registry().find_provider(identity.key.provider.as_str());
        let others = working - usize::from(provider.is_some());
        Way {
            name: provider.map_or_else(|| identity.key.provider.to_string(), |found| found.display_name.clone()),
            label: identity.label.clone(),
            handle: identity.key.handle(),
            works: provider.is_some(),
            may_go: by_password || others > 0,
        }
    };
    identities.iter().map(way).collect()
}
