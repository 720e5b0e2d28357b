//! `vestibule keys revoke`: the end of a key that leaked.
//!
//! Owns: that command and its question. Does not own: what ends with a key (`model/key_line`, `tokens`).

use std::io::{self, IsTerminal as _};

use clap::Args;
use serde_json::json;

use super::{chest, failed};
use crate::cli::data::Where;
use crate::cli::exit::{Exit, Stop};
use crate::cli::{output, prompt};
use crate::model::sealed_key::KeyUse;
use crate::tokens::Revoked;

const EXAMPLES: &str = "\
Examples:
  vestibule keys revoke KID --yes    as vestibule keys list shows it; without --yes it asks first";

/// End a key that leaked: nothing that it signed counts any more
///
/// It leaves /jwks, and servers refuse what it signed, within 2 seconds. Where it was the one that signs, the
/// key that was waiting does instead, or a new one. What was secret of it is erased. Backends that verify
/// offline accept its tokens until they fetch /jwks again.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Revoke {
    /// Of a signing key, or the id of a key of refresh tokens
    #[arg(value_name = "KID", allow_hyphen_values = true)]
    kid: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// One object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

impl Revoke {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let opened = self.place.open().await?;
        let (chest, now) = (chest(&opened)?, opened.clock.now());
        let known = chest.list(now).await.map_err(|error| failed(&error))?;
        let key = known.iter().find(|key| key.id == self.kid).ok_or_else(|| self.unknown())?;
        if !self.yes {
            agree(key.usage).await?;
        }
        match chest.revoke(&self.kid, opened.clock.now()).await.map_err(|error| failed(&error))? {
            Revoked::Unknown => return Err(self.unknown()),
            Revoked::Before => {
                let message = format!("{} was revoked before", self.kid);
                return Err(Stop::failure(message).hint("vestibule keys list shows which key signs"));
            }
            Revoked::Now(usage, successor) => self.tell(usage, successor.as_deref())?,
        }
        Ok(Exit::Ok)
    }

    fn unknown(&self) -> Stop {
        Stop::new(Exit::NotFound, format!("there is no key {}", output::plain(&self.kid)))
            .hint("vestibule keys list shows them all")
    }

    fn tell(&self, usage: KeyUse, successor: Option<&str>) -> Result<(), Stop> {
        if self.json {
            let object = json!({"revoked": self.kid, "use": super::word(usage), "successor": successor});
            return output::data(&format!("{object:#}"));
        }
        let next = successor.map_or_else(String::new, |kid| format!("; {kid} signs now"));
        output::message(&format!("{} is revoked{next}.", self.kid));
        output::message(match usage {
            KeyUse::Signing(_) => "Backends that verify offline accept its tokens until they fetch /jwks again.",
            KeyUse::Throttle => "Restart the servers: they count failures under other names then, from zero.",
            KeyUse::Refresh => "Whoever has a refresh token of it has to sign in again.",
        });
        Ok(())
    }
}

/// Asks, where somebody can answer.
async fn agree(usage: KeyUse) -> Result<(), Stop> {
    if !io::stdin().is_terminal() {
        return Err(Stop::new(Exit::Usage, "nobody can be asked here").hint("add --yes"));
    }
    let question = match usage {
        KeyUse::Signing(_) => "Every token that it signed is refused from now on. Type yes to go on: ",
        KeyUse::Throttle => "Failures are counted from zero after a restart. Type yes to go on: ",
        KeyUse::Refresh => "Every refresh token that it made is refused from now on. Type yes to go on: ",
    };
    if prompt::line(question).await? == "yes" { Ok(()) } else { Err(Stop::failure("nothing was changed")) }
}
