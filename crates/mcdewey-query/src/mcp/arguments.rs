//! What a tool takes: one table says name, kind, limits and examples; the advertised schema is made from it and what
//! arrives is judged by it. Lenient about spelling (other names, numbers as text), strict about meaning.

use std::collections::BTreeMap;

use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::budget;
use super::fence::meant;
use crate::QueryError;

/// Unknown arguments that a refusal names, at most.
const MAX_UNKNOWN: usize = 5;

/// One argument of a tool.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Names that models invent for it; taken, not advertised.
    pub(super) aliases: &'static [&'static str],
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) description: &'static str,
    pub(super) examples: &'static [&'static str],
}

/// What a value may be.
#[derive(Debug)]
pub(super) enum Kind {
    /// Words; a number is taken for its digits.
    Text,
    /// What the library calls something, as an answer showed it.
    Name,
    /// One name; a list of alternatives is taken too.
    Names,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A whole number within bounds.
    Number {
        min: usize,
        max: usize,
        default: usize,
    },
}

/// How long an answer may be; every tool takes it.
pub(super) const TOKEN_BUDGET: Parameter = Parameter {
    name: "token_budget",
    aliases: &["max_tokens", "tokens", "budget"],
    kind: Kind::Number {
        min: budget::MIN,
        max: budget::MAX,
        default: budget::DEFAULT,
    },
    required: false,
    description: "Most tokens",
    examples: &["3000"],
};

/// Where an answer goes on, for every tool whose answers may be cut.
pub(super) const CURSOR: Parameter = Parameter {
    name: "cursor",
    aliases: &["next_cursor"],
    kind: Kind::Text,
    required: false,
    description: "next_cursor, to go on",
    examples: &["6-0f3a9c2b71d84e65"],
};

/// A limit to one guide.
pub(super) const GUIDE: Parameter = Parameter {
    name: "guide",
    aliases: &["guides"],
    kind: Kind::Names,
    required: false,
    description: "Only this guide",
    examples: &["developer-guide"],
};

/// Arguments that passed their table.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Arguments {
    values: BTreeMap<&'static str, Argument>,
}

#[derive(Debug, PartialEq)]
enum Argument {
    Text(String),
    Names(Vec<String>),
    Number(usize),
}

impl Arguments {
    /// Judges what arrived. An empty text or `null` is as good as nothing: models fill in what they do not mean.
    pub(super) fn read(
        table: &'static [Parameter],
        given: &JsonObject,
    ) -> Result<Self, QueryError> {
        let mut values = BTreeMap::new();
        let mut unknown = Vec::new();
        for (name, value) in given {
            let Some(parameter) = find(table, name) else {
                unknown.push(format!("{name:?}"));
                continue;
            };

            if is_nothing(value) {
                continue;
            }

            if values
                .insert(parameter.name, parameter.judge(value)?)
                .is_some()
            {
                return refuse(format!("{} is given twice, once as {name}", parameter.name));
            }
        }

        if !unknown.is_empty() {
            let more = if unknown.len() > MAX_UNKNOWN {
                " and more"
            } else {
                ""
            };

            unknown.truncate(MAX_UNKNOWN);
            return refuse(format!(
                "unknown argument {}{more}; this tool takes {}",
                unknown.join(", "),
                names(table)
            ));
        }

        match table
            .iter()
            .find(|parameter| parameter.required && !values.contains_key(parameter.name))
        {
            Some(missing) => refuse(format!(
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

    pub(super) fn budget(&self) -> usize {
        self.number(TOKEN_BUDGET.name).unwrap_or(budget::DEFAULT)
    }
}

impl Parameter {
    fn judge(&self, value: &Value) -> Result<Argument, QueryError> {
        let wrong = |wanted: &str| {
            refuse(format!(
                "{} must be {wanted}; {}",
                self.name,
                self.example()
            ))
        };

        match self.kind {
            Kind::Text => {
                text(value).map_or_else(|| wrong("a text"), |text| Ok(Argument::Text(text)))
            }
            Kind::Name => {
                text(value).map_or_else(|| wrong("a text"), |text| Ok(Argument::Text(meant(&text))))
            }
            Kind::Names => names_of(value).map_or_else(
                || wrong("a name"),
                |names| {
                    Ok(Argument::Names(
                        names.iter().map(|name| meant(name)).collect(),
                    ))
                },
            ),
            Kind::Choice(known) => match text(value).map(|text| text.to_lowercase()) {
                Some(text) if known.contains(&text.as_str()) => Ok(Argument::Text(text)),
                _ => wrong(&format!("one of {}", known.join(", "))),
            },
            Kind::Number { min, max, .. } => match number(value) {
                Some(number) if (min..=max).contains(&number) => Ok(Argument::Number(number)),
                _ => wrong(&format!("a whole number from {min} to {max}")),
            },
        }
    }

    fn example(&self) -> String {
        format!("for example {}", self.examples.join(" or "))
    }

    /// The argument's JSON schema. Every word of it is paid for by every conversation: bounds and examples stand in the
    /// description, where they cost a third.
    pub(super) fn schema(&self) -> Value {
        let kind = if matches!(self.kind, Kind::Number { .. }) {
            "integer"
        } else {
            "string"
        };

        let mut schema = json!({"type": kind});
        let description = match self.kind {
            Kind::Choice(known) => {
                schema["enum"] = json!(known);
                self.description.to_owned()
            }
            Kind::Number { min, max, default } => {
                format!("{}, {min} to {max}; default {default}", self.description)
            }
            // A cursor's value is nothing to learn from.
            _ if self.name == CURSOR.name => self.description.to_owned(),
            _ => format!("{}, e.g. {}", self.description, self.examples.join(" or ")),
        };

        schema["description"] = json!(description);
        schema
    }
}

fn find(table: &'static [Parameter], name: &str) -> Option<&'static Parameter> {
    let name = name.to_lowercase().replace('-', "_");
    table
        .iter()
        .find(|parameter| parameter.name == name || parameter.aliases.contains(&name.as_str()))
}

fn names(table: &[Parameter]) -> String {
    table
        .iter()
        .map(|parameter| parameter.name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn refuse<T>(message: String) -> Result<T, QueryError> {
    Err(QueryError::InvalidRequest(message))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn names_of(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) => list.iter().map(text).collect(),
        other => text(other).map(|name| vec![name]),
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

    const TABLE: [Parameter; 4] = [
        Parameter {
            name: "query",
            aliases: &["q"],
            kind: Kind::Text,
            required: true,
            description: "",
            examples: &["barge state in CCX"],
        },
        Parameter {
            name: "vendor",
            aliases: &[],
            kind: Kind::Names,
            required: false,
            description: "",
            examples: &["Cisco"],
        },
        Parameter {
            name: "mode",
            aliases: &[],
            kind: Kind::Choice(&["hybrid", "dense"]),
            required: false,
            description: "",
            examples: &["dense"],
        },
        TOKEN_BUDGET,
    ];

    fn read(given: Value) -> Result<Arguments, String> {
        static STATIC: [Parameter; 4] = TABLE;
        let Value::Object(given) = given else {
            panic!("an object")
        };
        Arguments::read(&STATIC, &given).map_err(|error| error.to_string())
    }

    #[test]
    fn other_spellings_are_understood() {
        let plain =
            read(json!({"query": "a", "vendor": "Cisco", "mode": "dense", "token_budget": 500}))
                .unwrap();
        let other = json!({"Q": " a ", "vendor": ["Cisco"], "mode": "Dense", "max-tokens": "500"});
        assert_eq!(read(other).unwrap(), plain);
        assert_eq!((plain.text("query"), plain.budget()), (Some("a"), 500));
        assert_eq!(plain.names("vendor"), ["Cisco"]);
        assert_eq!(
            read(json!({"q": 20700})).unwrap().text("query"),
            Some("20700")
        );
    }

    #[test]
    fn nothing_is_nothing() {
        let bare =
            read(json!({"q": "a", "vendor": "", "mode": null, "token_budget": null})).unwrap();
        assert_eq!(bare, read(json!({"q": "a"})).unwrap());
        assert_eq!(bare.budget(), budget::DEFAULT);
    }

    #[test]
    fn refusals_say_what_to_do() {
        let refused = |given: Value| read(given).unwrap_err();
        assert_eq!(
            refused(json!({})),
            "query is missing; for example barge state in CCX"
        );
        assert_eq!(
            refused(json!({"query": " "})),
            "query is missing; for example barge state in CCX"
        );
        let unknown = "unknown argument \"colour\", \"size\"; this tool takes query, vendor, mode, token_budget";
        assert_eq!(refused(json!({"q": "a", "colour": 1, "size": 2})), unknown);
        let many = (0..9).map(|at| (format!("x{at}"), json!(1))).collect();
        let first = "unknown argument \"x0\", \"x1\", \"x2\", \"x3\", \"x4\" and more; this tool takes query, ";
        assert!(refused(Value::Object(many)).starts_with(first));
        assert_eq!(
            refused(json!({"q": "a", "mode": "x"})),
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
            let message = refused(json!({"q": "a", "token_budget": bad}));
            assert_eq!(
                message,
                "token_budget must be a whole number from 300 to 20000; for example 3000"
            );
        }

        assert_eq!(
            refused(json!({"q": "a", "query": "b"})),
            "query is given twice, once as query"
        );
        assert_eq!(
            refused(json!({"q": {"a": 1}})),
            "query must be a text; for example barge state in CCX"
        );
    }
}
