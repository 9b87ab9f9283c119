//! One operation: what it does, what it takes, what it answers.

use serde_json::Value;

use super::schema::Schemas;
use super::table::{code, plain, table};
use super::{entries, prose};
use crate::html::escape;

/// Longer examples are left out; they repeat what the tables say.
const MAX_EXAMPLE: usize = 4 * 1024;

pub(super) struct Operation<'a> {
    pub(super) root: &'a Value,
    pub(super) schemas: &'a Schemas<'a>,
    pub(super) path: &'a str,
    pub(super) method: &'a str,
    /// The path that it belongs to, whose parameters are its own.
    pub(super) item: &'a Value,
    pub(super) stated: &'a Value,
}

impl<'a> Operation<'a> {
    /// Its whole section.
    pub(super) fn section(&self) -> String {
        let stated = self.stated;
        let summary = stated["summary"]
            .as_str()
            .or_else(|| self.item["summary"].as_str())
            .map(prose::line);

        let summary = summary
            .filter(|text| !text.is_empty())
            .map(|text| format!(" — {text}"))
            .unwrap_or_default();

        let mut out = format!(
            "## {} {}{summary}\n\n",
            self.method.to_uppercase(),
            escape::text(self.path)
        );

        if stated["deprecated"] == Value::Bool(true) {
            out.push_str("**Deprecated.**\n\n");
        }

        let description = stated["description"]
            .as_str()
            .or_else(|| self.item["description"].as_str());
        out.push_str(&prose::block(description.unwrap_or_default(), 3));
        out.push_str(&self.labels());
        let parameters = self.parameters();
        out.push_str(&self.parameter_table(&parameters));
        out.push_str(&self.request(&parameters));
        out.push_str(&self.responses());

        out
    }

    fn labels(&self) -> String {
        let tags: Vec<&str> = self.stated["tags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();

        let lines = [
            plain(&self.stated["operationId"]).map(|id| format!("- Operation: {}\n", code(&id))),
            (!tags.is_empty()).then(|| format!("- Tags: {}\n", escape::text(&tags.join(", ")))),
            self.security()
                .map(|schemes| format!("- Security: {schemes}\n")),
        ];

        let lines: String = lines.into_iter().flatten().collect();
        if lines.is_empty() {
            lines
        } else {
            format!("{lines}\n")
        }
    }

    /// The ways to show who one is: any one of them is enough.
    fn security(&self) -> Option<String> {
        let stated = self.stated["security"]
            .as_array()
            .or_else(|| self.root["security"].as_array())?;

        let ways: Vec<String> = stated
            .iter()
            .map(|way| {
                let needed: Vec<String> = entries(way)
                    .map(|(name, scopes)| self.scheme(name, scopes))
                    .collect();
                if needed.is_empty() {
                    "none".to_owned()
                } else {
                    needed.join(" and ")
                }
            })
            .collect();

        Some(if ways.is_empty() {
            "none".to_owned()
        } else {
            ways.join(", or ")
        })
    }

    fn scheme(&self, name: &str, scopes: &Value) -> String {
        let defined = self
            .schemas
            .resolved(&self.root["components"]["securitySchemes"][name]);

        let defined = if defined.is_null() {
            &self.root["securityDefinitions"][name]
        } else {
            defined
        };

        let kind = match defined["type"].as_str() {
            Some("apiKey") => format!(
                " (API key in {} {})",
                defined["in"].as_str().unwrap_or("header"),
                code(defined["name"].as_str().unwrap_or_default())
            ),
            Some("http") => format!(" (HTTP {})", defined["scheme"].as_str().unwrap_or_default()),
            Some(other) => format!(" ({other})"),
            None => String::new(),
        };

        let scopes: Vec<String> = scopes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(code)
            .collect();

        let scopes = if scopes.is_empty() {
            String::new()
        } else {
            format!(" with {}", scopes.join(", "))
        };

        format!("{}{kind}{scopes}", code(name))
    }

    /// Its parameters; one of its own replaces the path's of the same name and place.
    fn parameters(&self) -> Vec<&'a Value> {
        let mut all: Vec<&'a Value> = Vec::new();
        for parameter in [self.item, self.stated]
            .into_iter()
            .filter_map(|of| of["parameters"].as_array())
            .flatten()
        {
            let parameter = self.schemas.resolved(parameter);
            all.retain(|known| {
                known["name"] != parameter["name"] || known["in"] != parameter["in"]
            });
            all.push(parameter);
        }

        all
    }

    fn parameter_table(&self, parameters: &[&'a Value]) -> String {
        let rows: Vec<Vec<String>> = parameters
            .iter()
            .filter(|parameter| parameter["in"] != "body")
            .map(|parameter| {
                // Version 2 writes the schema into the parameter itself.
                let content = entries(&parameter["content"])
                    .next()
                    .map(|(_, media)| &media["schema"]);

                let schema = if parameter["schema"].is_object() {
                    &parameter["schema"]
                } else {
                    content.unwrap_or(parameter)
                };

                let told = if std::ptr::eq(schema, *parameter) {
                    String::new()
                } else {
                    self.schemas.describe_limits(schema)
                };

                let described = [self.schemas.describe(parameter), told];
                vec![
                    code(parameter["name"].as_str().unwrap_or_default()),
                    parameter["in"].as_str().unwrap_or_default().to_owned(),
                    self.schemas.type_of(schema),
                    if parameter["required"] == Value::Bool(true) {
                        "yes".to_owned()
                    } else {
                        "no".to_owned()
                    },
                    described
                        .into_iter()
                        .filter(|text| !text.is_empty())
                        .collect::<Vec<_>>()
                        .join(" "),
                ]
            })
            .collect();

        match rows.is_empty() {
            true => String::new(),
            false => format!(
                "**Parameters**\n\n{}",
                table(&["Name", "In", "Type", "Required", "Description"], &rows)
            ),
        }
    }

    fn request(&self, parameters: &[&'a Value]) -> String {
        if let Some(body) = parameters
            .iter()
            .find(|parameter| parameter["in"] == "body")
        {
            return self.body(
                "Request body",
                body["description"].as_str(),
                &[("", &body["schema"], &Value::Null)],
            );
        }

        let body = self.schemas.resolved(&self.stated["requestBody"]);
        if !body.is_object() {
            return String::new();
        }

        let title = if body["required"] == Value::Bool(true) {
            "Request body (required)"
        } else {
            "Request body"
        };

        self.body(title, body["description"].as_str(), &media(body))
    }

    /// A body: its media types and the fields of the first one that has some.
    fn body(
        &self,
        title: &str,
        description: Option<&str>,
        media: &[(&str, &'a Value, &'a Value)],
    ) -> String {
        let types: Vec<String> = media
            .iter()
            .map(|(name, schema, _)| {
                let called = self.schemas.type_of(schema);
                if name.is_empty() {
                    called
                } else {
                    format!("{called} ({})", code(name))
                }
            })
            .collect();

        let mut out = format!("**{title}**");
        if !types.is_empty() {
            out.push_str(&format!(": {}", types.join("; ")));
        }

        out.push_str("\n\n");
        out.push_str(&prose::block(description.unwrap_or_default(), 4));
        out.push_str(
            &media
                .iter()
                .map(|(_, schema, _)| self.schemas.fields(schema))
                .find(|fields| !fields.is_empty())
                .unwrap_or_default(),
        );

        out.push_str(
            &media
                .iter()
                .find_map(|(_, _, media)| self.example(media))
                .unwrap_or_default(),
        );

        out
    }

    fn responses(&self) -> String {
        let mut rows = Vec::new();
        let mut bodies = String::new();
        for (status, response) in entries(&self.stated["responses"]) {
            let response = self.schemas.resolved(response);
            let media = media(response);
            let types: Vec<String> = media
                .iter()
                .map(|(_, schema, _)| self.schemas.type_of(schema))
                .collect();

            rows.push(vec![
                status.clone(),
                prose::cell(response["description"].as_str().unwrap_or_default()),
                types.join("; "),
            ]);

            let fields = media
                .iter()
                .map(|(_, schema, _)| self.schemas.fields(schema))
                .find(|fields| !fields.is_empty());

            // The fields of errors are the same everywhere and stand in their schema.
            if status.starts_with('2') || status == "default" && rows.len() == 1 {
                if let Some(fields) = fields {
                    bodies.push_str(&format!("**Fields of the {status} response**\n\n{fields}"));
                }

                bodies.push_str(
                    &media
                        .iter()
                        .find_map(|(_, _, media)| self.example(media))
                        .unwrap_or_default(),
                );
            }
        }

        match rows.is_empty() {
            true => String::new(),
            false => format!(
                "**Responses**\n\n{}{bodies}",
                table(&["Status", "Description", "Body"], &rows)
            ),
        }
    }

    /// The first example of a body, as code.
    fn example(&self, media: &'a Value) -> Option<String> {
        let first = entries(&media["examples"])
            .next()
            .map(|(_, example)| self.schemas.resolved(example));

        let stated = media
            .get("example")
            .or_else(|| first.map(|example| example.get("value").unwrap_or(example)))?;

        let (text, language) = match stated {
            Value::Null => return None,
            Value::String(text) => (text.clone(), ""),
            other => (serde_json::to_string_pretty(other).ok()?, "json"),
        };

        let fits = !text.trim().is_empty() && text.len() <= MAX_EXAMPLE && !text.contains("```");
        fits.then(|| format!("Example:\n\n```{language}\n{}\n```\n\n", text.trim_end()))
    }
}

/// The media types of a body, with their schemas; version 2 has one schema for all.
fn media(body: &Value) -> Vec<(&str, &Value, &Value)> {
    if body["schema"].is_object() {
        return vec![("", &body["schema"], body)];
    }

    entries(&body["content"])
        .map(|(name, media)| (name.as_str(), &media["schema"], media))
        .collect()
}
