//! Writes the tables of parameters and of response headers.

use serde_json::Value;

use super::api::Api;
use super::example;
use super::schema::Detail;
use super::table::{code, table};
use super::value::{array, entries};

impl<'a> Api<'a> {
    /// The parameters of a path and an operation. One of the operation replaces one of the path
    /// with the same name and location.
    pub(super) fn parameters(&self, of_path: &'a Value, of_operation: &'a Value) -> Vec<&'a Value> {
        let mut parameters: Vec<&'a Value> = Vec::new();
        for parameter in array(of_path).chain(array(of_operation)) {
            let parameter = self.resolve_to_write(parameter);
            parameters.retain(|other| {
                other["name"] != parameter["name"] || other["in"] != parameter["in"]
            });
            parameters.push(parameter);
        }

        parameters
    }

    /// The table of all parameters but the body, which only version 2 describes as a parameter.
    pub(super) fn parameter_table(&self, parameters: &[&'a Value]) -> String {
        let rows: Vec<Vec<String>> = parameters
            .iter()
            .filter(|parameter| parameter["in"] != "body")
            .flat_map(|parameter| {
                let name = parameter["name"].as_str().unwrap_or_default();
                let place = parameter["in"].as_str().unwrap_or_default();
                self.rows(name, place, parameter)
            })
            .collect();

        if rows.is_empty() {
            return String::new();
        }

        let columns = ["Name", "In", "Type", "Required", "Description"];
        format!("**Parameters**\n\n{}", table(&columns, &rows))
    }

    /// The table of headers; empty if there are none.
    pub(super) fn header_table(&self, title: &str, headers: &'a Value) -> String {
        let rows: Vec<Vec<String>> = entries(headers)
            .flat_map(|(name, header)| self.rows(name, "", self.resolve_to_write(header)))
            .map(|mut row| {
                // Few headers are required, so only those are marked.
                if row[3] == "no" {
                    row[3].clear();
                }
                row
            })
            .collect();

        if rows.is_empty() {
            return String::new();
        }

        let columns = ["Header", "In", "Type", "Required", "Description"];
        format!("**{title}**\n\n{}", table(&columns, &rows))
    }

    /// The row of a parameter or header, then those of the fields of its value.
    fn rows(&self, name: &str, place: &str, parameter: &'a Value) -> Vec<Vec<String>> {
        let content = entries(&parameter["content"]).next();
        // Version 2 writes the schema into the parameter itself.
        let schema = match content {
            Some((_, media_type)) => &media_type["schema"],
            None if parameter["schema"].is_object() => &parameter["schema"],
            None => parameter,
        };

        let mut description = vec![self.describe(name, parameter)];
        if !std::ptr::eq(schema, parameter) {
            description.push(self.describe_value(name, schema, parameter));
        }

        let mut type_name = self.type_name(schema);
        if let Some((media_type, definition)) = content {
            type_name = format!("{type_name} ({})", code(media_type));
            description.extend(example::sentences(self, definition));
        }
        description.retain(|part| !part.is_empty());

        let required = parameter["required"] == Value::Bool(true);
        let mut rows = vec![vec![
            code(name),
            place.to_owned(),
            type_name,
            if required { "yes" } else { "no" }.to_owned(),
            description.join(" "),
        ]];

        rows.extend(self.fields(schema, name).into_iter().map(|field| {
            let required = if field.is_required { "yes" } else { "" };
            vec![
                field.name,
                place.to_owned(),
                field.type_name,
                required.to_owned(),
                field.description,
            ]
        }));
        rows
    }

    /// What the schema of a parameter adds to the parameter's own description.
    fn describe_value(&self, name: &str, schema: &'a Value, parameter: &'a Value) -> String {
        let repeats_description =
            schema["description"].is_null() || schema["description"] == parameter["description"];
        if !repeats_description {
            return self.describe(name, schema);
        }

        let target = self.resolve(schema);
        let mut parts = vec![self.facts(schema, Detail::Cell)];
        if !std::ptr::eq(schema, target) {
            parts.push(self.facts(target, Detail::Reference));
        }
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }
}
