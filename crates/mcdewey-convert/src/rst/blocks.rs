//! Blocks: titles, paragraphs, code, quotes, and the way to lists, tables and directives.

use super::Reader;
use super::lines::{dedented, indent, indented_until, rule};
use crate::html::escape::html;

/// Text that is nested deeper is shown as it stands.
const MAX_DEPTH: usize = 40;

impl Reader {
    /// All blocks of some lines.
    pub(super) fn blocks(&mut self, lines: &[String], depth: usize, out: &mut String) {
        if depth > MAX_DEPTH {
            out.push_str(&pre(lines, None));
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

    /// One block; says where the next begins.
    fn block(&mut self, lines: &[String], at: usize, depth: usize, out: &mut String) -> usize {
        let line = &lines[at];
        if indent(line) > 0 {
            let end = indented_until(lines, at, 1);
            out.push_str("<blockquote>");
            self.blocks(&dedented(&lines[at..end]), depth + 1, out);
            out.push_str("</blockquote>");
            return end;
        }

        if let Some(end) = self.title(lines, at, depth, out) {
            return end;
        }

        let taken = self
            .explicit(lines, at, depth, out)
            .or_else(|| self.table(lines, at, depth, out))
            .or_else(|| self.list(lines, at, depth, out));

        if let Some(end) = taken {
            return end;
        }

        if line.starts_with(">>> ") {
            let end = paragraph_end(lines, at);
            out.push_str(&pre(&lines[at..end], Some("python")));
            return end;
        }

        if line == "|" || line.starts_with("| ") {
            return self.line_block(lines, at, out);
        }

        if lines
            .get(at + 1)
            .is_some_and(|below| !below.is_empty() && indent(below) > 0)
            && !line.ends_with("::")
        {
            return self.definitions(lines, at, depth, out);
        }

        self.paragraph(lines, at, out)
    }

    /// A title with its underline, or a line across the page.
    fn title(
        &mut self,
        lines: &[String],
        at: usize,
        depth: usize,
        out: &mut String,
    ) -> Option<usize> {
        let below = lines.get(at + 1).map_or("", String::as_str);
        if let Some(mark) = rule(&lines[at]).filter(|_| lines[at].len() >= 3) {
            let under = lines.get(at + 2).and_then(|under| rule(under));
            if under == Some(mark)
                && !below.trim().is_empty()
                && lines[at + 2].len() >= 3
                && rule(below).is_none()
            {
                self.heading(below.trim(), (mark, true), depth, out);
                return Some(at + 3);
            }

            if below.is_empty() && lines[at].len() >= 4 {
                out.push_str("<hr>");
                return Some(at + 1);
            }

            return None;
        }

        let long = lines[at].chars().count();
        let mark = rule(below)
            .filter(|_| below.len() >= long.min(4) && (below.len() >= 3 || below.len() >= long))?;
        if below == "::" || below == ".." || lines[at].starts_with(".. ") {
            return None;
        }

        self.heading(&lines[at], (mark, false), depth, out);
        Some(at + 2)
    }

    fn heading(&mut self, text: &str, kind: (char, bool), depth: usize, out: &mut String) {
        let text = self.inline(text);
        if depth > 0 {
            out.push_str(&format!("<p><strong>{text}</strong></p>"));
            return;
        }

        let level = self
            .levels
            .iter()
            .position(|known| *known == kind)
            .unwrap_or_else(|| {
                self.levels.push(kind);
                self.levels.len() - 1
            });

        let level = (level + 1).min(6);
        if self.title.is_none() {
            self.title = Some(plain(&text));
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

    /// A paragraph, and the code after it if it ends with two colons.
    fn paragraph(&mut self, lines: &[String], at: usize, out: &mut String) -> usize {
        let mut end = paragraph_end(lines, at);
        if let Some(indented) = (at + 1..end).find(|&next| indent(&lines[next]) > 0) {
            end = indented;
        }

        let text = lines[at..end].join("\n");
        let Some(before) = text.strip_suffix("::") else {
            out.push_str(&format!("<p>{}</p>", self.inline(&text)));
            return end;
        };

        let shown = match before.trim_end() {
            "" => String::new(),
            text if text.len() < before.len() => text.to_owned(),
            text => format!("{text}:"),
        };

        if !shown.is_empty() {
            out.push_str(&format!("<p>{}</p>", self.inline(&shown)));
        }

        let Some(first) = (end..lines.len()).find(|&next| !lines[next].is_empty()) else {
            return end;
        };

        let until = if indent(&lines[first]) > 0 {
            indented_until(lines, first, 1)
        } else {
            // Code whose every line begins with the same mark need not be indented.
            let mark = lines[first]
                .chars()
                .next()
                .filter(char::is_ascii_punctuation);

            let Some(mark) = mark.filter(|_| !lines[first].starts_with(".. ")) else {
                return end;
            };

            (first..lines.len())
                .find(|&next| !lines[next].starts_with(mark))
                .unwrap_or(lines.len())
        };

        out.push_str(&pre(&lines[first..until], None));
        until
    }
}

/// Lines as code.
pub(super) fn pre(lines: &[String], language: Option<&str>) -> String {
    let class = language
        .map(|language| format!(" class=\"language-{}\"", html(language)))
        .unwrap_or_default();

    format!(
        "<pre><code{class}>{}</code></pre>",
        html(&dedented(lines).join("\n"))
    )
}

fn paragraph_end(lines: &[String], at: usize) -> usize {
    (at..lines.len())
        .find(|&next| lines[next].is_empty())
        .unwrap_or(lines.len())
}

/// HTML without its elements.
fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => out.push(c),
            _ => {}
        }
    }

    out.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}
