//! A scope that implies others brings them along: to clients, to roles, to what is asked; and never more than all three
//! have.

use vestibule::protocol::ids::RoleName;

use crate::both_setups;
use crate::support::{Answer, Ask, Options, Person, Setup, TestApp, configuration, forms, jwt};

const NOTES: &str = r#"
[[apis]]
audience = "https://notes.example.test"
scopes = [
  { name = "notes:read", description = "read your notes" },
  { name = "notes:write", description = "write notes", implies = ["notes:read"] },
  { name = "notes:admin", description = "administer notes", implies = "notes:write" },
]

[[roles]]
name = "author"
scopes = ["notes:write"]

[[roles]]
name = "admin"
scopes = ["notes:admin"]

[[clients]]
client_id = "notes"
client_name = "Notes"
token_endpoint_auth_method = "none"
redirect_uris = ["https://other.example.test/cb"]
first_party = true
grant_types = ["authorization_code", "password", "refresh_token"]
scope = "openid notes:admin"

[[clients]]
client_id = "pad"
token_endpoint_auth_method = "none"
first_party = true
grant_types = ["password"]
scope = "notes:read"
"#;

async fn start(setup: Setup) -> TestApp {
    TestApp::with(setup, Options { extra: NOTES, ..Options::default() }).await
}

async fn ask(app: &TestApp, (client, person): (&str, &Person), scope: &str) -> Answer {
    let request = app.token(client).field("grant_type", "password").field("username", &person.username);
    request.field("password", &person.password).field("scope", scope).send().await
}

both_setups! {
    async fn what_a_granted_scope_implies_is_granted_along(setup: Setup) {
        let app = start(setup).await;
        let (author, admin) = (app.person("author", &["author"]).await, app.person("admin", &["admin"]).await);
        for (client, person, asked, granted) in [
            ("notes", &author, "notes:read", "notes:read"),
            ("notes", &author, "notes:write", "notes:write notes:read"),
            // What a role does not have is not there; what it implies, and the role has, is.
            ("notes", &author, "notes:admin", "notes:write notes:read"),
            ("notes", &admin, "notes:admin", "notes:admin notes:write notes:read"),
            ("notes", &admin, "notes:read notes:write", "notes:read notes:write"),
            ("pad", &admin, "notes:read", "notes:read"),
        ] {
            let answer = ask(&app, (client, person), asked).await.expect(200);
            assert_eq!(answer.member("scope"), granted, "{client} asks for {asked}");
            let claims = jwt::claims(&answer.member("access_token"));
            assert_eq!((&claims["scope"], &claims["aud"]), (&granted.into(), &"https://notes.example.test".into()));
        }
        // A client that has the lesser scope does not have the greater.
        let description = ask(&app, ("pad", &admin), "notes:write").await.expect_error(400, "invalid_scope");
        assert!(description.contains("notes:write") && !description.contains("notes:read"), "{description}");
        let nobody = app.person("nobody", &[]).await;
        ask(&app, ("notes", &nobody), "notes:admin").await.expect_error(400, "invalid_scope");
    }

    async fn consent_names_what_is_implied_and_is_not_asked_again_for_it(setup: Setup) {
        let app = start(setup).await;
        let author = app.person("author", &["author"]).await;
        let mut browser = app.signed_in(&author).await;
        let write = Ask::of("notes").set("scope", "openid notes:write");
        let page = browser.open(&write.url(&app)).await.page();
        let text = forms::decode(&page.text());
        assert!(text.contains("write notes") && text.contains("read your notes"), "{text}");
        let callback = browser.submit(&page, "/consent", &[("decision", "allow")]).await.callback();
        let tokens = write.redeem(&app, &callback.code()).await.expect(200);
        assert_eq!(tokens.member("scope"), "openid notes:write notes:read");
        let read = Ask::of("notes").set("scope", "openid notes:read");
        let callback = browser.open(&read.url(&app)).await.callback();
        let tokens = read.redeem(&app, &callback.code()).await.expect(200);
        assert_eq!(tokens.member("scope"), "openid notes:read");
    }

    async fn a_refresh_brings_along_what_is_implied_within_its_grant(setup: Setup) {
        let app = start(setup).await;
        let admin = app.person("admin", &["admin"]).await;
        let tokens = ask(&app, ("notes", &admin), "notes:admin").await.expect(200);
        let refresh = async |token: String, scope: &str| {
            app.refresh("notes", &token).field("scope", scope).send().await.expect(200)
        };
        let answer = refresh(tokens.member("refresh_token"), "notes:write").await;
        assert_eq!(answer.member("scope"), "notes:write notes:read");
        let answer = refresh(answer.member("refresh_token"), "notes:read").await;
        assert_eq!(answer.member("scope"), "notes:read");
        // A lesser role now: what the greater scope implied stays, as far as the role has it.
        let author = [RoleName::parse("author").expect("a role")];
        assert!(app.app().stores.users.set_roles(admin.id, &author, app.app().now()).await.expect("the store"));
        let answer = refresh(answer.member("refresh_token"), "").await;
        assert_eq!(answer.member("scope"), "notes:write notes:read");
    }

    /// What comes to be implied while a grant lives was not allowed with it.
    async fn a_grant_is_not_widened_by_the_configuration(setup: Setup) {
        let app = start(setup).await;
        let plain = |toml: &str| toml.replace(", implies = [\"notes:read\"]", "");
        app.configure(plain);
        app.reload().await;
        let author = app.person("author", &["author"]).await;
        let tokens = ask(&app, ("notes", &author), "notes:admin").await.expect(200);
        assert_eq!(tokens.member("scope"), "notes:write");
        app.configure(|toml| toml.replace("description = \"write notes\"", "description = \"write notes\", implies = [\"notes:read\"]"));
        app.reload().await;
        let answer = app.refresh("notes", &tokens.member("refresh_token")).send().await.expect(200);
        assert_eq!(answer.member("scope"), "notes:write");
        assert_eq!(ask(&app, ("notes", &author), "notes:write").await.member("scope"), "notes:write notes:read");
    }
}

#[test]
fn what_cannot_be_implied_is_a_fault_with_its_place() {
    let faults =
        |wrong: &str| configuration::faults_of(&NOTES.replace("implies = [\"notes:read\"]", wrong)).expect("a fault");
    for (wrong, message, help) in [
        ("implies = [\"notes:reed\"]", "this API has no scope notes:reed", "did you mean notes:read?"),
        ("implies = [\"notes:write\"]", "the scope notes:write implies itself", "remove it"),
        ("implies = [\"notes:admin\"]", "notes:admin implies notes:write, too", "are one scope"),
        ("implies = [\"openid\"]", "this API has no scope openid", "another scope of this API"),
        ("implies = [\"\\u0001\"]", "is not a scope", "names"),
        ("implies = 5", "implies", "list"),
    ] {
        let text = faults(wrong);
        assert!(text.contains(message) && text.contains(help), "{wrong}: {text}");
    }
}
