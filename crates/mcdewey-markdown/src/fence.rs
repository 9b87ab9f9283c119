//! Recognises the fences of code blocks, and which lines they enclose, without parsing the text.
//!
//! There are two definitions. A [`marker`] is what any line that looks like a fence begins with. It
//! suits short or broken texts, and [`FencedCode`] follows it line by line. A [`Fence`] is what
//! CommonMark accepts: it may not be indented far, and only a bare line of sufficient length closes
//! it. [`closed_fences`] follows that.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Of backticks.
pub const BACKTICKS: &str = "```";
/// Of tildes.
pub const TILDES: &str = "~~~";

/// Returns the marker of a line that opens or closes fenced code: [`BACKTICKS`] or [`TILDES`] after
/// any white space.
pub fn marker(line: &str) -> Option<&'static str> {
    marker_at_start(line.trim_start())
}

/// Returns the marker of a line as [`marker`] does, but after any signs of block quotes, and blanks
/// and tabs only.
pub fn marker_in_quote(line: &str) -> Option<&'static str> {
    marker_at_start(line.trim_start_matches([' ', '\t', '>']))
}

fn marker_at_start(text: &str) -> Option<&'static str> {
    [BACKTICKS, TILDES]
        .into_iter()
        .find(|marker| text.starts_with(marker))
}

/// Which line closes fenced code.
///
/// The rules differ on texts that are not well-formed, and results that are stored or compared
/// depend on each: the snippets, the passages that are compared, the language and the repair of
/// tables. They are therefore kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Any marker, so that markers alternate.
    AnyMarker,
    /// The same marker, whatever follows it.
    SameMarker,
    /// The same marker in a line that consists of backticks and tildes.
    BareMarker,
}

/// What a line is with regard to fenced code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FenceLine {
    /// Outside.
    Outside,
    /// Opens fenced code.
    Opening,
    /// Between the fences.
    Inside,
    /// Closes fenced code.
    Closing,
}

/// Follows a text line by line and tells fenced code from the rest by [`marker`]s.
#[derive(Debug)]
pub struct FencedCode {
    closing: Closing,
    /// The marker that opened the code which the next line is in.
    open: Option<&'static str>,
}

impl FencedCode {
    /// Begins outside fenced code.
    pub fn new(closing: Closing) -> Self {
        Self {
            closing,
            open: None,
        }
    }

    /// Reads the next line; it may include its line ending.
    pub fn read(&mut self, line: &str) -> FenceLine {
        match (self.open, marker(line)) {
            (None, None) => FenceLine::Outside,
            (None, opening) => {
                self.open = opening;
                FenceLine::Opening
            }
            (Some(open), Some(found)) if self.is_closed(open, found, line) => {
                self.open = None;
                FenceLine::Closing
            }
            (Some(_), _) => FenceLine::Inside,
        }
    }

    fn is_closed(&self, open: &str, found: &str, line: &str) -> bool {
        match self.closing {
            Closing::AnyMarker => true,
            Closing::SameMarker => found == open,
            Closing::BareMarker => found == open && line.trim().trim_matches(['`', '~']).is_empty(),
        }
    }
}

/// A line that may open or close fenced code by the rules of CommonMark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    /// `` b'`' `` or `b'~'`.
    character: u8,
    /// How many of it.
    length: usize,
    /// Whether no info string follows; only such a line closes a fence.
    is_bare: bool,
}

impl Fence {
    /// Reads a line. It may begin with form feeds, which converters put before a page's first line.
    pub fn parse(line: &str) -> Option<Self> {
        static FENCE: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^ {0,3}(`{3,}|~{3,})(.*)$").expect("a valid pattern"));

        let line = line.trim_start_matches('\u{c}').trim_end();
        let found = FENCE.captures(line)?;
        let character = found[1].as_bytes()[0];

        // With backticks in the info string the line is inline code.
        let info = found[2].trim();
        if character == b'`' && info.contains('`') {
            return None;
        }

        Some(Self {
            character,
            length: found[1].len(),
            is_bare: info.is_empty(),
        })
    }

    /// Reports whether this line closes the code that `opening` opened.
    pub fn closes(&self, opening: &Self) -> bool {
        self.character == opening.character && self.length >= opening.length && self.is_bare
    }
}

/// Reports for each line of `text`, given by `lines`, whether it belongs to fenced code. An unclosed
/// fence does not count as one: converters lose closing lines, and one lost line must not hide what
/// all following pages contain.
pub fn closed_fences(text: &str, lines: &[Range<usize>]) -> Vec<bool> {
    let mut fenced = vec![false; lines.len()];
    // Fences for which no closing line was found. A later fence that only the same lines could
    // close is unclosed too, so the rest of the text is not searched again for it.
    let mut unclosed: Vec<Fence> = Vec::new();

    let mut index = 0;
    while index < lines.len() {
        let opening = Fence::parse(&text[lines[index].clone()]).filter(|fence| {
            !unclosed
                .iter()
                .any(|known| known.character == fence.character && fence.length >= known.length)
        });

        let Some(opening) = opening else {
            index += 1;
            continue;
        };

        let closing = lines[index + 1..].iter().position(|line| {
            Fence::parse(&text[line.clone()]).is_some_and(|fence| fence.closes(&opening))
        });

        match closing {
            Some(distance) => {
                fenced[index..=index + 1 + distance].fill(true);
                index += distance + 2;
            }
            None => {
                unclosed.push(opening);
                index += 1;
            }
        }
    }

    fenced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_follows_white_space() {
        for (line, expected) in [
            ("```sh", Some(BACKTICKS)),
            ("\t \u{a0}~~~~", Some(TILDES)),
            ("``", None),
            ("> ```", None),
            ("a ```", None),
        ] {
            assert_eq!(marker(line), expected, "{line:?}");
        }
    }

    #[test]
    fn a_marker_in_a_quote_follows_its_signs() {
        for (line, expected) in [
            ("```", Some(BACKTICKS)),
            ("> > ~~~ sh", Some(TILDES)),
            ("\u{a0}```", None),
            ("- ```", None),
        ] {
            assert_eq!(marker_in_quote(line), expected, "{line:?}");
        }
    }

    /// Returns what each line is: `.` outside, `(` opening, `-` inside, `)` closing.
    fn read(closing: Closing, text: &str) -> String {
        let mut code = FencedCode::new(closing);
        text.lines()
            .map(|line| match code.read(line) {
                FenceLine::Outside => '.',
                FenceLine::Opening => '(',
                FenceLine::Inside => '-',
                FenceLine::Closing => ')',
            })
            .collect()
    }

    #[test]
    fn every_rule_reads_well_formed_code_alike() {
        let text = "a\n```sh\n\n# b\n  ```\nc\n~~~\nd\n~~~\n";
        for closing in [Closing::AnyMarker, Closing::SameMarker, Closing::BareMarker] {
            assert_eq!(read(closing, text), ".(--).(-)", "{closing:?}");
        }
    }

    #[test]
    fn the_rules_differ_in_what_closes_code() {
        let text = "```\n~~~\n``` x\n```~\na\n";
        assert_eq!(read(Closing::AnyMarker, text), "()().");
        assert_eq!(read(Closing::SameMarker, text), "(-)(-");
        assert_eq!(read(Closing::BareMarker, text), "(--).");
    }

    #[test]
    fn fences_are_those_of_commonmark() {
        let length = |line: &str| Fence::parse(line).map(|fence| fence.length);
        assert_eq!(length("   ````md\r\n"), Some(4));
        assert_eq!(length("\u{c}~~~ `x`"), Some(3));
        assert_eq!(length("    ```"), None);
        assert_eq!(length("``` a `b`"), None);

        let closes = |line: &str, opening: &str| {
            Fence::parse(line)
                .unwrap()
                .closes(&Fence::parse(opening).unwrap())
        };
        assert!(closes("`````", "````sh"));
        assert!(!closes("```", "````") && !closes("~~~", "```") && !closes("``` x", "```"));
    }

    #[test]
    fn an_unclosed_fence_encloses_nothing() {
        let fenced = |text: &str| {
            let mut end = 0;
            let lines: Vec<Range<usize>> = text
                .split_inclusive('\n')
                .map(|line| {
                    end += line.len();
                    end - line.len()..end
                })
                .collect();
            closed_fences(text, &lines)
        };

        assert_eq!(
            fenced("a\n```\nb\n```\nc"),
            [false, true, true, true, false]
        );
        assert_eq!(fenced("```\nb\n~~~\n"), [false; 3]);
        assert_eq!(fenced("````\n```\n```\n"), [false, true, true]);
    }
}
