//! Clients, APIs, roles and providers of one configuration snapshot, and how they are found.
//!
//! Owns: look-ups across them. Does not own: reading or checking the configuration (`config`), which
//! guarantees unique ids, one owner a scope and no dangling name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::model::client::{AuthenticatedClient, Client};
use crate::model::provider::Provider;
use crate::model::shared_secret::AccessTokenSigning;
use crate::model::signing_key::Algorithm;
use crate::protocol::client_auth::UnverifiedClient;
use crate::protocol::error::OAuthError;
use crate::protocol::ids::{ClientId, RoleName};
use crate::protocol::redirect_uri::RedirectUri;
use crate::protocol::scope::{Scope, Scopes};

/// A protected API: the audience of access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// `audience`: an absolute URI.
    pub audience: String,
    /// Its scopes with what they mean to a person.
    pub scopes: Vec<ApiScope>,
    /// Overrides the global lifetime.
    pub access_token_lifetime: Option<Duration>,
    /// Algorithm of its access tokens.
    pub signing: AccessTokenSigning,
    /// Clients that may introspect its tokens (served later).
    pub introspection_clients: Vec<ClientId>,
}

/// One scope of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiScope {
    /// `name`.
    pub name: Scope,
    /// In words for the consent page.
    pub description: String,
    /// Scopes of the same API that whoever has this one has, too.
    pub implies: Vec<Scope>,
}

/// A role: what its people may be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `name`.
    pub name: RoleName,
    /// API scopes.
    pub scopes: Scopes,
    /// Goes to every person.
    pub default: bool,
}

/// One snapshot.
#[derive(Debug, Default)]
pub struct Registry {
    clients: BTreeMap<ClientId, Arc<Client>>,
    apis: Vec<Api>,
    roles: Vec<Role>,
    providers: Vec<Arc<Provider>>,
    owner_of: HashMap<Scope, usize>,
    /// Everything that a scope implies, by however many steps.
    implied: HashMap<Scope, Scopes>,
    origins: HashSet<String>,
    loopback_origins: bool,
}

impl Registry {
    /// From checked parts. What clients and roles have, they have from now on with all that it implies.
    /// `loopback_origins`: in `dev` every loopback origin counts as every client's.
    #[must_use]
    pub fn new(clients: Vec<Client>, apis: Vec<Api>, roles: Vec<Role>, loopback_origins: bool) -> Self {
        let implied = implied(&apis);
        let mut owner_of = HashMap::new();
        for (index, api) in apis.iter().enumerate() {
            for scope in &api.scopes {
                owner_of.insert(scope.name.clone(), index);
            }
        }
        let mut origins = HashSet::new();
        for client in clients.iter().filter(|client| client.enabled) {
            origins.extend(client.allowed_origins.iter().cloned());
            origins.extend(client.redirect_uris.iter().filter_map(RedirectUri::origin));
        }
        let close = |scopes: &Scopes| with_implied(scopes, &implied);
        let clients = clients.into_iter().map(|client| {
            let (scope, default_scope) = (close(&client.scope), close(&client.default_scope));
            (client.client_id.clone(), Arc::new(Client { scope, default_scope, ..client }))
        });
        let clients = clients.collect();
        let roles = roles.into_iter().map(|role| Role { scopes: close(&role.scopes), ..role }).collect();
        Self { clients, apis, roles, providers: Vec::new(), owner_of, implied, origins, loopback_origins }
    }

    /// With external providers, in the order that they are offered in.
    #[must_use]
    pub fn with_providers(self, providers: Vec<Provider>) -> Self {
        Self { providers: providers.into_iter().map(Arc::new).collect(), ..self }
    }

    /// The providers that are enabled, in the order that they are offered in.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.iter().filter(|provider| provider.enabled)
    }

    /// An enabled provider of that id.
    #[must_use]
    pub fn find_provider(&self, id: &str) -> Option<&Arc<Provider>> {
        self.providers().find(|provider| provider.id.as_str() == id)
    }

    /// Every client, by id.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.values()
    }

    /// The ids of those that are served.
    pub fn served(&self) -> impl Iterator<Item = &ClientId> {
        self.clients.values().filter(|client| client.enabled).map(|client| &client.client_id)
    }

    /// Every API.
    #[must_use]
    pub fn apis(&self) -> &[Api] {
        &self.apis
    }

    /// Every role.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// An active client of that id.
    #[must_use]
    pub fn find_client(&self, client_id: &str) -> Option<&Arc<Client>> {
        let client_id = ClientId::parse(client_id).ok()?;
        self.clients.get(&client_id).filter(|client| client.enabled)
    }

    /// The algorithms that tokens are signed with: one key each. RS256 and ES256 are the defaults of ID and
    /// access tokens, so that they are always there; others when an API or an active client names them.
    #[must_use]
    pub fn algorithms(&self) -> Vec<Algorithm> {
        let of_apis = self.apis.iter().filter_map(|api| match api.signing {
            AccessTokenSigning::Key(algorithm) => Some(algorithm),
            AccessTokenSigning::Secret(_) => None,
        });
        let active = self.clients.values().filter(|client| client.enabled);
        let of_clients = active.map(|client| client.id_token_signed_response_alg);
        let named: HashSet<Algorithm> = of_apis.chain(of_clients).collect();
        let always = [Algorithm::RS256, Algorithm::ES256];
        Algorithm::ALL.into_iter().filter(|one| always.contains(one) || named.contains(one)).collect()
    }

    /// The API with that audience.
    #[must_use]
    pub fn find_api(&self, audience: &str) -> Option<&Api> {
        self.apis.iter().find(|api| api.audience == audience)
    }

    /// The API that a scope belongs to; `None` for OpenID and unknown scopes.
    #[must_use]
    pub fn owner(&self, scope: &Scope) -> Option<&Api> {
        self.owner_of.get(scope).and_then(|index| self.apis.get(*index))
    }

    /// These scopes, and behind them what they imply.
    #[must_use]
    pub fn with_implied(&self, scopes: &Scopes) -> Scopes {
        with_implied(scopes, &self.implied)
    }

    /// Which of these scopes implies that one.
    #[must_use]
    pub fn implied_by<'s>(&self, scope: &Scope, among: &'s Scopes) -> Option<&'s Scope> {
        among.iter().find(|other| self.implied.get(*other).is_some_and(|implied| implied.contains(scope)))
    }

    /// What an API scope means to a person.
    #[must_use]
    pub fn describe(&self, scope: &Scope) -> Option<&str> {
        let api = self.owner(scope)?;
        api.scopes.iter().find(|known| known.name == *scope).map(|known| known.description.as_str())
    }

    /// Authenticates the client of a request.
    ///
    /// # Errors
    /// `invalid_client` with one text for every cause: unknown, disabled, no or wrong secret, pinned method.
    pub fn authenticate(&self, unverified: &UnverifiedClient) -> Result<AuthenticatedClient, OAuthError> {
        unverified
            .candidates
            .iter()
            .find_map(|candidate| {
                let client = self.find_client(&candidate.client_id)?;
                AuthenticatedClient::prove(client, unverified.method, candidate)
            })
            .ok_or_else(|| {
                OAuthError::invalid_client("unknown client, or its credentials do not fit its registration (secret, token_endpoint_auth_method)")
            })
    }

    /// Whether some client knows this origin: enough to answer a preflight.
    #[must_use]
    pub fn knows_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin) || self.is_loopback_origin(origin)
    }

    /// Whether answers to this client may be read by a page of that origin.
    #[must_use]
    pub fn allows_origin(&self, client: &Client, origin: &str) -> bool {
        client.has_origin(origin) || self.is_loopback_origin(origin)
    }

    fn is_loopback_origin(&self, origin: &str) -> bool {
        self.loopback_origins
            && url::Url::parse(origin).is_ok_and(|url| {
                let host = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
                host && matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == origin
            })
    }
}

/// What each scope implies, by however many steps; itself left out.
fn implied(apis: &[Api]) -> HashMap<Scope, Scopes> {
    let direct: HashMap<&Scope, &[Scope]> =
        apis.iter().flat_map(|api| &api.scopes).map(|scope| (&scope.name, scope.implies.as_slice())).collect();
    let everything = |from: &Scope| {
        let (mut found, mut waiting) = (Scopes::default(), vec![from]);
        while let Some(scope) = waiting.pop() {
            for next in direct.get(scope).copied().unwrap_or_default().iter().rev() {
                if next != from && !found.contains(next) {
                    found.insert(next.clone());
                    waiting.push(next);
                }
            }
        }
        found
    };
    let implying = direct.iter().filter(|(_, implies)| !implies.is_empty());
    implying.map(|(scope, _)| ((*scope).clone(), everything(scope))).collect()
}

fn with_implied(scopes: &Scopes, implied: &HashMap<Scope, Scopes>) -> Scopes {
    let more = scopes.iter().filter_map(|scope| implied.get(scope));
    more.fold(scopes.clone(), |all, more| all.union(more))
}
