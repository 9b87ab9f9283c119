//! Builds small PDFs for tests.

/// Builds a PDF of these objects. The first must be the catalogue, the third the metadata.
pub(super) fn pdf(objects: &[String]) -> Vec<u8> {
    let mut file = "%PDF-1.7\n".to_owned();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
    }

    let table_offset = file.len();
    let size = objects.len() + 1;
    file += &format!("xref\n0 {size}\n0000000000 65535 f \n");
    for offset in offsets {
        file += &format!("{offset:010} 00000 n \n");
    }

    file += &format!("trailer\n<< /Size {size} /Root 1 0 R /Info 3 0 R >>\n");
    file += &format!("startxref\n{table_offset}\n%%EOF\n");
    file.into_bytes()
}

/// Builds a stream object.
pub(super) fn stream(dictionary: &str, content: &str) -> String {
    format!(
        "<< {dictionary} /Length {} >>\nstream\n{content}\nendstream",
        content.len()
    )
}

/// A line of text: font size, distances from the left and the bottom edge in points, text. The
/// text `IMAGE` paints an image instead.
pub(super) type Line = (u32, u32, u32, &'static str);

/// Builds a PDF whose pages have these lines. `catalog_entries` go into the catalogue.
pub(super) fn pages(pages: &[Vec<Line>], catalog_entries: &str) -> Vec<u8> {
    // Every page has two objects: itself and its content.
    let first_page = 6;
    let kids: Vec<String> = (0..pages.len())
        .map(|index| format!("{} 0 R", first_page + 2 * index))
        .collect();

    let mut objects = vec![
        format!("<< /Type /Catalog /Pages 2 0 R {catalog_entries} >>"),
        format!(
            "<< /Type /Pages /Kids [{}] /Count {} >>",
            kids.join(" "),
            pages.len()
        ),
        "<< /Title (Microsoft Word - draft.doc) /ModDate (D:20240501120000Z) >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        // 16 × 16 grey samples, in hexadecimal.
        stream(
            "/Type /XObject /Subtype /Image /Width 16 /Height 16 /ColorSpace /DeviceGray \
             /BitsPerComponent 8 /Filter /ASCIIHexDecode",
            &format!("{}>", "7f".repeat(256)),
        ),
    ];

    for (index, lines) in pages.iter().enumerate() {
        let content: String = lines
            .iter()
            .map(|(size, x, y, text)| match *text {
                "IMAGE" => format!("q 100 0 0 100 {x} {y} cm /Im1 Do Q\n"),
                text => format!("BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n"),
            })
            .collect();

        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources << /Font << /F1 4 0 R >> /XObject << /Im1 5 0 R >> >> >>",
            first_page + 2 * index + 1
        ));
        objects.push(stream("", &content));
    }

    pdf(&objects)
}

/// Builds a PDF of one page of A4 with this content. The fonts are `F1`, Helvetica, and `F2`, which
/// `objects` may begin with; they are numbered from 7. `page_entries` go into the page.
pub(super) fn page(content: &str, page_entries: &str, objects: &[String]) -> Vec<u8> {
    let mut all = vec![
        "<< /Type /Catalog /Pages 2 0 R /AcroForm 3 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [4 0 R] /Count 1 >>".to_owned(),
        // Some tests have a form field there.
        "<< /Fields [7 0 R] >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R \
             /Resources << /Font << /F1 6 0 R /F2 7 0 R >> >> {page_entries} >>"
        ),
        stream("", content),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
            .to_owned(),
    ];
    all.extend_from_slice(objects);
    pdf(&all)
}

/// Draws a text in Helvetica. The coordinates are those of the page.
pub(super) fn text(size: f32, x: f32, y: f32, text: &str) -> String {
    format!("BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n")
}
