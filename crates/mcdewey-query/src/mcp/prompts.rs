//! Prompts: ways to work with the library that a person can choose in a client.

use mcdewey_core::Visibility;
use rmcp::model::{
    CompleteRequestParams, GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument,
    PromptMessage, Role,
};
use serde_json::Value;

use super::fence::{meant, name};
use crate::{Library, LibraryAnswer, QueryError};

/// Longer names are not proposed.
const MAX_VALUE_BYTES: usize = 200;

/// A prompt of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DocPrompt {
    AnswerWithCitations,
    UpgradeCheck,
}

/// An argument: name, description, whether it must be given.
type Argument = (&'static str, &'static str, bool);

impl DocPrompt {
    const ALL: [Self; 2] = [Self::AnswerWithCitations, Self::UpgradeCheck];

    /// The prompt with this name.
    fn named(name: &str) -> Result<Self, QueryError> {
        let found = Self::ALL.into_iter().find(|prompt| prompt.name() == name);
        found.ok_or_else(|| {
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
            Self::AnswerWithCitations => &[
                ("question", "What is to be answered", true),
                ("product", "Only for this product", false),
                ("version", "Only for this version", false),
            ],
            Self::UpgradeCheck => &[
                ("product", "The product that is upgraded", true),
                ("from", "The version in use", true),
                ("to", "The version to go to", true),
                ("topic", "What matters most", false),
            ],
        }
    }

    fn described(self) -> Prompt {
        let (title, description) = match self {
            Self::AnswerWithCitations => (
                "Answer with citations",
                "Answers a question from the library, each statement with its page",
            ),
            Self::UpgradeCheck => (
                "Check an upgrade",
                "What changes for whoever goes from one version to another",
            ),
        };

        let argument = |(name, description, required): &Argument| {
            PromptArgument::new(*name)
                .with_description(*description)
                .with_required(*required)
        };

        let arguments = self.arguments().iter().map(argument).collect();
        Prompt::new(self.name(), Some(description), Some(arguments)).with_title(title)
    }

    fn text(self, given: impl Fn(&str) -> String) -> String {
        let within = |name: &str| match given(name) {
            value if value.is_empty() => String::new(),
            value => format!(" {name} {value:?}"),
        };

        match self {
            Self::AnswerWithCitations => format!(
                "Answer this question from the documentation library, and from nothing else: {:?}\n\n\
                 1. Call search_docs with the question in its own words{}{}. Where the answer is not whole in a hit, read \
                 on with read_doc.\n\
                 2. Write the answer in a few sentences. Behind each statement cite its source: document title, version, \
                 page, and the hit's url as a link.\n\
                 3. Where versions say different things, say which version says what. Where the library holds no answer, \
                 say so and name the nearest page.",
                given("question"),
                within("product"),
                within("version"),
            ),
            Self::UpgradeCheck => format!(
                "We go from version {:?} to version {:?} of {:?}. Find out what that means for us.\n\n\
                 1. Call compare_versions with from, to and product{}; go on with cursor until you have seen all changes.\n\
                 2. Call search_docs in the later version for what must be done before and after an upgrade, and for what is \
                 deprecated, removed or incompatible.\n\
                 3. Report what breaks, what must be changed, what is new, in this order, each point with document, version \
                 and page. Say what the library does not cover.",
                given("from"),
                given("to"),
                given("product"),
                match given("topic") {
                    topic if topic.is_empty() => String::new(),
                    topic => format!(", and once more with query {topic:?}"),
                },
            ),
        }
    }
}

/// All prompts.
pub(super) fn list() -> Vec<Prompt> {
    DocPrompt::ALL
        .into_iter()
        .map(DocPrompt::described)
        .collect()
}

/// A prompt with its arguments filled in.
pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResult, QueryError> {
    let prompt = DocPrompt::named(&request.name)?;
    let value = |name: &str| {
        request
            .arguments
            .as_ref()
            .and_then(|arguments| arguments.get(name))
    };

    let given = |name: &str| {
        value(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .trim()
    };

    for (name, _, required) in prompt.arguments() {
        if value(name).is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(QueryError::InvalidRequest(format!(
                "{name} must be a string"
            )));
        }

        if *required && given(name).is_empty() {
            return Err(QueryError::InvalidRequest(format!(
                "{name} is missing; {} needs it",
                prompt.name()
            )));
        }
    }

    let message = PromptMessage::new_text(Role::User, prompt.text(|name| given(name).to_owned()));
    Ok(GetPromptResult::new(vec![message]))
}

/// Products, and the releases of the product that was chosen, for what was typed so far into an argument of a prompt.
pub(super) async fn complete(
    library: &Library,
    prompt: &str,
    request: &CompleteRequestParams,
    visibility: &Visibility,
) -> Result<Vec<String>, QueryError> {
    DocPrompt::named(prompt)?;
    let product = request
        .context
        .as_ref()
        .and_then(|context| context.get_argument("product"));
    let product = product.map(|product| meant(product));
    let whole = library.library(visibility).await?;

    let mut values = match request.argument.name.as_str() {
        "product" => products(&whole),
        "version" | "from" | "to" => releases(&whole, product.as_deref()),
        _ => Vec::new(),
    };

    let typed = meant(&request.argument.value).to_lowercase();

    // What is too long for a name is none that somebody would choose.
    values.retain(|value| value.to_lowercase().contains(&typed) && value.len() <= MAX_VALUE_BYTES);
    Ok(values
        .iter()
        .map(|value| name(value).into_owned())
        .collect())
}

fn products(whole: &LibraryAnswer) -> Vec<String> {
    whole
        .vendors
        .iter()
        .flat_map(|vendor| &vendor.products)
        .filter_map(|product| product.product.clone())
        .collect()
}

fn releases(whole: &LibraryAnswer, product: Option<&str>) -> Vec<String> {
    let products = whole.vendors.iter().flat_map(|vendor| &vendor.products);
    let chosen = products
        .filter(|one| product.is_none_or(|product| one.product.as_deref() == Some(product)));

    let mut releases: Vec<String> = Vec::new();
    for version in chosen
        .flat_map(|product| &product.versions)
        .filter_map(|version| version.version.clone())
    {
        if !releases.contains(&version) {
            releases.push(version);
        }
    }

    releases
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(name: &str, arguments: Value) -> Result<String, String> {
        let request: GetPromptRequestParams =
            serde_json::from_value(json!({"name": name, "arguments": arguments})).unwrap();
        let found = get(&request).map_err(|error| error.to_string())?;
        Ok(
            serde_json::to_value(&found.messages[0]).unwrap()["content"]["text"]
                .as_str()
                .unwrap()
                .to_owned(),
        )
    }

    #[test]
    fn a_prompt_has_its_arguments_in_it() {
        let text = asked(
            "answer_with_citations",
            json!({"question": "barge \"state\"?", "version": "12.5"}),
        )
        .unwrap();

        assert!(
            text.contains("\"barge \\\"state\\\"?\"")
                && text.contains("version \"12.5\"")
                && !text.contains("product \"")
        );

        let text = asked(
            "upgrade_check",
            json!({"product": "finesse", "from": "12.5", "to": "15.0"}),
        )
        .unwrap();

        assert!(
            text.contains("compare_versions") && text.contains("\"15.0\" of \"finesse\""),
            "{text}"
        );
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        assert!(
            asked("upgrade_check", json!({"product": "x", "from": "1"}))
                .unwrap_err()
                .contains("to is missing")
        );
        assert!(
            asked("answer_with_citations", json!({"question": ""}))
                .unwrap_err()
                .contains("question is missing")
        );
        assert!(
            asked("other", json!({}))
                .unwrap_err()
                .contains("known: answer_with_citations, upgrade_check")
        );
    }

    #[test]
    fn an_argument_is_a_string() {
        let filled = |name: &str, value: Value| {
            let mut arguments = json!({"product": "x", "from": "1", "to": "2"});
            arguments[name] = value;
            asked("upgrade_check", arguments)
        };

        for name in ["product", "from", "to", "topic"] {
            for wrong in [json!([1]), json!({}), json!(12.5), json!(true)] {
                assert_eq!(
                    filled(name, wrong).unwrap_err(),
                    format!("{name} must be a string")
                );
            }
        }

        for nothing in [Value::Null, json!(""), json!(" \n")] {
            assert!(
                filled("to", nothing.clone())
                    .unwrap_err()
                    .starts_with("to is missing"),
                "{nothing}"
            );
            assert!(!filled("topic", nothing).unwrap().contains("with query"));
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
