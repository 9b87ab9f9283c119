//! Writes the blocks of a document as HTML. The parser's crate renders inline markup itself.

use asciidoc_parser::Document;
use asciidoc_parser::attributes::Attrlist;
use asciidoc_parser::blocks::{
    AdmonitionBlock, Block, BreakType, CompoundDelimitedBlock, CompoundDelimitedContext,
    FindBlocks, IsBlock, ListBlock, ListItemMarker, ListType, MediaBlock, MediaType, QuoteBlock,
    QuoteType, RawDelimitedBlock, SimpleBlock, SimpleBlockStyle,
};
use asciidoc_parser::content::Content;
use asciidoc_parser::document::{Footnote, InterpretedValue};

use super::table;
use crate::html::escape;

/// A placeholder for the folder of images: the attribute that names it may be set anywhere in the
/// document. A private-use character, so no document contains it.
const IMAGE_FOLDER: &str = "\u{F8F7}";

/// The whole document, from its title to its footnotes.
pub(super) fn document_html(document: &Document<'_>) -> String {
    let mut out = String::new();
    if let Some(title) = document.doctitle() {
        out.push_str(&format!("<h1>{title}</h1>"));
    }
    write_byline(document, &mut out);

    for block in document.child_blocks() {
        write_block(block, &mut out);
    }

    write_footnotes(document.catalog().footnotes(), &mut out);

    let folder = match document.attribute_value("imagesdir") {
        InterpretedValue::Value(folder) if !folder.is_empty() => {
            format!("{}/", folder.trim_end_matches('/'))
        }
        _ => String::new(),
    };

    out.replace(IMAGE_FOLDER, &escape::html(&folder))
}

/// Writes the authors and the revision, which are below the title.
fn write_byline(document: &Document<'_>, out: &mut String) {
    let authors = document
        .authors()
        .iter()
        .map(|author| match author.email() {
            Some(email) => format!("{} &lt;{email}&gt;", author.name()),
            None => author.name().to_owned(),
        });

    let attributes = ["revnumber", "revdate", "revremark"];
    let revision = attributes
        .iter()
        .filter_map(|name| match document.attribute_value(name) {
            InterpretedValue::Value(value) if !value.is_empty() => Some(escape::html(&value)),
            _ => None,
        });

    for (words, values) in [
        ("Authors", authors.collect::<Vec<_>>()),
        ("Revision", revision.collect()),
    ] {
        if !values.is_empty() {
            out.push_str(&format!("<p>{words}: {}</p>", values.join(", ")));
        }
    }
}

/// Writes the footnotes of a document or cell as a list.
pub(super) fn write_footnotes(footnotes: &[Footnote], out: &mut String) {
    if footnotes.is_empty() {
        return;
    }

    let items: String = footnotes
        .iter()
        .map(|note| format!("<li>[{}] {}</li>", escape::html(&note.index), note.text))
        .collect();
    out.push_str(&format!("<p><strong>Notes</strong></p><ul>{items}</ul>"));
}

/// Writes a block with everything in it.
pub(super) fn write_block<'s>(block: &'s Block<'s>, out: &mut String) {
    let writes_title_itself = matches!(
        block,
        Block::Section(_) | Block::Admonition(_) | Block::Table(_)
    );

    if let Some(title) = block.title().filter(|_| !writes_title_itself) {
        out.push_str(&format!("<p><strong>{title}</strong></p>"));
    }

    match block {
        Block::Simple(simple) => write_paragraph(simple, out),
        Block::Media(media) => write_media(media, out),
        Block::Section(section) => {
            let level = (section.level() + 1).min(6);
            out.push_str(&format!("<h{level}>{}</h{level}>", section.section_title()));
            write_children(block, out);
        }
        Block::List(list) => write_list(list, out),
        Block::RawDelimited(raw) => write_verbatim(raw, out),
        Block::CompoundDelimited(compound) => write_group(compound, block, out),
        Block::Admonition(admonition) => write_admonition(admonition, block, out),
        Block::Quote(quote) => write_quote(quote, block, out),
        Block::Table(table) => table::write_table(table, out),
        Block::Break(found) if found.type_() == BreakType::Thematic => out.push_str("<hr>"),
        Block::Break(_) => {}
        Block::ListItem(_) | Block::Preamble(_) => write_children(block, out),
        Block::Toc(_) | Block::DocumentAttribute(_) => {}
        other => out.push_str(&format!(
            "<p>{}</p>",
            other.rendered_html_content().unwrap_or_default()
        )),
    }
}

fn write_children<'s>(block: &'s Block<'s>, out: &mut String) {
    for child in block.child_blocks() {
        write_block(child, out);
    }
}

fn write_paragraph<'s>(simple: &'s SimpleBlock<'s>, out: &mut String) {
    let text = simple.content().rendered_html();
    match simple.style() {
        SimpleBlockStyle::Paragraph => out.push_str(&format!("<p>{text}</p>")),
        SimpleBlockStyle::Literal => write_code(text, None, out),
        SimpleBlockStyle::Listing | SimpleBlockStyle::Source => {
            write_code(text, language(simple.attrlist()), out)
        }
    }
}

fn write_verbatim<'s>(raw: &'s RawDelimitedBlock<'s>, out: &mut String) {
    let text = raw.content().rendered_html();
    match raw.resolved_context().as_ref() {
        "comment" => {}
        "pass" => out.push_str(text),
        "verse" => out.push_str(&format!("<p>{}</p>", text.replace('\n', "<br>"))),
        _ => write_code(text, language(raw.attrlist()), out),
    }
}

fn write_code(text: &str, language: Option<&str>, out: &mut String) {
    let class = language
        .map(|language| format!(" class=\"language-{}\"", escape::html(language)))
        .unwrap_or_default();
    out.push_str(&format!("<pre><code{class}>{text}</code></pre>"));
}

fn language<'s>(attributes: Option<&'s Attrlist<'s>>) -> Option<&'s str> {
    let attributes = attributes?;
    attributes
        .named_attribute("language")
        .or_else(|| attributes.named_attribute("lang"))
        .or_else(|| attributes.nth_attribute(2))
        .map(|attribute| attribute.value())
        .filter(|name| !name.is_empty())
}

fn write_media<'s>(media: &'s MediaBlock<'s>, out: &mut String) {
    let target = media.resolved_target();
    let is_in_image_folder = !target.contains("://") && !target.starts_with(['/', '#']);
    let folder = if is_in_image_folder { IMAGE_FOLDER } else { "" };
    let target = format!("{folder}{}", escape::html(target));
    let attributes = media.macro_attrlist();
    let alt = attributes
        .named_attribute("alt")
        .or_else(|| attributes.nth_attribute(1))
        .map_or("", |alt| alt.value());

    if let Some(title) = attributes.named_attribute("title") {
        let title = escape::html(title.value());
        out.push_str(&format!("<p><strong>{title}</strong></p>"));
    }

    match media.type_() {
        MediaType::Image => out.push_str(&format!(
            "<p><img src=\"{target}\" alt=\"{}\"></p>",
            escape::html(alt)
        )),
        _ => out.push_str(&format!("<p><a href=\"{target}\">{target}</a></p>")),
    }
}

fn write_group<'s>(
    compound: &'s CompoundDelimitedBlock<'s>,
    block: &'s Block<'s>,
    out: &mut String,
) {
    let element = match compound.context_kind() {
        CompoundDelimitedContext::Sidebar => "blockquote",
        _ => "div",
    };

    out.push_str(&format!("<{element}>"));
    write_children(block, out);
    out.push_str(&format!("</{element}>"));
}

fn write_admonition<'s>(
    admonition: &'s AdmonitionBlock<'s>,
    block: &'s Block<'s>,
    out: &mut String,
) {
    let title = block
        .title()
        .map(|title| format!(": {title}"))
        .unwrap_or_default();

    out.push_str(&format!(
        "<blockquote><p><strong>{}{title}</strong></p>",
        escape::html(admonition.label())
    ));

    if let Some(content) = admonition.content() {
        out.push_str(&format!("<p>{}</p>", content.rendered_html()));
    }

    write_children(block, out);
    out.push_str("</blockquote>");
}

fn write_quote<'s>(quote: &'s QuoteBlock<'s>, block: &'s Block<'s>, out: &mut String) {
    out.push_str("<blockquote>");
    if let Some(content) = quote.content() {
        let text = content.rendered_html();
        let text = if quote.type_() == QuoteType::Verse {
            text.replace('\n', "<br>")
        } else {
            text.to_owned()
        };
        out.push_str(&format!("<p>{text}</p>"));
    }

    write_children(block, out);
    let attribution: Vec<&str> = [quote.attribution(), quote.citetitle()]
        .into_iter()
        .flatten()
        .collect();

    if !attribution.is_empty() {
        out.push_str(&format!("<p>— {}</p>", attribution.join(", ")));
    }

    out.push_str("</blockquote>");
}

fn write_list<'s>(list: &'s ListBlock<'s>, out: &mut String) {
    let element = match list.type_() {
        ListType::Unordered => "ul",
        ListType::Ordered | ListType::Callout => "ol",
        ListType::Description => "dl",
    };

    // `None` unless the list is ordered and begins with another number than one.
    let start = list
        .start()
        .map(|start| format!(" start=\"{start}\""))
        .unwrap_or_default();

    out.push_str(&format!("<{element}{start}>"));
    for block in list.child_blocks() {
        let Block::ListItem(item) = block else {
            continue;
        };

        let item_element = match item.list_item_marker() {
            ListItemMarker::DefinedTerm { term, .. } => {
                out.push_str(&format!("<dt>{}</dt>", owned_html(&term)));
                "dd"
            }
            _ => "li",
        };

        out.push_str(&format!("<{item_element}>"));
        if let Some(checked) = item.checkbox() {
            out.push_str(if checked { "[x] " } else { "[ ] " });
        }

        write_item_blocks(block, out);
        out.push_str(&format!("</{item_element}>"));
    }

    out.push_str(&format!("</{element}>"));
}

/// Copies a term's HTML. The parser returns terms by value, so their text cannot be borrowed for as
/// long as that of other blocks.
fn owned_html(content: &Content<'_>) -> String {
    content.rendered_html().to_owned()
}

/// Writes an item's own text without a paragraph around it, then its other blocks.
fn write_item_blocks<'s>(item: &'s Block<'s>, out: &mut String) {
    for (at, child) in item.child_blocks().enumerate() {
        match child {
            Block::Simple(simple)
                if at == 0
                    && simple.style() == SimpleBlockStyle::Paragraph
                    && child.title().is_none() =>
            {
                out.push_str(simple.content().rendered_html());
            }
            other => write_block(other, out),
        }
    }
}
