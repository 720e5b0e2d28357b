//! The redirect URI of a native client (RFC 8252 7.3): a server on this machine for one answer.
//!
//! Owns: receiving it, and the page the person sees then. Does not own: what is made of it (`code`).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::cli::exit::{Exit, Stop};
use crate::protocol::opaque::OpaqueToken;

/// The longest request head that is read.
const LONGEST: usize = 16 * 1024;
/// How long one connection may take to send it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Listens for the answer.
pub(super) struct Loopback {
    listeners: Vec<TcpListener>,
    redirect_uri: String,
    path: String,
}

/// The parameters of an authorization response (RFC 6749 4.1.2, RFC 9207).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: Option<String>,
    pub(super) iss: Option<String>,
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
    state: Option<String>,
}

impl Loopback {
    /// Listens where the redirect URI leads: on its port, or any port if it has none.
    ///
    /// # Errors
    /// When that port is taken (exit 4).
    pub(super) async fn bind(redirect: &Url) -> Result<Self, Stop> {
        let wanted = redirect.port().unwrap_or(0);
        let failed = |error: std::io::Error| {
            Stop::new(
                Exit::Unreachable,
                format!("port {wanted} of the redirect URI {redirect} cannot be used: {error}"),
            )
            .hint("end the program that has it, or use --client cli, which may have any port")
        };
        let listener = TcpListener::bind(("127.0.0.1", wanted)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let mut listeners = vec![listener];
        if redirect.host_str() == Some("localhost") {
            // The browser may try ::1 first for that name; without it, it falls back to 127.0.0.1.
            listeners.extend(TcpListener::bind(("::1", port)).await);
        }
        let mut uri = redirect.clone();
        let _ = uri.set_port(Some(port));
        Ok(Self { listeners, redirect_uri: uri.to_string(), path: uri.path().to_owned() })
    }

    /// The redirect URI with the port.
    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the answer with that state. Others are told off and change nothing: any page and program
    /// on this machine can send them.
    ///
    /// # Errors
    /// When the listener fails.
    pub(super) async fn wait(&self, state: &OpaqueToken) -> Result<Reply, Stop> {
        let accepting = self.listeners.iter().map(|listener| Box::pin(self.wait_on(listener, state)));
        futures_util::future::select_all(accepting).await.0
    }

    async fn wait_on(&self, listener: &TcpListener, state: &OpaqueToken) -> Result<Reply, Stop> {
        let (found, mut replies) = tokio::sync::mpsc::channel(1);
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (stream, _) = accepted.map_err(|error| Stop::failure(format!("no answer can be received: {error}")))?;
                    // Each connection on its own: browsers open some that they never use.
                    let (found, path, state) = (found.clone(), self.path.clone(), state.clone());
                    tokio::spawn(async move {
                        if let Ok(Some(reply)) = tokio::time::timeout(PATIENCE, serve(stream, &path, &state)).await {
                            let _ = found.send(reply).await;
                        }
                    });
                }
                Some(reply) = replies.recv() => return Ok(reply),
            }
        }
    }
}

/// Answers one request; the reply if it was the one waited for.
async fn serve(mut stream: TcpStream, path: &str, state: &OpaqueToken) -> Option<Reply> {
    let head = read_head(&mut stream).await?;
    let (status, text, reply) = match read_target(&head, path) {
        None => ("404 Not Found", "There is nothing here.", None),
        Some(reply) if reply.state.as_deref() != Some(state.expose()) => {
            ("400 Bad Request", "This answer does not belong to the sign-in that waits here.", None)
        }
        Some(reply) if reply.error.is_some() => {
            ("200 OK", "The sign-in did not succeed. The terminal says why; you can close this window.", Some(reply))
        }
        Some(reply) => ("200 OK", "Done. You can close this window and go back to the terminal.", Some(reply)),
    };
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>vestibule token</title><p>{text}</p></html>"
    );
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
    reply
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut chunk = [0_u8; 2048];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut chunk).await.ok()?;
        head.extend_from_slice(chunk.get(..read)?);
        if read == 0 || head.len() > LONGEST {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

/// The parameters of a GET to that path; a parameter that stands twice makes the answer unusable.
fn read_target(head: &str, path: &str) -> Option<Reply> {
    let target = head.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
    let (target_path, query) = target.split_once('?').unwrap_or((target, ""));
    if target_path != path {
        return None;
    }
    let mut reply = Reply::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let slot = match name.as_ref() {
            "code" => &mut reply.code,
            "state" => &mut reply.state,
            "iss" => &mut reply.iss,
            "error" => &mut reply.error,
            "error_description" => &mut reply.error_description,
            _ => continue,
        };
        if slot.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    Some(reply)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::system_rng;

    #[test]
    fn only_a_get_of_the_path_is_an_answer() {
        let read = |line: &str| read_target(&format!("{line}\r\nHost: x\r\n\r\n"), "/callback");
        assert_eq!(read("GET /callback?code=a%2Bb&state=s HTTP/1.1").unwrap().code.as_deref(), Some("a+b"));
        for line in [
            "GET /favicon.ico HTTP/1.1",
            "POST /callback?code=a HTTP/1.1",
            "GET /callback/x?code=a HTTP/1.1",
            "GET /callback?code=a&code=b HTTP/1.1",
            "",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    async fn get(uri: &str, query: &str) -> String {
        let url = Url::parse(uri).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
        let request = format!("GET {}?{query} HTTP/1.1\r\nHost: x\r\n\r\n", url.path());
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn an_answer_with_another_state_is_told_off_and_the_right_one_is_still_waited_for() {
        let loopback = Loopback::bind(&Url::parse("http://127.0.0.1/callback").unwrap()).await.unwrap();
        let state = OpaqueToken::generate(&mut system_rng());
        let uri = loopback.redirect_uri().to_owned();
        let browser = async {
            // An idle connection, as browsers open them, holds nobody up.
            let idle = TcpStream::connect(("127.0.0.1", Url::parse(&uri).unwrap().port().unwrap())).await.unwrap();
            let wrong = get(&uri, "code=evil&state=other").await;
            let right = get(&uri, &format!("code=good&state={}", state.expose())).await;
            drop(idle);
            (wrong, right)
        };
        let (reply, (wrong, right)) = tokio::join!(loopback.wait(&state), browser);
        assert_eq!(reply.unwrap().code.as_deref(), Some("good"));
        assert!(wrong.starts_with("HTTP/1.1 400") && right.starts_with("HTTP/1.1 200"));
    }
}
