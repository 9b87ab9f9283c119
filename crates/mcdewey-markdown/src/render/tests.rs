//! Rendering of harmless and hostile documents.

use super::{excerpt as render_excerpt_with, page as render_page_with, *};

fn render_page(text: &str, chunks: &[ChunkSpan]) -> String {
    render_page_with(text, chunks, &[])
}

fn render_excerpt(text: &str, range: Range<usize>) -> String {
    render_excerpt_with(text, range, &[])
}

fn render(text: &str) -> String {
    render_page(text, &[])
}

/// Chunks of these parts of the text, numbered from 7.
fn chunks(text: &str, parts: &[&str], marked: Option<usize>) -> Vec<ChunkSpan> {
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| {
            let start = text.find(part).expect("the part is in the text");
            ChunkSpan {
                ordinal: at as u32 + 7,
                range: start..start + part.len(),
                marked: marked == Some(at),
            }
        })
        .collect()
}

#[test]
fn markdown_becomes_html() {
    let html = render(
        "# A & b\n\nSome *words*, `code` and ~~not~~.\n\n1. one\n\n| a | b |\n|--:|:-:|\n| 1 | 2 \
         |\n",
    );

    assert_eq!(
        html,
        "<h2>A &amp; b</h2>\n<p>Some <em>words</em>, <code>code</code> and <del>not</del>.</p>\n\
         <ol start=\"1\">\n<li>one</li>\n</ol>\n\
         <div class=\"table\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\" \
         class=\"right\">a</th>\
         <th scope=\"col\" class=\"center\">b</th></tr></thead><tbody>\n\
         <tr><td class=\"right\">1</td><td class=\"center\">2</td></tr>\n</tbody></table></div>\n"
    );
}

#[test]
fn nothing_in_a_document_runs() {
    let hostile = [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<svg onload=alert(1)>",
        "<iframe src=https://evil.example></iframe>",
        "<p style=\"position:fixed\" onclick=alert(1) id=q class=site>x</p>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>)",
        "![x](https://evil.example/pixel.png)",
        "<form action=https://evil.example><input name=q></form>",
        "<style>body{display:none}</style>",
        "<base href=https://evil.example><meta http-equiv=refresh content=0>",
        "```html\n<script>alert(1)</script>\n```",
        "<!-- --!> <script>alert(1)</script> -->",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "| <script>alert(1)</script> |\n|---|\n| <b onmouseover=alert(1)>x |",
    ];

    for text in hostile {
        let html = render(text).to_lowercase();
        for bad in [
            "<script",
            "onerror=",
            "onload=",
            "<iframe",
            "style=",
            "onclick=",
            "javascript:",
            "data:",
            "<img",
        ] {
            assert!(
                !html.contains(bad) || html.contains("&lt;") && !html.contains(&format!("<{bad}")),
                "{text} → {html}"
            );
        }

        for bad in [
            "<form",
            "<input",
            "<style",
            "<base",
            "<meta",
            "<svg",
            "id=",
            "class=\"site",
            "onmouseover=",
        ] {
            assert!(!html.contains(bad), "{text} → {html}");
        }
    }
}

#[test]
fn tables_in_html_keep_their_cells() {
    let html = render("<table><tr><td colspan=2 bgcolor=red>a<sup>2</sup></td></tr></table>\n");
    assert_eq!(
        html.trim(),
        "<table><tbody><tr><td colspan=\"2\">a<sup>2</sup></td></tr></tbody></table>"
    );
}

#[test]
fn links_are_external_and_unknown_images_become_their_alt_text() {
    assert!(
        render("[a](https://a.example/?x=1&y=\"2)")
            .contains("href=\"https://a.example/?x=1&amp;y=&quot;2\"")
    );
    assert!(render("<mailto:a@b.example>").contains("href=\"mailto:a@b.example\""));
    assert_eq!(render("[a](../b.md#c) [d](/e)"), "<p>a d</p>\n");
    assert_eq!(
        render("x ![the *state* diagram](a.png) ![](b.png)"),
        "<p>x <span class=\"image\">the <em>state</em> diagram</span> </p>\n"
    );
}

#[test]
fn each_chunk_has_its_element_and_anchor() {
    let text = "# One\n\nfirst\n\nsecond\n\nloose";
    let html = render_page(text, &chunks(text, &["# One\n\nfirst", "second"], Some(1)));

    assert_eq!(
        html,
        "<div class=\"passage\" id=\"p-7\">\n<h2>One</h2>\n<p>first</p>\n</div>\n\
         <div class=\"passage is-marked\" id=\"p-8\">\n<p>second</p>\n</div>\n<p>loose</p>\n"
    );
}

#[test]
fn chunks_that_share_a_block_have_anchors_inside_it() {
    let text = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | *4* |\n\ntail";
    let html = render_page(
        text,
        &chunks(
            text,
            &["| a | b |\n|---|---|\n| 1 | 2 |", "| 3 | *4* |\n\ntail"],
            Some(1),
        ),
    );

    assert_eq!(html.matches("id=\"p-7\"").count(), 1);
    assert_eq!(html.matches("id=\"p-8\"").count(), 1);
    assert!(
        html.contains("<td><span class=\"anchor\" id=\"p-8\"></span><mark>3</mark></td>"),
        "{html}"
    );
    assert!(html.contains("<em><mark>4</mark></em>"), "{html}");
    assert!(html.contains("<td>1</td>"), "{html}");
    assert!(
        html.contains("<div class=\"passage is-marked\">\n<p>tail</p>"),
        "{html}"
    );
}

#[test]
fn a_chunk_may_begin_in_the_middle_of_a_line() {
    let text = "One sentence. Two & sentences.";
    let html = render_page(
        text,
        &chunks(text, &["One sentence. ", "Two & sentences."], Some(1)),
    );

    assert_eq!(
        html,
        "<p><span class=\"anchor\" id=\"p-7\"></span>One sentence. <span class=\"anchor\" \
         id=\"p-8\"></span>\
         <mark>Two &amp; sentences.</mark></p>\n"
    );
}

#[test]
fn documents_cannot_forge_anchors_and_marks() {
    let text =
        "a \u{fdd0}7\u{fdd1}\u{fdd0}+\u{fdd1} <span class=anchor id=p-7>c</span> &#xFDD0;9&#xFDD1;";
    let html = render(text);
    assert!(
        !html.contains("id=") && !html.contains("<mark>") && !html.contains('\u{fdd0}'),
        "{html}"
    );
}

/// Renders a block with two chunks, so that it contains anchors and a mark.
fn render_shared(text: &str) -> String {
    let middle = text.find("second").expect("two chunks");
    let chunk = |ordinal, range, marked| ChunkSpan {
        ordinal,
        range,
        marked,
    };

    render_page(
        text,
        &[
            chunk(7, 0..middle, false),
            chunk(8, middle..text.len(), true),
        ],
    )
}

#[test]
fn entities_cannot_forge_anchors_and_marks() {
    let text = "&#xfdd2;7&#xfdd3; &#xFDD0;8&#xfdd1; &#64976;+&#64977; &#xfdd0;x";
    let attribute = format!("<a href=\"https://x.example/{text}\" title=\"{text}\">a</a>");
    for forged in [
        text.to_owned(),
        format!("<b>{text}</b>"),
        format!("<div>{text}</div>\n"),
        attribute,
    ] {
        let html = render(&forged);
        assert!(
            !html.contains("id=") && !html.contains("<mark>"),
            "{forged} → {html}"
        );
        assert!(
            !html.contains(|c| ('\u{fdd0}'..='\u{fdd1}').contains(&c)),
            "{forged} → {html}"
        );
        let html = render_shared(&format!("- {forged}\n- second {forged}\n"));

        assert_eq!(
            (
                html.matches(" id=\"p-7\"").count(),
                html.matches(" id=\"p-8\"").count()
            ),
            (1, 1),
            "{html}"
        );
        assert_eq!(
            html.matches("<mark>").count(),
            html.matches("</mark>").count(),
            "{html}"
        );
    }
}

#[test]
fn placeholders_do_not_end_attributes() {
    let text = "- <div><a href=\"https://x.example/\n\n  first second \
                <script>alert(1)</script>\n\n  <div>\">a</a></div>\n";
    let html = render_shared(text);
    assert_eq!(html.matches(" id=\"p-").count(), 2, "{html}");

    let href = html
        .split("href=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a link");

    assert!(
        href.contains("first second"),
        "the text is in the attribute: {html}"
    );
    assert!(!href.contains("<mark") && !href.contains("<span"), "{html}");
}

#[test]
fn placeholders_are_valid_for_one_rendering() {
    let (one, other) = (
        sanitise::Placeholders::default(),
        sanitise::Placeholders::default(),
    );
    let input = sanitise::UnsafeHtml {
        html: format!("<p>{}{}</p>", one.mark("a"), one.anchor(3)),
        placeholders: other,
    };
    let html = sanitise::clean(&input).html;

    assert!(
        !html.contains("<mark>") && !html.contains("id=") && html.contains('a'),
        "{html}"
    );
}

#[test]
fn an_excerpt_has_the_head_of_its_table_and_the_fence_of_its_code() {
    let text = "before\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n```xml\n<x>\n<y>\n</x>\n```\n\nafter";
    let start = text.find("| 3").unwrap();
    let end = text.find("<y>").unwrap() + 3;
    let html = render_excerpt(text, start..end);

    assert!(
        html.contains("<th scope=\"col\">a</th>") && html.contains("<td>3</td>"),
        "{html}"
    );
    assert!(
        html.contains(
            "<code>&lt;<span class=\"hl-t\">x</span>&gt;\n&lt;<span \
             class=\"hl-t\">y</span>&gt;</code></pre>"
        ),
        "{html}"
    );
    assert!(
        !html.contains("<td>1</td>") && !html.contains("before") && !html.contains("after"),
        "{html}"
    );
}

#[test]
fn an_excerpt_of_list_items_is_a_list() {
    let text = "- one\n- two\n- three";
    let start = text.find("- two").unwrap();
    assert_eq!(
        render_excerpt(text, start..start + 5),
        "<ul>\n<li>two</li>\n</ul>\n"
    );
}

#[test]
fn deep_or_large_input_stays_readable() {
    let deep = format!("{} end", "> ".repeat(5_000));
    assert!(render(&deep).contains("end") && render(&deep).matches("<blockquote>").count() <= 24);
    let raw = format!("{}end", "<div>".repeat(5_000));
    assert!(render(&raw).contains("&lt;div&gt;") && render(&raw).contains("end"));

    let wide = format!(
        "|{}\n|{}\n{}",
        "a|".repeat(2_000),
        "-|".repeat(2_000),
        "|\n".repeat(3_000)
    );

    assert!(render(&wide).len() <= MAX_HTML_BYTES + wide.len() * 2);
    assert!(render(&"word ".repeat(200_000)).starts_with("<pre class=\"plain\">"));
    assert_eq!(render(""), "");
    assert_eq!(render_excerpt("äö", 1..2), "<p>äö</p>\n");
}

#[test]
fn stored_images_are_shown_with_their_alt_text() {
    let image = |target: &str, number: u32| Image {
        target: target.to_owned(),
        url: format!("/f/a.md?image={number}&hash=1"),
        title: format!("Image {number} from page 1"),
    };

    let images = [image("a.png", 1), image("b.png", 2)];
    let text = "Before ![The \"barge\" *button*](a.png) after ![lost](c.png)\n\n| x |\n|---|\n| \
                ![](b.png) |\n";
    let html = render_page_with(text, &[], &images);

    assert!(
        html.contains(
            "<span class=\"figure\"><img src=\"/f/a.md?image=1&amp;hash=1\" alt=\"The \
             &quot;barge&quot; button\" \
             loading=\"lazy\"><span class=\"caption\">Image 1 from page 1</span></span>"
        ),
        "{html}"
    );
    assert!(html.contains("alt=\"Image 2 from page 1\""), "{html}");
    assert!(html.contains("<span class=\"image\">lost</span>"), "{html}");
    let after = text.find("after").unwrap();
    let clipped = render_excerpt_with(text, after..text.len(), &images);

    assert!(
        !clipped.contains("image=1") && clipped.contains("image=2"),
        "{clipped}"
    );

    // Only stored images are shown.
    let forged = render_page_with(
        "<img src=x onerror=alert(1)> ![x](javascript:alert(1))",
        &[],
        &images,
    );

    assert!(!forged.contains("<img"), "{forged}");
}

#[test]
fn highlighted_code_is_safe() {
    let html = render("```json\n{\"<script>\": 1}\n```\n");
    assert_eq!(
        html,
        "<pre tabindex=\"0\"><code>{<span class=\"hl-t\">\"&lt;script&gt;\"</span>: <span \
         class=\"hl-n\">1</span>}\n</code></pre>\n"
    );
    assert!(
        !render("```\nreturn 1;\n```\n").contains("span"),
        "no language is guessed"
    );
}

#[test]
fn chunks_in_code_are_highlighted() {
    let text = "```java\nreturn 1; // one\nreturn 2; // two\n```\n";
    let parts = ["return 1; // o", "ne\nreturn 2; // two\n"];
    let html = render_page(text, &chunks(text, &parts, Some(1)));
    assert!(html.contains("<span class=\"hl-c\">// o</span>"), "{html}");
    assert!(
        html.contains("<mark><span class=\"hl-c\">ne\n</span><span class=\"hl-k\">return</span>"),
        "{html}"
    );
    let two = render_excerpt(text, text.find("return 2").unwrap()..text.len() - 4);

    assert!(
        two.contains("<span class=\"hl-k\">return</span> <span class=\"hl-n\">2</span>")
            && !two.contains("one"),
        "{two}"
    );
}

#[test]
fn headings_start_at_the_top_and_skip_no_level() {
    let levels =
        |html: String| -> String { html.split("<h").skip(1).map(|rest| &rest[..1]).collect() };
    assert_eq!(
        levels(render("### a\n\n##### b\n\n### c\n\n## d\n\n###### e\n")),
        "23223"
    );
    let text = "# a\n\n## b\n\nwords\n";
    assert_eq!(levels(render_excerpt(text, 5..text.len())), "2");
}

#[test]
fn alerts_are_boxes_with_a_label() {
    let html = render(
        "> [!WARNING]\n> **Do not run as root**\n>\n> | Lamp | Meaning |\n> |---|---|\n> | red | expired |\n>\n> ```sh\n> ls\n> ```\n",
    );
    assert!(
        html.starts_with(
            "<div class=\"alert warning\">\n<p class=\"label\">Warning</p>\n<p><strong>Do not run as root</strong></p>\n"
        ),
        "{html}"
    );
    assert!(
        html.contains("<td>red</td>") && html.contains("<pre tabindex"),
        "{html}"
    );
    assert!(html.trim_end().ends_with("</div>"), "{html}");
    assert_eq!(
        render("> quoted").trim_end(),
        "<blockquote>\n<p>quoted</p>\n</blockquote>"
    );

    for kind in ["NOTE", "TIP", "IMPORTANT", "CAUTION"] {
        let html = render(&format!("> [!{kind}]\n> | a |\n> |---|\n> | b |\n"));
        let class = kind.to_lowercase();
        assert!(html.contains(&format!("class=\"alert {class}\"")), "{html}");
        assert!(
            html.contains("<td>b</td>") && !html.contains("[!"),
            "{html}"
        );
    }
}

#[test]
fn footnotes_and_definitions_are_rendered() {
    assert_eq!(
        render("Kept for 30 days.[^keep]\n\n[^keep]: With the *option*.\n"),
        "<p>Kept for 30 days.<sup>[keep]</sup></p>\n\
         <div class=\"footnote\">\n<sup>[keep]</sup>\n<p>With the <em>option</em>.</p>\n</div>\n"
    );
    assert_eq!(
        render("Defined elsewhere.[^a] `[^b]`"),
        "<p>Defined elsewhere.<sup>[a]</sup> <code>[^b]</code></p>\n"
    );
    assert_eq!(
        render("a[^a]\n\n```\nleft open"),
        "<p>a[^a]</p>\n<pre tabindex=\"0\"><code>left open</code></pre>\n"
    );
    assert_eq!(
        render("Lamp\n:   Shows the state.\n"),
        "<dl>\n<dt>Lamp</dt>\n<dd>Shows the state.</dd>\n</dl>\n"
    );
}

#[test]
fn blocks_of_python_markdown_are_rendered_as_what_they_mean() {
    let text = include_str!("tests/mkdocs_blocks.md");
    let plain = crate::dialect::to_commonmark(text, crate::dialect::Syntax::Markdown);
    let html = render(&plain.text);

    assert!(html.contains("<div class=\"alert warning\">"), "{html}");
    assert!(
        html.contains("<strong>Do not run as root</strong>"),
        "{html}"
    );
    for label in ["Debian", "Red Hat"] {
        assert!(
            html.contains(&format!("<p><strong>{label}</strong></p>\n<pre")),
            "{html}"
        );
    }
    assert_eq!(html.matches("<pre").count(), 2, "{html}");
    assert!(html.contains("<td>licence expired</td>"), "{html}");
    assert!(html.contains("30 days.<sup>[keep]</sup>"), "{html}");
    for markup in ["!!!", "===", "```", "[^", "|"] {
        assert!(!html.contains(markup), "{markup} in {html}");
    }
}
