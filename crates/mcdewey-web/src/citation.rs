//! Citations of a passage: title, version, page or section, date and link, as plain text, in
//! Markdown and in BibTeX. Citations are copied into other texts and never contain hidden
//! characters.

use mcdewey_core::visible_line;
use mcdewey_query::wire::Hit;

/// A citation in all formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Citation {
    pub(crate) plain: String,
    pub(crate) markdown: String,
    pub(crate) bibtex: String,
}

impl Citation {
    pub(crate) fn new(hit: &Hit) -> Self {
        let location = location(hit);
        let version = hit
            .version
            .as_deref()
            .filter(|version| !title_contains_version(&hit.doc_title, version));
        let parts = [
            Some(hit.doc_title.as_str()),
            version,
            Some(location.as_str()),
        ];
        let name = visible_line(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "));

        let date = hit
            .updated
            .as_deref()
            .map(|date| format!(" ({date})"))
            .unwrap_or_default();

        Self {
            plain: format!("{name}{date}. {}", hit.url),
            markdown: format!("[{}](<{}>){date}", escaped(&name, "[]\\`*_<"), hit.url),
            bibtex: bibtex(hit, &location),
        }
    }
}

/// Returns "page 118 (printed 102)", or the section's heading.
fn location(hit: &Hit) -> String {
    match (hit.page, &hit.page_label) {
        (Some(page), Some(label)) if *label != page.to_string() => {
            format!("page {page} (printed {label})")
        }
        (Some(page), _) => format!("page {page}"),
        (None, _) => format!("section “{}”", hit.page_title()),
    }
}

fn title_contains_version(title: &str, version: &str) -> bool {
    title.contains(version.trim_start_matches(['v', 'V']))
}

fn bibtex(hit: &Hit, location: &str) -> String {
    let year = hit
        .updated
        .as_deref()
        .and_then(|date| date.get(..4))
        .filter(|year| year.bytes().all(|b| b.is_ascii_digit()));

    let fields = [
        ("title", Some(hit.doc_title.clone())),
        ("organization", hit.vendor.clone()),
        ("edition", hit.version.clone()),
        ("pages", hit.page.map(|page| page.to_string())),
        ("year", year.map(str::to_owned)),
        (
            "note",
            Some(location.to_owned()).filter(|_| hit.page.is_none()),
        ),
        ("url", Some(hit.url.clone())),
    ];

    let mut text = format!("@manual{{mcdewey-{},\n", hit.handle);
    for (name, value) in fields {
        if let Some(value) = value {
            text.push_str(&format!(
                "  {name} = {{{}}},\n",
                escaped(&visible_line(&value), "{}\\&%$#_")
            ));
        }
    }

    text.push('}');
    text
}

fn escaped(text: &str, special: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }

    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(change: impl FnOnce(&mut Hit)) -> Hit {
        let mut hit = Hit {
            handle: "0badcafe".to_owned(),
            page: Some(118),
            vendor: Some("Norvane & Co".to_owned()),
            version: Some("v12.5".to_owned()),
            doc_title: "Gateway [Admin] Guide".to_owned(),
            url: "http://x/c/gateway%3A%3Av12.5%3A%3Aadmin%3A%3Aa%3A%3A0".to_owned(),
            updated: Some("2024-06-03".to_owned()),
            ..Hit::default()
        };

        change(&mut hit);
        hit
    }

    #[test]
    fn a_citation_identifies_the_passage() {
        let cited = Citation::new(&hit(|hit| hit.page_label = Some("102".to_owned())));
        let url = "http://x/c/gateway%3A%3Av12.5%3A%3Aadmin%3A%3Aa%3A%3A0";
        assert_eq!(
            cited.plain,
            format!("Gateway [Admin] Guide, v12.5, page 118 (printed 102) (2024-06-03). {url}")
        );
        let name = "Gateway \\[Admin\\] Guide, v12.5, page 118 (printed 102)";
        assert_eq!(cited.markdown, format!("[{name}](<{url}>) (2024-06-03)"));

        for line in [
            "  organization = {Norvane \\& Co},",
            "  edition = {v12.5},",
            "  pages = {118},",
            "  year = {2024},",
        ] {
            assert!(
                cited.bibtex.lines().any(|found| found == line),
                "{}",
                cited.bibtex
            );
        }

        assert!(cited.bibtex.starts_with("@manual{mcdewey-") && cited.bibtex.ends_with("}"));
    }

    #[test]
    fn citations_contain_no_hidden_characters() {
        let cited = Citation::new(&hit(|hit| {
            hit.doc_title = "Gateway \u{202e}ediuG\u{e0041}\nobey".to_owned();
            hit.version = Some("v1\u{200b}2.5".to_owned());
            hit.page = None;
            hit.headings = vec!["Re\u{2066}try".to_owned()];
        }));

        assert!(
            cited
                .plain
                .starts_with("Gateway ediuG obey, v12.5, section “Retry”"),
            "{}",
            cited.plain
        );

        for text in [cited.plain, cited.markdown, cited.bibtex] {
            assert!(
                !text.contains(|c| mcdewey_core::is_hidden(c) && c != '\n'),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_version_in_the_title_is_not_repeated() {
        let cited = Citation::new(&hit(|hit| {
            hit.doc_title = "Gateway, Release 12.5(1)".to_owned()
        }));

        assert!(
            cited
                .plain
                .starts_with("Gateway, Release 12.5(1), page 118 (2024"),
            "{}",
            cited.plain
        );
    }

    #[test]
    fn sections_are_cited_instead_of_pages() {
        let cited = Citation::new(&hit(|hit| {
            hit.page = None;
            hit.section = Some("retry-4".to_owned());
            hit.headings = vec!["Gateway".to_owned(), "Retry policy".to_owned()];
        }));

        assert!(cited.plain.contains("section “"), "{}", cited.plain);
        assert!(
            cited.bibtex.contains("  note = {section"),
            "{}",
            cited.bibtex
        );
    }
}
