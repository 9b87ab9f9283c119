//! The images that a document's pages show: which links show them, and where they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::{Component, Path, PathBuf};

use mcdewey_core::{AttachedFile, AttachmentRole, ImageFile, Page, image_type};
use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::refusal::Refusal;
use crate::root_dir::{Links, RootDir};

/// A larger image is not kept.
const MAX_IMAGE: u64 = 8 * 1024 * 1024;
/// Nor are more images of one document than have so many bytes together.
const MAX_TOGETHER: u64 = 64 * 1024 * 1024;

/// Where the images of a file that is read from disk lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside<'a> {
    /// The file, as a path below the root.
    pub(crate) file: &'a str,
    /// The root, which no link leads out of.
    pub(crate) root: &'a RootDir,
}

/// The images of a document, each under the name that its links use; and what is wrong with others.
#[derive(Debug, Default)]
pub(crate) struct Images {
    pub(crate) kept: Vec<AttachedFile>,
    pub(crate) warnings: Vec<String>,
}

/// Finds the images that the pages show: among those that came out of the file itself, else beside the file.
pub(crate) fn images(pages: &[Page], own: Vec<ImageFile>, beside: Beside<'_>) -> Images {
    let own: BTreeMap<String, ImageFile> = own
        .into_iter()
        .map(|image| (image.name.clone(), image))
        .collect();
    let mut images = Images::default();

    let mut together = 0;
    for target in targets(pages) {
        let found = match own.get(&target) {
            Some(image) => Ok(Some(image.bytes.clone())),
            None => read(&target, beside),
        };

        let content = match found {
            Ok(Some(content)) => content,
            Ok(None) => continue,
            Err(reason) => {
                images
                    .warnings
                    .push(format!("the image `{target}` is not shown: {reason}"));
                continue;
            }
        };

        match image_type(&content) {
            None => images.warnings.push(format!(
                "the image `{target}` is not shown: it is neither PNG, JPEG, GIF nor WebP; save it as one of them"
            )),
            Some(_) if together + content.len() as u64 > MAX_TOGETHER => images.warnings.push(format!(
                "the image `{target}` is not shown: the document's images have more than {} MB together",
                MAX_TOGETHER / (1024 * 1024)
            )),
            Some(media_type) => {
                together += content.len() as u64;
                images.kept.push(AttachedFile::new(target, AttachmentRole::Image, media_type, content));
            }
        }
    }

    images
}

/// What an unchanged file must also be recognised by: the images that stand beside it.
pub(crate) fn beside_hash(text: &str, beside: Beside<'_>) -> String {
    if !text.contains("![") {
        return String::new();
    }

    let page = Page {
        page: mcdewey_core::PageRef {
            number: mcdewey_core::PageNumber(1),
            label: None,
            section: None,
        },
        text: text.to_owned(),
    };

    let mut told = String::new();
    for target in targets(std::slice::from_ref(&page)) {
        if let Some(Ok(meta)) = place(&target, beside).map(|path| metadata(&path?, beside.root)) {
            let modified = meta
                .modified()
                .ok()
                .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            told.push_str(&format!("{target}\0{}\0{modified:?}\0", meta.len()));
        }
    }

    told
}

/// The targets of all links that show images, each once.
fn targets(pages: &[Page]) -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    for page in pages.iter().filter(|page| page.text.contains("![")) {
        for event in Parser::new_ext(&page.text, Options::ENABLE_TABLES) {
            if let Event::Start(Tag::Image { dest_url, .. }) = event {
                targets.insert(dest_url.into_string());
            }
        }
    }

    targets
}

/// Reads an image beside the file; nothing where the link leads to another machine or nowhere.
fn read(target: &str, beside: Beside<'_>) -> Result<Option<Vec<u8>>, String> {
    let Some(path) = place(target, beside) else {
        return Ok(None);
    };
    let read = path.and_then(|path| beside.root.read(&path, Links::Anywhere, MAX_IMAGE));
    read.map(Some).map_err(|refusal| refusal.to_string())
}

fn metadata(path: &Path, root: &RootDir) -> Result<Metadata, Refusal> {
    Ok(root.open_file(path, Links::Anywhere)?.metadata()?)
}

/// The path below the root that a link means; nothing where it leads to another machine.
fn place(target: &str, beside: Beside<'_>) -> Option<Result<PathBuf, Refusal>> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let elsewhere = path.is_empty() || path.starts_with("//") || has_scheme(path);
    if elsewhere {
        return None;
    }

    let path = percent_decoded(path);
    let root = beside.root.path();
    let start = if path.starts_with('/') {
        root.to_owned()
    } else {
        root.join(beside.file).join("..")
    };

    let wanted = lexical(&start.join(path.trim_start_matches('/')));
    Some(
        wanted
            .strip_prefix(root)
            .map(Path::to_owned)
            .map_err(|_| Refusal::LeadsOut),
    )
}

fn has_scheme(path: &str) -> bool {
    path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// Without `.` and `..`.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }

    plain
}

fn percent_decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::{PageNumber, PageRef};

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    fn page(text: &str) -> Page {
        Page {
            page: PageRef {
                number: PageNumber(1),
                label: None,
                section: None,
            },
            text: text.to_owned(),
        }
    }

    fn names(images: &Images) -> Vec<&str> {
        images
            .kept
            .iter()
            .map(|file| file.attachment.name.as_str())
            .collect()
    }

    /// A root with a guide and images around it.
    fn root() -> (tempfile::TempDir, PathBuf, RootDir) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("root");
        std::fs::create_dir_all(root.join("guide/img dir")).unwrap();
        std::fs::write(root.join("guide/img dir/a.png"), PNG).unwrap();
        std::fs::write(root.join("top.png"), PNG).unwrap();
        std::fs::write(root.join("guide/x.svg"), "<svg/>").unwrap();
        std::fs::write(folder.path().join("outside.png"), PNG).unwrap();
        let dir = RootDir::open(&root).unwrap();

        (folder, root, dir)
    }

    #[test]
    fn images_are_found_in_the_file_or_beside_it() {
        let (_keeper, _, dir) = root();
        let text = "![a](<img dir/a.png>) ![a](img%20dir/a.png)\n\n| ![t](/top.png) | ![up](../top.png?v=2) |\n|-|-|\n\n\
                    ![own](page-1-image-1.png) ![web](https://example.com/a.png) `![code](b.png)`";
        let own = vec![ImageFile {
            name: "page-1-image-1.png".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: PNG.to_vec(),
        }];

        let found = images(
            &[page(text)],
            own,
            Beside {
                file: "guide/g.md",
                root: &dir,
            },
        );

        assert_eq!(
            names(&found),
            [
                "../top.png?v=2",
                "/top.png",
                "img dir/a.png",
                "img%20dir/a.png",
                "page-1-image-1.png"
            ]
        );
        assert_eq!(found.warnings, [""; 0]);
        assert!(
            found
                .kept
                .iter()
                .all(|file| file.attachment.media_type == "image/png")
        );
    }

    #[test]
    fn what_cannot_be_shown_is_named() {
        let (_keeper, _, dir) = root();
        let text = "![o](../../outside.png) ![s](x.svg) ![m](missing.png) ![d](.)";
        let found = images(
            &[page(text)],
            Vec::new(),
            Beside {
                file: "guide/g.md",
                root: &dir,
            },
        );

        assert!(found.kept.is_empty());
        let warnings = found.warnings.join("\n");
        for part in [
            "outside.png` is not shown: the link leads out",
            "x.svg` is not shown: it is neither",
            "missing.png",
            "not a plain file",
        ] {
            assert!(warnings.contains(part), "{warnings}");
        }
    }

    #[test]
    fn an_image_that_changes_is_noticed() {
        let (_keeper, root, dir) = root();
        let beside = Beside {
            file: "guide/g.md",
            root: &dir,
        };
        let text = "![t](../top.png) ![gone](gone.png)";
        let before = beside_hash(text, beside);
        assert_eq!(beside_hash(text, beside), before);
        std::fs::write(root.join("top.png"), [PNG, b"more"].concat()).unwrap();
        let after = beside_hash(text, beside);
        assert_ne!(after, before);
        std::fs::write(root.join("guide/gone.png"), PNG).unwrap();
        assert_ne!(beside_hash(text, beside), after);
        assert_eq!(beside_hash("no images", beside), "");
    }
}
