//! The description of a path or query parameter and its values.

use serde_json::{Value, json};

/// A path or query parameter.
pub struct Parameter {
    pub name: &'static str,
    /// `query` or `path`.
    pub location: &'static str,
    pub description: &'static str,
    pub required: bool,
    /// Whether the parameter may be repeated.
    pub repeatable: bool,
    value: ValueKind,
    example: &'static str,
}

/// The values that a parameter accepts.
pub(super) enum ValueKind {
    Text {
        max_length: Option<usize>,
    },
    Choice(&'static [&'static str]),
    Number {
        min: usize,
        max: usize,
        default: Option<usize>,
    },
    Flag,
}

impl Parameter {
    pub(super) const fn new(
        name: &'static str,
        value: ValueKind,
        description: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            name,
            location: "query",
            description,
            required: false,
            repeatable: false,
            value,
            example,
        }
    }

    pub(super) const fn text(
        name: &'static str,
        description: &'static str,
        example: &'static str,
    ) -> Self {
        Self::new(
            name,
            ValueKind::Text { max_length: None },
            description,
            example,
        )
    }

    pub(super) const fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn in_path(mut self) -> Self {
        self.location = "path";
        self.required = true;
        self
    }

    /// Returns the JSON schema of the parameter.
    pub fn schema(&self) -> Value {
        let one = match self.value {
            ValueKind::Text {
                max_length: Some(max_length),
            } => {
                json!({"type": "string", "minLength": 1, "maxLength": max_length, "pattern": "\\S"})
            }
            ValueKind::Text { max_length: None } => json!({"type": "string"}),
            // Forms send empty fields, which count as omitted.
            ValueKind::Choice(names) => {
                let names: Vec<&str> = names.iter().copied().chain([""]).collect();
                json!({"type": "string", "enum": names})
            }
            ValueKind::Number { min, max, default } => {
                let mut number = json!({"type": "integer", "minimum": min, "maximum": max});
                if let Some(default) = default {
                    number["default"] = json!(default);
                }
                json!({"anyOf": [number, {"const": ""}]})
            }
            ValueKind::Flag => {
                json!({
                    "enum": [false, true, "", "0", "1", "no", "yes", "off", "on"],
                    "default": false,
                })
            }
        };

        if self.repeatable {
            json!({"type": "array", "items": one})
        } else {
            one
        }
    }

    /// Describes the accepted values for people.
    pub fn value_description(&self) -> String {
        let one = match self.value {
            ValueKind::Text { .. } => "text".to_owned(),
            ValueKind::Choice(names) => names.join(", "),
            ValueKind::Number { max, .. } if max >= u32::MAX as usize => "number".to_owned(),
            ValueKind::Number {
                min,
                max,
                default: Some(default),
            } => {
                format!("{min} to {max}, default {default}")
            }
            ValueKind::Number {
                min,
                max,
                default: None,
            } => format!("{min} to {max}"),
            ValueKind::Flag => "true or false, default false".to_owned(),
        };

        if self.repeatable {
            format!("{one}, repeatable")
        } else {
            one
        }
    }

    pub fn example(&self) -> Value {
        let one = match self.value {
            ValueKind::Number { .. } => self
                .example
                .parse::<u64>()
                .map_or(Value::Null, |number| json!(number)),
            ValueKind::Flag => json!(self.example == "true"),
            _ => json!(self.example),
        };
        if self.repeatable { json!([one]) } else { one }
    }
}
