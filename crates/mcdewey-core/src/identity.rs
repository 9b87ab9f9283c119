//! Stable identifiers: source paths, chunk ids, root names and point ids.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ContentHash, InvalidValue};

/// The characters that are percent-encoded in a part of a chunk id.
const CHUNK_ID_ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The namespace of McDewey's point ids: the UUIDv5 of "mcdewey" in the DNS namespace.
const POINT_NAMESPACE: Uuid = Uuid::from_u128(0x6f0f_1c1b_6cc3_5a4e_9d0b_6d63_6465_7765);

/// Implements the conversions of a newtype over `String` that is validated by its `FromStr`.
macro_rules! string_newtype {
    ($name:ident) => {
        impl $name {
            /// Returns the value as a string slice.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }
    };
}

/// The path of a document in the library: the root's prefix ([`RootName::source_prefix`]) and the
/// path relative to the root, with `/` between parts. It never leads out of the root.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SourcePath(String);

string_newtype!(SourcePath);

impl FromStr for SourcePath {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let reason = if text.is_empty() {
            "the path is empty"
        } else if text.chars().any(|c| c.is_control() || c == '\\') {
            "control characters and backslashes are not allowed"
        } else if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            "expected a relative path without empty parts, `.` or `..`"
        } else {
            return Ok(Self(text.to_owned()));
        };

        Err(InvalidValue::new("source path", text, reason))
    }
}

impl SourcePath {
    /// Returns the path without the extension of its last part. Two sources with the same stem
    /// would have the same chunk ids, so an index rejects the second one.
    pub fn stem(&self) -> &str {
        let name_start = self.0.rfind('/').map_or(0, |slash| slash + 1);
        match self.0[name_start..].rfind('.') {
            Some(dot) if dot > 0 => &self.0[..name_start + dot],
            _ => &self.0,
        }
    }

    /// Returns the last part of the path.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Reports whether the path is below the folder `prefix`, given with or without a trailing `/`.
    /// Every path is below "".
    pub fn is_below(&self, prefix: &str) -> bool {
        let prefix = prefix.trim_end_matches('/');
        prefix.is_empty()
            || self
                .0
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Returns the prefix of all chunk ids of this document, without the trailing `::`.
    pub fn chunk_prefix(&self) -> String {
        let parts: Vec<String> = self
            .stem()
            .split('/')
            .map(|part| utf8_percent_encode(part, CHUNK_ID_ENCODED).to_string())
            .collect();
        parts.join("::")
    }
}

/// The id of a chunk: the parts of its document's path and its ordinal, joined with `::`
/// (`finesse::v12.5::developer-guide::developer-guide::102`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ChunkId(String);

string_newtype!(ChunkId);

impl ChunkId {
    /// Creates the id of the chunk with this 0-based `ordinal` in the document `source`.
    pub fn new(source: &SourcePath, ordinal: u32) -> Self {
        Self::in_document(&source.chunk_prefix(), ordinal)
    }

    /// Creates the id of a chunk in the document with this [`SourcePath::chunk_prefix`], which is
    /// costly to compute for every chunk.
    pub fn in_document(prefix: &str, ordinal: u32) -> Self {
        Self(format!("{prefix}::{ordinal}"))
    }

    /// Returns the document's part of the id, see [`SourcePath::chunk_prefix`].
    pub fn document_prefix(&self) -> &str {
        self.split().0
    }

    /// Returns the chunk's 0-based position in its document.
    pub fn ordinal(&self) -> u32 {
        self.split().1
    }

    fn split(&self) -> (&str, u32) {
        self.0
            .rsplit_once("::")
            .and_then(|(prefix, ordinal)| Some((prefix, ordinal.parse().ok()?)))
            .expect("a chunk id is validated when it is created")
    }
}

impl FromStr for ChunkId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |reason| Err(InvalidValue::new("chunk id", text, reason));
        let Some((prefix, ordinal)) = text.rsplit_once("::") else {
            return invalid("expected `path::to::document::ordinal`");
        };

        let has_forbidden_character = text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '/');

        if prefix.is_empty() || has_forbidden_character {
            return invalid("expected `path::to::document::ordinal` without spaces or `/`");
        }

        if ordinal.parse::<u32>().is_err() || (ordinal.len() > 1 && ordinal.starts_with('0')) {
            return invalid("expected `::` and the passage's number at the end");
        }

        Ok(Self(text.to_owned()))
    }
}

/// The name of a root folder in the settings. Source paths start with it, except those of the
/// default root `corpus`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RootName(String);

string_newtype!(RootName);

impl RootName {
    /// The name of the default root, which every library has.
    pub const DEFAULT: &str = "corpus";

    /// Returns the prefix of this root's source paths: `name/`, or an empty string for the default
    /// root.
    pub fn source_prefix(&self) -> String {
        if self.0 == Self::DEFAULT {
            String::new()
        } else {
            format!("{}/", self.0)
        }
    }
}

impl Default for RootName {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl FromStr for RootName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if text.is_empty() || text.starts_with('.') || !text.chars().all(is_allowed) {
            return Err(InvalidValue::new(
                "root name",
                text,
                "expected letters, digits, `-`, `_` and `.`, without a leading `.`",
            ));
        }

        Ok(Self(text.to_owned()))
    }
}

/// Returns the id of a stored point. It depends on the hash of the document's revision, so the
/// points of an old and a new revision can coexist while one replaces the other.
pub fn point_id(kind: &str, chunk_id: &ChunkId, document: &ContentHash) -> Uuid {
    let mut name = Vec::with_capacity(kind.len() + chunk_id.as_str().len() + 34);
    name.extend_from_slice(kind.as_bytes());
    name.push(0);
    name.extend_from_slice(chunk_id.as_str().as_bytes());
    name.push(0);
    name.extend_from_slice(document.as_bytes());

    Uuid::new_v5(&POINT_NAMESPACE, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> SourcePath {
        text.parse().unwrap()
    }

    #[test]
    fn chunk_ids_are_derived_from_the_source_path() {
        let id = ChunkId::new(
            &source("finesse/v12.5/developer-guide/developer-guide.md"),
            102,
        );

        assert_eq!(
            id.as_str(),
            "finesse::v12.5::developer-guide::developer-guide::102"
        );
        assert_eq!(
            id.document_prefix(),
            "finesse::v12.5::developer-guide::developer-guide"
        );
        assert_eq!(id.ordinal(), 102);
        assert_eq!(id.as_str().parse::<ChunkId>().unwrap(), id);
    }

    #[test]
    fn unsafe_characters_are_encoded_so_that_ids_stay_distinct() {
        assert_eq!(
            ChunkId::new(&source("a b/c::d.md"), 0).as_str(),
            "a%20b::c%3A%3Ad::0"
        );
        assert_eq!(
            ChunkId::new(&source("50%/é.md"), 1).as_str(),
            "50%25::%C3%A9::1"
        );
        assert_ne!(
            source("a/b::c.md").chunk_prefix(),
            source("a/b/c.md").chunk_prefix()
        );
    }

    #[test]
    fn the_stem_omits_only_the_last_extension() {
        assert_eq!(source("a/v12.5/guide").stem(), "a/v12.5/guide");
        assert_eq!(source("a/guide.tar.gz").stem(), "a/guide.tar");
        assert_eq!(source("a/.hidden").stem(), "a/.hidden");
    }

    #[test]
    fn paths_that_leave_the_root_are_rejected() {
        for bad in ["", "/a", "a/../b", "./a", "a//b", "a\\b", "a\nb", "a/"] {
            assert!(bad.parse::<SourcePath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn chunk_ids_must_end_with_an_ordinal() {
        for bad in ["", "a", "a::", "::1", "a::x", "a::01", "a b::1", "a::-1"] {
            assert!(bad.parse::<ChunkId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn is_below_compares_whole_folder_names() {
        assert!(source("kafka/39/a.md").is_below("kafka"));
        assert!(source("kafka/39/a.md").is_below("kafka/"));
        assert!(!source("kafka2/39/a.md").is_below("kafka"));
        assert!(source("x.md").is_below(""));
    }

    #[test]
    fn point_ids_differ_between_revisions() {
        let id = ChunkId::new(&source("a.md"), 0);
        assert_ne!(
            point_id("chunk", &id, &ContentHash::of("1")),
            point_id("chunk", &id, &ContentHash::of("2"))
        );
        assert_eq!(
            point_id("chunk", &id, &ContentHash::of("1")),
            point_id("chunk", &id, &ContentHash::of("1"))
        );
    }
}
