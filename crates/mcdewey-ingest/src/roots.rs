//! Roots: the folders a library is made of, and how a request names one of them.

use std::path::{Path, PathBuf};

use mcdewey_core::{RootName, SourcePath};

use crate::IngestError;
use crate::root_dir::{Links, RootDir};
use crate::rules::{LIBRARY_FILE, LibraryFile, RuleSet};

/// A folder of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Root {
    /// Its name; leads its sources unless it is the default root.
    pub name: RootName,
    /// The folder.
    pub path: PathBuf,
    /// Only this folder below it (`/` between parts); nothing outside it is read or removed.
    pub below: Option<String>,
    /// Folders that are left out because they are roots of their own; absolute and free of links.
    pub apart: Vec<PathBuf>,
    /// Not a configured folder but one that was named for once.
    pub stands_in: bool,
    /// What the settings say about it; goes before its own `library.toml`.
    pub rules: LibraryFile,
}

impl Root {
    /// The root of this name at this folder, all of it, without rules in the settings.
    pub fn new(name: RootName, path: impl Into<PathBuf>) -> Self {
        Self {
            name,
            path: path.into(),
            ..Self::default()
        }
    }

    /// The folder that is walked.
    pub fn folder(&self) -> PathBuf {
        match &self.below {
            Some(below) => self.path.join(below),
            None => self.path.clone(),
        }
    }

    /// The rules of its settings and its `library.toml`.
    pub fn rule_set(&self) -> Result<RuleSet, IngestError> {
        let place = self.path.join(LIBRARY_FILE).display().to_string();
        RuleSet::new(&self.rules, &LibraryFile::load(&self.path)?, &place)
    }

    /// Whether the file that a document was read from is there. Looks it up, so it may block.
    pub fn holds(&self, source: &SourcePath) -> bool {
        let Some(path) = source
            .as_str()
            .strip_prefix(self.name.source_prefix().as_str())
        else {
            return false;
        };
        RootDir::open(&self.path)
            .is_ok_and(|dir| dir.find(Path::new(path), Links::AtTheEnd).is_ok())
    }

    /// Whether a source of this root lies in the folder that is walked.
    pub(crate) fn covers(&self, source: &SourcePath) -> bool {
        let folder = format!(
            "{}{}",
            self.name.source_prefix(),
            self.below.as_deref().unwrap_or_default()
        );
        source.is_below(&folder)
    }

    pub(crate) fn unreadable(&self, reason: impl std::fmt::Display) -> IngestError {
        IngestError::UnreadableRoot {
            root: self.name.clone(),
            path: self.folder(),
            reason: reason.to_string(),
        }
    }
}

/// The roots that a request means. Nothing means all of them; a configured name or folder that root; a folder below
/// one that part of it; any other folder stands in for the default root. A root inside another one is its own and no
/// part of the outer one. Looks folders up, so it may block.
pub fn resolve_root(configured: &[Root], request: Option<&str>) -> Result<Vec<Root>, IngestError> {
    // A folder that is missing is inside no other; walking it says so.
    let folders: Vec<PathBuf> = configured
        .iter()
        .filter_map(|root| root.path.canonicalize().ok())
        .collect();
    let mut roots = meant(configured, request)?;
    for root in &mut roots {
        root.apart.clone_from(&folders);
    }

    Ok(roots)
}

fn meant(configured: &[Root], request: Option<&str>) -> Result<Vec<Root>, IngestError> {
    let Some(request) = request else {
        return Ok(configured.to_vec());
    };

    if let Some(root) = configured.iter().find(|root| root.name.as_str() == request) {
        return Ok(vec![root.clone()]);
    }

    let unknown = || IngestError::UnknownRoot {
        request: request.to_owned(),
        known: names(configured),
    };
    let folder = Path::new(request).canonicalize().map_err(|_| unknown())?;
    if !folder.is_dir() {
        return Err(unknown());
    }

    let innermost = configured
        .iter()
        .filter_map(|root| Some((root, root.path.canonicalize().ok()?)))
        .filter(|(_, path)| folder.starts_with(path))
        .max_by_key(|(_, path)| path.components().count());

    let Some((root, path)) = innermost else {
        return Ok(vec![Root {
            stands_in: true,
            ..Root::new(RootName::default(), folder)
        }]);
    };

    let below = folder.strip_prefix(&path).map_err(|_| unknown())?;
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    let below = parts.ok_or_else(unknown)?.join("/");

    Ok(vec![Root {
        below: Some(below).filter(|below| !below.is_empty()),
        ..root.clone()
    }])
}

fn names(configured: &[Root]) -> String {
    if configured.is_empty() {
        return "none".to_owned();
    }

    configured
        .iter()
        .map(|root| root.name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_name_roots_or_folders() {
        let place = tempfile::tempdir().unwrap();
        let at = |path: &str| place.path().join(path);
        for folder in ["corpus/kafka/39", "corpus/inner", "vendor", "elsewhere"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }

        std::fs::write(at("file.md"), "x").unwrap();
        let named = |name: &str, path: &str| Root::new(name.parse().unwrap(), at(path));
        let configured = [
            named("corpus", "corpus"),
            named("vendor", "vendor"),
            named("inner", "corpus/inner"),
        ];

        let check = |request: Option<&str>, expected: &[(&str, Option<&str>)]| {
            let roots = resolve_root(&configured, request).unwrap();
            let found: Vec<_> = roots
                .iter()
                .map(|root| (root.name.as_str(), root.below.as_deref()))
                .collect();
            assert_eq!(found, expected, "{request:?}");
            roots
        };

        check(None, &[("corpus", None), ("vendor", None), ("inner", None)]);
        check(Some("vendor"), &[("vendor", None)]);
        check(at("vendor/../vendor").to_str(), &[("vendor", None)]);

        check(
            at("corpus/kafka/39").to_str(),
            &[("corpus", Some("kafka/39"))],
        );
        check(at("corpus/inner").to_str(), &[("inner", None)]);
        let other = check(at("elsewhere").to_str(), &[("corpus", None)]);
        assert!(other[0].path.ends_with("elsewhere"));

        for bad in [at("missing"), at("file.md")] {
            let error = resolve_root(&configured, bad.to_str())
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("neither a root nor a folder") && error.contains("corpus, vendor"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_root_covers_its_own_sources_only() {
        let root = Root {
            below: Some("39".to_owned()),
            ..Root::new("kafka".parse().unwrap(), "x")
        };
        assert!(root.covers(&"kafka/39/a.md".parse().unwrap()));
        assert!(!root.covers(&"kafka/38/a.md".parse().unwrap()));
        assert!(!root.covers(&"39/a.md".parse().unwrap()));
        assert!(Root::default().covers(&"39/a.md".parse().unwrap()));
    }
}
