//! Tables as HTML.

use asciidoc_parser::blocks::{
    ColumnStyle, IsBlock, TableBlock, TableCell, TableCellContent, TableRow,
};

use super::blocks;

pub(super) fn write<'s>(table: &'s TableBlock<'s>, out: &mut String) {
    out.push_str("<table>");
    if let Some(title) = table.title() {
        out.push_str(&format!("<caption>{title}</caption>"));
    }

    if let Some(header) = table.header_row() {
        out.push_str("<thead>");
        row(header, true, out);
        out.push_str("</thead>");
    }

    for found in table.body_rows().iter().chain(table.footer_row()) {
        row(found, false, out);
    }

    out.push_str("</table>");
}

fn row<'s>(found: &'s TableRow<'s>, header: bool, out: &mut String) {
    out.push_str("<tr>");
    for column in found.cells() {
        cell(column, header, out);
    }
    out.push_str("</tr>");
}

fn cell<'s>(cell: &'s TableCell<'s>, header: bool, out: &mut String) {
    let name = if header || cell.style() == ColumnStyle::Header {
        "th"
    } else {
        "td"
    };

    out.push_str(&format!(
        "<{name} colspan=\"{}\" rowspan=\"{}\">",
        cell.colspan(),
        cell.rowspan()
    ));

    match cell.content() {
        TableCellContent::Simple(content) => {
            let text = content.rendered_html();
            let (open, close) = match cell.style() {
                ColumnStyle::Literal => ("<pre>", "</pre>"),
                ColumnStyle::Monospace => ("<code>", "</code>"),
                ColumnStyle::Strong => ("<strong>", "</strong>"),
                ColumnStyle::Emphasis => ("<em>", "</em>"),
                _ => ("", ""),
            };

            if open == "<pre>" {
                out.push_str(&format!("{open}{text}{close}"));
            } else {
                for part in text.split("\n\n") {
                    out.push_str(&format!("<p>{open}{part}{close}</p>"));
                }
            }
        }
        TableCellContent::AsciiDoc(document) => {
            for block in document.blocks() {
                blocks::write(block, out);
            }
        }
    }

    out.push_str(&format!("</{name}>"));
}
