//! Documents with one feature each: its words are in the Markdown, or a warning names the loss.

use super::words::missing_words;
use super::*;

pub(super) fn text(content: &str) -> String {
    format!("<w:r><w:t xml:space=\"preserve\">{content}</w:t></w:r>")
}

pub(super) fn paragraph(content: &str) -> String {
    format!("<w:p>{}</w:p>", text(content))
}

pub(super) fn styled(style: &str, content: &str) -> String {
    format!(
        "<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{}</w:p>",
        text(content)
    )
}

pub(super) fn convert_with(body: &str, more: &[(&str, &[u8])]) -> ConvertedDocument {
    convert(&docx(body, more)).unwrap()
}

/// The Markdown of a body, without the front matter.
pub(super) fn markdown(body: &str) -> String {
    let converted = convert_with(body, &[("docProps/core.xml", b"")]);
    assert_eq!(converted.warnings, Vec::<String>::new());
    converted.markdown
}

/// Converts a body of which nothing is lost.
fn complete(body: &str) -> String {
    let markdown = markdown(body);
    assert_eq!(missing_words(body, &markdown), Vec::<String>::new());
    markdown
}

/// Relationships of the main part.
fn relationships(all: &[(&str, &str, &str)]) -> String {
    let all: String = all
        .iter()
        .map(|(id, kind, target)| {
            format!("<Relationship Id=\"{id}\" Type=\"http://purl.oclc.org/ooxml/officeDocument/relationships/{kind}\" Target=\"{target}\"/>")
        })
        .collect();
    format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{all}</Relationships>"
    )
}

#[test]
fn the_main_part_is_named_by_relationships_or_content_types() {
    let main = document(&paragraph("Boiler start-up"));
    let strict = main.replace(
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    );
    let root = |target: &str| relationships(&[("a", "officeDocument", target)]);
    let types = |name: &str, kind: &str| {
        format!(
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Override PartName=\"{name}\" ContentType=\"application/{kind}.main+xml\"/></Types>"
        )
    };

    for (part, root, types) in [
        (
            "word/document2.xml",
            root("word/document2.xml"),
            String::new(),
        ),
        ("Content/Main.XML", root("/content/main.xml"), String::new()),
        (
            "a/b.xml",
            String::new(),
            types("/a/b.xml", "vnd.ms-word.document.macroEnabled"),
        ),
        (
            "a/b.part",
            root("gone.xml"),
            types(
                "/a/b.part",
                "vnd.openxmlformats-officedocument.wordprocessingml.template",
            ),
        ),
        ("word\\document.xml", String::new(), String::new()),
    ] {
        let file = zip(&[
            ("_rels/.rels", root.as_bytes()),
            ("[Content_Types].xml", types.as_bytes()),
            (part, strict.as_bytes()),
        ]);
        assert_eq!(
            convert(&file).unwrap().markdown,
            "Boiler start-up\n",
            "{part}"
        );
    }

    let workbook = zip(&[
        ("_rels/.rels", root("xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", b"<workbook><w:body/></workbook>"),
    ]);
    assert!(
        convert(&workbook)
            .unwrap_err()
            .0
            .contains("not a Word document")
    );
}

#[test]
fn equations_are_text() {
    let equation = "<m:oMath><m:r><m:t>Q=</m:t></m:r><m:sSub><m:e><m:r><m:t>K</m:t></m:r></m:e><m:sub><m:r><m:t>v</m:t></m:r></m:sub></m:sSub>\
        <m:rad><m:radPr><m:degHide m:val=\"1\"/></m:radPr><m:deg/><m:e><m:f><m:num><m:r><m:t>dp</m:t></m:r></m:num><m:den><m:r><m:t>rho</m:t></m:r></m:den></m:f></m:e></m:rad></m:oMath>";
    let body = format!(
        "<w:p>{}{equation}{}</w:p><w:p><m:oMathPara>{equation}</m:oMathPara></w:p>\
         <w:tbl><w:tr><w:tc>{}</w:tc><w:tc><w:p>{equation}</w:p></w:tc></w:tr><w:tr><w:tc><w:p/></w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>",
        text("computed as "),
        text(" where"),
        paragraph("Flow")
    );
    let markdown = complete(&body);
    assert!(
        markdown.starts_with(
            "computed as Q=K_v sqrt(dp/rho) where\n\nQ=K_v sqrt(dp/rho)\n\n| Flow | Q=K_v sqrt(dp/rho) |"
        ),
        "{markdown}"
    );
}

#[test]
fn tracked_changes_are_read_as_accepted() {
    let change = |element: &str, content: &str| {
        format!("<w:{element} w:id=\"5\" w:author=\"A\">{content}</w:{element}>")
    };
    let deleted_mark = "<w:pPr><w:rPr><w:del w:id=\"1\"/></w:rPr></w:pPr>";
    let row = |properties: &str, a: &str| {
        format!(
            "<w:tr>{properties}<w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr>",
            paragraph(a),
            paragraph("x")
        )
    };
    let body = [
        paragraph("Close the gas tap."),
        format!("<w:p>{}</w:p>", change("moveFrom", &text("Drain it."))),
        paragraph("Wait."),
        format!("<w:p>{}</w:p>", change("moveTo", &text("Drain it."))),
        format!(
            "<w:p>{deleted_mark}{}{}</w:p>",
            text("Joined "),
            change("del", "<w:r><w:delText>old</w:delText></w:r>")
        ),
        format!("<w:p>{}</w:p>", change("ins", &text("line"))),
        format!(
            "<w:tbl>{}{}{}</w:tbl>",
            row("", "Kept"),
            row("<w:trPr><w:del w:id=\"2\"/></w:trPr>", "Removed"),
            row("<w:trPr><w:ins w:id=\"3\"/></w:trPr>", "Added")
        ),
        "<w:p><w:pPr><w:pPrChange><w:pPr><w:pStyle w:val=\"H1\"/></w:pPr></w:pPrChange></w:pPr><w:r><w:rPr><w:rPrChange><w:rPr><w:b/></w:rPr></w:rPrChange></w:rPr><w:t>Plain</w:t></w:r></w:p>".to_owned(),
    ]
    .concat();
    assert_eq!(
        markdown(&body),
        "Close the gas tap.\n\nWait.\n\nDrain it.\n\nJoined line\n\n\
         | Kept | x |\n| --- | --- |\n| Added | x |\n\nPlain\n"
    );
}

#[test]
fn text_boxes_are_read_once() {
    let content = |words: &str| format!("<w:txbxContent>{}</w:txbxContent>", paragraph(words));
    let both = format!(
        "<w:r><mc:AlternateContent><mc:Choice Requires=\"wps\"><w:drawing><wp:anchor><wp:docPr id=\"1\" name=\"b\"/><a:graphic><a:graphicData><wps:wsp><wps:txbx>{}</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing></mc:Choice>\
         <mc:Fallback><w:pict><v:shape><v:textbox>{}</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>",
        content("Beware of steam"),
        content("Beware of steam")
    );
    let old = format!(
        "<w:r><w:pict><v:rect><v:textbox>{}</v:textbox></v:rect></w:pict></w:r>",
        content("Old box")
    );
    let body = format!(
        "<w:p>{}{both}{}</w:p><w:p>{old}</w:p><w:tbl><w:tr><w:tc><w:p>{both}</w:p></w:tc><w:tc>{}</w:tc></w:tr></w:tbl>",
        text("Before "),
        text("after"),
        paragraph("cell")
    );
    assert_eq!(
        markdown(&body),
        "Before after\n\nBeware of steam\n\nOld box\n\n|  |  |\n| --- | --- |\n| Beware of steam | cell |\n"
    );
}

#[test]
fn notes_follow_the_text_that_refers_to_them() {
    let reference = |kind: &str, id: &str| format!("<w:r><w:{kind}Reference w:id=\"{id}\"/></w:r>");
    let footnotes = "<w:footnotes><w:footnote w:type=\"separator\" w:id=\"-1\"><w:p><w:r><w:t>line</w:t></w:r></w:p></w:footnote>\
        <w:footnote w:id=\"7\"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t xml:space=\"preserve\"> First note</w:t></w:r></w:p><w:p><w:r><w:t>goes on</w:t></w:r></w:p></w:footnote>\
        <w:footnote w:id=\"3\"><w:p><w:r><w:t>Second note</w:t></w:r></w:p></w:footnote></w:footnotes>";
    let endnotes = "<w:endnotes><w:endnote w:id=\"1\"><w:p><w:r><w:t>End note</w:t></w:r></w:p></w:endnote></w:endnotes>";
    let parts = relationships(&[
        ("rId1", "styles", "styles.xml"),
        ("rId2", "footnotes", "footnotes.xml"),
        ("rId3", "endnotes", "endnotes.xml"),
    ]);
    let body = [
        format!(
            "<w:p>{}{}{}</w:p>",
            text("One"),
            reference("footnote", "7"),
            reference("endnote", "1")
        ),
        styled("H1", "Next"),
        format!(
            "<w:p>{}{}{}</w:p>",
            text("Two"),
            reference("footnote", "3"),
            reference("footnote", "9")
        ),
    ]
    .concat();

    let converted = convert_with(
        &body,
        &[
            ("docProps/core.xml", b""),
            ("word/footnotes.xml", footnotes.as_bytes()),
            ("word/endnotes.xml", endnotes.as_bytes()),
            ("word/_rels/document.xml.rels", parts.as_bytes()),
        ],
    );
    assert_eq!(
        converted.markdown,
        "One[1] [i]\n\n[1] First note\n\ngoes on\n\n# Next\n\nTwo[2] [3]\n\n[2] Second note\n\n[i] End note\n"
    );
    assert_eq!(
        converted.warnings,
        [
            "1 footnotes or endnotes are referred to but not in the file; open it in Word and save it again"
        ]
    );
}

#[test]
fn a_footnote_is_on_the_page_that_refers_to_it() {
    let body = format!(
        "<w:p>{}<w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p><w:p><w:r><w:lastRenderedPageBreak/></w:r>{}</w:p>",
        text("One"),
        text("Two")
    );
    let app = b"<Properties><Pages>2</Pages></Properties>";
    let parts: [(&str, &[u8]); 2] = [("docProps/core.xml", b""), ("docProps/app.xml", app)];
    assert_eq!(
        convert_with(&body, &parts).markdown,
        "<!-- page: 1 -->\n\nOne[1]\n\n[1] Since release 4.\n\n<!-- page: 2 -->\n\nTwo\n"
    );
}

#[test]
fn comments_headers_and_footers_are_left_out() {
    let body = "<w:p><w:commentRangeStart w:id=\"1\"/><w:r><w:t>Reviewed</w:t></w:r><w:commentRangeEnd w:id=\"1\"/><w:r><w:commentReference w:id=\"1\"/></w:r></w:p>\
        <w:sectPr><w:headerReference w:type=\"default\" r:id=\"rId9\"/></w:sectPr>";
    let other = |element: &str| format!("<w:{element}>{}</w:{element}>", paragraph("Unseen"));
    let converted = convert_with(
        body,
        &[
            ("docProps/core.xml", b""),
            ("word/comments.xml", other("comments").as_bytes()),
            ("word/header1.xml", other("hdr").as_bytes()),
            (
                "word/_rels/document.xml.rels",
                relationships(&[
                    ("rId8", "comments", "comments.xml"),
                    ("rId9", "header", "header1.xml"),
                ])
                .as_bytes(),
            ),
        ],
    );
    assert_eq!(converted.markdown, "Reviewed\n");
}

#[test]
fn fields_show_their_result() {
    let character = |kind: &str| format!("<w:r><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
    let field = |instruction: &str, result: &str| {
        format!(
            "{}<w:r><w:instrText>{instruction}</w:instrText></w:r>{}{result}{}",
            character("begin"),
            character("separate"),
            character("end")
        )
    };
    let check_box = "<w:r><w:fldChar w:fldCharType=\"begin\"><w:ffData><w:checkBox><w:default w:val=\"0\"/><w:checked/></w:checkBox></w:ffData></w:fldChar></w:r><w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r>";
    let body = [
        format!(
            "<w:p>{}{}{}{}{}</w:p>",
            text("See "),
            field("REF a \\h", &text("chapter 2")),
            text(" on "),
            field(
                " HYPERLINK \"https://docs.example.com/a\" \\l \"b\" ",
                &text("the site ")
            ),
            field(
                "IF 1 = ",
                &format!("{}{}", field("PAGE", &text("4")), text("!"))
            ),
        ),
        format!(
            "<w:p>{check_box}{}<w:fldSimple w:instr=\"SEQ Table\">{}</w:fldSimple></w:p>",
            text(" Table "),
            text("3")
        ),
        // A field that never ends hides nothing after its paragraph.
        format!("<w:p>{}</w:p>", character("begin")),
        paragraph("Still here"),
    ]
    .concat();
    assert_eq!(
        complete(&body),
        "See chapter 2 on [the site](https://docs.example.com/a#b) 4!\n\n☒ Table 3\n\nStill here\n"
    );
}

#[test]
fn a_table_of_contents_is_text() {
    let begin = "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>TOC \\o</w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>";
    let body = format!(
        "<w:sdt><w:sdtPr><w:docPartObj/></w:sdtPr><w:sdtContent><w:p>{begin}<w:hyperlink w:anchor=\"_Toc1\">{}<w:r><w:tab/></w:r>{}</w:hyperlink></w:p>\
         <w:p><w:hyperlink w:anchor=\"_Toc2\">{}</w:hyperlink></w:p><w:p><w:r><w:fldChar w:fldCharType=\"end\"/></w:r></w:p></w:sdtContent></w:sdt>",
        text("1 Scope"),
        text("3"),
        text("2 Use")
    );
    assert_eq!(complete(&body), "1 Scope 3\n\n2 Use\n");
}

#[test]
fn content_controls_and_custom_xml_are_transparent() {
    let control = |content: &str| {
        format!(
            "<w:sdt><w:sdtPr><w:alias w:val=\"x\"/></w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"
        )
    };
    let cell = |content: &str| format!("<w:tc>{}</w:tc>", paragraph(content));
    let body = [
        control(&paragraph("block")),
        format!("<w:customXml w:element=\"e\">{}</w:customXml>", paragraph("custom")),
        format!(
            "<w:p>{}<w:smartTag w:element=\"s\">{}</w:smartTag><w:bdo w:val=\"rtl\">{}</w:bdo></w:p>",
            control(&text("run ")),
            text("tag "),
            text("other")
        ),
        format!(
            "<w:tbl><w:tr>{}{}</w:tr>{}</w:tbl>",
            control(&cell("a")),
            cell("b"),
            control(&format!("<w:tr>{}{}</w:tr>", cell("c"), cell("d")))
        ),
    ]
    .concat();
    assert_eq!(
        complete(&body),
        "block\n\ncustom\n\nrun tag other\n\n| a | b |\n| --- | --- |\n| c | d |\n"
    );
}

#[test]
fn special_characters_are_read() {
    let body = "<w:p><w:r><w:t>non</w:t><w:noBreakHyphen/><w:t>stop soft</w:t><w:softHyphen/><w:t>ly a\u{AD}b</w:t><w:tab/><w:t>c</w:t><w:br/><w:t>d</w:t><w:cr/><w:t>e</w:t></w:r>\
        <w:r><w:tab/><w:sym w:font=\"Symbol\" w:char=\"F061\"/><w:sym w:font=\"Wingdings\" w:char=\"F0FC\"/></w:r><w:r><w:rPr><w:rFonts w:ascii=\"Wingdings\"/></w:rPr><w:t>ü</w:t></w:r>\
        <w:r><w:ruby><w:rt><w:r><w:t>kan</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>";
    assert_eq!(
        markdown(body),
        "non-stop softly ab c  \nd  \ne α✓✓漢 (kan)\n"
    );
}

#[test]
fn what_is_left_out_is_named() {
    let body = [
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r><w:r><w:tab/><w:t>seen</w:t></w:r></w:p>",
        "<w:p><w:r><w:sym w:font=\"Webdings\" w:char=\"F0FF\"/></w:r></w:p>",
        "<w:p><w:r><w:object><v:shape/><o:OLEObject ProgID=\"Excel.Sheet.12\"/></w:object></w:r></w:p>",
        "<w:altChunk r:id=\"rId20\"/>",
        "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>EQ \\f(1,2)</w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r></w:p>",
    ]
    .concat();
    let parts = relationships(&[
        ("rId20", "aFChunk", "chunks/Part.html"),
        ("rId1", "numbering", "numbering.xml"),
    ]);
    let converted = convert_with(
        &body,
        &[
            ("docProps/core.xml", b""),
            ("word/numbering.xml", b"<w:numbering>"),
            ("word/_rels/document.xml.rels", parts.as_bytes()),
        ],
    );
    assert_eq!(converted.markdown, "seen\n");
    assert_eq!(missing_words(&body, &converted.markdown), ["secret"]);
    for expected in [
        "embedded objects were left out; add their files to the library: Excel.Sheet.12",
        "save it again: part.html",
        "parts of the file are damaged and were not read; open it in Word and save it again: word/numbering.xml",
        "1 equations in EQ fields",
        "1 pieces of hidden text",
        "1 symbols of special fonts",
    ] {
        assert!(
            converted
                .warnings
                .iter()
                .any(|warning| warning.contains(expected)),
            "{expected} in {:?}",
            converted.warnings
        );
    }
}

#[test]
fn tables_keep_merged_cells_and_inner_tables() {
    let cell = |properties: &str, content: &str| {
        format!("<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>")
    };
    let inner = format!(
        "<w:tbl><w:tr>{}{}</w:tr></w:tbl><w:p/>",
        cell("", &paragraph("in")),
        cell("", &paragraph("ner"))
    );
    let rows = [
        format!(
            "<w:tr>{}{}</w:tr>",
            cell("<w:gridSpan w:val=\"2\"/>", &paragraph("Wide")),
            cell("", &paragraph("Last"))
        ),
        format!(
            "<w:tr>{}{}{}</w:tr>",
            cell("<w:vMerge w:val=\"restart\"/>", &paragraph("Tall")),
            cell("", &inner),
            cell("", &paragraph("1"))
        ),
        format!(
            "<w:tr>{}{}{}</w:tr>",
            cell("<w:vMerge/>", "<w:p/>"),
            cell("", &paragraph("b")),
            cell("<w:vMerge/>", &paragraph("kept"))
        ),
        format!(
            "<w:tr><w:trPr><w:gridBefore w:val=\"2\"/></w:trPr>{}</w:tr>",
            cell("", &paragraph("end"))
        ),
    ]
    .concat();
    assert_eq!(
        complete(&format!("<w:tbl>{rows}</w:tbl>")),
        "| Wide | Wide | Last |\n| --- | --- | --- |\n| Tall | in; ner | 1 |\n| Tall | b | kept |\n|  |  | end |\n"
    );
}

#[test]
fn a_large_first_letter_belongs_to_its_word() {
    let body = format!(
        "<w:p><w:pPr><w:framePr w:dropCap=\"drop\"/></w:pPr>{}</w:p>{}",
        text("D"),
        paragraph("rop it")
    );
    assert_eq!(markdown(&body), "Drop it\n");
}

#[test]
fn a_frame_of_one_cell_holds_blocks() {
    let table = format!(
        "<w:tbl><w:tr><w:tc>{}{}</w:tc></w:tr></w:tbl>",
        styled("H1", "Framed"),
        paragraph("Text")
    );
    assert_eq!(complete(&table), "# Framed\n\nText\n");
}

#[test]
fn pictures_have_their_alternative_text() {
    let picture = |id: &str, text: &str| {
        format!(
            "<w:p><w:r><w:drawing><wp:inline><wp:docPr id=\"1\" name=\"p\" descr=\"{text}\"/><a:graphic><a:graphicData><pic:pic><pic:blipFill><a:blip r:embed=\"{id}\"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
        )
    };
    let body = [
        picture("rId4", "A valve"),
        picture("rId6", "A drawing of a pump"),
        "<w:p><w:r><w:pict><v:shape alt=\"Old picture\"><v:imagedata r:id=\"rId4\"/></v:shape></w:pict></w:r></w:p>".to_owned(),
    ]
    .concat();
    let converted = convert_with(&body, &[("docProps/core.xml", b"")]);
    assert_eq!(
        converted.markdown,
        "![A valve](image-1.png)\n\nA drawing of a pump\n\n![Old picture](image-1.png)\n"
    );
    assert_eq!(converted.warnings.len(), 1, "{:?}", converted.warnings);
}

#[test]
fn diagrams_and_charts_give_their_text() {
    let drawing = |content: &str| {
        format!(
            "<w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData>{content}</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
        )
    };
    let body = [
        drawing("<dgm:relIds r:dm=\"d\"/>"),
        drawing("<c:chart r:id=\"c\"/>"),
    ]
    .concat();
    let lines = "<x><a:p><a:r><a:t>Pump</a:t></a:r></a:p><a:p><a:r><a:t>Val</a:t></a:r><a:r><a:t>ve</a:t></a:r></a:p></x>";
    let converted = convert_with(
        &body,
        &[
            ("docProps/core.xml", b""),
            ("word/diagrams/data1.xml", lines.as_bytes()),
            (
                "word/charts/chart1.xml",
                b"<x><a:p><a:r><a:t>Load</a:t></a:r></a:p></x>",
            ),
            (
                "word/_rels/document.xml.rels",
                relationships(&[
                    ("d", "diagramData", "diagrams/data1.xml"),
                    ("c", "chart", "charts/chart1.xml"),
                ])
                .as_bytes(),
            ),
        ],
    );
    assert_eq!(converted.markdown, "Pump\n\nValve\n\nLoad\n");
    assert!(converted.warnings[0].starts_with("1 charts were left out"));
}
