//! What a browser meets that time or an admin changed meanwhile: expired transactions, generated
//! passwords, another host.
//!
//! Owns: one browser with its cookies. Does not own: the flows of every day (`tests/it`).

use std::collections::BTreeMap;

use super::*;
use crate::model::consent::Permission;
use crate::model::interaction::Interaction;

const ISSUER: &str = "https://id.example.test";

struct Browser<'a> {
    server: &'a Running,
    cookies: BTreeMap<String, String>,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    }

    fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no location: {} {}", self.head, self.body))
    }

    fn id(&self) -> OpaqueToken {
        OpaqueToken::parse(self.location().split("id=").nth(1).unwrap()).unwrap()
    }

    /// The hidden token of the page's form.
    fn csrf(&self) -> &str {
        self.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap()
    }
}

impl<'a> Browser<'a> {
    fn new(server: &'a Running) -> Self {
        Self { server, cookies: BTreeMap::new() }
    }

    async fn request(&mut self, method: &str, path: &str, host: &str, form: Option<&str>) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = form.unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\naccept: text/html\r\ncookie: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            cookies.join("; "),
            body.len()
        );
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        for line in head.lines().filter(|line| line.to_ascii_lowercase().starts_with("set-cookie: ")) {
            let (name, value) = line[12..].split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Answer { status: head[9..12].parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, "id.example.test", None).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Answer {
        self.request("POST", path, "id.example.test", Some(form)).await
    }

    async fn sign_in(&mut self, path: &str, password: &str) -> Answer {
        let page = self.get(path).await;
        self.post(path, &format!("csrf={}&username=ada&password={password}", page.csrf())).await
    }
}

fn authorize(more: &str) -> String {
    let challenge = CodeChallenge::of(&CodeVerifier::parse(SECRET).unwrap());
    format!(
        "/authorize?response_type=code&client_id=spa&redirect_uri={CALLBACK}&scope=openid&state=s1\
         &code_challenge={}&code_challenge_method=S256{more}",
        challenge.as_str()
    )
}

async fn expire(server: &Running, id: &OpaqueToken) {
    let interactions = &server.app.stores.interactions;
    let found = interactions.find(&id.hash()).await.unwrap().unwrap();
    let over = Interaction { expires_at: server.app.now(), ..found.clone() };
    assert!(interactions.replace(&id.hash(), &found, &over).await.unwrap());
}

#[tokio::test]
async fn a_transaction_whose_time_is_over_goes_on_as_a_new_one_with_the_same_request() {
    let server = Running::start(ISSUER).await;
    server.person("a password of ada").await;
    let mut browser = Browser::new(&server);
    let begun = browser.get(&authorize("")).await;
    let page = browser.get(begun.location()).await;
    expire(&server, &begun.id()).await;

    let form = format!("csrf={}&username=ada&password=a+password+of+ada", page.csrf());
    for answer in [browser.get(begun.location()).await, browser.post(begun.location(), &form).await] {
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("This took too long") && answer.body.contains("/authorize/resume?id="));
        assert!(answer.header("set-cookie").is_none());
    }
    let resumed = browser.get(&format!("/authorize/resume?id={}", begun.id().expose())).await;
    assert_ne!(resumed.id().expose(), begun.id().expose());
    let signed_in = browser.sign_in(resumed.location(), "a+password+of+ada").await;
    assert_eq!(signed_in.status, 303);
    let consent = browser.get(signed_in.location()).await;
    let page = browser.get(consent.location()).await;
    assert!(page.header("content-security-policy").unwrap().contains("form-action 'self' https://app.example.test"));
    let allowed = browser.post(consent.location(), &format!("csrf={}&scope=openid&decision=allow", page.csrf())).await;
    let answered = browser.get(allowed.location()).await;
    assert!(answered.location().starts_with(CALLBACK) && answered.location().contains("state=s1"));
    // Back: a page that says so, and the same request once more.
    let back = browser.get(allowed.location()).await;
    assert!(back.status == 200 && back.body.contains("again=1"), "{}", back.body);
    let again = browser.get(&format!("{}&again=1", allowed.location())).await;
    assert!(again.location().starts_with(CALLBACK));
    server.end().await;
}

#[tokio::test]
async fn a_form_sent_again_after_the_answer_leads_to_the_application_all_the_same() {
    let server = Running::start(ISSUER).await;
    let user = server.person("a password of ada").await;
    let now = server.app.now();
    let (spa, openid) = (ClientId::parse("spa").unwrap(), Scopes::parse("openid").unwrap());
    server
        .app
        .stores
        .consents
        .add(user.id, &spa, &Permission { scope: openid, ..Permission::default() }, now)
        .await
        .unwrap();
    let mut browser = Browser::new(&server);
    let begun = browser.get(&authorize("")).await;
    let page = browser.get(begun.location()).await;
    let form = format!("csrf={}&username=ada&password=a+password+of+ada", page.csrf());
    let first = browser.post(begun.location(), &form).await;
    let old = browser.cookies.clone();
    assert!(browser.get(first.location()).await.location().starts_with(CALLBACK));
    let second = browser.post(begun.location(), &form).await;
    assert!(browser.get(second.location()).await.location().starts_with(CALLBACK));
    assert_ne!(browser.cookies, old, "each sign-in has a session id of its own");
    browser.cookies = old;
    assert!(browser.get("/").await.body.contains("not signed in"), "the first session is over");
    server.end().await;
}

#[tokio::test]
async fn a_generated_password_opens_the_page_for_ones_own_and_the_change_ends_older_sessions() {
    let server = Running::start(ISSUER).await;
    let user = server.person("a password of ada").await;
    let own = user.password.clone().unwrap();
    let until = server.app.now().plus(Duration::from_mins(5));
    let generated = StoredPassword { generated_until: Some(until), ..own.clone() };
    let now = server.app.now();
    assert!(server.app.stores.users.set_password(user.id, &own, &generated, true, now).await.unwrap());

    let mut browser = Browser::new(&server);
    browser.get("/login").await;
    let signed_in = browser.sign_in("/login", "a+password+of+ada").await;
    assert_eq!(signed_in.location(), "/password");
    let before = browser.cookies.clone();
    let begun = browser.get(&authorize("")).await;
    assert!(begun.location().starts_with("/password?id="), "{}", begun.location());
    assert!(browser.get(&authorize("&prompt=none")).await.location().contains("error=interaction_required"));
    let page = browser.get(begun.location()).await;
    let form = |new: &str, again: &str| format!("csrf={}&password={new}&repeated={again}", page.csrf());
    for (new, again) in
        [("short", "short"), ("a+password+of+ada", "a+password+of+ada"), ("lamp+over+nine+roofs", "lamp")]
    {
        let refused = browser.post(begun.location(), &form(new, again)).await;
        assert!(refused.status == 422 && refused.body.contains("role=\"alert\""), "{new}: {}", refused.status);
    }
    let set = browser.post(begun.location(), &form("lamp+over+nine+roofs", "lamp+over+nine+roofs")).await;
    assert!(set.location().starts_with("/authorize/resume?id="), "{}", set.location());
    assert!(browser.get(set.location()).await.location().starts_with("/consent?id="));
    browser.cookies = before;
    assert_eq!(browser.get("/password").await.location(), "/login", "the session of the generated password is over");
    server.end().await;
}

#[tokio::test]
async fn a_page_belongs_to_one_host_and_a_reference_is_all_that_production_explains() {
    let server = Running::start(ISSUER).await;
    let mut browser = Browser::new(&server);
    let elsewhere = browser.request("GET", "/login?x=1", "127.0.0.1", None).await;
    assert_eq!((elsewhere.status, elsewhere.location()), (303, "https://id.example.test/login?x=1"));
    assert_eq!(browser.request("POST", "/login", "evil.test", Some("a=b")).await.status, 400);
    assert_eq!(browser.request("GET", "/.well-known/other", "127.0.0.1", None).await.status, 404);

    let wrong = browser.get(&authorize("").replace("/cb&", "/other&")).await;
    assert!(wrong.status == 400 && wrong.header("location").is_none());
    assert!(wrong.body.contains(wrong.header("x-request-id").unwrap()), "the page names the log line");
    assert!(!wrong.body.contains("/other") && !wrong.body.contains("/cb"), "{}", wrong.body);
    assert!(!wrong.body.contains("evelopment server"));
    let lost = browser.get("/nowhere").await;
    assert!(lost.status == 404 && lost.body.contains("There is no such page"));

    let login = browser.get("/login").await;
    for (name, expected) in [
        ("x-frame-options", "DENY"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(login.header(name), Some(expected), "{name}");
    }
    assert!(login.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert!(browser.cookies.keys().all(|name| name.starts_with("__Host-")));
    assert!(login.body.len() < 10_000);
    server.end().await;
}

#[tokio::test]
async fn the_style_sheet_is_cached_for_ever_under_the_name_of_its_content() {
    let server = Running::start(ISSUER).await;
    let mut browser = Browser::new(&server);
    let page = browser.get("/").await;
    let href = page.body.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let style = browser.get(&href).await;
    assert!(style.status == 200 && style.header("content-type").unwrap().starts_with("text/css"));
    assert!(style.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(browser.get("/assets/style.css").await.status, 404);
    assert_eq!(browser.get("/assets/..%2fstyle.css").await.status, 404);
    server.end().await;
}
