//! Pages that are set in an unusual way, read with PDFium.

use super::samples::{page, stream, text};
use super::*;

/// The Markdown of a file without front matter, page marker and blank lines.
fn body(bytes: &[u8]) -> Option<String> {
    let markdown = convert_with_pdfium(bytes)?.markdown;
    let (_, body) = markdown.split_once("<!-- page: 1 -->").unwrap();
    let lines: Vec<&str> = body.lines().filter(|line| !line.is_empty()).collect();
    Some(lines.join("\n"))
}

/// A heading and a table of four columns, drawn in a landscape page of 842 × 595.
fn landscape_table() -> String {
    let mut content = text(16.0, 60.0, 540.0, "Spare parts");
    for (row, name) in [
        "Name",
        "Fan tray",
        "Filter mat",
        "Door switch",
        "Relay board",
    ]
    .iter()
    .enumerate()
    {
        let y = 500.0 - 20.0 * row as f32;
        let cells = [
            if row == 0 {
                "Part".to_owned()
            } else {
                format!("PN-70{row}2")
            },
            (*name).to_owned(),
            if row == 0 {
                "Stock".to_owned()
            } else {
                format!("{}", 13 * row)
            },
            if row == 0 {
                "Price".to_owned()
            } else {
                format!("{}.50", 120 * row)
            },
        ];
        for (cell, x) in cells.iter().zip([60.0, 200.0, 450.0, 600.0]) {
            content += &text(11.0, x, y, cell);
        }
    }
    content
}

#[test]
fn turned_pages_are_read_like_upright_ones() {
    // The matrices turn a landscape drawing so that it fits a portrait page.
    let clockwise = "0 -1 1 0 0 842 cm\n";
    let counter_clockwise = "0 1 -1 0 595 0 cm\n";
    let upside_down = "-1 0 0 -1 842 595 cm\n";
    let landscape = "/MediaBox [0 0 842 595]";
    for (matrix, entries) in [
        (counter_clockwise, "/Rotate 90"),
        (clockwise, "/Rotate 270"),
        (upside_down, &format!("{landscape} /Rotate 180")),
        (counter_clockwise, ""),
        (clockwise, ""),
    ] {
        let content = format!("{matrix}{}", landscape_table());
        let Some(body) = body(&page(&content, entries, &[])) else {
            return;
        };
        assert!(
            body.starts_with("# Spare parts"),
            "{matrix} {entries}: {body}"
        );
        assert!(
            body.contains("| PN-7032 | Door switch | 39 | 360.50 |"),
            "{matrix} {entries}: {body}"
        );
    }
}

#[test]
fn a_landscape_table_on_a_portrait_page_is_read_in_rows() {
    let mut content = text(20.0, 60.0, 790.0, "The parts of the cabinet");
    for (row, line) in [
        "The table lists the parts of the cabinet that are kept on the shelf in the workshop",
        "of the plant. Order further parts in time, because some of them are made on demand",
        "only and take up to six weeks. Parts that are not listed cannot be ordered any more.",
    ]
    .iter()
    .enumerate()
    {
        content += &text(10.0, 60.0, 760.0 - 12.0 * row as f32, line);
    }
    // Turned so that it reads upwards.
    content += &format!("q 0 1 -1 0 640 0 cm\n{}Q\n", landscape_table());

    let Some(body) = body(&page(&content, "", &[])) else {
        return;
    };
    assert!(body.starts_with("# The parts of the cabinet"), "{body}");
    assert!(
        body.contains("The table lists the parts of the cabinet that are kept"),
        "{body}"
    );
    assert!(
        body.contains("| PN-7032 | Door switch | 39 | 360.50 |"),
        "{body}"
    );
}

#[test]
fn overprinted_text_is_read_once() {
    let mut content = String::new();
    for (dx, dy) in [(0.0, 0.0), (0.4, 0.0), (0.0, 0.3), (0.4, 0.3)] {
        content += &text(18.0, 60.0 + dx, 760.0 + dy, "Ventilation of the cabinet");
        content += &text(11.0, 60.0 + dx, 700.0 + dy, "Never block outlet grille G7");
    }
    // Every letter twice before the next one.
    let mut x = 60.0;
    for letter in "Article FM-2207".chars() {
        content += &text(11.0, x, 660.0, &letter.to_string());
        content += &text(11.0, x + 0.4, 660.0, &letter.to_string());
        x += 7.0;
    }

    let Some(body) = body(&page(&content, "", &[])) else {
        return;
    };
    assert_eq!(
        body.matches("Ventilation of the cabinet").count(),
        1,
        "{body}"
    );
    assert_eq!(
        body.matches("Never block outlet grille G7").count(),
        1,
        "{body}"
    );
    let squeezed = body.replace([' ', '*'], "");
    assert!(squeezed.contains("ArticleFM-2207"), "{body}");
}

#[test]
fn hyphens_at_line_ends_are_kept() {
    let mut content = "0 1 -1 0 595 0 cm\n".to_owned();
    content += &text(11.0, 60.0, 500.0, "Replace the amber ser-");
    content += &text(11.0, 60.0, 486.0, "vice lamp when it is dark.");
    let Some(body) = body(&page(&content, "/Rotate 90", &[])) else {
        return;
    };
    let joined = ["service lamp", "ser-vice lamp", "ser- vice lamp"];
    assert!(joined.iter().any(|words| body.contains(words)), "{body}");
}

#[test]
fn bytes_before_the_header_do_not_hide_the_file() {
    let file = page(&text(12.0, 60.0, 700.0, "Grease the pump."), "", &[]);
    for junk in ["%!PS spool 17\n", "\0\0\0\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let spooled = [junk.as_bytes(), &file].concat();
        assert!(
            convert(&spooled)
                .unwrap()
                .markdown
                .contains("Grease the pump.")
        );

        // The offsets may count from the start of the file instead of the header.
        let end = String::from_utf8_lossy(&file).rfind("startxref").unwrap();
        let table: usize = String::from_utf8_lossy(&file[end + 10..])
            .lines()
            .next()
            .and_then(|offset| offset.parse().ok())
            .unwrap();
        let mut counted = spooled[..junk.len() + end].to_vec();
        counted.extend(format!("startxref\n{}\n%%EOF\n", table + junk.len()).into_bytes());
        assert!(
            convert(&counted)
                .unwrap()
                .markdown
                .contains("Grease the pump.")
        );
        if let Some(body) = body(&counted) {
            assert_eq!(body, "Grease the pump.");
        }
    }
}

#[test]
fn pages_that_only_pdfium_finds_are_read() {
    let file = page(&text(12.0, 60.0, 700.0, "Grease the pump."), "", &[]);
    let file = String::from_utf8(file).unwrap();
    // Without its type, a page is none to a strict parser. The length stays the same.
    let untyped = file.replace("/Type /Page /Parent", "/Tipe /Page /Parent");
    assert!(convert_error(untyped.as_bytes()).contains("no page can be read"));
    if let Some(body) = body(untyped.as_bytes()) {
        assert_eq!(body, "Grease the pump.");
    }
}

/// Why a file cannot be read without PDFium.
fn convert_error(bytes: &[u8]) -> String {
    super::super::convert(bytes, &NativeLibraries::default())
        .unwrap_err()
        .0
}

/// A composite font whose codes are UTF-16, with this entry for `ToUnicode`.
fn unicode_font(to_unicode: &str) -> Vec<String> {
    vec![
        format!(
            "<< /Type /Font /Subtype /Type0 /BaseFont /Helvetica /Encoding /Identity-H \
             /DescendantFonts [8 0 R] {to_unicode} >>"
        ),
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Helvetica /CIDSystemInfo \
         << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 500 \
         /FontDescriptor 9 0 R >>"
            .to_owned(),
        "<< /Type /FontDescriptor /FontName /Helvetica /Flags 32 /FontBBox [0 0 1000 1000] \
         /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>"
            .to_owned(),
        stream("", "this is no character map"),
    ]
}

fn hexadecimal(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("{unit:04x}"))
        .collect()
}

#[test]
fn fonts_without_a_usable_character_map_are_read() {
    let content = format!(
        "BT /F2 12 Tf 60 760 Td <{}> Tj ET",
        hexadecimal("Pump P4 needs grease every 600 hours.")
    );
    for to_unicode in [
        "/ToUnicode /Identity-H",
        "/ToUnicode /Identity-V",
        "/ToUnicode /Adobe-Identity-UCS",
        "/ToUnicode 10 0 R",
        "/ToUnicode 99 0 R",
        "/ToUnicode (text)",
        "",
    ] {
        let Some(body) = body(&page(&content, "", &unicode_font(to_unicode))) else {
            return;
        };
        assert_eq!(
            body, "Pump P4 needs grease every 600 hours.",
            "{to_unicode}"
        );
    }
}

#[test]
fn columns_with_a_number_in_the_gutter_are_read_one_after_the_other() {
    let left = [
        "The relay board keeps its fuse table in flash memory. To",
        "replace a blown fuse, first open the left service door,",
        "then press the amber release latch for three seconds. The",
        "latch clicks once when the tray is free. Never pull the",
        "tray before the latch has clicked, or the guide rail will",
        "bend and the tray will jam in the cabinet for good.",
    ];
    let right = [
        "After the tray is out, wait ninety seconds for the lamp",
        "beside the socket. It goes dark when it is safe to touch",
        "the contacts. Use fuses of type FZ-30 only; other types",
        "have a different trip curve and void the warranty of the",
        "relay board. Slide the tray back, run relayctl verify",
        "--fuse and compare the checksum with the plate.",
    ];
    let mut content = text(
        14.0,
        150.0,
        780.0,
        "A guide to the fuses of the relay board",
    );
    content += &text(9.0, 240.0, 764.0, "Field Service");
    content += &text(9.0, 235.0, 752.0, "January 3, 2024");
    for (row, (left, right)) in left.iter().zip(right).enumerate() {
        let y = 700.0 - 12.0 * row as f32;
        // The first lines of paragraphs are indented and reach across the gutter.
        let indent = if row % 4 == 3 { 10.0 } else { 0.0 };
        content += &text(9.0, 60.0 + indent, y, left);
        content += &text(9.0, 296.0 + indent, y - 1.5, right);
    }
    content += &text(9.0, 290.0, 620.0, "7");

    let Some(body) = body(&page(&content, "", &[])) else {
        return;
    };
    for column in [left, right] {
        assert!(body.contains(&column.join(" ")), "{body}");
    }
    assert!(body.find(left[0]) < body.find(right[0]), "{body}");
}

#[test]
fn vertical_text_is_read_from_right_to_left() {
    let columns = [
        "ポンプの点検を行います",
        "弁を閉めてから電源を切る",
        "警報が出たら担当者を呼ぶ",
    ];
    let characters: Vec<String> = columns.concat().chars().map(String::from).collect();
    let glyphs: Vec<&str> = characters.iter().map(String::as_str).collect();
    // The left column is drawn first, character by character.
    let mut content = String::new();
    let mut code = 0x41 + glyphs.len();
    for (index, column) in columns.iter().enumerate().rev() {
        let x = 480.0 - 30.0 * index as f32;
        code -= column.chars().count();
        for row in 0..column.chars().count() {
            let y = 760.0 - 14.0 * row as f32;
            content += &format!("BT /F2 14 Tf {x} {y} Td <{:02x}> Tj ET\n", code + row);
        }
    }
    let Some(placed) = body(&page(&content, "", &mapped_font(&glyphs))) else {
        return;
    };
    let places = columns.map(|column| placed.find(column));
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{placed}"
    );

    // A font that writes vertically and is not embedded.
    let objects = [
        "<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /UniJIS-UCS2-V \
         /DescendantFonts [8 0 R] >>"
            .to_owned(),
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /DW 1000 /CIDSystemInfo \
         << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> /FontDescriptor 9 0 R >>"
            .to_owned(),
        "<< /Type /FontDescriptor /FontName /HeiseiMin-W3 /Flags 6 /Ascent 723 /Descent -241 \
         /CapHeight 709 /FontBBox [-123 -257 1001 910] /ItalicAngle 0 /StemV 69 >>"
            .to_owned(),
    ];
    let content: String = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let x = 480 - 30 * index;
            format!("BT /F2 14 Tf {x} 760 Td <{}> Tj ET\n", hexadecimal(column))
        })
        .collect();
    let by_font = body(&page(&content, "", &objects)).unwrap();
    let places = columns.map(|column| by_font.find(column));
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{by_font}"
    );
}

/// A simple font whose codes from 0x41 stand for these texts.
fn mapped_font(texts: &[&str]) -> Vec<String> {
    let mut map = format!(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def \
         /CMapType 2 def 1 begincodespacerange <00> <ff> endcodespacerange {} beginbfchar\n",
        texts.len()
    );
    for (index, text) in texts.iter().enumerate() {
        map += &format!("<{:02x}> <{}>\n", 0x41 + index, hexadecimal(text));
    }
    map += "endbfchar endcmap end end";
    vec![
        format!(
            "<< /Type /Font /Subtype /TrueType /BaseFont /Helvetica /FirstChar 65 /LastChar {} \
             /Widths [{}] /Encoding /WinAnsiEncoding /ToUnicode 8 0 R /FontDescriptor 9 0 R >>",
            64 + texts.len(),
            "500 ".repeat(texts.len())
        ),
        stream("", &map),
        "<< /Type /FontDescriptor /FontName /Helvetica /Flags 32 /FontBBox [0 0 1000 1000] \
         /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>"
            .to_owned(),
    ]
}

/// The body of a page with glyphs set from left to right, each with its text.
fn set(glyphs: &[&str]) -> Option<String> {
    let codes: String = (0..glyphs.len())
        .map(|index| format!("{:02x}", 0x41 + index))
        .collect();
    let content = format!("BT /F2 14 Tf 200 760 Td <{codes}> Tj ET");
    body(&page(&content, "", &mapped_font(glyphs)))
}

#[test]
fn right_to_left_ligatures_keep_the_order_of_their_letters() {
    // As shown from left to right; read from right to left.
    for (glyphs, expected) in [
        (vec!["ت", "لا", "ك", "ش", "م"], "مشكلات"),
        (vec!["ة", "خ", "ض", "م", " ", "لأ", "ا"], "الأ مضخة"),
        (vec!["ل", "لمح", "ا"], "المحل"),
        (vec!["ت", "\u{fefb}", "ك", "ش", "م"], "مشكلات"),
        (vec!["ل", "\u{fca1}", "ا"], "اتجل"),
        (vec!["ر", "\u{fdf2}"], "اللهر"),
        (vec!["ם", "וֹ", "ל", "שָׁ"], "שָׁלוֹם"),
    ] {
        let Some(body) = set(&glyphs) else {
            return;
        };
        assert_eq!(body, expected);
    }
}

#[test]
fn words_of_turned_pages_have_boxes_of_the_upright_page() {
    let content = format!("0 1 -1 0 595 0 cm\n{}", landscape_table());
    let Some(converted) = convert_with_pdfium(&page(&content, "/Rotate 90", &[])) else {
        return;
    };
    let [page] = converted.page_words.as_slice() else {
        panic!("{converted:?}");
    };
    assert_eq!((page.width, page.height), (842.0, 595.0));
    let word = page
        .words
        .iter()
        .find(|word| word.text == "PN-7032")
        .unwrap();
    assert!((word.area.left - 60.0).abs() < 0.1, "{word:?}");
    assert!(
        (word.area.bottom - (595.0 - 440.0 + 2.2)).abs() < 0.1,
        "{word:?}"
    );
}
