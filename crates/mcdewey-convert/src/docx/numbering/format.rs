//! Numbers in the formats of Word. Formats of other scripts that are not here are written as digits.

use crate::numerals::roman;

/// Beyond these values Word writes digits.
const MAX_ROMAN: u32 = 32_767;
const MAX_LETTERS: u32 = 780;

const CYRILLIC: &str = "абвгдежзиклмнопрстуфхцчшщыэюя";

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

/// Ordinal words that are not their cardinal with "th".
const IRREGULAR_ORDINALS: [(&str, &str); 7] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
];

/// Writes a number in a format of `w:numFmt`, or in a custom one, which is the number one with
/// leading zeros.
pub(in crate::docx) fn number(value: u32, format: &str) -> String {
    match format {
        "none" => String::new(),
        "decimalZero" => format!("{value:02}"),
        "upperRoman" => roman(value, MAX_ROMAN).to_uppercase(),
        "lowerRoman" => roman(value, MAX_ROMAN),
        "upperLetter" => repeated(value, &latin()).to_uppercase(),
        "lowerLetter" => repeated(value, &latin()),
        "russianUpper" => repeated(value, &CYRILLIC.chars().collect::<Vec<_>>()).to_uppercase(),
        "russianLower" => repeated(value, &CYRILLIC.chars().collect::<Vec<_>>()),
        "chicago" => repeated(value, &['*', '†', '‡', '§']),
        "ordinal" => format!("{value}{}", ordinal_ending(value)),
        "cardinalText" => capitalised(&words(value)),
        "ordinalText" => capitalised(&ordinal_words(value)),
        "hex" => format!("{value:X}"),
        "numberInDash" => format!("- {value} -"),
        "decimalEnclosedParen" => format!("({value})"),
        "decimalEnclosedFullstop" => format!("{value}."),
        "decimalFullWidth" | "decimalFullWidth2" => full_width(value),
        "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" => circled(value),
        custom if custom.starts_with('0') && custom.bytes().all(|b| b.is_ascii_digit()) => {
            let width = custom.len().min(9);
            format!("{value:0width$}")
        }
        _ => value.to_string(),
    }
}

fn latin() -> Vec<char> {
    ('a'..='z').collect()
}

/// Counts with the letters of an alphabet, then with each of them twice, and so on.
fn repeated(value: u32, alphabet: &[char]) -> String {
    if value == 0 || value > MAX_LETTERS {
        return value.to_string();
    }

    let index = usize::try_from(value - 1).unwrap_or_default();
    let letter = alphabet[index % alphabet.len()];
    letter.to_string().repeat(index / alphabet.len() + 1)
}

fn ordinal_ending(value: u32) -> &'static str {
    match (value % 100, value % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

/// Writes a number below one thousand in English words; larger ones as digits.
fn words(value: u32) -> String {
    let index = |number: u32| usize::try_from(number).unwrap_or_default();
    match value {
        0..=19 => ONES[index(value)].to_owned(),
        20..=99 if value.is_multiple_of(10) => TENS[index(value / 10)].to_owned(),
        20..=99 => format!("{}-{}", TENS[index(value / 10)], ONES[index(value % 10)]),
        100..=999 if value.is_multiple_of(100) => format!("{} hundred", ONES[index(value / 100)]),
        100..=999 => format!(
            "{} hundred {}",
            ONES[index(value / 100)],
            words(value % 100)
        ),
        _ => value.to_string(),
    }
}

fn ordinal_words(value: u32) -> String {
    let cardinal = words(value);
    if let Some((stem, ordinal)) = IRREGULAR_ORDINALS.iter().find_map(|(word, ordinal)| {
        let stem = cardinal.strip_suffix(word)?;
        Some((stem.to_owned(), ordinal)).filter(|(stem, _)| !stem.ends_with(char::is_alphabetic))
    }) {
        return format!("{stem}{ordinal}");
    }

    match cardinal.strip_suffix('y') {
        Some(stem) => format!("{stem}ieth"),
        None => format!("{cardinal}th"),
    }
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(rest).collect()
    })
}

fn full_width(value: u32) -> String {
    value
        .to_string()
        .chars()
        .filter_map(|digit| char::from_u32(u32::from(digit) - u32::from('0') + 0xFF10))
        .collect()
}

fn circled(value: u32) -> String {
    match value {
        1..=20 => char::from_u32(0x2460 + value - 1).map_or_else(String::new, String::from),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_formats_of_word() {
        for (value, format, expected) in [
            (4, "decimal", "4"),
            (4, "decimalZero", "04"),
            (44, "lowerRoman", "xliv"),
            (1999, "upperRoman", "MCMXCIX"),
            (26, "lowerLetter", "z"),
            (28, "upperLetter", "BB"),
            (0, "upperLetter", "0"),
            (4_000_000_000, "lowerRoman", "4000000000"),
            (4_000_000_000, "lowerLetter", "4000000000"),
            (1, "ordinal", "1st"),
            (12, "ordinal", "12th"),
            (42, "cardinalText", "Forty-two"),
            (21, "ordinalText", "Twenty-first"),
            (30, "ordinalText", "Thirtieth"),
            (14, "ordinalText", "Fourteenth"),
            (7, "001", "007"),
            (3, "decimalEnclosedCircle", "③"),
            (12, "decimalFullWidth", "１２"),
            (5, "none", ""),
            (5, "ideographDigital", "5"),
        ] {
            assert_eq!(number(value, format), expected, "{format}");
        }
    }
}
