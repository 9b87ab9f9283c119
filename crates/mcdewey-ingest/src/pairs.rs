//! Handles files that would share their chunk ids. Markdown and the file it was converted from
//! become one document. Of other files whose names differ only in their extension, one may become a
//! document: if several could, they are skipped and reported.

use std::collections::HashMap;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use mcdewey_core::{Convert, RootName, SkippedFile, SourcePath};

use crate::document::{READER_CRASHED, read_and_parse};
use crate::parse::{CONVERTED_FROM, Dialect, FrontMatter, front_matter};
use crate::root_dir::Links;
use crate::walk::{FileKind, FoundFile, Walk};

/// How many bytes of a file are searched for front matter.
const FRONT_MATTER_BYTES: u64 = 64 * 1024;

/// Joins each original with the Markdown that was converted from it. Opens the files that may form
/// such a pair, so it blocks.
pub(crate) fn join_originals(walk: &mut Walk) {
    let mut by_prefix: HashMap<String, Vec<usize>> = HashMap::new();
    for (position, file) in walk.documents.iter().enumerate() {
        by_prefix
            .entry(file.source.chunk_prefix())
            .or_default()
            .push(position);
    }

    let mut joined = Vec::new();
    for pair in by_prefix.into_values() {
        let [a, b] = pair.as_slice() else { continue };

        for (markdown, other) in [(*a, *b), (*b, *a)] {
            if is_converted_from(&walk.documents[markdown], &walk.documents[other]) {
                walk.documents[markdown].original =
                    Some(walk.documents[other].path_in_root.clone());
                joined.push(other);
                break;
            }
        }
    }

    // From the back, so that the remaining positions stay valid.
    joined.sort_unstable();
    for position in joined.into_iter().rev() {
        walk.documents.remove(position);
    }
}

/// Reports whether the front matter of a Markdown file names `other` as the file that it was
/// converted from.
fn is_converted_from(markdown: &FoundFile, other: &FoundFile) -> bool {
    is_markdown(markdown)
        && !is_markdown(other)
        && read_front_matter(markdown).text(CONVERTED_FROM) == Some(other.source.file_name())
}

fn is_markdown(file: &FoundFile) -> bool {
    matches!(file.kind, FileKind::Text(Dialect::Markdown | Dialect::Mdx))
}

/// Reads the front matter of a file. An unreadable file has none: the error is reported when the
/// whole file is read.
fn read_front_matter(file: &FoundFile) -> FrontMatter {
    let Ok(opened) = file
        .dir
        .open_file(Path::new(&file.path_in_root), Links::FinalComponent)
    else {
        return FrontMatter::default();
    };

    let mut bytes = Vec::new();
    match opened.take(FRONT_MATTER_BYTES).read_to_end(&mut bytes) {
        Ok(_) => front_matter(&String::from_utf8_lossy(&bytes)).0,
        Err(_) => FrontMatter::default(),
    }
}

/// Resolves conflicts between documents that would share their chunk ids. If only one of them can
/// be read, it stays and the others are skipped, each for its own reason; if several can, all of
/// these are skipped, and each reason names them. Reads the files concerned, so it blocks.
pub(crate) fn skip_conflicts(walks: &mut [Walk], convert: Option<&dyn Convert>) {
    let mut reasons: HashMap<(RootName, SourcePath), String> = HashMap::new();
    for group in conflicting_files(walks) {
        for (file, reason) in unusable_files(group, convert) {
            reasons.insert((file.root.clone(), file.source.clone()), reason);
        }
    }

    for walk in walks {
        for file in std::mem::take(&mut walk.documents) {
            match reasons.remove(&(file.root.clone(), file.source.clone())) {
                Some(reason) => walk.skipped.push(SkippedFile {
                    path: file.source.to_string(),
                    reason,
                }),
                None => walk.documents.push(file),
            }
        }
    }
}

/// Groups the files that would share their chunk ids.
fn conflicting_files(walks: &[Walk]) -> Vec<Vec<&FoundFile>> {
    let mut by_prefix: HashMap<String, Vec<&FoundFile>> = HashMap::new();
    for file in walks.iter().flat_map(|walk| &walk.documents) {
        by_prefix
            .entry(file.source.chunk_prefix())
            .or_default()
            .push(file);
    }

    by_prefix
        .into_values()
        .filter(|group| group.len() > 1)
        .collect()
}

/// Returns the files of a group that cannot become documents, with the reasons to report.
fn unusable_files<'a>(
    mut group: Vec<&'a FoundFile>,
    convert: Option<&dyn Convert>,
) -> Vec<(&'a FoundFile, String)> {
    // The last file that is left need not be read here, so those that take long are tried last.
    // The sort is stable: files of the same cost keep the order in which they were found.
    group.sort_by_key(|file| match file.kind {
        FileKind::Text(_) => 0,
        FileKind::MaybeOpenApi => 1,
        FileKind::Convert(_) => 2,
    });

    let mut candidates = group.len();
    let (mut readable, mut unusable) = (Vec::new(), Vec::new());
    for file in group {
        let is_last_candidate = candidates == 1;
        let error = (!is_last_candidate)
            .then(|| read_error(file, convert))
            .flatten();

        match error {
            Some(reason) => {
                candidates -= 1;
                unusable.push((file, reason));
            }
            None => readable.push(file),
        }
    }

    if readable.len() > 1 {
        let reason = conflict(&readable);
        unusable.extend(readable.into_iter().map(|file| (file, reason.clone())));
    }

    unusable
}

/// Why a file cannot become a document; `None` if it can.
fn read_error(file: &FoundFile, convert: Option<&dyn Convert>) -> Option<String> {
    // A panic must not end the whole run.
    catch_unwind(AssertUnwindSafe(|| read_and_parse(file, convert)))
        .unwrap_or_else(|_| Err(READER_CRASHED.to_owned()))
        .err()
}

fn conflict(files: &[&FoundFile]) -> String {
    let sources: Vec<String> = files
        .iter()
        .map(|file| format!("`{}` of the root `{}`", file.source, file.root))
        .collect();

    format!(
        "{} would have the same chunk ids; rename all but one, or, if the Markdown was converted \
         from the other file, name that file as `converted_from` in its front matter",
        sources.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Root;
    use crate::walk::walk;

    fn corpus(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        folder
    }

    #[test]
    fn markdown_and_its_original_are_one_document() {
        let folder = corpus(&[
            ("a.md", "---\nconverted_from: a.pdf\n---\n# A\n"),
            ("a.pdf", "%PDF"),
            ("b.md", "# B\n"),
            ("b.pdf", "%PDF"),
            ("c.md", "---\nconverted_from: other.pdf\n---\n# C\n"),
            ("c.docx", "PK"),
        ]);

        let mut walk = walk(&Root::new(RootName::default(), folder.path())).unwrap();
        join_originals(&mut walk);
        let found: Vec<_> = walk
            .documents
            .iter()
            .map(|file| (file.source.as_str(), file.original.as_deref()))
            .collect();

        assert_eq!(
            found,
            [
                ("a.md", Some("a.pdf")),
                ("b.md", None),
                ("b.pdf", None),
                ("c.docx", None),
                ("c.md", None)
            ]
        );
    }

    #[test]
    fn sources_with_the_same_chunk_prefix_are_skipped_and_named() {
        let folder = corpus(&[("g/a.md", "x"), ("g/a.mdx", "x"), ("g/b.md", "x")]);
        let other = corpus(&[("b.md", "x")]);
        let roots = [
            Root::new(RootName::default(), folder.path()),
            Root::new("g".parse().unwrap(), other.path()),
        ];
        let mut walks = roots.map(|root| walk(&root).unwrap());
        skip_conflicts(&mut walks, None);
        assert!(walks.iter().all(|walk| walk.documents.is_empty()));
        let reason = &walks[0].skipped[0].reason;

        assert!(
            reason.contains("`g/a.md` of the root `corpus` and `g/a.mdx`"),
            "{reason}"
        );
        assert_eq!(walks[1].skipped[0].path, "g/b.md");
        assert!(
            walks[1].skipped[0]
                .reason
                .contains("`g/b.md` of the root `g`"),
            "{:?}",
            walks[1].skipped
        );
    }
}
