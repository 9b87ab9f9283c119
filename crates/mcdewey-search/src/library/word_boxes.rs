//! Where the words of a chunk are on its page.

use mcdewey_core::{AttachmentRole, Chunk, PageBoxes, WordBox};

use crate::{LibrarySnapshot, QueryError};

impl LibrarySnapshot<'_> {
    /// Returns the boxes of those words of a chunk of which text and page agree, with their positions
    /// in bytes of the chunk's text; `None` if there are none, as in documents without pages.
    pub async fn word_boxes(&self, chunk: &Chunk) -> Result<Option<PageBoxes>, QueryError> {
        let (source, page) = (&chunk.document.source, chunk.page.number);
        let name = PageBoxes::attachment_name(page);
        let attachment = self
            .reader()
            .attachment(source, AttachmentRole::WordBoxes, &name, &self.scope())
            .await?;

        Ok(attachment
            .and_then(|attachment| PageBoxes::read(&attachment, page))
            .map(|boxes| boxes_of_chunk(&boxes, chunk))
            .filter(|boxes| !boxes.words.is_empty()))
    }
}

fn boxes_of_chunk(boxes: &PageBoxes, chunk: &Chunk) -> PageBoxes {
    let mut text_start = 0;
    let mut words = Vec::new();
    for span in &chunk.spans {
        words.extend(boxes.within(span.start, span.end).map(|word| WordBox {
            start: word.start - span.start + text_start,
            end: word.end - span.start + text_start,
            ..*word
        }));
        text_start += span.end - span.start;
    }

    PageBoxes {
        words,
        ..boxes.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
    use mcdewey_core::{Index, PageNumber, Rectangle, Visibility};

    use super::*;
    use crate::Library;

    fn word(start: u32, end: u32) -> WordBox {
        let area = Rectangle {
            left: start as f32,
            top: 10.0,
            right: end as f32,
            bottom: 20.0,
        };
        WordBox { start, end, area }
    }

    #[tokio::test]
    async fn a_chunk_has_the_boxes_of_its_own_words() {
        let embed = FakeEmbed::new(&[]);
        let page = PageBoxes {
            page: PageNumber(2),
            width: 600.0,
            height: 800.0,
            // The page's text is "Barge call\n\nPress F7".
            words: vec![word(0, 5), word(6, 10), word(12, 17), word(18, 20)],
        };
        let stored = PageBoxes::attachments(std::slice::from_ref(&page)).remove(0);
        let document = SampleDocument::new("a.pdf")
            .page(1, &["Contents"])
            .page(2, &["Barge call", "Press F7"])
            .attachment(
                AttachmentRole::WordBoxes,
                &stored.attachment.name,
                &stored.attachment.media_type,
                &stored.content,
            )
            .build(&embed);
        let index = Arc::new(MemoryIndex::default());
        index.commit(document).await.unwrap();

        let library = Library::new(index, Arc::new(embed));
        let snapshot = library.at(&Visibility::default()).await.unwrap();
        let boxes = async |id: &str| {
            let chunk = snapshot.chunk(id).await.unwrap();
            snapshot.word_boxes(&chunk).await.unwrap()
        };

        let found = boxes("a::2").await.unwrap();
        assert_eq!((found.page, found.width), (PageNumber(2), 600.0));
        let places: Vec<_> = found
            .words
            .iter()
            .map(|word| (word.start, word.end, word.area.left))
            .collect();
        assert_eq!(places, [(0, 5, 12.0), (6, 8, 18.0)]);
        assert_eq!(boxes("a::0").await, None);
    }
}
