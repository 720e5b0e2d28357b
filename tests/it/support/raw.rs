//! Bytes on a connection, for what no HTTP client would send.
//!
//! Owns: sending them and reading what comes until the server closes or falls silent. Does not own:
//! whether it is right.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What came back on a connection.
#[derive(Debug)]
pub struct RawAnswer {
    pub text: String,
    /// Whether the server closed the connection.
    pub closed: bool,
}

impl RawAnswer {
    /// The status of the first answer.
    pub fn status(&self) -> Option<u16> {
        self.text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok())
    }

    /// How many answers came.
    pub fn answers(&self) -> usize {
        self.text.matches("HTTP/1.1 ").count()
    }
}

/// Sends bytes and reads the answer. A server that keeps the connection open is waited for briefly:
/// nothing is decided by how long that is but `closed`.
pub async fn send(address: &str, bytes: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut out = Vec::new();
    let mut buffer = [0_u8; 4096];
    let mut closed = false;
    let mut patience = Duration::from_secs(10);
    while let Ok(read) = timeout(patience, stream.read(&mut buffer)).await {
        match read {
            Ok(0) | Err(_) => {
                closed = true;
                break;
            }
            Ok(length) => out.extend_from_slice(&buffer[..length]),
        }
        patience = Duration::from_millis(300);
    }
    RawAnswer { text: String::from_utf8_lossy(&out).into_owned(), closed }
}
