//! The front matter of converted files. It contains only what the file itself states.

use std::sync::LazyLock;

use regex::Regex;

static ISO_DATE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\d{4})-(\d{2})-(\d{2})").expect("the pattern is valid"));
static WRITTEN_DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(\d{1,2})[ -]([a-z]{3})[a-z]*[ -](\d{4})\b").expect("the pattern is valid")
});
static LANGUAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$").expect("the pattern is valid")
});

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Longer titles are cut to this many characters.
const MAX_TITLE_CHARS: usize = 300;

/// What a file states about itself, not yet validated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FrontMatter {
    pub(crate) title: Option<String>,
    pub(crate) source_url: Option<String>,
    pub(crate) updated: Option<String>,
    pub(crate) lang: Option<String>,
}

impl FrontMatter {
    /// Returns the body behind a front-matter block of the valid fields, or alone if there are
    /// none.
    pub(crate) fn before(&self, body: &str) -> String {
        let title = self.title.as_deref().and_then(clean_title);
        let source_url = self.source_url.as_deref().filter(|url| is_web_url(url));
        let updated = self.updated.as_deref().and_then(date);
        let lang = self
            .lang
            .as_deref()
            .map(str::trim)
            .filter(|lang| LANGUAGE.is_match(lang));

        let fields = [
            title.map(|title| format!("title: {}", yaml_string(&title))),
            source_url.map(|url| format!("source_url: {}", yaml_string(url))),
            updated.map(|date| format!("updated: {date}")),
            lang.map(|lang| format!("lang: {}", yaml_string(lang))),
        ];
        let fields: Vec<String> = fields.into_iter().flatten().collect();

        let body = body.trim_matches('\n');
        if fields.is_empty() {
            format!("{body}\n")
        } else {
            format!("---\n{}\n---\n\n{body}\n", fields.join("\n"))
        }
    }
}

/// Returns a title on one line, or `None` if nothing is left of it.
fn clean_title(text: &str) -> Option<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let title: String = words
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_TITLE_CHARS)
        .collect();

    (!title.is_empty()).then_some(title)
}

fn is_web_url(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Parses a date such as `2024-05-01T10:00:00Z` or `Wed, 01 May 2024 10:00:00 GMT` and returns it
/// as `2024-05-01`.
pub(crate) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    let (year, month, day): (String, usize, u32) = match ISO_DATE.captures(text) {
        Some(parts) => (
            parts[1].to_owned(),
            parts[2].parse().ok()?,
            parts[3].parse().ok()?,
        ),
        None => {
            let parts = WRITTEN_DATE.captures(text)?;
            let month_index = MONTHS
                .iter()
                .position(|month| parts[2].eq_ignore_ascii_case(month))?;
            (parts[3].to_owned(), month_index + 1, parts[1].parse().ok()?)
        }
    };

    ((1..=12).contains(&month) && (1..=31).contains(&day))
        .then(|| format!("{year}-{month:02}-{day:02}"))
}

/// Quotes a string for YAML, whose double-quoted strings include those of JSON.
fn yaml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_present_fields_are_written() {
        assert_eq!(FrontMatter::default().before("Body\n\n"), "Body\n");
        let front_matter = FrontMatter {
            title: Some("A \"quoted\":\n title".to_owned()),
            source_url: Some("https://docs.example.com/a".to_owned()),
            updated: Some("2024-05-01T10:00:00Z".to_owned()),
            lang: Some("en-US".to_owned()),
        };

        let expected = "---\n\
                        title: \"A \\\"quoted\\\": title\"\n\
                        source_url: \"https://docs.example.com/a\"\n\
                        updated: 2024-05-01\n\
                        lang: \"en-US\"\n\
                        ---\n\nBody\n";
        assert_eq!(front_matter.before("Body"), expected);
    }

    #[test]
    fn invalid_urls_dates_and_languages_are_left_out() {
        let invalid = FrontMatter {
            title: Some("  ".to_owned()),
            source_url: Some("javascript:alert(1)".to_owned()),
            updated: Some("yesterday".to_owned()),
            lang: Some("en: x".to_owned()),
        };
        assert_eq!(invalid.before("Body"), "Body\n");
    }

    #[test]
    fn dates_in_words_are_parsed_and_impossible_ones_refused() {
        assert_eq!(
            date("Wed, 01 May 2024 10:00:00 GMT").as_deref(),
            Some("2024-05-01")
        );
        assert_eq!(date("2024-13-01"), None);
    }
}
