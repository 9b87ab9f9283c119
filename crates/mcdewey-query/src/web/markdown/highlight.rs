//! Colours for code whose language is named: each token gets one of a few classes, which the stylesheet colours.

use std::cell::Cell;
use std::ops::Range;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

/// The grammars that are known; reading them takes a moment, once.
static GRAMMARS: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// Most code of one block that is coloured, in bytes, and its longest line.
const LONGEST_BLOCK: usize = 64 * 1024;
const LONGEST_LINE: usize = 2000;
/// How long the code of one page may take; what comes behind stays plain. Tests run on machines of any speed.
const PAGE_BUDGET: Duration = if cfg!(test) {
    Duration::from_secs(3600)
} else {
    Duration::from_millis(250)
};

/// Every class that code may have.
pub(super) const CLASSES: [&str; 7] = ["hl-c", "hl-s", "hl-n", "hl-k", "hl-f", "hl-t", "hl-a"];

/// Which scopes are shown how; the innermost scope that stands here decides.
static SHOWN: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
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

/// Keys of JSON and YAML are strings, too, and yet names.
static KEY: LazyLock<Option<Scope>> = LazyLock::new(|| Scope::new("meta.mapping.key").ok());

/// What is left of the time for the code of one page.
#[derive(Debug)]
pub(super) struct Budget(Cell<Duration>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(PAGE_BUDGET))
    }
}

/// The reading of one block of code.
pub(super) struct Highlighter {
    state: ParseState,
    scopes: ScopeStack,
    bytes: usize,
}

impl Highlighter {
    /// For the language that the fence of a block names, if it is known.
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

    /// The stretches of the next lines that have a class, in order; nothing where it would take too long.
    pub(super) fn tokens(
        &mut self,
        text: &str,
        budget: &Budget,
    ) -> Vec<(Range<usize>, &'static str)> {
        let mut tokens = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            self.bytes += line.len();
            if self.bytes > LONGEST_BLOCK || line.len() > LONGEST_LINE || budget.0.get().is_zero() {
                break;
            }

            let began = Instant::now();
            let is_read = self.line(line, at, &mut tokens).is_some();
            budget.0.set(budget.0.get().saturating_sub(began.elapsed()));

            if !is_read {
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
                    Some((last, known)) if *known == class && last.end == at + range.start => {
                        last.end = at + range.end
                    }
                    _ => tokens.push((at + range.start..at + range.end, class)),
                }
            }
        };

        for (place, op) in ops {
            push(start..place, &self.scopes);
            start = place;
            self.scopes.apply(&op).ok()?;
        }

        push(start..line.len(), &self.scopes);
        Some(())
    }
}

fn class(scopes: &ScopeStack) -> Option<&'static str> {
    if KEY.is_some_and(|key| {
        scopes
            .as_slice()
            .iter()
            .any(|scope| key.is_prefix_of(*scope))
    }) {
        return Some("hl-t");
    }

    let shown = |scope: &Scope| {
        SHOWN
            .iter()
            .find(|(known, _)| known.is_prefix_of(*scope))
            .map(|(_, class)| *class)
    };

    scopes.as_slice().iter().rev().find_map(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(info: &str, code: &str) -> Vec<(String, &'static str)> {
        let mut highlighter = Highlighter::new(info).unwrap();
        let tokens = highlighter.tokens(code, &Budget::default());
        tokens
            .into_iter()
            .map(|(range, class)| (code[range].to_owned(), class))
            .collect()
    }

    fn has(info: &str, code: &str, expected: &[(&str, &str)]) {
        let found = read(info, code);
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
    fn languages_of_manuals_are_known() {
        has(
            "json",
            "{\"port\": 8443, \"on\": true}\n",
            &[("\"port\"", "hl-t"), ("8443", "hl-n"), ("true", "hl-n")],
        );

        has(
            "yaml",
            "port: 8443 # TLS\n",
            &[("port", "hl-t"), ("8443", "hl-n"), ("# TLS", "hl-c")],
        );

        has(
            "xml",
            "<Dialog id=\"1\"/>\n",
            &[("Dialog", "hl-t"), ("id", "hl-a"), ("\"1\"", "hl-s")],
        );

        has(
            "java",
            "return \"a\"; // b\n",
            &[("return", "hl-k"), ("\"a\"", "hl-s"), ("// b", "hl-c")],
        );

        has("sql", "SELECT 1\n", &[("SELECT", "hl-k"), ("1", "hl-n")]);
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
    fn a_language_may_have_words_behind_it() {
        assert!(
            Highlighter::new("json title=\"Answer\"").is_some()
                && Highlighter::new("rust,ignore").is_some()
        );

        for name in ["", "  ", "text", "console-of-some-switch"] {
            assert!(Highlighter::new(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_comment_goes_on_over_lines() {
        let mut highlighter = Highlighter::new("java").unwrap();
        let budget = Budget::default();
        highlighter.tokens("/* one\n", &budget);
        assert_eq!(highlighter.tokens("return */\n", &budget), [(0..9, "hl-c")]);
    }

    #[test]
    fn what_would_take_long_stays_plain() {
        let mut highlighter = Highlighter::new("java").unwrap();
        let spent = Budget(Cell::new(Duration::ZERO));
        assert_eq!(highlighter.tokens("return 1;\n", &spent), []);
        assert_eq!(
            highlighter.tokens(
                &format!("return {};\n", "1".repeat(LONGEST_LINE)),
                &Budget::default()
            ),
            []
        );
        assert_eq!(
            highlighter
                .tokens(&"return 1;\n".repeat(8000), &Budget::default())
                .first()
                .map(|one| one.1),
            Some("hl-k")
        );
        assert_eq!(
            highlighter.tokens("return 1;\n", &Budget::default()),
            [],
            "the block is long enough"
        );
    }

    #[test]
    fn classes_are_those_the_sanitiser_knows() {
        assert!(SHOWN.iter().all(|(_, class)| CLASSES.contains(class)) && SHOWN.len() == 14);
    }
}
