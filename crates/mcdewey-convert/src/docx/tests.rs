//! Converts whole documents, which the tests build.

mod features;
mod numbers;
mod words;

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::testing::read_mutations;

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>
<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;

const ROOT: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;

const RELATIONSHIPS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>
<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering" Target="numbering.xml"/>
<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes" Target="footnotes.xml"/>
<Relationship Id="rId4" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="media/a.png"/>
<Relationship Id="rId5" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://docs.example.com/" TargetMode="External"/>
<Relationship Id="rId6" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="media/b.emf"/></Relationships>"#;

const STYLES: &str = r#"<?xml version="1.0"?><w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Chapter part"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Code"><w:name w:val="Source Code"/></w:style></w:styles>"#;

const NUMBERING: &str = r#"<?xml version="1.0"?><w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/></w:lvl>
<w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"#;

const FOOTNOTES: &str = r#"<?xml version="1.0"?><w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:footnote w:id="2"><w:p><w:r><w:t>Since release 4.</w:t></w:r></w:p></w:footnote></w:footnotes>"#;

const CORE: &str = r#"<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>Trunk guide</dc:title>
<dcterms:modified>2025-03-04T05:06:07Z</dcterms:modified></cp:coreProperties>"#;

const BODY: &str = r#"<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Ports</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">Open </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>5060</w:t></w:r><w:del><w:r><w:delText> and 23</w:delText></w:r></w:del><w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:t xml:space="preserve"> for &lt;trunk&gt;, see </w:t></w:r><w:hyperlink r:id="rId5"><w:r><w:t>here</w:t></w:r></w:hyperlink></w:p>
<w:p><w:pPr><w:pStyle w:val="Own"/></w:pPr><w:r><w:t>Steps</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>Stop</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>wait</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>Start</w:t></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="Code"/></w:pPr><w:r><w:t># first</w:t></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="Code"/></w:pPr><w:r><w:t xml:space="preserve">  trunk start</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Port</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Use</w:t></w:r></w:p></w:tc></w:tr>
<w:tr><w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr><w:p><w:r><w:t>5060</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>UDP</w:t></w:r></w:p></w:tc></w:tr>
<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc><w:tc><w:p><w:r><w:t>TCP</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="p" descr="A port"/><a:graphic><a:graphicData><pic:pic><pic:blipFill><a:blip r:embed="rId4"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>
<w:p><w:r><w:drawing><wp:inline><wp:docPr id="2" name="q"/><a:graphic><a:graphicData><pic:pic><pic:blipFill><a:blip r:embed="rId6"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"#;

fn document(body: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"><w:body>{body}</w:body></w:document>"#
    )
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }

    writer.finish().unwrap().into_inner()
}

/// A document with this body and the parts above, of which `more` replaces those of the same name.
fn docx(body: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let document = document(body);
    let mut entries: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT.as_bytes()),
        ("word/_rels/document.xml.rels", RELATIONSHIPS.as_bytes()),
        ("word/document.xml", document.as_bytes()),
        ("word/styles.xml", STYLES.as_bytes()),
        ("word/numbering.xml", NUMBERING.as_bytes()),
        ("word/footnotes.xml", FOOTNOTES.as_bytes()),
        ("word/media/a.png", b"\x89PNG\r\n\x1A\nrest"),
        ("word/media/b.emf", b"emf"),
        ("docProps/core.xml", CORE.as_bytes()),
    ];

    entries.retain(|(name, _)| more.iter().all(|(replaced, _)| name != replaced));
    entries.extend(more);
    zip(&entries)
}

const MARKDOWN: &str = r#"---
title: "Trunk guide"
updated: 2025-03-04
---

# Ports

Open **5060**[1] for \<trunk>, see [here](https://docs.example.com/)

[1] Since release 4.

## Steps

1. Stop
   - wait
2. Start

```
# first
  trunk start
```

| Port | Use |
| --- | --- |
| 5060 | UDP |
| 5060 | TCP |

![A port](image-1.png)
"#;

#[test]
fn a_document_becomes_markdown() {
    let converted = convert(&docx(BODY, &[])).unwrap();
    assert_eq!(converted.markdown, MARKDOWN);
    assert_eq!(converted.images.len(), 1);
    assert_eq!(
        (
            converted.images[0].name.as_str(),
            converted.images[0].media_type.as_str()
        ),
        ("image-1.png", "image/png")
    );
    assert_eq!(
        converted.warnings,
        [
            "1 images were left out: browsers cannot show their format (such as EMF); save them as PNG"
        ]
    );
}

#[test]
fn page_breaks_recorded_by_word_become_markers() {
    let app = br#"<?xml version="1.0"?><Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Pages>2</Pages></Properties>"#;
    let body = "<w:p><w:r><w:t>One</w:t></w:r></w:p><w:p><w:r><w:lastRenderedPageBreak/><w:t>Two</w:t></w:r></w:p>";
    let converted = convert(&docx(body, &[("docProps/app.xml", app)])).unwrap();

    assert!(
        converted
            .markdown
            .contains("<!-- page: 1 -->\n\nOne\n\n<!-- page: 2 -->\n\nTwo\n"),
        "{}",
        converted.markdown
    );
}

#[test]
fn files_that_are_not_word_documents_are_refused() {
    assert!(
        convert(b"\xD0\xCF\x11\xE0rest")
            .unwrap_err()
            .0
            .starts_with("the file is encrypted or an old .doc")
    );
    assert!(
        convert(b"text")
            .unwrap_err()
            .0
            .starts_with("the file is not a Word document")
    );
    assert!(
        convert(&zip(&[("a.txt", b"x")]))
            .unwrap_err()
            .0
            .starts_with("the file is a ZIP file but not a Word document")
    );
}

#[test]
fn zip_bombs_are_refused_before_they_are_parsed() {
    let zeros = vec![b' '; 70 * 1024 * 1024];
    let error = convert(&docx(BODY, &[("word/media/c.png", &zeros)])).unwrap_err();
    assert!(error.0.contains("MB (at word/media/c.png)"), "{error}");
    let names: Vec<String> = (0..10_001).map(|at| format!("word/{at}")).collect();

    let many: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), b"".as_slice()))
        .collect();

    assert!(
        convert(&zip(&many))
            .unwrap_err()
            .0
            .contains("more than 10000 entries")
    );
}

/// Word reads other files through these references; the converter does not.
#[test]
fn nothing_outside_the_document_is_read() {
    const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";

    let folder = tempfile::tempdir().unwrap();
    let secret = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(secret("a.png"), [PNG, b"quokkavault"].concat()).unwrap();

    std::fs::write(
        secret("a.xml"),
        "<w:p><w:r><w:t>quokkavault</w:t></w:r></w:p>",
    )
    .unwrap();

    let up = format!("../../../../../../../../../..{}", secret("a.png"));
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let external = r#"TargetMode="External""#;

    let relationships: String = [
        (
            "rId1",
            "image",
            format!("file://{}", secret("a.png")),
            external,
        ),
        ("rId2", "image", secret("a.png"), ""),
        ("rId3", "image", up.clone(), ""),
        (
            "rId4",
            "aFChunk",
            format!("file://{}", secret("a.xml")),
            external,
        ),
        ("rId5", "attachedTemplate", secret("a.xml"), external),
        ("rId6", "footnotes", secret("a.xml"), ""),
        (
            "rId7",
            "header",
            format!("file://{}", secret("a.xml")),
            external,
        ),
    ]
    .iter()
    .map(|(id, what, target, mode)| {
        format!(r#"<Relationship Id="{id}" Type="{kind}/{what}" Target="{target}" {mode}/>"#)
    })
    .collect();

    let relationships = format!(
        r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relationships}</Relationships>"#
    );

    let picture = |by: &str| {
        format!(
            r#"<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="p"/><a:graphic><a:graphicData><pic:pic><pic:blipFill><a:blip {by}/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"#
        )
    };

    let body = [
        "<w:p><w:r><w:t>wombatdesk</w:t></w:r></w:p>".to_owned(),
        picture(r#"r:link="rId1""#),
        picture(r#"r:embed="rId1""#),
        picture(r#"r:embed="rId2""#),
        picture(r#"r:embed="rId3""#),
        r#"<w:altChunk r:id="rId4"/>"#.to_owned(),
        format!(
            r#"<w:p><w:fldSimple w:instr="INCLUDETEXT &quot;{}&quot;"/><w:r><w:instrText>INCLUDEPICTURE "{}"</w:instrText></w:r></w:p>"#,
            secret("a.xml"),
            secret("a.png")
        ),
    ]
    .concat();

    let entity = format!(
        r#"<?xml version="1.0"?><!DOCTYPE w [<!ENTITY vault SYSTEM "file://{}">]>"#,
        secret("a.xml")
    );

    let document = document(&format!(
        "{body}<w:p><w:r><w:t>&vault; open</w:t></w:r></w:p>"
    ))
    .replace(r#"<?xml version="1.0"?>"#, &entity);

    let converted = convert(&zip(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT.as_bytes()),
        ("word/_rels/document.xml.rels", relationships.as_bytes()),
        ("word/document.xml", document.as_bytes()),
        // An entry whose name leads out of the package is not written there.
        (up.as_str(), PNG),
    ]));

    let ConvertedDocument {
        markdown,
        images,
        warnings,
        ..
    } = converted.unwrap();

    assert!(
        markdown.contains("wombatdesk") && !markdown.contains("quokkavault"),
        "{markdown}"
    );
    assert!(!warnings.concat().contains("quokkavault"), "{warnings:?}");
    assert!(images.is_empty(), "{images:?}");
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        2,
        "nothing was unpacked"
    );
}

#[test]
fn deeply_nested_documents_are_refused() {
    let deep = format!(
        "{}{}",
        "<w:tbl><w:tr><w:tc>".repeat(30_000),
        "</w:tc></w:tr></w:tbl>".repeat(30_000)
    );

    assert!(
        convert(&docx(&deep, &[]))
            .unwrap_err()
            .0
            .contains("nested more than")
    );
}

#[test]
fn damaged_documents_are_read_or_refused() {
    read_mutations(&docx(BODY, &[]), convert);

    // Damage to the package rarely reaches the parser of the document inside it.
    read_mutations(BODY.as_bytes(), |body| {
        convert(&docx(&String::from_utf8_lossy(body), &[]))
    });
}
