//! Attachments: what is stored with a document for its readers besides its text, namely the images
//! that its pages show, the original file, and where the words are on the pages.

use serde::{Deserialize, Serialize};

use crate::ContentHash;

/// The metadata of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// For an image, the link target as the pages spell it; for the original, its file name; for
    /// word boxes, see [`PageBoxes::attachments`](crate::PageBoxes::attachments).
    pub name: String,
    /// Image or original.
    pub role: AttachmentRole,
    /// The media type ("image/png").
    pub media_type: String,
    /// Hash of the content.
    pub hash: ContentHash,
    /// Size of the content in bytes.
    pub bytes: u64,
}

/// The role of an attachment in its document.
///
/// The `Debug` output is an input of [`DocumentRevision::hash`](crate::DocumentRevision::hash).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentRole {
    /// An image that a page shows.
    Image,
    /// The file that was converted to Markdown.
    Original,
    /// Where the words of some of the pages are, see [`PageBoxes`](crate::PageBoxes).
    WordBoxes,
}

/// An attachment with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedFile {
    /// Name, role, media type, hash and size.
    pub attachment: Attachment,
    /// The bytes of the file.
    pub content: Vec<u8>,
}

impl AttachedFile {
    /// Creates an attachment; hash and size are computed from `content`.
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

/// Detects the media type of an image from its first bytes. Returns `None` for everything that is
/// not displayed: formats that may contain scripts (SVG), and content that is not an image.
pub fn image_media_type(content: &[u8]) -> Option<&'static str> {
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
    fn image_types_are_detected_by_content() {
        assert_eq!(image_media_type(b"\x89PNG\r\n\x1a\n\0"), Some("image/png"));
        assert_eq!(image_media_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(image_media_type(b"GIF89a"), Some("image/gif"));
        assert_eq!(image_media_type(b"RIFF\0\0\0\0WEBPVP8"), Some("image/webp"));
        assert_eq!(
            image_media_type(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
            None
        );
        assert_eq!(image_media_type(b""), None);
    }
}
