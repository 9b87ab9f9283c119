//! HTML: the main part of a page, as Markdown.
//!
//! The page is parsed as browsers do; what is not its text (navigation, scripts, forms) is cut away; what Markdown has
//! no form for (merged cells, definition lists, admonitions) is brought into one it has; then a library writes it.

mod about;
mod blocks;
mod cell;
mod depth;
pub(crate) mod escape;
mod page;
mod source;
mod table;

#[cfg(test)]
mod tests;

use dom_query::{Document, NodeRef};
use html_to_markdown_rs::options::TierStrategy;
use html_to_markdown_rs::{
    CodeBlockStyle, ConversionOptions, HiddenContent, ListIndentType, PreprocessingOptions,
};
use mcdewey_core::{ConvertError, Converted};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::text::list;

pub(crate) const VERSION: &str = "html-1";

/// As deep as the library goes; [`depth`] refuses what lies deeper, so that nothing is lost.
const LIBRARY_DEPTH: usize = 1024;

pub(crate) fn convert(bytes: &[u8]) -> Result<Converted, ConvertError> {
    guarded(|| {
        let source = source::read(bytes)?;
        let mut warnings = source.warnings;
        depth::check(&source.html)?;
        let document = Document::from(source.html);

        let says = document
            .body()
            .is_some_and(|body| body.normalized_char_count() > 0);
        let part = page::main_part(&document);
        let about = about::read(&document, &part.node);
        let article = page::article(&part);

        let body = markdown(
            &article
                .as_ref()
                .and_then(Document::body)
                .unwrap_or(part.node),
            &mut warnings,
        )?;

        if body.trim().is_empty() {
            return Err(empty(&source.includes, says));
        }

        if !source.includes.is_empty() {
            warnings.push(format!(
                "it includes other files, which are not in it: {}",
                list(&source.includes)
            ));
        }

        Ok(Converted {
            markdown: about.before(&body),
            images: Vec::new(),
            warnings,
        })
    })
}

/// Markdown of HTML that another reader made; all of it counts as text.
pub(crate) fn fragment(
    html: &str,
    about: &FrontMatter,
    warnings: &mut Vec<String>,
) -> Result<String, ConvertError> {
    depth::check(html)?;
    let document = Document::from(format!("<!doctype html><html><body>{html}</body></html>"));
    let Some(body) = document.body() else {
        return Ok(about.before(""));
    };
    document.select("script, style").remove();

    Ok(about.before(&markdown(&body, warnings)?))
}

fn markdown(part: &NodeRef<'_>, warnings: &mut Vec<String>) -> Result<String, ConvertError> {
    table::unwrap_layouts(part);
    blocks::prepare(part, warnings);
    table::prepare(part, warnings);
    escape::prepare(part);
    let html = part.inner_html();
    let converted = html_to_markdown_rs::convert(&html, options())
        .map_err(|error| ConvertError(format!("its elements could not be read: {error}")))?;

    let markdown = converted
        .content
        .unwrap_or_default()
        .replace([blocks::BETWEEN, '\u{200B}'], "");

    Ok(tidy(&markdown).replace(escape::BACKSLASH, "\\"))
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
        max_depth: Some(LIBRARY_DEPTH),
        max_input_size: None,
        preprocessing: PreprocessingOptions {
            enabled: false,
            ..PreprocessingOptions::default()
        },
        tier_strategy: TierStrategy::Tier2,
        ..ConversionOptions::default()
    }
}

/// Without white space at the ends of lines (hard breaks keep theirs) and without runs of empty lines outside code.
fn tidy(markdown: &str) -> String {
    let mut tidied = String::with_capacity(markdown.len());
    let mut fence: Option<String> = None;
    let mut empty = 0;

    let mut last = "";
    for line in markdown.lines() {
        let bare = line.trim_start_matches(['>', ' ']);
        let ticks: String = bare.chars().take_while(|&c| c == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && bare.trim_end() == ticks => fence = None,
            None if ticks.len() >= 3 => fence = Some(ticks),
            _ => {}
        }

        let line = if fence.is_some() {
            line
        } else {
            without_trailing(line)
        };

        let quote_begins = line.starts_with('>') && !last.is_empty() && !last.starts_with('>');
        if quote_begins && fence.is_none() {
            tidied.push('\n');
        }

        last = line;
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 || fence.is_some() {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }

    tidied
}

fn without_trailing(line: &str) -> &str {
    let trimmed = line.trim_end();
    let hard_break = !trimmed.is_empty() && line.len() - trimmed.len() == 2 && line.ends_with("  ");
    if hard_break { line } else { trimmed }
}

fn empty(includes: &[String], says: bool) -> ConvertError {
    ConvertError(match (includes.is_empty(), says) {
        (false, _) => format!(
            "it only includes other files ({}); add those instead",
            list(includes)
        ),
        (true, true) => {
            "it holds only navigation and no text; add the pages it leads to".to_owned()
        }
        (true, false) => {
            "it holds no text; save the page as it is shown, after its scripts have run".to_owned()
        }
    })
}
