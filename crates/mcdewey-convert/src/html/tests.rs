//! Converts whole pages.

use super::*;
use crate::testing::read_mutations;

/// Converts a page with this main content.
fn body(html: &str) -> String {
    convert(format!("<html><body><main>{html}</main></body></html>").as_bytes())
        .unwrap()
        .markdown
}

fn check(html: &str, expected: &str) {
    assert_eq!(body(html).trim_end(), expected, "{html}");
}

const PAGE: &str = r##"<!doctype html><html lang="en"><head><title>Trunk ports - Example Docs</title>
<link rel="canonical" href="https://docs.example.com/ports"><style>p { color: red }</style></head>
<body><nav><a href="/">Home</a></nav><div class="cookie-banner">We use cookies</div>
<div role="main"><ul class="breadcrumbs"><li>Docs</li></ul>
<h1>Trunk ports<a class="headerlink" href="#ports">¶</a></h1>
<p>Set <code>max_calls</code> before <b>any</b> call. See <a href="../limits.html#calls">limits</a>.</p>
<div class="admonition warning"><p class="admonition-title">Warning</p><p>Calls end.</p></div>
<div class="highlight-bash"><div class="highlight"><pre><span></span><span class="c1"># restart first</span>
  systemctl restart trunk</pre></div></div>
<table class="docutils"><thead><tr><th>Port</th><th>Use</th></tr></thead>
<tbody><tr><td rowspan="2">5060</td><td><p>SIP</p></td></tr><tr><td>TLS | TCP</td></tr></tbody></table>
<p style="display: none">secret</p><a href="#">Edit this page</a></div>
<footer>Imprint</footer><script>var x = "<p>no</p>";</script></body></html>"##;

#[test]
fn converts_a_page() {
    let expected = r#"---
title: "Trunk ports"
source_url: "https://docs.example.com/ports"
lang: "en"
---

# Trunk ports

Set `max_calls` before **any** call. See [limits](../limits.html#calls).

> **Warning**
>
> Calls end.

```bash
# restart first
  systemctl restart trunk
```

| Port | Use |
| --- | --- |
| 5060 | SIP |
| 5060 | TLS \| TCP |
"#;

    let converted = convert(PAGE.as_bytes()).unwrap();
    assert_eq!(converted.markdown, expected);
    assert_eq!(
        converted.warnings,
        [
            "text that the page hides was left out in 1 places, first “secret”; to keep it, save \
             the page with this text shown"
        ]
    );
}

#[test]
fn turns_lists_with_headings_into_sections() {
    check(
        "<ul class=\"config-list\"><li><h4><a id=\"a\"></a><a href=\"#a\">max.calls</a></h4>\
         <p>How many.</p><table><tbody><tr><th>Type:</th><td>int</td></tr>\
         <tr><th>Default:</th><td>10</td></tr></tbody></table></li></ul>",
        "#### max.calls\n\nHow many.\n\n- **Type:** int\n- **Default:** 10",
    );
}

#[test]
fn flattens_tables() {
    check(
        "<table><tr><th rowspan=2>Name</th><th colspan=2>Limit</th></tr>\
         <tr><th>low</th><th>high</th></tr>\
         <tr><td>calls</td><td colspan=2>10</td></tr></table>",
        "| Name | Limit / low | Limit / high |\n| --- | --- | --- |\n| calls | 10 |  |",
    );

    check(
        "<table><thead><tr><th rowspan=2>Name</th><th colspan=2>Limit</th></tr>\
         <tr><th>low</th><th>high</th></tr></thead>\
         <tr><td><ul><li>a</li><li>b</li></ul></td><td><pre>x\n  y</pre></td>\
         <td><table><tr><td>1</td><td>2</td></tr></table></td></tr></table>",
        "| Name | Limit / low | Limit / high |\n| --- | --- | --- |\n\
         | • a<br>• b | `x`<br>`  y` | 1; 2 |",
    );

    check(
        "<table><tr><td>a</td><td>b</td></tr></table>",
        "|  |  |\n| --- | --- |\n| a | b |",
    );

    check(
        "<table><tr><td><h2>Only</h2><p>layout</p></td></tr></table>",
        "## Only\n\nlayout",
    );
}

#[test]
fn turns_definition_lists_into_bullet_lists() {
    check(
        "<dl><dt><code>-v</code></dt><dd>Says more.</dd>\
         <dt>-q</dt><dt>--quiet</dt><dd><p>Says less.</p></dd></dl>",
        "- **`-v`**\n\n  Says more.\n\n- **-q**\n\n  **--quiet**\n\n  Says less.",
    );
}

#[test]
fn turns_admonitions_of_several_generators_into_quotes() {
    check(
        "<div class=\"note\"><p>Be quick.</p></div>",
        "> **Note**\n>\n> Be quick.",
    );

    check(
        "<div class=\"admonitionblock tip\"><table><tr>\
         <td class=\"icon\"><div class=\"title\">Tip</div></td>\
         <td class=\"content\">Be slow.</td></tr></table></div>",
        "> **Tip**\n>\n> Be slow.",
    );
}

#[test]
fn escapes_text_that_looks_like_markup() {
    check(
        "<p>Use foo.*.bar and &lt;key&gt; of call_limit_max</p><p># not a heading</p>",
        "Use foo.\\*.bar and \\<key> of call_limit_max\n\n\\# not a heading",
    );

    check(
        "<pre># a comment\n\tindented *</pre>",
        "```\n# a comment\n\tindented *\n```",
    );
}

#[test]
fn removes_permalinks_and_link_titles() {
    check(
        "<h2><a class=\"x\" href=\"#a\">§</a>Ports</h2><p><a href=\"b\" title=\"hint\">b</a></p>",
        "## Ports\n\n[b](b)",
    );
    check(
        "<h2><a class=\"headerlink\" href=\"#a\">Ports</a></h2>\
         <h2>Gates<a class=\"headerlink\" href=\"#b\">Permalink</a></h2>",
        "## Ports\n\n## Gates",
    );
}

#[test]
fn writes_powers_with_a_caret() {
    check(
        "<p>10<sup>6</sup> calls, H<sub>2</sub>O, 1<sup>st</sup></p>",
        "10^6 calls, H2O, 1st",
    );
}

/// Both panels are kept under their labels, whatever marks them as tabs.
#[test]
fn keeps_the_panels_of_tabs_under_their_labels() {
    let expected = "**Linux**\n\nUse apt.\n\n**Windows**\n\nUse winget.";
    for html in [
        // Docusaurus
        "<div class=\"tabs-container\"><ul role=\"tablist\" class=\"tabs\"><li role=\"tab\" \
         aria-selected=\"true\">Linux</li><li role=\"tab\">Windows</li></ul><div>\
         <div role=\"tabpanel\"><p>Use apt.</p></div>\
         <div role=\"tabpanel\" hidden><p>Use winget.</p></div></div></div>",
        // Sphinx-tabs
        "<div class=\"sphinx-tabs\"><div role=\"tablist\"><button role=\"tab\" id=\"t0\" \
         aria-controls=\"p0\">Linux</button><button role=\"tab\" id=\"t1\" aria-controls=\"p1\">\
         Windows</button></div><div role=\"tabpanel\" id=\"p0\" aria-labelledby=\"t0\">\
         <p>Use apt.</p></div><div role=\"tabpanel\" id=\"p1\" aria-labelledby=\"t1\" \
         hidden=\"true\"><p>Use winget.</p></div></div>",
        // Material for MkDocs
        "<div class=\"tabbed-set\"><input type=\"radio\" checked id=\"a\"><input type=\"radio\" \
         id=\"b\"><div class=\"tabbed-labels\"><label for=\"a\">Linux</label><label for=\"b\">\
         Windows</label></div><div class=\"tabbed-content\"><div class=\"tabbed-block\">\
         <p>Use apt.</p></div><div class=\"tabbed-block\"><p>Use winget.</p></div></div></div>",
        // Sphinx Design
        "<div class=\"sd-tab-set\"><input type=\"radio\" id=\"a\"><label for=\"a\">Linux</label>\
         <div class=\"sd-tab-content\"><p>Use apt.</p></div><input type=\"radio\" id=\"b\">\
         <label for=\"b\">Windows</label><div class=\"sd-tab-content\"><p>Use winget.</p></div></div>",
        // Bootstrap
        "<ul class=\"nav nav-tabs\"><li class=\"active\"><a href=\"#l\" data-toggle=\"tab\">Linux\
         </a></li><li><a href=\"#w\" data-toggle=\"tab\">Windows</a></li></ul>\
         <div class=\"tab-content\"><div id=\"l\" class=\"tab-pane active\"><p>Use apt.</p></div>\
         <div id=\"w\" class=\"tab-pane\" style=\"display: none\"><p>Use winget.</p></div></div>",
    ] {
        check(html, expected);
    }
}

#[test]
fn keeps_what_readers_can_open() {
    check(
        "<h2><button aria-controls=\"a\">Limits</button></h2><div id=\"a\" class=\"accordion-body\" \
         hidden><p>Ten calls.</p></div>",
        "## Limits\n\nTen calls.",
    );
    check(
        "<button aria-controls=\"a\">Limits</button><div id=\"a\" hidden><p>Ten calls.</p></div>\
         <button aria-controls=\"site-menu\">Menu</button><ul id=\"site-menu\" hidden>\
         <li>Products</li></ul>",
        "**Limits**\n\nTen calls.",
    );
    check(
        "<div class=\"carousel\"><div class=\"carousel-item\"><p>One.</p></div>\
         <div class=\"carousel-item\" aria-hidden=\"true\"><p>Two.</p></div></div>",
        "One.\n\nTwo.",
    );
    check(
        "<p>Open <b>port</b> 7500.</p><div style=\"display:none\">Open port 7500.</div>\
         <div class=\"cookie-modal\" hidden><p>We like biscuits.</p></div>",
        "Open **port** 7500.",
    );
}

#[test]
fn writes_the_labels_of_lists_that_markdown_cannot() {
    check(
        "<ol type=\"a\" start=\"3\"><li><p>Open.</p></li><li><p>Close.</p></li></ol>",
        "- **c.** Open.\n\n- **d.** Close.",
    );
    check(
        "<ol><li>Open.</li><li value=\"5\">Close.</li></ol>",
        "- **1.** Open.\n- **5.** Close.",
    );
    check(
        "<ol reversed class=\"upperroman\"><li>Open.</li><li>Close.</li></ol>",
        "- **II.** Open.\n- **I.** Close.",
    );
    check(
        "<ol start=\"4\"><li>Open.</li><li>Close.</li></ol>",
        "4. Open.\n5. Close.",
    );
    check(
        "<ol><li value=\"4\">Open.</li><li>Close.</li></ol>",
        "4. Open.\n5. Close.",
    );
}

#[test]
fn writes_what_inline_elements_mean() {
    check(
        "<p><abbr title=\"Session Initiation Protocol\">SIP</abbr> and \
         <abbr title=\"Session Initiation Protocol\">SIP</abbr></p>",
        "SIP (Session Initiation Protocol) and SIP",
    );
    check(
        "<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby> and <kbd>Ctrl</kbd></p>",
        "漢(kan) and `Ctrl`",
    );
}

#[test]
fn keeps_the_text_of_drawings_formulas_and_fields() {
    check(
        "<figure><svg><title>icon</title><text x=\"1\">Gate</text><text>Siren</text></svg></figure>",
        "Gate · Siren",
    );
    check(
        "<p>Area <math><mi>π</mi><msup><mi>r</mi><mn>2</mn></msup></math> and \
         <math><semantics><mi>x</mi><annotation encoding=\"application/x-tex\">x_1</annotation>\
         </semantics></math></p>",
        "Area `π r^2` and `x_1`",
    );
    check(
        "<p>Set it to <input value=\"25\"> in <select><option>s</option><option>ms</option></select>\
         </p>",
        "Set it to 25 in s / ms",
    );
}

#[test]
fn names_embedded_pages() {
    let page = b"<main><p>See below.</p><iframe title=\"Map\" srcdoc=\"<p>x</p>\"></iframe></main>";
    assert_eq!(
        convert(page).unwrap().warnings,
        ["the page embeds other pages, whose text is missing: Map"]
    );
}

#[test]
fn keeps_adjacent_quotes_apart() {
    check(
        "<blockquote>a</blockquote><blockquote>b</blockquote>",
        "> a\n\n> b",
    );
}

#[test]
fn rejects_pages_that_only_include_other_files() {
    let error = convert(b"<!-- licence -->\n<!--#include virtual=\"../../streams/index.html\" -->")
        .unwrap_err();
    assert_eq!(
        error.0,
        "the page only includes other files (../../streams/index.html); add those files instead"
    );
    let converted = convert(b"<h2>Design</h2><!--#include virtual=\"design.html\" -->").unwrap();

    assert_eq!(
        converted.warnings,
        ["the page includes other files, whose text is missing: design.html"]
    );
    assert!(
        convert(b"<script>load()</script>")
            .unwrap_err()
            .0
            .contains("contains no text")
    );
}

#[test]
fn converts_pages_without_marked_main_content() {
    let page = b"<body><div class=\"sidebar\">Menu</div><h3>A</h3><p>Text</p>\
                 <div class=\"footer\">F</div></body>";
    assert_eq!(convert(page).unwrap().markdown, "### A\n\nText\n");
}

#[test]
fn removes_unmarked_menus_around_an_article() {
    let menu = "<div id=\"x1\"><ul>".to_owned()
        + &"<li><a href=\"/a\">Another page of ours</a></li>".repeat(20)
        + "</ul></div>";

    let text = "<p>A trunk carries calls, many at a time, between two switches that trust each \
                other, and bills them.</p>"
        .repeat(8);

    let page = format!(
        "<body>{menu}<div id=\"x2\"><h2>Trunks</h2>{text}\
         <pre class=\"language-sh\">trunk start</pre></div></body>"
    );
    let markdown = convert(page.as_bytes()).unwrap().markdown;
    assert!(
        markdown.contains("A trunk carries") && markdown.contains("```sh\ntrunk start"),
        "{markdown}"
    );
    assert!(!markdown.contains("Another page of ours"), "{markdown}");

    let index = convert(format!("<body>{menu}</body>").as_bytes())
        .unwrap()
        .markdown;

    assert!(
        index.contains("Another page of ours"),
        "an index page consists of links and must keep them"
    );
}

#[test]
fn handles_deep_pages_without_losing_text() {
    assert!(
        convert("<div>".repeat(100_000).as_bytes())
            .unwrap_err()
            .0
            .contains("nested more than")
    );

    let deep = format!(
        "{}deep{}",
        "<ul><li><p>".repeat(120),
        "</li></ul>".repeat(120)
    );

    assert!(body(&deep).contains("deep"));
    let divs = format!("{}deep{}", "<div>".repeat(240), "</div>".repeat(240));
    assert!(body(&divs).contains("deep"));
}

#[test]
fn limits_the_text_repeated_by_merged_cells() {
    let page = format!(
        "<table>{}</table>",
        format!(
            "<tr><td rowspan=1000 colspan=1000>{}</td></tr>",
            "x".repeat(1000)
        )
        .repeat(50)
    );
    assert!(body(&page).len() < 64 * 1024 * 1024);
}

#[test]
fn broken_pages_are_read_or_refused() {
    read_mutations(PAGE.as_bytes(), convert);
}
