//! The parameters of tools and the parsing of arguments. One table per tool has names, kinds,
//! limits and examples; the advertised schema is generated from it and arguments are validated
//! against it. The tables of searches and comparisons come from the declarations of these requests.
//! Lenient about spelling (aliases, numbers as strings), strict about meaning.

use std::collections::BTreeMap;

use mcdewey_search::QueryError;
use mcdewey_search::parameter::{Declaration, Kind, ParameterValue, Request, Role};
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::budget;
use super::fence::meant;

/// How many unknown arguments an error names.
const MAX_UNKNOWN_NAMES: usize = 5;

/// A parameter of a tool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Names that models invent for it; accepted, but not advertised.
    pub(super) aliases: &'static [&'static str],
    pub(super) kind: ParameterKind,
    pub(super) required: bool,
    pub(super) description: &'static str,
    pub(super) examples: &'static [&'static str],
}

/// What values a parameter accepts.
#[derive(Debug, Clone, Copy)]
pub(super) enum ParameterKind {
    /// A string; a number is accepted as its digits.
    Text,
    /// A name from the library as a result shows it, possibly percent-encoded.
    Name,
    /// A name or a list of alternatives. Only the single name is advertised.
    Names,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// An integer within bounds, also as a string.
    Number {
        min: usize,
        max: usize,
        default: Option<usize>,
    },
    /// True or false, also as a string.
    Flag,
}

/// The longest result in tokens; a parameter of every tool.
pub(super) const TOKEN_BUDGET: Parameter = Parameter {
    name: "token_budget",
    aliases: &["max_tokens", "tokens", "budget"],
    kind: ParameterKind::Number {
        min: budget::MIN,
        max: budget::MAX,
        default: Some(budget::DEFAULT),
    },
    required: false,
    description: "Maximum tokens",
    examples: &["3000"],
};

/// Where to continue, for every tool whose results may be cut.
pub(super) const CURSOR: Parameter = match Parameter::declared(&mcdewey_search::CURSOR) {
    Some(parameter) => parameter,
    None => panic!("models may pass a cursor"),
};

/// Returns the parameters of a tool that makes a request of this type. `others` are those that only
/// the tool has; the ones that continue a request come last.
pub(super) fn of_request<R: Request>(others: &[Parameter]) -> Vec<Parameter> {
    let (continuing, asking): (Vec<_>, Vec<_>) = R::DECLARATIONS
        .iter()
        .partition(|declaration| declaration.role == Role::Continuation);

    asking
        .into_iter()
        .filter_map(Parameter::declared)
        .chain(others.iter().copied())
        .chain(continuing.into_iter().filter_map(Parameter::declared))
        .collect()
}

/// Validated arguments by parameter name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Arguments {
    values: BTreeMap<&'static str, Argument>,
}

#[derive(Debug, Clone, PartialEq)]
enum Argument {
    Text(String),
    Names(Vec<String>),
    Number(usize),
    Flag(bool),
}

impl Arguments {
    /// Validates arguments. An empty value or `null` counts as absent, because models fill in
    /// arguments that they do not mean.
    pub(super) fn parse(
        parameters: &'static [Parameter],
        raw: &JsonObject,
    ) -> Result<Self, QueryError> {
        let mut values = BTreeMap::new();
        let mut unknown = Vec::new();
        for (name, value) in raw {
            let Some(parameter) = find(parameters, name) else {
                unknown.push(format!("{name:?}"));
                continue;
            };

            if is_empty(value) {
                continue;
            }

            if values
                .insert(parameter.name, parameter.parse(value)?)
                .is_some()
            {
                return invalid(format!("{} is given twice, once as {name}", parameter.name));
            }
        }

        if !unknown.is_empty() {
            return unknown_arguments(unknown, parameters);
        }

        let missing = parameters
            .iter()
            .find(|parameter| parameter.required && !values.contains_key(parameter.name));
        match missing {
            Some(missing) => invalid(format!(
                "{} is missing; {}",
                missing.name,
                missing.example()
            )),
            None => Ok(Self { values }),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Argument::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn names(&self, name: &str) -> Vec<String> {
        match self.values.get(name) {
            Some(Argument::Names(names)) => names.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        match self.values.get(name) {
            Some(Argument::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// Returns the request that the arguments of a tool of [`of_request`] make.
    pub(super) fn request<R: Request>(&self) -> Result<R, QueryError> {
        let mut request = R::default();
        for parameter in R::PARAMETERS {
            let argument = Parameter::declared(&parameter.declaration);
            if let Some(value) = argument.and_then(|argument| self.value(&argument)) {
                parameter.set(&mut request, value)?;
            }
        }

        Ok(request)
    }

    fn value(&self, parameter: &Parameter) -> Option<ParameterValue> {
        match (self.values.get(parameter.name), parameter.kind) {
            (Some(argument), _) => Some(argument.clone().into()),
            (None, ParameterKind::Number { default, .. }) => default.map(ParameterValue::Number),
            (None, _) => None,
        }
    }

    pub(super) fn budget(&self) -> usize {
        self.number(TOKEN_BUDGET.name).unwrap_or(budget::DEFAULT)
    }
}

impl From<Argument> for ParameterValue {
    fn from(argument: Argument) -> Self {
        match argument {
            Argument::Text(text) => Self::Text(text),
            Argument::Names(names) => Self::List(names),
            Argument::Number(number) => Self::Number(number),
            Argument::Flag(flag) => Self::Flag(flag),
        }
    }
}

impl Parameter {
    /// Returns the argument for a declared parameter, or `None` if models cannot pass it.
    const fn declared(declaration: &Declaration) -> Option<Self> {
        let Some(argument) = declaration.tool else {
            return None;
        };

        let kind = match (declaration.kind, argument.bounds) {
            (Kind::Text { .. }, _) => ParameterKind::Text,
            (Kind::Choice { words, .. }, _) => ParameterKind::Choice(words),
            (Kind::Number { .. }, Some(bounds)) => ParameterKind::Number {
                min: bounds.min,
                max: bounds.max,
                default: Some(bounds.default),
            },
            (Kind::Number { min, max, default }, None) => {
                ParameterKind::Number { min, max, default }
            }
            (Kind::Flag, _) => ParameterKind::Flag,
            (Kind::Names | Kind::Sources, _) => ParameterKind::Names,
            (Kind::Name | Kind::Versions, _) => ParameterKind::Name,
        };

        let name = if argument.name.is_empty() {
            declaration.name
        } else {
            argument.name
        };

        Some(Self {
            name,
            aliases: argument.aliases,
            kind,
            required: declaration.required,
            description: argument.description,
            examples: argument.examples,
        })
    }

    fn parse(&self, value: &Value) -> Result<Argument, QueryError> {
        let parsed = match self.kind {
            ParameterKind::Text => string(value).map(Argument::Text),
            ParameterKind::Name => string(value).map(|text| Argument::Text(meant(&text))),
            ParameterKind::Names => strings(value)
                .map(|names| names.iter().map(|name| meant(name)).collect())
                .map(Argument::Names),
            ParameterKind::Choice(choices) => string(value)
                .map(|text| text.to_lowercase())
                .filter(|text| choices.contains(&text.as_str()))
                .map(Argument::Text),
            ParameterKind::Number { min, max, .. } => number(value)
                .filter(|number| (min..=max).contains(number))
                .map(Argument::Number),
            ParameterKind::Flag => flag(value).map(Argument::Flag),
        };

        parsed.ok_or_else(|| {
            QueryError::InvalidRequest(format!(
                "{} must be {}; {}",
                self.name,
                self.kind.expected(),
                self.example()
            ))
        })
    }

    fn example(&self) -> String {
        format!("for example {}", self.examples.join(" or "))
    }

    /// Returns the parameter's JSON schema. Every conversation pays for each of its tokens, so
    /// bounds and examples are in the description, where they cost a third.
    pub(super) fn schema(&self) -> Value {
        let json_type = match self.kind {
            ParameterKind::Number { .. } => "integer",
            ParameterKind::Flag => "boolean",
            _ => "string",
        };

        let mut schema = json!({"type": json_type});
        let description = match self.kind {
            ParameterKind::Choice(choices) => {
                schema["enum"] = json!(choices);
                self.description.to_owned()
            }
            ParameterKind::Number { min, max, default } => {
                let default =
                    default.map_or_else(String::new, |default| format!("; default {default}"));
                format!("{}, {min} to {max}{default}", self.description)
            }
            ParameterKind::Flag => self.description.to_owned(),
            // An example of a cursor would teach the model nothing.
            _ if self.name == CURSOR.name => self.description.to_owned(),
            _ => format!("{}, e.g. {}", self.description, self.examples.join(" or ")),
        };

        schema["description"] = json!(description);
        schema
    }
}

impl ParameterKind {
    /// Describes valid values, for errors.
    fn expected(&self) -> String {
        match self {
            Self::Text | Self::Name => "a string".to_owned(),
            Self::Names => "a name".to_owned(),
            Self::Choice(choices) => format!("one of {}", choices.join(", ")),
            Self::Number { min, max, .. } => format!("an integer from {min} to {max}"),
            Self::Flag => "true or false".to_owned(),
        }
    }
}

fn find(parameters: &'static [Parameter], name: &str) -> Option<&'static Parameter> {
    let name = name.to_lowercase().replace('-', "_");
    parameters
        .iter()
        .find(|parameter| parameter.name == name || parameter.aliases.contains(&name.as_str()))
}

fn unknown_arguments<T>(
    mut unknown: Vec<String>,
    parameters: &[Parameter],
) -> Result<T, QueryError> {
    let more = if unknown.len() > MAX_UNKNOWN_NAMES {
        " and more"
    } else {
        ""
    };

    unknown.truncate(MAX_UNKNOWN_NAMES);
    let known: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
    invalid(format!(
        "unknown argument {}{more}; this tool takes {}",
        unknown.join(", "),
        known.join(", ")
    ))
}

fn invalid<T>(message: String) -> Result<T, QueryError> {
    Err(QueryError::InvalidRequest(message))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn string(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) => list.iter().map(string).collect(),
        other => string(other).map(|text| vec![text]),
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.trim().to_lowercase().parse().ok(),
        _ => None,
    }
}

fn number(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => usize::try_from(whole).ok(),
            None => number
                .as_f64()
                .filter(|float| float.fract() == 0.0 && *float >= 0.0)
                .map(|float| float as usize),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PARAMETERS: [Parameter; 4] = [
        Parameter {
            name: "query",
            aliases: &["q"],
            kind: ParameterKind::Text,
            required: true,
            description: "",
            examples: &["barge state in CCX"],
        },
        Parameter {
            name: "vendor",
            aliases: &[],
            kind: ParameterKind::Names,
            required: false,
            description: "",
            examples: &["Cisco"],
        },
        Parameter {
            name: "mode",
            aliases: &[],
            kind: ParameterKind::Choice(&["hybrid", "dense"]),
            required: false,
            description: "",
            examples: &["dense"],
        },
        TOKEN_BUDGET,
    ];

    fn parse(arguments: Value) -> Result<Arguments, String> {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object")
        };
        Arguments::parse(&PARAMETERS, &arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn alternative_spellings_are_accepted() {
        let plain =
            parse(json!({"query": "a", "vendor": "Cisco", "mode": "dense", "token_budget": 500}))
                .unwrap();
        let alternative =
            json!({"Q": " a ", "vendor": ["Cisco"], "mode": "Dense", "max-tokens": "500"});
        assert_eq!(parse(alternative).unwrap(), plain);
        assert_eq!((plain.text("query"), plain.budget()), (Some("a"), 500));
        assert_eq!(plain.names("vendor"), ["Cisco"]);
        assert_eq!(
            parse(json!({"q": 20700})).unwrap().text("query"),
            Some("20700")
        );
    }

    #[test]
    fn empty_values_count_as_absent() {
        let bare =
            parse(json!({"q": "a", "vendor": "", "mode": null, "token_budget": null})).unwrap();
        assert_eq!(bare, parse(json!({"q": "a"})).unwrap());
        assert_eq!(bare.budget(), budget::DEFAULT);
    }

    #[test]
    fn errors_name_the_argument_and_an_example() {
        let error = |arguments: Value| parse(arguments).unwrap_err();
        assert_eq!(
            error(json!({})),
            "query is missing; for example barge state in CCX"
        );
        assert_eq!(
            error(json!({"query": " "})),
            "query is missing; for example barge state in CCX"
        );
        let unknown = "unknown argument \"colour\", \"size\"; this tool takes query, vendor, mode, token_budget";
        assert_eq!(error(json!({"q": "a", "colour": 1, "size": 2})), unknown);
        let many = (0..9)
            .map(|number| (format!("x{number}"), json!(1)))
            .collect();
        let first = "unknown argument \"x0\", \"x1\", \"x2\", \"x3\", \"x4\" and more; this tool takes query, ";
        assert!(error(Value::Object(many)).starts_with(first));
        assert_eq!(
            error(json!({"q": "a", "mode": "x"})),
            "mode must be one of hybrid, dense; for example dense"
        );

        for bad in [
            json!(299),
            json!(20001),
            json!(-1),
            json!(300.5),
            json!("many"),
            json!([300]),
        ] {
            let message = error(json!({"q": "a", "token_budget": bad}));
            assert_eq!(
                message,
                "token_budget must be an integer from 300 to 20000; for example 3000"
            );
        }

        assert_eq!(
            error(json!({"q": "a", "query": "b"})),
            "query is given twice, once as query"
        );
        assert_eq!(
            error(json!({"q": {"a": 1}})),
            "query must be a string; for example barge state in CCX"
        );
    }
}
