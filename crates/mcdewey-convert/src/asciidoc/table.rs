//! Writes tables as HTML.

use asciidoc_parser::blocks::{
    ColumnStyle, IsBlock, TableBlock, TableCell, TableCellContent, TableRow,
};

use super::blocks::{write_block, write_footnotes};

pub(super) fn write_table<'s>(table: &'s TableBlock<'s>, out: &mut String) {
    out.push_str("<table>");
    if let Some(title) = table.title() {
        out.push_str(&format!("<caption>{title}</caption>"));
    }

    if let Some(header) = table.header_row() {
        out.push_str("<thead>");
        write_row(header, true, out);
        out.push_str("</thead>");
    }

    for row in table.body_rows().iter().chain(table.footer_row()) {
        write_row(row, false, out);
    }

    out.push_str("</table>");
}

fn write_row<'s>(row: &'s TableRow<'s>, is_header: bool, out: &mut String) {
    out.push_str("<tr>");
    for cell in row.cells() {
        write_cell(cell, is_header, out);
    }
    out.push_str("</tr>");
}

fn write_cell<'s>(cell: &'s TableCell<'s>, is_header: bool, out: &mut String) {
    let element = if is_header || cell.style() == ColumnStyle::Header {
        "th"
    } else {
        "td"
    };

    out.push_str(&format!(
        "<{element} colspan=\"{}\" rowspan=\"{}\">",
        cell.colspan(),
        cell.rowspan()
    ));

    match cell.content() {
        TableCellContent::Simple(content) => {
            write_text(content.rendered_html(), cell.style(), out);
        }
        TableCellContent::AsciiDoc(document) => {
            if let Some(title) = document.title() {
                out.push_str(&format!("<p><strong>{title}</strong></p>"));
            }
            for block in document.blocks() {
                write_block(block, out);
            }
            write_footnotes(document.footnotes(), out);
        }
    }

    out.push_str(&format!("</{element}>"));
}

fn write_text(text: &str, style: ColumnStyle, out: &mut String) {
    let (open, close) = match style {
        ColumnStyle::Literal => {
            out.push_str(&format!("<pre>{text}</pre>"));
            return;
        }
        ColumnStyle::Monospace => ("<code>", "</code>"),
        ColumnStyle::Strong => ("<strong>", "</strong>"),
        ColumnStyle::Emphasis => ("<em>", "</em>"),
        _ => ("", ""),
    };

    for paragraph in text.split("\n\n") {
        out.push_str(&format!("<p>{open}{paragraph}{close}</p>"));
    }
}
