//! Keys that may see all of the sample library or only a part of it, and responses that must not
//! tell the difference between what is hidden and what does not exist.

use std::num::NonZeroU32;

use async_trait::async_trait;
use mcdewey_auth::{Caller, Credentials, IssuerUnavailable, Role};
use mcdewey_core::Visibility;

use super::GUIDE;

/// Accepts one key of each kind: `all`, `admin`, `evil` (only that product), `slow` (two requests a
/// minute), and `unverified`, which cannot be verified.
pub struct Keys;

#[async_trait]
impl Credentials for Keys {
    async fn caller(&self, secret: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        let only = |product: &str| Visibility::Only {
            vendors: Vec::new(),
            products: vec![product.to_owned()],
        };

        Ok(match secret {
            "unverified" => return Err(IssuerUnavailable),
            "all" => Some(Caller::new("portal", Role::Read, Visibility::Everything)),
            "admin" => Some(Caller::new("operator", Role::Admin, Visibility::Everything)),
            "evil" => Some(Caller::new("partner", Role::Read, only("evil"))),
            "slow" => {
                let requests_per_minute = NonZeroU32::new(2);
                Some(Caller {
                    requests_per_minute,
                    ..Caller::new("slow", Role::Read, Visibility::Everything)
                })
            }
            _ => None,
        })
    }

    fn required(&self) -> bool {
        true
    }
}

/// Names that exist but are hidden from the key `evil`: product, vendor, source, error code.
pub const HIDDEN: [&str; 4] = ["finesse", "Cisco", GUIDE, "20700"];
/// Names that do not exist, in the same order.
pub const MISSING: [&str; 4] = [
    "nothere",
    "Nobdy",
    "nothere/v12.5/developer-guide/developer-guide.md",
    "20711",
];

/// The template with these names in place of `{product}`, `{vendor}`, `{source}` and `{code}`.
pub fn filled_in(template: &str, names: [&str; 4]) -> String {
    let [product, vendor, source, code] = names;
    let named = template
        .replace("{product}", product)
        .replace("{vendor}", vendor);
    named.replace("{source}", source).replace("{code}", code)
}

/// The response without timings, and with the hidden names replaced by the missing ones.
pub fn comparable(response: &str) -> String {
    let mut text = response.to_owned();
    for (hidden, missing) in HIDDEN.iter().zip(MISSING).rev() {
        text = text.replace(hidden, missing);
    }

    let is_numeric = |c: char| c.is_ascii_digit() || c == '.' || c == '-' || c == 'e';
    for name in
        ["queue", "embed", "store", "fusion", "write", "total"].map(|name| format!("\"{name}\":"))
    {
        while let Some(start) = text.find(&name) {
            let end = text[start + name.len()..]
                .find(|c| !is_numeric(c))
                .map_or(text.len(), |end| start + name.len() + end);
            text.replace_range(start..end, "");
        }
    }

    text
}
