//! Lists that are numbered by their style. The parser looks for numbering in the paragraphs only,
//! so it is copied there.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("the pattern is valid"));
    };
}

pattern!(STYLE_ID, r#"w:styleId="([^"]+)""#);
pattern!(BASED_ON, r#"<w:basedOn w:val="([^"]+)""#);
pattern!(NUMBERING_ID, r#"<w:numId w:val="(\d+)""#);
pattern!(LEVEL_ELEMENT, r#"<w:ilvl w:val="(\d)""#);
pattern!(LEVEL_ATTRIBUTE, r#"w:ilvl="(\d)""#);
pattern!(USED_BY_STYLE, r#"<w:pStyle w:val="([^"]+)""#);
pattern!(PARAGRAPH_STYLE, r#"<w:pStyle w:val="([^"]+)"\s*/>"#);

/// How many base styles are followed, because styles may be based on each other in a circle.
const MAX_BASE_STYLES: usize = 12;

/// Maps each numbered style to the `w:numPr` element that numbers a paragraph in the same way.
///
/// `styles` and `numbering` are the XML of the parts of these names.
pub(super) fn of_styles(styles: &str, numbering: &str) -> HashMap<String, String> {
    let levels = levels_by_style(numbering);
    let definitions = style_definitions(styles);
    definitions
        .keys()
        .filter_map(|name| {
            let (id, inherited_level) = inherited_numbering(name, &definitions)?;
            let level = levels.get(name).copied().unwrap_or(inherited_level);
            let element =
                format!(r#"<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{id}"/></w:numPr>"#);
            Some(((*name).to_owned(), element))
        })
        .collect()
}

/// The levels that the numbering part assigns to styles.
fn levels_by_style(numbering: &str) -> HashMap<&str, &str> {
    let mut levels = HashMap::new();
    for element in numbering.split("<w:lvl ").skip(1) {
        if let (Some(level), Some(style)) = (
            first_group(&LEVEL_ATTRIBUTE, element),
            first_group(&USED_BY_STYLE, element),
        ) {
            levels.insert(style, level);
        }
    }

    levels
}

/// The XML of each style, from its attributes on, by its id.
fn style_definitions(styles: &str) -> HashMap<&str, &str> {
    styles
        .split("<w:style ")
        .skip(1)
        .filter_map(|style| Some((first_group(&STYLE_ID, style)?, style)))
        .collect()
}

/// Returns the numbering id and the level of the first style that has any: `name` itself or one
/// that it is based on. The id 0 means that numbering is switched off.
fn inherited_numbering<'a>(
    name: &str,
    definitions: &HashMap<&str, &'a str>,
) -> Option<(&'a str, &'a str)> {
    let mut style = *definitions.get(name)?;
    for _ in 0..MAX_BASE_STYLES {
        if let Some(id) = first_group(&NUMBERING_ID, style) {
            let level = first_group(&LEVEL_ELEMENT, style).unwrap_or("0");
            return (id != "0").then_some((id, level));
        }
        style = *definitions.get(first_group(&BASED_ON, style)?)?;
    }

    None
}

/// Returns what the first group of a pattern matches.
fn first_group<'a>(pattern: &Regex, text: &'a str) -> Option<&'a str> {
    Some(pattern.captures(text)?.get(1)?.as_str())
}

/// Inserts the numbering of styles into the paragraphs that use them. Numbering of the paragraph
/// itself comes later in the XML and takes precedence.
pub(super) fn insert(document: &str, numbering: &HashMap<String, String>) -> String {
    if numbering.is_empty() {
        return document.to_owned();
    }

    let inserted = PARAGRAPH_STYLE.replace_all(document, |style: &Captures<'_>| {
        let element = numbering.get(&style[1]).map_or("", String::as_str);
        format!("{}{element}", &style[0])
    });
    inserted.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_inherit_numbering_from_their_base_styles() {
        let styles = r#"<w:style w:styleId="A"><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style>
            <w:style w:styleId="B"><w:basedOn w:val="A"/></w:style><w:style w:styleId="C"><w:basedOn w:val="C"/></w:style>"#;
        let numbering = r#"<w:lvl w:ilvl="1"><w:pStyle w:val="B"/></w:lvl>"#;
        let of_styles = of_styles(styles, numbering);
        assert_eq!(of_styles.len(), 2);

        let document = insert(r#"<w:pStyle w:val="B"/><w:pStyle w:val="C"/>"#, &of_styles);
        assert_eq!(
            document,
            "<w:pStyle w:val=\"B\"/>\
             <w:numPr><w:ilvl w:val=\"1\"/><w:numId w:val=\"7\"/></w:numPr>\
             <w:pStyle w:val=\"C\"/>"
        );
    }
}
