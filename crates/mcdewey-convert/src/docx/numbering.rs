//! Lists whose numbering stands in their style, which the parser looks for in the paragraphs only.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("a valid pattern"));
    };
}

pattern!(STYLE, r#"w:styleId="([^"]+)""#);
pattern!(BASE, r#"<w:basedOn w:val="([^"]+)""#);
pattern!(NUMBER, r#"<w:numId w:val="(\d+)""#);
pattern!(LEVEL, r#"<w:ilvl w:val="(\d)""#);
pattern!(LEVEL_OF, r#"w:ilvl="(\d)""#);
pattern!(USED_BY, r#"<w:pStyle w:val="([^"]+)""#);
pattern!(STYLED, r#"<w:pStyle w:val="([^"]+)"\s*/>"#);

/// Styles are based on each other so deep at most.
const MAX_BASES: usize = 12;

/// The numbering of each style that has one: the element that a paragraph would have.
pub(super) fn of_styles(styles: &str, numbering: &str) -> HashMap<String, String> {
    let mut levels: HashMap<&str, &str> = HashMap::new();
    for level in numbering.split("<w:lvl ").skip(1) {
        if let (Some(number), Some(style)) = (LEVEL_OF.captures(level), USED_BY.captures(level)) {
            levels.insert(
                style.get(1).map_or("", |found| found.as_str()),
                number.get(1).map_or("0", |found| found.as_str()),
            );
        }
    }

    let mut stated: HashMap<&str, &str> = HashMap::new();
    for style in styles.split("<w:style ").skip(1) {
        if let Some(name) = STYLE.captures(style).and_then(|found| found.get(1)) {
            stated.insert(name.as_str(), style);
        }
    }

    let found = stated.keys().filter_map(|name| {
        let (number, level) = inherited(name, &stated)?;
        let level = levels.get(name).copied().unwrap_or(level);
        Some((
            (*name).to_owned(),
            format!(r#"<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>"#),
        ))
    });

    found.collect()
}

/// The numbering that a style or one that it is based on states, and the level.
fn inherited<'a>(name: &str, stated: &HashMap<&str, &'a str>) -> Option<(&'a str, &'a str)> {
    let mut style = *stated.get(name)?;
    for _ in 0..MAX_BASES {
        if let Some(number) = NUMBER.captures(style).and_then(|found| found.get(1)) {
            let level = LEVEL
                .captures(style)
                .and_then(|found| found.get(1))
                .map_or("0", |level| level.as_str());
            return (number.as_str() != "0").then_some((number.as_str(), level));
        }
        style = *stated.get(BASE.captures(style)?.get(1)?.as_str())?;
    }

    None
}

/// Writes the numbering of their styles into the paragraphs; what a paragraph states itself comes after and wins.
pub(super) fn place(document: &str, numbering: &HashMap<String, String>) -> String {
    if numbering.is_empty() {
        return document.to_owned();
    }

    let placed = STYLED.replace_all(document, |style: &Captures<'_>| {
        format!(
            "{}{}",
            &style[0],
            numbering.get(&style[1]).map_or("", String::as_str)
        )
    });

    placed.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_give_their_numbering_to_those_based_on_them() {
        let styles = r#"<w:style w:styleId="A"><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style>
            <w:style w:styleId="B"><w:basedOn w:val="A"/></w:style><w:style w:styleId="C"><w:basedOn w:val="C"/></w:style>"#;
        let numbering = r#"<w:lvl w:ilvl="1"><w:pStyle w:val="B"/></w:lvl>"#;
        let found = of_styles(styles, numbering);
        assert_eq!(found.len(), 2);
        let placed = place(r#"<w:pStyle w:val="B"/><w:pStyle w:val="C"/>"#, &found);
        let expected = r#"<w:pStyle w:val="B"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="7"/></w:numPr><w:pStyle w:val="C"/>"#;

        assert_eq!(placed, expected);
    }
}
