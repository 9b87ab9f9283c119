//! Rewrites the dialects in which documentation is written as the Markdown that the rest of this
//! crate reads: CommonMark with tables, footnotes, definition lists and the alerts of GitHub.
//!
//! | source | becomes |
//! |---|---|
//! | comments that no reader sees | nothing |
//! | admonitions, callouts, hints | an alert: a quote that begins with `[!NOTE]` |
//! | tabs, steps, collapsible parts | a heading, or a bold line, and the content |
//! | other components, containers and shortcodes | their content, with their titles |
//! | imports, exports, attribute lists, icons | nothing |
//!
//! Text in none of the dialects is returned byte for byte, and what is returned is rewritten no
//! further by a second run. No word that readers see is dropped; what a file only refers to is
//! named in a warning.

mod attributes;
mod blocks;
mod code;
mod comments;
mod container;
mod context;
mod directives;
mod inline;
mod lines;
mod modules;
mod names;
mod output;
mod paragraph_attributes;
mod python_markdown;
mod tag_blocks;
mod tags;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use context::Context;

/// What the markup of a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Markdown and its dialects. A capitalised tag is a component only if its name is a known one,
    /// or if the text imports modules.
    Markdown,
    /// MDX, in which every capitalised tag is a component and indentation makes no code.
    Mdx,
}

/// A rewritten text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten<'a> {
    /// Borrowed if nothing had to be rewritten.
    pub text: Cow<'a, str>,
    /// What the text refers to but does not contain, each once.
    pub warnings: Vec<String>,
}

/// Rewrites a text without front matter.
pub fn to_commonmark(text: &str, syntax: Syntax) -> Rewritten<'_> {
    let syntax = if modules::imports_components(text) {
        Syntax::Mdx
    } else {
        syntax
    };

    // The line ending at the end is put back as it was, so that it is not taken for a blank line.
    let body = text.strip_suffix('\n').unwrap_or(text);
    let mut context = Context::new(body, syntax);
    let rewritten = blocks::rewrite_document(body, &mut context) + &text[body.len()..];

    let text = if rewritten == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(rewritten)
    };
    Rewritten {
        text,
        warnings: context.warnings,
    }
}
