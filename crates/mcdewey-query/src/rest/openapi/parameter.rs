//! A parameter of a path or a query, and what is said of its values.

use serde_json::{Value, json};

/// A parameter of a path or a query.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: &'static str,
    pub(crate) description: &'static str,
    pub(crate) required: bool,
    pub(crate) several: bool,
    kind: Kind,
    example: &'static str,
}

/// What a value may be.
pub(super) enum Kind {
    Text {
        most: Option<usize>,
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
        kind: Kind,
        description: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            name,
            place: "query",
            description,
            required: false,
            several: false,
            kind,
            example,
        }
    }

    pub(super) const fn text(
        name: &'static str,
        description: &'static str,
        example: &'static str,
    ) -> Self {
        Self::new(name, Kind::Text { most: None }, description, example)
    }

    pub(super) const fn several(mut self) -> Self {
        self.several = true;
        self
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn in_path(mut self) -> Self {
        self.place = "path";
        self.required = true;
        self
    }

    pub(crate) fn schema(&self) -> Value {
        let one = match self.kind {
            Kind::Text { most: Some(most) } => {
                json!({"type": "string", "minLength": 1, "maxLength": most, "pattern": "\\S"})
            }
            Kind::Text { most: None } => json!({"type": "string"}),
            // Forms send empty fields; they count as left out.
            Kind::Choice(names) => {
                let names: Vec<&str> = names.iter().copied().chain([""]).collect();
                json!({"type": "string", "enum": names})
            }
            Kind::Number { min, max, default } => {
                let mut number = json!({"type": "integer", "minimum": min, "maximum": max});
                if let Some(default) = default {
                    number["default"] = json!(default);
                }
                json!({"anyOf": [number, {"const": ""}]})
            }
            Kind::Flag => {
                json!({"enum": [false, true, "", "0", "1", "no", "yes", "off", "on"], "default": false})
            }
        };

        if self.several {
            json!({"type": "array", "items": one})
        } else {
            one
        }
    }

    /// What it takes, in words.
    pub(crate) fn takes(&self) -> String {
        let one = match self.kind {
            Kind::Text { .. } => "text".to_owned(),
            Kind::Choice(names) => names.join(", "),
            Kind::Number { max, .. } if max >= u32::MAX as usize => "number".to_owned(),
            Kind::Number {
                min,
                max,
                default: Some(default),
            } => {
                format!("{min} to {max}; {default} when left out")
            }
            Kind::Number {
                min,
                max,
                default: None,
            } => format!("{min} to {max}"),
            Kind::Flag => "true or false; false when left out".to_owned(),
        };

        if self.several {
            format!("{one}, several")
        } else {
            one
        }
    }

    pub(crate) fn example(&self) -> Value {
        let one = match self.kind {
            Kind::Number { .. } => self
                .example
                .parse::<u64>()
                .map_or(Value::Null, |number| json!(number)),
            Kind::Flag => json!(self.example == "true"),
            _ => json!(self.example),
        };
        if self.several { json!([one]) } else { one }
    }
}
