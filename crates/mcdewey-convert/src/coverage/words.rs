//! Splits text into words that two readers of the same file agree on.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters that join words or are deleted within them. Markdown writes some of them as markup,
/// and readers disagree about the others.
const IGNORED: &str = "*_`\\~^'’‘\u{2BC}\u{200B}\u{200C}\u{200D}\u{2060}\u{FEFF}";

/// Hyphens of all kinds. PDFium writes U+0002 or U+FFFE for one at the end of a line.
const HYPHENS: &str = "-\u{AD}\u{2010}\u{2011}\u{2}\u{FFFE}";

/// The Arabic letters that are written as a ligature when alef follows lam.
const ALEF: char = '\u{627}';
const LAM: char = '\u{644}';

/// The words of a text, in lower case and without accents, marks of formatting and hyphens.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// All words without anything between them.
    letters: String,
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    /// The end of the word in `letters`.
    end: usize,
    /// The position of the word in the text.
    span: Range<usize>,
    /// Whether the text is interrupted after the word: what follows belongs to another part.
    ends_segment: bool,
}

impl Words {
    /// Splits a text whose segments are not expected to follow one another in the other text: the
    /// positions in `segment_ends`, in ascending order, are where segments end.
    pub(super) fn new(text: &str, segment_ends: &[usize]) -> Self {
        let mut words = Self::default();
        let mut begin = 0;
        for &end in segment_ends.iter().chain([&text.len()]) {
            words.add_segment(&text[begin..end], begin);
            begin = end;
        }

        words
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The letters of a range of words, without anything between the words.
    pub(super) fn letters(&self, range: Range<usize>) -> &str {
        &self.letters[self.start(range.start)..self.start(range.end)]
    }

    /// The position of a word in the text.
    pub(super) fn span(&self, word: usize) -> Range<usize> {
        self.words[word].span.clone()
    }

    pub(super) fn ends_segment(&self, word: usize) -> bool {
        self.words[word].ends_segment
    }

    /// Whether the letters of `range`, from the byte offset `at`, for `length` bytes, are whole
    /// words.
    pub(super) fn are_whole_words(&self, range: &Range<usize>, at: usize, length: usize) -> bool {
        let begin = self.start(range.start) + at;
        let ends = &self.words[range.clone()];
        let is_end = |offset: usize| ends.binary_search_by_key(&offset, |word| word.end).is_ok();
        (at == 0 || is_end(begin)) && is_end(begin + length)
    }

    /// The start of a word in `letters`.
    fn start(&self, word: usize) -> usize {
        word.checked_sub(1)
            .map_or(0, |previous| self.words[previous].end)
    }

    fn add_segment(&mut self, segment: &str, offset: usize) {
        let mut open: Option<Range<usize>> = None;
        let mut characters = segment.char_indices().peekable();

        while let Some((at, c)) = characters.next() {
            let at = at + offset;
            if IGNORED.contains(c) || is_combining_mark(c) {
                continue;
            }

            if HYPHENS.contains(c) && open.is_some() {
                while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {}
                if characters.peek().is_none_or(|(_, c)| !c.is_alphanumeric()) {
                    self.close(open.take());
                }
                continue;
            }

            if !c.is_alphanumeric() {
                self.close(open.take());
                continue;
            }

            if is_ideograph(c) {
                self.close(open.take());
            }
            open.get_or_insert(at..at).end = at + c.len_utf8();
            self.push_letter(c);
            if is_ideograph(c) {
                self.close(open.take());
            }
        }

        self.close(open);
        if let Some(last) = self.words.last_mut() {
            last.ends_segment = true;
        }
    }

    fn push_letter(&mut self, c: char) {
        if c.is_ascii() {
            self.letters.push(c.to_ascii_lowercase());
            return;
        }

        let letters = std::iter::once(c)
            .nfkd()
            .filter(|c| c.is_alphanumeric() && !is_combining_mark(*c))
            .flat_map(char::to_lowercase);
        for letter in letters {
            self.push_non_ascii_letter(letter);
        }
    }

    /// Readers of PDF files disagree about the order of the letters in the ligature of lam and alef,
    /// so alef always goes before lam.
    fn push_non_ascii_letter(&mut self, letter: char) {
        let word = self.start(self.words.len());
        if letter == ALEF && self.letters[word..].ends_with(LAM) {
            self.letters
                .insert(self.letters.len() - LAM.len_utf8(), ALEF);
        } else {
            self.letters.push(letter);
        }
    }

    fn close(&mut self, span: Option<Range<usize>>) {
        let end = self.letters.len();
        let is_empty = self.start(self.words.len()) == end;
        if let Some(span) = span.filter(|_| !is_empty) {
            self.words.push(Word {
                end,
                span,
                ends_segment: false,
            });
        }
    }
}

/// Whether a character belongs to a script that writes no spaces between words. Each is a word.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let words = Words::new(text, &[]);
        let found: Vec<&str> = (0..words.len())
            .map(|word| words.letters(word..word + 1))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn words_are_those_that_readers_agree_on() {
        check("**R**ead `max_calls`, now!", &["read", "maxcalls", "now"]);
        check(
            "a con-\r\nfiguration of low-level I/O",
            &["a", "configuration", "of", "lowlevel", "i", "o"],
        );
        check("wait - then\n- go", &["wait", "then", "go"]);
        check(
            "ofﬁce CAFÉ cafe\u{301} don’t",
            &["office", "cafe", "cafe", "dont"],
        );
        check("設定 menu", &["設", "定", "menu"]);
        check("10⁶ 10^6 \u{2} x", &["106", "106", "x"]);
    }

    #[test]
    fn the_order_in_the_ligature_of_lam_and_alef_does_not_matter() {
        let letters = |text: &str| {
            let words = Words::new(text, &[]);
            words.letters(0..words.len()).to_owned()
        };
        for (logical, drawn) in [("لا", "ال"), ("المشكلات", "المشكالت"), ("الأ", "األ")]
        {
            assert_eq!(letters(logical), letters(drawn), "{logical}");
        }
        // The letters of two words are no ligature.
        assert_ne!(letters("ل ا"), letters("لا"));
    }

    #[test]
    fn spans_are_positions_in_the_text() {
        let text = "Öl, con-\nfig";
        let words = Words::new(text, &[]);
        assert_eq!(&text[words.span(0)], "Öl");
        assert_eq!(&text[words.span(1)], "con-\nfig");
    }

    #[test]
    fn segments_end_words() {
        let words = Words::new("onetwo three", &[3]);
        let ends: Vec<bool> = (0..words.len())
            .map(|word| words.ends_segment(word))
            .collect();
        assert_eq!(ends, [true, false, true]);
        assert_eq!(words.letters(0..3), "onetwothree");
        assert!(words.are_whole_words(&(0..3), 0, 6) && words.are_whole_words(&(1..3), 3, 5));
        assert!(!words.are_whole_words(&(0..3), 1, 5));
    }
}
