//! The blocks of a document as HTML; what stands in a line is written by the parser's crate itself.

use asciidoc_parser::Document;
use asciidoc_parser::attributes::Attrlist;
use asciidoc_parser::blocks::{
    AdmonitionBlock, Block, BreakType, CompoundDelimitedBlock, CompoundDelimitedContext,
    FindBlocks, IsBlock, ListBlock, ListItemMarker, ListType, MediaBlock, MediaType, QuoteBlock,
    QuoteType, RawDelimitedBlock, SimpleBlock, SimpleBlockStyle,
};
use asciidoc_parser::document::InterpretedValue;

use super::table;
use crate::html::escape::html as escaped;

/// Stands for the folder of images, which the end of the document knows.
const IMAGES: &str = "\u{F8F7}";

/// The whole document, beginning with its title.
pub(super) fn html(document: &Document<'_>) -> String {
    let mut out = String::new();
    if let Some(title) = document.doctitle() {
        out.push_str(&format!("<h1>{title}</h1>"));
    }

    for block in document.child_blocks() {
        write(block, &mut out);
    }

    let notes = document.catalog().footnotes();
    if !notes.is_empty() {
        let items: String = notes
            .iter()
            .map(|note| format!("<li>[{}] {}</li>", escaped(&note.index), note.text))
            .collect();
        out.push_str(&format!("<p><strong>Notes</strong></p><ul>{items}</ul>"));
    }

    let folder = match document.attribute_value("imagesdir") {
        InterpretedValue::Value(folder) if !folder.is_empty() => {
            format!("{}/", folder.trim_end_matches('/'))
        }
        _ => String::new(),
    };

    out.replace(IMAGES, &escaped(&folder))
}

/// One block and those in it.
pub(super) fn write<'s>(block: &'s Block<'s>, out: &mut String) {
    let has_own_title = matches!(
        block,
        Block::Section(_) | Block::Admonition(_) | Block::Table(_)
    );

    if let Some(title) = block.title().filter(|_| !has_own_title) {
        out.push_str(&format!("<p><strong>{title}</strong></p>"));
    }

    match block {
        Block::Simple(simple) => paragraph(simple, out),
        Block::Media(media) => image(media, out),
        Block::Section(section) => {
            let level = (section.level() + 1).min(6);
            out.push_str(&format!("<h{level}>{}</h{level}>", section.section_title()));
            children(block, out);
        }
        Block::List(list) => write_list(list, out),
        Block::RawDelimited(raw) => delimited(raw, out),
        Block::CompoundDelimited(compound) => group(compound, block, out),
        Block::Admonition(admonition) => notice(admonition, block, out),
        Block::Quote(quote) => quotation(quote, block, out),
        Block::Table(found) => table::write(found, out),
        Block::Break(found) => {
            if found.type_() == BreakType::Thematic {
                out.push_str("<hr>");
            }
        }
        Block::ListItem(_) | Block::Preamble(_) => children(block, out),
        Block::Toc(_) | Block::DocumentAttribute(_) => {}
        other => out.push_str(&format!(
            "<p>{}</p>",
            other.rendered_html_content().unwrap_or_default()
        )),
    }
}

fn children<'s>(block: &'s Block<'s>, out: &mut String) {
    for child in block.child_blocks() {
        write(child, out);
    }
}

fn paragraph<'s>(simple: &'s SimpleBlock<'s>, out: &mut String) {
    let text = simple.content().rendered_html();
    match simple.style() {
        SimpleBlockStyle::Paragraph => out.push_str(&format!("<p>{text}</p>")),
        SimpleBlockStyle::Literal => code(text, None, out),
        SimpleBlockStyle::Listing | SimpleBlockStyle::Source => {
            code(text, language(simple.attrlist()), out)
        }
    }
}

fn delimited<'s>(raw: &'s RawDelimitedBlock<'s>, out: &mut String) {
    let text = raw.content().rendered_html();
    match raw.resolved_context().as_ref() {
        "comment" => {}
        "pass" => out.push_str(text),
        "verse" => out.push_str(&format!("<p>{}</p>", text.replace('\n', "<br>"))),
        _ => code(text, language(raw.attrlist()), out),
    }
}

fn code(text: &str, language: Option<&str>, out: &mut String) {
    let class = language
        .map(|language| format!(" class=\"language-{}\"", escaped(language)))
        .unwrap_or_default();
    out.push_str(&format!("<pre><code{class}>{text}</code></pre>"));
}

fn language<'s>(attributes: Option<&'s Attrlist<'s>>) -> Option<&'s str> {
    let attributes = attributes?;
    let named = attributes
        .named_attribute("language")
        .or_else(|| attributes.named_attribute("lang"));

    named
        .or_else(|| attributes.nth_attribute(2))
        .map(|found| found.value())
        .filter(|name| !name.is_empty())
}

fn image<'s>(media: &'s MediaBlock<'s>, out: &mut String) {
    let target = media.resolved_target();
    let folder = if target.contains("://") || target.starts_with(['/', '#']) {
        ""
    } else {
        IMAGES
    };

    let target = format!("{folder}{}", escaped(target));
    let attributes = media.macro_attrlist();
    let alt = attributes
        .named_attribute("alt")
        .or_else(|| attributes.nth_attribute(1))
        .map_or("", |alt| alt.value());

    match media.type_() {
        MediaType::Image => out.push_str(&format!(
            "<p><img src=\"{target}\" alt=\"{}\"></p>",
            escaped(alt)
        )),
        _ => out.push_str(&format!("<p><a href=\"{target}\">{target}</a></p>")),
    }
}

fn group<'s>(compound: &'s CompoundDelimitedBlock<'s>, block: &'s Block<'s>, out: &mut String) {
    let aside = compound.context_kind() == CompoundDelimitedContext::Sidebar;
    out.push_str(if aside { "<blockquote>" } else { "<div>" });
    children(block, out);
    out.push_str(if aside { "</blockquote>" } else { "</div>" });
}

fn notice<'s>(admonition: &'s AdmonitionBlock<'s>, block: &'s Block<'s>, out: &mut String) {
    let title = block
        .title()
        .map(|title| format!(": {title}"))
        .unwrap_or_default();

    out.push_str(&format!(
        "<blockquote><p><strong>{}{title}</strong></p>",
        escaped(admonition.label())
    ));

    if let Some(content) = admonition.content() {
        out.push_str(&format!("<p>{}</p>", content.rendered_html()));
    }

    children(block, out);
    out.push_str("</blockquote>");
}

fn quotation<'s>(quote: &'s QuoteBlock<'s>, block: &'s Block<'s>, out: &mut String) {
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

    children(block, out);
    let source: Vec<&str> = [quote.attribution(), quote.citetitle()]
        .into_iter()
        .flatten()
        .collect();

    if !source.is_empty() {
        out.push_str(&format!("<p>— {}</p>", source.join(", ")));
    }

    out.push_str("</blockquote>");
}

fn write_list<'s>(list: &'s ListBlock<'s>, out: &mut String) {
    let (open, close) = match list.type_() {
        ListType::Unordered => ("<ul>".to_owned(), "</ul>"),
        ListType::Ordered => (
            list.start()
                .filter(|&start| start != 1)
                .map_or("<ol>".to_owned(), |start| format!("<ol start=\"{start}\">")),
            "</ol>",
        ),
        ListType::Callout => ("<ol>".to_owned(), "</ol>"),
        ListType::Description => ("<dl>".to_owned(), "</dl>"),
    };

    out.push_str(&open);
    for block in list.child_blocks() {
        let Block::ListItem(item) = block else {
            continue;
        };

        let end = match item.list_item_marker() {
            ListItemMarker::DefinedTerm { term, .. } => {
                out.push_str("<dt>");
                out.push_str(&rendered(&term));
                out.push_str("</dt><dd>");
                "</dd>"
            }
            _ => {
                out.push_str("<li>");
                "</li>"
            }
        };

        if let Some(done) = item.checkbox() {
            out.push_str(if done { "[x] " } else { "[ ] " });
        }

        item_text(block, out);
        out.push_str(end);
    }

    out.push_str(close);
}

/// A term is handed out by value; its text outlives the borrow only as a copy.
fn rendered(content: &asciidoc_parser::content::Content<'_>) -> String {
    content.rendered_html().to_owned()
}

/// An item's own text stands beside its marker, not in a paragraph.
fn item_text<'s>(item: &'s Block<'s>, out: &mut String) {
    for (at, child) in item.child_blocks().enumerate() {
        match child {
            Block::Simple(simple)
                if at == 0
                    && simple.style() == SimpleBlockStyle::Paragraph
                    && child.title().is_none() =>
            {
                out.push_str(simple.content().rendered_html());
            }
            other => write(other, out),
        }
    }
}
