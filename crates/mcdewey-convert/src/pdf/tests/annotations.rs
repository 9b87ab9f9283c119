//! Text of annotations and form fields.

use super::samples::{page, stream, text};
use super::*;

/// The body of a page with these annotations and one line of text.
fn body(annotations: &[&str]) -> String {
    let references: String = (0..annotations.len())
        .map(|index| format!("{} 0 R ", 7 + index))
        .collect();
    let objects: Vec<String> = annotations
        .iter()
        .map(|annotation| (*annotation).to_owned())
        .collect();
    let file = page(
        &text(12.0, 60.0, 700.0, "Maintenance of the pump"),
        &format!("/Annots [{references}]"),
        &objects,
    );
    let markdown = convert(&file).unwrap().markdown;
    let (_, body) = markdown.split_once("<!-- page: 1 -->").unwrap();
    body.trim().to_owned()
}

#[test]
fn notes_comments_and_stamps_are_on_their_page() {
    let body = body(&[
        "<< /Type /Annot /Subtype /Text /Rect [0 500 10 510] /Contents (Seal S7 leaks.) >>",
        "<< /Type /Annot /Subtype /FreeText /Rect [0 600 10 610] /Contents (Torque: 40 Nm) >>",
        "<< /Type /Annot /Subtype /Highlight /Rect [0 400 10 410] /Contents <FEFF00D6006C> >>",
        "<< /Type /Annot /Subtype /Stamp /Rect [0 300 10 310] /Name /NotForPublicRelease >>",
        "<< /Type /Annot /Subtype /Popup /Rect [0 300 10 310] /Contents (Seal S7 leaks.) >>",
        "<< /Type /Annot /Subtype /Text /F 2 /Rect [0 1 2 3] /Contents (hidden) >>",
        "<< /Type /Annot /Subtype /Link /Rect [0 1 2 3] /Contents (https://pump.example) >>",
    ]);
    assert_eq!(
        body,
        "Maintenance of the pump\n\nTorque: 40 Nm\n\nSeal S7 leaks.\n\nÖl\n\n\
         Not For Public Release"
    );
}

#[test]
fn a_stamp_without_contents_has_the_text_of_its_appearance() {
    let appearance = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 100 20]",
        "BT /Helv 12 Tf (Checked by) Tj 0 -14 Td [(work) -20 (shop 4)] TJ ET",
    );
    let body = body(&[
        "<< /Type /Annot /Subtype /Stamp /Rect [0 300 10 310] /AP << /N 8 0 R >> >>",
        &appearance,
    ]);
    assert!(body.contains("Checked by workshop 4"), "{body}");
}

#[test]
fn fields_are_written_as_name_and_value() {
    let body = body(&[
        "<< /Subtype /Widget /FT /Tx /T (serial) /TU (Serial number) /V (SN-4711) \
         /Rect [0 600 10 610] >>",
        "<< /Subtype /Widget /Parent 9 0 R /T (city) /Rect [0 590 10 600] >>",
        "<< /FT /Tx /T (workshop) /V (Tromsdal) >>",
        "<< /Subtype /Widget /FT /Ch /T (Oil) /V (b) /Opt [[(a) (Mineral)] [(b) (Synthetic)]] \
         /Rect [0 580 10 590] >>",
        "<< /Subtype /Widget /FT /Btn /T (Leak test) /AS /Yes /Rect [0 570 10 580] >>",
        "<< /Subtype /Widget /FT /Btn /T (Painted) /AS /Off /Rect [0 560 10 570] >>",
        "<< /Subtype /Widget /FT /Btn /Ff 32768 /T (Voltage) /AS /High /Rect [0 550 10 560] >>",
        "<< /Subtype /Widget /FT /Btn /Ff 32768 /T (Voltage) /AS /Off /Rect [0 540 10 550] >>",
        "<< /Subtype /Widget /FT /Tx /Ff 8192 /T (Code) /V (secret) /Rect [0 530 10 540] >>",
        "<< /Subtype /Widget /FT /Tx /T (Empty) /Rect [0 520 10 530] >>",
    ]);
    assert_eq!(
        body,
        "Maintenance of the pump\n\nSerial number: SN-4711\n\nworkshop.city: Tromsdal\n\n\
         Oil: Synthetic\n\nLeak test: checked\n\nPainted: not checked\n\nVoltage: High"
    );
}

#[test]
fn text_that_is_also_drawn_is_not_repeated() {
    let body = body(&[
        "<< /Subtype /FreeText /Rect [0 600 10 610] /Contents (maintenance of the pump) >>",
        "<< /Subtype /FreeText /Rect [0 600 10 610] /Contents (Maintenance of the pump) >>",
    ]);
    assert_eq!(body, "Maintenance of the pump\n\nmaintenance of the pump");
}
