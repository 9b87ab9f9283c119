//! What documents may and may not do to the page they are shown on.

use super::{render_excerpt as render_excerpt_with, render_page as render_page_with, *};

fn render_page(text: &str, passages: &[Passage]) -> String {
    render_page_with(text, passages, &[])
}

fn render_excerpt(text: &str, range: Range<usize>) -> String {
    render_excerpt_with(text, range, &[])
}

fn shown(text: &str) -> String {
    render_page(text, &[])
}

fn passages(text: &str, parts: &[&str], marked: Option<usize>) -> Vec<Passage> {
    let place = |(at, part): (usize, &&str)| {
        let start = text.find(part).expect("the part stands in the text");
        Passage {
            ordinal: at as u32 + 7,
            range: start..start + part.len(),
            marked: marked == Some(at),
        }
    };
    parts.iter().enumerate().map(place).collect()
}

#[test]
fn markdown_becomes_html() {
    let html = shown(
        "# A & b\n\nSome *words*, `code` and ~~not~~.\n\n1. one\n\n| a | b |\n|--:|:-:|\n| 1 | 2 |\n",
    );

    assert_eq!(
        html,
        "<h2>A &amp; b</h2>\n<p>Some <em>words</em>, <code>code</code> and <del>not</del>.</p>\n\
         <ol start=\"1\">\n<li>one</li>\n</ol>\n\
         <div class=\"table\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\" class=\"right\">a</th>\
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
        let html = shown(text).to_lowercase();
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
    let html = shown("<table><tr><td colspan=2 bgcolor=red>a<sup>2</sup></td></tr></table>\n");
    assert_eq!(
        html.trim(),
        "<table><tbody><tr><td colspan=\"2\">a<sup>2</sup></td></tr></tbody></table>"
    );
}

#[test]
fn links_lead_out_or_nowhere_and_images_are_words() {
    assert!(
        shown("[a](https://a.example/?x=1&y=\"2)")
            .contains("href=\"https://a.example/?x=1&amp;y=&quot;2\"")
    );
    assert!(shown("<mailto:a@b.example>").contains("href=\"mailto:a@b.example\""));
    assert_eq!(shown("[a](../b.md#c) [d](/e)"), "<p>a d</p>\n");
    assert_eq!(
        shown("x ![the *state* diagram](a.png) ![](b.png)"),
        "<p>x <span class=\"image\">the <em>state</em> diagram</span> </p>\n"
    );
}

#[test]
fn each_passage_has_its_element_and_anchor() {
    let text = "# One\n\nfirst\n\nsecond\n\nloose";
    let html = render_page(
        text,
        &passages(text, &["# One\n\nfirst", "second"], Some(1)),
    );

    assert_eq!(
        html,
        "<div class=\"passage\" id=\"p-7\">\n<h2>One</h2>\n<p>first</p>\n</div>\n\
         <div class=\"passage is-marked\" id=\"p-8\">\n<p>second</p>\n</div>\n<p>loose</p>\n"
    );
}

#[test]
fn passages_that_share_a_block_have_anchors_inside_it() {
    let text = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | *4* |\n\ntail";
    let html = render_page(
        text,
        &passages(
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
fn a_passage_may_begin_in_the_middle_of_a_line() {
    let text = "One sentence. Two & sentences.";
    let html = render_page(
        text,
        &passages(text, &["One sentence. ", "Two & sentences."], Some(1)),
    );

    assert_eq!(
        html,
        "<p><span class=\"anchor\" id=\"p-7\"></span>One sentence. <span class=\"anchor\" id=\"p-8\"></span>\
         <mark>Two &amp; sentences.</mark></p>\n"
    );
}

#[test]
fn documents_cannot_forge_anchors_and_marks() {
    let text =
        "a \u{fdd0}7\u{fdd1}\u{fdd0}+\u{fdd1} <span class=anchor id=p-7>c</span> &#xFDD0;9&#xFDD1;";
    let html = shown(text);
    assert!(
        !html.contains("id=") && !html.contains("<mark>") && !html.contains('\u{fdd0}'),
        "{html}"
    );
}

/// A block that passages share, so that anchors and a mark stand in it.
fn shared(text: &str) -> String {
    let middle = text.find("second").expect("two passages");
    let part = |ordinal, range, marked| Passage {
        ordinal,
        range,
        marked,
    };

    render_page(
        text,
        &[part(7, 0..middle, false), part(8, middle..text.len(), true)],
    )
}

#[test]
fn entities_forge_no_anchors_and_marks() {
    let text = "&#xfdd2;7&#xfdd3; &#xFDD0;8&#xfdd1; &#64976;+&#64977; &#xfdd0;x";
    let attribute = format!("<a href=\"https://x.example/{text}\" title=\"{text}\">a</a>");
    for forged in [
        text.to_owned(),
        format!("<b>{text}</b>"),
        format!("<div>{text}</div>\n"),
        attribute,
    ] {
        let html = shown(&forged);
        assert!(
            !html.contains("id=") && !html.contains("<mark>"),
            "{forged} → {html}"
        );
        assert!(
            !html.contains(|c| ('\u{fdd0}'..='\u{fdd1}').contains(&c)),
            "{forged} → {html}"
        );
        let html = shared(&format!("- {forged}\n- second {forged}\n"));

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
fn no_sign_ends_an_attribute() {
    let text = "- <div><a href=\"https://x.example/\n\n  first second <script>alert(1)</script>\n\n  <div>\">a</a></div>\n";
    let html = shared(text);
    assert_eq!(html.matches(" id=\"p-").count(), 2, "{html}");

    let address = html
        .split("href=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a link");

    assert!(
        address.contains("first second"),
        "the text stands in the attribute: {html}"
    );
    assert!(
        !address.contains("<mark") && !address.contains("<span"),
        "{html}"
    );
}

#[test]
fn signs_hold_for_one_rendering() {
    let (one, other) = (sanitise::Signs::default(), sanitise::Signs::default());
    let draft = sanitise::Draft {
        html: format!("<p>{}{}</p>", one.mark("a"), one.anchor(3)),
        signs: other,
    };
    let html = sanitise::clean(&draft).html;

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
            "<code>&lt;<span class=\"hl-t\">x</span>&gt;\n&lt;<span class=\"hl-t\">y</span>&gt;</code></pre>"
        ),
        "{html}"
    );
    assert!(
        !html.contains("<td>1</td>") && !html.contains("before") && !html.contains("after"),
        "{html}"
    );
}

#[test]
fn an_excerpt_of_items_is_a_list_of_these_items() {
    let text = "- one\n- two\n- three";
    let start = text.find("- two").unwrap();
    assert_eq!(
        render_excerpt(text, start..start + 5),
        "<ul>\n<li>two</li>\n</ul>\n"
    );
}

#[test]
fn what_is_too_deep_or_too_large_stays_readable() {
    let deep = format!("{} end", "> ".repeat(5_000));
    assert!(shown(&deep).contains("end") && shown(&deep).matches("<blockquote>").count() <= 24);
    let raw = format!("{}end", "<div>".repeat(5_000));
    assert!(shown(&raw).contains("&lt;div&gt;") && shown(&raw).contains("end"));

    let wide = format!(
        "|{}\n|{}\n{}",
        "a|".repeat(2_000),
        "-|".repeat(2_000),
        "|\n".repeat(3_000)
    );

    assert!(shown(&wide).len() <= MAX_HTML_BYTES + wide.len() * 2);
    assert!(shown(&"word ".repeat(200_000)).starts_with("<pre class=\"plain\">"));
    assert_eq!(shown(""), "");
    assert_eq!(render_excerpt("äö", 1..2), "<p>äö</p>\n");
}

#[test]
fn images_that_are_kept_are_shown_with_their_words() {
    let image = |target: &str, number: u32| Image {
        target: target.to_owned(),
        address: format!("/f/a.md?image={number}&hash=1"),
        title: format!("Image {number} from page 1"),
    };

    let images = [image("a.png", 1), image("b.png", 2)];
    let text = "Before ![The \"barge\" *button*](a.png) after ![lost](c.png)\n\n| x |\n|---|\n| ![](b.png) |\n";
    let html = render_page_with(text, &[], &images);

    assert!(
        html.contains(
            "<span class=\"figure\"><img src=\"/f/a.md?image=1&amp;hash=1\" alt=\"The &quot;barge&quot; button\" \
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

    // A document cannot make an image of its own that way.
    let forged = render_page_with(
        "<img src=x onerror=alert(1)> ![x](javascript:alert(1))",
        &[],
        &images,
    );

    assert!(!forged.contains("<img"), "{forged}");
}

#[test]
fn code_is_coloured_and_still_safe() {
    let html = shown("```json\n{\"<script>\": 1}\n```\n");
    assert_eq!(
        html,
        "<pre tabindex=\"0\"><code>{<span class=\"hl-t\">\"&lt;script&gt;\"</span>: <span class=\"hl-n\">1</span>}\n</code></pre>\n"
    );
    assert!(
        !shown("```\nreturn 1;\n```\n").contains("span"),
        "no language is guessed"
    );
}

#[test]
fn passages_in_code_keep_their_colours() {
    let text = "```java\nreturn 1; // one\nreturn 2; // two\n```\n";
    let parts = ["return 1; // o", "ne\nreturn 2; // two\n"];
    let html = render_page(text, &passages(text, &parts, Some(1)));
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
fn headings_begin_at_the_top_and_skip_no_level() {
    let levels =
        |html: String| -> String { html.split("<h").skip(1).map(|rest| &rest[..1]).collect() };
    assert_eq!(
        levels(shown("### a\n\n##### b\n\n### c\n\n## d\n\n###### e\n")),
        "23223"
    );
    let text = "# a\n\n## b\n\nwords\n";
    assert_eq!(levels(render_excerpt(text, 5..text.len())), "2");
}
