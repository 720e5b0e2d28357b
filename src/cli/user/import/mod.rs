//! `vestibule user import`: people of another program, with the password hashes they have there.
//!
//! Owns: that command: batches, progress, what is reported. Does not own: reading files (`rows`), what a
//! row must be (`person`), verifying the hashes (`passwords`).
//!
//! The file is read once and never kept: memory does not grow with it. Each batch is one transaction, so
//! an import that was cut off is simply run again: whoever is there already is left as they are.

mod csv;
mod json_lines;
mod person;
mod rows;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::cli::data::{Opened, Where};
use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::cli::user::import::rows::{Format, Row, Rows};
use crate::clock::{Clock, system_rng};
use crate::model::person::{LoginName, User};
use crate::protocol::ids::RoleName;
use crate::store::{UserInserted, UserStore};

/// Rows of one transaction.
const BATCH: usize = 500;

const EXAMPLES: &str = "\
Examples:
  vestibule user import people.csv
  vestibule user import people.jsonl --config ./config
  psql -c \"copy (select …) to stdout csv header\" app | vestibule user import - --format csv";

/// Add people of another program, with their password hashes
///
/// CSV with a header, or one JSON object a line, with some of: username, email, email_verified, name, roles
/// (separated by spaces), password_hash, phone_number, phone_number_verified, address, street_address, locality,
/// region, postal_code, country. Hashes of bcrypt, argon2, PBKDF2, scrypt and SHA-crypt, as passlib,
/// Django and crypt(3) write them, are taken as they are; each is replaced by argon2id when its person signs
/// in. A row that cannot be taken is named on stderr, the others are imported. Run it again after a cut:
/// people who are there already are left alone.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Import {
    /// The file, or - for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How it is written [default: by the file's extension]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The summary as an object {imported, already_there, refused, without_password}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

/// What became of the rows.
#[derive(Debug, Default)]
struct Tally {
    imported: u64,
    already_there: u64,
    refused: u64,
    without_password: u64,
    roles: BTreeSet<RoleName>,
}

/// A row, and the person it makes or why it makes none.
struct Candidate {
    line: u64,
    outcome: Result<Box<User>, String>,
}

impl Import {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let format = self.format()?;
        let (input, length) = self.open_file()?;
        let Opened { config, stores, clock } = self.place.open().await?;
        let bar = progress(length);
        let reader = BufReader::new(bar.wrap_read(input));
        let mut rows = Rows::open(format, reader).map_err(|error| self.unreadable(&error))?;
        let mut tally = Tally::default();
        loop {
            let batch = read_batch(&mut rows, clock.as_ref()).map_err(|error| self.unreadable(&error))?;
            if batch.is_empty() {
                break;
            }
            tally.store(batch, stores.users.as_ref(), &bar).await?;
            bar.set_message(format!("{} people", tally.imported + tally.already_there));
        }
        bar.finish_and_clear();
        super::warn_of_unknown(&tally.roles.iter().cloned().collect::<Vec<_>>(), &config.registry);
        self.report(&tally)
    }

    fn format(&self) -> Result<Format, Stop> {
        let by_name = || self.file.extension().and_then(|name| name.to_str()).and_then(Format::of_extension);
        self.format.or_else(by_name).ok_or_else(|| {
            Stop::new(Exit::Usage, format!("how is {} written?", self.file.display()))
                .hint("name it .csv, .jsonl or .ndjson, or say --format csv or --format jsonl")
        })
    }

    /// The file and how long it is, where that is known.
    fn open_file(&self) -> Result<(Box<dyn Read>, Option<u64>), Stop> {
        if self.file == Path::new("-") {
            return Ok((Box::new(io::stdin()), None));
        }
        let file = File::open(&self.file).map_err(|error| {
            let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failure };
            Stop::new(exit, format!("{} could not be opened: {error}", self.file.display()))
        })?;
        let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
        Ok((Box::new(file), length))
    }

    fn unreadable(&self, error: &io::Error) -> Stop {
        Stop::failure(format!("{}: {error}", self.file.display()))
            .hint("what was read before is stored; mend the file and run this again: nobody is added twice")
    }

    fn report(&self, tally: &Tally) -> Result<Exit, Stop> {
        let Tally { imported, already_there, refused, without_password, .. } = tally;
        if self.json {
            let object = json!({
                "imported": imported,
                "already_there": already_there,
                "refused": refused,
                "without_password": without_password,
            });
            output::data(&object.to_string())?;
        } else {
            output::data(&format!(
                "imported       {imported}\nalready there  {already_there}\nrefused        {refused}"
            ))?;
            if *without_password > 0 {
                output::message(&format!("{without_password} of them have no password and cannot sign in with one."));
            }
        }
        Ok(if *refused > 0 { Exit::Failure } else { Exit::Ok })
    }
}

fn progress(length: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let template = if length.is_some() { "{bar:40} {percent:>3} %  {msg}" } else { "{spinner} {msg}" };
    ProgressStyle::with_template(template).map(|style| bar.set_style(style)).ok();
    bar
}

/// The next rows, up to a batch; none at the end of the file.
fn read_batch(rows: &mut Rows<impl io::BufRead>, clock: &dyn Clock) -> io::Result<Vec<Candidate>> {
    let (now, mut rng) = (clock.now(), system_rng());
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH {
        let Some(Row { line, fields }) = rows.next()? else { break };
        let outcome = fields.and_then(|fields| person::of(&fields, now, &mut rng)).map(Box::new);
        batch.push(Candidate { line, outcome });
    }
    Ok(batch)
}

impl Tally {
    /// Stores a batch and says what was refused of it, in the order of the file.
    async fn store(&mut self, batch: Vec<Candidate>, users: &dyn UserStore, bar: &ProgressBar) -> Result<(), Stop> {
        let people: Vec<User> =
            batch.iter().filter_map(|row| row.outcome.as_ref().ok()).map(|user| User::clone(user)).collect();
        let results = users.insert_many(&people).await.map_err(|error| super::store_failed(&error))?;
        let mut results = results.into_iter();
        for Candidate { line, outcome } in batch {
            let why = match outcome {
                Err(why) => Some(why),
                Ok(user) => self.count(&user, results.next(), users).await?,
            };
            if let Some(why) = why {
                self.refused += 1;
                bar.suspend(|| output::message(&format!("line {line}: {}", output::plain(&why))));
            }
        }
        Ok(())
    }

    /// Counts a person; the reason when they were refused.
    async fn count(
        &mut self,
        user: &User,
        result: Option<UserInserted>,
        users: &dyn UserStore,
    ) -> Result<Option<String>, Stop> {
        match result {
            Some(UserInserted::New) => {
                self.imported += 1;
                self.without_password += u64::from(user.password.is_none());
                self.roles.extend(user.roles.iter().cloned());
                Ok(None)
            }
            Some(UserInserted::EmailTaken) => Ok(Some("another person has that e-mail address".to_owned())),
            Some(UserInserted::UsernameTaken) | None => {
                let name = LoginName::read(user.username.as_str());
                let known = users.find_by_login(&name).await.map_err(|error| super::store_failed(&error))?;
                // Their password and roles may have changed since they were imported; the address tells
                // them from somebody else of that name.
                if known.is_some_and(|known| known.email == user.email) {
                    self.already_there += 1;
                    return Ok(None);
                }
                Ok(Some(format!("there is a person named {} already, with another e-mail address", user.username)))
            }
        }
    }
}
