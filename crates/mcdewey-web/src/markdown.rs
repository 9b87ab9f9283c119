//! Renders the text of documents on a thread that may block, because a large page takes milliseconds.

use std::ops::Range;
use std::sync::Arc;

use mcdewey_markdown::render;
pub(super) use mcdewey_markdown::render::{ChunkSpan, Image};

/// Renders a whole page with an anchor for each chunk.
pub(super) async fn page(text: String, chunks: Vec<ChunkSpan>, images: Vec<Image>) -> String {
    spawn_render(text, move |text| render::page(text, &chunks, &images)).await
}

/// Renders a range of a page's text within the table or code block that it is part of.
pub(super) async fn excerpt(text: String, range: Range<usize>, images: Vec<Image>) -> String {
    spawn_render(text, move |text| render::excerpt(text, range, &images)).await
}

/// Renders on the blocking pool. If the parser panics, the text is shown as plain text.
async fn spawn_render(
    text: String,
    render: impl FnOnce(&str) -> String + Send + 'static,
) -> String {
    let text: Arc<str> = text.into();
    let input = Arc::clone(&text);
    tokio::task::spawn_blocking(move || render(&input))
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "failed to render a page as Markdown; showing plain text");
            render::plain(&text)
        })
}
