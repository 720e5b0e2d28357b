//! A body that the server does not read to its end (threat N03): it ends the connection, however it is framed.
//!
//! Owns: what happens after the answer. Does not own: the limits themselves (`sizes`).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Setup, TestApp};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// Sends a head and the beginning of a chunked body that never ends; all that comes until the server closes.
async fn endless(app: &TestApp, request: &str) -> String {
    let mut stream = TcpStream::connect(app.http().address()).await.expect("a connection");
    let host = app.http().origin().trim_start_matches("http://");
    let head = format!("{request} HTTP/1.1\r\nHost: {host}\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, "a".repeat(100_000));
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(format!("{head}{chunk}").as_bytes()).await;
    let mut out = Vec::new();
    // A connection that was closed with bytes unread may end in an error.
    let closing = async {
        let _ = stream.read_to_end(&mut out).await;
    };
    tokio::time::timeout(Duration::from_secs(20), closing).await.unwrap_or_else(|_| panic!("{request}: it stays open"));
    String::from_utf8_lossy(&out).into_owned()
}

#[tokio::test]
async fn a_chunked_body_that_is_refused_is_not_read_for_ever() {
    let app = TestApp::start(Setup::Sqlite).await;
    for (request, status) in [
        ("POST /token", "413"),
        ("POST /authorize", "413"),
        ("POST /jwks", "405"),
        ("POST /nothing", "404"),
        ("GET /jwks", "200"),
        ("GET /livez", "200"),
    ] {
        let answer = endless(&app, request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        assert!(answer.contains("connection: close"), "{request}: {answer}");
    }
}

#[tokio::test]
async fn a_chunked_body_that_is_read_keeps_the_connection() {
    let app = TestApp::start(Setup::Sqlite).await;
    let mut stream = TcpStream::connect(app.http().address()).await.expect("a connection");
    let post =
        format!("POST /token HTTP/1.1\r\nHost: x\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n");
    let last = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(format!("{post}{post}{last}").as_bytes()).await.expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an answer");
    assert_eq!(text.matches("HTTP/1.1 401").count(), 2, "{text}");
    assert_eq!(text.matches("HTTP/1.1 200").count(), 1, "{text}");
}
