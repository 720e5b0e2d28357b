//! The static files of the pages, built into the binary.
//!
//! Owns: their bytes and their names, which change with their content. Does not own: serving them
//! (`endpoints/assets`).

use std::sync::LazyLock;

use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::TokenHash;
use crate::web::urls::{self, path};

/// One file.
#[derive(Debug, Clone)]
pub struct Asset {
    /// `style.0123456789ab.css`: the content's hash is in it, so that it may be cached for ever.
    pub name: String,
    /// The media type.
    pub content_type: &'static str,
    /// The content.
    pub bytes: &'static [u8],
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    named("style", "css", "text/css; charset=utf-8", include_bytes!("../../templates/assets/style.css"))
});

static ICON: LazyLock<Asset> =
    LazyLock::new(|| named("icon", "svg", "image/svg+xml", include_bytes!("../../templates/assets/icon.svg")));

static SUBMIT: LazyLock<Asset> = LazyLock::new(|| {
    named("submit", "js", "text/javascript; charset=utf-8", include_bytes!("../../templates/assets/submit.js"))
});

fn named(stem: &str, extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    let hash: String = TokenHash::of(bytes).to_hex().chars().take(12).collect();
    Asset { name: format!("{stem}.{hash}.{extension}"), content_type, bytes }
}

/// The style sheet.
#[must_use]
pub fn style() -> &'static Asset {
    &STYLE
}

/// The icon.
#[must_use]
pub fn icon() -> &'static Asset {
    &ICON
}

/// The script that sends the form of a page at once.
#[must_use]
pub fn submit() -> &'static Asset {
    &SUBMIT
}

/// The file of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    [style(), icon(), submit()].into_iter().find(|asset| asset.name == name)
}

/// Where a browser finds it.
#[must_use]
pub fn href(asset: &Asset, issuer: &Issuer) -> String {
    format!("{}/{}", urls::local(issuer, path::ASSETS), asset.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_under_its_own_name_only() {
        assert!(find(&style().name).is_some());
        assert!(find("style.css").is_none());
        assert!(find("").is_none());
        assert_ne!(style().name, icon().name);
    }

    #[test]
    fn pages_stay_small() {
        assert!(style().bytes.len() + icon().bytes.len() < 30_000);
    }
}
