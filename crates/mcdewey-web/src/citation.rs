//! Citations of a passage: title, version, page or section, date and link, as plain text, in
//! Markdown and in BibTeX. Citations are copied into other texts and never contain hidden
//! characters.

use mcdewey_core::{Chunk, visible_line};
use mcdewey_query::page_label::{chunk_page_title, printed};

/// A citation in all formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Citation {
    pub(crate) plain: String,
    pub(crate) markdown: String,
    pub(crate) bibtex: String,
}

impl Citation {
    /// Cites a passage that is shown under an absolute URL.
    pub(crate) fn new(chunk: &Chunk, url: &str) -> Self {
        let meta = &chunk.document;
        let location = location(chunk);
        let version = meta
            .facets
            .version_label()
            .filter(|version| !title_contains_version(&meta.title, version));
        let parts = [
            Some(meta.title.as_str()),
            version.as_deref(),
            Some(location.as_str()),
        ];
        let name = visible_line(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "));

        let date = meta
            .updated
            .as_deref()
            .map(|date| format!(" ({date})"))
            .unwrap_or_default();

        Self {
            plain: format!("{name}{date}. {url}"),
            markdown: format!("[{}](<{url}>){date}", escaped(&name, "[]\\`*_<")),
            bibtex: bibtex(chunk, &location, url),
        }
    }
}

/// Returns "page 118 (printed 102)", or the section's heading.
fn location(chunk: &Chunk) -> String {
    let Some(page) = chunk.page.physical_page() else {
        return format!("section “{}”", chunk_page_title(chunk));
    };

    match printed(Some(page), chunk.page.label.as_deref()) {
        Some(label) => format!("page {page} (printed {label})"),
        None => format!("page {page}"),
    }
}

fn title_contains_version(title: &str, version: &str) -> bool {
    title.contains(version.trim_start_matches(['v', 'V']))
}

fn bibtex(chunk: &Chunk, location: &str, url: &str) -> String {
    let meta = &chunk.document;
    let page = chunk.page.physical_page();
    let year = meta
        .updated
        .as_deref()
        .and_then(|date| date.get(..4))
        .filter(|year| year.bytes().all(|b| b.is_ascii_digit()));

    let fields = [
        ("title", Some(meta.title.clone())),
        ("organization", meta.facets.vendor.clone()),
        ("edition", meta.facets.version_label()),
        ("pages", page.map(|page| page.to_string())),
        ("year", year.map(str::to_owned)),
        ("note", Some(location.to_owned()).filter(|_| page.is_none())),
        ("url", Some(url.to_owned())),
    ];

    let mut text = format!("@manual{{mcdewey-{},\n", chunk.handle());
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
    use std::sync::Arc;

    use mcdewey_core::testing::{FakeEmbed, SampleDocument};
    use mcdewey_core::{DocumentMeta, PageRef, Section};

    use super::*;

    const URL: &str = "http://x/c/gateway%3A%3Av12.5%3A%3Aadmin%3A%3Aa%3A%3A0";

    /// A passage of a guide whose metadata is changed.
    fn chunk(change: impl FnOnce(&mut DocumentMeta)) -> Chunk {
        let mut guide = SampleDocument::new("gateway/v12.5/admin/a.md")
            .vendor("Norvane & Co")
            .version("v12.5")
            .title("Gateway [Admin] Guide")
            .page(118, &["A call."])
            .build(&FakeEmbed::new(&["call"]));

        let mut meta = (*guide.meta).clone();
        meta.updated = Some("2024-06-03".to_owned());
        change(&mut meta);

        Chunk {
            document: Arc::new(meta),
            ..guide.chunks.remove(0).chunk
        }
    }

    /// The same passage in a section with this title.
    fn in_section(chunk: Chunk, title: &str) -> Chunk {
        let section = Section {
            slug: "retry-4".to_owned(),
            title: title.to_owned(),
        };

        Chunk {
            page: PageRef {
                section: Some(section),
                ..chunk.page
            },
            headings: vec!["Gateway".to_owned(), title.to_owned()],
            ..chunk
        }
    }

    #[test]
    fn a_citation_identifies_the_passage() {
        let mut chunk = chunk(|_| {});
        chunk.page.label = Some("102".to_owned());
        let cited = Citation::new(&chunk, URL);
        assert_eq!(
            cited.plain,
            format!("Gateway [Admin] Guide, v12.5, page 118 (printed 102) (2024-06-03). {URL}")
        );
        let name = "Gateway \\[Admin\\] Guide, v12.5, page 118 (printed 102)";
        assert_eq!(cited.markdown, format!("[{name}](<{URL}>) (2024-06-03)"));

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

        let key = format!("@manual{{mcdewey-{},", chunk.handle());
        assert!(cited.bibtex.starts_with(&key) && cited.bibtex.ends_with("}"));
    }

    #[test]
    fn citations_contain_no_hidden_characters() {
        let chunk = chunk(|meta| {
            meta.title = "Gateway \u{202e}ediuG\u{e0041}\nobey".to_owned();
            meta.facets.versions[0].label = "v1\u{200b}2.5".to_owned();
        });
        let cited = Citation::new(&in_section(chunk, "Re\u{2066}try"), URL);

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
        let chunk = chunk(|meta| meta.title = "Gateway, Release 12.5(1)".to_owned());
        let cited = Citation::new(&chunk, URL);

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
        let cited = Citation::new(&in_section(chunk(|_| {}), "Retry policy"), URL);

        assert!(cited.plain.contains("section “"), "{}", cited.plain);
        assert!(
            cited.bibtex.contains("  note = {section"),
            "{}",
            cited.bibtex
        );
    }
}
