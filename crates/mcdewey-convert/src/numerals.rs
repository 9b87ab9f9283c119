//! Roman numerals, in which lists, headings and pages are numbered.

const ROMAN: [(u32, &str); 13] = [
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
];

/// Writes a number in lower-case Roman numerals; 0 and numbers above `max`, in digits.
pub(crate) fn roman(number: u32, max: u32) -> String {
    if number == 0 || number > max {
        return number.to_string();
    }

    let mut rest = number;
    let mut numeral = String::new();
    for (value, letters) in ROMAN {
        while rest >= value {
            numeral.push_str(letters);
            rest -= value;
        }
    }

    numeral
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_roman_numerals() {
        assert_eq!(roman(1994, 3999), "mcmxciv");
        assert_eq!(roman(4000, 3999), "4000");
        assert_eq!(roman(0, 3999), "0");
    }
}
