//! Small PDFs for tests, written by hand.

/// A PDF of these objects; the first is the catalogue.
pub(super) fn pdf(objects: &[String]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
    }

    let table = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        out.extend(format!("{place:010} 00000 n \n").bytes());
    }

    out.extend(
        format!(
            "trailer\n<< /Size {} /Root 1 0 R /Info 3 0 R >>\n",
            objects.len() + 1
        )
        .bytes(),
    );

    out.extend(format!("startxref\n{table}\n%%EOF\n").bytes());
    out
}

/// A stream object.
pub(super) fn stream(dictionary: &str, content: &str) -> String {
    format!(
        "<< {dictionary} /Length {} >>\nstream\n{content}\nendstream",
        content.len()
    )
}

/// Lines of text: size, left edge, height above the page's foot, words.
pub(super) type Line = (u32, u32, u32, &'static str);

/// A PDF whose pages have these lines; `more` goes into the catalogue.
pub(super) fn pages(pages: &[Vec<Line>], more: &str) -> Vec<u8> {
    let first = 6;
    let kids: Vec<String> = (0..pages.len())
        .map(|place| format!("{} 0 R", first + 2 * place))
        .collect();

    let mut objects = vec![
        format!("<< /Type /Catalog /Pages 2 0 R {more} >>"),
        format!(
            "<< /Type /Pages /Kids [{}] /Count {} >>",
            kids.join(" "),
            pages.len()
        ),
        "<< /Title (Microsoft Word - draft.doc) /ModDate (D:20240501120000Z) >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        // Sixteen by sixteen grey samples, in hexadecimal.
        stream(
            "/Type /XObject /Subtype /Image /Width 16 /Height 16 /ColorSpace /DeviceGray /BitsPerComponent 8 \
             /Filter /ASCIIHexDecode",
            &format!("{}>", "7f".repeat(256)),
        ),
    ];

    for (place, lines) in pages.iter().enumerate() {
        let content: String = lines
            .iter()
            .map(|(size, x, y, words)| match *words {
                "IMAGE" => format!("q 100 0 0 100 {x} {y} cm /Im1 Do Q\n"),
                words => format!("BT /F1 {size} Tf {x} {y} Td ({words}) Tj ET\n"),
            })
            .collect();

        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R /Resources << /Font << /F1 4 0 R >> \
             /XObject << /Im1 5 0 R >> >> >>",
            first + 2 * place + 1
        ));

        objects.push(stream("", &content));
    }

    pdf(&objects)
}
