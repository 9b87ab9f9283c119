use unpdf::Paragraph;

use super::*;

/// A table as the parser gives it: the first row is the header.
fn table(widths: &[f32], rows: &[&[&str]]) -> Table {
    let mut table = Table::with_header(u8::from(rows.len() > 1));
    table.rows = rows
        .iter()
        .map(|row| TableRow::from_strings(row.iter().copied()))
        .collect();
    table.rows[0].is_header = table.header_rows > 0;
    table.column_widths = Some(widths.to_vec());
    table
}

fn bold(mut table: Table) -> Table {
    for cell in &mut table.rows[0].cells {
        let text = cell.plain_text();
        cell.content = vec![Paragraph::new()];
        cell.content[0].add_run(unpdf::TextRun::bold(text));
    }
    table
}

/// The rows of the last table of a document with these blocks on each page, header rows in brackets.
fn last_rows(pages: Vec<Vec<Block>>) -> Vec<String> {
    let mut document = Document::new();
    for (number, blocks) in (1..).zip(pages) {
        let mut page = Page::new(number, 600.0, 800.0);
        page.elements = blocks;
        document.add_page(page);
    }

    repeat_headers(&mut document);
    let mut blocks = document.pages.iter().flat_map(|page| &page.elements);
    let Some(Block::Table(table)) = blocks.rfind(|block| matches!(block, Block::Table(_))) else {
        panic!("no table")
    };

    table
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            assert_eq!(row.is_header, index < usize::from(table.header_rows));
            let text = row.plain_text().replace('\t', " ");
            if row.is_header {
                format!("[{text}]")
            } else {
                text
            }
        })
        .collect()
}

const WIDTHS: [f32; 3] = [60.0, 200.0, 90.0];

fn codes() -> Table {
    table(
        &WIDTHS,
        &[
            &["Code", "Meaning", "Port"],
            &["10", "open", "80"],
            &["11", "shut", "81"],
        ],
    )
}

fn more_codes() -> Table {
    table(&WIDTHS, &[&["12", "gone", "82"], &["13", "lost", "83"]])
}

fn text(text: &str) -> Block {
    Block::Paragraph(Paragraph::with_text(text))
}

#[test]
fn a_table_keeps_its_header_on_every_page() {
    let rows = last_rows(vec![
        vec![
            text("Guide"),
            text("Codes:"),
            Block::Table(codes()),
            text("1"),
        ],
        vec![text("Guide"), Block::Table(more_codes()), text("2")],
        vec![
            text("Guide"),
            Block::Table(table(&WIDTHS, &[&["14", "new", "84"]])),
            text("3"),
        ],
    ]);
    assert_eq!(rows, ["[Code Meaning Port]", "14 new 84"]);

    let rows = last_rows(vec![
        vec![Block::Table(codes())],
        vec![text("Table 1 (continued)"), Block::Table(more_codes())],
    ]);
    assert_eq!(rows, ["[Code Meaning Port]", "12 gone 82", "13 lost 83"]);
}

#[test]
fn the_rest_of_a_broken_row_is_no_header() {
    let rest = table(&WIDTHS, &[&["", "and shut", ""], &["12", "gone", "82"]]);
    let rows = last_rows(vec![vec![Block::Table(codes())], vec![Block::Table(rest)]]);
    assert_eq!(rows, ["[Code Meaning Port]", " and shut ", "12 gone 82"]);
}

#[test]
fn a_repeated_header_is_not_added_again() {
    let rows = last_rows(vec![
        vec![Block::Table(codes())],
        vec![Block::Table(codes())],
    ]);
    assert_eq!(rows, ["[Code Meaning Port]", "10 open 80", "11 shut 81"]);
}

#[test]
fn another_table_keeps_its_own_header() {
    let other = || {
        table(
            &WIDTHS,
            &[&["State", "Reason", "Next"], &["20", "busy", "90"]],
        )
    };
    let own = ["[State Reason Next]", "20 busy 90"];
    let after = |first: Table, second: Table| {
        last_rows(vec![vec![Block::Table(first)], vec![Block::Table(second)]])
    };

    assert_eq!(after(codes(), other()), own);
    assert_eq!(after(bold(codes()), bold(other())), own);

    let narrow = table(&[90.0, 90.0, 90.0], &[&["12", "x", "1"], &["13", "y", "2"]]);
    assert_eq!(after(codes(), narrow), ["[12 x 1]", "13 y 2"]);

    let rows = last_rows(vec![
        vec![Block::Table(codes()), text("That was all.")],
        vec![Block::Table(more_codes())],
    ]);
    assert_eq!(rows, ["[12 gone 82]", "13 lost 83"]);
}

#[test]
fn bold_type_tells_a_header_from_a_row_of_words() {
    let words = |first: &str| table(&WIDTHS, &[&[first, "a", "b"], &["x", "y", "z"]]);
    let rows = last_rows(vec![
        vec![Block::Table(bold(words("Name")))],
        vec![Block::Table(words("Ada"))],
    ]);
    assert_eq!(rows, ["[Name a b]", "Ada a b", "x y z"]);
}
