//! Who is signed in: from the session cookie to a person, and how a session begins and ends.
//!
//! Owns: the proof `SignedIn`, the rotation of session ids, what ends with a session. Does not own: when a session is over
//! (`model/session`).

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::app::App;
use crate::model::person::User;
use crate::model::revocation::Revocation;
use crate::model::session::{Beginning, Session};
use crate::model::upstream_session::EndedThere;
use crate::protocol::ids::SessionId;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::store::StoreError;
use crate::web::cookies::{self, Kind};
use crate::web::page::app_of;
use crate::web::page_error::PageError;

/// How often `last_seen` is written, at most.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// A live session of a person who may come in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The person, read with this request.
    pub user: User,
    /// The session.
    pub session: Session,
    /// Where the session is stored.
    pub id: TokenHash,
}

impl SignedIn {
    /// Finds the live session of a request.
    ///
    /// # Errors
    /// When a store fails: then nobody knows whether there is one.
    pub async fn find(request: &HttpRequest, app: &App) -> Result<Option<Self>, StoreError> {
        let Some(cookie) = cookies::read(request.headers(), Kind::Session, app.issuer()) else { return Ok(None) };
        let id = cookie.hash();
        let Some(session) = app.stores.sessions.find(&id).await? else { return Ok(None) };
        let Some(user) = app.stores.users.find(session.user_id).await? else { return Ok(None) };
        let now = app.now();
        if app.negative.has_ended(session.id) {
            // Signing out is in SQL before the record goes. Whoever died in between left the record, and with it
            // a browser that looks signed in and whose every code is refused.
            app.stores.sessions.end(&id).await?;
            return Ok(None);
        }
        if !session.is_live(&user, app.config.lifetimes.session_idle, now) {
            return Ok(None);
        }
        if now.since(session.last_seen) < TOUCH_EVERY {
            return Ok(Some(Self { user, session, id }));
        }
        let touched = Session { last_seen: now, ..session.clone() };
        // When another request touched or ended it meanwhile, that stands.
        app.stores.sessions.replace(&id, &session, &touched).await?;
        Ok(Some(Self { user, session: touched, id }))
    }
}

/// The extractor: nobody, or a person with a live session.
#[derive(Debug)]
pub struct Visitor(pub Option<SignedIn>);

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = app_of(&request)?;
            Ok(Self(SignedIn::find(&request, &app).await?))
        })
    }
}

/// The session id that a request carries, live or not: it is ended when another takes its place.
#[must_use]
pub fn carried(request: &HttpRequest, app: &App) -> Option<TokenHash> {
    cookies::read(request.headers(), Kind::Session, app.issuer()).map(|cookie| cookie.hash())
}

/// Ends a session: the refresh tokens that came from it, then its record. Signing out is an act, and stays one whatever
/// happens to that record: it is in SQL before the record goes. Done twice, it does no more.
///
/// # Errors
/// When a store fails; then the person may be signed in still.
pub async fn end(app: &App, id: &TokenHash, session: &Session) -> Result<(), StoreError> {
    let now = app.now();
    let ended = app.stores.grants.end_session(session.id, now).await?;
    app.negative.note(&Revocation::of_session(session.id, now));
    for grant in ended {
        app.negative.note(&Revocation::of_grant(grant, now));
    }
    app.stores.sessions.end(id).await
}

/// Ends the sessions that are meant, but not the one under `kept`; how many.
///
/// # Errors
/// As [`end`]; some may have ended.
pub async fn end_begun(app: &App, ended: &EndedThere, kept: Option<&TokenHash>) -> Result<usize, StoreError> {
    let mut count = 0;
    for (id, session) in app.stores.sessions.find_begun(ended).await? {
        if kept.is_some_and(|kept| kept.matches(&id)) {
            continue;
        }
        end(app, &id, &session).await?;
        let (user_id, session_id) = (session.user_id, session.id);
        tracing::info!(%user_id, %session_id, provider = ended.provider().as_str(), "session ended with its identity");
        count += 1;
    }
    Ok(count)
}

/// Begins a session under a new id for a person who just proved who they are, and ends the one the
/// browser had: an id that was known before the sign-in never opens anything after it.
///
/// # Errors
/// When the store fails; then the browser gets no cookie.
pub async fn begin(
    app: &App,
    user: &User,
    beginning: Beginning,
    before: Option<TokenHash>,
) -> Result<OpaqueToken, StoreError> {
    let now = app.now();
    let cookie = OpaqueToken::generate(&mut app.rng());
    let session = Session {
        id: SessionId(app.fresh_uuid()),
        user_id: user.id,
        sign_in: beginning.sign_in,
        upstream: beginning.upstream,
        last_seen: now,
        expires_at: now.plus(app.config.lifetimes.session_absolute),
    };
    app.stores.sessions.put(&cookie.hash(), &session).await?;
    if let Some(before) = before {
        app.stores.sessions.end(&before).await?;
    }
    tracing::info!(user_id = %user.id, session_id = %session.id, "session begun");
    Ok(cookie)
}
