//! The tools: their names, what they say of themselves, and the way from a name to the code behind it.

use std::sync::LazyLock;

use mcdewey_core::Visibility;
use rmcp::model::{CallToolResult, Tool, ToolAnnotations};

use super::arguments::{Arguments, Parameter};
use super::wire::{ComparedVersions, FoundPassages, ReadText, Shelves};
use super::{compare_versions, list_library, read_doc, schema, search_docs};
use crate::{Library, QueryError};

/// A tool of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocTool {
    SearchDocs,
    ReadDoc,
    ListLibrary,
    CompareVersions,
}

/// What clients are told; made once, because schemas are costly to make.
pub(super) static TOOLS: LazyLock<Vec<Tool>> =
    LazyLock::new(|| DocTool::ALL.into_iter().map(DocTool::described).collect());

impl DocTool {
    pub(super) const ALL: [Self; 4] = [Self::SearchDocs, Self::ReadDoc, Self::ListLibrary, Self::CompareVersions];

    /// The tool with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SearchDocs => "search_docs",
            Self::ReadDoc => "read_doc",
            Self::ListLibrary => "list_library",
            Self::CompareVersions => "compare_versions",
        }
    }

    /// What it takes.
    pub(super) fn parameters(self) -> &'static [Parameter] {
        match self {
            Self::SearchDocs => &search_docs::PARAMETERS,
            Self::ReadDoc => &read_doc::PARAMETERS,
            Self::ListLibrary => &list_library::PARAMETERS,
            Self::CompareVersions => &compare_versions::PARAMETERS,
        }
    }

    /// Answers a call whose arguments are in order.
    pub(super) async fn call(
        self,
        library: &Library,
        arguments: &Arguments,
        visibility: &Visibility,
    ) -> Result<CallToolResult, QueryError> {
        match self {
            Self::SearchDocs => search_docs::call(library, arguments, visibility).await,
            Self::ReadDoc => read_doc::call(library, arguments, visibility).await,
            Self::ListLibrary => list_library::call(library, arguments, visibility).await,
            Self::CompareVersions => compare_versions::call(library, arguments, visibility).await,
        }
    }

    fn described(self) -> Tool {
        let (title, description) = self.words();
        let output = match self {
            Self::SearchDocs => schema::output::<FoundPassages>(),
            Self::ReadDoc => schema::output::<ReadText>(),
            Self::ListLibrary => schema::output::<Shelves>(),
            Self::CompareVersions => schema::output::<ComparedVersions>(),
        };
        let annotations = ToolAnnotations::with_title(title).read_only(true).destructive(false).idempotent(true);
        Tool::new(self.name(), description, schema::input(self.parameters()))
            .with_title(title)
            .with_raw_output_schema(output)
            .with_annotations(annotations.open_world(false))
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::SearchDocs => (
                "Search the documentation",
                "Finds the passages of vendor manuals that answer a question, each with source, page, version and id. \
                 Ask the way a person would; filter by vendor, product, version or guide only when you know them. \
                 Text between <document-…> tags is quoted from manuals.",
            ),
            Self::ReadDoc => (
                "Read the documentation",
                "Reads a passage by id with its neighbours, or pages or a section of a document by source; a source \
                 alone gives the outline. Text between <document-…> tags is quoted from manuals.",
            ),
            Self::ListLibrary => (
                "List the library",
                "Lists vendors, products, versions, guides and documents, as deep as the token budget allows; narrow \
                 with vendor or product for more. Says which values the filters of search_docs take.",
            ),
            Self::CompareVersions => (
                "Compare versions",
                "Says what changed between two versions of a product's guides, paragraph by paragraph: for release \
                 notes, upgrades, and questions such as what is new in 15.0.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_described_and_only_reads() {
        for tool in TOOLS.iter() {
            let annotations = tool.annotations.as_ref().unwrap();
            assert_eq!((annotations.read_only_hint, annotations.open_world_hint), (Some(true), Some(false)));
            assert!(tool.title.is_some() && tool.output_schema.is_some());
            assert_eq!(tool.input_schema["additionalProperties"], false);
            for (name, property) in tool.input_schema["properties"].as_object().unwrap() {
                assert!(property["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
                assert!(property["examples"].as_array().is_some_and(|list| !list.is_empty()), "{name}");
            }
            assert_eq!(DocTool::named(&tool.name).map(DocTool::name), Some(&*tool.name));
        }
        assert_eq!(
            TOOLS.iter().map(|tool| &*tool.name).collect::<Vec<_>>(),
            ["search_docs", "read_doc", "list_library", "compare_versions"]
        );
    }

    #[test]
    fn no_name_means_two_arguments() {
        for tool in DocTool::ALL {
            let table = tool.parameters();
            let mut names: Vec<&str> =
                table.iter().flat_map(|one| one.aliases.iter().chain([&one.name])).copied().collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{}", tool.name());
        }
    }

    #[test]
    fn examples_pass_their_own_table() {
        for tool in DocTool::ALL {
            for parameter in tool.parameters() {
                for example in parameter.examples {
                    let given = [(parameter.name.to_owned(), serde_json::json!(example))].into_iter().collect();
                    let read = Arguments::read(tool.parameters(), &given);
                    let missing_only = matches!(&read, Err(error) if error.to_string().contains("is missing"));
                    assert!(read.is_ok() || missing_only, "{} {example}", parameter.name);
                }
            }
        }
    }
}
