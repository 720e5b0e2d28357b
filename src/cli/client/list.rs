//! `vestibule client list`: every client of a configuration.
//!
//! Owns: that command. Does not own: a client in words (`describe`).

use clap::Args;
use serde_json::Value;

use crate::cli::client::describe;
use crate::cli::data::Where;
use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::model::client::Client;

const EXAMPLES: &str = "\
Examples:
  vestibule client list
  vestibule client list --config /etc/vestibule --json | jq -r '.[].client_id'";

/// List clients, disabled ones too
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct List {
    /// An array of objects, under the names of RFC 7591
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

impl List {
    pub(super) fn run(self) -> Result<Exit, Stop> {
        let config = self.place.config()?;
        let clients: Vec<&Client> = config.registry.clients().map(AsRef::as_ref).collect();
        if self.json {
            let array: Value = clients.iter().map(|client| describe::object(client)).collect();
            output::data(&format!("{array:#}"))?;
        } else if clients.is_empty() {
            output::message("There is no client yet: vestibule client new ID");
        } else {
            let head = ["CLIENT_ID", "KIND", "GRANT_TYPES", "SCOPE", "DEFINED AT"].map(str::to_owned).to_vec();
            let rows = clients.iter().map(|client| row(client));
            output::data(&output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>()))?;
        }
        Ok(Exit::Ok)
    }
}

fn row(client: &Client) -> Vec<String> {
    let secret = if client.is_public() { "public" } else { "confidential" };
    let application = describe::application_type(client);
    let kind = if client.enabled { format!("{secret} {application}") } else { "disabled".to_owned() };
    let grants = describe::grant_types(client).join(" ");
    let defined_at = client.defined_at.clone().unwrap_or_else(|| "demonstration".to_owned());
    [client.client_id.to_string(), kind, grants, client.scope.to_string(), defined_at]
        .map(|cell| output::plain(if cell.is_empty() { "-" } else { &cell }))
        .to_vec()
}
