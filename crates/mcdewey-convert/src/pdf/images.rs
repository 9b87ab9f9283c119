//! The images that pages paint, as files: JPEG as it is, everything else as PNG. What is too small to say anything,
//! what stands on most pages, and what is too large stays out.

mod png;

use std::collections::{HashMap, HashSet};

use mcdewey_core::{ContentHash, ImageFile, image_type};
use unpdf::parser::backend::{
    ContentOp, PageId, PaintedXObject, PdfBackend, PdfValue, RawBackend, RawXObject, ResourceScope,
};

/// Smaller images are bullets and rules.
const MIN_SIDE: u32 = 16;
/// A larger image is not kept,
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// nor more of one document together.
const MAX_TOGETHER: usize = 64 * 1024 * 1024;
/// An image on more than half of so many pages is decoration.
const MANY_PAGES: usize = 4;
/// Forms within forms.
const MAX_DEPTH: usize = 8;
/// Images of one page; a map of many tiles says nothing tile by tile.
const MAX_PER_PAGE: usize = 64;

/// The images of one page, in the order they are painted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PageImages {
    /// The physical page.
    pub(super) page: u32,
    /// Named `page-58-image-1.png`.
    pub(super) images: Vec<ImageFile>,
}

/// An image before it has a name.
struct Found {
    hash: ContentHash,
    media_type: &'static str,
    bytes: Vec<u8>,
}

/// What a page has painted so far.
#[derive(Default)]
struct Painted {
    seen: HashSet<ContentHash>,
    found: Vec<Found>,
}

/// The images of all pages; a file that cannot be read so has none.
pub(super) fn images(bytes: &[u8], warnings: &mut Vec<String>) -> Vec<PageImages> {
    let Ok(backend) = RawBackend::load_bytes(bytes) else {
        return Vec::new();
    };
    let pages = backend.pages();
    let mut reader = Reader {
        backend: &backend,
        unreadable: 0,
        large: 0,
        together: 0,
    };

    let found: Vec<(u32, Vec<Found>)> = pages
        .iter()
        .map(|(number, page)| (*number, reader.page(*page)))
        .collect();

    for (count, what) in [
        (
            reader.unreadable,
            "are in a form that cannot be shown (JPEG 2000, fax or unusual colours)",
        ),
        (
            reader.large,
            "are larger than is kept (8 MB each, 64 MB together)",
        ),
    ] {
        if count > 0 {
            warnings.push(format!("{count} images {what} and were left out"));
        }
    }

    let decoration = decoration(&found);
    found
        .into_iter()
        .map(|(page, found)| {
            let kept = found
                .into_iter()
                .filter(|image| !decoration.contains(&image.hash));

            let images = kept.enumerate().map(|(place, image)| {
                let ending = image
                    .media_type
                    .rsplit('/')
                    .next()
                    .unwrap_or("png")
                    .replace("jpeg", "jpg");

                ImageFile {
                    name: format!("page-{page}-image-{}.{ending}", place + 1),
                    media_type: image.media_type.to_owned(),
                    bytes: image.bytes,
                }
            });

            PageImages {
                page,
                images: images.collect(),
            }
        })
        .filter(|page| !page.images.is_empty())
        .collect()
}

/// What stands on more than half of many pages.
fn decoration(pages: &[(u32, Vec<Found>)]) -> HashSet<ContentHash> {
    let mut counts: HashMap<ContentHash, usize> = HashMap::new();
    for (_, images) in pages {
        for hash in images
            .iter()
            .map(|image| image.hash)
            .collect::<HashSet<_>>()
        {
            *counts.entry(hash).or_default() += 1;
        }
    }

    let many = |count: &usize| pages.len() >= MANY_PAGES && *count * 2 > pages.len();
    counts
        .into_iter()
        .filter(|(_, count)| many(count))
        .map(|(hash, _)| hash)
        .collect()
}

struct Reader<'a> {
    backend: &'a RawBackend,
    unreadable: usize,
    large: usize,
    together: usize,
}

impl Reader<'_> {
    fn page(&mut self, page: PageId) -> Vec<Found> {
        let mut painted = Painted::default();
        if let Ok(content) = self.backend.page_content_with_losses(page) {
            self.content(ResourceScope::page(page), &content.data, 0, &mut painted);
        }
        painted.found
    }

    /// What a stream of content paints.
    fn content(&mut self, scope: ResourceScope, data: &[u8], depth: usize, painted: &mut Painted) {
        let Ok(operations) = self.backend.decode_content(data) else {
            return;
        };

        // A name painted twice is one image.
        let mut names = HashSet::new();
        for ContentOp {
            operator, operands, ..
        } in operations
        {
            let Some(PdfValue::Name(name)) = operands.first().filter(|_| operator == "Do") else {
                continue;
            };

            if painted.found.len() >= MAX_PER_PAGE {
                return;
            }

            if !names.insert(name.clone()) {
                continue;
            }

            match self.backend.xobject(scope, name) {
                Some(PaintedXObject::Form(form)) if depth < MAX_DEPTH => {
                    if let Some(content) = &form.content {
                        let inner = ResourceScope::form(scope.page, form.id);
                        self.content(inner, content, depth + 1, painted);
                    }
                }
                Some(PaintedXObject::Image) => {
                    if let Some(image) = self.backend.image_xobject(scope, name) {
                        let image = self
                            .image(image)
                            .filter(|image| painted.seen.insert(image.hash));
                        painted.found.extend(image);
                    }
                }
                _ => {}
            }
        }
    }

    fn image(&mut self, image: RawXObject) -> Option<Found> {
        let side = image.width.unwrap_or(0).min(image.height.unwrap_or(0));

        // A mask is painted in some colour over something else: alone it is no picture.
        if side < MIN_SIDE || image.image_mask {
            return None;
        }

        let bytes = match image.filter.as_deref() {
            Some("DCTDecode") => Some(image.data),
            None => png::encode(&image),
            Some(_) => None,
        };

        let Some(bytes) = bytes else {
            self.unreadable += 1;
            return None;
        };

        let Some(media_type) = image_type(&bytes) else {
            self.unreadable += 1;
            return None;
        };

        if bytes.len() > MAX_BYTES || self.together + bytes.len() > MAX_TOGETHER {
            self.large += 1;
            return None;
        }

        self.together += bytes.len();
        Some(Found {
            hash: ContentHash::of(&bytes),
            media_type,
            bytes,
        })
    }
}
