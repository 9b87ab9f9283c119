//! Finds out how versions without separators divide, from the folders beside them: beside `3.7`, the
//! folder `38` holds 3.8.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::root_dir::RootDir;
use crate::rules::{dotted_like_siblings, facets_in_path};

/// The versions with dots of folders, each found out once.
#[derive(Debug, Default)]
pub(super) struct DividedVersions {
    by_folder: HashMap<String, Option<Arc<str>>>,
}

impl DividedVersions {
    /// Returns the version of a path with dots, if it is written without separators and folders
    /// beside it show how it divides. They are listed, because a walk of a subfolder does not see
    /// them.
    pub(super) fn of_path(&mut self, dir: &RootDir, path: &str) -> Option<Arc<str>> {
        let (folder, digits) = compact_folder(path)?;
        if let Some(known) = self.by_folder.get(folder) {
            return known.clone();
        }

        let dotted = dotted_version(dir, folder, digits);
        self.by_folder.insert(folder.to_owned(), dotted.clone());
        dotted
    }
}

/// Returns the path of the folder whose name is a version without separators, and its digits.
fn compact_folder(path: &str) -> Option<(&str, &str)> {
    let version = facets_in_path(path).version?;
    let digits = version.compact_digits()?;
    let at = version.version.as_ptr() as usize - path.as_ptr() as usize;
    let end = path[at..].find('/').map_or(path.len(), |slash| at + slash);
    Some((&path[..end], digits))
}

fn dotted_version(dir: &RootDir, folder: &str, digits: &str) -> Option<Arc<str>> {
    let (parent, own_name) = folder.rsplit_once('/').unwrap_or(("", folder));
    let entries = dir.entries(Path::new(parent)).ok()?;
    let siblings: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.file_type.is_dir())
        .filter_map(|entry| entry.name.to_str())
        .filter(|name| *name != own_name)
        .collect();

    dotted_like_siblings(digits, siblings.into_iter()).map(Arc::from)
}

#[cfg(test)]
mod tests {
    use crate::Root;
    use crate::walk::walk;

    #[test]
    fn folders_beside_a_version_show_how_it_divides() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["kafka/3.7/a.md", "kafka/38/a.md", "other/38/a.md"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "text").unwrap();
        }

        let dotted = |subfolder: Option<&str>| {
            let root = Root {
                path: folder.path().to_owned(),
                subfolder: subfolder.map(str::to_owned),
                ..Root::default()
            };

            let files = walk(&root).unwrap().documents;
            let found = files.iter().map(|file| {
                let version = file.dotted_version.as_deref().unwrap_or("-");
                format!("{} {version}", file.path_in_root)
            });
            found.collect::<Vec<_>>()
        };

        assert_eq!(
            dotted(None),
            ["kafka/3.7/a.md -", "kafka/38/a.md 3.8", "other/38/a.md -"]
        );
        assert_eq!(dotted(Some("kafka/38")), ["kafka/38/a.md 3.8"]);
    }
}
