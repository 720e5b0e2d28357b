//! `vestibule healthcheck`: is the server ready? For containers without a shell.
//!
//! Owns: which URL is asked and what the answer means. Does not own: `/readyz`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use crate::cli::data::{self, running_folder};
use crate::cli::dev::running::Running;
use crate::cli::exit::{Exit, Stop};
use crate::cli::http::Http;
use crate::cli::output;
use crate::protocol::issuer::Issuer;

const EXAMPLES: &str = "\
Examples:
  vestibule healthcheck                                      the running development server
  vestibule healthcheck --config /etc/vestibule              the server with that configuration, on this machine
  vestibule healthcheck --url http://127.0.0.1:9400/readyz   that URL";

/// Where readiness is told.
const READY: &str = "/readyz";

/// Ask a server whether it is ready: exit 0 when it is, 1 when it says no, 4 when it does not answer
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE)]
pub struct Healthcheck {
    /// What to ask [default: /readyz of the configured or running server]
    #[arg(long)]
    url: Option<String>,
    /// Data folder of a running development server
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration folder of a server that listens on this machine
    #[arg(long, value_name = "DIR", env = "VESTIBULE_CONFIG")]
    config: Option<PathBuf>,
}

impl Healthcheck {
    /// Asks.
    ///
    /// # Errors
    /// When there is no server to ask, or it does not answer.
    pub async fn run(self) -> Result<Exit, Stop> {
        // What was typed comes before the environment, which may name a folder for every command.
        let (asked, answer) = if let (None, None, Some(folder)) = (&self.url, &self.data, &self.config) {
            let listen = data::load(folder)?.server.listen;
            let address = listen.first().copied().unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 9400)));
            let address = reachable(address);
            (address.to_string(), Http::for_url("http://")?.get_from_listener(address, READY).await?)
        } else {
            let url = self.url()?;
            let answer = Http::for_url(&url)?.get(&url).await?;
            (url, answer)
        };
        if answer.status == 200 {
            output::data("ready")?;
            return Ok(Exit::Ok);
        }
        Err(Stop::failure(format!("{asked} answered {}", answer.status)))
    }

    fn url(&self) -> Result<String, Stop> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        let folder = running_folder(self.data.as_deref(), "say which server is meant: --config DIR, or --url URL")?;
        let issuer = Running::read(folder.path()).and_then(|running| Issuer::parse(&running.issuer).ok());
        let issuer = issuer.ok_or_else(|| Stop::new(Exit::NotFound, "the development server is still starting"))?;
        Ok(format!("{}{READY}", issuer.origin()))
    }
}

/// Where a server that listens on `address` is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.1.2.3:80", "10.1.2.3:80"),
            ("127.0.0.1:9400", "127.0.0.1:9400"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
