//! Finds out how versions without separators divide, from the folders beside them: beside `3.7`, the
//! folder `38` holds 3.8.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::Walk;
use crate::root_dir::RootDir;
use crate::rules::{dotted_like_siblings, facets_in_path};

/// Sets [`FoundFile::dotted_version`](super::FoundFile) of the documents whose path has such a
/// version. The folders beside it are listed, because a walk of a subfolder has not seen them.
pub(super) fn divide_versions(walk: &mut Walk) {
    let mut known: HashMap<String, Option<Arc<str>>> = HashMap::new();
    for file in &mut walk.documents {
        let Some((folder, digits)) = compact_folder(&file.path_in_root) else {
            continue;
        };

        if !known.contains_key(folder) {
            let dotted = dotted_version(&file.dir, folder, digits);
            known.insert(folder.to_owned(), dotted);
        }
        file.dotted_version = known.get(folder).cloned().flatten();
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
