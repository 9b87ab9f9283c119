//! The main part of a page, and what is not its text.

use dom_query::{Document, NodeRef};
use dom_smoothie::{Config, Readability};

use super::blocks;

/// Never text, wherever it stands.
const NEVER: &str = "script, style, noscript, template, iframe, object, embed, canvas, audio, video, svg, \
    button, input, select, textarea, dialog, [hidden], [aria-hidden='true'], .sr-only, .visually-hidden, .noprint, \
    a.headerlink, a.anchorjs-link, a.hash-link, a.heading-anchor, a.direct-link, a.test-arrow, td.linenos, .linenodiv, .lineno";

/// Around the text, for getting about.
const AROUND: &str = "nav, footer, aside, [role='navigation'], [role='banner'], [role='contentinfo'], [role='search'], \
    [role='complementary'], .navbar, .navigation, .nav, .menu, .sidebar, .breadcrumb, .breadcrumbs, .toc, #toc, \
    .table-of-contents, .footer, #footer, .cookie, .cookies, .cookie-banner, .cookie-notice, .cookie-consent, \
    #cookie-banner, #cookie-notice, #onetrust-consent-sdk, .skip-link, .edit-this-page, .edit-page, .edit-link, \
    .theme-edit-this-page, .pagination, .pagination-nav, .prev-next, .related, .feedback, .page-feedback, .share, \
    .social-share, .theme-doc-footer, .theme-doc-breadcrumbs, .headernav, .footernav";

/// Where the text stands, best first.
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

/// A main part with less than this share of the page's text is a teaser.
const MIN_SHARE: f64 = 0.3;

/// Of a page that states no main part, one in so many letters stands in links: menus that are not marked as such.
const MIN_LINKS: usize = 4;

/// The part of a page that is its text.
pub(super) struct MainPart<'a> {
    pub(super) node: NodeRef<'a>,
    /// The page says so itself.
    pub(super) stated: bool,
}

/// The part of the page that is its text, cleaned.
pub(super) fn main_part(document: &Document) -> MainPart<'_> {
    document.select(NEVER).remove();
    for styled in document.select("[style]").nodes() {
        let style = styled
            .attr_or("style", "")
            .to_ascii_lowercase()
            .replace(' ', "");
        if style.contains("display:none") && !styled.is("[role='tabpanel'], details *") {
            styled.remove_from_parent();
        }
    }

    let whole = document.body().unwrap_or_else(|| document.root());
    forms(&whole);
    blocks::admonitions(&whole);
    links_to_edit(&whole);

    for around in document.select(AROUND).nodes() {
        if around.node_name().is_some_and(|name| {
            !matches!(&*name, "body" | "html" | "main" | "article" | "blockquote")
        }) {
            around.remove_from_parent();
        }
    }

    let found = MAIN
        .iter()
        .find_map(|selector| candidate(document, selector, length(&whole)));
    let part = found.unwrap_or(whole);
    headers(&part);

    MainPart {
        node: part,
        stated: found.is_some(),
    }
}

/// A page that states no main part and is full of links: what a reader would call its article, if that keeps the text.
pub(super) fn article(part: &MainPart<'_>) -> Option<Document> {
    let links: usize = blocks::named(&part.node, &["a"]).iter().map(length).sum();
    let whole = length(&part.node);
    if part.stated || links * MIN_LINKS < whole {
        return None;
    }

    let config = Config {
        keep_classes: true,
        ..Config::default()
    };

    let found = Readability::new(part.node.html(), None, Some(config))
        .ok()?
        .parse()
        .ok()?;
    let article = Document::from(found.content);
    let kept = article.body().map_or(0, |body| length(&body));
    (kept * 4 >= (whole - links.min(whole)) * 3).then_some(article)
}

/// The one element of this kind, if it holds enough of the text.
fn candidate<'a>(document: &'a Document, selector: &str, whole: usize) -> Option<NodeRef<'a>> {
    let found = document.select(selector);
    let longest = found.nodes().iter().max_by_key(|node| length(node))?;
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = length(longest) as f64 / whole.max(1) as f64;
    (share >= MIN_SHARE && length(longest) > 0).then_some(*longest)
}

fn length(node: &NodeRef<'_>) -> usize {
    node.normalized_char_count()
}

/// A header without a page's heading in it is for getting about; one with it is text.
fn headers(part: &NodeRef<'_>) {
    for header in part
        .descendants()
        .into_iter()
        .filter(|node| node.has_name("header"))
    {
        if header.find(&["h1"]).is_empty()
            && header
                .descendants_it()
                .all(|node| !node.has_name("h1") && !node.has_name("h2"))
        {
            header.remove_from_parent();
        }
    }
}

/// Forms go; but some sites wrap a whole page into one.
fn forms(part: &NodeRef<'_>) {
    for form in part
        .descendants()
        .into_iter()
        .filter(|node| node.has_name("form"))
    {
        let wraps = form.descendants_it().any(|node| {
            ["h1", "h2", "h3", "p", "table", "pre"]
                .iter()
                .any(|name| node.has_name(name))
        });

        match wraps {
            true => form.rename("div"),
            false => form.remove_from_parent(),
        }
    }
}

/// "Edit this page" and its like, by what they say.
fn links_to_edit(part: &NodeRef<'_>) {
    for link in part
        .descendants()
        .into_iter()
        .filter(|node| node.has_name("a"))
    {
        let text = link.text().trim().to_ascii_lowercase();
        if text.starts_with("edit this page")
            || text.starts_with("edit on git")
            || text == "view page source"
        {
            link.remove_from_parent();
        }
    }
}
