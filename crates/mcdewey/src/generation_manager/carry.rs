//! What a new generation must be filled with so that it holds all that the old one held: besides the folders that were
//! asked for, every other one that documents were read from.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use mcdewey_core::SyncReport;
use mcdewey_ingest::Root;
use mcdewey_store::IndexedRoot;

/// The roots to walk: those asked for, whole, and one after the other the rest of what the old generation was made of.
/// Looks folders up.
pub(super) fn stages(
    configured: &[Root],
    requested: Vec<Root>,
    held: &[IndexedRoot],
) -> (Vec<Root>, Vec<Root>) {
    let requested: Vec<Root> = requested
        .into_iter()
        .map(|root| Root {
            below: None,
            ..root
        })
        .collect();

    let apart: Vec<PathBuf> = configured
        .iter()
        .filter_map(|root| root.path.canonicalize().ok())
        .collect();

    let rest = held
        .iter()
        .filter(|origin| {
            Path::new(&origin.folder).is_dir() && !requested.iter().any(|root| is_of(origin, root))
        })
        .map(
            |origin| match configured.iter().find(|root| is_of(origin, root)) {
                Some(root) => Root {
                    apart: apart.clone(),
                    ..root.clone()
                },
                None => Root {
                    stands_in: true,
                    apart: apart.clone(),
                    ..Root::new(origin.root.clone(), origin.folder.as_str())
                },
            },
        )
        .collect();

    (requested, rest)
}

/// Errs when documents of a folder would be lost: it is gone or empty now, and its root was not simply moved.
pub(super) fn check(requested: &[Root], held: &[IndexedRoot], new: &[IndexedRoot]) -> Result<()> {
    for IndexedRoot {
        root,
        folder,
        documents,
    } in held
    {
        if new
            .iter()
            .any(|origin| origin.root == *root && origin.folder == *folder)
        {
            continue;
        }

        let there = Path::new(folder).is_dir();
        let moved = requested
            .iter()
            .any(|walked| walked.name == *root && !walked.stands_in)
            && new.iter().any(|origin| origin.root == *root);

        if there || !moved {
            let what = if there {
                "holds no document now"
            } else {
                "is gone"
            };

            bail!(
                "{folder} {what}, yet {documents} documents of the library are from there; check that it is mounted and \
                 complete, or take them out with `mcdewey remove`"
            );
        }
    }

    Ok(())
}

/// The reports of two stages as one.
pub(super) fn sum(before: Option<SyncReport>, mut report: SyncReport) -> SyncReport {
    let Some(before) = before else { return report };
    let mut roots = before.roots;
    roots.append(&mut report.roots);
    roots.dedup();
    report.roots = roots;
    report.files += before.files;
    report.unchanged += before.unchanged;
    report.parsed += before.parsed;
    report.embedded += before.embedded;
    report.reused += before.reused;
    report.written += before.written;
    report.chunks += before.chunks;
    report.removed += before.removed;
    report.tokens += before.tokens;
    report.seconds += before.seconds;

    for (name, format) in before.formats {
        let sum = report.formats.entry(name).or_default();
        sum.files += format.files;
        sum.unchanged += format.unchanged;
        sum.written += format.written;
        sum.skipped += format.skipped;
        sum.chunks += format.chunks;
    }

    report.stages.reading += before.stages.reading;
    report.stages.embedding += before.stages.embedding;
    report.stages.writing += before.stages.writing;
    report.skipped.splice(0..0, before.skipped);
    report.warnings.splice(0..0, before.warnings);

    report
}

fn is_of(origin: &IndexedRoot, root: &Root) -> bool {
    root.name == origin.root
        && root
            .path
            .canonicalize()
            .is_ok_and(|path| path == Path::new(&origin.folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::RootName;

    fn origin(root: &str, folder: &Path) -> IndexedRoot {
        IndexedRoot {
            root: root.parse().unwrap(),
            folder: folder.display().to_string(),
            documents: 3,
        }
    }

    #[test]
    fn all_that_the_old_generation_was_made_of_is_walked() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        let folder = |name: &str| {
            std::fs::create_dir_all(place.join(name)).unwrap();
            place.join(name)
        };
        let (corpus, vendor, once) = (folder("corpus"), folder("vendor"), folder("once"));

        let configured = [
            Root::new(RootName::default(), &corpus),
            Root::new("vendor".parse().unwrap(), &vendor),
        ];

        let held = [
            origin("corpus", &corpus),
            origin("vendor", &vendor),
            origin("corpus", &once),
        ];

        let part = Root {
            below: Some("x".to_owned()),
            ..configured[0].clone()
        };
        let (requested, rest) = stages(&configured, vec![part], &held);
        assert_eq!(
            requested,
            [configured[0].clone()],
            "the whole root, not a part of it"
        );

        let walked: Vec<_> = rest
            .iter()
            .map(|root| (root.path.clone(), root.stands_in))
            .collect();

        assert_eq!(walked, [(vendor, false), (once, true)]);
    }

    #[test]
    fn no_folder_is_lost_on_the_way() {
        let place = tempfile::tempdir().unwrap();
        let (there, gone) = (place.path().to_owned(), place.path().join("gone"));
        let root = Root::new(RootName::default(), &there);
        let old = [origin("corpus", &there)];
        assert!(check(std::slice::from_ref(&root), &old, &old).is_ok());

        let empty = check(std::slice::from_ref(&root), &old, &[])
            .unwrap_err()
            .to_string();
        assert!(empty.contains("holds no document now"), "{empty}");
        let lost = [origin("corpus", &there), origin("other", &gone)];

        let lost = check(std::slice::from_ref(&root), &lost, &old)
            .unwrap_err()
            .to_string();

        assert!(
            lost.contains("is gone") && lost.contains("mounted"),
            "{lost}"
        );
        let moved = [origin("corpus", &gone)];
        assert!(
            check(&[root], &moved, &old).is_ok(),
            "the root lies elsewhere now"
        );
    }
}
