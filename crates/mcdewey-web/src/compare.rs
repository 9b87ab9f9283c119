//! `/compare`: two versions of a guide side by side, or the versions to choose from if none are
//! given.

#[cfg(test)]
mod tests;

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_markdown::fence;
use mcdewey_query::page_label::page_text;
use mcdewey_query::wire::{
    CellChange, Change, ChangeKind, CompareAnswer, ComparedDocument, ComparedPair, ComparedText,
    LibraryAnswer, ProductEntry, WordOp, WordRun,
};
use mcdewey_query::{RequestState, rest};
use mcdewey_search::{CompareRequest, DEFAULT_CHANGES, QueryError};

use super::error::error_page;
use super::respond;
use super::site::{Link, Site};

/// A product with comparisons of its consecutive versions, newest first.
struct ProductSteps {
    product: String,
    steps: Vec<Link>,
}

struct SelectOption {
    value: String,
    text: String,
    selected: bool,
}

struct CompareForm {
    from: String,
    to: String,
    q: String,
    /// The product's versions; empty if the request names documents instead of versions.
    from_options: Vec<SelectOption>,
    to_options: Vec<SelectOption>,
    guides: Vec<SelectOption>,
    hidden_fields: Vec<(&'static str, String)>,
    swapped_url: String,
}

struct PairView {
    title: String,
    from: Link,
    to: Link,
    unchanged: usize,
    moved: usize,
    changed: usize,
    added: usize,
    removed: usize,
}

struct ChangeView {
    /// The CSS class.
    kind: &'static str,
    label: &'static str,
    headings: Vec<String>,
    locations: Vec<Link>,
    runs: Vec<Run>,
    cells: Vec<Cell>,
}

struct Cell {
    column: Option<String>,
    runs: Vec<Run>,
}

/// Consecutive words that were kept, added or removed.
struct Run {
    op: WordOp,
    text: String,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    site: Site,
    form: CompareForm,
    pairs: Vec<PairView>,
    changes: Vec<ChangeView>,
    only_from: Vec<Link>,
    only_to: Vec<Link>,
    notices: Vec<String>,
    first_url: Option<String>,
    next_url: Option<String>,
    json_url: String,
}

impl ComparePage {
    /// Whether all changes are on this page, so that their heading can be hidden.
    fn is_complete(&self) -> bool {
        self.first_url.is_none() && self.next_url.is_none() && self.changes.len() <= DEFAULT_CHANGES
    }
}

#[derive(Template)]
#[template(path = "compare_choice.html")]
struct ChoicePage {
    site: Site,
    products: Vec<ProductSteps>,
}

pub(super) async fn get(state: RequestState, headers: HeaderMap, uri: Uri) -> Response {
    match show(&state, &headers, &uri).await {
        Ok(response) => response,
        Err(error) => error_page(&state.app, &error.into()),
    }
}

async fn show(
    state: &RequestState,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, QueryError> {
    let site = Site::from_state(&state.app);
    let request = rest::comparison(rest::pairs(uri)?)?;

    let library = state.library.wire_library(state.visibility()).await?;
    if request.from.is_empty() && request.to.is_empty() {
        let products = products(&library)
            .filter_map(|product| product_steps(&site, product, &request))
            .collect();
        return Ok(respond::page(headers, &ChoicePage { site, products }));
    }

    let answer = state
        .library
        .wire_compare(&request, state.visibility())
        .await?;
    let form = CompareForm::new(&site, &request, &library);
    Ok(respond::page(
        headers,
        &compare_page(site, &request, form, answer),
    ))
}

fn products(library: &LibraryAnswer) -> impl Iterator<Item = &ProductEntry> {
    library.vendors.iter().flat_map(|vendor| &vendor.products)
}

/// The versions of a product, newest first.
fn versions(product: &ProductEntry) -> Vec<&str> {
    product
        .versions
        .iter()
        .filter_map(|version| version.version.as_deref())
        .collect()
}

fn product_steps(
    site: &Site,
    product: &ProductEntry,
    request: &CompareRequest,
) -> Option<ProductSteps> {
    let id = product.product.clone()?;
    let steps: Vec<Link> = versions(product)
        .windows(2)
        .map(|pair| {
            let (from, to) = (pair[1].to_owned(), pair[0].to_owned());
            let text = format!("{from} → {to}");
            let request = CompareRequest {
                from,
                to,
                product: vec![id.clone()],
                ..request.clone()
            };

            Link::new(text, site.compare(&request))
        })
        .collect();

    (!steps.is_empty()).then(|| ProductSteps {
        product: product.title.clone().unwrap_or_else(|| id.clone()),
        steps,
    })
}

impl CompareForm {
    fn new(site: &Site, request: &CompareRequest, library: &LibraryAnswer) -> Self {
        let product = products(library).find(|product| is_requested(product, request));
        let versions = product.map(versions).unwrap_or_default();
        let from_options = version_options(&versions, &request.from);
        let to_options = version_options(&versions, &request.to);

        let mut hidden_fields: Vec<(&'static str, String)> = Vec::new();
        for vendor in &request.vendor {
            hidden_fields.push(("vendor", vendor.clone()));
        }
        for product in &request.product {
            hidden_fields.push(("product", product.clone()));
        }
        if from_options.is_empty() {
            hidden_fields.push(("from", request.from.clone()));
        }
        if to_options.is_empty() {
            hidden_fields.push(("to", request.to.clone()));
        }

        let swapped = CompareRequest {
            from: request.to.clone(),
            to: request.from.clone(),
            cursor: None,
            ..request.clone()
        };

        Self {
            from: request.from.clone(),
            to: request.to.clone(),
            q: request.q.clone(),
            from_options,
            to_options,
            guides: guide_options(product, request),
            hidden_fields,
            swapped_url: site.compare(&swapped),
        }
    }
}

/// Whether the request names the product by its id or an alias.
fn is_requested(product: &ProductEntry, request: &CompareRequest) -> bool {
    let id = product.product.as_deref().unwrap_or_default();
    request.product.iter().any(|requested| {
        requested.eq_ignore_ascii_case(id)
            || product
                .aliases
                .iter()
                .any(|alias| alias.eq_ignore_ascii_case(requested))
    })
}

/// The versions with `requested` selected; none if it is not one of them.
fn version_options(versions: &[&str], requested: &str) -> Vec<SelectOption> {
    if !versions
        .iter()
        .any(|version| is_same_version(version, requested))
    {
        return Vec::new();
    }

    versions
        .iter()
        .map(|version| SelectOption {
            value: (*version).to_owned(),
            text: (*version).to_owned(),
            selected: is_same_version(version, requested),
        })
        .collect()
}

/// "All guides" and the product's guides; none if there is no choice.
fn guide_options(product: Option<&ProductEntry>, request: &CompareRequest) -> Vec<SelectOption> {
    let mut names: Vec<String> = product
        .into_iter()
        .flat_map(|product| &product.versions)
        .flat_map(|version| &version.guides)
        .filter_map(|guide| guide.guide.clone())
        .collect();

    names.sort();
    names.dedup();
    if names.len() < 2 {
        return Vec::new();
    }

    let all = SelectOption {
        value: String::new(),
        text: "All guides".to_owned(),
        selected: request.guide.is_empty(),
    };

    let guides = names.into_iter().map(|name| SelectOption {
        selected: request.guide.contains(&name),
        text: name.clone(),
        value: name,
    });

    std::iter::once(all).chain(guides).collect()
}

fn is_same_version(one: &str, other: &str) -> bool {
    one.trim_start_matches('v')
        .eq_ignore_ascii_case(other.trim().trim_start_matches('v'))
}

/// Replaces the source of a document, where the request names one, by its version for display.
fn show_version(requested: &mut String, document: &ComparedDocument) {
    if *requested == document.source {
        *requested = document
            .version
            .clone()
            .unwrap_or_else(|| document.doc_title.clone());
    }
}

fn compare_page(
    site: Site,
    request: &CompareRequest,
    mut form: CompareForm,
    answer: CompareAnswer,
) -> ComparePage {
    if let [pair] = answer.pairs.as_slice() {
        show_version(&mut form.from, &pair.from);
        show_version(&mut form.to, &pair.to);
    }

    let url_at = |cursor: Option<String>| {
        site.compare(&CompareRequest {
            cursor,
            ..request.clone()
        })
    };

    ComparePage {
        pairs: answer
            .pairs
            .iter()
            .map(|pair| pair_view(&site, pair))
            .collect(),
        only_from: title_links(&site, &answer.only_from),
        only_to: title_links(&site, &answer.only_to),
        first_url: request.cursor.is_some().then(|| url_at(None)),
        next_url: answer.next_cursor.map(|cursor| url_at(Some(cursor))),
        json_url: site.compare_api(request),
        changes: answer
            .changes
            .into_iter()
            .map(|change| change_view(&site, change))
            .collect(),
        notices: answer.notices,
        form,
        site,
    }
}

fn title_links(site: &Site, documents: &[ComparedDocument]) -> Vec<Link> {
    documents
        .iter()
        .map(|document| Link::new(document.doc_title.clone(), site.relative(&document.url)))
        .collect()
}

fn version_link(site: &Site, document: &ComparedDocument) -> Link {
    let text = document
        .version
        .clone()
        .unwrap_or_else(|| document.source.clone());
    Link::new(text, site.relative(&document.url))
}

fn pair_view(site: &Site, pair: &ComparedPair) -> PairView {
    PairView {
        title: pair.to.doc_title.clone(),
        from: version_link(site, &pair.from),
        to: version_link(site, &pair.to),
        unchanged: pair.unchanged,
        moved: pair.moved,
        changed: pair.changed,
        added: pair.added,
        removed: pair.removed,
    }
}

fn change_view(site: &Site, change: Change) -> ChangeView {
    let (kind, label) = match change.kind {
        ChangeKind::Added => ("added", "Added"),
        ChangeKind::Removed => ("removed", "Removed"),
        ChangeKind::Changed => ("changed", "Changed"),
    };

    let old = change.from.as_ref().map(|text| location(site, text, "Old"));
    let new = change.to.as_ref().map(|text| location(site, text, "New"));

    // In a code block every character counts, so nothing is stripped.
    let is_code = change
        .from
        .iter()
        .chain(&change.to)
        .any(|text| fence::marker(&text.text).is_some());

    let runs = match (change.kind, &change.from, &change.to) {
        (ChangeKind::Added, _, Some(text)) => vec![Run {
            op: WordOp::Added,
            text: display_text(&text.text, is_code),
        }],
        (ChangeKind::Removed, Some(text), _) => vec![Run {
            op: WordOp::Removed,
            text: display_text(&text.text, is_code),
        }],
        _ => display_runs(change.words, is_code),
    };

    ChangeView {
        kind,
        label,
        headings: change.headings,
        locations: old.into_iter().chain(new).collect(),
        runs,
        cells: change
            .cells
            .into_iter()
            .map(|CellChange { column, words }| Cell {
                column,
                runs: display_runs(words, is_code),
            })
            .collect(),
    }
}

/// "Old: Page 118 (printed 102)".
fn location(site: &Site, text: &ComparedText, version: &str) -> Link {
    let page =
        page_text(text.page, text.page_label.as_deref()).unwrap_or_else(|| "Section".to_owned());
    Link::new(format!("{version}: {page}"), site.relative(&text.url))
}

fn display_runs(words: Vec<WordRun>, is_code: bool) -> Vec<Run> {
    words
        .into_iter()
        .map(|run| Run {
            op: run.op,
            text: display_text(&run.text, is_code),
        })
        .collect()
}

/// The text without the Markdown of headings, strong text and inline code, unless it is code.
fn display_text(text: &str, is_code: bool) -> String {
    if is_code {
        return text.to_owned();
    }

    text.trim_start_matches('#')
        .trim_start()
        .replace("**", "")
        .replace('`', "")
}
