//! Files that would share their chunk ids: Markdown beside the file it was converted from is one document with its
//! original; anything else is a mistake that is named.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use mcdewey_core::{RootName, SkippedFile, SourcePath};

use crate::markdown::{Dialect, FrontMatter, front_matter};
use crate::root_dir::Links;
use crate::walk::{FoundFile, Reading, Walk};

/// The field in which `mcdewey convert` names the file that its Markdown was made from.
pub const CONVERTED_FROM: &str = "converted_from";

/// Front matter is looked for in this many bytes.
const HEAD: u64 = 64 * 1024;

/// Puts originals with the Markdown that was made from them.
pub(crate) fn join_originals(walk: &mut Walk) {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, file) in walk.documents.iter().enumerate() {
        places
            .entry(file.source.chunk_prefix())
            .or_default()
            .push(place);
    }

    let mut taken = Vec::new();
    for (_, pair) in places {
        let [a, b] = pair.as_slice() else { continue };
        for (markdown, other) in [(*a, *b), (*b, *a)] {
            if is_made_from(&walk.documents[markdown], &walk.documents[other]) {
                walk.documents[markdown].original =
                    Some(walk.documents[other].path_in_root.clone());
                taken.push(other);
                break;
            }
        }
    }

    taken.sort_unstable();
    for place in taken.into_iter().rev() {
        walk.documents.remove(place);
    }
}

/// Whether Markdown says that it was converted from a file that stands beside it.
fn is_made_from(markdown: &FoundFile, other: &FoundFile) -> bool {
    let is_markdown = |file: &FoundFile| file.reading == Reading::Text(Dialect::Markdown);
    if !is_markdown(markdown) || is_markdown(other) {
        return false;
    }
    head(markdown).text(CONVERTED_FROM) == Some(other.source.file_name())
}

fn head(file: &FoundFile) -> FrontMatter {
    let mut bytes = Vec::new();
    let opened = file
        .dir
        .open_file(Path::new(&file.path_in_root), Links::AtTheEnd)
        .ok();

    let read = opened.and_then(|opened| opened.take(HEAD).read_to_end(&mut bytes).ok());
    if read.is_none() {
        // Whoever reads it next says why.
        return FrontMatter::default();
    }

    front_matter(&String::from_utf8_lossy(&bytes)).0
}

/// Takes out the documents that would share their chunk ids, naming each other.
pub(crate) fn set_doubles_apart(walks: &mut [Walk]) {
    let mut named: HashMap<String, Vec<(RootName, SourcePath)>> = HashMap::new();
    for file in walks.iter().flat_map(|walk| &walk.documents) {
        named
            .entry(file.source.chunk_prefix())
            .or_default()
            .push((file.root.clone(), file.source.clone()));
    }

    named.retain(|_, sources| sources.len() > 1);
    for walk in walks {
        let (doubles, single) = walk
            .documents
            .drain(..)
            .partition(|file| named.contains_key(&file.source.chunk_prefix()));
        walk.documents = single;

        let doubles: Vec<FoundFile> = doubles;
        for file in doubles {
            let sources: Vec<String> = named[&file.source.chunk_prefix()]
                .iter()
                .map(|(root, source)| format!("`{source}` of the root `{root}`"))
                .collect();

            let reason = format!(
                "{} would share their chunk ids; rename all but one, or name the one that the Markdown was made from in its front matter as `converted_from`",
                sources.join(" and ")
            );

            walk.skipped.push(SkippedFile {
                path: file.source.to_string(),
                reason,
            });
        }
    }
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
    fn sources_with_one_chunk_prefix_are_both_named() {
        let folder = corpus(&[("g/a.md", "x"), ("g/a.mdx", "x"), ("g/b.md", "x")]);
        let other = corpus(&[("b.md", "x")]);
        let roots = [
            Root::new(RootName::default(), folder.path()),
            Root::new("g".parse().unwrap(), other.path()),
        ];
        let mut walks = roots.map(|root| walk(&root).unwrap());
        set_doubles_apart(&mut walks);
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
