//! A desktop that opens URLs: `xdg-open` (and `open`) for the commands of a page, and the person before it.
//!
//! Owns: how a URL comes here from a command. Does not own: the scripted browser (`support`).

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::cli::program::Dev;
use crate::support::{Arrival, UserAgent};

/// Ada in front of her screen: whatever is opened, she signs in and allows.
pub struct Desktop(JoinHandle<()>);

impl Desktop {
    /// Puts the programs into the folder, and waits for what they are asked to open.
    pub async fn start(programs: &Path, dev: &Dev) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        for name in ["xdg-open", "open"] {
            let file = programs.join(name);
            let script = format!("#!/usr/bin/env bash\nexec 3<>/dev/tcp/127.0.0.1/{port}\nprintf '%s\\n' \"$1\" >&3\n");
            std::fs::write(&file, script).expect("a program");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("to make it executable");
        }
        let (browser, password) = (dev.browser(), dev.password("ada"));
        Self(tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let mut url = String::new();
                BufReader::new(stream).read_line(&mut url).await.expect("a URL");
                sign_in(browser.clone(), url.trim(), &password).await;
            }
        }))
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn sign_in(mut browser: UserAgent, url: &str, password: &str) {
    let page = browser.open(url).await.page();
    let arrival = browser.submit(&page, "/login", &[("username", "ada"), ("password", password)]).await;
    let Arrival::Away(callback) = browser.allow(arrival).await else { panic!("no way back from {url}") };
    // A page of the command that waits: it ends with it.
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(callback).send().await.expect("an answer of the command");
    assert_eq!(answer.status(), 200);
}
