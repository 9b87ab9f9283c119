//! Finds what a new OpenAPI description or new MCP lists take away from clients of the old ones.
//!
//! A client may rely on every route, parameter, accepted value, field that is always present,
//! header and status. It must not rely on descriptions, or on the absence of anything.

use std::collections::HashSet;

use serde_json::{Map, Value};

mod tests;

/// Lists what clients of the old OpenAPI description can no longer rely on.
pub(super) fn openapi_breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison::new(old, new);
    for (path, methods) in members(&old["paths"]) {
        for (method, old_operation) in members(methods) {
            let location = format!("{} {path}", method.to_uppercase());
            let new_operation = new["paths"]
                .get(path)
                .and_then(|methods| methods.get(method));

            match new_operation {
                Some(new_operation) => {
                    comparison.operation(&location, old_operation, new_operation);
                }
                None => comparison.report(&location, "is gone"),
            }
        }
    }

    comparison.breaks
}

/// Lists what clients of the old MCP lists can no longer rely on.
pub(super) fn mcp_breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison::new(old, new);
    for (list, key) in [
        ("tools", "name"),
        ("prompts", "name"),
        ("resourceTemplates", "uriTemplate"),
    ] {
        for old_item in items(&old[list]) {
            let location = format!("{list} {}", old_item[key]);
            match find(&new[list], &[key], old_item) {
                Some(new_item) if list == "tools" => {
                    comparison.tool(&location, old_item, new_item);
                }
                Some(new_item) if list == "prompts" => {
                    comparison.prompt(&location, old_item, new_item);
                }
                Some(new_item) => comparison.unchanged(&location, "mimeType", old_item, new_item),
                None => comparison.report(&location, "is gone"),
            }
        }
    }

    comparison.breaks
}

/// Who writes the value that a schema describes.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    /// The client: what was accepted must still be accepted.
    Request,
    /// The server: what was always present must still be present, in the same form.
    Response,
}

/// Compares two descriptions and collects what breaks.
struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    breaks: Vec<String>,
    /// Pairs of references being compared, so that a recursive schema terminates.
    visiting: HashSet<String>,
}

impl<'a> Comparison<'a> {
    fn new(old: &'a Value, new: &'a Value) -> Self {
        Self {
            old,
            new,
            breaks: Vec::new(),
            visiting: HashSet::new(),
        }
    }

    fn report(&mut self, location: &str, what: &str) {
        self.breaks.push(format!("{location} {what}"));
    }

    fn operation(&mut self, location: &str, old: &Value, new: &Value) {
        self.unchanged(location, "operationId", old, new);
        if security(self.old, old) != security(self.new, new) {
            self.report(location, "has other security requirements");
        }

        for old_parameter in items(&old["parameters"]) {
            let location = format!("{location}, parameter {}", old_parameter["name"]);
            match find(&new["parameters"], &["name", "in"], old_parameter) {
                Some(new_parameter) => {
                    // They determine how a list is written in a URL.
                    for name in ["style", "explode"] {
                        self.unchanged(&location, name, old_parameter, new_parameter);
                    }

                    self.schema(
                        &location,
                        &old_parameter["schema"],
                        &new_parameter["schema"],
                        Direction::Request,
                    );
                }
                None => self.report(&location, "is gone"),
            }
        }

        self.required_names(
            location,
            &["name", "in"],
            &old["parameters"],
            &new["parameters"],
        );
        self.body(location, &old["requestBody"], &new["requestBody"]);
        for (status, old_response) in members(&old["responses"]) {
            let location = format!("{location}, status {status}");
            match new["responses"].get(status) {
                Some(new_response) => self.response(&location, old_response, new_response),
                None => self.report(&location, "is gone"),
            }
        }
    }

    /// Reports parameters or arguments that are required now and were not before.
    fn required_names(&mut self, location: &str, keys: &[&str], old: &Value, new: &Value) {
        for new_item in items(new).iter().filter(|item| item["required"] == true) {
            let was_required =
                find(old, keys, new_item).is_some_and(|old_item| old_item["required"] == true);
            if !was_required {
                self.report(location, &format!("now requires {}", new_item["name"]));
            }
        }
    }

    fn body(&mut self, location: &str, old: &Value, new: &Value) {
        if new["required"] == true && old["required"] != true {
            self.report(location, "now requires a body");
        }

        for (media_type, old_content) in members(&old["content"]) {
            match new["content"].get(media_type) {
                Some(new_content) => self.schema(
                    &format!("{location}, body"),
                    &old_content["schema"],
                    &new_content["schema"],
                    Direction::Request,
                ),
                None => self.report(location, &format!("no longer accepts {media_type}")),
            }
        }
    }

    fn response(&mut self, location: &str, old: &Value, new: &Value) {
        for (header, _) in members(&old["headers"]) {
            if new["headers"].get(header).is_none() {
                self.report(location, &format!("no longer has the header {header}"));
            }
        }

        for (media_type, old_content) in members(&old["content"]) {
            match new["content"].get(media_type) {
                Some(new_content) => self.schema(
                    location,
                    &old_content["schema"],
                    &new_content["schema"],
                    Direction::Response,
                ),
                None => self.report(location, &format!("no longer offers {media_type}")),
            }
        }
    }

    fn tool(&mut self, location: &str, old: &Value, new: &Value) {
        self.unchanged(location, "annotations", old, new);
        self.schema(
            &format!("{location}, input"),
            &old["inputSchema"],
            &new["inputSchema"],
            Direction::Request,
        );
        self.schema(
            &format!("{location}, output"),
            &old["outputSchema"],
            &new["outputSchema"],
            Direction::Response,
        );
    }

    fn prompt(&mut self, location: &str, old: &Value, new: &Value) {
        for argument in items(&old["arguments"]) {
            if find(&new["arguments"], &["name"], argument).is_none() {
                self.report(location, &format!("no longer accepts {}", argument["name"]));
            }
        }

        self.required_names(location, &["name"], &old["arguments"], &new["arguments"]);
    }

    /// Compares two schemas, with references and alternatives.
    fn schema(&mut self, location: &str, old: &Value, new: &Value, direction: Direction) {
        // A reference may have siblings, so the whole schemas identify the pair.
        let pair = format!("{old} {new}");
        let are_references = !old["$ref"].is_null() && !new["$ref"].is_null();
        if are_references && !self.visiting.insert(pair.clone()) {
            return;
        }

        let old = alternatives(&resolved(self.old, old));
        let new = alternatives(&resolved(self.new, new));
        if let ([old], [new]) = (old.as_slice(), new.as_slice()) {
            self.single_schema(location, old, new, direction);
        } else {
            self.alternatives(location, &old, &new, direction);
        }

        if are_references {
            self.visiting.remove(&pair);
        }
    }

    /// Each old alternative must still be among the new ones. A response may gain an alternative
    /// only if its type is not new.
    fn alternatives(&mut self, location: &str, old: &[Value], new: &[Value], direction: Direction) {
        for old_alternative in old {
            let is_kept = new.iter().any(|new_alternative| {
                let mut trial = Comparison::new(self.old, self.new);
                trial.visiting.clone_from(&self.visiting);
                trial.schema(location, old_alternative, new_alternative, direction);
                trial.breaks.is_empty()
            });
            if !is_kept {
                let what = format!("no longer has the alternative {old_alternative}");
                self.report(location, &what);
            }
        }

        if direction == Direction::Response {
            let old_types = types(self.old, old);
            for kind in types(self.new, new) {
                if !old_types.contains(&kind) {
                    self.report(location, &format!("may now be {kind}"));
                }
            }
        }
    }

    /// Compares two schemas without alternatives.
    fn single_schema(&mut self, location: &str, old: &Value, new: &Value, direction: Direction) {
        let is_narrowed = direction == Direction::Request && is_unrestricted(old);
        if old["type"] != new["type"] && (is_narrowed || !old["type"].is_null()) {
            self.report(
                location,
                &format!("was {}, is {}", old["type"], new["type"]),
            );
        }

        self.values(location, old, new, direction);
        match direction {
            Direction::Request => self.limits(location, old, new),
            // Generated clients choose the type of a number by its format.
            Direction::Response => self.unchanged(location, "format", old, new),
        }

        for (name, old_property) in members(&old["properties"]) {
            let location = format!("{location}.{name}");
            match new["properties"].get(name) {
                Some(new_property) => {
                    self.schema(&location, old_property, new_property, direction);
                }
                None => self.report(&location, "is gone"),
            }
        }

        if old["additionalProperties"].is_object() {
            self.schema(
                &format!("{location}.*"),
                &old["additionalProperties"],
                &new["additionalProperties"],
                direction,
            );
        }

        let (required, expected, what) = match direction {
            Direction::Request => (new, old, "is now required"),
            Direction::Response => (old, new, "is no longer always present"),
        };
        for name in items(&required["required"]) {
            if !items(&expected["required"]).contains(name) {
                self.report(&format!("{location}.{name}"), what);
            }
        }

        if !old["items"].is_null() {
            self.schema(
                &format!("{location}[]"),
                &old["items"],
                &new["items"],
                direction,
            );
        } else if !new["items"].is_null() && direction == Direction::Request {
            self.report(location, "now restricts its items");
        }
    }

    /// Values that were allowed are still allowed. A request without a list of values must not get
    /// one.
    fn values(&mut self, location: &str, old: &Value, new: &Value, direction: Direction) {
        if !old["const"].is_null() && old["const"] != new["const"] {
            self.report(
                location,
                &format!("was {}, is {}", old["const"], new["const"]),
            );
        }

        if direction == Direction::Request && old["const"].is_null() && !new["const"].is_null() {
            self.report(location, &format!("now accepts only {}", new["const"]));
        }

        if new["enum"].is_null() {
            return;
        }

        if old["enum"].is_null() && direction == Direction::Request {
            self.report(location, "now accepts only some values");
        }

        for value in items(&old["enum"]) {
            if !items(&new["enum"]).contains(value) {
                self.report(location, &format!("no longer has the value {value}"));
            }
        }
    }

    /// Limits of a request are not tightened.
    fn limits(&mut self, location: &str, old: &Value, new: &Value) {
        const UPPER: [&str; 5] = [
            "maximum",
            "exclusiveMaximum",
            "maxLength",
            "maxItems",
            "maxProperties",
        ];
        const LOWER: [&str; 5] = [
            "minimum",
            "exclusiveMinimum",
            "minLength",
            "minItems",
            "minProperties",
        ];

        for name in UPPER.into_iter().chain(LOWER) {
            let Some(new_limit) = new[name].as_f64() else {
                continue;
            };
            let is_tighter = old[name].as_f64().is_none_or(|old_limit| {
                if UPPER.contains(&name) {
                    new_limit < old_limit
                } else {
                    new_limit > old_limit
                }
            });
            if is_tighter {
                self.report(location, &format!("has a tighter {name}: {new_limit}"));
            }
        }

        for name in ["pattern", "multipleOf", "uniqueItems"] {
            if !new[name].is_null() && new[name] != old[name] {
                self.report(location, &format!("has another {name}: {}", new[name]));
            }
        }

        let (old_members, new_members) =
            (&old["additionalProperties"], &new["additionalProperties"]);
        let accepted_any = old_members.is_null() || *old_members == true;
        if (*new_members == false && *old_members != false)
            || (new_members.is_object() && accepted_any)
        {
            self.report(location, "no longer accepts any other members");
        }

        // A wider format of a number accepts what the narrower one did.
        if old["format"].is_null() && !new["format"].is_null() {
            self.report(location, &format!("now has the format {}", new["format"]));
        }
    }

    /// Reports a member that was there and is another one now.
    fn unchanged(&mut self, location: &str, name: &str, old: &Value, new: &Value) {
        if !old[name].is_null() && old[name] != new[name] {
            self.report(location, &format!("has another {name}: {}", new[name]));
        }
    }
}

/// The security requirements of an operation: its own, or those of the whole description.
fn security<'a>(document: &'a Value, operation: &'a Value) -> &'a Value {
    match &operation["security"] {
        Value::Null => &document["security"],
        own => own,
    }
}

/// Whether a schema allows any value.
fn is_unrestricted(schema: &Value) -> bool {
    ["type", "enum", "const", "properties", "items"]
        .iter()
        .all(|name| schema[*name].is_null())
}

/// The alternatives of a value: the members of `anyOf` or `oneOf`, or one for each type of a list
/// of types.
fn alternatives(schema: &Value) -> Vec<Value> {
    for keyword in ["anyOf", "oneOf"] {
        if let Some(alternatives) = schema[keyword].as_array() {
            return alternatives.clone();
        }
    }

    match schema["type"].as_array() {
        Some(types) => types
            .iter()
            .map(|kind| {
                let mut alternative = schema.clone();
                alternative["type"] = kind.clone();
                alternative
            })
            .collect(),
        None => vec![schema.clone()],
    }
}

/// The types of alternatives, without those of further alternatives within them.
fn types(document: &Value, alternatives: &[Value]) -> Vec<Value> {
    alternatives
        .iter()
        .map(|alternative| resolved(document, alternative)["type"].clone())
        .collect()
}

/// The target of a reference within its document, merged with the siblings of the reference. A
/// schema without a reference is returned as it is.
fn resolved(document: &Value, schema: &Value) -> Value {
    let Some(reference) = schema["$ref"].as_str() else {
        return schema.clone();
    };
    let target = document
        .pointer(reference.trim_start_matches('#'))
        .unwrap_or_else(|| panic!("the reference {reference} has no target"));

    let mut merged = resolved(document, target);
    for (name, sibling) in members(schema).filter(|(name, _)| *name != "$ref") {
        match (&mut merged[name], sibling) {
            (Value::Object(merged), Value::Object(sibling)) => merged.extend(sibling.clone()),
            (Value::Array(merged), Value::Array(sibling)) if name == "required" => {
                merged.extend(sibling.clone());
            }
            (merged, sibling) => *merged = sibling.clone(),
        }
    }

    merged
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The item of a list that has the same values under these keys.
fn find<'a>(list: &'a Value, keys: &[&str], like: &Value) -> Option<&'a Value> {
    items(list)
        .iter()
        .find(|item| keys.iter().all(|key| item[*key] == like[*key]))
}
