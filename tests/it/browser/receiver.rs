//! The application's end of the redirect: a loopback HTTP server that keeps what arrives.
//!
//! Owns receiving; does not own what the parameters mean (`application`). A second use is a page on a
//! foreign site that posts to us.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use super::until;

pub struct Receiver {
    port: u16,
    arrived: Arc<Mutex<Vec<Arrival>>>,
    page: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

/// One request that reached the application.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub method: String,
    pub url: Url,
    pub body: String,
}

impl Arrival {
    /// A parameter of the query or, for `form_post`, of the body.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.url.query().unwrap_or_default();
        let source = if self.method == "POST" { self.body.as_str() } else { query };
        url::form_urlencoded::parse(source.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the application");
        let port = listener.local_addr().expect("the application's port").port();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let page = Arc::new(Mutex::new(
            "<!doctype html><html lang=en><title>Application</title><h1>Application</h1>".to_owned(),
        ));
        let task = tokio::spawn({
            let (arrived, page) = (Arc::clone(&arrived), Arc::clone(&page));
            async move {
                while let Ok((connection, _)) = listener.accept().await {
                    tokio::spawn(answer(connection, port, Arc::clone(&arrived), Arc::clone(&page)));
                }
            }
        });
        Self { port, arrived, page, task }
    }

    /// The redirect URI to register or, for a native client, to send.
    pub fn redirect_uri(&self) -> String {
        format!("{}/callback", self.origin())
    }

    /// An IP literal: another site than `localhost`, where the server is.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What this server answers from now on.
    pub fn show(&self, html: &str) {
        html.clone_into(&mut self.page.lock().expect("the page"));
    }

    /// Everything that came to the redirect URI so far.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrived.lock().expect("the arrivals").clone()
    }

    /// Waits until one more than `before` requests came to the redirect URI, and returns the last.
    pub async fn next(&self, before: usize) -> Arrival {
        until("the application is redirected to", async || self.arrivals().get(before).cloned()).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A page on the application's site whose button posts the parameters of this URL to it.
pub fn page_that_posts(request: &Url) -> String {
    let mut target = request.clone();
    target.set_query(None);
    let fields: Vec<_> = request
        .query_pairs()
        .map(|(name, value)| format!("<input type=hidden name=\"{name}\" value=\"{value}\">"))
        .collect();
    let fields = fields.concat();
    format!(
        "<!doctype html><title>Application</title><form method=post action=\"{target}\">{fields}<button>Send</button></form>"
    )
}

async fn answer(
    connection: TcpStream,
    port: u16,
    arrived: Arc<Mutex<Vec<Arrival>>>,
    page: Arc<Mutex<String>>,
) -> Option<()> {
    let mut connection = BufReader::new(connection);
    let mut line = String::new();
    connection.read_line(&mut line).await.ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());

    let mut length = 0;
    loop {
        let mut header = String::new();
        connection.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;

    let url = Url::parse(&format!("http://127.0.0.1:{port}{target}")).ok()?;
    if url.path() == "/callback" {
        let body = String::from_utf8_lossy(&body).into_owned();
        arrived.lock().ok()?.push(Arrival { method, url, body });
    }
    let page = page.lock().ok()?.clone();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        page.len()
    );
    connection.write_all(head.as_bytes()).await.ok()?;
    connection.write_all(page.as_bytes()).await.ok()?;
    connection.shutdown().await.ok()
}
