//! `vestibule token`: runs a flow as a client would, and prints the token.
//!
//! Owns: the command and which flow it runs. Does not own: the flows (`code`, `exchange`), reading a
//! token (`inspect`).

mod claims;
mod code;
mod exchange;
mod inspect;
mod loopback;
mod target;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use self::exchange::Flow;
use self::target::Target;
use crate::cli::exit::{Exit, Stop};
use crate::cli::http::Http;
use crate::cli::output;
use crate::clock::{Clock as _, SystemClock};
use crate::protocol::token_request::GrantType;

const EXAMPLES: &str = "\
Examples:
  vestibule token                                     sign in to the running development server in the browser
  vestibule token --client service                    its demo service, by client credentials
  vestibule token --client first-party --username ada by password, which is asked for
  curl -H \"Authorization: Bearer $(vestibule token)\" http://localhost:8000/items
  vestibule token --issuer https://id.example.com --client my-cli --scope 'openid read:users'
  vestibule token | vestibule token inspect -";

/// Get a token as a client would, and print it
///
/// On a pipe only the access token is printed, on a terminal its claims too. The code flow needs a client
/// with a loopback redirect URI. No secret is an argument: passwords and client secrets are asked for, or
/// read from stdin or a file; those of the demo clients are in the development server's data folder.
#[derive(Debug, Args)]
#[command(
    before_help = EXAMPLES,
    help_template = super::TEMPLATE,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Token {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    request: Request,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::Inspect),
}

#[derive(Debug, Args)]
struct Request {
    /// Issuer [default: that of the running development server]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Data folder of the running development server
    #[arg(long, value_name = "DIR", conflicts_with = "issuer")]
    data: Option<PathBuf>,
    /// Client
    #[arg(long, value_name = "CLIENT_ID", default_value = "cli")]
    client: String,
    /// File with the client's secret
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// Scope to ask for, space separated [default: openid and the client's default scope]
    #[arg(long)]
    scope: Option<String>,
    /// Audience to ask for (RFC 8707)
    #[arg(long, value_name = "URI")]
    resource: Option<String>,
    /// Grant [default: the client's first]
    #[arg(long, value_enum)]
    grant: Option<Grant>,
    /// Person, for the password grant; asked for when absent
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Print the ID token in its place: what an application knows of the person; no API takes it
    #[arg(long)]
    id_token: bool,
    /// Only print the URL to open
    #[arg(long)]
    no_open: bool,
}

/// `--grant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Grant {
    /// Sign in in the browser
    AuthorizationCode,
    /// With the person's password
    Password,
    /// As the client itself
    ClientCredentials,
}

impl From<Grant> for GrantType {
    fn from(grant: Grant) -> Self {
        match grant {
            Grant::AuthorizationCode => Self::AuthorizationCode,
            Grant::Password => Self::Password,
            Grant::ClientCredentials => Self::ClientCredentials,
        }
    }
}

impl Token {
    /// Runs the flow and prints the token. Ctrl-C ends it at any time.
    ///
    /// # Errors
    /// When there is no such server or client, or the server refuses.
    pub async fn run(self) -> Result<Exit, Stop> {
        let work = async {
            match self.command {
                Some(Command::Inspect(command)) => command.run().await,
                None => self.request.run().await,
            }
        };
        tokio::select! {
            outcome = work => outcome,
            _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
        }
    }
}

impl Request {
    async fn run(self) -> Result<Exit, Stop> {
        let target = Target::find(self.issuer.as_deref(), self.data.as_deref(), &self.client)?;
        let grant = self.grant.map(GrantType::from).map_or_else(|| target.first_grant(), Ok)?;
        let http = Http::for_url(target.issuer.as_str())?;
        let server = target.discover(&http).await?;
        let secret = target.secret(self.client_secret_file.as_deref(), grant).await?;
        let wanted = if self.id_token { "id_token" } else { "access_token" };
        let flow = Flow { http: &http, target: &target, server: &server, secret: secret.as_ref(), wanted };
        let asked = exchange::Asked { scope: self.scope.as_deref(), resource: self.resource.as_deref() };
        let token = match grant {
            GrantType::ClientCredentials => flow.client_credentials(&asked).await?,
            GrantType::Password => flow.password(&asked, self.username.as_deref()).await?,
            GrantType::AuthorizationCode | GrantType::RefreshToken => code::run(&flow, &asked, !self.no_open).await?,
        };
        output::data(&token)?;
        if output::stdout_is_terminal() {
            let now = SystemClock.now();
            let shown = claims::Decoded::read(&token).map(|decoded| decoded.text(now));
            output::data(&format!("\n{}", shown.unwrap_or_else(|| "(an opaque token: it has no claims)".to_owned())))?;
        }
        Ok(Exit::Ok)
    }
}
