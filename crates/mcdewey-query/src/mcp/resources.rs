//! Documents, pages and passages as resources, for clients that attach documents instead of calling
//! tools.

use mcdewey_core::{
    ChunkId, Document, DocumentSummary, OutlineEntry, PageNumber, PageRef, SourcePath, Visibility,
};
use mcdewey_search::{
    Cursors, LibrarySnapshot, LibraryTree, PageSelector, QueryError, VersionNode,
};
use percent_encoding::percent_decode_str;
use rmcp::model::{
    CompleteRequestParams, CompleteResult, CompletionInfo, ListResourcesResult, ReadResourceResult,
    Reference, Resource, ResourceContents, ResourceTemplate,
};

use super::budget::{self, TokenCounter, counting};
use super::envelope::MESSAGE_OVERHEAD_TOKENS;
use super::fence::{encoded_name, label, meant, quoted_label, single_line};
use super::prompts;
use super::readable::{self, DocumentAttributes};
use super::wire::TextPart;
use crate::ServedLibrary;
use crate::page_label::printed;

const SCHEME: &str = "mcdewey://";
const PAGE_TEMPLATE: &str = "mcdewey://{+source}/page/{page}";
const CHUNK_TEMPLATE: &str = "mcdewey://chunk/{chunk_id}";
const MARKDOWN: &str = "text/markdown";
/// Number of documents per page of the list.
const LIST_PAGE_SIZE: usize = 100;

/// Returns the URI templates of pages and passages.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(PAGE_TEMPLATE, "page")
            .with_title("Page of a document")
            .with_description("A whole page, or a section by its position, as Markdown")
            .with_mime_type(MARKDOWN),
        ResourceTemplate::new(CHUNK_TEMPLATE, "chunk")
            .with_title("Passage")
            .with_description("A passage by chunk id or handle, as Markdown")
            .with_mime_type(MARKDOWN),
    ]
}

/// Returns one page of the list of documents, and the cursor to the next one.
pub(super) async fn list(
    library: &ServedLibrary,
    cursor: Option<&str>,
    visibility: &Visibility,
) -> Result<ListResourcesResult, QueryError> {
    let snapshot = library.at(visibility).await?;
    let cursors = Cursors::new(&"resources", snapshot.state());
    let offset = cursor.map_or(Ok(0), |cursor| cursors.offset(cursor))?;

    let contents = snapshot.tree().await?;
    let versions = contents
        .vendors
        .iter()
        .flat_map(|vendor| &vendor.products)
        .flat_map(|product| &product.versions);

    let mut documents: Vec<(&VersionNode, &DocumentSummary)> = versions
        .flat_map(|version| version.guides.iter().map(move |guide| (version, guide)))
        .flat_map(|(version, guide)| {
            guide
                .documents
                .iter()
                .map(move |document| (version, document))
        })
        .collect();

    documents.sort_by(|(_, a), (_, b)| a.meta.source.cmp(&b.meta.source));
    documents.dedup_by(|(_, a), (_, b)| a.meta.source == b.meta.source);
    let has_more = documents.len() > offset + LIST_PAGE_SIZE;

    let mut listed = ListResourcesResult::with_all_items(
        documents
            .iter()
            .skip(offset)
            .take(LIST_PAGE_SIZE)
            .map(|(version, document)| document_resource(version, document))
            .collect(),
    );

    listed.next_cursor = has_more.then(|| cursors.at(offset + LIST_PAGE_SIZE));
    Ok(listed)
}

fn document_resource(node: &VersionNode, document: &DocumentSummary) -> Resource {
    let meta = &document.meta;
    let uri = format!("{SCHEME}{}", encode_source(&meta.source));
    let version = node
        .version
        .as_ref()
        .map(|version| format!("version {}, ", quoted_label(&version.label)));

    let unit = if document.pages == 1 {
        "page or section"
    } else {
        "pages or sections"
    };

    let description = format!("{}{} {unit}", version.unwrap_or_default(), document.pages);

    Resource::new(uri, encoded_name(meta.source.as_str()))
        .with_title(label(&meta.title))
        .with_description(description)
        .with_mime_type(MARKDOWN)
}

/// Percent-encodes a source for a URI, its slashes excepted.
fn encode_source(source: &SourcePath) -> String {
    source
        .as_str()
        .split('/')
        .map(crate::links::encode)
        .collect::<Vec<_>>()
        .join("/")
}

/// A parsed resource URI.
#[derive(Debug, PartialEq, Eq)]
enum ResourceUri {
    /// A document: its metadata, and its outline with the URIs of the pages.
    Document(String),
    Page {
        source: String,
        page: u32,
    },
    Chunk(String),
}

impl ResourceUri {
    fn parse(uri: &str) -> Result<Self, QueryError> {
        let unknown = || {
            QueryError::NotFound(format!(
                "no resource {uri:?}; URIs have the form {PAGE_TEMPLATE} or {CHUNK_TEMPLATE}"
            ))
        };

        let path = uri.strip_prefix(SCHEME).ok_or_else(unknown)?;
        if let Some((source, page)) = path.rsplit_once("/page/") {
            let page = page.parse().map_err(|_| unknown())?;
            return Ok(Self::Page {
                source: percent_decode(source).ok_or_else(unknown)?,
                page,
            });
        }

        let Some(id) = path.strip_prefix("chunk/") else {
            let source = percent_decode(path).filter(|source| !source.is_empty());
            return source.map(Self::Document).ok_or_else(unknown);
        };

        // Chunk ids may contain percent signs. An id with `::` was put into the URI without
        // encoding.
        let is_raw = id.contains("::");
        Ok(Self::Chunk(if is_raw {
            id.to_owned()
        } else {
            percent_decode(id).ok_or_else(unknown)?
        }))
    }
}

fn percent_decode(text: &str) -> Option<String> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// Returns the text of a resource, quoted, and truncated to the largest budget.
pub(super) async fn read(
    library: &ServedLibrary,
    uri: &str,
    visibility: &Visibility,
) -> Result<ReadResourceResult, QueryError> {
    let resource = ResourceUri::parse(uri)?;
    let snapshot = library.at(visibility).await?;
    let (source, part) = match resource {
        ResourceUri::Document(source) => {
            let document = snapshot.document(&source).await?;
            let part = TextPart {
                text: table_of_contents(&document),
                ..TextPart::default()
            };
            (source, part)
        }
        ResourceUri::Page { source, page } => {
            let selector = PageSelector::Number(page);
            let found = snapshot.page(&source, &selector).await?;
            let page = found.page().clone();
            (source, part(&page, None, found.text))
        }
        ResourceUri::Chunk(id) => {
            let chunk = snapshot.chunk(&id).await?;
            let source = chunk.document.source.to_string();
            (source, part(&chunk.page, Some(chunk.chunk_id), chunk.text))
        }
    };

    let uri = uri.to_owned();
    counting(library, move |counter| fit(counter, &uri, &source, part)).await
}

/// Returns text of a page. Only its quotation is sent, which encodes label and section.
fn part(page: &PageRef, chunk_id: Option<ChunkId>, text: String) -> TextPart {
    let number = page.physical_page();
    TextPart {
        page: number,
        page_label: printed(number, page.label.as_deref()),
        section: page.section_slug().map(str::to_owned),
        chunk_id,
        text,
    }
}

/// Renders a document's title, metadata and outline, with the URIs of its pages.
fn table_of_contents(document: &Document) -> String {
    let meta = &document.meta;
    let mut text = format!("# {}\n", single_line(&meta.title));
    let metadata = [
        meta.facets.vendor.clone(),
        meta.facets.product.clone(),
        meta.facets.version_label(),
        meta.updated.clone(),
    ];

    let metadata: Vec<String> = metadata
        .iter()
        .flatten()
        .map(|value| single_line(value))
        .collect();
    if !metadata.is_empty() {
        text.push_str(&format!("\n{}\n", metadata.join(" · ")));
    }

    text.push('\n');
    let source = encode_source(&meta.source);
    for entry in &document.outline {
        let indent = "  ".repeat(usize::from(entry.level.saturating_sub(1)).min(5));
        let uri = page_number(document, entry)
            .map(|page| format!(" <{SCHEME}{source}/page/{page}>"))
            .unwrap_or_default();
        text.push_str(&format!("{indent}- {}{uri}\n", label(&entry.title)));
    }

    text
}

/// Returns the number of the page or section of a heading; `None` if there is no such section.
fn page_number(document: &Document, entry: &OutlineEntry) -> Option<PageNumber> {
    let exists = || document.pages.iter().any(|page| page.number == entry.page);
    (document.meta.paged || exists()).then_some(entry.page)
}

fn fit(
    counter: &TokenCounter,
    uri: &str,
    source: &str,
    mut part: TextPart,
) -> Result<ReadResourceResult, QueryError> {
    let document = DocumentAttributes {
        source,
        ..DocumentAttributes::default()
    };

    let mut limit = budget::MAX;
    let mut note = "";
    loop {
        let text = format!("{}{note}", readable::quote_part(&document, &part));

        let contents = ResourceContents::text(text, uri).with_mime_type(MARKDOWN);
        let result = ReadResourceResult::new(vec![contents]);

        let measured = counter.json(&result)? + 2 * MESSAGE_OVERHEAD_TOKENS;
        if measured <= budget::MAX {
            return Ok(result);
        }

        if limit == 0 {
            let message = "the URI is too long for a response with text; \
                 use read_doc, or the passage's handle";
            return Err(QueryError::InvalidRequest(message.to_owned()));
        }

        limit = counter
            .count(&part.text)?
            .saturating_sub(measured - budget::MAX);
        part.text = counter.truncate(&part.text, limit)?.to_owned();
        note = "\n\nNote: the text is cut; continue with read_doc, source and page";
    }
}

/// Completes the arguments of templates and prompts.
pub(super) async fn complete(
    library: &ServedLibrary,
    request: &CompleteRequestParams,
    visibility: &Visibility,
) -> Result<CompleteResult, QueryError> {
    let template = match &request.r#ref {
        Reference::Prompt(prompt) => {
            let values = prompts::complete(library, &prompt.name, request, visibility).await?;
            return Ok(CompleteResult::new(completion(values)?));
        }
        Reference::Resource(template) => template.uri.as_str(),
        // The protocol has no third kind, but rmcp's enum is non-exhaustive.
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
            let contents = library.at(visibility).await?.tree().await?;
            let found = matching_sources(&contents, &meant(&argument.value));
            found
                .into_iter()
                .map(|source| encoded_name(source.as_str()))
                .collect()
        }
        (CHUNK_TEMPLATE, "chunk_id", _) => {
            complete_chunk_ids(&library.at(visibility).await?, &argument.value).await?
        }
        (PAGE_TEMPLATE, "page", Some(source)) => {
            let document = library.at(visibility).await?.document(&source).await?;
            complete_pages(&document, &argument.value)
        }
        _ => Vec::new(),
    };

    Ok(CompleteResult::new(completion(values)?))
}

/// Returns the first values, as many as the protocol allows, with their total number.
fn completion(mut values: Vec<String>) -> Result<CompletionInfo, QueryError> {
    let total = u32::try_from(values.len()).ok();
    let has_more = values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_pagination(values, total, has_more).map_err(QueryError::Internal)
}

/// Returns the sources that start with `typed`, then those that contain it elsewhere, ignoring
/// case.
fn matching_sources<'a>(contents: &'a LibraryTree, typed: &str) -> Vec<&'a SourcePath> {
    let typed = typed.to_lowercase();
    let mut found: Vec<(bool, &SourcePath)> = contents
        .guides()
        .flat_map(|guide| &guide.documents)
        .filter_map(|document| {
            let source = &document.meta.source;
            let position = source.as_str().to_lowercase().find(&typed)?;
            Some((position > 0, source))
        })
        .collect();

    found.sort();
    found.dedup();
    found.into_iter().map(|(_, source)| source).collect()
}

/// Completes a chunk id: first up to the ordinal, then with the ordinals of the document that was
/// typed.
async fn complete_chunk_ids(
    snapshot: &LibrarySnapshot<'_>,
    typed: &str,
) -> Result<Vec<String>, QueryError> {
    let contents = snapshot.tree().await?;
    let sources = matching_sources(&contents, "");
    let Some(source) = sources
        .iter()
        .find(|source| typed.starts_with(&chunk_id_prefix(source)))
    else {
        return Ok(sources
            .into_iter()
            .map(chunk_id_prefix)
            .filter(|prefix| prefix.starts_with(typed))
            .collect());
    };

    let prefix = chunk_id_prefix(source);
    let chunks = snapshot.document(source.as_str()).await?.chunks;
    Ok((0..chunks)
        .map(|ordinal| format!("{prefix}{ordinal}"))
        .filter(|id| id.starts_with(typed))
        .collect())
}

/// Returns the chunk ids of a source up to the ordinal.
fn chunk_id_prefix(source: &SourcePath) -> String {
    format!("{}::", source.chunk_prefix())
}

/// Returns the page numbers, or section positions, that start with `typed`.
fn complete_pages(document: &Document, typed: &str) -> Vec<String> {
    document
        .pages
        .iter()
        .map(|page| page.number.to_string())
        .filter(|number| number.starts_with(typed.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_truncated_to_the_largest_budget_and_a_longer_uri_is_rejected() {
        let embed = mcdewey_core::testing::FakeEmbed::new(&[]);
        let index = mcdewey_core::testing::MemoryIndex::new();
        let counter = TokenCounter::new(&ServedLibrary::new(
            mcdewey_search::Library::new(std::sync::Arc::new(index), std::sync::Arc::new(embed)),
            "",
        ));

        let part = || TextPart {
            page: Some(1),
            text: "word ".repeat(30_000),
            ..TextPart::default()
        };

        let truncated = fit(&counter, "mcdewey://a.md/page/1", "a.md", part()).unwrap();
        assert!(counter.json(&truncated).unwrap() <= budget::MAX);
        let rejected = fit(&counter, &"mcdewey:// ".repeat(30_000), "a.md", part());
        assert!(matches!(rejected, Err(QueryError::InvalidRequest(_))));
    }

    #[test]
    fn uris_name_documents_pages_and_passages() {
        let page = |source: &str, page| ResourceUri::Page {
            source: source.to_owned(),
            page,
        };
        let parse = |uri: &str| ResourceUri::parse(uri).ok();
        assert_eq!(
            parse("mcdewey://a/v1.2/b.md/page/118"),
            Some(page("a/v1.2/b.md", 118))
        );
        assert_eq!(
            parse("mcdewey://a%2Fb%20c.md/page/1"),
            Some(page("a/b c.md", 1))
        );
        assert_eq!(parse("mcdewey://chunk/x/page/2"), Some(page("chunk/x", 2)));
        assert_eq!(
            parse("mcdewey://chunk/a::b%20c::7"),
            Some(ResourceUri::Chunk("a::b%20c::7".to_owned()))
        );
        assert_eq!(
            parse("mcdewey://chunk/a%3A%3Ab%2520c%3A%3A7"),
            Some(ResourceUri::Chunk("a::b%20c::7".to_owned()))
        );
        assert_eq!(
            parse("mcdewey://chunk/3fa2b1c9"),
            Some(ResourceUri::Chunk("3fa2b1c9".to_owned()))
        );
        assert_eq!(
            parse("mcdewey://a/b%20c.md"),
            Some(ResourceUri::Document("a/b c.md".to_owned()))
        );

        for bad in [
            "file:///etc/passwd",
            "mcdewey://",
            "mcdewey://a.md/page/x",
            "mcdewey://a%FF/page/1",
            "",
        ] {
            assert!(
                matches!(ResourceUri::parse(bad), Err(QueryError::NotFound(_))),
                "{bad}"
            );
        }
    }
}
