//! The pinned library fits the binding.

use std::thread;

use crate::testing::native_libraries;

use super::*;

/// A page of 300 × 200 points with the label `iv` and one line of text.
const PDF: &str = "%PDF-1.7
1 0 obj
<< /Type /Catalog /Pages 2 0 R /PageLabels << /Nums [0 << /S /r /St 4 >>] >> >>
endobj
2 0 obj
<< /Type /Pages /Kids [3 0 R] /Count 1 >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R
   /Resources << /Font << /F1 5 0 R >> >> >>
endobj
4 0 obj
<< /Length 50 >>
stream
BT /F1 12 Tf 20 100 Td (The supervisor joins) Tj ET
endstream
endobj
5 0 obj
<< /Type /Font /Subtype /Type1 /BaseFont /Unheard-Of >>
endobj
trailer
<< /Root 1 0 R >>
%%EOF
";

/// Returns text, label, width and height of the first page.
fn first_page(pdfium: &Pdfium) -> (String, Option<String>, f32, f32) {
    let document = pdfium
        .load_pdf_from_byte_slice(PDF.as_bytes(), None)
        .unwrap();
    let page = document.pages().get(0).unwrap();
    let media_box = page.boundaries().media().unwrap().bounds;

    (
        page.text().unwrap().all(),
        page.label().map(str::to_owned),
        media_box.width().value,
        media_box.height().value,
    )
}

#[test]
fn the_library_reads_text_label_and_size_of_a_page() {
    let Some(library) = native_libraries().pdfium else {
        return;
    };

    let expected = (
        "The supervisor joins".to_owned(),
        Some("iv".to_owned()),
        300.0,
        200.0,
    );
    assert_eq!(with_pdfium(&library, first_page).unwrap(), expected);

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(with_pdfium(&library, first_page).unwrap(), expected));
        }
    });
}

#[test]
fn a_missing_library_is_an_error_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("libpdfium.so");
    let message = with_pdfium(&path, |_| ()).unwrap_err().to_string();
    assert!(
        message.contains("libpdfium.so") && message.contains("PDFIUM_LIBRARY_PATH"),
        "{message}"
    );
}
