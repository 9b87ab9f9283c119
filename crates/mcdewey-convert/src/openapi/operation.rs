//! Writes the section of an operation: what it does, its parameters, request body and responses.

use serde_json::Value;

use super::schema::Schemas;
use super::table::{code, scalar_text, table};
use super::{array, description, entries};
use crate::html::escape;

/// Longer examples are left out; they repeat what the tables say.
const MAX_EXAMPLE_BYTES: usize = 4 * 1024;

pub(super) struct Operation<'a> {
    pub(super) root: &'a Value,
    pub(super) schemas: &'a Schemas<'a>,
    pub(super) path: &'a str,
    pub(super) method: &'a str,
    /// What all operations of the path share, such as parameters.
    pub(super) path_item: &'a Value,
    pub(super) operation: &'a Value,
}

/// The form of a body in one media type.
struct MediaType<'a> {
    /// Empty in version 2, which has one schema for all media types.
    name: &'a str,
    schema: &'a Value,
    /// The object that contains the examples.
    definition: &'a Value,
}

impl<'a> Operation<'a> {
    pub(super) fn section(&self) -> String {
        let summary = self
            .text("summary")
            .map(description::as_line)
            .filter(|text| !text.is_empty())
            .map(|text| format!(" — {text}"))
            .unwrap_or_default();

        let mut out = format!(
            "## {} {}{summary}\n\n",
            self.method.to_uppercase(),
            escape::markdown(self.path)
        );

        if self.operation["deprecated"] == Value::Bool(true) {
            out.push_str("**Deprecated.**\n\n");
        }

        let text = self.text("description").unwrap_or_default();
        out.push_str(&description::as_blocks(text, 3));
        out.push_str(&self.labels());
        let parameters = self.parameters();
        out.push_str(&self.parameter_table(&parameters));
        out.push_str(&self.request_body(&parameters));
        out.push_str(&self.responses());

        out
    }

    /// A text of the operation, or of its path if it has none.
    fn text(&self, key: &str) -> Option<&'a str> {
        self.operation[key]
            .as_str()
            .or_else(|| self.path_item[key].as_str())
    }

    /// A list of the operation's id, tags and security.
    fn labels(&self) -> String {
        let tags: Vec<&str> = array(&self.operation["tags"])
            .filter_map(Value::as_str)
            .collect();

        let mut out = String::new();
        if let Some(id) = scalar_text(&self.operation["operationId"]) {
            out.push_str(&format!("- Operation: {}\n", code(&id)));
        }
        if !tags.is_empty() {
            out.push_str(&format!("- Tags: {}\n", escape::markdown(&tags.join(", "))));
        }
        if let Some(security) = self.security() {
            out.push_str(&format!("- Security: {security}\n"));
        }

        if !out.is_empty() {
            out.push('\n');
        }
        out
    }

    /// The alternative ways of authentication, each of which may combine several schemes.
    fn security(&self) -> Option<String> {
        let alternatives = self.operation["security"]
            .as_array()
            .or_else(|| self.root["security"].as_array())?;

        if alternatives.is_empty() {
            return Some("none".to_owned());
        }

        let alternatives: Vec<String> = alternatives
            .iter()
            .map(|schemes| self.security_schemes(schemes))
            .collect();
        Some(alternatives.join(", or "))
    }

    fn security_schemes(&self, schemes: &Value) -> String {
        let schemes: Vec<String> = entries(schemes)
            .map(|(name, scopes)| self.security_scheme(name, scopes))
            .collect();

        if schemes.is_empty() {
            "none".to_owned()
        } else {
            schemes.join(" and ")
        }
    }

    fn security_scheme(&self, name: &str, scopes: &Value) -> String {
        let definition = self
            .schemas
            .resolve(&self.root["components"]["securitySchemes"][name]);
        let definition = if definition.is_null() {
            &self.root["securityDefinitions"][name]
        } else {
            definition
        };

        let kind = match definition["type"].as_str() {
            Some("apiKey") => format!(
                " (API key in {} {})",
                definition["in"].as_str().unwrap_or("header"),
                code(definition["name"].as_str().unwrap_or_default())
            ),
            Some("http") => format!(
                " (HTTP {})",
                definition["scheme"].as_str().unwrap_or_default()
            ),
            Some(other) => format!(" ({other})"),
            None => String::new(),
        };

        let scopes: Vec<String> = array(scopes).filter_map(Value::as_str).map(code).collect();
        let scopes = if scopes.is_empty() {
            String::new()
        } else {
            format!(" with {}", scopes.join(", "))
        };

        format!("{}{kind}{scopes}", code(name))
    }

    /// The parameters of the path and the operation. One of the operation replaces one of the path
    /// with the same name and location.
    fn parameters(&self) -> Vec<&'a Value> {
        let mut parameters: Vec<&'a Value> = Vec::new();
        let of_path = array(&self.path_item["parameters"]);
        let of_operation = array(&self.operation["parameters"]);

        for parameter in of_path.chain(of_operation) {
            let parameter = self.schemas.resolve(parameter);
            parameters.retain(|other| {
                other["name"] != parameter["name"] || other["in"] != parameter["in"]
            });
            parameters.push(parameter);
        }

        parameters
    }

    fn parameter_table(&self, parameters: &[&'a Value]) -> String {
        let rows: Vec<Vec<String>> = parameters
            .iter()
            .filter(|parameter| parameter["in"] != "body")
            .map(|parameter| self.parameter_row(parameter))
            .collect();

        if rows.is_empty() {
            return String::new();
        }

        format!(
            "**Parameters**\n\n{}",
            table(&["Name", "In", "Type", "Required", "Description"], &rows)
        )
    }

    fn parameter_row(&self, parameter: &'a Value) -> Vec<String> {
        let of_content = entries(&parameter["content"])
            .next()
            .map(|(_, media_type)| &media_type["schema"]);

        // Version 2 writes the schema into the parameter itself.
        let schema = if parameter["schema"].is_object() {
            &parameter["schema"]
        } else {
            of_content.unwrap_or(parameter)
        };

        let mut description = self.schemas.describe(parameter);
        if !std::ptr::eq(schema, parameter) {
            let constraints = self.schemas.describe_constraints(schema);
            if !description.is_empty() && !constraints.is_empty() {
                description.push(' ');
            }
            description.push_str(&constraints);
        }

        let required = parameter["required"] == Value::Bool(true);
        vec![
            code(parameter["name"].as_str().unwrap_or_default()),
            parameter["in"].as_str().unwrap_or_default().to_owned(),
            self.schemas.type_name(schema),
            if required { "yes" } else { "no" }.to_owned(),
            description,
        ]
    }

    fn request_body(&self, parameters: &[&'a Value]) -> String {
        // Version 2 describes the body as a parameter.
        if let Some(body) = parameters
            .iter()
            .find(|parameter| parameter["in"] == "body")
        {
            let media_type = MediaType {
                name: "",
                schema: &body["schema"],
                definition: &Value::Null,
            };
            return self.body("Request body", body, &[media_type]);
        }

        let body = self.schemas.resolve(&self.operation["requestBody"]);
        if !body.is_object() {
            return String::new();
        }

        let title = if body["required"] == Value::Bool(true) {
            "Request body (required)"
        } else {
            "Request body"
        };

        self.body(title, body, &media_types(body))
    }

    /// Writes a request body: its media types, its description, and the first table of fields and
    /// the first example that one of them has.
    fn body(&self, title: &str, body: &'a Value, media_types: &[MediaType<'a>]) -> String {
        let types: Vec<String> = media_types
            .iter()
            .map(|media_type| {
                let type_name = self.schemas.type_name(media_type.schema);
                if media_type.name.is_empty() {
                    type_name
                } else {
                    format!("{type_name} ({})", code(media_type.name))
                }
            })
            .collect();

        let mut out = format!("**{title}**");
        if !types.is_empty() {
            out.push_str(&format!(": {}", types.join("; ")));
        }

        out.push_str("\n\n");
        let description = body["description"].as_str().unwrap_or_default();
        out.push_str(&description::as_blocks(description, 4));
        out.push_str(&self.first_fields(media_types).unwrap_or_default());
        out.push_str(&self.first_example(media_types).unwrap_or_default());

        out
    }

    fn responses(&self) -> String {
        let mut rows = Vec::new();
        let mut bodies = String::new();
        for (status, response) in entries(&self.operation["responses"]) {
            let response = self.schemas.resolve(response);
            let media_types = media_types(response);
            let types: Vec<String> = media_types
                .iter()
                .map(|media_type| self.schemas.type_name(media_type.schema))
                .collect();

            rows.push(vec![
                status.clone(),
                description::as_cell(response["description"].as_str().unwrap_or_default()),
                types.join("; "),
            ]);

            // Computed for errors too: it counts towards the limit on schemas, on which the
            // Markdown of later sections depends.
            let fields = self.first_fields(&media_types);

            // The fields of errors are usually the same everywhere and are in their schema.
            if status.starts_with('2') || status == "default" && rows.len() == 1 {
                if let Some(fields) = fields {
                    bodies.push_str(&format!("**Fields of the {status} response**\n\n{fields}"));
                }
                bodies.push_str(&self.first_example(&media_types).unwrap_or_default());
            }
        }

        if rows.is_empty() {
            return String::new();
        }

        format!(
            "**Responses**\n\n{}{bodies}",
            table(&["Status", "Description", "Body"], &rows)
        )
    }

    /// The first table of fields that is not empty.
    fn first_fields(&self, media_types: &[MediaType<'a>]) -> Option<String> {
        media_types
            .iter()
            .map(|media_type| self.schemas.field_table(media_type.schema))
            .find(|fields| !fields.is_empty())
    }

    fn first_example(&self, media_types: &[MediaType<'a>]) -> Option<String> {
        media_types
            .iter()
            .find_map(|media_type| self.example(media_type.definition))
    }

    /// The first example of a media type as a code block.
    fn example(&self, media_type: &'a Value) -> Option<String> {
        let first = entries(&media_type["examples"])
            .next()
            .map(|(_, example)| self.schemas.resolve(example));

        let example = media_type
            .get("example")
            .or_else(|| first.map(|example| example.get("value").unwrap_or(example)))?;

        let (text, language) = match example {
            Value::Null => return None,
            Value::String(text) => (text.clone(), ""),
            other => (serde_json::to_string_pretty(other).ok()?, "json"),
        };

        let fits = !text.trim().is_empty()
            && text.len() <= MAX_EXAMPLE_BYTES
            // Would end the code block.
            && !text.contains("```");
        fits.then(|| format!("Example:\n\n```{language}\n{}\n```\n\n", text.trim_end()))
    }
}

/// The media types of a request body or response.
fn media_types(body: &Value) -> Vec<MediaType<'_>> {
    if body["schema"].is_object() {
        return vec![MediaType {
            name: "",
            schema: &body["schema"],
            definition: body,
        }];
    }

    entries(&body["content"])
        .map(|(name, definition)| MediaType {
            name,
            schema: &definition["schema"],
            definition,
        })
        .collect()
}
