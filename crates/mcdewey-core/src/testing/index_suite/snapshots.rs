//! Snapshots: a reader answers from the revision that it began with.

use std::sync::Arc;

use super::{SUCCEEDS, commit, question, reader, source};
use crate::testing::SampleDocument;
use crate::{
    AttachedFile, AttachmentRole, Candidate, Chunk, ContentHash, Document, DocumentSummary, Index,
    IndexReader, IndexState, LibraryDescription, Page, PageNumber, Product, RootName, Scope,
};

const NAME: &str = "a.md";
const IMAGE: &str = "x.png";

/// What a reader answers about a library, in particular about the document [`NAME`].
#[derive(Debug, PartialEq)]
struct Answers {
    state: IndexState,
    description: LibraryDescription,
    documents: Vec<DocumentSummary>,
    document: Option<Document>,
    page: Option<Page>,
    attachment: Option<AttachedFile>,
    chunks: Vec<Chunk>,
    by_id: Vec<Chunk>,
    on_page: Vec<Chunk>,
    by_handle: Vec<Chunk>,
    lists: [Vec<Candidate>; 2],
}

/// Asks a reader. `by_id` and `by_handle` are for `known` chunks.
async fn ask(reader: &Arc<dyn IndexReader>, known: &[Chunk]) -> Answers {
    let (name, all) = (source(NAME), Scope::everything());
    let ids: Vec<_> = known.iter().map(|chunk| chunk.chunk_id.clone()).collect();
    let mut by_handle = Vec::new();
    for chunk in known {
        let found = reader.chunks_by_handle(&chunk.handle(), &all).await;
        by_handle.extend(found.expect(SUCCEEDS));
    }

    let found = reader
        .candidates(&question("canine", 50), &all)
        .await
        .expect(SUCCEEDS);

    Answers {
        state: reader.state().clone(),
        description: reader.description().await.expect(SUCCEEDS),
        documents: reader.documents(&all).await.expect(SUCCEEDS),
        document: reader.document(&name, &all).await.expect(SUCCEEDS),
        page: reader
            .page(&name, PageNumber(1), &all)
            .await
            .expect(SUCCEEDS),
        attachment: reader
            .attachment(&name, AttachmentRole::Image, IMAGE, &all)
            .await
            .expect(SUCCEEDS),
        chunks: reader
            .document_chunks(&name, 0..99, &all)
            .await
            .expect(SUCCEEDS),
        by_id: reader.chunks(&ids, &all).await.expect(SUCCEEDS),
        on_page: reader
            .chunks_on_page(&name, PageNumber(1), &all)
            .await
            .expect(SUCCEEDS),
        by_handle,
        lists: [found.dense, found.keyword].map(|list| list.expect("a requested list")),
    }
}

fn old_document() -> SampleDocument {
    SampleDocument::new(NAME)
        .title("Old")
        .page(1, &["canine alpha", "canine beta"])
        .page(2, &["canine canine gamma"])
        .attachment(AttachmentRole::Image, IMAGE, "image/png", b"one")
}

fn new_document() -> SampleDocument {
    SampleDocument::new(NAME)
        .title("New")
        .page(1, &["feline canine"])
}

/// Commits a library of two documents. Returns the chunks of the one whose revisions change.
async fn commit_library(index: &Arc<dyn Index>) -> Vec<Chunk> {
    commit(
        index,
        &SampleDocument::new("b.md").page(1, &["canine feline"]),
    )
    .await;

    let revision = commit(index, &old_document()).await;
    revision
        .chunks
        .into_iter()
        .map(|embedded| embedded.chunk)
        .collect()
}

/// Checks that the library of [`commit_library`] is seen as a whole.
fn check_old(answers: &Answers, known: &[Chunk]) {
    assert_eq!(answers.documents.len(), 2);
    assert_eq!(answers.by_id, known);
    assert_eq!(answers.by_handle, known);
    assert_eq!(answers.chunks, known);
    assert_eq!(answers.on_page, known[..2]);
    assert_eq!(
        answers.attachment.as_ref().map(|file| file.content.len()),
        Some(3)
    );
    let keyword = &answers.lists[1];
    assert_eq!(keyword.len(), 4, "{keyword:?}");
}

/// A reader sees nothing of a commit that replaces a document and of a new description; the next
/// reader sees both.
pub async fn a_reader_keeps_its_revision_while_a_document_is_replaced(index: Arc<dyn Index>) {
    let known = commit_library(&index).await;
    let before = reader(&index).await;
    let expected = ask(&before, &known).await;
    check_old(&expected, &known);

    let new = commit(&index, &new_document()).await;
    let described = LibraryDescription {
        products: vec![Product {
            id: "uccx".to_owned(),
            ..Product::default()
        }],
        ..LibraryDescription::default()
    };
    index
        .set_description(&RootName::default(), &described)
        .await
        .expect(SUCCEEDS);

    assert_eq!(ask(&before, &known).await, expected);
    index.optimize().await.expect(SUCCEEDS);
    assert_eq!(ask(&before, &known).await, expected, "after optimising");

    let after = ask(&reader(&index).await, &known).await;
    assert!(after.state.revision > expected.state.revision);
    assert_eq!(after.description, described);
    assert_eq!(
        after.document.map(|document| document.hash),
        Some(new.hash())
    );
    assert_eq!(after.chunks, [new.chunks[0].chunk.clone()]);
    assert_eq!(
        (&after.by_id, &after.by_handle),
        (&after.chunks, &after.chunks)
    );
    assert_eq!(after.attachment, None);
    assert_eq!(after.lists[1].len(), 2);
}

/// A reader sees the documents that are removed while it exists; the next one does not.
pub async fn a_reader_keeps_its_revision_while_documents_are_removed(index: Arc<dyn Index>) {
    let known = commit_library(&index).await;
    let before = reader(&index).await;
    let expected = ask(&before, &known).await;

    index
        .remove(&[source(NAME), source("b.md")])
        .await
        .expect(SUCCEEDS);
    assert_eq!(ask(&before, &known).await, expected);
    index.optimize().await.expect(SUCCEEDS);
    assert_eq!(ask(&before, &known).await, expected, "after optimising");
    check_old(&expected, &known);

    let after = ask(&reader(&index).await, &known).await;
    assert_eq!(after.state.documents, 0);
    assert_eq!((after.documents, after.document), (Vec::new(), None));
    assert_eq!((after.chunks, after.by_id), (Vec::new(), Vec::new()));
    assert_eq!(after.lists, [Vec::new(), Vec::new()]);
}

/// A document that returns to an earlier revision is complete for the readers of both revisions,
/// also after they have been dropped.
pub async fn a_reader_keeps_its_revision_while_a_document_returns_to_it(index: Arc<dyn Index>) {
    let known = commit_library(&index).await;
    let first = reader(&index).await;
    let expected = ask(&first, &known).await;
    commit(&index, &new_document()).await;
    let second = reader(&index).await;
    let replaced = ask(&second, &known).await;
    commit(&index, &old_document()).await;

    assert_eq!(ask(&first, &known).await, expected);
    assert_eq!(ask(&second, &known).await, replaced);
    drop((first, second));
    index.optimize().await.expect(SUCCEEDS);

    let last = ask(&reader(&index).await, &known).await;
    check_old(&last, &known);
}

/// Readers may begin and end in any order; each keeps its revision, and several reads of one may run
/// at once.
pub async fn readers_of_different_revisions_do_not_affect_each_other(index: Arc<dyn Index>) {
    let mut readers = Vec::new();
    for number in 0..6_u32 {
        let texts = vec!["canine alpha"; number as usize + 1];
        let revision = commit(&index, &SampleDocument::new(NAME).page(1, &texts)).await;
        readers.push((number, reader(&index).await, revision.hash()));
        if number == 3 {
            readers.remove(1);
        }
    }

    index.optimize().await.expect(SUCCEEDS);
    while let Some((number, reader, hash)) = readers.pop() {
        let reads: Vec<_> = (0..4)
            .map(|_| {
                let reader = Arc::clone(&reader);
                tokio::spawn(async move { ask(&reader, &[]).await })
            })
            .collect();

        for read in reads {
            let answers = read.await.expect("the task does not panic");
            check_revision(&answers, number as usize + 1, hash);
        }
    }
}

fn check_revision(answers: &Answers, chunks: usize, hash: ContentHash) {
    assert_eq!(answers.state.chunks, chunks as u64);
    assert_eq!(answers.chunks.len(), chunks);
    assert_eq!(answers.lists.each_ref().map(Vec::len), [chunks; 2]);
    let document = answers.document.as_ref().expect("the document");
    assert_eq!((document.hash, document.chunks as usize), (hash, chunks));
}
