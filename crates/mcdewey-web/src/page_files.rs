//! The files stored with a page of a document, as pages link to them: its images, and the file it
//! was made from.

use mcdewey_core::Document;
use mcdewey_query::page_label::image_title;
use mcdewey_search::{DocumentPage, original};

use super::markdown::Image;
use super::site::{Link, Site};

/// The images of a page, with their URLs on this site.
pub(super) fn images(site: &Site, page: &DocumentPage) -> Vec<Image> {
    let source = &page.document.meta.source;
    page.images
        .iter()
        .enumerate()
        .map(|(index, image)| Image {
            target: image.file.name.clone(),
            url: site.file(source, &image.file),
            title: image_title(index, page.page()),
        })
        .collect()
}

/// The file the document was made from, opened at the page where it has pages.
pub(super) fn original_file(site: &Site, page: &DocumentPage) -> Option<Link> {
    let document: &Document = &page.document;
    let file = original(document)?;
    let url = site
        .original_page(document, page.page())
        .unwrap_or_else(|| site.file(&document.meta.source, file));

    Some(Link::new(&file.name, url))
}
