//! Rewrites elements that Markdown lacks or writes differently: code, definition lists, headings
//! inside lists, footnote references, powers and images.

use dom_query::NodeRef;

use super::code;
use super::dom::{
    collapse_whitespace, descendants_named, has_ancestor_named, has_any_name, has_descendant_named,
};
use super::{escape, inline, lists};

/// Separates two adjacent block quotes, which Markdown would merge into one. It is removed from the
/// Markdown afterwards. A private-use character, so no page contains it.
pub(super) const QUOTE_SEPARATOR: char = '\u{F8F4}';

const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// Rewrites all blocks below a node into forms that Markdown has.
pub(super) fn prepare(content: &NodeRef<'_>, warnings: &mut Vec<String>) {
    for pre in descendants_named(content, &["pre"]) {
        code::simplify(&pre);
    }

    lists::prepare(content);
    inline::prepare(content);

    for teletype in descendants_named(content, &["tt"]) {
        teletype.rename("code");
    }

    for list in descendants_named(content, &["dl"]) {
        rewrite_definition_list(&list);
    }

    rewrite_headings(content);
    separate_quotes(content);
    rewrite_footnote_references(content);
    rewrite_powers(content);

    for link in descendants_named(content, &["a"]) {
        link.remove_attr("title");
    }

    rewrite_images(content, warnings);
}

fn separate_quotes(content: &NodeRef<'_>) {
    for quote in descendants_named(content, &["blockquote"]) {
        if quote
            .prev_element_sibling()
            .is_some_and(|previous| previous.has_name("blockquote"))
        {
            quote.before_html(format!("<p>{QUOTE_SEPARATOR}</p>"));
        }
    }
}

fn rewrite_footnote_references(content: &NodeRef<'_>) {
    for sup in descendants_named(content, &["sup"]) {
        if sup.has_class("footnote") || sup.has_class("footnoteref") {
            let number = collapse_whitespace(&sup.text());
            sup.replace_with_html(format!(
                "[{}]",
                escape::html(number.trim_matches(['[', ']']))
            ));
        }
    }
}

/// Puts `^` before superscript numbers: Markdown has no superscript, and 10<sup>6</sup> must not
/// become 106.
fn rewrite_powers(content: &NodeRef<'_>) {
    for sup in descendants_named(content, &["sup"]) {
        let is_number = sup
            .text()
            .trim()
            .trim_start_matches(['-', '+', '−'])
            .starts_with(|c: char| c.is_ascii_digit());

        if is_number && !has_descendant_named(&sup, &["a"]) {
            sup.prepend_html("^");
        }
    }
}

/// Turns a definition list into a bullet list whose items begin with the term. A list that contains
/// headings becomes plain blocks.
fn rewrite_definition_list(list: &NodeRef<'_>) {
    unwrap_groups(list);

    let children = list.element_children();
    let contains_sections = children
        .iter()
        .any(|child| has_descendant_named(child, &HEADINGS));
    let mut item: Option<NodeRef<'_>> = None;
    let mut item_has_definition = false;

    for child in children {
        let is_term = child.has_name("dt");
        if !is_term && !child.has_name("dd") {
            continue;
        }

        if contains_sections {
            child.rename("div");
            continue;
        }

        // Several terms may share a definition, so only a term after a definition begins an item.
        if item.is_none() || (is_term && item_has_definition) {
            let new_item = list.tree.new_element("li");
            child.insert_before(&new_item);
            item = Some(new_item);
            item_has_definition = false;
        }

        let Some(item) = item.as_ref() else { continue };
        item.append_child(&child);
        item_has_definition |= !is_term;

        if is_term {
            let already_bold = has_descendant_named(&child, &["strong", "b"]);
            child.rename(if already_bold { "span" } else { "strong" });
            child.wrap_html("<p></p>");
        } else {
            child.rename("div");
        }
    }

    list.rename(if contains_sections { "div" } else { "ul" });
}

/// HTML allows `div` elements around the groups of a definition list.
fn unwrap_groups(list: &NodeRef<'_>) {
    for group in list.element_children() {
        if group.has_name("div")
            && let Some(first) = group.first_child()
        {
            first.unwrap_node();
        }
    }
}

/// Makes headings start sections: lists that contain them become plain blocks, and headings in
/// quotes, tables and summaries become bold text.
fn rewrite_headings(content: &NodeRef<'_>) {
    for heading in descendants_named(content, &HEADINGS) {
        if collapse_whitespace(&heading.text()).is_empty()
            && !has_descendant_named(&heading, &["img"])
        {
            heading.remove_from_parent();
            continue;
        }

        remove_permalinks(&heading);

        for block in descendants_named(&heading, &["br", "p", "div"]) {
            block.rename("span");
        }

        if has_ancestor_named(&heading, &["blockquote", "table", "summary"]) {
            heading.rename("strong");
            heading.wrap_html("<p></p>");
            continue;
        }

        for ancestor in heading.ancestors(None) {
            if has_any_name(
                &ancestor,
                &["ul", "ol", "li", "dl", "dd", "a", "label", "b", "strong"],
            ) {
                ancestor.rename("div");
            }
        }
    }
}

/// Removes marks such as "¶" that link to the heading itself, and unlinks a heading's own text.
fn remove_permalinks(heading: &NodeRef<'_>) {
    for link in descendants_named(heading, &["a"]) {
        let has_content =
            link.text().chars().any(char::is_alphanumeric) || has_descendant_named(&link, &["img"]);
        let within_page = link.attr("href").is_none_or(|href| href.starts_with('#'));

        if !has_content {
            link.remove_from_parent();
        } else if within_page {
            link.rename("span");
        }
    }
}

/// Reduces images to source and alternative text. Images embedded as `data:` URLs are removed, with
/// a warning.
fn rewrite_images(content: &NodeRef<'_>, warnings: &mut Vec<String>) {
    let mut embedded = 0;
    for image in descendants_named(content, &["img"]) {
        let source = image
            .attr("src")
            .filter(|source| !source.starts_with("data:"))
            .or_else(|| image.attr("data-src"));

        match source {
            Some(source) if !source.trim().is_empty() => {
                let alt = image.attr_or("alt", "");
                image.remove_all_attrs();
                image.set_attr("src", source.trim());
                image.set_attr("alt", &collapse_whitespace(&alt));
            }
            _ => {
                embedded += usize::from(image.has_attr("src"));
                image.remove_from_parent();
            }
        }
    }

    if embedded > 0 {
        warnings.push(format!(
            "{embedded} images embedded in the page were left out"
        ));
    }
}
