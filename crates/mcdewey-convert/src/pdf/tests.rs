//! Whole PDFs as Markdown.

use super::samples::{pages, pdf, stream};
use super::*;
use crate::mutate::mutations;

fn manual() -> Vec<u8> {
    let running = |number: &'static str| {
        vec![
            (9, 72, 760, "Finesse Developer Guide"),
            (9, 300, 30, number),
        ]
    };

    let mut first = running("i");
    first.extend([
        (24, 72, 700, "Finesse Developer Guide"),
        (11, 72, 650, "A supervisor may enter a call."),
    ]);
    let mut second = running("1");

    second.extend([
        (18, 72, 700, "Barge Call"),
        (11, 72, 660, "The supervisor enters the call."),
    ]);
    let mut third = running("2");
    third.extend([
        (11, 72, 700, "The button looks like this."),
        (0, 72, 500, "IMAGE"),
    ]);
    let mut fourth = running("3");
    fourth.extend([(11, 72, 700, "See also the call list.")]);
    let labels = "/PageLabels << /Nums [0 << /S /r >> 1 << /S /D >>] >>";

    pages(&[first, second, third, fourth], labels)
}

#[test]
fn a_manual_becomes_marked_pages() {
    let Converted {
        markdown,
        images,
        warnings,
    } = convert(&manual()).unwrap();

    assert!(
        markdown.starts_with("---\ntitle: \"Finesse Developer Guide\"\nupdated: 2024-05-01\n---\n"),
        "{markdown}"
    );

    let places: Vec<usize> = [
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

    assert!(places.is_sorted());
    assert!(
        markdown[places[1]..places[2]].contains("# Barge Call"),
        "{markdown}"
    );
    assert!(
        markdown[places[1]..places[2]].contains("The supervisor enters the call."),
        "{markdown}"
    );
    assert!(
        !markdown[places[1]..].contains("Developer Guide"),
        "the running header stays out: {markdown}"
    );
    assert!(
        markdown[places[2]..places[3]].contains("![Image 1 from page 3](page-3-image-1.png)"),
        "{markdown}"
    );
    assert_eq!(markdown.matches("![").count(), 1, "{markdown}");
    assert_eq!(
        (images.len(), images[0].name.as_str()),
        (1, "page-3-image-1.png")
    );
    assert_eq!(image_type_of(&images[0].bytes), Some("image/png"));
    assert_eq!(warnings, [""; 0]);
}

/// A stream may name a file that its content stands in, and an action may open one.
#[test]
fn streams_in_other_files_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.txt");
    std::fs::write(&secret, "BT /F1 12 Tf 72 600 Td (quokkavault) Tj ET").unwrap();
    let file = format!("/F ({}) /FFilter null", secret.display());

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
        stream(&file, ""),
    ]);

    let Converted {
        markdown,
        images,
        warnings,
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

fn image_type_of(bytes: &[u8]) -> Option<&'static str> {
    mcdewey_core::image_type(bytes)
}

#[test]
fn what_cannot_be_read_is_told_with_what_to_do() {
    let reason = |bytes: &[u8]| convert(bytes).unwrap_err().0;
    assert!(
        reason(b"<html>").contains("no PDF"),
        "{}",
        reason(b"<html>")
    );
    assert!(reason(b"").contains("no PDF"));
    let picture = pages(&[vec![(0, 72, 500, "IMAGE")]], "");
    assert!(reason(&picture).contains("no text layer"));

    let encrypted = pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [] /Count 0 >>".to_owned(),
        "<< >>".to_owned(),
    ]);

    let encrypted = String::from_utf8(encrypted).unwrap().replace(
        "/Root 1 0 R",
        "/Root 1 0 R /Encrypt << /Filter /Standard /V 1 /R 2 /O (01234567890123456789012345678901) \
         /U (01234567890123456789012345678901) /P -4 >> /ID [(a) (a)]",
    );

    assert!(
        reason(encrypted.as_bytes()).contains("encrypted"),
        "{}",
        reason(encrypted.as_bytes())
    );
}

#[test]
fn a_file_that_was_cut_off_gives_what_is_left_or_says_so() {
    let manual = manual();
    let part = convert(&manual[..manual.len() * 9 / 10]).unwrap();
    assert!(part.markdown.contains("<!-- page: 1"), "{}", part.markdown);
    assert!(
        part.warnings
            .iter()
            .any(|warning| warning.contains("cut off")),
        "{:?}",
        part.warnings
    );
    assert!(
        !convert(&manual)
            .unwrap()
            .warnings
            .iter()
            .any(|warning| warning.contains("cut off"))
    );

    let nothing =
        convert(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Ty")
            .unwrap_err();
    assert!(nothing.0.contains("cut off"), "{nothing}");
}

#[test]
fn broken_files_break_nothing() {
    for broken in mutations(&manual()) {
        // Either way it ends.
        let _ = convert(&broken);
    }
}
