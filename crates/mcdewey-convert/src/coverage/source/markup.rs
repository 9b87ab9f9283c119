//! The text of formats that are written as text: their lines without comments, directives and
//! settings.

use std::sync::LazyLock;

use regex::Regex;

use super::Source;
use crate::text;

/// `.. note:: text`, with the name and the text.
static RST_DIRECTIVE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*\.\.\s+(?:\|[^|]+\|\s+)?([\w:.-]+)::(?:\s+(.*))?$"));
static RST_EXPLICIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\s*)\.\.(?:\s|$)"));
/// `:name: value`, an option of a directive or a field.
static FIELD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*:[^:`]+:(?:\s|$)"));
/// `` :role:`text <target>` ``, with the text.
static RST_ROLE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?::[\w:+.-]+:)?`([^`<]+?)(?:\s*<[^`>]*>)?`_{0,2}"));
/// `include::file[attributes]` and `[attributes]`.
static ASCIIDOC_SETTING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:\[.*\]|:[\w!-]+:.*|[a-z]+::\S*\[.*\]|//.*|[=.+_*|-]{3,}|\+)$"));
/// `link:target[text]` and `<<target,text>>`, with the texts.
static ASCIIDOC_LINK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:[a-z]+:{1,2}[^\s\[]*\[([^\]]*)\]|<<[^>,]*,?([^>]*)>>|\[\[[^\]]*\]\])")
});

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

/// Reads the lines of reStructuredText that are text.
pub(super) fn read_rst(bytes: &[u8]) -> Option<Source> {
    let (source, _) = text::unicode(bytes).ok()?;
    let mut found = String::new();
    // The indentation of the comment or setting around the current line.
    let mut left_out: Option<usize> = None;
    let mut after_directive = false;

    for line in source.lines() {
        let indentation = line.len() - line.trim_start().len();
        if line.trim().is_empty() {
            after_directive = false;
            continue;
        }

        if left_out.is_some_and(|outer| indentation > outer) {
            continue;
        }
        left_out = None;

        if let Some(directive) = RST_DIRECTIVE.captures(line) {
            if is_text_directive(&directive[1]) {
                let argument = directive.get(2).map_or("", |argument| argument.as_str());
                push_line(&mut found, &RST_ROLE.replace_all(argument, "$1"));
            } else {
                left_out = Some(indentation);
            }
            after_directive = true;
        } else if RST_EXPLICIT.is_match(line) {
            left_out = Some(indentation);
        } else if !(after_directive && FIELD.is_match(line)) {
            push_line(&mut found, &RST_ROLE.replace_all(line, "$1"));
        }
    }

    Some(Source::text(found))
}

/// Whether the content of a directive is text.
fn is_text_directive(name: &str) -> bool {
    matches!(
        name,
        "note"
            | "warning"
            | "tip"
            | "hint"
            | "important"
            | "caution"
            | "danger"
            | "attention"
            | "error"
            | "seealso"
            | "admonition"
            | "code-block"
            | "code"
            | "sourcecode"
            | "topic"
            | "sidebar"
            | "rubric"
            | "epigraph"
            | "highlights"
            | "parsed-literal"
    )
}

/// Reads the lines of AsciiDoc that are text.
pub(super) fn read_asciidoc(bytes: &[u8]) -> Option<Source> {
    let (source, _) = text::unicode(bytes).ok()?;
    let mut found = String::new();
    let mut in_comment = false;
    for line in source.lines().map(str::trim_end) {
        if line.starts_with("////") {
            in_comment = !in_comment;
        } else if !in_comment && !ASCIIDOC_SETTING.is_match(line) {
            push_line(&mut found, &ASCIIDOC_LINK.replace_all(line, "$1$2"));
        }
    }

    Some(Source::text(found))
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
