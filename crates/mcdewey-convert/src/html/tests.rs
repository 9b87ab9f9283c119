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
    assert_eq!(converted.warnings, Vec::<String>::new());
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
}

#[test]
fn writes_powers_with_a_caret() {
    check(
        "<p>10<sup>6</sup> calls, H<sub>2</sub>O, 1<sup>st</sup></p>",
        "10^6 calls, H2O, 1st",
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
