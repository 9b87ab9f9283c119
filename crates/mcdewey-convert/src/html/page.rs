//! Finds the main content of a page and removes what is not its text.

use dom_query::{Document, NodeRef};
use dom_smoothie::{Config, Readability};

use super::dom::{descendants_named, has_any_name, has_descendant_named};
use super::{admonitions, embedded, hidden, tabs};

/// Elements that are never text, wherever they are.
const NEVER_TEXT: &str = "script, style, noscript, template, iframe, object, embed, canvas, audio, \
    video, svg, button, input, select, textarea, dialog, .sr-only, .visually-hidden, .noprint, \
    .print-only, .printonly, .only-print, .show-for-print, .visible-print, .visible-print-block, \
    .d-none.d-print-block, .katex-html, .material-icons, .material-symbols-outlined, \
    td.linenos, .linenodiv, .lineno";

/// Links from headings to themselves.
const PERMALINKS: &str = "a.headerlink, a.anchorjs-link, a.hash-link, a.heading-anchor, \
    a.direct-link, a.test-arrow";

/// Elements around the text that serve navigation.
const NAVIGATION: &str = "nav, footer, aside, [role='navigation'], [role='banner'], \
    [role='contentinfo'], [role='search'], [role='complementary'], .navbar, .navigation, .nav, \
    .menu, .sidebar, .breadcrumb, .breadcrumbs, .toc, #toc, .table-of-contents, .footer, #footer, \
    .cookie, .cookies, .cookie-banner, .cookie-notice, .cookie-consent, #cookie-banner, \
    #cookie-notice, #onetrust-consent-sdk, .skip-link, .edit-this-page, .edit-page, .edit-link, \
    .theme-edit-this-page, .pagination, .pagination-nav, .prev-next, .related, .feedback, \
    .page-feedback, .share, .social-share, .theme-doc-footer, .theme-doc-breadcrumbs, .headernav, \
    .footernav";

/// Elements that contain a page's text, best first.
const MAIN: [&str; 9] = [
    "[role='main']",
    "main",
    "article",
    "#main-content",
    "#content",
    ".markdown-body",
    ".document",
    "#main",
    ".content",
];

/// A candidate with a smaller share of the page's text is only a teaser.
const MIN_MAIN_SHARE: f64 = 0.3;

/// In a page that marks no main content, one character in this many being part of a link means that
/// it contains menus that are not marked as such.
const MENU_LINK_RATIO: usize = 4;

/// The part of a page that is its text.
pub(crate) struct MainContent<'a> {
    pub(crate) node: NodeRef<'a>,
    /// Whether the page marks it as such; otherwise it is the whole body.
    is_marked: bool,
}

impl MainContent<'_> {
    /// Whether the page marks no main content and is full of links: it contains menus that are not
    /// marked as such either.
    pub(crate) fn has_unmarked_menus(&self) -> bool {
        !self.is_marked && link_length(&self.node) * MENU_LINK_RATIO >= text_length(&self.node)
    }
}

/// Removes everything from the page that is not text and returns its main content.
pub(super) fn main_content<'a>(
    document: &'a Document,
    warnings: &mut Vec<String>,
) -> MainContent<'a> {
    tabs::label_panels(document);
    embedded::rewrite(document, warnings);
    document.select(NEVER_TEXT).remove();
    remove_permalinks(document);
    hidden::show_or_remove(document, NAVIGATION, warnings);

    let body = document.body().unwrap_or_else(|| document.root());
    remove_forms(&body);
    // Before navigation is removed, because admonitions may be `aside` elements.
    admonitions::to_quotes(&body);
    remove_edit_links(&body);
    remove_navigation(document);

    let main = main_part(document);
    remove_site_headers(&main.node);
    main
}

/// Selects the main content of a page without navigation.
pub(crate) fn main_part(document: &Document) -> MainContent<'_> {
    let body = document.body().unwrap_or_else(|| document.root());
    let page_length = text_length(&body);
    let marked = MAIN
        .iter()
        .find_map(|selector| longest_match(document, selector, page_length));

    MainContent {
        node: marked.unwrap_or(body),
        is_marked: marked.is_some(),
    }
}

/// Extracts the article of a page that marks no main content and is full of links. Returns `None`
/// for other pages, and if the article lacks more than a quarter of the text outside links.
pub(super) fn article(content: &MainContent<'_>) -> Option<Document> {
    if !content.has_unmarked_menus() {
        return None;
    }
    let in_links = link_length(&content.node);
    let total = text_length(&content.node);

    let config = Config {
        keep_classes: true,
        ..Config::default()
    };

    let extracted = Readability::new(content.node.html(), None, Some(config))
        .ok()?
        .parse()
        .ok()?;
    let article = Document::from(extracted.content);
    let kept = article.body().map_or(0, |body| text_length(&body));
    (kept * 4 >= (total - in_links.min(total)) * 3).then_some(article)
}

/// The longest element that matches, if it contains enough of the page's text.
fn longest_match<'a>(
    document: &'a Document,
    selector: &str,
    page_length: usize,
) -> Option<NodeRef<'a>> {
    let matches = document.select(selector);
    let longest = matches
        .nodes()
        .iter()
        .max_by_key(|node| text_length(node))?;
    #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
    let share = text_length(longest) as f64 / page_length.max(1) as f64;
    (share >= MIN_MAIN_SHARE && text_length(longest) > 0).then_some(*longest)
}

/// The number of characters in links.
fn link_length(node: &NodeRef<'_>) -> usize {
    descendants_named(node, &["a"])
        .iter()
        .map(text_length)
        .sum()
}

/// The number of characters, with runs of whitespace counted as one.
fn text_length(node: &NodeRef<'_>) -> usize {
    node.normalized_char_count()
}

/// Removes the marks that link to a heading, but keeps links that are the heading's whole text.
fn remove_permalinks(document: &Document) {
    for link in document.select(PERMALINKS).nodes() {
        let is_whole_text = link
            .parent()
            .is_some_and(|heading| text_length(&heading) == text_length(link))
            && link.text().chars().any(char::is_alphanumeric);
        if !is_whole_text {
            link.remove_from_parent();
        }
    }
}

/// Removes forms, but keeps the content of those that sites wrap around a whole page.
fn remove_forms(body: &NodeRef<'_>) {
    for form in descendants_named(body, &["form"]) {
        if has_descendant_named(&form, &["h1", "h2", "h3", "p", "table", "pre"]) {
            form.rename("div");
        } else {
            form.remove_from_parent();
        }
    }
}

/// Removes links such as "Edit this page", recognised by their text.
fn remove_edit_links(body: &NodeRef<'_>) {
    for link in descendants_named(body, &["a"]) {
        let text = link.text().trim().to_ascii_lowercase();
        if text.starts_with("edit this page")
            || text.starts_with("edit on git")
            || text == "view page source"
        {
            link.remove_from_parent();
        }
    }
}

/// Removes the elements that serve navigation.
pub(crate) fn remove_navigation(document: &Document) {
    for node in document.select(NAVIGATION).nodes() {
        // Some sites put a matching class on elements that contain the text.
        let may_contain_text =
            has_any_name(node, &["body", "html", "main", "article", "blockquote"]);
        if !may_contain_text {
            node.remove_from_parent();
        }
    }
}

/// Removes `header` elements without a heading, which serve navigation. One with a heading is text.
fn remove_site_headers(content: &NodeRef<'_>) {
    for header in descendants_named(content, &["header"]) {
        if !has_descendant_named(&header, &["h1", "h2"]) {
            header.remove_from_parent();
        }
    }
}
