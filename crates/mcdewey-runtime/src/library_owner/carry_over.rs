//! Makes sure that a new generation contains everything the old one did: it is filled from the
//! requested folders and from every other folder whose documents the old one contains.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use mcdewey_core::SyncReport;
use mcdewey_ingest::Root;
use mcdewey_store::IndexedRoot;

/// Returns the requested roots, each as a whole, and the other roots that the old generation was
/// made of, which are walked one at a time before them. Accesses the file system.
pub(super) fn plan_roots(
    configured: &[Root],
    requested: Vec<Root>,
    indexed: &[IndexedRoot],
) -> (Vec<Root>, Vec<Root>) {
    let requested: Vec<Root> = requested
        .into_iter()
        .map(|root| Root {
            subfolder: None,
            ..root
        })
        .collect();

    // A configured root inside another folder is walked by itself.
    let excluded: Vec<PathBuf> = configured
        .iter()
        .filter_map(|root| root.path.canonicalize().ok())
        .collect();

    let rest = indexed
        .iter()
        .filter(|indexed| {
            Path::new(&indexed.folder).is_dir()
                && !requested.iter().any(|root| is_same_root(indexed, root))
        })
        .map(|indexed| {
            let known = configured.iter().find(|root| is_same_root(indexed, root));
            match known {
                Some(root) => Root {
                    excluded: excluded.clone(),
                    ..root.clone()
                },
                None => Root {
                    ad_hoc: true,
                    excluded: excluded.clone(),
                    ..Root::new(indexed.root.clone(), indexed.folder.as_str())
                },
            }
        })
        .collect();

    (requested, rest)
}

/// Fails if the new generation lacks the documents of a folder: the folder is missing or empty now,
/// and its root was not just moved to another folder.
pub(super) fn check_nothing_lost(
    requested: &[Root],
    before: &[IndexedRoot],
    after: &[IndexedRoot],
) -> Result<()> {
    for IndexedRoot {
        root,
        folder,
        documents,
    } in before
    {
        if after
            .iter()
            .any(|indexed| indexed.root == *root && indexed.folder == *folder)
        {
            continue;
        }

        let exists = Path::new(folder).is_dir();
        let moved = requested
            .iter()
            .any(|walked| walked.name == *root && !walked.ad_hoc)
            && after.iter().any(|indexed| indexed.root == *root);

        if exists || !moved {
            let state = if exists {
                "contains no documents now"
            } else {
                "is missing"
            };

            bail!(
                "{folder} {state}, but {documents} documents of the library are from there; check that it is \
                 mounted and complete, or remove them with `mcdewey remove`"
            );
        }
    }

    Ok(())
}

/// Adds the report of an earlier synchronisation to a later one. What is not a sum, such as the
/// revision, is taken from the later one.
pub(super) fn merge_reports(before: Option<SyncReport>, mut report: SyncReport) -> SyncReport {
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
    report.words_only += before.words_only;
    report.tokens += before.tokens;
    report.seconds += before.seconds;

    for (name, format) in before.formats {
        let total = report.formats.entry(name).or_default();
        total.files += format.files;
        total.unchanged += format.unchanged;
        total.written += format.written;
        total.skipped += format.skipped;
        total.chunks += format.chunks;
    }

    report.stages.reading += before.stages.reading;
    report.stages.embedding += before.stages.embedding;
    report.stages.writing += before.stages.writing;
    report.skipped.splice(0..0, before.skipped);
    report.warnings.splice(0..0, before.warnings);

    report
}

/// Reports whether an indexed folder is the folder of this root, links resolved.
fn is_same_root(indexed: &IndexedRoot, root: &Root) -> bool {
    root.name == indexed.root
        && root
            .path
            .canonicalize()
            .is_ok_and(|path| path == Path::new(&indexed.folder))
}

#[cfg(test)]
mod tests {
    use mcdewey_core::RootName;

    use super::*;

    fn indexed(root: &str, folder: &Path) -> IndexedRoot {
        IndexedRoot {
            root: root.parse().unwrap(),
            folder: folder.display().to_string(),
            documents: 3,
        }
    }

    #[test]
    fn every_folder_of_the_old_generation_is_walked() {
        let temporary = tempfile::tempdir().unwrap();
        let parent = temporary.path().canonicalize().unwrap();
        let (corpus, vendor, ad_hoc) = (
            parent.join("corpus"),
            parent.join("vendor"),
            parent.join("ad-hoc"),
        );

        for folder in [&corpus, &vendor, &ad_hoc] {
            std::fs::create_dir(folder).unwrap();
        }

        let configured = [
            Root::new(RootName::default(), &corpus),
            Root::new("vendor".parse().unwrap(), &vendor),
        ];

        let old = [
            indexed("corpus", &corpus),
            indexed("vendor", &vendor),
            indexed("corpus", &ad_hoc),
        ];

        let part = Root {
            subfolder: Some("x".to_owned()),
            ..configured[0].clone()
        };
        let (requested, rest) = plan_roots(&configured, vec![part], &old);
        assert_eq!(
            requested,
            [configured[0].clone()],
            "the whole root, not its subfolder"
        );

        let walked: Vec<_> = rest
            .iter()
            .map(|root| (root.path.clone(), root.ad_hoc))
            .collect();

        assert_eq!(walked, [(vendor, false), (ad_hoc, true)]);
    }

    #[test]
    fn documents_of_a_folder_are_never_lost_silently() {
        let temporary = tempfile::tempdir().unwrap();
        let present = temporary.path().to_owned();
        let missing = present.join("missing");

        let root = Root::new(RootName::default(), &present);
        let old = [indexed("corpus", &present)];
        assert!(check_nothing_lost(std::slice::from_ref(&root), &old, &old).is_ok());

        let empty = check_nothing_lost(std::slice::from_ref(&root), &old, &[])
            .unwrap_err()
            .to_string();
        assert!(empty.contains("contains no documents now"), "{empty}");
        let lost = [indexed("corpus", &present), indexed("other", &missing)];

        let lost = check_nothing_lost(std::slice::from_ref(&root), &lost, &old)
            .unwrap_err()
            .to_string();

        assert!(
            lost.contains("is missing") && lost.contains("mounted"),
            "{lost}"
        );
        let moved = [indexed("corpus", &missing)];
        assert!(
            check_nothing_lost(&[root], &moved, &old).is_ok(),
            "the root has moved to another folder"
        );
    }
}
