//! The prompts: tasks for the library that users can choose in their client.

use mcdewey_core::Visibility;
use mcdewey_search::{LibraryTree, QueryError};
use rmcp::model::{
    CompleteRequestParams, GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument,
    PromptMessage, Role,
};
use serde_json::Value;

use super::fence::{meant, name};
use crate::ServedLibrary;

/// Longest name that a completion suggests.
const MAX_SUGGESTION_BYTES: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DocPrompt {
    AnswerWithCitations,
    UpgradeCheck,
}

/// An argument of a prompt.
struct Argument {
    name: &'static str,
    description: &'static str,
    is_required: bool,
}

const fn required(name: &'static str, description: &'static str) -> Argument {
    Argument {
        name,
        description,
        is_required: true,
    }
}

const fn optional(name: &'static str, description: &'static str) -> Argument {
    Argument {
        name,
        description,
        is_required: false,
    }
}

impl DocPrompt {
    const ALL: [Self; 2] = [Self::AnswerWithCitations, Self::UpgradeCheck];

    fn from_name(name: &str) -> Result<Self, QueryError> {
        Self::ALL
            .into_iter()
            .find(|prompt| prompt.name() == name)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::name).join(", ");
                QueryError::InvalidRequest(format!("no prompt {name:?}; known: {known}"))
            })
    }

    fn name(self) -> &'static str {
        match self {
            Self::AnswerWithCitations => "answer_with_citations",
            Self::UpgradeCheck => "upgrade_check",
        }
    }

    fn arguments(self) -> &'static [Argument] {
        match self {
            Self::AnswerWithCitations => {
                const {
                    &[
                        required("question", "The question to answer"),
                        optional("product", "Only for this product"),
                        optional("version", "Only for this version"),
                    ]
                }
            }
            Self::UpgradeCheck => {
                const {
                    &[
                        required("product", "The product to upgrade"),
                        required("from", "The current version"),
                        required("to", "The target version"),
                        optional("topic", "What matters most"),
                    ]
                }
            }
        }
    }

    fn definition(self) -> Prompt {
        let (title, description) = match self {
            Self::AnswerWithCitations => (
                "Answer with citations",
                "Answers a question from the library and cites a page for each statement",
            ),
            Self::UpgradeCheck => (
                "Check an upgrade",
                "Finds out what changes in an upgrade from one version to another",
            ),
        };

        let arguments = self
            .arguments()
            .iter()
            .map(|argument| {
                PromptArgument::new(argument.name)
                    .with_description(argument.description)
                    .with_required(argument.is_required)
            })
            .collect();
        Prompt::new(self.name(), Some(description), Some(arguments)).with_title(title)
    }

    /// Returns the text of the prompt. `value` returns the value of an argument, empty if it is
    /// absent.
    fn text(self, value: impl Fn(&str) -> String) -> String {
        match self {
            Self::AnswerWithCitations => format!(
                "Answer this question from the documentation library only: {:?}\n\n\
                 1. Call search_docs with the question in its own words{}{}. If a hit does not \
                 contain the whole answer, read on with read_doc.\n\
                 2. Write the answer in a few sentences. Cite a source after each statement: \
                 document title, version, page, and the hit's url as a link.\n\
                 3. If versions differ, state what applies to which version. If the library has \
                 no answer, say so and name the nearest page.",
                value("question"),
                filter_clause("product", &value("product")),
                filter_clause("version", &value("version")),
            ),
            Self::UpgradeCheck => format!(
                "We are upgrading {:?} from version {:?} to version {:?}. Find out what that means \
                 for us.\n\n\
                 1. Call compare_versions with from, to and product{}; continue with cursor until \
                 you have seen all changes.\n\
                 2. Call search_docs in the later version for what must be done before and after an \
                 upgrade, and for what is deprecated, removed or incompatible.\n\
                 3. Report what breaks, what must be changed and what is new, in this order, each \
                 point with document, version and page. Say what the library does not cover.",
                value("product"),
                value("from"),
                value("to"),
                match value("topic") {
                    topic if topic.is_empty() => String::new(),
                    topic => format!(", and once more with query {topic:?}"),
                },
            ),
        }
    }
}

/// Names a filter and its value for the text of a prompt; empty if the value is.
fn filter_clause(name: &str, value: &str) -> String {
    if value.is_empty() {
        String::new()
    } else {
        format!(", {name} {value:?}")
    }
}

pub(super) fn list() -> Vec<Prompt> {
    DocPrompt::ALL
        .into_iter()
        .map(DocPrompt::definition)
        .collect()
}

/// Returns a prompt with its arguments filled in.
pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResult, QueryError> {
    let prompt = DocPrompt::from_name(&request.name)?;

    for argument in prompt.arguments() {
        let name = argument.name;
        if raw_value(request, name).is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(QueryError::InvalidRequest(format!(
                "{name} must be a string"
            )));
        }

        if argument.is_required && trimmed_value(request, name).is_empty() {
            return Err(QueryError::InvalidRequest(format!(
                "{name} is missing; {} needs it",
                prompt.name()
            )));
        }
    }

    let message = PromptMessage::new_text(
        Role::User,
        prompt.text(|name| trimmed_value(request, name).to_owned()),
    );
    Ok(GetPromptResult::new(vec![message]))
}

fn raw_value<'a>(request: &'a GetPromptRequestParams, name: &str) -> Option<&'a Value> {
    request
        .arguments
        .as_ref()
        .and_then(|arguments| arguments.get(name))
}

fn trimmed_value<'a>(request: &'a GetPromptRequestParams, name: &str) -> &'a str {
    raw_value(request, name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim()
}

/// Completes an argument of a prompt: products, or the versions of the product chosen so far.
pub(super) async fn complete(
    library: &ServedLibrary,
    prompt: &str,
    request: &CompleteRequestParams,
    visibility: &Visibility,
) -> Result<Vec<String>, QueryError> {
    DocPrompt::from_name(prompt)?;
    let product = request
        .context
        .as_ref()
        .and_then(|context| context.get_argument("product"));
    let product = product.map(|product| meant(product));
    let contents = library.at(visibility).await?.tree().await?;

    let mut values = match request.argument.name.as_str() {
        "product" => products(&contents),
        "version" | "from" | "to" => versions(&contents, product.as_deref()),
        _ => Vec::new(),
    };

    let typed = meant(&request.argument.value).to_lowercase();

    // Names too long to be real are not worth suggesting.
    values.retain(|value| {
        value.to_lowercase().contains(&typed) && value.len() <= MAX_SUGGESTION_BYTES
    });
    Ok(values
        .iter()
        .map(|value| name(value).into_owned())
        .collect())
}

fn products(contents: &LibraryTree) -> Vec<String> {
    contents
        .vendors
        .iter()
        .flat_map(|vendor| &vendor.products)
        .filter_map(|product| product.id.clone())
        .collect()
}

fn versions(contents: &LibraryTree, product: Option<&str>) -> Vec<String> {
    let chosen_products = contents
        .vendors
        .iter()
        .flat_map(|vendor| &vendor.products)
        .filter(|entry| product.is_none_or(|product| entry.id.as_deref() == Some(product)));

    let mut versions: Vec<String> = Vec::new();
    for entry in chosen_products.flat_map(|product| &product.versions) {
        if let Some(version) = &entry.version
            && !versions.contains(&version.label)
        {
            versions.push(version.label.clone());
        }
    }

    versions
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prompt_text(name: &str, arguments: Value) -> Result<String, String> {
        let request: GetPromptRequestParams =
            serde_json::from_value(json!({"name": name, "arguments": arguments})).unwrap();
        let prompt = get(&request).map_err(|error| error.to_string())?;
        Ok(
            serde_json::to_value(&prompt.messages[0]).unwrap()["content"]["text"]
                .as_str()
                .unwrap()
                .to_owned(),
        )
    }

    #[test]
    fn a_prompt_contains_its_arguments() {
        let text = prompt_text(
            "answer_with_citations",
            json!({"question": "barge \"state\"?", "version": "12.5"}),
        )
        .unwrap();

        assert!(
            text.contains("\"barge \\\"state\\\"?\"")
                && text.contains("version \"12.5\"")
                && !text.contains("product \"")
        );

        let text = prompt_text(
            "upgrade_check",
            json!({"product": "finesse", "from": "12.5", "to": "15.0"}),
        )
        .unwrap();

        assert!(
            text.contains("compare_versions")
                && text.contains("\"finesse\" from version \"12.5\" to version \"15.0\""),
            "{text}"
        );
    }

    #[test]
    fn missing_and_unknown_values_are_named() {
        assert!(
            prompt_text("upgrade_check", json!({"product": "x", "from": "1"}))
                .unwrap_err()
                .contains("to is missing")
        );
        assert!(
            prompt_text("answer_with_citations", json!({"question": ""}))
                .unwrap_err()
                .contains("question is missing")
        );
        assert!(
            prompt_text("other", json!({}))
                .unwrap_err()
                .contains("known: answer_with_citations, upgrade_check")
        );
    }

    #[test]
    fn arguments_must_be_strings() {
        let text_with = |name: &str, value: Value| {
            let mut arguments = json!({"product": "x", "from": "1", "to": "2"});
            arguments[name] = value;
            prompt_text("upgrade_check", arguments)
        };

        for name in ["product", "from", "to", "topic"] {
            for wrong in [json!([1]), json!({}), json!(12.5), json!(true)] {
                assert_eq!(
                    text_with(name, wrong).unwrap_err(),
                    format!("{name} must be a string")
                );
            }
        }

        for empty in [Value::Null, json!(""), json!(" \n")] {
            assert!(
                text_with("to", empty.clone())
                    .unwrap_err()
                    .starts_with("to is missing"),
                "{empty}"
            );
            assert!(!text_with("topic", empty).unwrap().contains("with query"));
        }
    }

    #[test]
    fn every_argument_is_described() {
        for prompt in list() {
            assert!(prompt.description.is_some() && prompt.title.is_some());
            assert!(
                prompt
                    .arguments
                    .unwrap()
                    .iter()
                    .all(|argument| argument.description.is_some())
            );
        }
    }
}
