//! The ledger: what the server acknowledged, one line a fact, in a file that only grows; and what was
//! found to be wrong with it.
//!
//! Owns: the kinds of facts, writing them, and what they add up to. Does not own: asking the server
//! (`driver`, `checker`). A line is written when the answer has come, and before a request after which
//! something may be over; whatever stands open at the end is not asked about.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A person exists.
    Person { username: String, sub: String, password: String },
    /// A password may be set: from here on either may be the right one.
    SettingPassword { username: String },
    /// A password was set; the one before is over.
    PasswordSet { username: String, password: String, before: String },
    /// Somebody allowed the client what it asks for.
    Allowed { username: String },
    /// An identity at the provider, of the same name, may open the account.
    Linking { username: String },
    /// It does.
    Linked { username: String },
    /// A code was handed out.
    Code { username: String, code: String, verifier: String },
    /// A code was redeemed.
    Redeemed { username: String, code: String, grant: String, refresh: String, access: String },
    /// A refresh token was replaced.
    Rotated { grant: String, refresh: String, access: String },
    /// A grant may end.
    Ending { grant: String },
    /// A grant has ended, by this.
    Ended { grant: String, by: String },
    /// Somebody may be disabled.
    Disabling { username: String },
    /// Somebody was disabled, and everything they had has ended.
    Disabled { username: String },
}

/// What may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// Acknowledged, and not there any more.
    Lost,
    /// Over, and back.
    Revived,
    /// Meant for once, and there twice.
    Duplicated,
    /// Somebody was somebody else, or an answer was another request's.
    CrossIdentity,
    /// An answer that no fault explains.
    Unexplained,
}

/// The file, and what was wrong.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: Mutex<File>,
    facts: AtomicUsize,
    wrongs: Mutex<Vec<(Wrong, String)>>,
}

impl Ledger {
    pub fn create(path: PathBuf) -> Self {
        let file = File::create(&path).expect("the ledger's file");
        Self { path, file: Mutex::new(file), facts: AtomicUsize::new(0), wrongs: Mutex::default() }
    }

    /// Appends a fact.
    pub fn note(&self, fact: &Fact) {
        let mut line = serde_json::to_vec(fact).expect("JSON");
        line.push(b'\n');
        self.file.lock().expect("no panic").write_all(&line).expect("a line");
        let open = matches!(
            fact,
            Fact::Ending { .. } | Fact::Disabling { .. } | Fact::SettingPassword { .. } | Fact::Linking { .. }
        );
        if !open {
            self.facts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many facts were acknowledged.
    pub fn facts(&self) -> usize {
        self.facts.load(Ordering::Relaxed)
    }

    /// Something is wrong.
    pub fn complain(&self, wrong: Wrong, what: impl Into<String>) {
        let what = what.into();
        eprintln!("    {wrong:?}: {what}");
        self.wrongs.lock().expect("no panic").push((wrong, what));
    }

    /// How often that was found.
    pub fn count(&self, wrong: Wrong) -> usize {
        self.wrongs.lock().expect("no panic").iter().filter(|(kind, _)| *kind == wrong).count()
    }

    /// The first so many things that were wrong.
    pub fn complaints(&self, count: usize) -> Vec<String> {
        let wrongs = self.wrongs.lock().expect("no panic");
        wrongs.iter().take(count).map(|(kind, what)| format!("{kind:?}: {what}")).collect()
    }

    /// Reads the file back.
    pub fn read(&self) -> Book {
        Book::read(&self.path)
    }
}

/// A grant, as the facts have it.
#[derive(Debug, Clone)]
pub struct Held {
    pub username: String,
    pub code: String,
    pub refresh: String,
    pub access: String,
    pub state: State,
}

/// Whether a grant is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Alive,
    /// Nobody knows.
    Open,
    Over,
}

/// A person, as the facts have them.
#[derive(Debug, Clone)]
pub struct Known {
    pub sub: String,
    /// The right one, if it is known which one that is.
    pub password: Option<String>,
    pub before: Option<String>,
    pub allowed: bool,
    /// The identity at the provider: alive when it was linked, over when nobody ever tried.
    pub identity: State,
    pub disabled: State,
}

/// What the facts add up to.
#[derive(Debug, Default)]
pub struct Book {
    pub people: BTreeMap<String, Known>,
    pub grants: BTreeMap<String, Held>,
    /// Each code with its verifier, and whether it was redeemed.
    pub codes: BTreeMap<String, (String, bool)>,
}

impl Book {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the ledger's file");
        let mut book = Self::default();
        for line in text.lines() {
            book.add(serde_json::from_str(line).expect("a fact"));
        }
        book
    }

    fn person(&mut self, username: &str) -> &mut Known {
        self.people.get_mut(username).expect("a person of the ledger")
    }

    fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Person { username, sub, password } => {
                let (password, before, allowed) = (Some(password), None, false);
                let (identity, disabled) = (State::Over, State::Alive);
                self.people.insert(username, Known { sub, password, before, allowed, identity, disabled });
            }
            Fact::SettingPassword { username } => self.person(&username).password = None,
            Fact::PasswordSet { username, password, before } => {
                let person = self.person(&username);
                (person.password, person.before) = (Some(password), Some(before));
            }
            Fact::Allowed { username } => self.person(&username).allowed = true,
            Fact::Linking { username } => self.person(&username).identity = State::Open,
            Fact::Linked { username } => self.person(&username).identity = State::Alive,
            Fact::Code { code, verifier, .. } => {
                self.codes.insert(code, (verifier, false));
            }
            Fact::Redeemed { username, code, grant, refresh, access } => {
                if let Some((_, redeemed)) = self.codes.get_mut(&code) {
                    *redeemed = true;
                }
                self.grants.insert(grant, Held { username, code, refresh, access, state: State::Alive });
            }
            Fact::Rotated { grant, refresh, access } => {
                let held = self.grants.get_mut(&grant).expect("a grant of the ledger");
                (held.refresh, held.access) = (refresh, access);
            }
            Fact::Ending { grant } => self.end(&grant, State::Open),
            Fact::Ended { grant, .. } => self.end(&grant, State::Over),
            Fact::Disabling { username } => self.disable(&username, State::Open),
            Fact::Disabled { username } => self.disable(&username, State::Over),
        }
    }

    fn end(&mut self, grant: &str, state: State) {
        self.grants.get_mut(grant).expect("a grant of the ledger").state = state;
    }

    fn disable(&mut self, username: &str, state: State) {
        self.person(username).disabled = state;
        for held in self.grants.values_mut().filter(|held| held.username == username && held.state != State::Over) {
            held.state = state;
        }
    }
}

/// The generation in a refresh token: it is readable by anybody, and made by the server alone.
pub fn generation(refresh_token: &str) -> Option<u32> {
    let bytes = URL_SAFE_NO_PAD.decode(refresh_token).ok()?;
    Some(u32::from_be_bytes(bytes.get(21..25)?.try_into().ok()?))
}
