//! The way to an external provider and back: what it is for, and the pages where it does not lead further.
//!
//! Owns: which provider may be chosen, how old a sign-in there may be, where a person goes on from an error. Does not own:
//! the requests (`leave`, `callback`) or what is said to the provider (`upstream`).

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::model::client::Client;
use crate::model::provider::Provider;
use crate::protocol::opaque::OpaqueToken;
use crate::protocol::time::Timestamp;
use crate::upstream::{Group, UpstreamError};
use crate::web::entry::Destination;
use crate::web::linking;
use crate::web::page_error::{Kind, PageError};
use crate::web::transaction::{self, Standing};
use crate::web::urls::{self, path};

/// By how much clocks may differ.
const LEEWAY: Duration = Duration::from_mins(1);

/// One person's way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    /// Where they were going.
    pub(super) destination: Destination<'a>,
    /// The joining that they are to prove an account for.
    pub(super) join: Option<&'a OpaqueToken>,
    /// Whether an identity is to be linked to their account.
    pub(super) link: bool,
}

/// How fresh a sign-in has to be there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Freshness {
    /// `prompt=login`.
    pub(super) login: bool,
    /// `max_age`, seconds.
    pub(super) max_age: Option<u32>,
}

impl Freshness {
    /// The oldest `auth_time` that will do for somebody who leaves now.
    pub(super) fn authenticated_after(self, now: Timestamp) -> Option<Timestamp> {
        let age = if self.login { Some(0) } else { self.max_age };
        age.map(|seconds| now.minus(Duration::from_secs(u64::from(seconds)) + LEEWAY))
    }
}

impl Way<'_> {
    /// The provider of that id, if it is there, and the application offers it.
    ///
    /// # Errors
    /// A page: no such provider, or the client of the transaction is gone.
    pub(super) fn provider(&self, app: &App, id: &str) -> Result<Arc<Provider>, PageError> {
        let client = self.client(app)?;
        let found =
            app.registry().find_provider(id).filter(|found| client.is_none_or(|client| client.offers(&found.id)));
        found.cloned().ok_or_else(|| self.lead_on(app, PageError::new(Kind::NotFound)))
    }

    /// The client of the transaction.
    fn client(&self, app: &App) -> Result<Option<Arc<Client>>, PageError> {
        let interaction = self.destination.transaction.map(|found| &found.interaction);
        interaction.map(|interaction| transaction::client_of(app, interaction).cloned()).transpose()
    }

    /// Where a browser goes whose transaction is not under way any more.
    ///
    /// # Errors
    /// A page from which the same request begins anew.
    pub(super) fn is_over(&self, app: &App) -> Result<Option<String>, PageError> {
        match self.destination.transaction.map(|found| (found, found.standing(app))) {
            Some((found, Standing::Expired)) => Err(PageError::expired(found.resume(app))),
            Some((found, Standing::Answered)) => Ok(Some(found.resume(app))),
            Some((_, Standing::Open)) | None => Ok(None),
        }
    }

    /// How fresh a sign-in this way needs. One that proves an account, or opens the page that changes it, is of this
    /// hour, as one by password would be.
    pub(super) fn freshness(&self) -> Freshness {
        let close = self.link || self.join.is_some() || self.destination.to_account;
        let recent = close.then(|| u32::try_from(linking::FRESH.as_secs()).unwrap_or(0));
        let request = self.destination.transaction.map(|found| &found.interaction.request);
        let asked = request.and_then(|request| request.max_age);
        Freshness {
            login: request.is_some_and(|request| request.prompt.login),
            max_age: match (recent, asked) {
                (Some(recent), Some(asked)) => Some(recent.min(asked)),
                (one, other) => one.or(other),
            },
        }
    }

    /// Nobody came in, and why; with a way to try once more and another way in.
    pub(super) fn failed(&self, app: &App, provider: &Provider, error: &UpstreamError) -> PageError {
        let kind = match error.reason().group() {
            Group::Denied => Kind::ProviderDenied,
            Group::Unavailable => Kind::ProviderUnavailable,
            Group::Invalid => Kind::ProviderInvalid,
            Group::NotAdmitted => Kind::ProviderRefused,
        };
        let page = PageError::new(kind).in_detail(provider.display_name.clone()).because(error);
        if self.link {
            return self.lead_on(app, page);
        }
        let mut parameters = self.destination.parameters();
        parameters.extend(self.join.map(|join| ("join", join.expose())));
        let again = urls::provider(app.issuer(), &provider.id, &parameters);
        self.lead_on(app, page.with_link(again, "Try again"))
    }

    /// Somebody came back a second time, or too late: nobody comes in, and the way goes on from where it stands.
    pub(super) fn past(&self, app: &App) -> PageError {
        let page = PageError::unknown_departure();
        match (self.join, self.destination.transaction) {
            _ if self.link => self.lead_on(app, page),
            (Some(join), _) => page.with_link(urls::in_transaction(app.issuer(), path::JOIN, join), "Go on"),
            (None, Some(found)) if found.standing(app) == Standing::Expired => PageError::expired(found.resume(app)),
            (None, Some(found)) => page.with_link(found.resume(app), "Go on"),
            (None, None) => page.with_link(self.destination.sign_in(app), "Sign in"),
        }
    }

    /// The other way on: another way to sign in, or to prove it, or back to the account.
    fn lead_on(&self, app: &App, page: PageError) -> PageError {
        match (self.link, self.join) {
            (true, _) => page.with_link(urls::local(app.issuer(), path::ACCOUNT), "Back to your account"),
            (false, Some(join)) => {
                page.or_link(urls::in_transaction(app.issuer(), path::JOIN, join), "Try another way")
            }
            (false, None) => page.or_link(self.destination.sign_in(app), "Sign in another way"),
        }
    }
}
