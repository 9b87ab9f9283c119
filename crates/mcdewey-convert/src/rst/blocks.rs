//! Titles, paragraphs, code and quotes; passes lists, tables and directives on to their modules.

use super::lines::{adornment, dedent, indentation, indented_end, paragraph_end, skip_empty};
use super::{Parser, TitleStyle};
use crate::html::escape;

/// Blocks that are nested more deeply are written as preformatted text.
const MAX_DEPTH: usize = 40;

impl Parser {
    /// Writes all blocks of some lines.
    pub(super) fn blocks(&mut self, lines: &[String], depth: usize, out: &mut String) {
        if depth > MAX_DEPTH {
            out.push_str(&code_block(lines, None));
            return;
        }

        let mut at = 0;
        while at < lines.len() {
            if lines[at].is_empty() {
                at += 1;
                continue;
            }
            at = self.block(lines, at, depth, out).max(at + 1);
        }
    }

    /// Writes one block and returns its end.
    fn block(&mut self, lines: &[String], at: usize, depth: usize, out: &mut String) -> usize {
        let line = &lines[at];
        if indentation(line) > 0 {
            let end = indented_end(lines, at);
            out.push_str("<blockquote>");
            self.blocks(&dedent(&lines[at..end]), depth + 1, out);
            out.push_str("</blockquote>");
            return end;
        }

        let structured_end = self
            .title_or_rule(lines, at, depth, out)
            .or_else(|| self.explicit_markup(lines, at, depth, out))
            .or_else(|| self.drawn_table(lines, at, depth, out))
            .or_else(|| self.list(lines, at, depth, out));

        if let Some(end) = structured_end {
            return end;
        }

        if line.starts_with(">>> ") {
            let end = paragraph_end(lines, at);
            out.push_str(&code_block(&lines[at..end], Some("python")));
            return end;
        }

        if line == "|" || line.starts_with("| ") {
            return self.line_block(lines, at, out);
        }

        let is_indented_below = lines
            .get(at + 1)
            .is_some_and(|below| !below.is_empty() && indentation(below) > 0);
        if is_indented_below && !line.ends_with("::") {
            return self.definition_list(lines, at, depth, out);
        }

        self.paragraph(lines, at, out)
    }

    /// Writes a title or a horizontal rule if one begins here, and returns its end.
    fn title_or_rule(
        &mut self,
        lines: &[String],
        at: usize,
        depth: usize,
        out: &mut String,
    ) -> Option<usize> {
        let below = lines.get(at + 1).map_or("", String::as_str);

        if let Some(overline) = adornment(&lines[at]).filter(|_| lines[at].len() >= 3) {
            let underline = lines.get(at + 2).filter(|line| line.len() >= 3);
            if underline.and_then(|line| adornment(line)) == Some(overline)
                && !below.trim().is_empty()
                && adornment(below).is_none()
            {
                let style = TitleStyle {
                    adornment: overline,
                    has_overline: true,
                };
                self.title(below.trim(), style, depth, out);
                return Some(at + 3);
            }

            if below.is_empty() && lines[at].len() >= 4 {
                out.push_str("<hr>");
                return Some(at + 1);
            }

            return None;
        }

        // An underline of four characters may be shorter than its title.
        let length = lines[at].chars().count();
        let underline = adornment(below).filter(|_| below.len() >= length.min(4))?;
        if below == "::" || below == ".." || lines[at].starts_with(".. ") {
            return None;
        }

        let style = TitleStyle {
            adornment: underline,
            has_overline: false,
        };
        self.title(&lines[at], style, depth, out);
        Some(at + 2)
    }

    /// Writes a title. Inside other blocks it becomes bold text.
    fn title(&mut self, text: &str, style: TitleStyle, depth: usize, out: &mut String) {
        let text = self.inline(text);
        if depth > 0 {
            out.push_str(&format!("<p><strong>{text}</strong></p>"));
            return;
        }

        let index = self
            .title_styles
            .iter()
            .position(|known| *known == style)
            .unwrap_or_else(|| {
                self.title_styles.push(style);
                self.title_styles.len() - 1
            });

        let level = (index + 1).min(6);
        if self.title.is_none() {
            self.title = Some(without_tags(&text));
        }

        out.push_str(&format!("<h{level}>{text}</h{level}>"));
    }

    fn line_block(&mut self, lines: &[String], at: usize, out: &mut String) -> usize {
        let end = paragraph_end(lines, at);
        let texts: Vec<String> = lines[at..end]
            .iter()
            .map(|line| self.inline(line.trim_start_matches('|').trim()))
            .collect();

        out.push_str(&format!("<p>{}</p>", texts.join("<br>")));
        end
    }

    /// Writes a paragraph, and the literal block after it if it ends with two colons.
    fn paragraph(&mut self, lines: &[String], at: usize, out: &mut String) -> usize {
        let limit = paragraph_end(lines, at);
        let end = (at + 1..limit)
            .find(|&next| indentation(&lines[next]) > 0)
            .unwrap_or(limit);

        let text = lines[at..end].join("\n");
        let Some(before_colons) = text.strip_suffix("::") else {
            out.push_str(&format!("<p>{}</p>", self.inline(&text)));
            return end;
        };

        // "Text::" is shown with one colon, "Text ::" and "::" alone without any.
        let shown = match before_colons.trim_end() {
            "" => String::new(),
            text if text.len() < before_colons.len() => text.to_owned(),
            text => format!("{text}:"),
        };

        if !shown.is_empty() {
            out.push_str(&format!("<p>{}</p>", self.inline(&shown)));
        }

        let first = skip_empty(lines, end);
        let Some(literal_end) = literal_block_end(lines, first) else {
            return end;
        };

        out.push_str(&code_block(&lines[first..literal_end], None));
        literal_end
    }
}

/// The end of the literal block that begins at a line; `None` if there is none.
fn literal_block_end(lines: &[String], first: usize) -> Option<usize> {
    let line = lines.get(first)?;
    if indentation(line) > 0 {
        return Some(indented_end(lines, first));
    }

    // A literal block need not be indented if all its lines begin with the same punctuation.
    let mark = line.chars().next().filter(char::is_ascii_punctuation)?;
    if line.starts_with(".. ") {
        return None;
    }

    let end = (first..lines.len())
        .find(|&next| !lines[next].starts_with(mark))
        .unwrap_or(lines.len());
    Some(end)
}

/// Lines as preformatted code.
pub(super) fn code_block(lines: &[String], language: Option<&str>) -> String {
    let class = language
        .map(|language| format!(" class=\"language-{}\"", escape::html(language)))
        .unwrap_or_default();

    format!(
        "<pre><code{class}>{}</code></pre>",
        escape::html(&dedent(lines).join("\n"))
    )
}

/// Inline HTML as preformatted text, without its markup.
pub(super) fn preformatted(html: &str) -> String {
    format!(
        "<pre><code>{}</code></pre>",
        escape::html(&without_tags(html))
    )
}

/// The text of HTML that [`Parser::inline`] wrote.
fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if !in_tag => text.push(c),
            _ => {}
        }
    }

    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}
