//! One connection and one cookie jar: as little of an HTTP/1.1 client as the scenarios need, so that the
//! load costs the machine little beside what is measured.
//!
//! Owns: writing a request and reading its answer. Does not own: what is asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

/// A connection that is kept alive.
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    cookies: BTreeMap<String, String>,
    /// What the next operation on it needs of the one before.
    pub kept: String,
}

/// An answer.
#[derive(Debug, Default)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// `Location`, or empty.
    pub location: String,
    /// The body.
    pub body: String,
}

impl Connection {
    /// Connects to a port of this machine.
    pub fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: format!("localhost:{port}"),
            cookies: BTreeMap::new(),
            kept: String::new(),
        })
    }

    /// Becomes another browser: without cookies, on the same connection.
    pub fn forget(&mut self) {
        self.cookies.clear();
    }

    /// `GET`.
    pub fn get(&mut self, path: &str, authorization: &str) -> std::io::Result<Reply> {
        self.send("GET", path, authorization, None)
    }

    /// `POST` of a form.
    pub fn post(&mut self, path: &str, authorization: &str, form: &str) -> std::io::Result<Reply> {
        self.send("POST", path, authorization, Some(form))
    }

    fn send(&mut self, method: &str, path: &str, authorization: &str, form: Option<&str>) -> std::io::Result<Reply> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        if !authorization.is_empty() {
            let _ = write!(head, "Authorization: {authorization}\r\n");
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = write!(head, "Cookie: {}\r\n", pairs.join("; "));
        }
        if let Some(form) = form {
            let kind = "Content-Type: application/x-www-form-urlencoded";
            let _ = write!(head, "{kind}\r\nContent-Length: {}\r\n", form.len());
        }
        head.push_str("\r\n");
        head.push_str(form.unwrap_or_default());
        self.stream.get_mut().write_all(head.as_bytes())?;
        self.receive()
    }

    fn receive(&mut self) -> std::io::Result<Reply> {
        let mut reply = Reply::default();
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let Some((name, value)) = line.split_once(':') else {
                reply.status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
                continue;
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap_or_default(),
                "location" => value.clone_into(&mut reply.location),
                "set-cookie" => {
                    let pair = value.split(';').next().unwrap_or_default();
                    let (name, value) = pair.split_once('=').unwrap_or_default();
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        reply.body = String::from_utf8_lossy(&body).into_owned();
        Ok(reply)
    }
}
