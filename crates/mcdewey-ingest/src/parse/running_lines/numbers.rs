//! The numbers in a line that have the form of a page number: `12`, `xii`, `3-12`, `3 of 10`.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A number in a line.
#[derive(Debug)]
pub(super) struct Number {
    /// Its byte range in the line.
    pub(super) range: Range<usize>,
    /// Where the number of all pages ends that may follow it: `3 of 10`.
    pub(super) end: usize,
    pub(super) value: Value,
    /// Whether the line says that it is a page number: `page 3`, `3 of 10`, `第 3 页`.
    pub(super) is_called_page: bool,
}

/// The value of a page number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Arabic(u32),
    Roman {
        number: u32,
        text: String,
    },
    /// Pages counted within each chapter.
    InChapter {
        chapter: String,
        number: u32,
    },
}

impl Value {
    /// Reports whether a page's number can be this one in a document that was not cut from a larger
    /// one: whether it does not exceed the physical number.
    pub(super) fn is_at_most(&self, physical: u32) -> bool {
        match self {
            Self::Arabic(number) | Self::Roman { number, .. } => *number <= physical,
            Self::InChapter { chapter, number } => {
                *number <= physical
                    && chapter
                        .parse()
                        .is_ok_and(|chapter: u32| chapter <= physical)
            }
        }
    }

    /// Reports whether this is the number of the page `distance` pages after the one with the number
    /// `earlier`, in the same chapter or as the beginning of a new one.
    pub(super) fn continues(&self, earlier: &Self, distance: i64) -> bool {
        let (
            Self::InChapter { chapter, number },
            Self::InChapter {
                chapter: earlier_chapter,
                number: earlier_number,
            },
        ) = (self, earlier)
        else {
            return false;
        };

        if chapter == earlier_chapter {
            i64::from(*number) - i64::from(*earlier_number) == distance
        } else {
            i64::from(*number) <= distance
        }
    }
}

impl Display for Value {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arabic(number) => number.fmt(formatter),
            Self::Roman { text, .. } => formatter.write_str(text),
            Self::InChapter { chapter, number } => write!(formatter, "{chapter}-{number}"),
        }
    }
}

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("a valid pattern"));
    };
}

pattern!(
    WORD,
    r"[\p{Alphabetic}\p{N}]+(?:[-\u{2010}-\u{2013}][\p{Alphabetic}\p{N}]+)*"
);
pattern!(
    IN_CHAPTER,
    r"^([0-9A-Za-z]{1,3})[-\u{2010}-\u{2013}]([0-9]{1,4})$"
);
pattern!(ROMAN, r"(?i)^(c{0,3})(xc|xl|l?x{0,3})(ix|iv|v?i{0,3})$");
pattern!(
    CJK,
    r"第\s*([0-9]{1,6})\s*[页頁]|([0-9]{1,6})\s*(?:ページ|页|頁|쪽)"
);
// The words for "page" in the languages that manuals are most often written in.
pattern!(
    PAGE_WORD,
    r"(?i)(?:^|[^\p{Alphabetic}\p{N}])(?:pages?|p\.|pg\.?|seite|s\.|página|pagina|pág\.|pag\.|strona|str\.|sida|side|страница|стр\.|сторінка)\s*[:#]?\s*$"
);
pattern!(
    TOTAL,
    r"(?i)^\s*(?:of|von|de|sur|di|av|z|из|з|/)\s*[0-9]{1,6}\b"
);

/// Returns the numbers of a line that have the form of a page number.
pub(super) fn numbers(line: &str) -> Vec<Number> {
    if let Some(captures) = CJK.captures(line) {
        return cjk_number(&captures).into_iter().collect();
    }

    WORD.find_iter(line)
        .filter(|word| !is_part_of_number(line, &word.range()))
        .filter_map(|word| Some((word.range(), value(word.as_str())?)))
        .map(|(range, value)| number(line, range, value))
        .collect()
}

fn cjk_number(captures: &Captures<'_>) -> Option<Number> {
    let digits = captures.get(1).or_else(|| captures.get(2))?;
    Some(Number {
        range: digits.range(),
        end: captures.get(0)?.end(),
        value: Value::Arabic(digits.as_str().parse().ok()?),
        is_called_page: true,
    })
}

fn number(line: &str, range: Range<usize>, value: Value) -> Number {
    let (before, after) = (&line[..range.start], &line[range.end..]);
    let total = TOTAL.find(after).map_or(0, |total| total.end());
    Number {
        end: range.end + total,
        is_called_page: PAGE_WORD.is_match(before)
            || (total > 0 && !before.contains(char::is_alphanumeric)),
        range,
        value,
    }
}

/// Reports whether a word is part of a decimal number, a version or a time.
fn is_part_of_number(line: &str, word: &Range<usize>) -> bool {
    let is_joint = |c: char| matches!(c, '.' | ',' | ':');
    let mut before = line[..word.start].chars().rev();
    let mut after = line[word.end..].chars();
    let is_joined = |joint: Option<char>, digit: Option<char>| {
        joint.is_some_and(is_joint) && digit.is_some_and(|c| c.is_ascii_digit())
    };

    is_joined(before.next(), before.next()) || is_joined(after.next(), after.next())
}

fn value(word: &str) -> Option<Value> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.parse().ok().map(Value::Arabic);
    }

    if let Some(captures) = IN_CHAPTER.captures(word) {
        return Some(Value::InChapter {
            chapter: captures[1].to_owned(),
            number: captures[2].parse().ok()?,
        });
    }

    roman_number(word).map(|number| Value::Roman {
        number,
        text: word.to_owned(),
    })
}

/// Returns the value of a Roman numeral below 400 in letters of one case.
fn roman_number(word: &str) -> Option<u32> {
    let is_one_case = word == word.to_ascii_lowercase() || word == word.to_ascii_uppercase();
    if !is_one_case || !ROMAN.is_match(word) {
        return None;
    }

    let digits = word
        .bytes()
        .rev()
        .map(|letter| match letter.to_ascii_lowercase() {
            b'i' => 1,
            b'v' => 5,
            b'x' => 10,
            b'l' => 50,
            _ => 100,
        });
    let mut highest = 0;
    let mut sum: u32 = 0;
    for digit in digits {
        // A smaller digit before a larger one is subtracted.
        if digit < highest {
            sum -= digit;
        } else {
            sum += digit;
            highest = digit;
        }
    }

    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of a line as text, with a star where the line calls them page numbers.
    fn found(line: &str) -> Vec<String> {
        numbers(line)
            .into_iter()
            .map(|number| {
                let star = if number.is_called_page { "*" } else { "" };
                format!("{}{star}", number.value)
            })
            .collect()
    }

    #[test]
    fn numbers_have_the_form_of_a_page_number() {
        for (line, expected) in [
            ("Guide 12", vec!["12"]),
            ("Page 3 of 10", vec!["3*", "10"]),
            ("3/10", vec!["3*", "10"]),
            ("Guide 3 of 10", vec!["3", "10"]),
            ("- 4 -", vec!["4"]),
            ("Setup xiv", vec!["xiv"]),
            ("3-12 Calls", vec!["3-12"]),
            ("第 7 页", vec!["7*"]),
            ("7ページ", vec!["7*"]),
            ("Seite 7", vec!["7*"]),
            ("Release 12.5 from 2024-05-01 at 10:30, fuse F1", vec![]),
            ("Homepage 3", vec!["3"]),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
    }

    #[test]
    fn roman_numerals_have_values() {
        for (word, expected) in [
            ("i", Some(1)),
            ("iv", Some(4)),
            ("XIX", Some(19)),
            ("xlii", Some(42)),
            ("cxc", Some(190)),
            ("iiii", None),
            ("Xi", None),
            ("mix", None),
        ] {
            assert_eq!(roman_number(word), expected, "{word}");
        }
    }

    #[test]
    fn pages_are_counted_within_chapters() {
        let in_chapter = |text: &str| value(text).unwrap();
        assert!(in_chapter("3-13").continues(&in_chapter("3-12"), 1));
        assert!(in_chapter("4-1").continues(&in_chapter("3-13"), 1));
        assert!(!in_chapter("3-14").continues(&in_chapter("3-12"), 1));
        assert!(!in_chapter("4-7").continues(&in_chapter("3-13"), 1));
    }
}
