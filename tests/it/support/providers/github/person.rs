//! Who signs in at the fake GitHub, as the test says.
//!
//! Owns: the account, its addresses and memberships. Does not own: what a scope shows of them (`rest`).

/// An account there.
#[derive(Debug, Clone)]
pub struct GitHubPerson {
    pub id: u64,
    pub login: String,
    pub name: Option<String>,
    /// Address, primary, verified.
    pub emails: Vec<(String, bool, bool)>,
    /// Of the public profile: whatever they wrote there.
    pub public_email: Option<String>,
    /// Organization and state: `active`, `pending`.
    pub organizations: Vec<(String, String)>,
    /// Organization, team and state.
    pub teams: Vec<(String, String, String)>,
}

impl GitHubPerson {
    pub fn new(id: u64, login: &str) -> Self {
        Self {
            id,
            login: login.to_owned(),
            name: None,
            emails: Vec::new(),
            public_email: None,
            organizations: Vec::new(),
            teams: Vec::new(),
        }
    }

    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// One more address.
    pub fn email(mut self, email: &str, primary: bool, verified: bool) -> Self {
        self.emails.push((email.to_owned(), primary, verified));
        self
    }

    /// The address of the public profile, which nobody may take for theirs.
    pub fn public_email(mut self, email: &str) -> Self {
        self.public_email = Some(email.to_owned());
        self
    }

    /// In an organization: `active` or `pending`.
    pub fn member_of(mut self, organization: &str, state: &str) -> Self {
        self.organizations.push((organization.to_owned(), state.to_owned()));
        self
    }

    /// In a team: `active` or `pending`.
    pub fn in_team(mut self, organization: &str, team: &str, state: &str) -> Self {
        self.teams.push((organization.to_owned(), team.to_owned(), state.to_owned()));
        self
    }
}
