//! Extracts a page's front matter: title, address, date and language.

use dom_query::{Document, NodeRef};

use super::dom::{collapse_whitespace, descendants_named};
use crate::front_matter::{FrontMatter, date};

/// Elements that contain a page's address, best first, with the attribute to read.
const ADDRESSES: [(&str, &str); 2] = [
    ("link[rel~=canonical]", "href"),
    ("meta[property='og:url']", "content"),
];

/// Elements that contain the date of the last change, best first, with the attribute to read.
const DATES: [(&str, &str); 6] = [
    ("meta[property='article:modified_time']", "content"),
    (
        "meta[name='last-modified' i], meta[http-equiv='last-modified' i]",
        "content",
    ),
    ("meta[name='dcterms.modified' i]", "content"),
    ("meta[name='dc.date.modified' i]", "content"),
    ("[itemprop='dateModified'][content]", "content"),
    ("time[itemprop='dateModified']", "datetime"),
];

/// Separators between a page's own title and the name of its site.
const SEPARATORS: [&str; 8] = [" | ", " — ", " – ", " - ", " :: ", " · ", " » ", " • "];

/// Reads the front matter. The heading is taken from the main content, because the name of the book
/// may appear above it as a heading of its own.
pub(super) fn extract(document: &Document, content: &NodeRef<'_>) -> FrontMatter {
    FrontMatter {
        title: title(document, content),
        source_url: ADDRESSES
            .iter()
            .find_map(|(selector, name)| attribute(document, selector, name)),
        updated: DATES.iter().find_map(|(selector, name)| {
            attribute(document, selector, name).and_then(|text| date(&text))
        }),
        lang: attribute(document, "html", "lang")
            .or_else(|| attribute(document, "html", "xml:lang")),
    }
}

/// The title of the page without the name of its site; else its only top heading.
fn title(document: &Document, content: &NodeRef<'_>) -> Option<String> {
    let first_heading = heading(content, "h1");
    let open_graph = |property: &str| {
        let selector = format!("meta[property='og:{property}']");
        attribute(document, &selector, "content")
    };

    let Some(title) = text_of(document, "head title").or_else(|| open_graph("title")) else {
        let is_only = descendants_named(content, &["h1"]).len() == 1;
        return first_heading.filter(|_| is_only);
    };

    let heading = first_heading.or_else(|| heading(content, "h2"));
    // Some pages give their title without the name of the site here.
    let own = open_graph("title").filter(|own| *own != title && title.contains(own.as_str()));
    Some(without_site(
        &title,
        heading.or(own).as_deref(),
        open_graph("site_name").as_deref(),
    ))
}

/// The text of the first heading of a level; `None` if it has no text.
fn heading(content: &NodeRef<'_>, name: &str) -> Option<String> {
    let heading = content.descendants_it().find(|node| node.has_name(name))?;
    clean_title(&heading.text())
}

/// Removes the site from a title such as "Ports | Example Docs". Returns the part that equals the
/// heading, or the parts that are not the site's name, which is last if the page does not name it.
fn without_site(title: &str, heading: Option<&str>, site: Option<&str>) -> String {
    let mut parts = vec![title];
    for separator in SEPARATORS {
        parts = parts
            .into_iter()
            .flat_map(|part| part.split(separator))
            .collect();
    }

    let is = |part: &str, name: Option<&str>| {
        name.is_some_and(|name| name.trim().eq_ignore_ascii_case(part.trim()))
    };

    if let Some(own_title) = parts.iter().find(|part| is(part, heading)) {
        return own_title.trim().to_owned();
    }

    if is(title, heading) || parts.len() == 1 {
        return title.to_owned();
    }

    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let own_title = if is(first, site) {
        &title[first.len()..]
    } else if !is(last, site) && heading.is_some_and(|heading| has_words_of(heading, last)) {
        title
    } else {
        &title[..title.len() - last.len()]
    };

    own_title
        .trim_matches(|c: char| c.is_whitespace() || "|—–-:·»•".contains(c))
        .to_owned()
}

/// Whether all words of a part are in a heading, so that the part is no site's name.
fn has_words_of(heading: &str, part: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };

    let of_heading = words(heading);
    words(part).iter().all(|word| of_heading.contains(word))
}

fn text_of(document: &Document, selector: &str) -> Option<String> {
    clean_title(&document.select_single(selector).text())
}

/// Text on one line, without the permalink mark that generators put after headings.
fn clean_title(text: &str) -> Option<String> {
    let text = collapse_whitespace(text);
    let text = text.trim_matches(|c: char| c.is_whitespace() || "¶#§\u{F0C1}".contains(c));
    (!text.is_empty()).then(|| text.to_owned())
}

/// An attribute's value, trimmed; `None` if it is missing or empty.
fn attribute(document: &Document, selector: &str, name: &str) -> Option<String> {
    let value = document.select_single(selector).attr(name)?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_the_site_from_titles() {
        for (title, heading, site, expected) in [
            ("Ports | Example Docs", None, None, "Ports"),
            ("Example Docs - Ports", Some("Ports"), None, "Ports"),
            (
                "Ports - Advanced - Example Docs",
                Some("Other"),
                None,
                "Ports - Advanced",
            ),
            ("Plain", None, None, "Plain"),
            ("T-1 lines", Some("x"), None, "T-1 lines"),
            ("Barge :: Example", None, Some("Example"), "Barge"),
            ("Example · Barge", Some("x"), Some("Example"), "Barge"),
            (
                "Install - Linux",
                Some("Install on Linux"),
                None,
                "Install - Linux",
            ),
            ("Install - Linux", Some("Install"), None, "Install"),
        ] {
            assert_eq!(without_site(title, heading, site), expected, "{title:?}");
        }
    }

    #[test]
    fn prefers_the_pages_heading_over_the_books() {
        let page =
            "<title>Ports - Example Book</title><h1>Example Book</h1><main><h2>Ports</h2></main>";
        let document = Document::from(page);
        let front_matter = extract(&document, &document.select_single("main").nodes()[0]);
        assert_eq!(front_matter.title.as_deref(), Some("Ports"));
    }

    #[test]
    fn takes_a_heading_as_title_only_if_it_is_the_only_one() {
        let title = |page: &str| {
            let document = Document::from(page);
            extract(&document, &document.root()).title
        };
        assert_eq!(title("<h1>Ports</h1><h2>A</h2>").as_deref(), Some("Ports"));
        assert_eq!(title("<h1>Ports</h1><h1>Gates</h1>"), None);
        assert_eq!(
            title(
                "<head><title>Ports — Example</title><meta property='og:site_name' \
                 content='Example'></head><h1>A</h1>"
            )
            .as_deref(),
            Some("Ports")
        );
    }

    #[test]
    fn reads_address_date_and_language() {
        let page = "<html lang='de'><head>\
                    <link rel='canonical' href='https://docs.example.com/p'>\
                    <meta property='article:modified_time' content='2025-02-03T01:02:03Z'>\
                    </head><body><h1>Ports¶</h1>";
        let document = Document::from(page);
        let front_matter = extract(&document, &document.root());
        assert_eq!(front_matter.title.as_deref(), Some("Ports"));
        assert_eq!(
            front_matter.source_url.as_deref(),
            Some("https://docs.example.com/p")
        );
        assert_eq!(front_matter.updated.as_deref(), Some("2025-02-03"));
        assert_eq!(front_matter.lang.as_deref(), Some("de"));
    }
}
