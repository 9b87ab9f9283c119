//! Syntax highlighting: each token gets one of a few CSS classes.

use std::cell::Cell;
use std::ops::Range;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

/// Loading the grammars takes a moment, so it happens once and on demand.
static GRAMMARS: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// Code beyond this many bytes of a block stays plain.
const MAX_BLOCK_BYTES: usize = 64 * 1024;
/// From the first longer line on, a block stays plain, in bytes.
const MAX_LINE_BYTES: usize = 2000;
/// Time for the code of one page; the rest stays plain. Unlimited in tests, which may run on slow
/// machines.
const PAGE_BUDGET: Duration = if cfg!(test) {
    Duration::from_secs(3600)
} else {
    Duration::from_millis(250)
};

/// All classes, in the order comment, string, number, keyword, function, type, attribute.
pub(super) const CLASSES: [&str; 7] = ["hl-c", "hl-s", "hl-n", "hl-k", "hl-f", "hl-t", "hl-a"];

/// Classes by scope prefix. The innermost scope with a class decides.
static CLASS_BY_SCOPE: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    let table = [
        ("comment", "hl-c"),
        ("string", "hl-s"),
        ("constant.character", "hl-s"),
        ("constant", "hl-n"),
        ("keyword", "hl-k"),
        ("storage", "hl-k"),
        ("entity.name.function", "hl-f"),
        ("support.function", "hl-f"),
        ("variable.function", "hl-f"),
        ("entity.other.attribute-name", "hl-a"),
        ("entity.name", "hl-t"),
        ("support.type", "hl-t"),
        ("support.class", "hl-t"),
        ("variable.parameter", "hl-a"),
    ];

    table
        .into_iter()
        .filter_map(|(name, class)| Some((Scope::new(name).ok()?, class)))
        .collect()
});

/// Keys of JSON and YAML are strings to the grammar but are shown as names.
static MAPPING_KEY: LazyLock<Option<Scope>> = LazyLock::new(|| Scope::new("meta.mapping.key").ok());

/// The time left for the code of one page.
#[derive(Debug)]
pub(super) struct TimeBudget(Cell<Duration>);

impl Default for TimeBudget {
    fn default() -> Self {
        Self(Cell::new(PAGE_BUDGET))
    }
}

/// The highlighter of one code block.
pub(super) struct Highlighter {
    state: ParseState,
    scopes: ScopeStack,
    bytes: usize,
}

impl Highlighter {
    /// For the language in the info string of a fence; `None` if there is no grammar for it.
    pub(super) fn new(info: &str) -> Option<Self> {
        let name = info
            .split([' ', ',', '{', '\t'])
            .next()
            .filter(|name| !name.is_empty())?;
        let syntax = GRAMMARS.find_syntax_by_token(name)?;
        (syntax.name != "Plain Text").then(|| Self {
            state: ParseState::new(syntax),
            scopes: ScopeStack::new(),
            bytes: 0,
        })
    }

    /// Returns the classified ranges of the next lines, in order. Stops early when a limit is
    /// reached.
    pub(super) fn tokens(
        &mut self,
        text: &str,
        budget: &TimeBudget,
    ) -> Vec<(Range<usize>, &'static str)> {
        let mut tokens = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            self.bytes += line.len();
            if self.bytes > MAX_BLOCK_BYTES
                || line.len() > MAX_LINE_BYTES
                || budget.0.get().is_zero()
            {
                break;
            }

            let started = Instant::now();
            let is_parsed = self.line(line, at, &mut tokens).is_some();
            budget
                .0
                .set(budget.0.get().saturating_sub(started.elapsed()));

            if !is_parsed {
                break;
            }

            at += line.len();
        }

        tokens
    }

    fn line(
        &mut self,
        line: &str,
        at: usize,
        tokens: &mut Vec<(Range<usize>, &'static str)>,
    ) -> Option<()> {
        let ops = self.state.parse_line(line, &GRAMMARS).ok()?;
        let mut start = 0;
        let mut push = |range: Range<usize>, scopes: &ScopeStack| {
            if let Some(class) = class(scopes).filter(|_| !range.is_empty()) {
                match tokens.last_mut() {
                    Some((last, last_class))
                        if *last_class == class && last.end == at + range.start =>
                    {
                        last.end = at + range.end
                    }
                    _ => tokens.push((at + range.start..at + range.end, class)),
                }
            }
        };

        for (position, op) in ops {
            push(start..position, &self.scopes);
            start = position;
            self.scopes.apply(&op).ok()?;
        }

        push(start..line.len(), &self.scopes);
        Some(())
    }
}

fn class(scopes: &ScopeStack) -> Option<&'static str> {
    if MAPPING_KEY.is_some_and(|key| {
        scopes
            .as_slice()
            .iter()
            .any(|scope| key.is_prefix_of(*scope))
    }) {
        return Some("hl-t");
    }

    scopes.as_slice().iter().rev().find_map(|scope| {
        CLASS_BY_SCOPE
            .iter()
            .find(|(prefix, _)| prefix.is_prefix_of(*scope))
            .map(|(_, class)| *class)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn highlight(info: &str, code: &str) -> Vec<(String, &'static str)> {
        let mut highlighter = Highlighter::new(info).unwrap();
        let tokens = highlighter.tokens(code, &TimeBudget::default());
        tokens
            .into_iter()
            .map(|(range, class)| (code[range].to_owned(), class))
            .collect()
    }

    fn assert_classes(info: &str, code: &str, expected: &[(&str, &str)]) {
        let found = highlight(info, code);
        for (text, class) in expected {
            assert!(
                found
                    .iter()
                    .any(|(one, of)| one.trim() == *text && of == class),
                "{text} {class}: {found:?}"
            );
        }
    }

    #[test]
    fn languages_of_manuals_have_grammars() {
        assert_classes(
            "json",
            "{\"port\": 8443, \"on\": true}\n",
            &[("\"port\"", "hl-t"), ("8443", "hl-n"), ("true", "hl-n")],
        );

        assert_classes(
            "yaml",
            "port: 8443 # TLS\n",
            &[("port", "hl-t"), ("8443", "hl-n"), ("# TLS", "hl-c")],
        );

        assert_classes(
            "xml",
            "<Dialog id=\"1\"/>\n",
            &[("Dialog", "hl-t"), ("id", "hl-a"), ("\"1\"", "hl-s")],
        );

        assert_classes(
            "java",
            "return \"a\"; // b\n",
            &[("return", "hl-k"), ("\"a\"", "hl-s"), ("// b", "hl-c")],
        );

        assert_classes("sql", "SELECT 1\n", &[("SELECT", "hl-k"), ("1", "hl-n")]);
        for name in [
            "bash",
            "sh",
            "python",
            "js",
            "properties",
            "toml",
            "powershell",
            "ini",
            "Dockerfile",
            "c++",
        ] {
            assert!(Highlighter::new(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_info_string_may_continue_after_the_language() {
        assert!(
            Highlighter::new("json title=\"Answer\"").is_some()
                && Highlighter::new("rust,ignore").is_some()
        );

        for name in ["", "  ", "text", "console-of-some-switch"] {
            assert!(Highlighter::new(name).is_none(), "{name}");
        }
    }

    #[test]
    fn comments_span_lines() {
        let mut highlighter = Highlighter::new("java").unwrap();
        let budget = TimeBudget::default();
        highlighter.tokens("/* one\n", &budget);
        assert_eq!(highlighter.tokens("return */\n", &budget), [(0..9, "hl-c")]);
    }

    #[test]
    fn code_beyond_a_limit_stays_plain() {
        let mut highlighter = Highlighter::new("java").unwrap();
        let exhausted = TimeBudget(Cell::new(Duration::ZERO));
        assert_eq!(highlighter.tokens("return 1;\n", &exhausted), []);
        assert_eq!(
            highlighter.tokens(
                &format!("return {};\n", "1".repeat(MAX_LINE_BYTES)),
                &TimeBudget::default()
            ),
            []
        );
        assert_eq!(
            highlighter
                .tokens(&"return 1;\n".repeat(8000), &TimeBudget::default())
                .first()
                .map(|one| one.1),
            Some("hl-k")
        );
        assert_eq!(
            highlighter.tokens("return 1;\n", &TimeBudget::default()),
            [],
            "the block has reached its limit"
        );
    }

    #[test]
    fn the_sanitiser_allows_every_class() {
        assert!(
            CLASS_BY_SCOPE
                .iter()
                .all(|(_, class)| CLASSES.contains(class))
                && CLASS_BY_SCOPE.len() == 14
        );
    }
}
