//! Files that are kept with a document for its readers: the images that its pages show, and the original.

use serde::{Deserialize, Serialize};

use crate::ContentHash;

/// A kept file, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Of an image the target of the links that show it, as the pages write it; of the original its file name.
    pub name: String,
    /// What it is to the document.
    pub role: AttachmentRole,
    /// What it is ("image/png").
    pub media_type: String,
    /// Hash of its content.
    pub hash: ContentHash,
    /// How long it is.
    pub bytes: u64,
}

/// What a kept file is to its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttachmentRole {
    /// An image that a page shows.
    Image,
    /// The file that the Markdown was made from.
    Original,
}

/// A kept file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedFile {
    /// What is known of it.
    pub attachment: Attachment,
    /// Its content.
    pub content: Vec<u8>,
}

impl AttachedFile {
    /// A file with this content.
    pub fn new(
        name: impl Into<String>,
        role: AttachmentRole,
        media_type: &str,
        content: Vec<u8>,
    ) -> Self {
        let attachment = Attachment {
            name: name.into(),
            role,
            media_type: media_type.to_owned(),
            hash: ContentHash::of(&content),
            bytes: content.len() as u64,
        };

        Self {
            attachment,
            content,
        }
    }
}

/// What kind of image this is, judged by its content; `None` for what is not shown: anything that may hold scripts, or
/// no image at all.
pub fn image_type(content: &[u8]) -> Option<&'static str> {
    match content {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_by_their_content() {
        assert_eq!(image_type(b"\x89PNG\r\n\x1a\n\0"), Some("image/png"));
        assert_eq!(image_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(image_type(b"GIF89a"), Some("image/gif"));
        assert_eq!(image_type(b"RIFF\0\0\0\0WEBPVP8"), Some("image/webp"));
        assert_eq!(
            image_type(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
            None
        );
        assert_eq!(image_type(b""), None);
    }
}
