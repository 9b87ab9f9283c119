//! Files that are recognised without being read.

use mcdewey_core::{ConvertError, ConvertedDocument, Format};

use super::*;

/// Counts how often a file is read: each time, it is asked whether the file is an OpenAPI
/// description.
#[derive(Default)]
struct CountingConverter {
    reads: AtomicUsize,
}

impl Convert for CountingConverter {
    fn fingerprint(&self, _: Format) -> &'static str {
        "counting-1"
    }

    fn may_be(&self, _: Format, _: &[u8]) -> bool {
        self.reads.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn convert(&self, _: Format, bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
        Ok(ConvertedDocument {
            markdown: String::from_utf8_lossy(bytes).into_owned(),
            ..ConvertedDocument::default()
        })
    }
}

/// Synchronises as if all files had been written long ago. Returns how many files were read, and how
/// many documents were written.
async fn sync(fixture: &Fixture, check_contents: bool) -> (usize, u64) {
    sync_settled(fixture, check_contents, Duration::ZERO).await
}

async fn sync_settled(
    fixture: &Fixture,
    check_contents: bool,
    settled_after: Duration,
) -> (usize, u64) {
    let converter = Arc::new(CountingConverter::default());
    let ingester = Ingester {
        settled_after,
        ..fixture
            .ingester()
            .with_converter(Arc::clone(&converter) as Arc<dyn Convert>)
            .check_contents(check_contents)
    };
    let report = fixture.sync_with(ingester).await;
    (converter.reads.load(Ordering::Relaxed), report.written)
}

#[tokio::test]
async fn a_file_is_read_again_when_anything_it_is_made_from_changes() {
    let fixture = Fixture::new(&[("p/1/g/a.json", "Barge")]);
    assert_eq!(sync(&fixture, false).await, (1, 1));
    assert_eq!(sync(&fixture, false).await, (0, 0));
    assert_eq!(sync(&fixture, true).await, (1, 0), "every file is checked");
    assert_eq!(sync(&fixture, false).await, (0, 0));

    fixture.write("p/1/g/a.json", "Monitor");
    assert_eq!(sync(&fixture, false).await, (1, 1));
    fixture.write(
        "library.toml",
        "[[rule]]\npath = '.'\nset = { vendor = 'Acme' }\n",
    );
    assert_eq!(sync(&fixture, false).await, (1, 1), "other rules");

    // Another file takes its place, as when an older one is restored.
    fixture.write("new", "Barge!!");
    let modified = std::fs::metadata(fixture.path("p/1/g/a.json"))
        .unwrap()
        .modified()
        .unwrap();
    let new = std::fs::File::options()
        .write(true)
        .open(fixture.path("new"))
        .unwrap();
    new.set_modified(modified).unwrap();
    std::fs::rename(fixture.path("new"), fixture.path("p/1/g/a.json")).unwrap();
    assert_eq!(sync(&fixture, false).await, (1, 1));
    assert_eq!(sync(&fixture, false).await, (0, 0));
}

#[tokio::test]
async fn a_file_that_was_just_written_is_read_again() {
    let fixture = Fixture::new(&[("a.json", "Barge")]);
    for expected in [(1, 1), (1, 0), (1, 0)] {
        let found = sync_settled(&fixture, false, SETTLED_AFTER).await;
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn images_and_originals_are_part_of_what_is_recognised() {
    let fixture = Fixture::new(&[
        (
            "e.md",
            "---\nconverted_from: e.docx\n---\n<!-- page: 1 -->\nMonitor ![x](pic.png)\n",
        ),
        ("e.docx", "whatever"),
    ]);
    assert_eq!(sync(&fixture, false).await.1, 1);
    assert_eq!(sync(&fixture, false).await.1, 0);

    fixture.write("pic.png", b"\x89PNG\r\n\x1a\nrest");
    assert_eq!(sync(&fixture, false).await.1, 1, "the image has appeared");
    fixture.write("e.docx", "something else");
    assert_eq!(sync(&fixture, false).await.1, 1, "the original has changed");
    fixture.remove("pic.png");
    assert_eq!(sync(&fixture, false).await.1, 1, "the image is gone");
    assert_eq!(sync(&fixture, false).await.1, 0);
}

#[tokio::test]
async fn a_document_that_is_gone_from_the_index_is_read_again() {
    let fixture = Fixture::new(&[("a.json", "Barge")]);
    assert_eq!(sync(&fixture, false).await, (1, 1));
    let source = "a.json".parse().unwrap();
    fixture.index.remove(&[source]).await.unwrap();
    assert_eq!(sync(&fixture, false).await, (1, 1));
}
