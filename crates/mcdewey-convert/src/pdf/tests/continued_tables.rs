//! Tables with rules over several pages.

use super::samples::{pdf, stream};
use super::*;

/// A row of a table with three columns.
type Row = [&'static str; 3];

/// The distances of the vertical rules from the left edge.
const RULES: [u32; 4] = [72, 160, 330, 430];

const ROW_HEIGHT: u32 = 20;

/// Builds a PDF with the part of a table at the top of each page, and a footer below it.
fn parts(parts: &[&[Row]]) -> Vec<u8> {
    let page_numbers = (0..parts.len()).map(|index| 5 + 2 * index);
    let kids: Vec<String> = page_numbers.map(|number| format!("{number} 0 R")).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!(
            "<< /Type /Pages /Kids [{}] /Count {} >>",
            kids.join(" "),
            kids.len()
        ),
        "<< /Title (Codes) >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (index, rows) in parts.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources << /Font << /F1 4 0 R >> >> >>",
            6 + 2 * index
        ));
        let footer = format!(
            "BT /F1 9 Tf 72 60 Td (Cabinet manual {}) Tj ET\n",
            index + 1
        );
        objects.push(stream("", &(grid(rows) + &footer)));
    }

    pdf(&objects)
}

/// Draws rows with rules around their cells.
fn grid(rows: &[Row]) -> String {
    let top = 740;
    let bottom = top - ROW_HEIGHT * rows.len() as u32;
    let mut content = String::from("0.5 w\n");
    for x in RULES {
        content += &format!("{x} {top} m {x} {bottom} l S\n");
    }
    for line in 0..=rows.len() as u32 {
        let y = top - ROW_HEIGHT * line;
        content += &format!("{} {y} m {} {y} l S\n", RULES[0], RULES[3]);
    }
    for (line, row) in (1..).zip(rows) {
        for (x, cell) in RULES.iter().zip(row) {
            let (x, y) = (x + 4, top - ROW_HEIGHT * line + 6);
            content += &format!("BT /F1 10 Tf {x} {y} Td ({cell}) Tj ET\n");
        }
    }

    content
}

#[test]
fn each_part_has_the_header() {
    let header = ["Code", "Meaning", "Port"];
    let file = parts(&[
        &[
            header,
            ["4101", "The door is open", "80"],
            ["4102", "The door is shut", "81"],
        ],
        &[
            ["4103", "The fan is lost", "82"],
            ["4104", "The fan is wet", "83"],
        ],
        &[
            ["4105", "The lamp is gone", "84"],
            ["4106", "The lamp is dim", "85"],
        ],
        &[header, ["4107", "The lamp is late", "86"]],
    ]);

    let markdown = convert(&file).unwrap().markdown;
    let head = "| Code | Meaning | Port |\n| --- | --- | --- |\n";
    for rows in [
        "| 4101 | The door is open | 80 |\n| 4102 | The door is shut | 81 |\n",
        "| 4103 | The fan is lost | 82 |\n| 4104 | The fan is wet | 83 |\n",
        "| 4105 | The lamp is gone | 84 |\n| 4106 | The lamp is dim | 85 |\n",
        "| 4107 | The lamp is late | 86 |\n",
    ] {
        assert!(
            markdown.contains(&format!("{head}{rows}\nCabinet manual")),
            "{markdown}"
        );
    }
}
