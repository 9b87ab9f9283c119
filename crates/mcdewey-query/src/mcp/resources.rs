//! Pages and passages as resources, for clients that attach documents instead of calling tools.

use mcdewey_core::{SourcePath, Visibility};
use percent_encoding::percent_decode_str;
use rmcp::model::{
    CompleteRequestParams, CompleteResult, CompletionInfo, ListResourcesResult, ReadResourceResult,
    Reference, Resource, ResourceContents, ResourceTemplate,
};

use super::budget::{self, Counter, blocking};
use super::envelope::RESERVE;
use super::fence::{label, line, meant, quoted_label, shown_name};
use super::prompts;
use super::readable::{self, Of};
use super::wire::TextPart;
use crate::place::printed;
use crate::search::cursor;
use crate::{DocumentAnswer, DocumentEntry, Library, PageSelector, QueryError, VersionEntry};

const SCHEME: &str = "mcdewey://";
const PAGE_TEMPLATE: &str = "mcdewey://{+source}/page/{page}";
const CHUNK_TEMPLATE: &str = "mcdewey://chunk/{chunk_id}";
const MARKDOWN: &str = "text/markdown";

/// What addresses look like.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    let template = |uri: &str, name: &str, title: &str, description: &str| {
        ResourceTemplate::new(uri, name)
            .with_title(title)
            .with_description(description)
            .with_mime_type(MARKDOWN)
    };

    vec![
        template(
            PAGE_TEMPLATE,
            "page",
            "Page of a document",
            "A whole page, or a section by its place, as Markdown",
        ),
        template(
            CHUNK_TEMPLATE,
            "chunk",
            "Passage",
            "A passage by chunk id or handle, as Markdown",
        ),
    ]
}

/// Documents of one page of the list.
const LISTED: usize = 100;

/// Documents, as many as one answer holds, and where the list goes on.
pub(super) async fn list(
    library: &Library,
    cursor: Option<&str>,
    visibility: &Visibility,
) -> Result<ListResourcesResult, QueryError> {
    let state = library.state().await?;
    let offset = cursor.map_or(Ok(0), |cursor| cursor::opened(cursor, &"resources", &state))?;
    let whole = library.library(visibility).await?;

    let versions = whole
        .vendors
        .iter()
        .flat_map(|vendor| &vendor.products)
        .flat_map(|product| &product.versions);

    let mut documents: Vec<_> = versions
        .flat_map(|version| version.guides.iter().map(move |guide| (version, guide)))
        .flat_map(|(version, guide)| {
            guide
                .documents
                .iter()
                .map(move |document| (version, document))
        })
        .collect();

    documents.sort_by(|(_, a), (_, b)| a.source.cmp(&b.source));
    documents.dedup_by(|(_, a), (_, b)| a.source == b.source);
    let more = documents.len() > offset + LISTED;

    let resource = |(version, document): &(&VersionEntry, &DocumentEntry)| {
        let uri = format!("{SCHEME}{}", encoded(&document.source));
        let title = label(&document.doc_title);
        let release = version
            .version
            .as_deref()
            .map(|version| format!("version {}, ", quoted_label(version)));

        let description = format!(
            "{}{} pages or sections",
            release.unwrap_or_default(),
            document.pages
        );

        Resource::new(uri, shown_name(&document.source))
            .with_title(title)
            .with_description(description)
            .with_mime_type(MARKDOWN)
    };

    let mut listed = ListResourcesResult::with_all_items(
        documents
            .iter()
            .skip(offset)
            .take(LISTED)
            .map(resource)
            .collect(),
    );

    listed.next_cursor = more.then(|| cursor::sealed(&"resources", &state, offset + LISTED));
    Ok(listed)
}

/// A source as an address has it: its slashes stay.
fn encoded(source: &str) -> String {
    source
        .split('/')
        .map(crate::links::encode)
        .collect::<Vec<_>>()
        .join("/")
}

/// What an address names.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    /// A document: what it is, and its contents with the addresses of their pages.
    Document(String),
    Page {
        source: String,
        page: u32,
    },
    Chunk(String),
}

impl Address {
    fn parse(uri: &str) -> Result<Self, QueryError> {
        let unknown = || {
            QueryError::NotFound(format!(
                "no resource {uri:?}; addresses look like {PAGE_TEMPLATE} or {CHUNK_TEMPLATE}"
            ))
        };

        let path = uri.strip_prefix(SCHEME).ok_or_else(unknown)?;
        if let Some((source, page)) = path.rsplit_once("/page/") {
            let page = page.parse().map_err(|_| unknown())?;
            return Ok(Self::Page {
                source: decoded(source).ok_or_else(unknown)?,
                page,
            });
        }

        let Some(id) = path.strip_prefix("chunk/") else {
            let source = decoded(path).filter(|source| !source.is_empty());
            return source.map(Self::Document).ok_or_else(unknown);
        };

        // A chunk id has percent signs of its own; written into an address without encoding it is taken as it is.
        let raw = id.contains("::");
        Ok(Self::Chunk(if raw {
            id.to_owned()
        } else {
            decoded(id).ok_or_else(unknown)?
        }))
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// The text behind an address, quoted; cut at the largest budget.
pub(super) async fn read(
    library: &Library,
    uri: &str,
    visibility: &Visibility,
) -> Result<ReadResourceResult, QueryError> {
    let (source, part) = match Address::parse(uri)? {
        Address::Document(source) => {
            let document = library.document(&source, visibility).await?;
            (
                source,
                TextPart {
                    text: contents(&document),
                    ..TextPart::default()
                },
            )
        }
        Address::Page { source, page } => {
            let found = library
                .page(&source, &PageSelector::Number(page), visibility)
                .await?;
            let page_label = printed(found.page.page, found.page.page_label.as_deref());
            let (page, section) = (found.page.page, found.page.section);

            (
                source,
                TextPart {
                    page,
                    page_label,
                    section,
                    chunk_id: None,
                    text: found.text,
                },
            )
        }
        Address::Chunk(id) => {
            let hit = library.chunk(&id, 0, visibility).await?.chunk;
            let page_label = printed(hit.page, hit.page_label.as_deref());
            let chunk_id = Some(hit.chunk_id);

            (
                hit.source,
                TextPart {
                    page: hit.page,
                    page_label,
                    section: hit.section,
                    chunk_id,
                    text: hit.text,
                },
            )
        }
    };

    let counter = Counter::new(library);
    let uri = uri.to_owned();
    blocking(move || fit(&counter, &uri, &source, part)).await
}

/// A document's title, release and contents.
fn contents(document: &DocumentAnswer) -> String {
    let mut text = format!("# {}\n", line(&document.doc_title));
    let facts = [
        &document.vendor,
        &document.product,
        &document.version,
        &document.updated,
    ];

    let facts: Vec<String> = facts.into_iter().flatten().map(|fact| line(fact)).collect();
    if !facts.is_empty() {
        text.push_str(&format!("\n{}\n", facts.join(" · ")));
    }

    text.push('\n');
    let source = encoded(&document.source);
    for entry in &document.outline {
        let place = document
            .pages
            .iter()
            .position(|page| page.page == entry.page && page.section == entry.section);

        let page = entry
            .page
            .or_else(|| place.and_then(|place| u32::try_from(place + 1).ok()));
        let indent = "  ".repeat(usize::from(entry.level.saturating_sub(1)).min(5));
        let address = page
            .map(|page| format!(" <{SCHEME}{source}/page/{page}>"))
            .unwrap_or_default();
        text.push_str(&format!("{indent}- {}{address}\n", label(&entry.title)));
    }

    text
}

fn fit(
    counter: &Counter,
    uri: &str,
    source: &str,
    mut part: TextPart,
) -> Result<ReadResourceResult, QueryError> {
    let mut limit = budget::MAX;
    let mut note = "";
    loop {
        let text = format!(
            "{}{note}",
            readable::quoted(
                &Of {
                    source,
                    ..Of::default()
                },
                &part
            )
        );

        let contents = ResourceContents::text(text, uri).with_mime_type(MARKDOWN);
        let result = ReadResourceResult::new(vec![contents]);

        let measured = counter.json(&result)? + 2 * RESERVE;
        if measured <= budget::MAX {
            return Ok(result);
        }

        if limit == 0 {
            let message =
                "the address leaves no room for the text; use read_doc, or the passage's handle";
            return Err(QueryError::InvalidRequest(message.to_owned()));
        }

        limit = counter
            .count(&part.text)?
            .saturating_sub(measured - budget::MAX);
        part.text = counter.beginning(&part.text, limit)?.to_owned();
        note = "\n\nNote: the text is cut; read_doc goes on with source and page";
    }
}

/// Sources, and the pages of a source, for what was typed so far.
pub(super) async fn complete(
    library: &Library,
    request: &CompleteRequestParams,
    visibility: &Visibility,
) -> Result<CompleteResult, QueryError> {
    let template = match &request.r#ref {
        Reference::Prompt(prompt) => {
            let values = prompts::complete(library, &prompt.name, request, visibility).await?;
            return Ok(CompleteResult::new(shown(values)?));
        }
        Reference::Resource(template) => template.uri.as_str(),
        // There is no third kind; the protocol's library leaves room for one.
        _ => "",
    };

    if ![PAGE_TEMPLATE, CHUNK_TEMPLATE].contains(&template) {
        let message =
            format!("no resource template {template:?}; known: {PAGE_TEMPLATE}, {CHUNK_TEMPLATE}");
        return Err(QueryError::InvalidRequest(message));
    }

    let argument = &request.argument;
    let source = request
        .context
        .as_ref()
        .and_then(|context| context.get_argument("source"));
    let source = source.map(|source| meant(source));

    let values = match (template, argument.name.as_str(), source) {
        (PAGE_TEMPLATE, "source", _) => {
            let found = sources(library, &meant(&argument.value), visibility).await?;
            found.iter().map(|source| shown_name(source)).collect()
        }
        (CHUNK_TEMPLATE, "chunk_id", _) => chunks(library, &argument.value, visibility).await?,
        (PAGE_TEMPLATE, "page", Some(source)) => pages(
            &library.document(&source, visibility).await?,
            &argument.value,
        ),
        _ => Vec::new(),
    };

    Ok(CompleteResult::new(shown(values)?))
}

fn shown(mut values: Vec<String>) -> Result<CompletionInfo, QueryError> {
    let total = u32::try_from(values.len()).ok();
    let more = values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_pagination(values, total, more).map_err(QueryError::Internal)
}

/// Sources that begin with what was typed, then those that have it elsewhere.
async fn sources(
    library: &Library,
    typed: &str,
    visibility: &Visibility,
) -> Result<Vec<String>, QueryError> {
    let whole = library.library(visibility).await?;
    let products = whole.vendors.into_iter().flat_map(|vendor| vendor.products);
    let guides = products
        .flat_map(|product| product.versions)
        .flat_map(|version| version.guides);
    let typed = typed.to_lowercase();
    let place = |source: &String| source.to_lowercase().find(&typed);

    let mut found: Vec<(bool, String)> = guides
        .flat_map(|guide| guide.documents)
        .map(|document| document.source)
        .filter_map(|source| place(&source).map(|at| (at > 0, source)))
        .collect();

    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|(_, source)| source).collect())
}

/// The passages of the document whose id was typed as far as its number.
async fn chunks(
    library: &Library,
    typed: &str,
    visibility: &Visibility,
) -> Result<Vec<String>, QueryError> {
    let beginning = |source: &str| {
        let prefix = source
            .parse()
            .map(|source: SourcePath| source.chunk_prefix());
        prefix
            .map(|prefix| format!("{prefix}::"))
            .unwrap_or_default()
    };

    let found = sources(library, "", visibility).await?;
    let Some(source) = found
        .iter()
        .find(|source| typed.starts_with(&beginning(source)))
    else {
        let begun = found
            .iter()
            .map(|source| beginning(source))
            .filter(|id| id.starts_with(typed));
        return Ok(begun.collect());
    };

    let chunks = library.document(source, visibility).await?.chunks;
    let ids = (0..chunks).map(|ordinal| format!("{}{ordinal}", beginning(source)));
    Ok(ids.filter(|id| id.starts_with(typed)).collect())
}

fn pages(document: &DocumentAnswer, typed: &str) -> Vec<String> {
    let number = |(place, page): (usize, &crate::PageItem)| match page.page {
        Some(page) => page.to_string(),
        None => (place + 1).to_string(),
    };

    document
        .pages
        .iter()
        .enumerate()
        .map(number)
        .filter(|number| number.starts_with(typed.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_the_largest_budget_and_an_address_beyond_it_refused() {
        let embed = mcdewey_core::testing::FakeEmbed::new(&[]);
        let index = mcdewey_core::testing::MemoryIndex::new();
        let counter = Counter::new(&Library::new(
            std::sync::Arc::new(index),
            std::sync::Arc::new(embed),
            "",
        ));

        let part = || TextPart {
            page: Some(1),
            text: "word ".repeat(30_000),
            ..TextPart::default()
        };

        let cut = fit(&counter, "mcdewey://a.md/page/1", "a.md", part()).unwrap();
        assert!(counter.json(&cut).unwrap() <= budget::MAX);
        let refused = fit(&counter, &"mcdewey:// ".repeat(30_000), "a.md", part());
        assert!(matches!(refused, Err(QueryError::InvalidRequest(_))));
    }

    #[test]
    fn addresses_name_pages_and_passages() {
        let page = |source: &str, page| Address::Page {
            source: source.to_owned(),
            page,
        };
        let parsed = |uri: &str| Address::parse(uri).ok();
        assert_eq!(
            parsed("mcdewey://a/v1.2/b.md/page/118"),
            Some(page("a/v1.2/b.md", 118))
        );
        assert_eq!(
            parsed("mcdewey://a%2Fb%20c.md/page/1"),
            Some(page("a/b c.md", 1))
        );
        assert_eq!(parsed("mcdewey://chunk/x/page/2"), Some(page("chunk/x", 2)));
        assert_eq!(
            parsed("mcdewey://chunk/a::b%20c::7"),
            Some(Address::Chunk("a::b%20c::7".to_owned()))
        );
        assert_eq!(
            parsed("mcdewey://chunk/a%3A%3Ab%2520c%3A%3A7"),
            Some(Address::Chunk("a::b%20c::7".to_owned()))
        );
        assert_eq!(
            parsed("mcdewey://chunk/3fa2b1c9"),
            Some(Address::Chunk("3fa2b1c9".to_owned()))
        );
        assert_eq!(
            parsed("mcdewey://a/b%20c.md"),
            Some(Address::Document("a/b c.md".to_owned()))
        );

        for bad in [
            "file:///etc/passwd",
            "mcdewey://",
            "mcdewey://a.md/page/x",
            "mcdewey://a%FF/page/1",
            "",
        ] {
            assert!(
                matches!(Address::parse(bad), Err(QueryError::NotFound(_))),
                "{bad}"
            );
        }
    }
}
