//! Converts the main content of an HTML page to Markdown.
//!
//! The page is parsed the way browsers do. Everything that is not its text (navigation, scripts,
//! forms) is removed, constructs that Markdown lacks (merged cells, definition lists, admonitions)
//! are rewritten into ones it has, and `html-to-markdown-rs` writes the result.

mod admonitions;
mod blocks;
mod cell;
mod code;
mod depth;
mod dom;
mod embedded;
pub(crate) mod escape;
mod hidden;
mod inline;
mod lists;
mod metadata;
mod page;
mod source;
mod table;
mod tabs;

#[cfg(test)]
mod tests;

pub(crate) use page::{main_part, remove_navigation};

use dom_query::{Document, NodeRef};
use html_to_markdown_rs::options::TierStrategy;
use html_to_markdown_rs::{
    CodeBlockStyle, ConversionOptions, HiddenContent, ListIndentType, PreprocessingOptions,
};
use mcdewey_core::{ConvertError, ConvertedDocument};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::text::list;

pub(crate) const VERSION: &str = "html-2";

/// The nesting depth up to which the Markdown library converts. [`depth`] rejects pages far below
/// it, so that the library never drops text silently.
const CONVERTER_DEPTH: usize = 1024;

const ZERO_WIDTH_SPACE: char = '\u{200B}';

pub(crate) fn convert(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    guarded(|| {
        let source = source::decode(bytes)?;
        let mut warnings = source.warnings;
        depth::check(&source.html)?;

        let document = Document::from(source.html);
        let page_has_text = document
            .body()
            .is_some_and(|body| body.normalized_char_count() > 0);

        let content = page::main_content(&document, &mut warnings);
        let front_matter = metadata::extract(&document, &content.node);
        let article = page::article(&content);
        let body = to_markdown(
            &article
                .as_ref()
                .and_then(Document::body)
                .unwrap_or(content.node),
            &mut warnings,
        )?;

        if body.trim().is_empty() {
            return Err(no_content_error(&source.includes, page_has_text));
        }

        if !source.includes.is_empty() {
            warnings.push(format!(
                "the page includes other files, whose text is missing: {}",
                list(&source.includes)
            ));
        }

        Ok(ConvertedDocument {
            markdown: front_matter.before(&body),
            warnings,
            ..ConvertedDocument::default()
        })
    })
}

/// Decodes a page and expands its templates, without parsing it.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, ConvertError> {
    let source = source::decode(bytes)?;
    depth::check(&source.html)?;
    Ok(source.html)
}

/// Converts HTML that another converter produced. All of it is content, so nothing but scripts and
/// style sheets is removed.
pub(crate) fn fragment(
    html: &str,
    front_matter: &FrontMatter,
    warnings: &mut Vec<String>,
) -> Result<String, ConvertError> {
    depth::check(html)?;

    let document = Document::from(format!("<!doctype html><html><body>{html}</body></html>"));
    let Some(body) = document.body() else {
        return Ok(front_matter.before(""));
    };
    document.select("script, style").remove();

    Ok(front_matter.before(&to_markdown(&body, warnings)?))
}

fn to_markdown(content: &NodeRef<'_>, warnings: &mut Vec<String>) -> Result<String, ConvertError> {
    table::unwrap_layout_tables(content);
    blocks::prepare(content, warnings);
    table::prepare(content, warnings);
    // Last, so that it also covers the text that the steps above have inserted.
    escape::prepare(content);

    let html = content.inner_html();
    let converted = html_to_markdown_rs::convert(&html, options()).map_err(|error| {
        ConvertError(format!(
            "the HTML could not be converted to Markdown: {error}"
        ))
    })?;

    let markdown = converted
        .content
        .unwrap_or_default()
        .replace([blocks::QUOTE_SEPARATOR, ZERO_WIDTH_SPACE], "");

    Ok(tidy(&markdown).replace(escape::BACKSLASH_PLACEHOLDER, "\\"))
}

fn options() -> ConversionOptions {
    ConversionOptions {
        br_in_tables: true,
        bullets: "-".to_owned(),
        code_block_style: CodeBlockStyle::Backticks,
        compact_tables: true,
        extract_metadata: false,
        hidden_content: HiddenContent::All,
        infer_dimensions: false,
        list_indent_type: ListIndentType::Spaces,
        max_depth: Some(CONVERTER_DEPTH),
        max_input_size: None,
        preprocessing: PreprocessingOptions {
            enabled: false,
            ..PreprocessingOptions::default()
        },
        tier_strategy: TierStrategy::Tier2,
        ..ConversionOptions::default()
    }
}

/// Removes trailing whitespace (except hard breaks) and repeated empty lines, and puts an empty
/// line before block quotes. Code blocks stay as they are.
fn tidy(markdown: &str) -> String {
    let mut tidied = String::with_capacity(markdown.len());
    let mut open_fence: Option<String> = None;
    let mut empty_lines = 0;
    let mut previous = "";

    for line in markdown.lines() {
        let bare = line.trim_start_matches(['>', ' ']);
        let ticks: String = bare.chars().take_while(|&c| c == '`').collect();
        match &open_fence {
            Some(open) if ticks.len() >= open.len() && bare.trim_end() == ticks => {
                open_fence = None;
            }
            None if ticks.len() >= 3 => open_fence = Some(ticks),
            _ => {}
        }

        let in_code = open_fence.is_some();
        let line = if in_code { line } else { trim_line_end(line) };

        let quote_begins =
            line.starts_with('>') && !previous.is_empty() && !previous.starts_with('>');
        if quote_begins && !in_code {
            tidied.push('\n');
        }

        previous = line;
        empty_lines = if line.is_empty() { empty_lines + 1 } else { 0 };
        if empty_lines < 2 || in_code {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }

    tidied
}

/// Trims a line's end unless it is a hard break, which is exactly two spaces after text.
fn trim_line_end(line: &str) -> &str {
    let trimmed = line.trim_end();
    let hard_break = !trimmed.is_empty() && line.len() - trimmed.len() == 2 && line.ends_with("  ");
    if hard_break { line } else { trimmed }
}

fn no_content_error(includes: &[String], page_has_text: bool) -> ConvertError {
    ConvertError(if !includes.is_empty() {
        format!(
            "the page only includes other files ({}); add those files instead",
            list(includes)
        )
    } else if page_has_text {
        "the page contains only navigation; add the pages it links to".to_owned()
    } else {
        "the page contains no text; save it from a browser after its scripts have run".to_owned()
    })
}
