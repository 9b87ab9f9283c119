//! Roots: the folders that a library is made of, and how a request selects them.

use std::path::{Path, PathBuf};

use mcdewey_core::{RootName, SourcePath, SyncRequest};

use crate::IngestError;
use crate::root_dir::{Links, RootDir};
use crate::rules::{LIBRARY_FILE, LibraryFile, RuleSet};
use crate::sync::run_blocking;

/// A folder of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Root {
    /// The first part of its sources, unless it is the default root.
    pub name: RootName,
    /// The folder.
    pub path: PathBuf,
    /// Restricts the walk to this folder below `path`, with `/` between components. Nothing outside
    /// it is read or removed.
    pub subfolder: Option<String>,
    /// Folders that are not walked because they are roots of their own; absolute and without links.
    pub excluded: Vec<PathBuf>,
    /// Whether the folder was named in a request and is not configured as a root.
    pub ad_hoc: bool,
    /// Rules from the settings; they take precedence over the `library.toml` of the root.
    pub rules: LibraryFile,
}

impl Root {
    /// Creates a root that is walked completely and has no rules in the settings.
    pub fn new(name: RootName, path: impl Into<PathBuf>) -> Self {
        Self {
            name,
            path: path.into(),
            ..Self::default()
        }
    }

    /// The folder that is walked.
    pub fn folder(&self) -> PathBuf {
        match &self.subfolder {
            Some(subfolder) => self.path.join(subfolder),
            None => self.path.clone(),
        }
    }

    /// Combines the rules from the settings with those of the root's `library.toml`. Reads the
    /// file, so it blocks.
    pub fn rule_set(&self) -> Result<RuleSet, IngestError> {
        let place = self.path.join(LIBRARY_FILE).display().to_string();
        RuleSet::new(&self.rules, &LibraryFile::load(&self.path)?, &place)
    }

    /// Reports whether the file of a document exists in this root. Accesses the file system, so it
    /// blocks.
    pub fn contains_file(&self, source: &SourcePath) -> bool {
        let Some(path) = source
            .as_str()
            .strip_prefix(self.name.source_prefix().as_str())
        else {
            return false;
        };

        RootDir::open(&self.path)
            .is_ok_and(|dir| dir.find(Path::new(path), Links::FinalComponent).is_ok())
    }

    /// Reports whether a source is below the folder that is walked.
    pub(crate) fn covers(&self, source: &SourcePath) -> bool {
        let folder = format!(
            "{}{}",
            self.name.source_prefix(),
            self.subfolder.as_deref().unwrap_or_default()
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

/// Calls [`resolve_root`] on a blocking thread.
pub async fn resolve_request(
    configured: &[Root],
    request: &SyncRequest,
) -> Result<Vec<Root>, IngestError> {
    let (configured, root) = (configured.to_vec(), request.root.clone());
    run_blocking(move || resolve_root(&configured, root.as_deref())).await?
}

/// Resolves a request to the roots it selects.
///
/// - `None` selects all configured roots.
/// - The name or the folder of a configured root selects that root.
/// - A folder below a configured root selects that part of it.
/// - Any other folder is ingested as the default root.
///
/// A root inside another one is excluded from the outer one. Accesses the file system, so it
/// blocks.
pub fn resolve_root(configured: &[Root], request: Option<&str>) -> Result<Vec<Root>, IngestError> {
    // A missing folder cannot be inside another root. Walking it reports that it is missing.
    let folders: Vec<PathBuf> = configured
        .iter()
        .filter_map(|root| root.path.canonicalize().ok())
        .collect();

    let mut roots = select(configured, request)?;
    for root in &mut roots {
        root.excluded.clone_from(&folders);
    }

    Ok(roots)
}

fn select(configured: &[Root], request: Option<&str>) -> Result<Vec<Root>, IngestError> {
    let Some(request) = request else {
        return Ok(configured.to_vec());
    };

    if let Some(root) = configured.iter().find(|root| root.name.as_str() == request) {
        return Ok(vec![root.clone()]);
    }

    select_folder(configured, Path::new(request))
        .map(|root| vec![root])
        .ok_or_else(|| IngestError::UnknownRoot {
            request: request.to_owned(),
            known: names(configured),
        })
}

/// Returns the root that a folder belongs to, restricted to the folder. Returns `None` if there is
/// no such folder, or if its path below the root is not valid Unicode.
fn select_folder(configured: &[Root], folder: &Path) -> Option<Root> {
    let folder = folder.canonicalize().ok()?;
    if !folder.is_dir() {
        return None;
    }

    let innermost = configured
        .iter()
        .filter_map(|root| Some((root, root.path.canonicalize().ok()?)))
        .filter(|(_, path)| folder.starts_with(path))
        .max_by_key(|(_, path)| path.components().count());

    let Some((root, path)) = innermost else {
        return Some(Root {
            ad_hoc: true,
            ..Root::new(RootName::default(), folder)
        });
    };

    let below = folder.strip_prefix(&path).ok()?;
    let components: Option<Vec<&str>> = below.iter().map(|component| component.to_str()).collect();
    let subfolder = components?.join("/");

    Some(Root {
        subfolder: Some(subfolder).filter(|subfolder| !subfolder.is_empty()),
        ..root.clone()
    })
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
    fn requests_select_roots_by_name_or_folder() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["corpus/kafka/39", "corpus/inner", "vendor", "elsewhere"] {
            std::fs::create_dir_all(at(path)).unwrap();
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
                .map(|root| (root.name.as_str(), root.subfolder.as_deref()))
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

        for invalid in [at("missing"), at("file.md")] {
            let error = resolve_root(&configured, invalid.to_str())
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("neither a root nor a folder") && error.contains("corpus, vendor"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_root_covers_only_its_own_sources() {
        let root = Root {
            subfolder: Some("39".to_owned()),
            ..Root::new("kafka".parse().unwrap(), "x")
        };
        assert!(root.covers(&"kafka/39/a.md".parse().unwrap()));
        assert!(!root.covers(&"kafka/38/a.md".parse().unwrap()));
        assert!(!root.covers(&"39/a.md".parse().unwrap()));
        assert!(Root::default().covers(&"39/a.md".parse().unwrap()));
    }
}
