//! Lists the fields of a schema, with limits for schemas that contain themselves or multiply.

use serde_json::Value;

use super::super::api::{Api, MAX_REFERENCE_HOPS};
use super::super::table::{code, table};
use super::super::value::{array, entries};
use super::{choices, reference_name};

/// Up to this level of fields, schemas that are referred to are listed with their fields. Deeper
/// ones have sections of their own.
const MAX_REFERENCE_LEVEL: usize = 2;

/// How deep schemas are listed that are nested in place.
const MAX_LEVEL: usize = 24;

const MAX_ROWS_PER_TABLE: usize = 1_000;

const MAX_STEPS_PER_TABLE: usize = 5_000;

const COLUMNS: [&str; 4] = ["Field", "Type", "Required", "Description"];

/// Keywords with one schema that applies to the same value as the schema around it, and what its
/// rows are labelled with.
const CONDITIONS: [(&str, &str); 9] = [
    ("if", "if"),
    ("then", "then"),
    ("else", "else"),
    ("not", "not"),
    ("contains", "contains"),
    ("propertyNames", "names"),
    ("unevaluatedProperties", "other properties"),
    ("unevaluatedItems", "other items"),
    ("contentSchema", "content"),
];

/// A field, or another part of a schema about which something is said.
pub(in super::super) struct Field {
    /// The path as code, with the condition under which the row applies.
    pub(in super::super) name: String,
    pub(in super::super) type_name: String,
    pub(in super::super) is_required: bool,
    pub(in super::super) description: String,
}

/// Where in a schema a part of it is.
#[derive(Clone)]
struct Place {
    path: String,
    /// The alternative or condition that the part belongs to; empty if to none.
    label: String,
    level: usize,
}

impl Place {
    fn field(&self, name: &str) -> Self {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Self {
            path,
            level: self.level + 1,
            ..self.clone()
        }
    }

    fn item(&self, position: &str) -> Self {
        // The items of a list that is the whole value need no mark.
        let is_whole = self.path.is_empty() && position.is_empty();
        let path = if is_whole {
            String::new()
        } else {
            format!("{}[{position}]", self.path)
        };
        Self {
            path,
            ..self.clone()
        }
    }

    fn labelled(&self, label: &str) -> Self {
        let label = if self.label.is_empty() {
            label.to_owned()
        } else {
            format!("{}, {label}", self.label)
        };
        Self {
            label,
            ..self.clone()
        }
    }

    fn name(&self) -> String {
        match (code(&self.path), self.label.replace('|', "\\|")) {
            (path, label) if label.is_empty() => path,
            (path, label) if path.is_empty() => label,
            (path, label) => format!("{path} ({label})"),
        }
    }
}

/// A table of fields under construction.
struct Fields<'a> {
    rows: Vec<Field>,
    /// The schemas around the current field, outermost first. One that contains itself is not
    /// listed again.
    open: Vec<&'a Value>,
    steps: usize,
}

impl<'a> Api<'a> {
    /// The table of a schema's fields; empty if it has none.
    pub(in super::super) fn field_table(&self, schema: &'a Value) -> String {
        let rows: Vec<Vec<String>> = self
            .fields(schema, "")
            .into_iter()
            .map(|field| {
                let required = if field.is_required { "yes" } else { "" };
                vec![
                    field.name,
                    field.type_name,
                    required.to_owned(),
                    field.description,
                ]
            })
            .collect();
        table(&COLUMNS, &rows)
    }

    /// The fields of a schema, as parts of a value with this name.
    pub(in super::super) fn fields(&self, schema: &'a Value, name: &str) -> Vec<Field> {
        let mut fields = Fields {
            rows: Vec::new(),
            open: Vec::new(),
            steps: 0,
        };
        let place = Place {
            path: name.to_owned(),
            label: String::new(),
            level: 1,
        };

        self.collect(schema, &place, &mut fields);
        fields.rows
    }

    fn collect(&self, schema: &'a Value, place: &Place, fields: &mut Fields<'a>) {
        let is_reference = !schema["$ref"].is_null();
        let schema = self.resolve(schema);
        let contains_itself = fields.open.iter().any(|open| std::ptr::eq(*open, schema));

        fields.steps += 1;
        if contains_itself
            || (is_reference && place.level > MAX_REFERENCE_LEVEL)
            || place.level > MAX_LEVEL
            || fields.open.len() > MAX_LEVEL + MAX_REFERENCE_HOPS
            || fields.rows.len() >= MAX_ROWS_PER_TABLE
            || fields.steps > MAX_STEPS_PER_TABLE
            || !self.take_step()
        {
            return;
        }

        fields.open.push(schema);
        self.collect_parts(schema, place, fields);
        self.collect_items(schema, place, fields);
        self.collect_properties(schema, place, fields);
        self.collect_conditions(schema, place, fields);
        fields.open.pop();
    }

    /// The schemas that a schema is combined from.
    fn collect_parts(&self, schema: &'a Value, place: &Place, fields: &mut Fields<'a>) {
        for part in array(&schema["allOf"]) {
            self.collect(part, place, fields);
        }

        if choices::are_alternatives_values(schema) {
            return;
        }

        let alternatives = array(&schema["oneOf"]).chain(array(&schema["anyOf"]));
        for (at, part) in alternatives.enumerate() {
            let label = part["$ref"]
                .as_str()
                .map(reference_name)
                .or_else(|| part["title"].as_str())
                .map_or_else(|| format!("alternative {}", at + 1), str::to_owned);

            self.add_if_described(part, place, &label, fields);
            self.collect(part, &place.labelled(&label), fields);
        }
    }

    fn collect_items(&self, schema: &'a Value, place: &Place, fields: &mut Fields<'a>) {
        if schema["items"].is_object() {
            let items = place.item("");
            self.add_if_described(&schema["items"], &items, "each item", fields);
            self.collect(&schema["items"], &items, fields);
        }

        let positions = array(&schema["prefixItems"]).chain(array(&schema["items"]));
        for (at, item) in positions.enumerate() {
            let place = place.item(&at.to_string());
            self.add(&place, item, false, fields);
            self.collect(item, &place, fields);
        }
    }

    fn collect_properties(&self, schema: &'a Value, place: &Place, fields: &mut Fields<'a>) {
        let required: Vec<&str> = array(&schema["required"])
            .filter_map(Value::as_str)
            .collect();

        let named = entries(&schema["properties"]).map(|(name, field)| (name.clone(), field));
        let by_pattern = entries(&schema["patternProperties"])
            .map(|(pattern, field)| (format!("/{pattern}/"), field));
        for (name, field) in named.chain(by_pattern) {
            let place = place.field(&name);
            self.add(&place, field, required.contains(&name.as_str()), fields);
            self.collect(field, &place, fields);
        }

        let others = &schema["additionalProperties"];
        if others.is_object() {
            let place = place.field("*");
            if schema["properties"].is_object() {
                self.add(&place, others, false, fields);
            } else {
                self.add_if_described(others, &place, "", fields);
            }
            self.collect(others, &place, fields);
        }
    }

    /// The schemas that apply under a condition, and those that are defined in place.
    fn collect_conditions(&self, schema: &'a Value, place: &Place, fields: &mut Fields<'a>) {
        let single = CONDITIONS.map(|(keyword, label)| (label.to_owned(), &schema[keyword]));
        let dependent =
            entries(&schema["dependentSchemas"]).map(|(name, part)| (format!("with {name}"), part));
        let defined = entries(&schema["$defs"])
            .chain(entries(&schema["definitions"]))
            .map(|(name, part)| (format!("definition {name}"), part));

        for (label, part) in single.into_iter().chain(dependent).chain(defined) {
            if part.is_object() {
                self.add_if_described(part, place, &label, fields);
                self.collect(part, &place.labelled(&label), fields);
            }
        }
    }

    /// Adds a row for a part of a schema that is no field, if something is said about it.
    fn add_if_described(
        &self,
        part: &'a Value,
        place: &Place,
        label: &str,
        fields: &mut Fields<'a>,
    ) {
        let description = self.describe_own(part);
        if description.is_empty() || fields.rows.len() >= MAX_ROWS_PER_TABLE {
            return;
        }

        let is_item = label == "each item" && !place.path.is_empty();
        let place = if label.is_empty() || is_item {
            place.clone()
        } else {
            place.labelled(label)
        };
        fields.rows.push(Field {
            name: place.name(),
            type_name: self.type_name(part),
            is_required: false,
            description,
        });
    }

    fn add(&self, place: &Place, field: &'a Value, is_required: bool, fields: &mut Fields<'a>) {
        if fields.rows.len() >= MAX_ROWS_PER_TABLE || !self.take_step() {
            return;
        }

        fields.rows.push(Field {
            name: place.name(),
            type_name: self.type_name(field),
            is_required,
            description: self.describe(&place.path, field),
        });
    }
}
