//! Documents made of numbered passages, and the index they are committed to.

use std::path::Path;

use mcdewey_core::testing::{FakeEmbed, SampleDocument};
use mcdewey_core::{DocumentRevision, Embed, ModelInfo};
use mcdewey_store::{EmbeddedIndex, EmbeddedOptions, VectorStorage};

use super::texts::Source;
use super::vectors::{DIMENSIONS, Vectors};

/// Chunks of a document of the library, and of one of its pages.
pub(crate) const DOCUMENT: usize = 100;
const PAGE: usize = 10;
/// Products and versions that documents belong to.
const PRODUCTS: usize = 20;
const VERSIONS: usize = 4;

/// All passages with their vectors.
pub(crate) struct Passages {
    pub(crate) source: Source,
    pub(crate) vectors: Vectors,
}

impl Passages {
    /// The document made of `count` passages from `first` on.
    pub(crate) fn document(&self, first: usize, count: usize) -> DocumentRevision {
        let number = first / DOCUMENT;
        let mut sample = SampleDocument::new(&format!("guide-{first}.md"))
            .product(&format!("product-{}", number % PRODUCTS))
            .version(&format!("{}.0", number % VERSIONS + 1));

        for (page, start) in (first..first + count).step_by(PAGE).enumerate() {
            let texts: Vec<String> = (start..(first + count).min(start + PAGE))
                .map(|passage| self.source.passage(passage))
                .collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            sample = sample.page(page as u32 + 1, &texts);
        }

        let mut document = sample.build(&FakeEmbed::new(&["word"]));
        for (chunk, passage) in document.chunks.iter_mut().zip(first..) {
            chunk.vector = Some(self.vectors.passage(passage));
        }

        document
    }
}

/// Opens the library.
pub(crate) fn open(dir: &Path, vectors: VectorStorage) -> EmbeddedIndex {
    let model = ModelInfo {
        dimensions: DIMENSIONS,
        ..FakeEmbed::new(&["word"]).model().clone()
    };

    EmbeddedIndex::open(EmbeddedOptions {
        dir: dir.to_owned(),
        model,
        chunker: "growth".to_owned(),
        min_free_bytes: 1 << 30,
        vectors,
    })
    .expect("the library opens")
}
