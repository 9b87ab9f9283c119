//! Tables of the documentation that are written from declarations, and how tests compare them.
//! `MCDEWEY_UPDATE_DOCS=1 cargo test --workspace --lib -- docs_` writes them.

use std::path::{Path, PathBuf};

fn path(document: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(document)
}

/// Returns the text of a document.
pub(crate) fn text(document: &str) -> String {
    std::fs::read_to_string(path(document)).unwrap()
}

/// Compares the lines between `<!-- name: begin -->` and `<!-- name: end -->` in a document with
/// those of a table, or writes them if the tests run with `MCDEWEY_UPDATE_DOCS`.
pub(crate) fn assert_table(document: &str, name: &str, columns: &[&str], rows: &[Vec<String>]) {
    let mut table = format!(
        "| {} |\n|{}\n",
        columns.join(" | "),
        "---|".repeat(columns.len())
    );
    for row in rows {
        table.push_str(&format!("| {} |\n", row.join(" | ")));
    }

    let (begin, end) = (
        format!("<!-- {name}: begin -->\n"),
        format!("<!-- {name}: end -->\n"),
    );
    let text = text(document);
    let start = text.find(&begin).expect("the table has a begin") + begin.len();
    let stop = start + text[start..].find(&end).expect("the table has an end");

    if std::env::var_os("MCDEWEY_UPDATE_DOCS").is_some() {
        assert!(
            std::env::var_os("CI").is_none(),
            "MCDEWEY_UPDATE_DOCS is set in CI, where documents are only compared"
        );
        let written = format!("{}{table}{}", &text[..start], &text[stop..]);
        std::fs::write(path(document), written).unwrap();
    } else {
        assert_eq!(
            &text[start..stop],
            table,
            "docs/{document} is out of date; write it with MCDEWEY_UPDATE_DOCS=1"
        );
    }
}
