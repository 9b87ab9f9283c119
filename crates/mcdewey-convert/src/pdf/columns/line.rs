//! Lines and where their words stand beside a gutter.

use super::super::page_text::Glyph;

/// A gutter is at least this wide, in font sizes.
const MIN_GUTTER: f32 = 0.45;

/// A gutter is at most this wide, in font sizes, where a number beside its edge is no text.
const MAX_GUTTER_WIDTH: f32 = 3.0;

/// A gutter beside program code is at least this wide, in font sizes.
const MIN_CODE_GUTTER: f32 = 2.5;

/// A gap between words is wider than this many font sizes.
const WORD_GAP: f32 = 0.18;

/// Longer text in a gutter, in characters, is no page number or ornament.
const MAX_GUTTER_TEXT: usize = 6;

/// The gap between the cells of a row, in font sizes.
const CELL_GAP: f32 = 1.2;

/// How far a line may reach into the next column, in font sizes.
const MAX_OVERHANG: f32 = 0.25;

/// A line of words, from left to right.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) words: Vec<Word>,
    pub(super) size: f32,
}

#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) glyphs: Vec<Glyph>,
    left: f32,
    right: f32,
}

impl Word {
    fn text_length(&self) -> usize {
        self.glyphs.iter().filter(|glyph| !glyph.is_blank()).count()
    }

    fn is_number(&self) -> bool {
        let mut characters = self.glyphs.iter().flat_map(|glyph| glyph.text.chars());
        characters.all(|c| c.is_ascii_digit() || c.is_whitespace() || "-–—·|".contains(c))
    }
}

/// What of a line stands where a gutter is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
    Both,
    /// A page number or an ornament in the gutter, perhaps between the columns.
    Gutter,
    /// Text that runs across.
    Across,
}

impl Line {
    pub(super) fn from_glyphs(glyphs: Vec<Glyph>) -> Self {
        let size = glyphs.iter().map(|glyph| glyph.size).fold(0.0, f32::max);
        let mut words: Vec<Word> = Vec::new();
        let mut blank = true;
        for glyph in glyphs {
            if glyph.is_blank() {
                blank = true;
                // Stays with the word before it.
                if let Some(word) = words.last_mut() {
                    word.glyphs.push(glyph);
                }
                continue;
            }
            let (left, right) = (glyph.x, glyph.right());
            match words.last_mut() {
                Some(word) if !blank && left - word.right <= WORD_GAP * size => {
                    word.right = word.right.max(right);
                    word.glyphs.push(glyph);
                }
                _ => words.push(Word {
                    glyphs: vec![glyph],
                    left,
                    right,
                }),
            }
            blank = false;
        }
        Self { words, size }
    }

    /// The narrowest gutter beside this line. The spaces of a fixed-pitch font are wide.
    fn min_gutter(&self) -> f32 {
        let is_code = self
            .words
            .first()
            .is_some_and(|word| word.glyphs[0].style.monospace);
        let least = if is_code { MIN_CODE_GUTTER } else { MIN_GUTTER };
        least * self.size
    }

    /// The gaps between words, and which of them is at a gutter.
    pub(super) fn gaps(&self, x: f32) -> impl Iterator<Item = (f32, bool)> {
        self.words.windows(2).map(move |pair| {
            let gutter = self.ends_before(&pair[0], x) && pair[1].left >= x;
            (pair[1].left - pair[0].right, gutter)
        })
    }

    pub(super) fn side(&self, x: f32) -> Side {
        if self.gutter_word(x).is_some() {
            return Side::Gutter;
        }

        let at = self.words.partition_point(|word| self.ends_before(word, x));
        let previous = at.checked_sub(1).map(|index| &self.words[index]);
        match (previous, self.words.get(at)) {
            (_, None) => Side::Left,
            (_, Some(next)) if next.left < x => Side::Across,
            (None, Some(_)) => Side::Right,
            (Some(word), Some(next)) if next.left - word.right >= self.min_gutter() => Side::Both,
            _ => Side::Across,
        }
    }

    /// Returns the word that stands alone in a gutter: a short one across its edge, or a number
    /// beside it.
    fn gutter_word(&self, x: f32) -> Option<usize> {
        let near = x - MAX_GUTTER_WIDTH * self.size;
        self.words.iter().enumerate().position(|(index, word)| {
            let short = word.text_length() <= MAX_GUTTER_TEXT;
            let across = word.left < x && !self.ends_before(word, x);
            let number = word.is_number() && word.left > near && self.ends_before(word, x);
            let before = index.checked_sub(1).map(|index| &self.words[index]);
            let apart_before = before.is_none_or(|other| {
                word.left - other.right
                    >= if number {
                        CELL_GAP * self.size
                    } else {
                        self.min_gutter()
                    }
            });
            let apart_after = self
                .words
                .get(index + 1)
                .is_none_or(|other| other.left - word.right >= self.min_gutter());
            short && (across || number) && apart_before && apart_after
        })
    }

    /// Reports whether a word stands left of a gutter. A line may be a little too long.
    fn ends_before(&self, word: &Word, x: f32) -> bool {
        word.left < x && word.right <= x + MAX_OVERHANG * self.size
    }

    /// Splits the line into what stands left of, right of and in a gutter.
    pub(super) fn split(&self, x: f32) -> [Self; 3] {
        let empty = || Self {
            words: Vec::new(),
            size: self.size,
        };
        let mut sides = [empty(), empty(), empty()];
        let gutter_word = self.gutter_word(x);
        for (index, word) in self.words.iter().enumerate() {
            let side = if gutter_word == Some(index) {
                2
            } else {
                usize::from(!self.ends_before(word, x))
            };
            sides[side].words.push(word.clone());
        }
        sides
    }

    /// Where a column may start: at the start of the line and after each gap.
    pub(super) fn column_starts(&self) -> impl Iterator<Item = f32> {
        let after_gaps = self
            .words
            .windows(2)
            .filter(|pair| pair[1].left - pair[0].right >= self.min_gutter())
            .map(|pair| pair[1].left);
        self.words
            .first()
            .map(|word| word.left)
            .into_iter()
            .chain(after_gaps)
    }

    /// The width of the first word, or of the first character where words are not spaced.
    pub(super) fn first_width(&self) -> f32 {
        self.words.first().map_or(0.0, |word| {
            let character = word.glyphs[0].advance;
            if word.glyphs[0].text.chars().all(|c| c < '\u{2e80}') {
                word.right - word.left
            } else {
                character
            }
        })
    }

    pub(super) fn has_cells(&self) -> bool {
        self.words
            .windows(2)
            .any(|pair| pair[1].left - pair[0].right > CELL_GAP * self.size)
    }

    pub(super) fn left(&self) -> f32 {
        self.words.first().map_or(f32::MAX, |word| word.left)
    }

    pub(super) fn right(&self) -> f32 {
        self.words.last().map_or(f32::MIN, |word| word.right)
    }

    pub(super) fn baseline(&self) -> f32 {
        self.words.first().map_or(0.0, |word| word.glyphs[0].y)
    }
}
