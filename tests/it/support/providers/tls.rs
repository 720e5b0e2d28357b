//! TLS in front of a provider, with whatever certificate a test wants it to have.
//!
//! Owns: an authority of the test's own, its certificates right and wrong, and passing on what comes through. Does not
//! own: what the provider answers, or who trusts that authority.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::keys::pem;
use crate::support::data::Folder;

/// Who signs certificates.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: Folder,
}

/// What a server shows, and the key to it.
pub struct Shown(Arc<ServerConfig>);

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Expired,
    NotYetValid,
    /// It is for another host.
    OtherHost,
    /// The host is in its subject alone (RFC 9525 6.3).
    HostInSubject,
    /// It vouches for itself.
    SelfSigned,
    /// Signed by an authority of the same name that nobody trusts.
    OtherAuthority,
    /// Signed by somebody whom the authority vouches for as a host, not as an authority.
    SignedByHost,
}

impl Flaw {
    pub const ALL: [Self; 7] = [
        Self::Expired,
        Self::NotYetValid,
        Self::OtherHost,
        Self::HostInSubject,
        Self::SelfSigned,
        Self::OtherAuthority,
        Self::SignedByHost,
    ];
}

impl Authority {
    pub fn new() -> Self {
        let mut params = named("An authority of the tests", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("a certificate");
        let folder = Folder::new();
        std::fs::write(folder.path().join("authority.pem"), pem("CERTIFICATE", issuer.der())).expect("a file");
        Self { issuer, folder }
    }

    /// The file with its certificate, as `SSL_CERT_FILE` wants it.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A certificate for that host with nothing wrong.
    pub fn vouch_for(&self, host: &str) -> Shown {
        let own = key();
        let certificate = named(host, &[host]).signed_by(&own, &self.issuer).expect("a certificate");
        shown(&[certificate.der()], &own)
    }

    /// One with a flaw.
    pub fn with(&self, flaw: Flaw, host: &str) -> Shown {
        let own = key();
        let mut params = named(host, &[host]);
        match flaw {
            Flaw::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Flaw::NotYetValid => params.not_before = date_time_ymd(4000, 1, 1),
            Flaw::OtherHost => params = named(host, &["login.example.test"]),
            Flaw::HostInSubject => params = named(host, &[]),
            Flaw::SelfSigned => {
                let certificate = params.self_signed(&own).expect("a certificate");
                return shown(&[certificate.der()], &own);
            }
            Flaw::OtherAuthority => return Self::new().vouch_for(host),
            Flaw::SignedByHost => {
                let (theirs, between) = (key(), named("login.example.test", &["login.example.test"]));
                let between_signed = between.signed_by(&theirs, &self.issuer).expect("a certificate");
                let certificate = params.signed_by(&own, &Issuer::new(between, theirs)).expect("a certificate");
                return shown(&[certificate.der(), between_signed.der()], &own);
            }
        }
        let certificate = params.signed_by(&own, &self.issuer).expect("a certificate");
        shown(&[certificate.der()], &own)
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn named(subject: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("names");
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params
}

fn shown(chain: &[&CertificateDer<'static>], key: &KeyPair) -> Shown {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config =
        ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let config = config.expect("TLS 1.3").with_no_client_auth();
    let chain = chain.iter().map(|certificate| (*certificate).clone()).collect();
    Shown(Arc::new(config.with_single_cert(chain, key).expect("the key of the certificate")))
}

/// A listener on 127.0.0.1.
pub struct TlsFront {
    pub port: u16,
    shown: Arc<Mutex<Arc<ServerConfig>>>,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// In front of `HOST:PORT`.
    pub async fn start(shown: Shown, to: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shown = Arc::new(Mutex::new(shown.0));
        let now = Arc::clone(&shown);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let config = Arc::clone(&now.lock().unwrap_or_else(PoisonError::into_inner));
                let to = to.clone();
                tokio::spawn(async move {
                    // Whoever does not like the certificate leaves.
                    let Ok(mut client) = TlsAcceptor::from(config).accept(stream).await else { return };
                    let Ok(mut provider) = TcpStream::connect(to).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut provider).await;
                });
            }
        });
        Self { port, shown, task }
    }

    /// From now on it shows this.
    pub fn show(&self, shown: Shown) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown.0;
    }

    /// Nobody listens any more.
    pub async fn close(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}
