//! Converts whole PDFs.

mod annotations;
mod continued_tables;
mod properties;
mod readings;
mod samples;

use mcdewey_core::image_media_type;

use super::*;
use crate::testing::{native_libraries, read_mutations};

use samples::{pages, pdf, stream};

/// Converts a file without native libraries. The warning of that is left out.
fn convert(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    let mut converted = super::convert(bytes, &NativeLibraries::default())?;
    let warning = converted.warnings.remove(0);
    assert!(warning.contains("install PDFium"), "{warning}");
    Ok(converted)
}

/// Converts a file with PDFium. `None` if this machine does not have it.
fn convert_with_pdfium(bytes: &[u8]) -> Option<ConvertedDocument> {
    let libraries = native_libraries();
    libraries.pdfium.is_some().then(|| {
        let converted = super::convert(bytes, &libraries).unwrap();
        let expected = converted
            .warnings
            .iter()
            .all(|warning| !warning.contains("PDFium"));
        assert!(expected, "{:?}", converted.warnings);
        converted
    })
}

fn manual() -> Vec<u8> {
    let page = |label: &'static str, content: &[samples::Line]| {
        let running_lines = [(9, 72, 760, "Finesse Developer Guide"), (9, 300, 30, label)];
        [running_lines.as_slice(), content].concat()
    };

    let labels = "/PageLabels << /Nums [0 << /S /r >> 1 << /S /D >>] >>";
    pages(
        &[
            page(
                "i",
                &[
                    (24, 72, 700, "Finesse Developer Guide"),
                    (11, 72, 650, "A supervisor may enter a call."),
                ],
            ),
            page(
                "1",
                &[
                    (18, 72, 700, "Barge Call"),
                    (11, 72, 660, "The supervisor enters the call."),
                ],
            ),
            page(
                "2",
                &[
                    (11, 72, 700, "The button looks like this."),
                    (0, 72, 500, "IMAGE"),
                ],
            ),
            page("3", &[(11, 72, 700, "See also the call list.")]),
        ],
        labels,
    )
}

#[test]
fn a_manual_becomes_pages_with_markers() {
    let ConvertedDocument {
        markdown,
        images,
        warnings,
        ..
    } = convert(&manual()).unwrap();

    assert!(
        markdown.starts_with("---\ntitle: \"Finesse Developer Guide\"\nupdated: 2024-05-01\n---\n"),
        "{markdown}"
    );

    let offsets: Vec<usize> = [
        "<!-- page: 1 label: i -->",
        "<!-- page: 2 label: 1 -->",
        "<!-- page: 3 label: 2 -->",
        "<!-- page: 4 label: 3 -->",
    ]
    .iter()
    .map(|marker| {
        markdown
            .find(marker)
            .unwrap_or_else(|| panic!("{marker} in {markdown}"))
    })
    .collect();

    assert!(offsets.is_sorted());
    assert!(
        markdown[offsets[1]..offsets[2]].contains("# Barge Call"),
        "{markdown}"
    );
    assert!(
        markdown[offsets[1]..offsets[2]].contains("The supervisor enters the call."),
        "{markdown}"
    );
    assert!(
        markdown[offsets[3]..].contains("\nFinesse Developer Guide\n\nSee also"),
        "the running header is a paragraph: {markdown}"
    );
    assert!(
        markdown[offsets[2]..offsets[3]].contains("![Image 1 from page 3](page-3-image-1.png)"),
        "{markdown}"
    );
    assert_eq!(markdown.matches("![").count(), 1, "{markdown}");
    assert_eq!(
        (images.len(), images[0].name.as_str()),
        (1, "page-3-image-1.png")
    );
    assert_eq!(image_media_type(&images[0].bytes), Some("image/png"));
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn titles_that_differ_by_a_number_are_headings() {
    const TITLES: [&str; 4] = ["Alarm 4101", "Alarm 4102", "Alarm 4103", "Alarm 4104"];
    const FOOTERS: [&str; 4] = ["Cabinet 1", "Cabinet 2", "Cabinet 3", "Cabinet 4"];
    let alarms = TITLES.iter().zip(FOOTERS).map(|(title, footer)| {
        vec![
            (20, 72, 700, *title),
            (11, 72, 660, "The lamp on the front panel blinks."),
            (9, 72, 30, footer),
        ]
    });

    let markdown = convert(&pages(&alarms.collect::<Vec<_>>(), ""))
        .unwrap()
        .markdown;
    for (title, footer) in TITLES.iter().zip(FOOTERS) {
        let page = format!("# {title}\n\nThe lamp on the front panel blinks.\n\n{footer}\n");
        assert!(markdown.contains(&page), "{page} in {markdown}");
    }
}

/// The content of a stream may be in another file, and an action may open one.
#[test]
fn streams_in_other_files_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.txt");
    std::fs::write(&secret, "BT /F1 12 Tf 72 600 Td (quokkavault) Tj ET").unwrap();
    let external_stream = format!("/F ({}) /FFilter null", secret.display());

    let file = pdf(&[
        format!(
            "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /GoToR /F ({}) /D [0 /Fit] >> >>",
            secret.display()
        ),
        "<< /Type /Pages /Kids [6 0 R] /Count 1 >>".to_owned(),
        "<< /Title (Desk) >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        stream("", "BT /F1 12 Tf 72 700 Td (The wombatdesk is open.) Tj ET"),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents [5 0 R 7 0 R] \
         /Resources << /Font << /F1 4 0 R >> >> >>"
            .to_owned(),
        stream(&external_stream, ""),
    ]);

    let ConvertedDocument {
        markdown,
        images,
        warnings,
        ..
    } = convert(&file).unwrap();

    assert!(
        markdown.contains("wombatdesk") && !markdown.contains("quokkavault"),
        "{markdown}"
    );
    assert!(
        images.is_empty() && !warnings.concat().contains("quokkavault"),
        "{warnings:?}"
    );
}

#[test]
fn unreadable_files_are_refused_with_advice() {
    let reason = |bytes: &[u8]| convert(bytes).unwrap_err().0;
    assert!(
        reason(b"<html>").contains("not a PDF"),
        "{}",
        reason(b"<html>")
    );
    assert!(reason(b"").contains("not a PDF"));

    let picture = pages(&[vec![(0, 72, 500, "IMAGE")]], "");
    assert!(reason(&picture).contains("no text layer"));

    let encrypted = pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [] /Count 0 >>".to_owned(),
        "<< >>".to_owned(),
    ]);

    let encrypted = String::from_utf8(encrypted).unwrap().replace(
        "/Root 1 0 R",
        "/Root 1 0 R /Encrypt << /Filter /Standard /V 1 /R 2 \
         /O (01234567890123456789012345678901) \
         /U (01234567890123456789012345678901) /P -4 >> /ID [(a) (a)]",
    );
    assert!(
        reason(encrypted.as_bytes()).contains("encrypted"),
        "{}",
        reason(encrypted.as_bytes())
    );
}

#[test]
fn a_truncated_file_is_read_with_a_warning_or_refused() {
    let manual = manual();
    let converted = convert(&manual[..manual.len() * 9 / 10]).unwrap();
    assert!(
        converted.markdown.contains("<!-- page: 1"),
        "{}",
        converted.markdown
    );
    assert!(
        converted
            .warnings
            .iter()
            .any(|warning| warning.contains("truncated")),
        "{:?}",
        converted.warnings
    );

    assert!(
        !convert(&manual)
            .unwrap()
            .warnings
            .iter()
            .any(|warning| warning.contains("truncated"))
    );

    let error =
        convert(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Ty")
            .unwrap_err();
    assert!(error.0.contains("truncated"), "{error}");
}

#[test]
fn damaged_files_are_read_or_refused() {
    read_mutations(&manual(), |bytes| {
        super::convert(bytes, &NativeLibraries::default())
    });
}

#[test]
fn damaged_files_are_read_or_refused_with_pdfium() {
    let libraries = native_libraries();
    if libraries.pdfium.is_some() {
        read_mutations(&manual(), |bytes| super::convert(bytes, &libraries));
    }
}
