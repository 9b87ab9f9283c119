//! The front matter of converted files: what a file says about itself, and nothing it does not.

use std::sync::LazyLock;

use regex::Regex;

static ISO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\d{4})-(\d{2})-(\d{2})").expect("a valid pattern"));
static WRITTEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(\d{1,2})[ -]([a-z]{3})[a-z]*[ -](\d{4})\b").expect("a valid pattern")
});
static LANGUAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$").expect("a valid pattern")
});

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Longer titles are no titles.
const MAX_TITLE: usize = 300;

/// What a file says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FrontMatter {
    pub(crate) title: Option<String>,
    pub(crate) source_url: Option<String>,
    pub(crate) updated: Option<String>,
    pub(crate) lang: Option<String>,
}

impl FrontMatter {
    /// The block between `---` lines, then the body; no block where nothing is known.
    pub(crate) fn before(&self, body: &str) -> String {
        let url = self.source_url.as_deref().filter(|url| is_web(url));
        let lang = self
            .lang
            .as_deref()
            .map(str::trim)
            .filter(|lang| LANGUAGE.is_match(lang));

        let fields = [
            self.title
                .as_deref()
                .and_then(title)
                .map(|title| format!("title: {}", quoted(&title))),
            url.map(|url| format!("source_url: {}", quoted(url))),
            self.updated
                .as_deref()
                .and_then(date)
                .map(|date| format!("updated: {date}")),
            lang.map(|lang| format!("lang: {}", quoted(lang))),
        ];

        let fields: Vec<String> = fields.into_iter().flatten().collect();
        let body = body.trim_matches('\n');
        match fields.is_empty() {
            true => format!("{body}\n"),
            false => format!("---\n{}\n---\n\n{body}\n", fields.join("\n")),
        }
    }
}

/// A title on one line; `None` where there is none.
fn title(text: &str) -> Option<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = words
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_TITLE)
        .collect();

    (!words.is_empty()).then_some(words)
}

fn is_web(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// A date as ISO 8601, out of `2024-05-01T10:00:00Z` or `Wed, 01 May 2024 10:00:00 GMT`.
pub(crate) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    let (year, month, day) = match ISO.captures(text) {
        Some(found) => (
            found[1].to_owned(),
            found[2].parse().ok()?,
            found[3].parse().ok()?,
        ),
        None => {
            let found = WRITTEN.captures(text)?;
            let month = MONTHS
                .iter()
                .position(|month| found[2].eq_ignore_ascii_case(month))?
                + 1;
            (found[3].to_owned(), month, found[1].parse().ok()?)
        }
    };

    let (month, day): (usize, u32) = (month, day);
    ((1..=12).contains(&month) && (1..=31).contains(&day))
        .then(|| format!("{year}-{month:02}-{day:02}"))
}

/// A YAML string in double quotes, which JSON's strings are.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_written() {
        assert_eq!(FrontMatter::default().before("Body\n\n"), "Body\n");
        let known = FrontMatter {
            title: Some("A \"quoted\":\n title".to_owned()),
            source_url: Some("https://docs.example.com/a".to_owned()),
            updated: Some("2024-05-01T10:00:00Z".to_owned()),
            lang: Some("en-US".to_owned()),
        };

        let expected = "---\ntitle: \"A \\\"quoted\\\": title\"\nsource_url: \"https://docs.example.com/a\"\n\
                        updated: 2024-05-01\nlang: \"en-US\"\n---\n\nBody\n";
        assert_eq!(known.before("Body"), expected);
    }

    #[test]
    fn what_is_no_address_date_or_language_is_left_out() {
        let odd = FrontMatter {
            title: Some("  ".to_owned()),
            source_url: Some("javascript:alert(1)".to_owned()),
            updated: Some("yesterday".to_owned()),
            lang: Some("en: x".to_owned()),
        };
        assert_eq!(odd.before("Body"), "Body\n");
    }

    #[test]
    fn dates_are_read_as_pages_write_them() {
        assert_eq!(
            date("Wed, 01 May 2024 10:00:00 GMT").as_deref(),
            Some("2024-05-01")
        );
        assert_eq!(date("2024-13-01"), None);
    }
}
