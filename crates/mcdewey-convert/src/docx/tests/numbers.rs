//! Numbers of headings and lists in whole documents.

use super::features::{convert_with, markdown, paragraph, styled, text};

const HEADING_STYLES: &str = r#"<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Heading1"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Heading3"><w:name w:val="heading 3"/><w:pPr><w:numPr><w:ilvl w:val="2"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Appendix"><w:name w:val="Appendix"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="LN"><w:name w:val="List Number"/><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="LN2"><w:name w:val="List Number 2"/><w:pPr><w:numPr><w:numId w:val="4"/></w:numPr></w:pPr></w:style></w:styles>"#;

const LISTS: &str = r#"<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:abstractNum w:abstractNumId="0">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading1"/><w:lvlText w:val="%1"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading2"/><w:lvlText w:val="%1.%2"/></w:lvl>
<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2.%3"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperLetter"/><w:lvlText w:val="Appendix %1:"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="3"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1)"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="2"/></w:num><w:num w:numId="4"><w:abstractNumId w:val="3"/></w:num>
<w:num w:numId="5"><w:abstractNumId w:val="2"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num></w:numbering>"#;

fn numbered(body: &str) -> String {
    let parts = [
        ("word/styles.xml", HEADING_STYLES.as_bytes()),
        ("word/numbering.xml", LISTS.as_bytes()),
        ("docProps/core.xml", b"".as_slice()),
    ];
    convert_with(body, &parts).markdown
}

#[test]
fn headings_have_their_numbers() {
    let body = [
        styled("Heading1", "Scope"),
        styled("Heading1", "Operation"),
        styled("Heading2", "Start-up"),
        paragraph("As in 2.2.1."),
        styled("Heading2", "Faults"),
        styled("Heading3", "Flame lost"),
        styled("Heading3", "Low water"),
        styled("Appendix", ""),
        styled("Appendix", "Codes"),
    ]
    .concat();
    assert_eq!(
        numbered(&body),
        "# 1 Scope\n\n# 2 Operation\n\n## 2.1 Start-up\n\nAs in 2.2.1.\n\n## 2.2 Faults\n\n\
         ### 2.2.1 Flame lost\n\n### 2.2.2 Low water\n\n# Appendix A:\n\n# Appendix B: Codes\n"
    );
}

#[test]
fn numbering_switched_off_counts_nothing() {
    let off = "<w:p><w:pPr><w:pStyle w:val=\"Heading1\"/><w:numPr><w:numId w:val=\"0\"/></w:numPr></w:pPr><w:r><w:t>Preface</w:t></w:r></w:p>";
    let body = format!("{off}{}", styled("Heading1", "Scope"));
    assert_eq!(numbered(&body), "# Preface\n\n# 1 Scope\n");
}

#[test]
fn list_styles_make_lists_with_their_labels() {
    let body = [
        styled("LN", "one"),
        styled("LN2", "inner"),
        styled("LN2", "inner too"),
        styled("LN", "two"),
        paragraph("between"),
        styled("LN", "three"),
    ]
    .concat();
    assert_eq!(
        numbered(&body),
        "1. one\n   - a) inner\n   - b) inner too\n2. two\n\nbetween\n\n3. three\n"
    );
}

#[test]
fn a_list_that_restarts_begins_again() {
    let item = |list: u8, content: &str| {
        format!(
            "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"{list}\"/></w:numPr></w:pPr>{}</w:p>",
            text(content)
        )
    };
    let body = [
        item(3, "one"),
        item(3, "two"),
        paragraph("Then:"),
        item(5, "first"),
        item(5, "second"),
    ]
    .concat();
    assert_eq!(
        numbered(&body),
        "1. one\n2. two\n\nThen:\n\n1. first\n2. second\n"
    );
}

#[test]
fn lists_in_cells_keep_their_labels() {
    let item = |level: u8, content: &str| {
        format!(
            "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr>{}</w:p>",
            text(content)
        )
    };
    let row = |a: &str, b: &str| format!("<w:tr><w:tc>{a}</w:tc><w:tc>{b}</w:tc></w:tr>");
    let table = format!(
        "<w:tbl>{}{}</w:tbl>",
        row(&paragraph("Step"), &paragraph("Text")),
        row(
            &paragraph("A"),
            &[item(0, "Stop"), item(1, "wait"), item(0, "Start")].concat()
        )
    );
    assert!(
        markdown(&table).contains("| A | 1. Stop<br>• wait<br>2. Start |"),
        "{}",
        markdown(&table)
    );
}
