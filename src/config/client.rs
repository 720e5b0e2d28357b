//! `[[clients]]`: the registrations, under the names of RFC 7591 2.
//!
//! Owns: reading one such table. Does not own: its secret (`client_secret`), what its keys must be to each
//! other (`client_rules`), or what it refers to (`registry`).

use url::Url;

use crate::config::api::algorithm;
use crate::config::client_rules;
use crate::config::client_secret;
use crate::config::document::Table;
use crate::config::lifetimes;
use crate::config::nearest::nearest;
use crate::config::section::{Found, Reader, Section};
use crate::config::source::Place;
use crate::config::values::ScopeList;
use crate::model::client::{Client, ConsentPolicy, IdTokenClaimsPolicy, PkcePolicy};
use crate::model::refresh::RefreshPolicy;
use crate::model::signing_key::Algorithm;
use crate::protocol::ids::{ClientId, ProviderId};
use crate::protocol::redirect_uri::{ApplicationType, RedirectUri, RedirectUriError};
use crate::protocol::scope::Scopes;
use crate::protocol::token_request::GrantType;

/// A client as written, with the places that references need.
#[derive(Debug, Clone)]
pub(super) struct WrittenClient {
    pub(super) client: Client,
    /// Of the id.
    pub(super) place: Place,
    pub(super) scope: ScopeList,
    pub(super) default_audience: Option<Place>,
    /// The external providers that it lists, if it does.
    pub(super) providers: Option<Vec<Found<ProviderId>>>,
    /// Where it says that people go straight to the only one.
    pub(super) auto_redirect: Option<Place>,
}

/// Where the keys stand that rules compare with each other.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) grant_types: Option<Place>,
    pub(super) consent: Option<Place>,
    pub(super) pkce: Option<Place>,
    pub(super) refresh_rotation: Option<Place>,
    pub(super) refresh_idle: Option<Place>,
    /// Of the table's header.
    pub(super) table: Option<Place>,
}

/// Reads one table; `None` when it has no id.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Option<WrittenClient> {
    let mut section = reader.entry("clients", table);
    if !section.is_set("client_id") {
        section.missing("client_id", "write how the application names itself: client_id = \"my-app\"");
    }
    let client_id =
        section.parsed("client_id", ClientId::parse, |_| "write a short name: client_id = \"my-app\"".to_owned());
    let mut places = Places { table: section.place().cloned(), ..Places::default() };
    let name = section.string("client_name");
    let enabled = section.boolean_or("enabled", true).value;
    let first_party = section.boolean_or("first_party", false).value;
    let application_type = application_type(&mut section);
    let (redirect_uris, uris_are_complete) = uris(&mut section, "redirect_uris", application_type);
    let (post_logout_redirect_uris, _) = uris(&mut section, "post_logout_redirect_uris", application_type);
    let grant_types = grant_types(&mut section, &mut places);
    let authentication = client_secret::read(&mut section);
    let scope = section.scopes("scope");
    section.default_is("scope", openid_scopes().to_string());
    let default_scope = section.scopes("default_scope").unwrap_or_default();
    let default_audience = section.string("default_audience");
    let consent = consent(&mut section, &mut places);
    let pkce = pkce(&mut section, &mut places);
    let access_token_lifetime = section.duration("access_token_lifetime", lifetimes::ACCESS_TOKEN);
    let refresh = refresh(&mut section, &mut places);
    let id_token_signed_response_alg = algorithm(&mut section, "id_token_signed_response_alg", Algorithm::RS256);
    let id_token_claims = id_token_claims(&mut section);
    let allowed_origins = origins(&mut section);
    let providers = providers(&mut section);
    let auto_redirect = section.boolean_or("auto_redirect", false);
    let id_name = client_id.as_ref().map(|found| found.value.as_str().to_owned()).unwrap_or_default();
    let client = Client {
        // The id of a table that has none is never seen: there is a fault.
        client_id: client_id
            .as_ref()
            .map_or_else(|| ClientId::parse("unnamed").ok(), |found| Some(found.value.clone()))?,
        client_name: name.map_or(id_name, |found| found.value),
        enabled,
        first_party,
        application_type,
        redirect_uris,
        post_logout_redirect_uris,
        grant_types,
        authentication: authentication.value,
        scope: scope.as_ref().map_or_else(openid_scopes, |list| list.scopes.clone()),
        default_scope: default_scope.scopes.clone(),
        default_audience: default_audience.as_ref().map(|found| found.value.clone()),
        consent,
        pkce,
        access_token_lifetime: access_token_lifetime.map(|found| found.value),
        refresh,
        id_token_signed_response_alg,
        id_token_claims,
        allowed_origins,
        providers: providers.as_ref().map(|listed| listed.iter().map(|found| found.value.clone()).collect()),
        auto_redirect: auto_redirect.value,
        defined_at: places.table.as_ref().map(|place| section.reader.sources.file_and_line(place)),
    };
    let known = client_rules::Known { authentication: authentication.read, redirect_uris: uris_are_complete };
    client_rules::check(&mut section, &client, &places, known, &default_scope);
    section.finish();
    Some(WrittenClient {
        client,
        place: client_id?.place,
        scope: scope.unwrap_or_default(),
        default_audience: default_audience.map(|found| found.place),
        providers,
        auto_redirect: auto_redirect.place.filter(|_| auto_redirect.value),
    })
}

/// What a client may ask for where it does not say.
fn openid_scopes() -> Scopes {
    Scopes::parse("openid profile email").unwrap_or_default()
}

fn application_type(section: &mut Section<'_, '_>) -> ApplicationType {
    let words = [("web", ApplicationType::Web), ("native", ApplicationType::Native)];
    section.choice("application_type", &words).value
}

fn consent(section: &mut Section<'_, '_>, places: &mut Places) -> ConsentPolicy {
    let words = [("ask", ConsentPolicy::Ask), ("remember", ConsentPolicy::Remember), ("never", ConsentPolicy::Never)];
    let found = section.choice("consent", &words);
    places.consent = found.place;
    found.value
}

fn pkce(section: &mut Section<'_, '_>, places: &mut Places) -> PkcePolicy {
    let found = section.choice("pkce", &[("required", PkcePolicy::Required), ("optional", PkcePolicy::Optional)]);
    places.pkce = found.place;
    found.value
}

fn refresh(section: &mut Section<'_, '_>, places: &mut Places) -> RefreshPolicy {
    let rotation = section.boolean_or("refresh_rotation", true);
    let idle = section.duration("refresh_idle", lifetimes::REFRESH_IDLE);
    let absolute = section.duration("refresh_absolute", lifetimes::REFRESH_ABSOLUTE);
    let grace = section.duration("refresh_grace", lifetimes::REFRESH_GRACE);
    places.refresh_rotation = rotation.place;
    places.refresh_idle = idle.as_ref().map(|found| found.place.clone());
    RefreshPolicy {
        rotation: rotation.value,
        idle: idle.map(|found| found.value),
        absolute: absolute.map(|found| found.value),
        grace: grace.map(|found| found.value),
    }
}

fn id_token_claims(section: &mut Section<'_, '_>) -> IdTokenClaimsPolicy {
    let words = [("full", IdTokenClaimsPolicy::Full), ("minimal", IdTokenClaimsPolicy::Minimal)];
    section.choice("id_token_claims", &words).value
}

fn grant_types(section: &mut Section<'_, '_>, places: &mut Places) -> Vec<GrantType> {
    let written = section.words("grant_types", GrantType::ALL.map(GrantType::as_str));
    section.default_is("grant_types", vec![GrantType::AuthorizationCode.as_str()]);
    let Some(items) = written else {
        return vec![GrantType::AuthorizationCode];
    };
    places.grant_types = items.first().map(|item| item.place.clone());
    let mut grants = Vec::new();
    for Found { value, place } in items {
        if let Some(grant) = GrantType::parse(&value) {
            if !grants.contains(&grant) {
                grants.push(grant);
            }
            continue;
        }
        let names = GrantType::ALL.map(GrantType::as_str);
        let planned = value == "implicit" || value.starts_with("urn:");
        let message = if planned {
            format!("`grant_types`: \"{value}\" is not supported")
        } else {
            format!("`grant_types` cannot hold \"{value}\"")
        };
        let help = match nearest(&value, names).filter(|_| !planned) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("write some of {}", names.join(", ")),
        };
        section.fault(&place, message, help);
    }
    grants
}

/// The URIs of a list that may be registered, and whether that is all of them.
fn uris(
    section: &mut Section<'_, '_>,
    key: &'static str,
    application_type: ApplicationType,
) -> (Vec<RedirectUri>, bool) {
    let set = section.is_set(key);
    let Some(items) = section.strings(key) else { return (Vec::new(), !set) };
    let count = items.len();
    let mut uris: Vec<RedirectUri> = Vec::with_capacity(count);
    for Found { value, place } in items {
        match RedirectUri::parse(&value, application_type) {
            Ok(uri) if uris.contains(&uri) => {
                section.fault(&place, "this redirect URI is listed twice", "remove one of the two");
            }
            Ok(uri) => uris.push(uri),
            Err(error) => section.fault(&place, format!("this redirect URI {}", shown(error)), mend_uri(&value, error)),
        }
    }
    let complete = uris.len() == count;
    (uris, complete)
}

/// The error as the end of a sentence.
fn shown(error: RedirectUriError) -> String {
    match error {
        RedirectUriError::Shape
        | RedirectUriError::Fragment
        | RedirectUriError::Userinfo
        | RedirectUriError::Host
        | RedirectUriError::NotNormal => error.to_string(),
        _ => format!("may not be registered: {error}"),
    }
}

fn mend_uri(text: &str, error: RedirectUriError) -> String {
    let url = Url::parse(text).ok();
    match error {
        RedirectUriError::Fragment => format!("cut it at the '#': \"{}\"", text.split('#').next().unwrap_or_default()),
        RedirectUriError::PlainHttp => format!("write \"{}\"", text.replacen("http://", "https://", 1)),
        RedirectUriError::NotNormal => url.map_or_else(String::new, |url| format!("write \"{url}\"")),
        RedirectUriError::LoopbackWithoutPort => {
            "name the port, as in \"http://localhost:3000/callback\", or write application_type = \"native\"".to_owned()
        }
        RedirectUriError::Scheme => {
            "use https, or for an app on a device \"com.example.app:/callback\" with application_type = \"native\""
                .to_owned()
        }
        RedirectUriError::Wildcard => "list every URI that the application uses, each in full".to_owned(),
        RedirectUriError::Userinfo => "remove what stands between // and @".to_owned(),
        RedirectUriError::Host => "write the name as it is looked up, without other punctuation".to_owned(),
        RedirectUriError::Shape => "write it in full: \"https://app.example.com/callback\"".to_owned(),
    }
}

/// The ids of the external providers that its people may come through; `None`: all of them.
fn providers(section: &mut Section<'_, '_>) -> Option<Vec<Found<ProviderId>>> {
    let items = section.strings("providers")?;
    let mut ids: Vec<Found<ProviderId>> = Vec::with_capacity(items.len());
    for Found { value, place } in items {
        match ProviderId::parse(&value) {
            Some(id) if ids.iter().any(|known| known.value == id) => {
                section.fault(&place, format!("the provider \"{id}\" is listed twice"), "remove one of the two");
            }
            Some(id) => ids.push(Found { value: id, place }),
            None => {
                let help = "write the `id` of a [[providers]] entry";
                section.fault(&place, format!("`providers` cannot hold \"{value}\""), help);
            }
        }
    }
    Some(ids)
}

fn origins(section: &mut Section<'_, '_>) -> Vec<String> {
    let mut origins = Vec::new();
    for Found { value, place } in section.strings("allowed_origins").unwrap_or_default() {
        let url = Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let origin = url.map(|url| url.origin().ascii_serialization());
        match origin {
            Some(origin) if origin == value => origins.push(origin),
            Some(origin) => section.fault(
                &place,
                "`allowed_origins` takes origins: scheme, host and port, nothing behind them",
                format!("write \"{origin}\""),
            ),
            None => section.fault(
                &place,
                format!("`allowed_origins` cannot hold \"{value}\""),
                "write the origins of the pages in full, without wildcard: \"https://app.example.com\"",
            ),
        }
    }
    origins
}
