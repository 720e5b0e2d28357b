//! The way through the provider: an identity of the same name is linked to the account, and opens it from then on.
//!
//! Owns: that way, and that whoever comes back is who left. Does not own: the pages before and after it (`visitor`).

use super::installation::PROVIDER;
use super::ledger::{Fact, Wrong};
use super::visitor::{Visitor, World, excerpt};
use crate::support::{Answer, forms};

impl Visitor {
    /// Links it, unless it is; what is left half done is begun anew the next time.
    pub async fn link(&mut self, world: &World) {
        if self.signed_in && !self.linked {
            self.linked = self.try_to_link(world).await.is_some();
            if self.linked {
                world.ledger.note(&Fact::Linked { username: self.username.clone() });
            }
        }
    }

    async fn try_to_link(&mut self, world: &World) -> Option<()> {
        let page = self.get(world, &format!("{}/account", world.issuer)).await.ok()?;
        if page.status != 200 {
            return self.refused(world, &page, Wrong::Lost);
        }
        let Some(link) = way_out(&page) else {
            // The answer was lost, and not what it told of; or the sign-in is not fresh.
            return page.text().contains(&format!("<strong>{PROVIDER}</strong>")).then_some(());
        };
        world.ledger.note(&Fact::Linking { username: self.username.clone() });
        let answer = self.there_and_back(world, &link).await?;
        if answer.status == 303 && answer.location().path() == "/account" {
            return Some(());
        }
        // Taken, that is: by somebody else.
        self.refused(world, &answer, if answer.status == 409 { Wrong::CrossIdentity } else { Wrong::Unexplained })
    }

    /// Signs in there, on a sign-in page.
    pub async fn sign_in_elsewhere(&mut self, world: &World, page: &Answer) -> Option<Answer> {
        let Some(link) = way_out(page) else {
            world.complain(Wrong::Unexplained, format!("{}: no way to the provider", self.username));
            return None;
        };
        let answer = self.there_and_back(world, &link).await?;
        if answer.status == 303 && !answer.location().path().starts_with("/join") {
            self.signed_in = true;
            return Some(answer);
        }
        self.refused(world, &answer, Wrong::Lost)
    }

    /// Leaves by a link, says there who they are and comes back: the answer to that.
    async fn there_and_back(&mut self, world: &World, link: &str) -> Option<Answer> {
        let there = self.get(world, link).await.ok()?;
        if there.status != 303 || !there.location().as_str().starts_with(&world.provider.base()) {
            return self.refused(world, &there, Wrong::Unexplained);
        }
        let home = world.provider.visit_as(&self.username, there.location()).await;
        self.get(world, home.url.as_str()).await.ok()
    }

    /// Whether the identity opens nothing, asked from the sign-in page.
    pub async fn is_kept_out_elsewhere(&mut self, world: &World) -> Option<bool> {
        let page = self.get(world, &format!("{}/login", world.issuer)).await.ok()?;
        let answer = self.there_and_back(world, &way_out(&page)?).await?;
        Some((400..500).contains(&answer.status))
    }

    /// Redis may have forgotten that somebody left, or who is signed in; nothing else is an excuse.
    fn refused<T>(&self, world: &World, answer: &Answer, wrong: Wrong) -> Option<T> {
        if !world.is_forgetful() {
            let what = format!("{}: {} at {}: {}", self.username, answer.status, answer.url.path(), main_of(answer));
            world.complain(wrong, what);
        }
        None
    }
}

/// The link to the provider, absolute.
fn way_out(page: &Answer) -> Option<String> {
    let hrefs = forms::attributes(&page.text(), "href").into_iter().filter_map(|href| page.url.join(&href).ok());
    let path = format!("/login/{PROVIDER}");
    hrefs.into_iter().find(|url| url.path() == path).map(String::from)
}

fn main_of(answer: &Answer) -> String {
    let text = answer.text();
    text.split_once("<main").map_or_else(|| excerpt(answer), |(_, main)| main.chars().take(600).collect())
}
