//! Search requests: their parameters, each declared once, and their limits.

use serde::{Deserialize, Serialize};

use crate::QueryError;
use crate::parameter::{
    CommandForm, Declaration, Field, Kind, ParameterValue, Role, ToolArgument, declare_request,
};

/// The default number of hits on a page of results.
pub const DEFAULT_LIMIT: usize = 10;
/// The maximum number of hits on a page of results.
pub const MAX_LIMIT: usize = 50;
/// The default number of passages for a model: with their metadata, about what a default token
/// budget holds.
const DEFAULT_TOOL_LIMIT: usize = 6;
/// The maximum number of passages for a model.
const MAX_TOOL_LIMIT: usize = 20;
/// The maximum length of a question, in bytes: far more than a model reads, less than a document.
pub const MAX_QUESTION_BYTES: usize = 32 * 1024;
/// The maximum number of neighbours before and after a chunk.
pub const MAX_CONTEXT: u32 = 5;

/// Only documents of some vendors.
pub(crate) const VENDOR: Declaration = Declaration::facet(
    "Only these vendors; repeat the parameter or separate values with commas",
    "Cisco",
);
/// Only documents of some products.
pub(crate) const PRODUCT: Declaration =
    Declaration::facet("Only these products, by id, title or alias", "finesse");
/// Only some guides.
pub(crate) const GUIDE: Declaration =
    Declaration::facet("Only these guides", "developer-guide").for_models(GUIDE_ARGUMENT);
const GUIDE_ARGUMENT: ToolArgument =
    ToolArgument::new("Only this guide", &["developer-guide"]).or(&["guides"]);
/// Continues a previous request.
pub const CURSOR: Declaration = Declaration::text(
    Role::Continuation,
    "`next_cursor` of the previous response; all other parameters must stay the same",
    "",
)
.named("cursor")
.for_models(
    ToolArgument::new("next_cursor, to get more", &["6-0f3a9c2b71d84e65"]).or(&["next_cursor"]),
);

declare_request! {
    /// A question to the library.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(default)]
    pub struct SearchRequest {
        /// The question, in natural language.
        q: String = Declaration::new(
            Kind::Text { max_bytes: Some(MAX_QUESTION_BYTES) },
            Role::Question,
            "The question, in natural language or keywords; `\"a phrase\"` must occur, `-word` must not; at \
             most 32 KiB in UTF-8",
            "barge state in CCX",
        )
        .required()
        .for_models(
            ToolArgument::new(
                "The question in plain words, codes and names as written",
                &["barge state in CCX"],
            )
            .named("query")
            .or(&["q", "question", "text"]),
        )
        .for_terminals(CommandForm::Words { value_name: "QUESTION" }, "Question to search for");

        /// Which ranked lists are used.
        mode: Mode = Declaration::new(
            Kind::Choice { words: &Mode::NAMES, default: Some(Mode::NAMES[0]) },
            Role::Question,
            "`hybrid` combines semantic and keyword search; `dense` and `keyword` use only one of \
             them",
            "hybrid",
        )
        .for_models(
            ToolArgument::new("Both, semantic, or keyword", &["hybrid"]).or(&["search_mode"]),
        )
        .for_terminals(CommandForm::value("MODE"), "Search mode");

        /// Only these vendors, regardless of case.
        vendor: Vec<String> = VENDOR
            .for_models(ToolArgument::new("Only this vendor", &["Cisco"]).or(&["vendors"]))
            .for_terminals(
                CommandForm::value("VENDOR"),
                "Only documents of this vendor; may be repeated",
            );

        /// Only these products: ids, titles or aliases.
        product: Vec<String> = PRODUCT
            .for_models(
                ToolArgument::new("Only this product: id, title or alias", &["finesse", "CCX"])
                    .or(&["products"]),
            )
            .for_terminals(
                CommandForm::value("PRODUCT"),
                "Only documents of this product (id, title or alias); may be repeated",
            );

        /// Only these versions: `12.5`, `12.5.*`, `12.0..15.0`, `>=12.0 <15`, `latest`;
        /// alternatives are separated by commas. `any` searches all, also if the question names one.
        version: Option<String> = Declaration::new(
            Kind::Versions,
            Role::Filter,
            "Only these versions: `12.5`, `12.5.*`, `12.0..15.0`, `>=12.0 <15`, `latest`; `any` for all, \
             also if the question names one",
            "12.5",
        )
        .for_models(
            ToolArgument::new("This version, range, latest, any", &["12.5", ">=12.0 <15"])
                .or(&["ver", "release", "versions"]),
        )
        .for_terminals(
            CommandForm::value("VERSION"),
            "Only this version: 12.5, 12.5.*, 12.0..15.0, \">=12.0 <15\", latest; any for all, also if \
             the question names one",
        );

        /// With a version filter: exclude documents without a version.
        strict: bool = Declaration::flag(
            "With `version`: leave out documents that have no version",
        )
        .for_terminals(
            CommandForm::Flag,
            "With --version: leave out documents without a version",
        );

        /// Only these guides.
        guide: Vec<String> = GUIDE
            .for_terminals(CommandForm::value("GUIDE"), "Only this guide; may be repeated");

        /// Only these documents.
        source: Vec<String> = Declaration::new(
            Kind::Sources,
            Role::Filter,
            "Only these documents, by source; repeat the parameter for several",
            "finesse/v12.5/developer-guide/developer-guide.md",
        )
        .for_terminals(CommandForm::value("SOURCE"), "Only this document; may be repeated");

        /// The maximum number of hits, 1 to 50; 10 by default.
        limit: Option<usize> = Declaration::new(
            Kind::Number { min: 1, max: MAX_LIMIT, default: Some(DEFAULT_LIMIT) },
            Role::Extent,
            "Maximum number of hits",
            "3",
        )
        .for_models(
            ToolArgument::new("How many passages", &["6"])
                .or(&["top_k", "k", "n", "count", "max_results", "num_results"])
                .within(1, MAX_TOOL_LIMIT, DEFAULT_TOOL_LIMIT),
        )
        .for_terminals(CommandForm::value_or_letter("LIMIT", 'n'), "Maximum number of hits, 1 to 50");

        /// Where to continue: `next_cursor` of the previous answer.
        cursor: Option<String> = CURSOR
            .for_terminals(
                CommandForm::value("CURSOR"),
                "Continue from the `next_cursor` of a previous response",
            );

        /// `page`: at most one hit of each page or section, with the next ones under it.
        group: Option<Group> = Declaration::new(
            Kind::Choice { words: &Group::NAMES, default: None },
            Role::Extent,
            "`page`: at most one hit per page or section, with its next passages in `further`",
            "page",
        )
        .for_terminals(
            CommandForm::WordFlag { long: "group-by-page", word: Group::Page.name() },
            "Return at most one hit per page or section, with its next passages under it",
        );

        /// Explain for each hit how it was found.
        explain: bool = Declaration::flag("Include how each hit was found")
            .for_terminals(CommandForm::Flag, "Explain the score of each hit");

        /// Compare with every vector instead of using the approximate index.
        exact: bool = Declaration::flag(
            "Exact vector search: compare the question with every vector",
        )
        .for_terminals(
            CommandForm::Flag,
            "Compare with all vectors instead of using the approximate index",
        );
    }
}

/// Which ranked lists are used to answer a question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Semantic and keyword search, fused.
    #[default]
    Hybrid,
    /// Semantic search only.
    Dense,
    /// Keyword search only.
    Keyword,
}

impl Mode {
    /// All modes, the default first.
    pub const ALL: [Self; 3] = [Self::Hybrid, Self::Dense, Self::Keyword];
    /// The names of all modes, in the same order.
    pub const NAMES: [&str; Self::ALL.len()] = [
        Self::ALL[0].name(),
        Self::ALL[1].name(),
        Self::ALL[2].name(),
    ];

    /// The mode's name in URLs and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Dense => "dense",
            Self::Keyword => "keyword",
        }
    }
}

impl Field for Mode {
    fn value(&self) -> Option<ParameterValue> {
        (*self != Self::default()).then(|| ParameterValue::Text(self.name().to_owned()))
    }

    fn set(&mut self, value: ParameterValue) -> Option<Result<(), QueryError>> {
        let ParameterValue::Text(text) = value else {
            return None;
        };

        let found = Self::ALL
            .into_iter()
            .find(|mode| mode.name().eq_ignore_ascii_case(&text));
        let Some(mode) = found else {
            return Some(Err(unknown_word("mode", &text, &Self::NAMES)));
        };

        *self = mode;
        Some(Ok(()))
    }
}

/// What hits may be grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// At most one hit of each page or section, with the next ones under it.
    Page,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 1] = [Self::Page];
    /// The names of all groups, in the same order.
    pub const NAMES: [&str; Self::ALL.len()] = [Self::ALL[0].name()];

    /// The group's name in URLs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
        }
    }
}

impl Field for Option<Group> {
    fn value(&self) -> Option<ParameterValue> {
        self.map(|group| ParameterValue::Text(group.name().to_owned()))
    }

    fn set(&mut self, value: ParameterValue) -> Option<Result<(), QueryError>> {
        let ParameterValue::Text(text) = value else {
            return None;
        };

        let found = Group::ALL.into_iter().find(|group| group.name() == text);
        if found.is_none() {
            return Some(Err(unknown_word("group", &text, &Group::NAMES)));
        }

        *self = found;
        Some(Ok(()))
    }
}

fn unknown_word(what: &str, text: &str, known: &[&str]) -> QueryError {
    QueryError::InvalidRequest(format!(
        "unknown {what} {text:?}; known: {}",
        known.join(", ")
    ))
}

/// Selects a page of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageSelector {
    /// The physical page, or a section's 1-based position in a document without pages.
    Number(u32),
    /// The printed page number.
    Label(String),
    /// A section's slug.
    Section(String),
    /// The first page.
    First,
}
