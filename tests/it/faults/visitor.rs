//! One person with one browser, and the application they use: the way of a sign-in through an installation
//! that may break at any step of it.
//!
//! Owns: going that way, noting each acknowledged fact, and that no answer is somebody else's. Does not own:
//! in what order things are done (`driver`), the way through the provider (`elsewhere`), or forms (`support::forms`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::Value;

use super::installation::Installation;
use super::ledger::{Fact, Ledger, Wrong};
use super::meter::Asked;
use super::wire::{Sent, Trouble, Wire};
use crate::support::ask::unique;
use crate::support::forms::{Form, forms};
use crate::support::providers::FakeProvider;
use crate::support::{Answer, Ask, jwt};

/// The client that everybody uses, and the API's server that asks about its tokens.
pub const CLIENT: &str = "keeper";
pub const API: &str = "api-server";

/// Where the requests go and where the facts do.
#[derive(Debug, Clone)]
pub struct World {
    pub wires: Vec<Wire>,
    pub issuer: String,
    pub provider: Arc<FakeProvider>,
    pub ledger: Arc<Ledger>,
    turn: Arc<AtomicUsize>,
    /// Whether Redis loses what it has: sessions and codes may be gone then, and nothing else.
    pub forgetful: Arc<AtomicBool>,
}

impl World {
    pub fn new(wires: Vec<Wire>, installation: &Installation, ledger: Arc<Ledger>) -> Self {
        let (issuer, provider) = (installation.issuer.clone(), Arc::clone(&installation.provider));
        Self { wires, issuer, provider, ledger, turn: Arc::default(), forgetful: Arc::default() }
    }

    /// One after the other, as a proxy chooses that knows nothing of them.
    pub fn any(&self) -> &Wire {
        &self.wires[self.turn.fetch_add(1, Ordering::Relaxed) % self.wires.len()]
    }

    pub fn is_forgetful(&self) -> bool {
        self.forgetful.load(Ordering::SeqCst)
    }

    pub fn complain(&self, wrong: Wrong, what: impl Into<String>) {
        self.ledger.complain(wrong, what);
    }
}

/// Tokens of one grant.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub grant: String,
    pub refresh: String,
    pub access: String,
}

/// Somebody at a browser.
#[derive(Debug)]
pub struct Visitor {
    pub username: String,
    pub sub: String,
    /// What may be right, the likeliest first; one is certain.
    pub passwords: Vec<String>,
    cookies: BTreeMap<String, String>,
    pub signed_in: bool,
    pub allowed: bool,
    /// Whether their identity at the provider opens the account, and they come in that way.
    pub linked: bool,
    /// Whether this sign-in was allowed, and the code that says so is not there yet.
    allowing: bool,
    wrong_passwords: usize,
}

impl Visitor {
    pub fn new(username: String, sub: String, password: String) -> Self {
        let (cookies, passwords) = (BTreeMap::new(), vec![password]);
        Self {
            username,
            sub,
            passwords,
            cookies,
            signed_in: false,
            allowed: false,
            linked: false,
            allowing: false,
            wrong_passwords: 0,
        }
    }

    async fn send(&mut self, world: &World, mut sent: Sent) -> Result<Answer, Trouble> {
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            sent = sent.header("cookie", cookies.join("; "));
        }
        let site = if sent.method == Method::POST { "same-origin" } else { "none" };
        let answer = world.any().send(sent.header("sec-fetch-site", site.to_owned())).await?;
        for header in answer.headers.get_all("set-cookie") {
            let text = header.to_str().unwrap_or_default();
            let (name, rest) = text.split_once('=').unwrap_or_default();
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() || text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }

    pub async fn get(&mut self, world: &World, url: &str) -> Result<Answer, Trouble> {
        self.send(world, Sent::get(Asked::Page, url)).await
    }

    /// Fills in the form of a page and sends it.
    async fn submit(&mut self, world: &World, page: &Answer, typed: &[(&str, &str)]) -> Result<Answer, Trouble> {
        let Some((action, form)) = form_of(page) else { return Err(Trouble) };
        let mut fields = form.fields();
        for (name, value) in typed {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let sent = Sent { fields, ..Sent::post(Asked::Page, &action, &[]) };
        self.send(world, sent).await
    }

    /// From the application and back to it with a code; `None` when the installation is in trouble. What is
    /// left half done then is begun anew.
    pub async fn authorize(&mut self, world: &World) -> Option<(Ask, String)> {
        let ask = Ask::of(CLIENT);
        self.allowing = false;
        let mut answer = self.get(world, &format!("{}/authorize?{}", world.issuer, ask.query())).await.ok()?;
        for _ in 0..16 {
            answer = match answer.status {
                302 | 303 => {
                    let next = answer.location();
                    if next.as_str().starts_with(&ask.redirect_uri) {
                        return self.arrive(world, ask, &next);
                    }
                    self.get(world, next.as_str()).await.ok()?
                }
                200 => self.answer_page(world, &answer).await?,
                status => {
                    // Redis forgot the sign-in that was under way.
                    if !world.is_forgetful() {
                        let what = format!("{}: {status} at {}: {}", self.username, answer.url, excerpt(&answer));
                        world.complain(Wrong::Unexplained, what);
                    }
                    return None;
                }
            };
        }
        world.complain(Wrong::Unexplained, format!("{}: sent around in circles, at {}", self.username, answer.url));
        None
    }

    fn arrive(&mut self, world: &World, ask: Ask, url: &url::Url) -> Option<(Ask, String)> {
        let get = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        if get("state").as_deref() != ask.get("state") {
            world.complain(Wrong::CrossIdentity, format!("{}: the state of another request: {url}", self.username));
        }
        let Some(code) = get("code") else {
            // It may say so by the redirect, too.
            if get("error").as_deref() != Some("temporarily_unavailable") {
                world.complain(Wrong::Unexplained, format!("{}: {url}", self.username));
            }
            return None;
        };
        // It is remembered with the code, not before: until then it is a step of this sign-in.
        if std::mem::take(&mut self.allowing) {
            self.allowed = true;
            world.ledger.note(&Fact::Allowed { username: self.username.clone() });
        }
        let verifier = ask.verifier.clone().unwrap_or_default();
        world.ledger.note(&Fact::Code { username: self.username.clone(), code: code.clone(), verifier });
        Some((ask, code))
    }

    async fn answer_page(&mut self, world: &World, page: &Answer) -> Option<Answer> {
        match page.url.path() {
            "/login" => self.sign_in(world, page).await,
            "/password" => self.set_password(world, page).await,
            "/consent" => {
                if self.allowed {
                    world.complain(Wrong::Lost, format!("{}: what was allowed is asked again", self.username));
                }
                let answer = self.submit(world, page, &[("decision", "allow")]).await.ok()?;
                self.allowing = answer.status == 303;
                Some(answer)
            }
            other => {
                world.complain(Wrong::Unexplained, format!("{}: a page at {other}", self.username));
                None
            }
        }
    }

    async fn sign_in(&mut self, world: &World, page: &Answer) -> Option<Answer> {
        if self.signed_in && !world.is_forgetful() {
            world.complain(Wrong::Lost, format!("{}: the session", self.username));
        }
        self.signed_in = false;
        if self.linked {
            return self.sign_in_elsewhere(world, page).await;
        }
        let password = self.passwords.first().expect("one").clone();
        let typed = [("username", self.username.clone()), ("password", password)];
        let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.submit(world, page, &typed).await.ok()?;
        if answer.status == 303 {
            self.signed_in = true;
            self.wrong_passwords = 0;
            return Some(answer);
        }
        if world.is_forgetful() && answer.status != 200 && answer.status != 401 {
            return None;
        }
        // Only where the answer to a change was lost there is a second one.
        self.wrong_passwords += 1;
        if self.wrong_passwords >= self.passwords.len() {
            let what = format!("{}: {} to the right password: {}", self.username, answer.status, excerpt(&answer));
            world.complain(Wrong::Lost, what);
            self.wrong_passwords = 0;
        }
        self.passwords.rotate_left(1);
        None
    }

    /// The first sign-in with a generated password leads here.
    async fn set_password(&mut self, world: &World, page: &Answer) -> Option<Answer> {
        let new = unique("a long password of my own");
        world.ledger.note(&Fact::SettingPassword { username: self.username.clone() });
        let before = self.passwords.first().expect("one").clone();
        self.passwords = vec![new.clone(), before.clone()];
        // The browser's session is replaced, whether the answer comes or not.
        self.signed_in = false;
        let answer = self.submit(world, page, &[("password", &new), ("repeated", &new)]).await.ok()?;
        if answer.status == 303 {
            self.passwords.truncate(1);
            self.signed_in = true;
            world.ledger.note(&Fact::PasswordSet { username: self.username.clone(), password: new, before });
        }
        Some(answer)
    }

    /// Goes on in another browser, where nobody is signed in.
    pub fn change_browser(&mut self) {
        self.cookies.clear();
        self.signed_in = false;
    }

    /// Who the home page says one is.
    pub async fn look_home(&mut self, world: &World) {
        if !self.signed_in {
            return;
        }
        let Ok(answer) = self.get(world, &format!("{}/", world.issuer)).await else { return };
        let text = answer.text();
        if text.contains(&format!("<dd>{}</dd>", self.username)) {
            return;
        }
        if text.contains("<dd>") {
            world.complain(Wrong::CrossIdentity, format!("{}: the home page is somebody else's", self.username));
        } else if !world.is_forgetful() {
            world.complain(Wrong::Lost, format!("{}: the session, at home: {}", self.username, excerpt(&answer)));
        }
        self.signed_in = false;
    }

    /// Signs out; whether it was acknowledged that a session was ended.
    pub async fn sign_out(&mut self, world: &World) -> bool {
        let Ok(page) = self.get(world, &format!("{}/logout", world.issuer)).await else { return false };
        if form_of(&page).is_none() {
            return false;
        }
        self.signed_in = false;
        self.submit(world, &page, &[]).await.is_ok_and(|answer| answer.status == 303)
    }

    /// What came with a code or a refresh: it must be this person's, and of this very request.
    pub fn read(&self, world: &World, answer: &Answer, nonce: Option<&str>) -> Option<Tokens> {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let (Some(refresh), Some(access), Some(id)) = (text("refresh_token"), text("access_token"), text("id_token"))
        else {
            world.complain(Wrong::Unexplained, format!("{}: tokens are missing: {}", self.username, excerpt(answer)));
            return None;
        };
        let (of_access, of_id) = (jwt::claims(&access), jwt::claims(&id));
        let right = of_access["sub"] == self.sub && of_id["sub"] == self.sub;
        if !right || nonce.is_some_and(|nonce| of_id["nonce"] != nonce) {
            world.complain(Wrong::CrossIdentity, format!("{}: {of_access} {of_id}", self.username));
        }
        let grant = of_access["jti"].as_str().and_then(|jti| jti.split('.').next()).unwrap_or_default().to_owned();
        Some(Tokens { grant, refresh, access })
    }
}

/// The redemption of a code.
pub fn redemption(code: &str, verifier: &str) -> Sent {
    let redirect_uri = crate::support::configuration::redirect_uri(CLIENT);
    let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
    let mut sent = Sent::post(Asked::Redeem, "/token", &fields).by(CLIENT);
    sent.fields.push(("code_verifier".to_owned(), verifier.to_owned()));
    sent
}

/// A refresh.
pub fn refresh(token: &str) -> Sent {
    Sent::post(Asked::Refresh, "/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).by(CLIENT)
}

/// Whether an answer says that there is nothing to be had for this any more.
pub fn is_over(answer: &Answer) -> bool {
    answer.status == 400 && answer.text().contains("invalid_grant")
}

/// The beginning of a body.
pub fn excerpt(answer: &Answer) -> String {
    answer.text().chars().take(300).collect()
}

/// The form that a page is about: where it goes, absolute.
fn form_of(page: &Answer) -> Option<(String, Form)> {
    let form = forms(&page.text()).into_iter().find(|form| form.method == "post")?;
    let action = page.url.join(&form.action).ok()?;
    Some((action.to_string(), form))
}
