//! Converted formats, images and originals.

use mcdewey_core::{AttachmentRole, ConvertError, ConvertedDocument, Document, Format, ImageFile};

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

/// Puts the text of a file on one page with one image, and extracts a second image that no page
/// shows. Rejects files that contain "broken".
struct FakeConverter;

impl Convert for FakeConverter {
    fn fingerprint(&self, _: Format) -> &'static str {
        "fake-1"
    }

    fn may_be(&self, _: Format, head: &[u8]) -> bool {
        head.len() > 2
    }

    fn convert(&self, format: Format, bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
        let text = String::from_utf8_lossy(bytes);
        if text.contains("broken") {
            return Err(ConvertError("it is broken; repair it".to_owned()));
        }

        let markdown = format!(
            "---\ntitle: From {format}\n---\n<!-- page: 1 -->\n{text}\n\n\
             ![Image 1](page-1-image-1.png)\n"
        );

        let images = ["page-1-image-1.png", "unused.png"]
            .map(|name| ImageFile {
                name: name.to_owned(),
                media_type: "image/png".to_owned(),
                bytes: PNG.to_vec(),
            })
            .to_vec();

        Ok(ConvertedDocument {
            markdown,
            images,
            warnings: vec!["a table has no header".to_owned()],
            ..ConvertedDocument::default()
        })
    }
}

async fn sync_converting(fixture: &Fixture) -> SyncReport {
    let ingester = fixture.ingester().with_converter(Arc::new(FakeConverter));
    fixture.sync_with(ingester).await
}

fn attachments(document: &Document) -> Vec<(AttachmentRole, String, String)> {
    document
        .attachments
        .iter()
        .map(|file| (file.role, file.name.clone(), file.media_type.clone()))
        .collect()
}

#[tokio::test]
async fn other_formats_are_converted_and_kept_as_originals() {
    let fixture = Fixture::new(&[
        ("a.pdf", "Barge"),
        ("b.html", "broken"),
        ("c.json", "{\"openapi\": \"3.1.0\"}"),
        ("d.json", "{}"),
        (
            "e.md",
            "---\nconverted_from: e.docx\n---\n<!-- page: 1 -->\nMonitor ![x](pic.png)\n",
        ),
        ("e.docx", "whatever"),
    ]);
    fixture.write("pic.png", PNG);

    let report = sync_converting(&fixture).await;
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|file| (file.path.as_str(), file.reason.as_str()))
        .collect();
    assert_eq!(skipped[0], ("b.html", "it is broken; repair it"));
    assert_eq!(
        skipped[1],
        (
            "d.json",
            "it is not an OpenAPI description; convert it to Markdown, or remove it"
        )
    );
    assert_eq!(fixture.sources().await, ["a.pdf", "c.json", "e.md"]);
    assert!(
        report
            .warnings
            .contains(&"a.pdf: a table has no header".to_owned()),
        "{:?}",
        report.warnings
    );

    let document = fixture.document("a.pdf").await;
    assert_eq!(document.meta.title, "From PDF");

    let [image, original] = attachments(&document).try_into().unwrap();
    assert_eq!(
        image,
        (
            AttachmentRole::Image,
            "page-1-image-1.png".to_owned(),
            "image/png".to_owned()
        )
    );
    assert_eq!(
        original,
        (
            AttachmentRole::Original,
            "a.pdf".to_owned(),
            "application/pdf".to_owned()
        )
    );

    let pair = attachments(&fixture.document("e.md").await);
    assert_eq!(
        (pair[0].0, pair[0].1.as_str()),
        (AttachmentRole::Image, "pic.png")
    );
    assert_eq!(
        (pair[1].0, pair[1].1.as_str()),
        (AttachmentRole::Original, "e.docx")
    );

    assert_eq!(sync_converting(&fixture).await.unchanged, 3);

    fixture.write("e.docx", "another original");
    assert_eq!(sync_converting(&fixture).await.written, 1);

    fixture.write("pic.png", [PNG, b"changed"].concat());
    assert_eq!(sync_converting(&fixture).await.written, 1);

    let ingester = fixture
        .ingester()
        .with_converter(Arc::new(FakeConverter))
        .keep_originals(false);
    fixture.sync_with(ingester).await;

    let roles: Vec<_> = fixture
        .document("a.pdf")
        .await
        .attachments
        .iter()
        .map(|file| file.role)
        .collect();
    assert_eq!(roles, [AttachmentRole::Image]);
}

#[tokio::test]
async fn of_files_with_the_same_name_the_only_readable_one_is_read() {
    let fixture = Fixture::new(&[
        ("settings.json", "{}"),
        ("settings.md", "# Barge settings\n\nThe gate stays open."),
        ("a.pdf", "broken"),
        ("a.html", "Barge"),
        ("empty.txt", ""),
        ("empty.rst", "Hold"),
        ("bare.md", "---\ntitle: Bare\n---\n"),
        ("bare.adoc", "Monitor"),
        ("three.md", "Monitor"),
        ("three.pdf", "broken"),
        ("three.docx", "Hold"),
        ("none.pdf", "broken"),
        ("none.html", "broken"),
    ]);
    fixture.write("latin.md", b"caf\xe9");
    fixture.write("latin.txt", "Hold");

    let report = sync_converting(&fixture).await;
    assert_eq!(
        fixture.sources().await,
        [
            "a.html",
            "bare.adoc",
            "empty.rst",
            "latin.txt",
            "settings.md"
        ]
    );

    let reason = |path: &str| {
        let file = report.skipped.iter().find(|file| file.path == path);
        file.unwrap_or_else(|| panic!("{path}: {report:?}"))
            .reason
            .clone()
    };
    for (path, expected) in [
        ("settings.json", "not an OpenAPI description"),
        ("a.pdf", "repair it"),
        ("empty.txt", "it is empty"),
        ("bare.md", "only front matter"),
        ("latin.md", "not valid UTF-8"),
        ("three.pdf", "repair it"),
        ("none.pdf", "repair it"),
        ("none.html", "repair it"),
    ] {
        assert!(reason(path).contains(expected), "{path}: {}", reason(path));
    }

    for path in ["three.md", "three.docx"] {
        assert!(
            reason(path).contains("`three.md` of the root `corpus` and `three.docx`"),
            "{}",
            reason(path)
        );
        assert!(!reason(path).contains("three.pdf"), "{}", reason(path));
    }

    let again = sync_converting(&fixture).await;
    assert_eq!((again.unchanged, again.written), (5, 0), "{again:?}");
}

/// Converts a file only when another one has been committed.
struct WaitingConverter {
    committed: Mutex<std::sync::mpsc::Receiver<()>>,
}

impl Convert for WaitingConverter {
    fn fingerprint(&self, _: Format) -> &'static str {
        "waiting-1"
    }

    fn may_be(&self, _: Format, _: &[u8]) -> bool {
        true
    }

    fn convert(&self, _: Format, _: &[u8]) -> Result<ConvertedDocument, ConvertError> {
        let committed = self.committed.lock().unwrap();
        match committed.recv_timeout(Duration::from_secs(60)) {
            Ok(()) => Ok(ConvertedDocument {
                markdown: "Barge".to_owned(),
                ..ConvertedDocument::default()
            }),
            Err(_) => Err(ConvertError("no other file was committed".to_owned())),
        }
    }
}

#[tokio::test]
async fn a_slow_file_holds_up_no_other() {
    let fixture = Fixture::new(&[("a.pdf", "%PDF"), ("b.md", "Monitor"), ("c.md", "Barge")]);
    let (sender, committed) = std::sync::mpsc::channel();
    let converter = Arc::new(WaitingConverter {
        committed: Mutex::new(committed),
    });
    let report = fixture
        .ingester()
        .with_converter(converter)
        .sync(&[fixture.corpus()], &|progress| {
            // The receiver is gone when the file was converted.
            if progress.done > 0 {
                let _ = sender.send(());
            }
        })
        .await
        .unwrap();
    assert_eq!((report.written, report.skipped), (3, Vec::new()));
}
