//! A headless Chromium behind a chromedriver, both private to one test and both gone when it ends.
//!
//! Owns starting, stopping and driving the browser. Does not own what Vestibule's pages look like inside
//! (`person`), nor judging them (`audit`, `traffic`).

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use thirtyfour::LoggingPrefsLogLevel;
use thirtyfour::common::command::ExtensionCommand;
use thirtyfour::prelude::*;
use url::Url;

use super::{eventually, until};

pub struct Browser {
    driver: WebDriver,
    _chromedriver: Chromedriver,
}

impl Browser {
    /// A fresh profile without cookies, wide window, light colours, JavaScript on.
    pub async fn start() -> Self {
        Self::with_preferences(json!({})).await
    }

    /// As [`Browser::start`], but Chromium refuses to run any page's JavaScript.
    pub async fn start_without_javascript() -> Self {
        Self::with_preferences(json!({ "profile.managed_default_content_settings.javascript": 2 })).await
    }

    async fn with_preferences(preferences: Value) -> Self {
        let chromedriver = Chromedriver::start().await;
        let mut capabilities = DesiredCapabilities::chrome();
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1024,900",
            "--hide-scrollbars",
            "--lang=en",
        ];
        for argument in arguments {
            capabilities.add_arg(argument).expect("an argument for Chromium");
        }
        let profile = format!("--user-data-dir={}", chromedriver.home.join("profile").display());
        capabilities.add_arg(&profile).expect("an argument for Chromium");
        let chromium = program("chromium", "chromium");
        capabilities.set_binary(&chromium.to_string_lossy()).expect("Chromium's path");
        capabilities.add_experimental_option("prefs", preferences).expect("preferences for Chromium");
        for log in ["performance", "browser"] {
            capabilities.set_logging_prefs(log, LoggingPrefsLogLevel::All).expect("a log to keep");
        }

        let driver = WebDriver::new(chromedriver.url.as_str(), capabilities)
            .await
            .unwrap_or_else(|fault| panic!("chromedriver could not start Chromium: {fault}\n{}", chromedriver.log()));
        Self { driver, _chromedriver: chromedriver }
    }

    /// The WebDriver session, for what the methods below do not cover.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    pub async fn open(&self, url: &str) {
        self.driver.goto(url).await.unwrap_or_else(|fault| panic!("cannot open {url}: {fault}"));
    }

    pub async fn url(&self) -> Url {
        self.driver.current_url().await.expect("the current address")
    }

    pub async fn title(&self) -> String {
        self.driver.title().await.expect("the title")
    }

    /// What a person can read on the page.
    pub async fn text(&self) -> String {
        let body = self.driver.find(By::Tag("body")).await.expect("a body");
        body.text().await.expect("the body's text")
    }

    /// The first element that matches; waits until there is one.
    pub async fn find(&self, css: &str) -> WebElement {
        match eventually(async || self.find_now(css).await).await {
            Some(element) => element,
            None => panic!("no element {css:?} on {}", self.describe().await),
        }
    }

    /// The first element that matches at this moment, if any.
    pub async fn find_now(&self, css: &str) -> Option<WebElement> {
        self.driver.find_all(By::Css(css)).await.expect("a search by CSS").into_iter().next()
    }

    /// Replaces what stands in a field.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap_or_else(|fault| panic!("cannot clear {css}: {fault}"));
        field.send_keys(text).await.unwrap_or_else(|fault| panic!("cannot type into {css}: {fault}"));
    }

    /// Clicks as a person does: once the page was drawn, for Chromium drops what is typed and clicked before that. It
    /// fails if something covers the element.
    pub async fn click(&self, css: &str) {
        let drawn = "return performance.getEntriesByType('paint').length > 0";
        until("the page is drawn", async || {
            let drawn = self.driver.execute(drawn, Vec::new()).await.ok()?;
            drawn.convert::<bool>().ok()?.then_some(())
        })
        .await;
        self.find(css).await.click().await.unwrap_or_else(|fault| panic!("cannot click {css}: {fault}"));
    }

    /// Clicks something that leads to another document and waits until that is loaded.
    pub async fn follow(&self, css: &str) {
        let page = self.find("html").await;
        self.click(css).await;
        until(&format!("a click on {css} leads to another page"), async || {
            // The old document's root is stale as soon as the new one is there.
            page.tag_name().await.is_err().then_some(())
        })
        .await;
        self.find("body").await;
    }

    /// Waits until the address fulfils the condition, and returns it.
    pub async fn wait_for_url(&self, what: &str, condition: impl Fn(&Url) -> bool) -> Url {
        match eventually(async || Some(self.url().await).filter(&condition)).await {
            Some(url) => url,
            None => panic!("waited in vain for {what}, still on {}", self.describe().await),
        }
    }

    /// Runs a function body in the page; the pages' own CSP does not apply to it.
    pub async fn script(&self, body: &str, arguments: Vec<Value>) -> Value {
        let answer = self.driver.execute(body, arguments).await.expect("a script in the page");
        answer.json().clone()
    }

    /// One command of the Chrome DevTools Protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let command = Cdp(json!({ "cmd": command, "params": parameters }));
        let answer =
            self.driver.handle().cmd(thirtyfour::common::command::Command::ExtensionCommand(Box::new(command)));
        answer.await.expect("a DevTools command").value_json().expect("a DevTools answer")
    }

    /// Opens a second tab and moves there; returns how to come back.
    pub async fn open_tab(&self) -> WindowHandle {
        let first = self.driver.window().await.expect("the current tab");
        let second = self.driver.new_tab().await.expect("a second tab");
        self.driver.switch_to_window(second).await.expect("to switch tabs");
        first
    }

    pub async fn switch_to_tab(&self, tab: WindowHandle) -> WindowHandle {
        let current = self.driver.window().await.expect("the current tab");
        self.driver.switch_to_window(tab).await.expect("to switch tabs");
        current
    }

    pub async fn dark(&self) {
        self.prefer("dark").await;
    }

    pub async fn light(&self) {
        self.prefer("light").await;
    }

    async fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        self.settle().await;
    }

    /// Waits until no transition is under way, so that colours are what they will stay.
    pub async fn settle(&self) {
        until("the page comes to rest", async || (self.script(MOVING, vec![]).await == 0).then_some(())).await;
    }

    /// As wide as the narrowest phone that WCAG 1.4.10 thinks of.
    pub async fn narrow(&self) {
        let metrics = json!({ "width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    pub async fn wide(&self) {
        self.cdp("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }

    /// Saves the whole page as `target/screenshots/NAME.png`.
    pub async fn screenshot(&self, name: &str) {
        let shot = self.cdp("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true })).await;
        let data = shot["data"].as_str().expect("a screenshot's data");
        let png = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data).expect("base64");
        let folder = screenshots();
        std::fs::create_dir_all(&folder).expect("a folder for screenshots");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("to save a screenshot");
    }

    /// Where the browser is and what it shows, for a failing test.
    pub async fn describe(&self) -> String {
        format!("{} titled {:?}:\n{}", self.url().await, self.title().await, self.text().await)
    }

    /// Closes the browser in an orderly way, as a test does that came to its end.
    pub async fn quit(self) {
        self.driver.clone().quit().await.expect("to close Chromium");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A failing test did not close the session, and asking for it now would block: chromedriver is killed.
        let _ = self.driver.clone().leak();
    }
}

const MOVING: &str = "return document.getAnimations().filter((animation) => animation.playState === 'running').length";

/// Screenshots are a product of the build, so they lie where the build's products lie.
fn screenshots() -> PathBuf {
    // The folder for the test's files is TARGET/tmp.
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("screenshots")
}

#[derive(Debug)]
struct Cdp(Value);

impl ExtensionCommand for Cdp {
    fn parameters_json(&self) -> Option<Value> {
        Some(self.0.clone())
    }

    fn method(&self) -> http::Method {
        http::Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        "/goog/cdp/execute".into()
    }
}

/// The chromedriver process; it leads a process group, in which Chromium's processes are too.
struct Chromedriver {
    process: Child,
    url: String,
    home: PathBuf,
}

impl Chromedriver {
    async fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("vestibule-browser-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a folder for the browser");

        let log = File::create(home.join("chromedriver.log")).expect("a log for chromedriver");
        let process = Command::new(program("chromedriver", "chromium-driver"))
            .arg("--port=0")
            .env("HOME", &home)
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("the log a second time"))
            .stdout(log)
            .process_group(0)
            .spawn()
            .expect("chromedriver to start");
        let mut chromedriver = Self { process, url: String::new(), home };

        let port = until("chromedriver says its port", async || {
            let log = chromedriver.log();
            let (_, rest) = log.split_once("started successfully on port ")?;
            rest.split_once('.').map(|(port, _)| port.to_owned())
        })
        .await;
        chromedriver.url = format!("http://127.0.0.1:{port}");
        chromedriver
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("chromedriver.log")).unwrap_or_default()
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // The whole group: a killed chromedriver would leave Chromium behind.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// A program of the test's outfit. A test that lacks one fails and says how to get it; it never skips.
pub fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: run `tests/run tools`, or install the Debian package {package}"))
}
