//! How an endpoint of a fake provider can be in trouble, whatever it would have said.
//!
//! Owns: those bytes, and how slowly they come. Does not own: lies in a well-formed answer (`twist`, and the switches of
//! each fake).

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use super::seen::Seen;
use super::wire::{Hanging, Reply};

/// What a page of ours must never show of a provider's words.
pub const HOSTILE: &str = "<script>alert(1)</script> Your account is locked, call +1 555 0100";

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 400 with an OAuth error whose description is [`HOSTILE`].
    Error,
    /// The same with status 200, as GitHub does.
    ErrorWith200,
    /// 401.
    Unauthorized,
    /// 429.
    TooManyRequests,
    /// 500 with HTML.
    ServerError,
    /// 503 with JSON.
    Unavailable,
    /// 200 with a page.
    Html,
    /// 200 that says it is a page, with the right JSON in it.
    WrongType,
    /// JSON that stops half way.
    TruncatedJson,
    /// A connection that stops half way.
    TruncatedBody,
    /// 200 with nothing.
    Empty,
    /// JSON of another kind: a list.
    List,
    /// 10 MB of JSON.
    Huge,
    /// 10 MB that do not say so at the start.
    HugeUnannounced,
    /// 200 KB, gzip, of what is 20 MB.
    GzipBomb,
    /// One byte a second.
    Drip,
    /// Nothing comes, ever.
    Hang,
    /// The connection ends without an answer.
    Closed,
    /// A redirect to itself.
    RedirectLoop,
}

impl Trouble {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::Error,
        Self::ErrorWith200,
        Self::Unauthorized,
        Self::TooManyRequests,
        Self::ServerError,
        Self::Unavailable,
        Self::Html,
        Self::WrongType,
        Self::TruncatedJson,
        Self::TruncatedBody,
        Self::Empty,
        Self::List,
        Self::Huge,
        Self::HugeUnannounced,
        Self::GzipBomb,
        Self::Drip,
        Self::Hang,
        Self::Closed,
        Self::RedirectLoop,
    ];

    /// Those that keep somebody waiting.
    pub const SLOW: &'static [Self] = &[Self::Drip, Self::Hang];

    /// Answers so; whether the connection stays.
    pub(super) fn act(self, seen: &Seen, stream: &mut TcpStream, hanging: &Hanging, well: &dyn Fn() -> Reply) -> bool {
        match self {
            Self::Hang => {
                hanging.during(|| wait_for_the_end(stream));
                false
            }
            Self::Closed => false,
            Self::Drip => drip(stream, &well()),
            Self::TruncatedBody => {
                let reply = well();
                let half = reply.body.len() / 2;
                let _ = stream.write_all(&[&reply.head(reply.body.len()), &reply.body[..half]].concat());
                false
            }
            Self::HugeUnannounced => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{";
                let _ = stream.write_all(head).and_then(|()| stream.write_all(&vec![b' '; 10 << 20]));
                false
            }
            _ => {
                let reply = self.reply(seen, well);
                let bytes = [reply.head(reply.body.len()), reply.body].concat();
                stream.write_all(&bytes).is_ok()
            }
        }
    }

    fn reply(self, seen: &Seen, well: &dyn Fn() -> Reply) -> Reply {
        let error =
            json!({ "error": "invalid_grant", "error_description": HOSTILE, "error_uri": "https://evil.test/" });
        let page = format!("<!doctype html><title>Sorry</title><p>{HOSTILE}");
        match self {
            Self::Error => Reply::json(400, &error),
            Self::ErrorWith200 => Reply::json(200, &error),
            Self::Unauthorized => Reply::json(401, &json!({ "error": "invalid_client", "error_description": HOSTILE }))
                .header("WWW-Authenticate", "Basic realm=\"fake\""),
            Self::TooManyRequests => Reply::json(429, &json!({ "message": HOSTILE })).header("Retry-After", "3600"),
            Self::ServerError => Reply::new(500, "text/html", page),
            Self::Unavailable => Reply::json(503, &json!({ "error": "temporarily_unavailable" })),
            Self::Html => Reply::new(200, "text/html; charset=utf-8", page),
            Self::WrongType => {
                let mut reply = well();
                reply.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
                reply.header("Content-Type", "text/html")
            }
            Self::TruncatedJson => {
                let mut reply = well();
                reply.body.truncate(reply.body.len() / 2);
                reply
            }
            Self::Empty => Reply::new(200, "application/json", ""),
            Self::List => Reply::json(200, &json!([HOSTILE, 1, null])),
            Self::Huge => Reply::new(200, "application/json", [&b"{"[..], &vec![b' '; 10 << 20], b"}"].concat()),
            Self::GzipBomb => Reply::new(200, "application/json", bomb()).header("Content-Encoding", "gzip"),
            Self::RedirectLoop => Reply::redirect(&seen.path),
            Self::TruncatedBody | Self::HugeUnannounced | Self::Drip | Self::Hang | Self::Closed => {
                unreachable!("{self:?} is no whole answer")
            }
        }
    }
}

/// Until the other side, or the end of the fake, closes the connection.
fn wait_for_the_end(stream: &mut TcpStream) {
    let mut buffer = [0; 1024];
    while let Ok(1..) = stream.read(&mut buffer) {}
}

/// One byte a second, until the other side has enough of it.
fn drip(stream: &mut TcpStream, reply: &Reply) -> bool {
    let bytes = [reply.head(reply.body.len()), reply.body.clone()].concat();
    let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
    for byte in bytes {
        if stream.write_all(&[byte]).is_err() {
            return false;
        }
        // Nothing is expected: this is the second between two bytes, which the end of the connection cuts short.
        match stream.read(&mut [0; 1024]) {
            Err(fault) if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            _ => return false,
        }
    }
    false
}

/// A gzip of `{` and 20 MB of spaces (RFC 1951 3.2.6: fixed codes), made by hand: 13 bits for 258 bytes. Nobody comes
/// to its checksum.
fn bomb() -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut held, mut bits) = (0_u32, 0_u32);
    let mut put = |value: u32, length: u32, reversed: bool| {
        for index in 0..length {
            let bit = if reversed { value >> (length - 1 - index) } else { value >> index } & 1;
            held |= bit << bits;
            bits += 1;
            if bits == 8 {
                out.push(u8::try_from(held).expect("a byte"));
                (held, bits) = (0, 0);
            }
        }
    };
    put(1, 1, false);
    put(1, 2, false);
    for literal in *b"{ " {
        put(0x30 + u32::from(literal), 8, true);
    }
    for _ in 0..(20 << 20) / 258 {
        // The length 258 is code 285 (0b1100_0101), the distance 1 is code 0.
        put(0b1100_0101, 8, true);
        put(0, 5, true);
    }
    put(0, 7, true);
    put(0, 8, false);
    out.extend_from_slice(&[0; 8]);
    out
}
