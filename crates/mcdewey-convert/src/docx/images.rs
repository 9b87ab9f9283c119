//! Extracts the pictures of a document that a browser can show, under generated names.

use std::collections::HashMap;

use super::package::Package;
use mcdewey_core::ImageFile;

const MAX_IMAGE_BYTES: usize = 8 * 1024 * 1024;
const MAX_TOTAL_BYTES: usize = 64 * 1024 * 1024;

/// Supported formats: the magic bytes, the extension and the media type.
const FORMATS: [(&[u8], &str, &str); 5] = [
    (b"\x89PNG\r\n\x1A\n", "png", "image/png"),
    (b"\xFF\xD8\xFF", "jpeg", "image/jpeg"),
    (b"GIF87a", "gif", "image/gif"),
    (b"GIF89a", "gif", "image/gif"),
    (b"RIFF", "webp", "image/webp"),
];

pub(super) struct Images<'a> {
    package: &'a Package,
    /// The file name of each picture's part so far; `None` if it was left out.
    names: HashMap<String, Option<String>>,
    files: Vec<ImageFile>,
    total_bytes: usize,
    /// How many pictures were left out because of their format.
    unsupported: usize,
    /// How many pictures were left out because of their size.
    oversized: usize,
    /// How many pictures are not in the document.
    missing: usize,
}

impl<'a> Images<'a> {
    pub(super) fn new(package: &'a Package) -> Self {
        Self {
            package,
            names: HashMap::new(),
            files: Vec::new(),
            total_bytes: 0,
            unsupported: 0,
            oversized: 0,
            missing: 0,
        }
    }

    /// Returns the file name of the picture in a part; `None` if it does not exist or is left out.
    pub(super) fn file_name(&mut self, part: &str) -> Option<String> {
        if let Some(name) = self.names.get(part) {
            return name.clone();
        }

        let name = match self.package.part(part) {
            Some(data) => self.extract(data),
            None => {
                self.missing += 1;
                None
            }
        };
        self.names.insert(part.to_owned(), name.clone());
        name
    }

    /// Counts a picture that is not in the document.
    pub(super) fn count_missing(&mut self) {
        self.missing += 1;
    }

    fn extract(&mut self, data: &[u8]) -> Option<String> {
        let format = FORMATS.iter().find(|(magic, extension, _)| {
            data.starts_with(magic) && (*extension != "webp" || data.get(8..12) == Some(b"WEBP"))
        });

        let Some((_, extension, media_type)) = format else {
            self.unsupported += 1;
            return None;
        };

        if data.len() > MAX_IMAGE_BYTES || self.total_bytes + data.len() > MAX_TOTAL_BYTES {
            self.oversized += 1;
            return None;
        }

        self.total_bytes += data.len();
        let name = format!("image-{}.{extension}", self.files.len() + 1);
        self.files.push(ImageFile {
            name: name.clone(),
            media_type: (*media_type).to_owned(),
            bytes: data.to_vec(),
        });

        Some(name)
    }

    /// Returns a warning for each reason why pictures were left out.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.unsupported > 0 {
            warnings.push(format!(
                "{} images were left out: browsers cannot show their format (such as EMF); save \
                 them as PNG",
                self.unsupported
            ));
        }

        if self.oversized > 0 {
            warnings.push(format!(
                "{} images were left out: more than {} MB each or {} MB in all",
                self.oversized,
                MAX_IMAGE_BYTES >> 20,
                MAX_TOTAL_BYTES >> 20
            ));
        }

        if self.missing > 0 {
            warnings.push(format!(
                "{} images were left out: they are linked and not in the document; embed them",
                self.missing
            ));
        }

        warnings
    }

    pub(super) fn into_files(self) -> Vec<ImageFile> {
        self.files
    }
}
