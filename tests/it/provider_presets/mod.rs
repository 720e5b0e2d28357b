//! What is special about each kind of provider: the claims and parameters that keep strangers out of a Workspace, an
//! organization or a tenant, Apple's form and its name that comes once, and who somebody is without an ID token.
//!
//! Owns: those, end to end. Does not own: what is the same for all (`providers`), GitHub (`github`), or reading the
//! configuration (`src/config`).

mod forum;

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use vestibule::model::identity::IdentityKey;
use vestibule::model::person::User;
use vestibule::protocol::ids::ProviderId;

use self::forum::Forum;
use crate::both_setups;
use crate::support::journey::{away, expect_in, expect_refused, leave, start, through};
use crate::support::providers::{Brand, Endpoint, ExternalPerson, FakeProvider, Homecoming};
use crate::support::{Arrival, Ask, Setup, TestApp, UserAgent, jwt};

fn ask() -> Ask {
    Ask::of("trusted")
}

/// The person that an identity opens the account of.
async fn account(app: &TestApp, provider: &str, issuer: &str, subject: &str) -> Option<User> {
    let provider = ProviderId::parse(provider).expect("an id");
    let key = IdentityKey { provider, issuer: issuer.to_owned(), subject: subject.to_owned() };
    app.app().stores.identities.find(&key).await.expect("the store").map(|(_, user)| user)
}

/// Comes in through a provider in a browser of its own; the claims that the application gets.
async fn come_in(app: &TestApp, fake: &FakeProvider, id: &str) -> Value {
    let (mut browser, ask) = (app.browser(), ask());
    let arrival = through(&mut browser, app, (&ask, id), fake).await;
    let code = expect_in(app, &browser, &ask, arrival).code();
    jwt::claims(&ask.redeem(app, &code).await.expect(200).member("id_token"))
}

/// Is kept out, and why.
async fn kept_out(app: &TestApp, fake: &FakeProvider, id: &str, (error, reason): (&str, &str)) {
    app.http().in_trouble(true);
    let mut browser = app.browser();
    let arrival = through(&mut browser, app, (&ask(), id), fake).await;
    expect_refused(&browser, arrival, error, reason);
    app.http().in_trouble(false);
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// What a browser does with a form that somebody else's page posts to us: it sends no cookie of ours, and keeps none.
async fn posted(app: &TestApp, home: &Homecoming) -> Url {
    let fields = home.fields.as_ref().expect("a form");
    let request = app.http().request(Method::POST, home.url.as_str());
    let request = request.header("origin", "https://appleid.apple.com").header("sec-fetch-site", "cross-site");
    let answer = fields.iter().fold(request, |request, (name, value)| request.field(name, value)).send().await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(answer.headers.get("set-cookie").is_none(), "{:?}", answer.headers);
    answer.location()
}

async fn back_by_form(app: &TestApp, browser: &mut UserAgent, home: &Homecoming) -> Arrival {
    let there = posted(app, home).await;
    browser.open(there.as_str()).await
}

both_setups! {
    /// The parameter chooses among accounts; the claim is what keeps others out.
    async fn only_people_of_the_hosted_domain_of_google_come_in(setup: Setup) {
        let fake = FakeProvider::like(Brand::Google);
        let app = start(setup, &[fake.toml_with("google", "hosted_domain = \"example.com\"\n")]).await;
        let person = || ExternalPerson::new("110169484474386276334").email("ada@example.com", true);
        let (mut browser, ask) = (app.browser(), ask());
        let there = leave(&mut browser, &app, &ask, "google").await;
        assert_eq!(parameter(&there, "hd").as_deref(), Some("example.com"), "{there}");
        fake.person(person().claim("hd", json!("example.com")));
        let claims = come_in(&app, &fake, "google").await;
        assert_eq!((&claims["email"], &claims["email_verified"]), (&json!("ada@example.com"), &json!(true)));
        for hd in [Value::Null, json!("evil.example"), json!("EXAMPLE.com"), json!(["example.com"]), json!("example.com.evil.example"), json!(true)] {
            fake.person(person().claim("hd", hd));
            kept_out(&app, &fake, "google", ("provider_refused", "required_claim")).await;
        }
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }

    async fn auth0_is_asked_for_a_connection_and_an_organization_and_others_stay_out(setup: Setup) {
        let fake = FakeProvider::like(Brand::Auth0);
        let lines = "connection = \"staff-database\"\norganization = \"org_acme\"\n";
        let app = start(setup, &[fake.toml_with("auth0", lines)]).await;
        let person = || ExternalPerson::new("auth0|64f1").email("ada@acme.test", true);
        let mut browser = app.browser();
        let there = leave(&mut browser, &app, &ask(), "auth0").await;
        assert_eq!(parameter(&there, "connection").as_deref(), Some("staff-database"), "{there}");
        assert_eq!(parameter(&there, "organization").as_deref(), Some("org_acme"), "{there}");
        fake.person(person().claim("org_id", json!("org_acme")));
        come_in(&app, &fake, "auth0").await;
        assert!(fake.issuer().ends_with('/'));
        assert!(account(&app, "auth0", &fake.issuer(), "auth0|64f1").await.is_some(), "its issuer has its slash");
        for org in [Value::Null, json!("org_other"), json!(""), json!(["org_acme"])] {
            fake.person(person().claim("org_id", org).claim("org_name", json!("org_acme")));
            kept_out(&app, &fake, "auth0", ("provider_refused", "required_claim")).await;
        }
    }

    /// The names of Auth0's own claims are URLs. Roles that the table can give come and go; others stay.
    async fn roles_come_and_go_with_a_claim_whose_name_is_a_url(setup: Setup) {
        let fake = FakeProvider::like(Brand::Auth0);
        let roles = "roles = { claim = \"https://acme.test/roles\", values = { admin = \"editor\" } }\n";
        let app = start(setup, &[fake.toml_with("auth0", roles)]).await;
        let person = || ExternalPerson::new("auth0|1").email("ada@acme.test", true);
        let named = |roles: Value| person().claim("https://acme.test/roles", roles);
        let has = async || {
            let user = account(&app, "auth0", &fake.issuer(), "auth0|1").await.expect("an account");
            (user.id, user.roles.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        fake.person(named(json!(["admin", "auditor"])));
        come_in(&app, &fake, "auth0").await;
        let (id, roles) = has().await;
        assert_eq!(roles, ["editor"]);
        let reader = vestibule::protocol::ids::RoleName::parse("reader").expect("a role");
        let given = [roles.iter().filter_map(|role| vestibule::protocol::ids::RoleName::parse(role)).collect(), vec![reader]].concat();
        assert!(app.app().stores.users.set_roles(id, &given, app.app().now()).await.expect("the store"));
        for (claim, expected) in [
            (json!("admin"), vec!["editor", "reader"]),
            (json!(["auditor"]), vec!["reader"]),
            (json!(["admin"]), vec!["editor", "reader"]),
            (Value::Null, vec!["reader"]),
            (json!({ "admin": true }), vec!["reader"]),
        ] {
            fake.person(named(claim.clone()));
            come_in(&app, &fake, "auth0").await;
            let (_, mut roles) = has().await;
            roles.sort();
            assert_eq!(roles, expected, "{claim}");
        }
    }

    /// Everybody may run a tenant: what one says is of that tenant alone, and an address proves nothing (threat I01, nOAuth).
    async fn a_tenant_of_microsoft_vouches_for_its_own_people_only(setup: Setup) {
        let fake = FakeProvider::like(Brand::Microsoft);
        let app = start(setup, &[fake.toml("microsoft")]).await;
        let ada = app.ada().await;
        let [one, other] = ["11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"];
        let issuer = |tenant: &str| fake.issuer().replace("{tenantid}", tenant);
        let of = |tenant: &str| ExternalPerson::new("AAAAsame").email_alone("ada@example.test").claim("tid", json!(tenant));
        let mut ids = Vec::new();
        for tenant in [one, other] {
            fake.person(of(tenant));
            let claims = come_in(&app, &fake, "microsoft").await;
            assert_ne!(claims["sub"], ada.sub(), "her address is not hers there");
            assert_eq!(claims.get("email"), None, "{claims}");
            ids.push(account(&app, "microsoft", &issuer(tenant), "AAAAsame").await.expect("an account").id);
        }
        assert_ne!(ids[0], ids[1], "one subject, two tenants, two people");

        // Microsoft does not say that an address is verified; whoever else says so in its place is not believed by type.
        fake.person(of(one).claim("email_verified", json!("true")));
        assert_eq!(come_in(&app, &fake, "microsoft").await.get("email"), None);
        for (tid, iss) in [
            (json!(one), json!(issuer(other))),
            (json!(one), json!(fake.issuer())),
            (json!("common"), json!(issuer("common"))),
            (json!("{tenantid}"), json!(fake.issuer())),
            (Value::Null, json!(issuer(one))),
            (json!([one]), json!(issuer(one))),
            (json!(one), json!(issuer(one).replace("127.0.0.1", "127.0.0.2"))),
        ] {
            fake.person(of(one).claim("tid", tid).claim("iss", iss));
            kept_out(&app, &fake, "microsoft", ("provider_invalid", "issuer")).await;
        }
    }

    /// OAuth 2.0 Form Post Response Mode, across sites: without a cookie, and with the code out of every address.
    async fn apple_answers_in_a_form_and_tells_the_name_once(setup: Setup) {
        let fake = FakeProvider::like(Brand::Apple);
        let app = start(setup, &[fake.toml_with("apple", "update = [\"name\"]\n")]).await;
        fake.person(ExternalPerson::new("000123.abc.0456").email("x7@privaterelay.appleid.com", true).name("Ada Lovelace"));
        let issuer = fake.issuer();
        for round in 0..2 {
            let (mut browser, ask) = (app.browser(), ask());
            let there = leave(&mut browser, &app, &ask, "apple").await;
            assert_eq!(parameter(&there, "response_mode").as_deref(), Some("form_post"), "{there}");
            assert_eq!(parameter(&there, "scope").as_deref(), Some("openid name email"), "{there}");
            let home = fake.visit(&there).await;
            assert_eq!(home.parameter("user").is_some(), round == 0, "the name comes once");
            let next = posted(&app, &home).await;
            for secret in ["code", "state", "user"].iter().filter_map(|name| home.parameter(name)) {
                assert!(!next.as_str().contains(&secret), "{next}");
            }
            let arrival = browser.open(next.as_str()).await;
            let arrival = browser.allow(arrival).await;
            let code = expect_in(&app, &browser, &ask, arrival).code();
            let claims = jwt::claims(&ask.redeem(&app, &code).await.expect(200).member("id_token"));
            assert_eq!((&claims["name"], &claims["email"]), (&json!("Ada Lovelace"), &json!("x7@privaterelay.appleid.com")));
            // Apple writes its booleans as text.
            assert_eq!(claims["email_verified"], json!(true));
            // What was posted is of use once.
            let again = browser.open(next.as_str()).await.page();
            assert!(again.status == 400 && again.text().contains("unknown_departure"), "{} {}", again.status, again.text());
        }
        assert!(account(&app, "apple", &issuer, "000123.abc.0456").await.is_some());
        // A JWT of ours in the place of a secret, checked there; no two are the same.
        let secrets: Vec<String> =
            fake.requests(Endpoint::Token).iter().filter_map(|seen| seen.parameter("client_secret").map(str::to_owned)).collect();
        assert!(secrets.len() == 2 && secrets[0] != secrets[1], "{secrets:?}");
        assert_eq!(jwt::claims(&secrets[0])["sub"], fake.client_id());
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }

    /// What comes beside the code is signed by nobody.
    async fn nothing_in_apples_form_decides_who_somebody_is(setup: Setup) {
        let fake = FakeProvider::like(Brand::Apple);
        let app = start(setup, &[fake.toml("apple")]).await;
        let ada = app.ada().await;
        fake.person(ExternalPerson::new("000999.x").name("Ada Lovelace"));
        let (mut browser, ask) = (app.browser(), ask());
        let there = leave(&mut browser, &app, &ask, "apple").await;
        let mut home = fake.visit(&there).await;
        let forged = json!({ "name": { "firstName": "<b>Ada", "lastName": "x".repeat(300) }, "email": "ada@example.test", "sub": "1" });
        let fields = home.fields.as_mut().expect("a form");
        fields.retain(|(name, _)| name != "user");
        fields.push(("user".to_owned(), forged.to_string()));
        let arrival = back_by_form(&app, &mut browser, &home).await;
        let code = expect_in(&app, &browser, &ask, arrival).code();
        let claims = jwt::claims(&ask.redeem(&app, &code).await.expect(200).member("id_token"));
        assert_ne!(claims["sub"], ada.sub());
        assert_eq!(claims.get("email"), None, "{claims}");
        assert!(claims["name"].as_str().expect("a name").chars().count() <= 200);
        // In another browser than the one that left it leads nowhere.
        let there = leave(&mut app.browser(), &app, &ask, "apple").await;
        let home = fake.visit(&there).await;
        let mut other = app.browser();
        other.get(&app.url("/login")).await;
        let page = back_by_form(&app, &mut other, &home).await.page();
        assert!(page.text().contains("unknown_departure") && other.session().is_none(), "{}", page.text());
    }

    async fn apple_without_name_and_address_answers_by_a_redirect(setup: Setup) {
        let fake = FakeProvider::like(Brand::Apple);
        let app = start(setup, &[fake.toml_with("apple", "scopes = [\"openid\"]\n")]).await;
        fake.person(ExternalPerson::new("000123.def").email("ada@example.test", true).name("Ada"));
        let mut browser = app.browser();
        let there = leave(&mut browser, &app, &ask(), "apple").await;
        assert_eq!(parameter(&there, "response_mode"), None, "{there}");
        let claims = come_in(&app, &fake, "apple").await;
        assert_eq!(claims.get("email"), None, "{claims}");
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }

    async fn gitlab_brings_the_username_and_groups_give_roles(setup: Setup) {
        let fake = FakeProvider::start();
        let toml = fake.toml_with("git", "roles = { claim = \"groups_direct\", values = { \"platform/backend\" = \"editor\" } }\n");
        let toml = toml.replace("preset = \"oidc\"", "preset = \"gitlab\"").replace("issuer = ", "base_url = ");
        let app = start(setup, &[toml]).await;
        let grace = ExternalPerson::new("42").email("grace@git.test", true);
        fake.person(grace.claim("preferred_username", json!("GraceH")).claim("groups_direct", json!(["platform/backend", "all"])));
        let claims = come_in(&app, &fake, "git").await;
        assert_eq!(claims["preferred_username"], "graceh", "in its normal form");
        let user = account(&app, "git", &fake.issuer(), "42").await.expect("an account");
        assert_eq!(user.roles.iter().map(ToString::to_string).collect::<Vec<_>>(), ["editor"]);
        assert!(user.email_verified && user.password.is_none());
    }

    async fn a_profile_comes_from_where_the_claims_say(setup: Setup) {
        let fake = FakeProvider::start();
        let claims = "claims = { username = \"attributes.uid\", name = \"attributes.cn\", email = \"mail\", email_verified = \"attributes.mail_ok\" }\n";
        let app = start(setup, &[fake.toml_with("staff", claims)]).await;
        let person = ExternalPerson::new("s-1").email("wrong@staff.test", true).name("Wrong");
        fake.person(person.claim("attributes", json!({ "uid": "grace", "cn": "Grace Hopper", "mail_ok": true })).claim("mail", json!("Grace@Staff.test")));
        let claims = come_in(&app, &fake, "staff").await;
        assert_eq!((&claims["name"], &claims["preferred_username"]), (&json!("Grace Hopper"), &json!("grace")));
        assert_eq!((&claims["email"], &claims["email_verified"]), (&json!("grace@staff.test"), &json!(true)));
    }

    async fn plain_oauth_asks_with_the_token_who_somebody_is(setup: Setup) {
        let forum = Forum::start().await;
        let claims = "{ subject = \"user.id\", username = \"user.login\", name = \"user.display_name\", email = \"mail\", email_verified = \"mail_confirmed\" }";
        let app = start(setup, &[forum.toml(claims)]).await;
        let arrive = async || {
            let (mut browser, ask) = (app.browser(), ask());
            let there = leave(&mut browser, &app, &ask, "forum").await;
            let arrival = browser.open(&forum.visit(&there)).await;
            (browser.allow(arrival).await, browser, ask)
        };
        let of = |id: Value| json!({ "user": { "id": id, "login": "Grace", "display_name": "Grace H." }, "mail": "grace@forum.test", "mail_confirmed": true });
        forum.person(of(json!(9_007_199_254_740_993_u64)));
        let (arrival, browser, ask) = arrive().await;
        let code = expect_in(&app, &browser, &ask, arrival).code();
        let claims = jwt::claims(&ask.redeem(&app, &code).await.expect(200).member("id_token"));
        assert_eq!((&claims["name"], &claims["preferred_username"]), (&json!("Grace H."), &json!("grace")));
        assert_eq!((&claims["email"], &claims["email_verified"]), (&json!("grace@forum.test"), &json!(true)));
        let first = account(&app, "forum", forum.base(), "9007199254740993").await.expect("every digit of the number");

        // As text it is the same subject. The address is the same person's, and nobody is asked about it again.
        forum.person(of(json!("9007199254740993")));
        let (arrival, browser, ask) = arrive().await;
        expect_in(&app, &browser, &ask, arrival);
        assert_eq!(account(&app, "forum", forum.base(), "9007199254740993").await.expect("an account").id, first.id);
        assert_eq!(forum.complaints(), Vec::<String>::new());

        app.http().in_trouble(true);
        for id in [Value::Null, json!(1.5), json!(true), json!([1]), json!({}), json!(""), json!("x".repeat(300)), json!("a\u{0}b")] {
            forum.person(of(id.clone()));
            let (arrival, browser, _) = arrive().await;
            assert!(expect_refused(&browser, arrival, "provider_invalid", "subject").status == 502, "{id}");
        }
        for answer in [json!([]), json!("text"), json!(7), Value::Null] {
            forum.person(answer.clone());
            let (arrival, browser, _) = arrive().await;
            expect_refused(&browser, arrival, "provider_invalid", "malformed");
        }
    }

    /// Only the boolean says that an address is verified (threat I01).
    async fn an_address_is_verified_by_a_boolean_and_nothing_else(setup: Setup) {
        let forum = Forum::start().await;
        let app = start(setup, &[forum.toml("{ subject = \"id\" }")]).await;
        let ada = app.ada().await;
        for (number, verified) in [json!("true"), json!(1), json!("yes"), json!({}), json!(false), Value::Null].into_iter().enumerate() {
            forum.person(json!({ "id": number, "email": "ada@example.test", "email_verified": verified, "name": "Ada" }));
            let (mut browser, ask) = (app.browser(), ask());
            let there = leave(&mut browser, &app, &ask, "forum").await;
            let arrival = browser.open(&forum.visit(&there)).await;
            let arrival = browser.allow(arrival).await;
            let code = expect_in(&app, &browser, &ask, arrival).code();
            let claims = jwt::claims(&ask.redeem(&app, &code).await.expect(200).member("id_token"));
            assert_ne!(claims["sub"], ada.sub(), "{verified}");
            assert_eq!(claims.get("email"), None, "{verified}: {claims}");
        }
        // Verified, it is hers to join or to refuse: nobody is signed in.
        forum.person(json!({ "id": 100, "email": "ada@example.test", "email_verified": true }));
        let mut browser = app.browser();
        let there = leave(&mut browser, &app, &ask(), "forum").await;
        let page = browser.open(&forum.visit(&there)).await.page();
        assert!(page.url.path().ends_with("/join") && browser.session().is_none(), "{}", page.url);
    }

    /// One provider for an application, and nothing to choose.
    async fn an_application_with_one_provider_sends_people_straight_there(setup: Setup) {
        let (one, other) = (FakeProvider::start(), FakeProvider::start());
        let client = "\n[[clients]]\nclient_id = \"straight\"\nredirect_uris = [\"https://app.example.test/callback\"]\n\
             token_endpoint_auth_method = \"none\"\nproviders = [\"one\"]\nauto_redirect = true\n".to_owned();
        let app = start(setup, &[one.toml("one"), other.toml("other"), client]).await;
        let ask = Ask::of("trusted").by("straight").set("client_id", "straight").set("redirect_uri", "https://app.example.test/callback").set("scope", "openid");
        let mut browser = app.browser();
        let there = away(browser.open(&ask.url(&app)).await);
        assert!(there.as_str().starts_with(&one.base()), "{there}");
        // A provider that the application does not offer is none of its ways, whatever address is typed.
        let answer = browser.get(&ask.url(&app)).await;
        let way = answer.location();
        let id = parameter(&way, "id").unwrap_or_else(|| panic!("no transaction: {way}"));
        let page = browser.open(&app.url(&format!("/login/other?id={id}"))).await.page();
        assert_eq!(page.status, 404, "{}", page.text());
        away(browser.open(&app.url(&format!("/login/one?id={id}"))).await);
        // Elsewhere both are offered, and nobody is sent anywhere.
        let page = browser.open(&Ask::of("trusted").url(&app)).await.page();
        let text = page.text();
        assert!(text.contains("/login/one") && text.contains("/login/other"), "{text}");
    }
}
