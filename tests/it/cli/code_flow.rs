//! `vestibule token` through the browser: the code flow of a native client.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::time::timeout;
use url::Url;

use super::program::{Dev, Home, PATIENCE};
use crate::support::Arrival;

/// `vestibule token --no-open`, waiting for its browser.
struct Waiting {
    child: Child,
    stdout: ChildStdout,
    url: Url,
}

impl Waiting {
    async fn start(home: &Home, arguments: &[&str]) -> Self {
        let all: Vec<&str> = ["token", "--no-open"].iter().chain(arguments).copied().collect();
        let mut child = home.command(&all).spawn().expect("the binary");
        let stdout = child.stdout.take().expect("stdout");
        let mut stderr = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let url = loop {
            let line = timeout(PATIENCE, stderr.next_line()).await.expect("in time").expect("a line").expect("a URL");
            if let Ok(url) = Url::parse(line.trim()) {
                break url;
            }
        };
        // What else it says is read, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = stderr.next_line().await {} });
        Self { child, stdout, url }
    }

    fn parameter(&self, name: &str) -> String {
        self.url.query_pairs().find(|(known, _)| known == name).expect(name).1.into_owned()
    }

    /// What it wrote to stdout, and its exit code.
    async fn end(mut self) -> (String, Option<i32>) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("in time").expect("a status");
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).await.expect("text");
        (text, status.code())
    }
}

/// Signs ada in on the way to the client, and allows or denies.
async fn to_callback(dev: &Dev, url: &Url, decision: &str) -> Url {
    let mut browser = dev.browser();
    let page = browser.open(url.as_str()).await.page();
    let ada = dev.password("ada");
    let page = browser.submit(&page, "/login", &[("username", "ada"), ("password", &ada)]).await.page();
    match browser.submit(&page, "/consent", &[("decision", decision)]).await {
        Arrival::Away(url) => url,
        Arrival::Page(page) => panic!("{}: {}", page.url, page.text()),
    }
}

async fn visit(url: &Url) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    client.get(url.clone()).send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn signing_in_in_the_browser_prints_the_token_and_nothing_else() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let waiting = Waiting::start(&home, &[]).await;
    assert_eq!(waiting.parameter("scope"), "openid read:users write:posts");
    assert_eq!(waiting.parameter("code_challenge_method"), "S256");
    assert!(waiting.parameter("redirect_uri").starts_with("http://127.0.0.1:"));

    let callback = to_callback(&dev, &waiting.url, "allow").await;
    assert_eq!(visit(&callback).await, 200);
    let (text, code) = waiting.end().await;
    assert_eq!(code, Some(0));
    let shown = home.run_with(&["token", "inspect", "--json"], &text).await.expect(0);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["signature"]["verified"], true);
    assert_eq!(shown["claims"]["client_id"], "cli");
    assert_eq!(text.lines().count(), 1);
}

#[tokio::test]
async fn an_answer_of_somebody_else_is_told_off_and_the_right_one_still_counts() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let waiting = Waiting::start(&home, &["--scope", "openid"]).await;
    let callback = to_callback(&dev, &waiting.url, "allow").await;
    let mut foreign = Url::parse(&waiting.parameter("redirect_uri")).unwrap();
    foreign
        .query_pairs_mut()
        .append_pair("code", "evil")
        .append_pair("state", "other")
        .append_pair("iss", dev.issuer());
    assert_eq!(visit(&foreign).await, 400);
    foreign.set_path("/elsewhere");
    assert_eq!(visit(&foreign).await, 404);
    assert_eq!(visit(&callback).await, 200);
    assert_eq!(waiting.end().await.1, Some(0));
}

/// RFC 9207 2.4 (mix-up): the answer must name the issuer that was asked.
#[tokio::test]
async fn an_answer_of_another_issuer_is_not_used() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    for iss in [Some("https://evil.example"), None] {
        let waiting = Waiting::start(&home, &["--scope", "openid"]).await;
        let mut callback = to_callback(&dev, &waiting.url, "allow").await;
        let kept: Vec<(String, String)> =
            callback.query_pairs().into_owned().filter(|(name, _)| name != "iss").collect();
        callback.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(iss.map(|iss| ("iss", iss)));
        visit(&callback).await;
        assert_eq!(waiting.end().await, (String::new(), Some(1)));
    }
}

#[tokio::test]
async fn a_refusal_in_the_browser_ends_the_command() {
    let home = Home::new();
    let dev = home.dev(&[]).await;
    let waiting = Waiting::start(&home, &[]).await;
    let callback = to_callback(&dev, &waiting.url, "deny").await;
    visit(&callback).await;
    assert_eq!(waiting.end().await, (String::new(), Some(1)));
}

#[tokio::test]
async fn ctrl_c_ends_the_wait() {
    let home = Home::new();
    let _dev = home.dev(&[]).await;
    let waiting = Waiting::start(&home, &[]).await;
    let pid = waiting.child.id().expect("running");
    assert!(std::process::Command::new("sh").arg("-c").arg(format!("kill -INT {pid}")).status().unwrap().success());
    assert_eq!(waiting.end().await, (String::new(), Some(130)));
}
