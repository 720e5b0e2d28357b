//! The one connection to Redis.
//!
//! Owns: URL, TLS, time limits, reconnecting. Does not own: commands.
//!
//! One multiplexed connection carries every command of the process; a second would not be faster.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, IntoConnectionInfo as _, ProtocolVersion, RedisError,
    ServerErrorKind, TlsCertificates,
};
use secrecy::ExposeSecret as _;

use crate::config;
use crate::store::StoreError;

/// The pause between two tries to connect grows from the first to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// How long sent bytes may stay unacknowledged before the connection counts as broken: without it a
/// host that vanished would be waited for a quarter of an hour.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

/// Connects once, so that a mistake in the URL is found now, and returns a connection that makes itself
/// anew for ever.
///
/// # Errors
/// When the URL cannot be used or Redis refuses it. A Redis that cannot be reached is logged, not an error.
pub(super) async fn open(config: &config::Redis) -> Result<ConnectionManager, StoreError> {
    let client = client(config).map_err(|error| StoreError::new("reading the URL of Redis", error))?;
    let once = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(config.connect_timeout))
        .set_response_timeout(Some(config.command_timeout));
    match client.get_multiplexed_async_connection_with_config(&once).await {
        Ok(_) => {}
        Err(error) if is_refusal(&error) => return Err(StoreError::new("connecting to Redis", error)),
        Err(error) => tracing::warn!(%error, "Redis does not answer yet: connecting goes on"),
    }
    let (first, longest) = PAUSE;
    let forever = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(config.connect_timeout))
        .set_response_timeout(Some(config.command_timeout))
        .set_min_delay(first)
        .set_max_delay(longest)
        .set_number_of_retries(usize::MAX);
    ConnectionManager::new_lazy_with_config(client, forever)
        .map_err(|error| StoreError::new("connecting to Redis", error))
}

fn client(config: &config::Redis) -> Result<Client, RedisError> {
    let info: ConnectionInfo = config.url.expose_secret().into_connection_info()?;
    // RESP3: the end of the connection is noticed when it comes, not by the next command.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let tcp = tcp.set_user_timeout(UNACKNOWLEDGED);
    let info = info.set_redis_settings(settings).set_tcp_settings(tcp);
    match config.ca.clone() {
        Some(ca) => Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: Some(ca) }),
        None => Client::open(info),
    }
}

/// Whether trying again is useless until somebody changes the URL or the server's settings.
fn is_refusal(error: &RedisError) -> bool {
    let by_kind = matches!(
        error.kind(),
        ErrorKind::AuthenticationFailed
            | ErrorKind::InvalidClientConfig
            | ErrorKind::RESP3NotSupported
            | ErrorKind::Server(ServerErrorKind::ResponseError)
    );
    by_kind || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}
