//! The addresses of a development server: loopback only, the same port on IPv4 and IPv6.
//!
//! Owns: choosing and binding them. Does not own: what is served there (`startup`).

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use crate::cli::exit::{Exit, Stop};
use crate::startup;

/// How many ports are tried for `--port 0` when the one that IPv4 gave is taken on IPv6.
const TRIES: u32 = 16;

/// Bound sockets.
#[derive(Debug)]
pub struct Bound {
    /// 127.0.0.1 and, where there is one, `::1`.
    pub listeners: Vec<TcpListener>,
    /// Their addresses.
    pub addresses: Vec<SocketAddr>,
    /// Their port.
    pub port: u16,
    /// Why `::1` is missing, if it is.
    pub without_ipv6: Option<io::Error>,
}

/// Binds 127.0.0.1 and the same port of `::1`. A machine without `::1` is served on IPv4 alone; a port
/// that somebody else has on `::1` counts as taken, since `localhost` may lead a browser there.
///
/// # Errors
/// When the port is taken or may not be used (exit 4).
pub fn bind(port: u16) -> Result<Bound, Stop> {
    for _ in 0..TRIES {
        let v4 = bind_one(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).map_err(|error| refused(port, &error))?;
        let chosen = v4.local_addr().map_err(|error| refused(port, &error))?.port();
        match bind_one(SocketAddr::from((Ipv6Addr::LOCALHOST, chosen))) {
            Ok(v6) => return bound(vec![v4, v6], chosen, None),
            Err(error) if error.kind() == ErrorKind::AddrInUse && port == 0 => {}
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(refused(port, &error)),
            Err(error) => return bound(vec![v4], chosen, Some(error)),
        }
    }
    Err(Stop::new(Exit::Unreachable, "no port is free on both 127.0.0.1 and ::1").hint("name one: --port PORT"))
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    startup::bind(&[address])?.pop().ok_or_else(|| io::Error::from(ErrorKind::AddrNotAvailable))
}

fn bound(listeners: Vec<TcpListener>, port: u16, without_ipv6: Option<io::Error>) -> Result<Bound, Stop> {
    let addresses = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>();
    let addresses = addresses.map_err(|error| refused(port, &error))?;
    Ok(Bound { listeners, addresses, port, without_ipv6 })
}

fn refused(port: u16, error: &io::Error) -> Stop {
    let message = match error.kind() {
        ErrorKind::AddrInUse => format!("port {port} is taken by another program"),
        ErrorKind::PermissionDenied => format!("port {port} may not be used"),
        _ => format!("port {port} cannot be bound: {error}"),
    };
    Stop::new(Exit::Unreachable, message).hint("choose another one: --port PORT (--port 0 takes a free one)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_says_which_flag_to_use() {
        let first = bind(0).unwrap();
        let stop = bind(first.port).unwrap_err();
        assert_eq!(stop.exit, Exit::Unreachable);
        assert!(stop.to_string().contains("--port"), "{stop}");
    }

    #[test]
    fn a_port_taken_on_ipv6_alone_counts_as_taken() {
        let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else { return };
        assert!(bind(other.local_addr().unwrap().port()).is_err());
    }

    #[test]
    fn every_address_is_loopback_and_has_the_same_port() {
        let bound = bind(0).unwrap();
        assert!(bound.addresses.iter().all(|address| address.ip().is_loopback() && address.port() == bound.port));
    }
}
