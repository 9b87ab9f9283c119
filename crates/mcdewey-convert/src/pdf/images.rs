//! Extracts the images that pages paint: JPEG unchanged, everything else as PNG. Images that are
//! too small to show anything, appear on most pages or are too large are left out.

mod png;

use std::collections::{HashMap, HashSet};

use mcdewey_core::{ContentHash, ImageFile, image_media_type};
use unpdf::parser::backend::{
    ContentOp, PageId, PaintedXObject, PdfBackend, PdfValue, RawBackend, RawXObject, ResourceScope,
};

/// Images with a shorter side, in pixels, are bullets and rules.
const MIN_SIDE: u32 = 16;

/// Larger images are left out.
const MAX_IMAGE_BYTES: usize = 8 * 1024 * 1024;

/// Images beyond this total size of one document are left out.
const MAX_TOTAL_BYTES: usize = 64 * 1024 * 1024;

/// In a document of at least this many pages, an image on more than half of them is decoration.
const MIN_PAGES_FOR_DECORATION: usize = 4;

/// Deepest nesting of form XObjects that is followed.
const MAX_FORM_DEPTH: usize = 8;

/// Most images of one page. The tiles of a large map mean nothing one by one.
const MAX_PER_PAGE: usize = 64;

/// The images of one page, in the order in which they are painted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PageImages {
    /// The physical page number.
    pub(super) page: u32,
    /// Named `page-58-image-1.png`.
    pub(super) images: Vec<ImageFile>,
}

/// An image that has no file name yet.
struct ExtractedImage {
    hash: ContentHash,
    media_type: &'static str,
    bytes: Vec<u8>,
}

impl ExtractedImage {
    fn into_file(self, page: u32, number: usize) -> ImageFile {
        let subtype = self.media_type.rsplit('/').next().unwrap_or("png");
        let extension = subtype.replace("jpeg", "jpg");
        ImageFile {
            name: format!("page-{page}-image-{number}.{extension}"),
            media_type: self.media_type.to_owned(),
            bytes: self.bytes,
        }
    }
}

/// Returns the images of all pages that have any. A file that the raw parser rejects has none.
pub(super) fn extract(bytes: &[u8], warnings: &mut Vec<String>) -> Vec<PageImages> {
    let Ok(backend) = RawBackend::load_bytes(bytes) else {
        return Vec::new();
    };

    let mut extractor = Extractor {
        backend: &backend,
        unsupported: 0,
        oversized: 0,
        total_bytes: 0,
    };
    let pages: Vec<(u32, Vec<ExtractedImage>)> = backend
        .pages()
        .iter()
        .map(|(number, page)| (*number, extractor.page_images(*page)))
        .collect();
    warnings.extend(extractor.warnings());

    let decoration = decoration(&pages);
    let mut kept = Vec::new();
    for (page, images) in pages {
        let images: Vec<ImageFile> = images
            .into_iter()
            .filter(|image| !decoration.contains(&image.hash))
            .enumerate()
            .map(|(index, image)| image.into_file(page, index + 1))
            .collect();
        if !images.is_empty() {
            kept.push(PageImages { page, images });
        }
    }

    kept
}

/// Returns the images that appear on more than half of the pages, if there are enough pages to
/// tell.
fn decoration(pages: &[(u32, Vec<ExtractedImage>)]) -> HashSet<ContentHash> {
    if pages.len() < MIN_PAGES_FOR_DECORATION {
        return HashSet::new();
    }

    let mut page_counts: HashMap<ContentHash, usize> = HashMap::new();
    for (_, images) in pages {
        let hashes: HashSet<ContentHash> = images.iter().map(|image| image.hash).collect();
        for hash in hashes {
            *page_counts.entry(hash).or_default() += 1;
        }
    }

    page_counts
        .into_iter()
        .filter(|(_, count)| *count * 2 > pages.len())
        .map(|(hash, _)| hash)
        .collect()
}

struct Extractor<'a> {
    backend: &'a RawBackend,
    /// How many images were left out because of their encoding or colours.
    unsupported: usize,
    /// How many images were left out because of their size.
    oversized: usize,
    /// The size of all images so far.
    total_bytes: usize,
}

/// What a page has painted so far.
#[derive(Default)]
struct PaintedImages {
    hashes: HashSet<ContentHash>,
    images: Vec<ExtractedImage>,
}

impl Extractor<'_> {
    fn page_images(&mut self, page: PageId) -> Vec<ExtractedImage> {
        let mut painted = PaintedImages::default();
        if let Ok(content) = self.backend.page_content_with_losses(page) {
            self.paint(ResourceScope::page(page), &content.data, 0, &mut painted);
        }
        painted.images
    }

    /// Adds the images that a content stream paints, directly or through its forms.
    fn paint(
        &mut self,
        scope: ResourceScope,
        data: &[u8],
        depth: usize,
        painted: &mut PaintedImages,
    ) {
        let Ok(operations) = self.backend.decode_content(data) else {
            return;
        };

        // An image that is painted twice is listed once.
        let mut names = HashSet::new();
        for ContentOp {
            operator, operands, ..
        } in operations
        {
            let Some(PdfValue::Name(name)) = operands.first().filter(|_| operator == "Do") else {
                continue;
            };

            if painted.images.len() >= MAX_PER_PAGE {
                return;
            }

            if !names.insert(name.clone()) {
                continue;
            }

            match self.backend.xobject(scope, name) {
                Some(PaintedXObject::Form(form)) if depth < MAX_FORM_DEPTH => {
                    if let Some(content) = &form.content {
                        let form_scope = ResourceScope::form(scope.page, form.id);
                        self.paint(form_scope, content, depth + 1, painted);
                    }
                }
                Some(PaintedXObject::Image) => {
                    if let Some(image) = self.backend.image_xobject(scope, name)
                        && let Some(image) = self.extract_image(image)
                        && painted.hashes.insert(image.hash)
                    {
                        painted.images.push(image);
                    }
                }
                _ => {}
            }
        }
    }

    fn extract_image(&mut self, image: RawXObject) -> Option<ExtractedImage> {
        let side = image.width.unwrap_or(0).min(image.height.unwrap_or(0));

        // A mask is a shape through which a colour is painted over something else; by itself it
        // shows nothing.
        if side < MIN_SIDE || image.image_mask {
            return None;
        }

        let bytes = match image.filter.as_deref() {
            Some("DCTDecode") => Some(image.data),
            None => png::encode(&image),
            Some(_) => None,
        };

        let Some((bytes, media_type)) =
            bytes.and_then(|bytes| image_media_type(&bytes).map(|media_type| (bytes, media_type)))
        else {
            self.unsupported += 1;
            return None;
        };

        if bytes.len() > MAX_IMAGE_BYTES || self.total_bytes + bytes.len() > MAX_TOTAL_BYTES {
            self.oversized += 1;
            return None;
        }

        self.total_bytes += bytes.len();
        Some(ExtractedImage {
            hash: ContentHash::of(&bytes),
            media_type,
            bytes,
        })
    }

    /// Returns a warning for each reason why images were left out.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.unsupported > 0 {
            warnings.push(format!(
                "{} images were left out: their encoding is not supported (JPEG 2000, fax or \
                 unusual colours)",
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

        warnings
    }
}
