//! `/compare`: two releases of a guide side by side; without a choice, the releases that can be compared.

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::error::error_page;
use super::respond;
use super::site::{Link, Site};
use crate::compare::DEFAULT_CHANGES;
use crate::place::page_words;
use crate::{
    AppState, CellChange, Change, ChangeKind, CompareAnswer, CompareRequest, ComparedDocument,
    ComparedText, LibraryAnswer, ProductEntry, QueryError, WordOp, WordRun, fence, rest,
};

/// A product with the steps from one of its releases to the next, the newest first.
struct Steps {
    product: String,
    steps: Vec<Link>,
}

/// A list to choose from.
struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

/// What is asked, as the form shows it.
struct Asked {
    from: String,
    to: String,
    q: String,
    /// The product's releases; empty where documents are named.
    from_releases: Vec<Choice>,
    to_releases: Vec<Choice>,
    guides: Vec<Choice>,
    kept: Vec<(&'static str, String)>,
    swapped: String,
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
    kind: &'static str,
    word: &'static str,
    headings: Vec<String>,
    places: Vec<Link>,
    runs: Vec<Run>,
    cells: Vec<Cell>,
}

struct Cell {
    column: Option<String>,
    runs: Vec<Run>,
}

struct Run {
    op: WordOp,
    text: String,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    site: Site,
    asked: Asked,
    pairs: Vec<PairView>,
    changes: Vec<ChangeView>,
    only_from: Vec<Link>,
    only_to: Vec<Link>,
    notices: Vec<String>,
    first: Option<String>,
    next: Option<String>,
    for_programs: String,
}

#[derive(Template)]
#[template(path = "compare_choice.html")]
struct ChoicePage {
    site: Site,
    products: Vec<Steps>,
}

pub(super) async fn get(state: AppState, headers: HeaderMap, uri: Uri) -> Response {
    match show(&state, &headers, &uri).await {
        Ok(response) => response,
        Err(error) => error_page(&state, &error.into()),
    }
}

async fn show(state: &AppState, headers: &HeaderMap, uri: &Uri) -> Result<Response, QueryError> {
    let site = Site::of(state);
    let request = rest::comparison(rest::pairs(uri)?)?;

    let library = state.library.library(state.visibility()).await?;
    if request.from.is_empty() && request.to.is_empty() {
        let products = products(&library)
            .filter_map(|product| steps(&site, product, &request))
            .collect();
        return Ok(respond::page(headers, &ChoicePage { site, products }));
    }

    let answer = state.library.compare(&request, state.visibility()).await?;
    let asked = asked(&site, &request, &library);
    Ok(respond::page(headers, &page(site, &request, asked, answer)))
}

fn products(library: &LibraryAnswer) -> impl Iterator<Item = &ProductEntry> {
    library.vendors.iter().flat_map(|vendor| &vendor.products)
}

/// The releases of a product, newest first.
fn releases(product: &ProductEntry) -> Vec<&str> {
    product
        .versions
        .iter()
        .filter_map(|version| version.version.as_deref())
        .collect()
}

fn steps(site: &Site, product: &ProductEntry, request: &CompareRequest) -> Option<Steps> {
    let id = product.product.clone()?;
    let releases = releases(product);
    let step = |pair: &[&str]| {
        let (from, to) = (pair[1].to_owned(), pair[0].to_owned());
        let text = format!("{from} → {to}");
        let request = CompareRequest {
            from,
            to,
            product: vec![id.clone()],
            ..request.clone()
        };

        Link::new(text, site.compare(&request))
    };

    let steps: Vec<Link> = releases.windows(2).map(step).collect();
    (!steps.is_empty()).then(|| Steps {
        product: product.title.clone().unwrap_or_else(|| id.clone()),
        steps,
    })
}

fn asked(site: &Site, request: &CompareRequest, library: &LibraryAnswer) -> Asked {
    let chosen = |product: &&ProductEntry| {
        let id = product.product.as_deref().unwrap_or_default();
        request.product.iter().any(|wanted| {
            wanted.eq_ignore_ascii_case(id)
                || product
                    .aliases
                    .iter()
                    .any(|alias| alias.eq_ignore_ascii_case(wanted))
        })
    };

    let product = products(library).find(chosen);
    let named = product.map(releases).unwrap_or_default();
    let choice = |asked: &str| -> Vec<Choice> {
        let is = |release: &str| same_release(release, asked);
        if !named.iter().any(|release| is(release)) {
            return Vec::new();
        }

        let one = |release: &&str| Choice {
            value: (*release).to_owned(),
            text: (*release).to_owned(),
            chosen: is(release),
        };

        named.iter().map(one).collect()
    };

    let mut guides: Vec<String> = product
        .into_iter()
        .flat_map(|product| &product.versions)
        .flat_map(|version| &version.guides)
        .filter_map(|guide| guide.guide.clone())
        .collect();

    guides.sort();
    guides.dedup();
    let all = Choice {
        value: String::new(),
        text: "All guides".to_owned(),
        chosen: request.guide.is_empty(),
    };

    let guide = |name: String| Choice {
        chosen: request.guide.contains(&name),
        text: name.clone(),
        value: name,
    };

    let (from_releases, to_releases) = (choice(&request.from), choice(&request.to));
    let mut kept: Vec<(&'static str, String)> = Vec::new();
    kept.extend(
        request
            .vendor
            .iter()
            .map(|vendor| ("vendor", vendor.clone())),
    );

    kept.extend(
        request
            .product
            .iter()
            .map(|product| ("product", product.clone())),
    );

    kept.extend(
        from_releases
            .is_empty()
            .then(|| ("from", request.from.clone())),
    );

    kept.extend(to_releases.is_empty().then(|| ("to", request.to.clone())));
    let swapped = CompareRequest {
        from: request.to.clone(),
        to: request.from.clone(),
        cursor: None,
        ..request.clone()
    };

    Asked {
        from: request.from.clone(),
        to: request.to.clone(),
        q: request.q.clone(),
        from_releases,
        to_releases,
        guides: if guides.len() > 1 {
            std::iter::once(all)
                .chain(guides.into_iter().map(guide))
                .collect()
        } else {
            Vec::new()
        },
        kept,
        swapped: site.compare(&swapped),
    }
}

/// Where a document was asked for by its source, people read its release.
fn name(asked: &mut String, document: &ComparedDocument) {
    if *asked == document.source {
        *asked = document
            .version
            .clone()
            .unwrap_or_else(|| document.doc_title.clone());
    }
}

fn same_release(one: &str, other: &str) -> bool {
    one.trim_start_matches('v')
        .eq_ignore_ascii_case(other.trim().trim_start_matches('v'))
}

fn page(
    site: Site,
    request: &CompareRequest,
    mut asked: Asked,
    answer: CompareAnswer,
) -> ComparePage {
    if let [pair] = answer.pairs.as_slice() {
        name(&mut asked.from, &pair.from);
        name(&mut asked.to, &pair.to);
    }

    let document = |document: &ComparedDocument| {
        Link::new(document.doc_title.clone(), site.local(&document.url))
    };

    let release = |document: &ComparedDocument| {
        let text = document
            .version
            .clone()
            .unwrap_or_else(|| document.source.clone());
        Link::new(text, site.local(&document.url))
    };

    let at = |cursor: Option<String>| {
        site.compare(&CompareRequest {
            cursor,
            ..request.clone()
        })
    };

    let pair = |pair: &crate::ComparedPair| PairView {
        title: pair.to.doc_title.clone(),
        from: release(&pair.from),
        to: release(&pair.to),
        unchanged: pair.unchanged,
        moved: pair.moved,
        changed: pair.changed,
        added: pair.added,
        removed: pair.removed,
    };

    ComparePage {
        pairs: answer.pairs.iter().map(pair).collect(),
        only_from: answer.only_from.iter().map(document).collect(),
        only_to: answer.only_to.iter().map(document).collect(),
        first: request.cursor.is_some().then(|| at(None)),
        next: answer.next_cursor.map(|cursor| at(Some(cursor))),
        for_programs: site.compare_api(request),
        changes: answer
            .changes
            .into_iter()
            .map(|change| view(&site, change))
            .collect(),
        notices: answer.notices,
        asked,
        site,
    }
}

fn view(site: &Site, change: Change) -> ChangeView {
    let (kind, word) = match change.kind {
        ChangeKind::Added => ("added", "New"),
        ChangeKind::Removed => ("removed", "Gone"),
        ChangeKind::Changed => ("changed", "Changed"),
    };

    let place = |text: &ComparedText, side: &str| {
        let place = page_words(text.page, text.page_label.as_deref())
            .unwrap_or_else(|| "Section".to_owned());
        Link::new(format!("{side} {place}"), site.local(&text.url))
    };

    let mut places = Vec::new();
    places.extend(change.from.as_ref().map(|text| place(text, "Before:")));
    places.extend(change.to.as_ref().map(|text| place(text, "Now:")));

    // In a block of code every letter counts.
    let is_code = change
        .from
        .iter()
        .chain(&change.to)
        .any(|text| fence::of(&text.text).is_some());

    let shown = |text: &str| {
        if is_code {
            text.to_owned()
        } else {
            plain(text)
        }
    };

    let runs = |words: Vec<WordRun>| -> Vec<Run> {
        words
            .into_iter()
            .map(|run| Run {
                op: run.op,
                text: shown(&run.text),
            })
            .collect()
    };

    let cell = |cell: CellChange| Cell {
        column: cell.column,
        runs: runs(cell.words),
    };

    let whole = |text: &ComparedText, op: WordOp| {
        vec![Run {
            op,
            text: shown(&text.text),
        }]
    };

    let runs = match (change.kind, &change.from, &change.to) {
        (ChangeKind::Added, _, Some(text)) => whole(text, WordOp::Added),
        (ChangeKind::Removed, Some(text), _) => whole(text, WordOp::Removed),
        _ => runs(change.words),
    };

    ChangeView {
        kind,
        word,
        headings: change.headings,
        places,
        runs,
        cells: change.cells.into_iter().map(cell).collect(),
    }
}

/// Without the marks of headings, strong words and code within a line, which say nothing here.
fn plain(text: &str) -> String {
    text.trim_start_matches('#')
        .trim_start()
        .replace("**", "")
        .replace('`', "")
}

/// How many changes a page shows, for its title.
impl ComparePage {
    fn is_whole(&self) -> bool {
        self.first.is_none() && self.next.is_none() && self.changes.len() <= DEFAULT_CHANGES
    }
}
