//! A folder of malformed and hostile files, ingested by the real program: each is read or reported
//! with a reason, none stops the others, and nothing outside the folder is read.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::support::ingest;

/// Files that must be reported, with a part of the reason.
const SKIPPED: [(&str, &str); 13] = [
    ("latin.md", "not valid UTF-8 at byte"),
    ("utf16.md", "UTF-16"),
    ("nul.md", "is zero"),
    ("empty.md", "is empty"),
    ("truncated.pdf", "truncated"),
    ("no-pdf.pdf", "not a PDF"),
    ("old-word.docx", "encrypted or an old .doc"),
    ("no-zip.docx", "not a Word document"),
    ("aliases.yaml", "neither valid JSON nor valid YAML"),
    ("deep-divs.html", "nested more than"),
    ("deep.json", "not an OpenAPI description"),
    ("twin.md", "chunk ids"),
    ("twin.markdown", "chunk ids"),
];

/// Files that must be read, however odd.
const READ: [&str; 8] = [
    "deep-quotes.md",
    "deep-lists.md",
    "deep-brackets.md",
    "long-line.md",
    "long-table.md",
    "marked.md",
    "unclosed.md",
    "good.md",
];

fn write_all(root: &Path) {
    let write = |name: &str, content: &[u8]| std::fs::write(root.join(name), content).unwrap();
    write(
        "good.md",
        b"# Good\n\nThe otter pool is cleaned on Mondays.",
    );
    write("latin.md", b"caf\xe9");
    write("utf16.md", b"\xff\xfe#\0 \0T\0");
    write("nul.md", b"# Title\n\na\0b");
    write("empty.md", b" \n\n");

    write(
        "marked.md",
        b"\xef\xbb\xbf# Marked\n\nThe penguin parade begins at noon.",
    );

    write(
        "truncated.pdf",
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pa",
    );

    write(
        "no-pdf.pdf",
        b"<html>Sign in to download this manual</html>",
    );
    write("old-word.docx", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest");
    write("no-zip.docx", b"PK but no zip");
    write("aliases.yaml", aliases().as_bytes());

    write(
        "deep.json",
        format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)).as_bytes(),
    );
    write("twin.md", b"# Twin\n\nOne.");
    write("twin.markdown", b"# Twin\n\nTwo.");

    write(
        "deep-quotes.md",
        format!("# Quotes\n\n{} deep", ">".repeat(20_000)).as_bytes(),
    );
    let mut list = "# Lists\n\n".to_owned();
    for depth in 0..500 {
        writeln!(list, "{}- item", "  ".repeat(depth)).unwrap();
    }

    write("deep-lists.md", list.as_bytes());
    write(
        "deep-brackets.md",
        format!("# Brackets\n\n{}x", "[".repeat(50_000)).as_bytes(),
    );

    write(
        "unclosed.md",
        b"# Unclosed\n\n| a | b |\n|---|\n```\n<!-- page: x -->\n---\ntitle: [",
    );
    let divs = 20_000;
    let deep = format!(
        "<html><main><h1>Deep</h1>{}<p>The giraffe house.</p>{}",
        "<div>".repeat(divs),
        "</div>".repeat(divs)
    );

    write("deep-divs.html", deep.as_bytes());
    write(
        "long-line.md",
        format!("# Long\n\n{}", "barge ".repeat(20_000)).as_bytes(),
    );

    let mut table = "# Codes\n\n| code | meaning |\n|---|---|\n".to_owned();
    for row in 0..2_000 {
        writeln!(table, "| {row} | meaning |").unwrap();
    }

    write("long-table.md", table.as_bytes());
}

/// Ten lists of ten lists of …: a few bytes of YAML that would expand to gigabytes.
fn aliases() -> String {
    let mut text = "openapi: 3.0.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{items}]").unwrap();
    }

    text
}

/// The reason for which a file was skipped.
fn skip_reason<'a>(report: &'a Value, name: &str) -> Option<&'a str> {
    let entries = report["skipped"].as_array().unwrap();
    let entry = entries
        .iter()
        .find(|entry| Path::new(entry["path"].as_str().unwrap()).ends_with(name))?;
    entry["reason"].as_str()
}

#[test]
fn every_malformed_file_is_reported_or_read_and_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("corpus");
    std::fs::create_dir(&root).unwrap();
    write_all(&root);

    let report = ingest(&folder.path().join("data"), &root);
    for (name, reason) in SKIPPED {
        let found = skip_reason(&report, name)
            .unwrap_or_else(|| panic!("{name} is not reported: {report:#}"));
        assert!(found.contains(reason), "{name}: {found}");
    }

    for name in READ {
        assert_eq!(skip_reason(&report, name), None, "{name}");
    }

    assert_eq!(report["written"], READ.len(), "{report:#}");
    assert_eq!(report["files"], READ.len() + SKIPPED.len());
}

#[cfg(unix)]
#[test]
fn links_out_of_the_root_and_loops_are_reported() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("corpus");
    std::fs::create_dir_all(root.join("inside")).unwrap();
    std::fs::write(root.join("inside/good.md"), "# Good\n\nThe otter pool.").unwrap();

    std::fs::write(
        folder.path().join("secret.md"),
        "# Secret\n\nNobody may read this.",
    )
    .unwrap();

    symlink(&root, root.join("inside/loop")).unwrap();
    symlink(
        folder.path().join("secret.md"),
        root.join("inside/secret.md"),
    )
    .unwrap();

    symlink(
        folder.path().join("nowhere.md"),
        root.join("inside/dangling.md"),
    )
    .unwrap();

    let report = ingest(&folder.path().join("data"), &root);
    assert_eq!(report["written"], 1, "{report:#}");
    for name in ["secret.md", "dangling.md", "loop"] {
        assert!(
            skip_reason(&report, name).is_some(),
            "{name} is not reported: {report:#}"
        );
    }
}
