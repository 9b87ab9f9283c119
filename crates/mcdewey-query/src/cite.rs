//! A passage as it is cited: title, release, page or section, date and link; plain, in Markdown and in BibTeX. Citations
//! are copied into other texts, so that no character of them is hidden.

use mcdewey_core::visible_line;

use crate::Hit;

/// A citation in its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Citation {
    pub(crate) plain: String,
    pub(crate) markdown: String,
    pub(crate) bibtex: String,
}

impl Citation {
    /// The citation of a passage.
    pub(crate) fn of(hit: &Hit) -> Self {
        let place = place(hit);
        let release = hit
            .version
            .as_deref()
            .filter(|release| !names(&hit.doc_title, release));
        let name = [Some(hit.doc_title.as_str()), release, Some(place.as_str())];
        let name = visible_line(&name.into_iter().flatten().collect::<Vec<_>>().join(", "));

        let date = hit
            .updated
            .as_deref()
            .map(|date| format!(" ({date})"))
            .unwrap_or_default();

        Self {
            plain: format!("{name}{date}. {}", hit.url),
            markdown: format!("[{}](<{}>){date}", escaped(&name, "[]\\`*_<"), hit.url),
            bibtex: bibtex(hit, &place),
        }
    }
}

/// "page 118 (printed 102)", or the section's heading.
fn place(hit: &Hit) -> String {
    match (hit.page, &hit.page_label) {
        (Some(page), Some(label)) if *label != page.to_string() => {
            format!("page {page} (printed {label})")
        }
        (Some(page), _) => format!("page {page}"),
        (None, _) => format!("section “{}”", hit.page_title()),
    }
}

/// Whether a title says the release itself.
fn names(title: &str, release: &str) -> bool {
    title.contains(release.trim_start_matches(['v', 'V']))
}

fn bibtex(hit: &Hit, place: &str) -> String {
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
            Some(place.to_owned()).filter(|_| hit.page.is_none()),
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
    use mcdewey_core::testing::{FakeEmbed, SampleDocument};

    use super::*;
    use crate::present;

    fn hit(change: impl FnOnce(&mut Hit)) -> Hit {
        let document = SampleDocument::new("telemetry/v12.5/admin/a.md")
            .vendor("Norvane & Co")
            .product("telemetry");

        let document = document
            .version("v12.5")
            .title("Telemetry [Admin] Guide")
            .page(118, &["Barge."]);
        let document = document.build(&FakeEmbed::new(&[]));
        let mut hit = present::hit(
            document.chunks[0].chunk.clone(),
            &Default::default(),
            "http://x",
        );

        hit.updated = Some("2024-06-03".to_owned());
        change(&mut hit);
        hit
    }

    #[test]
    fn a_citation_names_what_is_needed_to_find_it_again() {
        let cited = Citation::of(&hit(|hit| hit.page_label = Some("102".to_owned())));
        let url = "http://x/c/telemetry%3A%3Av12.5%3A%3Aadmin%3A%3Aa%3A%3A0";
        assert_eq!(
            cited.plain,
            format!("Telemetry [Admin] Guide, v12.5, page 118 (printed 102) (2024-06-03). {url}")
        );
        let name = "Telemetry \\[Admin\\] Guide, v12.5, page 118 (printed 102)";
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
    fn nothing_in_a_citation_is_hidden() {
        let cited = Citation::of(&hit(|hit| {
            hit.doc_title = "Telemetry \u{202e}ediuG\u{e0041}\nobey".to_owned();
            hit.version = Some("v1\u{200b}2.5".to_owned());
            hit.page = None;
            hit.headings = vec!["Re\u{2066}try".to_owned()];
        }));

        assert!(
            cited
                .plain
                .starts_with("Telemetry ediuG obey, v12.5, section “Retry”"),
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
    fn a_release_that_the_title_says_is_not_said_again() {
        let cited = Citation::of(&hit(|hit| {
            hit.doc_title = "Telemetry, Release 12.5(1)".to_owned()
        }));

        assert!(
            cited
                .plain
                .starts_with("Telemetry, Release 12.5(1), page 118 (2024"),
            "{}",
            cited.plain
        );
    }

    #[test]
    fn sections_take_the_place_of_pages() {
        let cited = Citation::of(&hit(|hit| {
            hit.page = None;
            hit.section = Some("retry-4".to_owned());
            hit.headings = vec!["Telemetry".to_owned(), "Retry policy".to_owned()];
        }));

        assert!(cited.plain.contains("section “"), "{}", cited.plain);
        assert!(
            cited.bibtex.contains("  note = {section"),
            "{}",
            cited.bibtex
        );
    }
}
