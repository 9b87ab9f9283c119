//! Blocks that Markdown writes in another way: code, admonitions, definition lists, headings inside of lists.

use std::sync::LazyLock;

use dom_query::{Matcher, NodeRef};

use super::escape::html;

/// Boxes that stand out of the text, as the usual generators mark them.
static ADMONITION: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new(
        "div.admonition, aside.admonition, div.admonitionblock, div.theme-admonition, div.alert, div.callout, \
    aside.callout, div.note, div.warning, div.tip, div.caution, div.important, div.danger, div.hint, div.attention, div.info, \
    aside.note, aside.warning, aside.tip, aside.caution, section.note, section.warning, p.note, p.warning, p.tip, p.caution",
    )
    .expect("a valid selector")
});

/// Where their title stands.
static ADMONITION_TITLE: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new(
        ".admonition-title, .admonition-heading, .admonitionblock > .title, td.icon, .alert-title, \
    .alert-heading, .callout-title, .callout-heading, [class*='admonitionHeading'], .notetitle, .title",
    )
    .expect("a valid selector")
});

/// Kinds, as their classes name them.
const KINDS: [(&str, &str); 14] = [
    ("warning", "Warning"),
    ("caution", "Caution"),
    ("danger", "Danger"),
    ("attention", "Attention"),
    ("important", "Important"),
    ("error", "Error"),
    ("hint", "Hint"),
    ("tip", "Tip"),
    ("success", "Tip"),
    ("seealso", "See also"),
    ("deprecated", "Deprecated"),
    ("example", "Example"),
    ("info", "Info"),
    ("note", "Note"),
];

/// Keeps apart two quotes that follow each other, and is taken out afterwards; a private character.
pub(super) const BETWEEN: char = '\u{F8F4}';

const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// Brings all blocks into forms that Markdown has.
pub(super) fn prepare(part: &NodeRef<'_>, warnings: &mut Vec<String>) {
    for code in named(part, &["pre"]) {
        listing(&code);
    }

    for tt in named(part, &["tt"]) {
        tt.rename("code");
    }

    for list in named(part, &["dl"]) {
        definitions(&list);
    }

    headings(part);
    for quote in named(part, &["blockquote"]) {
        if quote
            .prev_element_sibling()
            .is_some_and(|before| before.has_name("blockquote"))
        {
            quote.before_html(format!("<p>{BETWEEN}</p>"));
        }
    }

    for reference in named(part, &["sup"])
        .into_iter()
        .filter(|sup| sup.has_class("footnote") || sup.has_class("footnoteref"))
    {
        let number = one_line(&reference.text());
        reference.replace_with_html(format!("[{}]", html(number.trim_matches(['[', ']']))));
    }

    for power in named(part, &["sup"]) {
        let number = power
            .text()
            .trim()
            .trim_start_matches(['-', '+', '−'])
            .starts_with(|c: char| c.is_ascii_digit());
        if number && named(&power, &["a"]).is_empty() {
            power.prepend_html("^");
        }
    }

    for link in named(part, &["a"]) {
        link.remove_attr("title");
    }

    images(part, warnings);
}

/// All elements of these names, in the page's order.
pub(super) fn named<'a>(part: &NodeRef<'a>, names: &[&str]) -> Vec<NodeRef<'a>> {
    part.descendants()
        .into_iter()
        .filter(|node| names.iter().any(|name| node.has_name(name)))
        .collect()
}

/// Whether the element stands in one of these names.
pub(super) fn inside(node: &NodeRef<'_>, names: &[&str]) -> bool {
    node.ancestors_it(None)
        .any(|above| names.iter().any(|name| above.has_name(name)))
}

/// Admonitions become block quotes that begin with their title.
pub(super) fn admonitions(part: &NodeRef<'_>) {
    for found in part.descendants().into_iter().filter(NodeRef::is_element) {
        if found.class().is_none() || !found.is_match(&ADMONITION) || inside(&found, &["pre"]) {
            continue;
        }

        let class = found.class().unwrap_or_default().to_ascii_lowercase();
        let named = found
            .descendants()
            .into_iter()
            .find(|node| node.is_element() && node.is_match(&ADMONITION_TITLE));

        let stated = named.map(|node| {
            let title = one_line(&node.text());
            node.remove_from_parent();
            title
        });

        let kind = KINDS
            .iter()
            .find(|(word, _)| class.split(['-', ' ', '_']).any(|part| part == *word));

        let title = stated
            .filter(|title| !title.is_empty())
            .or_else(|| kind.map(|(_, title)| (*title).to_owned()));

        if found.has_name("p") {
            found.wrap_html("<blockquote></blockquote>");
        } else {
            for cell in found
                .descendants()
                .into_iter()
                .filter(|node| class.contains("admonitionblock") && table_part(node))
            {
                cell.rename("div");
            }
            found.rename("blockquote");
        }

        found.remove_attr("class");
        let Some(title) = title else { continue };
        let says_so = one_line(&found.text())
            .to_lowercase()
            .starts_with(&title.to_lowercase());

        if !says_so {
            let title = html(title.trim_end_matches(':'));
            match found.has_name("p") {
                true => found.prepend_html(format!("<strong>{title}:</strong> ")),
                false => found.prepend_html(format!("<p><strong>{title}</strong></p>")),
            }
        }
    }
}

fn table_part(node: &NodeRef<'_>) -> bool {
    ["table", "tbody", "tr", "td"]
        .iter()
        .any(|name| node.has_name(name))
}

/// `pre` as one piece of code: its text without colours, and its language.
fn listing(code: &NodeRef<'_>) {
    for line in named(code, &["br"]) {
        line.replace_with_html("\n");
    }

    let text = code.text().replace("\r\n", "\n");
    let text = text.trim_end_matches(['\n', ' ']).trim_start_matches('\n');
    if text.is_empty() {
        code.remove_from_parent();
        return;
    }

    let class = language(code)
        .map(|language| format!(" class=\"language-{language}\""))
        .unwrap_or_default();

    // The parser drops the first line break of a `pre`; code that begins with spaces keeps them.
    code.replace_with_html(format!("<pre><code{class}>{}\n</code></pre>", html(text)));
}

/// The language that classes of the code, or of what holds it, name.
fn language(code: &NodeRef<'_>) -> Option<String> {
    let mut near: Vec<NodeRef<'_>> = named(code, &["code"]);
    near.push(*code);
    near.extend(code.ancestors(Some(2)));

    near.iter().find_map(|node| {
        let stated = ["data-lang", "data-language", "lang-name"]
            .iter()
            .find_map(|name| node.attr(name));

        let class = node
            .class()
            .unwrap_or_default()
            .replace("brush: ", "language-")
            .replace("sourceCode ", "language-");

        let classed = class.split([' ', ';']).find_map(|class| {
            let name = ["language-", "lang-", "highlight-", "highlight-source-"]
                .iter()
                .find_map(|prefix| class.strip_prefix(prefix))?;
            (!matches!(
                name,
                "default" | "none" | "text" | "plaintext" | "notranslate"
            ))
            .then(|| name.to_owned())
        });

        let name = stated
            .map(|stated| stated.to_string())
            .or(classed)?
            .to_ascii_lowercase();

        let plain = !name.is_empty()
            && name.len() <= 20
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+#-_.".contains(c));

        plain.then_some(name)
    })
}

/// Terms and what they mean become a list whose items begin with the term.
fn definitions(list: &NodeRef<'_>) {
    for group in list
        .element_children()
        .into_iter()
        .filter(|child| child.has_name("div"))
    {
        if let Some(first) = group.first_child() {
            first.unwrap_node();
        }
    }

    let children = list.element_children();
    let sections = children
        .iter()
        .any(|child| !named(child, &HEADINGS).is_empty());
    let mut item: Option<NodeRef<'_>> = None;

    let mut defined = false;
    for child in children {
        let term = child.has_name("dt");
        if !term && !child.has_name("dd") {
            continue;
        }

        if sections {
            child.rename("div");
            continue;
        }

        if item.is_none() || (term && defined) {
            let new = list.tree.new_element("li");
            child.insert_before(&new);
            item = Some(new);
            defined = false;
        }

        let Some(item) = item.as_ref() else { continue };
        item.append_child(&child);
        defined |= !term;

        match term {
            true => {
                child.rename(if named(&child, &["strong", "b"]).is_empty() {
                    "strong"
                } else {
                    "span"
                });
                child.wrap_html("<p></p>");
            }
            false => child.rename("div"),
        }
    }

    list.rename(if sections { "div" } else { "ul" });
}

/// Headings are sections: lists that hold some are no lists, and in quotes and tables they are bold text.
fn headings(part: &NodeRef<'_>) {
    for heading in named(part, &HEADINGS) {
        if one_line(&heading.text()).is_empty() && named(&heading, &["img"]).is_empty() {
            heading.remove_from_parent();
            continue;
        }

        for link in named(&heading, &["a"]) {
            let within = link.attr("href").is_none_or(|href| href.starts_with('#'));
            match link.text().chars().any(char::is_alphanumeric)
                || !named(&link, &["img"]).is_empty()
            {
                true if within => link.rename("span"),
                true => {}
                // A mark that leads to the heading itself.
                false => link.remove_from_parent(),
            }
        }

        for part in named(&heading, &["br", "p", "div"]) {
            part.rename("span");
        }

        if inside(&heading, &["blockquote", "table", "summary"]) {
            heading.rename("strong");
            heading.wrap_html("<p></p>");
            continue;
        }

        for above in heading.ancestors(None) {
            if ["ul", "ol", "li", "dl", "dd", "a", "label", "b", "strong"]
                .iter()
                .any(|name| above.has_name(name))
            {
                above.rename("div");
            }
        }
    }
}

/// Pictures stay links to files; those inside the page itself cannot.
fn images(part: &NodeRef<'_>, warnings: &mut Vec<String>) {
    let mut within = 0;
    for image in named(part, &["img"]) {
        let source = image
            .attr("src")
            .filter(|source| !source.starts_with("data:"))
            .or_else(|| image.attr("data-src"));

        match source {
            Some(source) if !source.trim().is_empty() => {
                let alt = image.attr_or("alt", "");
                image.remove_all_attrs();
                image.set_attr("src", source.trim());
                image.set_attr("alt", &one_line(&alt));
            }
            _ => {
                within += usize::from(image.has_attr("src"));
                image.remove_from_parent();
            }
        }
    }

    if within > 0 {
        warnings.push(format!(
            "{within} pictures that are written into the page itself were left out"
        ));
    }
}

/// Text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
