//! Writes the bodies of requests and responses: their media types, fields, encodings and examples.

use serde_json::Value;

use super::api::Api;
use super::schema::unescape_pipes;
use super::table::{code, table, value_code};
use super::value::entries;
use super::{description, example};

/// The form of a body in one media type.
pub(super) struct MediaType<'a> {
    /// Empty in version 2, which has one schema for all media types.
    pub(super) name: &'a str,
    pub(super) schema: &'a Value,
    /// The object that contains the examples and encodings.
    definition: &'a Value,
}

/// Which schemas are written with their fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expand {
    All,
    /// Those without a name. The others have sections of their own.
    Unnamed,
}

impl<'a> Api<'a> {
    /// The media types of a request body or response.
    pub(super) fn media_types(&self, body: &'a Value) -> Vec<MediaType<'a>> {
        if body["schema"].is_object() {
            return vec![MediaType {
                name: "",
                schema: &body["schema"],
                definition: &Value::Null,
            }];
        }

        entries(&body["content"])
            .flat_map(|(name, definition)| {
                let definition = self.resolve_to_write(definition);
                // Streams describe their items in place of the whole, or in addition to it.
                let schemas = [&definition["schema"], &definition["itemSchema"]];
                let mut given: Vec<&Value> = schemas
                    .into_iter()
                    .filter(|schema| !schema.is_null())
                    .collect();
                if given.is_empty() {
                    given.push(&Value::Null);
                }

                given
                    .into_iter()
                    .enumerate()
                    .map(move |(at, schema)| MediaType {
                        name,
                        schema,
                        definition: if at == 0 { definition } else { &Value::Null },
                    })
            })
            .collect()
    }

    /// The types of a body in all media types, for a table cell.
    pub(super) fn body_types(&self, media_types: &[MediaType<'a>]) -> String {
        let types: Vec<String> = media_types
            .iter()
            .map(|media_type| {
                let type_name = self.type_name(media_type.schema);
                if media_type.name.is_empty() {
                    type_name
                } else {
                    format!("{type_name} ({})", code(media_type.name))
                }
            })
            .collect();
        types.join("; ")
    }

    /// A request body with its title.
    pub(super) fn request_body(&self, body: &'a Value) -> String {
        let title = if body["required"] == Value::Bool(true) {
            "Request body (required)"
        } else {
            "Request body"
        };

        let media_types = self.media_types(body);
        let mut out = format!("**{title}**");
        // Version 2 names bodies, because they are parameters.
        if let Some(name) = body["name"].as_str() {
            out.push_str(&format!(" {}", code(name)));
        }
        let types = unescape_pipes(&self.body_types(&media_types));
        if !types.is_empty() {
            out.push_str(&format!(": {types}"));
        }

        out.push_str("\n\n");
        let text = body["description"].as_str().unwrap_or_default();
        out.push_str(&description::as_blocks(text, 4));
        out.push_str(&self.body_details("", &media_types, Expand::All));
        out
    }

    /// The fields, encodings and examples of a body. A title is written before the fields unless it
    /// is empty and there is one table only.
    pub(super) fn body_details(
        &self,
        title: &str,
        media_types: &[MediaType<'a>],
        expand: Expand,
    ) -> String {
        let mut out = String::new();
        let is_single = media_types.len() == 1;

        for (at, media_type) in media_types.iter().enumerate() {
            let is_repeated = media_types[..at]
                .iter()
                .any(|earlier| earlier.schema == media_type.schema);
            if !is_repeated && (expand == Expand::All || !is_named(media_type.schema)) {
                let fields = self.value(media_type.schema);
                out.push_str(&titled(title, media_type.name, is_single, &fields));
            }
            out.push_str(&self.encoding_table(media_type.definition));
        }

        for media_type in media_types {
            let name = if is_single { "" } else { media_type.name };
            out.push_str(&example::of_media_type(self, media_type.definition, name));
        }
        out
    }

    /// A media type that no body uses.
    pub(super) fn media_type_details(&self, name: &'a str, definition: &'a Value) -> String {
        let media_type = MediaType {
            name,
            schema: &definition["schema"],
            definition,
        };
        self.body_details("", &[media_type], Expand::All)
    }

    /// What a schema says and its fields.
    fn value(&self, schema: &'a Value) -> String {
        let text = if schema["$ref"].is_null() {
            self.schema_text("", schema, 4)
        } else {
            description::as_blocks(schema["description"].as_str().unwrap_or_default(), 4)
        };
        format!("{text}{}", self.field_table(schema))
    }

    /// How the parts of a form or multipart body are encoded.
    fn encoding_table(&self, definition: &'a Value) -> String {
        let by_name = entries(&definition["encoding"]).map(|(name, value)| (name.as_str(), value));
        let of_items = definition.get("itemEncoding").map(|value| ("items", value));

        let rows: Vec<Vec<String>> = by_name
            .chain(of_items)
            .map(|(name, encoding)| {
                let content_type = encoding.get("contentType").and_then(value_code);
                let style = encoding.get("style").and_then(value_code);
                let headers: Vec<String> = entries(&encoding["headers"])
                    .map(|(name, header)| {
                        let header = self.resolve_to_write(header);
                        let text = self.describe(name, header);
                        format!("{} {}", code(name), text).trim_end().to_owned()
                    })
                    .collect();

                vec![
                    code(name),
                    content_type.unwrap_or_default(),
                    style.unwrap_or_default(),
                    headers.join("<br>"),
                ]
            })
            .collect();

        let columns = ["Part", "Content type", "Style", "Headers"];
        match table(&columns, &rows) {
            rows if rows.is_empty() => rows,
            rows => format!("**Encoding**\n\n{rows}"),
        }
    }
}

/// Fields under their title; empty if there are none.
fn titled(title: &str, media_type: &str, is_single: bool, fields: &str) -> String {
    if fields.is_empty() || (title.is_empty() && is_single) {
        return fields.to_owned();
    }

    let title = if title.is_empty() { "Fields" } else { title };
    let media_type = if is_single || media_type.is_empty() {
        String::new()
    } else {
        format!(" ({})", code(media_type))
    };
    format!("**{title}**{media_type}\n\n{fields}")
}

/// Whether a schema, or that of its items, has a section of its own.
fn is_named(schema: &Value) -> bool {
    !schema["$ref"].is_null() || !schema["items"]["$ref"].is_null()
}
