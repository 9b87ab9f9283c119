//! Collects the images that the pages of a document show. An image comes out of the converted file
//! itself, or from a file below the same root; links to other hosts are never followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::{Component, Path, PathBuf};

use mcdewey_core::{AttachedFile, AttachmentRole, ImageFile, image_media_type};

use crate::file_error::FileError;
use crate::root_dir::{Links, RootDir};

/// The largest image that is kept, in bytes.
const MAX_IMAGE: u64 = 8 * 1024 * 1024;

/// The most bytes that the images of one document may have in total.
const MAX_TOTAL: u64 = 64 * 1024 * 1024;

/// Where a file is: links in it are relative to this.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileLocation<'a> {
    /// The path of the file below the root.
    pub(crate) path: &'a str,
    /// The root, which no link may lead out of.
    pub(crate) root: &'a RootDir,
}

/// The images of a document.
#[derive(Debug, Default)]
pub(crate) struct CollectedImages {
    /// Each under the name that its links use.
    pub(crate) kept: Vec<AttachedFile>,
    /// Why other images are left out.
    pub(crate) warnings: Vec<String>,
}

/// Finds the images that `targets` link to, first among `own`, which came out of the file itself,
/// then on disk.
pub(crate) fn collect_images(
    targets: BTreeSet<String>,
    own: Vec<ImageFile>,
    location: FileLocation<'_>,
) -> CollectedImages {
    let own: BTreeMap<String, ImageFile> = own
        .into_iter()
        .map(|image| (image.name.clone(), image))
        .collect();

    let mut images = CollectedImages::default();
    let mut total = 0;
    for target in targets {
        let found = match own.get(&target) {
            Some(image) => Ok(Some(image.bytes.clone())),
            None => read_linked(&target, location),
        };

        let checked = match found {
            Ok(Some(content)) => check_image(&content, total).map(|kind| (content, kind)),
            Ok(None) => continue,
            Err(reason) => Err(reason),
        };

        match checked {
            Ok((content, media_type)) => {
                total += content.len() as u64;
                images.kept.push(AttachedFile::new(
                    target,
                    AttachmentRole::Image,
                    media_type,
                    content,
                ));
            }
            Err(reason) => images
                .warnings
                .push(format!("the image `{target}` is not shown: {reason}")),
        }
    }

    images
}

/// Returns the media type of an image that may be kept beside `total` bytes of other images.
fn check_image(content: &[u8], total: u64) -> Result<&'static str, String> {
    let media_type = image_media_type(content)
        .ok_or("it is not a PNG, JPEG, GIF or WebP file; convert it to one of these formats")?;

    if total + content.len() as u64 > MAX_TOTAL {
        return Err(format!(
            "the images of the document have more than {} MB in total",
            MAX_TOTAL / (1024 * 1024)
        ));
    }

    Ok(media_type)
}

/// Identifies the images on disk that a Markdown file shows, by size and modification time. Part of
/// the hash by which an unchanged file is recognised: an image may change without its document.
pub(crate) fn linked_images_fingerprint(targets: &[String], location: FileLocation<'_>) -> String {
    let mut fingerprint = String::new();
    for target in targets {
        let Some(Ok(path)) = resolve_link(target, location) else {
            continue;
        };
        let Ok(meta) = metadata(&path, location.root) else {
            continue;
        };

        let modified = meta
            .modified()
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        fingerprint.push_str(&format!("{target}\0{}\0{modified:?}\0", meta.len()));
    }

    fingerprint
}

/// The links of a Markdown file to images below the root, whether they exist or not, each once.
///
/// The text is the file's, before it is repaired and divided into pages, because an unchanged file
/// is recognised without parsing it any further.
pub(crate) fn linked_images(text: &str, location: FileLocation<'_>) -> Vec<String> {
    let images = mcdewey_markdown::images(text).into_iter();
    let targets: BTreeSet<String> = images.map(|image| image.target).collect();
    targets
        .into_iter()
        .filter(|target| matches!(resolve_link(target, location), Some(Ok(_))))
        .collect()
}

/// Reads a linked image from disk. Returns `None` if the link points to another host or is empty.
fn read_linked(target: &str, location: FileLocation<'_>) -> Result<Option<Vec<u8>>, String> {
    let Some(path) = resolve_link(target, location) else {
        return Ok(None);
    };

    path.and_then(|path| location.root.read(&path, Links::Any, MAX_IMAGE))
        .map(Some)
        .map_err(|error| error.to_string())
}

fn metadata(path: &Path, root: &RootDir) -> Result<Metadata, FileError> {
    Ok(root.open_file(path, Links::Any)?.metadata()?)
}

/// Resolves a link to a path below the root. Returns `None` if the link points to another host or
/// is empty.
fn resolve_link(target: &str, location: FileLocation<'_>) -> Option<Result<PathBuf, FileError>> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    if path.is_empty() || path.starts_with("//") || has_scheme(path) {
        return None;
    }

    // Decoded before it is decided whether the path leaves the root: `%2e%2e` is `..` too.
    let path = percent_decoded(path);
    let root = location.root.path();
    let start = if path.starts_with('/') {
        root.to_owned()
    } else {
        root.join(location.path).join("..")
    };

    let resolved = normalise_path(&start.join(path.trim_start_matches('/')));
    Some(
        resolved
            .strip_prefix(root)
            .map(Path::to_owned)
            .map_err(|_| FileError::LeadsOut),
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

/// Removes `.` and `..` without consulting the file system.
fn normalise_path(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }

    normal
}

fn percent_decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    fn names(images: &CollectedImages) -> Vec<&str> {
        images
            .kept
            .iter()
            .map(|file| file.attachment.name.as_str())
            .collect()
    }

    fn all_images(text: &str) -> BTreeSet<String> {
        let images = mcdewey_markdown::images(text).into_iter();
        images.map(|image| image.target).collect()
    }

    fn location(root: &RootDir) -> FileLocation<'_> {
        FileLocation {
            path: "guide/g.md",
            root,
        }
    }

    /// A root with a guide, images inside it, and one image outside.
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
    fn images_come_from_the_file_or_from_disk() {
        let (_folder, _, dir) = root();
        let text = "![a](<img dir/a.png>) ![a](img%20dir/a.png)\n\n| ![t](/top.png) \
                    | ![up](../top.png?v=2) |\n|-|-|\n\n\
                    ![own](page-1-image-1.png) ![web](https://example.com/a.png) `![code](b.png)`";
        let own = vec![ImageFile {
            name: "page-1-image-1.png".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: PNG.to_vec(),
        }];

        let found = collect_images(all_images(text), own, location(&dir));

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
    fn images_that_cannot_be_shown_are_reported() {
        let (_folder, _, dir) = root();
        let text = "![o](../../outside.png) ![s](x.svg) ![m](missing.png) ![d](.)";
        let found = collect_images(all_images(text), Vec::new(), location(&dir));

        assert!(found.kept.is_empty());
        let warnings = found.warnings.join("\n");
        for part in [
            "outside.png` is not shown: the link leads out",
            "x.svg` is not shown: it is not a PNG",
            "missing.png",
            "not a regular file",
        ] {
            assert!(warnings.contains(part), "{warnings}");
        }
    }

    #[test]
    fn a_changed_image_changes_the_fingerprint() {
        let (_folder, root, dir) = root();
        let location = location(&dir);
        let text = "![t](../top.png) ![gone](gone.png)";

        let fingerprint =
            |text: &str| linked_images_fingerprint(&linked_images(text, location), location);
        let before = fingerprint(text);
        assert_eq!(fingerprint(text), before);

        std::fs::write(root.join("top.png"), [PNG, b"more"].concat()).unwrap();
        let after = fingerprint(text);
        assert_ne!(after, before);

        std::fs::write(root.join("guide/gone.png"), PNG).unwrap();
        assert_ne!(fingerprint(text), after);
        assert_eq!(fingerprint("no images"), "");
    }
}
