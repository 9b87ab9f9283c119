//! The pictures of a document that a browser can show, under names of ours.

use std::collections::HashMap;

use mcdewey_core::ImageFile;
use undoc::Resource;

const MAX_IMAGE: usize = 8 * 1024 * 1024;
const MAX_TOTAL: usize = 64 * 1024 * 1024;

/// Kinds of pictures by how they begin.
const KINDS: [(&[u8], &str, &str); 5] = [
    (b"\x89PNG\r\n\x1A\n", "png", "image/png"),
    (b"\xFF\xD8\xFF", "jpeg", "image/jpeg"),
    (b"GIF87a", "gif", "image/gif"),
    (b"GIF89a", "gif", "image/gif"),
    (b"RIFF", "webp", "image/webp"),
];

pub(super) struct Images<'a> {
    resources: &'a HashMap<String, Resource>,
    named: HashMap<String, Option<String>>,
    files: Vec<ImageFile>,
    total: usize,
    unknown: usize,
    large: usize,
}

impl<'a> Images<'a> {
    pub(super) fn of(resources: &'a HashMap<String, Resource>) -> Self {
        Self {
            resources,
            named: HashMap::new(),
            files: Vec::new(),
            total: 0,
            unknown: 0,
            large: 0,
        }
    }

    /// The name of a picture, if it can be shown.
    pub(super) fn name(&mut self, id: &str) -> Option<String> {
        if let Some(known) = self.named.get(id) {
            return known.clone();
        }

        let name = self
            .resources
            .get(id)
            .and_then(|resource| self.take(&resource.data));
        self.named.insert(id.to_owned(), name.clone());
        name
    }

    fn take(&mut self, data: &[u8]) -> Option<String> {
        let kind = KINDS.iter().find(|(magic, kind, _)| {
            data.starts_with(magic) && (*kind != "webp" || data.get(8..12) == Some(b"WEBP"))
        });

        let Some((_, extension, media_type)) = kind else {
            self.unknown += 1;
            return None;
        };

        if data.len() > MAX_IMAGE || self.total + data.len() > MAX_TOTAL {
            self.large += 1;
            return None;
        }

        self.total += data.len();
        let name = format!("image-{}.{extension}", self.files.len() + 1);
        self.files.push(ImageFile {
            name: name.clone(),
            media_type: (*media_type).to_owned(),
            bytes: data.to_vec(),
        });

        Some(name)
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let unknown = (self.unknown > 0).then(|| {
            format!("{} pictures that browsers cannot show (such as EMF) were left out; save them as PNG", self.unknown)
        });

        let large = (self.large > 0).then(|| {
            format!(
                "{} pictures were left out: more than {} MB each or {} MB in all",
                self.large,
                MAX_IMAGE >> 20,
                MAX_TOTAL >> 20
            )
        });

        unknown.into_iter().chain(large).collect()
    }

    pub(super) fn taken(self) -> Vec<ImageFile> {
        self.files
    }
}
