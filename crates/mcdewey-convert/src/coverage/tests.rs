//! The meter on healthy and on damaged conversions of every format.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::convert;

const TOPICS: [&str; 8] = [
    "gate", "siren", "barrier", "trunk", "lift", "camera", "relay", "battery",
];

/// A paragraph that no other number has.
fn paragraph(number: usize) -> String {
    let topic = TOPICS[number % TOPICS.len()];
    format!(
        "Part {number} of the {topic} opens after {} seconds, unless unit x{number} reports that \
         low-level fault {} was never cleared by its operator",
        number * 3,
        number * 7
    )
}

/// Writes a file from a heading and paragraphs.
fn file(format: Format) -> Vec<u8> {
    let paragraphs: Vec<String> = (1..40).map(paragraph).collect();
    match format {
        Format::Html => format!(
            "<html><head><title>Gates</title><script>let hidden = 1;</script></head><body>\
             <nav>Home of all pages</nav><main><h1>Gates</h1><ol><li>Check it.</li><li>Open it.\
             </li></ol><p>{}</p></main></body></html>",
            paragraphs.join("</p>\n<p>")
        )
        .into_bytes(),
        Format::Rst => format!(
            "Gates\n=====\n\n.. a comment nobody reads\n\n.. note:: Mind the gap.\n\n{}\n",
            paragraphs.join("\n\n")
        )
        .into_bytes(),
        Format::AsciiDoc => format!(
            "= Gates\n:toc:\n\n// a comment nobody reads\n\n{}\n",
            paragraphs.join("\n\n")
        )
        .into_bytes(),
        Format::OpenApi => openapi(&paragraphs),
        Format::Docx => docx(&paragraphs),
        Format::Pdf => unreachable!("PDF has tests of its own"),
    }
}

fn openapi(paragraphs: &[String]) -> Vec<u8> {
    let paths: serde_json::Map<String, serde_json::Value> = paragraphs
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let responses = serde_json::json!({"200": {"description": "Done"}});
            let operation =
                serde_json::json!({"get": {"description": text, "responses": responses}});
            (format!("/part/{number}"), operation)
        })
        .collect();

    serde_json::json!({
        "openapi": "3.1.0",
        "info": {"title": "Gates", "version": "1"},
        "paths": paths,
    })
    .to_string()
    .into_bytes()
}

fn docx(paragraphs: &[String]) -> Vec<u8> {
    let body: String = paragraphs
        .iter()
        .map(|text| {
            format!(
                "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>\
                 <w:r><w:t>{text} &amp; more</w:t></w:r></w:p>"
            )
        })
        .collect();
    let document = format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/\
         wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
    );
    let relationships = "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.\
         openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"http://\
         schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
         Target=\"word/document.xml\"/></Relationships>";
    let types = "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/\
         2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.\
         relationships+xml\"/><Override PartName=\"/word/document.xml\" ContentType=\"application/\
         vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";

    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("[Content_Types].xml", types),
        ("_rels/.rels", relationships),
        ("word/document.xml", &document),
    ] {
        let options = SimpleFileOptions::default();
        archive.start_file(name, options).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn measured(format: Format, bytes: &[u8], markdown: &str) -> Coverage {
    measure(format, bytes, markdown, &NativeLibraries::default()).unwrap()
}

#[test]
fn healthy_conversions_keep_the_text_and_damaged_ones_do_not() {
    for format in [
        Format::Html,
        Format::Docx,
        Format::Rst,
        Format::AsciiDoc,
        Format::OpenApi,
    ] {
        let bytes = file(format);
        let converted = convert(format, &bytes, &NativeLibraries::default()).unwrap();
        let healthy = measured(format, &bytes, &converted.markdown);
        assert!(
            healthy.share >= 0.99,
            "{format}: {healthy:?}\n{}",
            converted.markdown
        );
        assert_eq!(converted.warnings, [""; 0], "{format}");

        let lost = converted.markdown.replace(&paragraph(7), "");
        let damaged = measured(format, &bytes, &lost);
        assert!(damaged.share < MIN_COVERAGE, "{format}: {damaged:?}");
        assert!(
            damaged.first_lost.contains(&"battery".to_owned()),
            "{format}: {damaged:?}"
        );

        let swapped = converted
            .markdown
            .replace(&paragraph(7), "\u{1}")
            .replace(&paragraph(20), &paragraph(7))
            .replace('\u{1}', &paragraph(20));
        let damaged = measured(format, &bytes, &swapped);
        assert!(damaged.share < healthy.share, "{format}: {damaged:?}");
    }
}

#[test]
fn a_warning_names_the_share_and_the_first_lost_words() {
    let coverage = Coverage {
        share: 0.979_96,
        first_lost: vec!["Mind".to_owned(), "the".to_owned()],
        page: Some(3),
    };
    let warning = coverage.warning().unwrap();
    assert!(
        warning.starts_with("only 97.9 % of the text") && warning.contains("on page 3: “Mind the”"),
        "{warning}"
    );

    let kept = Coverage {
        share: MIN_COVERAGE,
        ..coverage
    };
    assert_eq!(kept.warning(), None);
}

#[test]
fn text_that_readers_of_a_word_document_do_not_see_is_not_expected() {
    let bytes = file(Format::Docx);
    let source = Source::read(Format::Docx, &bytes, &NativeLibraries::default()).unwrap();
    assert!(!source.text.contains("gone") && source.text.contains("operator & more"));
}

#[test]
fn pages_are_counted_from_one() {
    let source = Source {
        text: "ab".to_owned(),
        segment_ends: Vec::new(),
        page_ends: vec![1, 2],
        order: compare::Order::Free,
    };
    assert_eq!((source.page(0), source.page(1)), (Some(1), Some(2)));
}

#[test]
fn a_page_of_a_pdf_that_is_missing_is_named() {
    let Some(pdfium) = std::env::var_os("PDFIUM_LIBRARY_PATH") else {
        eprintln!("skipped: PDFIUM_LIBRARY_PATH names no PDFium");
        return;
    };
    let libraries = NativeLibraries {
        pdfium: Some(pdfium.into()),
    };
    let texts = [
        "The first page is about gates.",
        "The second is about sirens.",
    ];
    let bytes = pdf(&texts);

    let healthy = measure(Format::Pdf, &bytes, &texts.join("\n\n"), &libraries).unwrap();
    assert!((healthy.share - 1.0).abs() < 1e-9, "{healthy:?}");
    let damaged = measure(Format::Pdf, &bytes, texts[0], &libraries).unwrap();
    assert_eq!(damaged.page, Some(2));
    assert_eq!(
        damaged.first_lost,
        ["The", "second", "is", "about", "sirens"]
    );
}

/// A PDF with one line of text on each page. Readers rebuild its missing table of objects.
fn pdf(lines: &[&str]) -> Vec<u8> {
    let kids: String = (0..lines.len())
        .map(|n| format!("{} 0 R ", 10 + 2 * n))
        .collect();
    let mut file = format!(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
         2 0 obj<</Type/Pages/Count {}/Kids[{kids}]>>endobj\n\
         3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n",
        lines.len()
    );
    for (n, line) in lines.iter().enumerate() {
        let content = format!("BT /F1 12 Tf 72 700 Td ({line}) Tj ET");
        let (page, stream) = (10 + 2 * n, 11 + 2 * n);
        file.push_str(&format!(
            "{page} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {stream} 0 R\
             /Resources<</Font<</F1 3 0 R>>>>>>endobj\n\
             {stream} 0 obj<</Length {}>>stream\n{content}\nendstream endobj\n",
            content.len()
        ));
    }
    file.push_str("trailer<</Root 1 0 R>>\n%%EOF\n");
    file.into_bytes()
}
