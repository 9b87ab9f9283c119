//! The schemas of request and response bodies: derived from the response types, written by hand for
//! the rest.

use mcdewey_core::{RemovalReport, RollbackReport, SyncEvent};
use mcdewey_search::parameter::{Declaration, Request, Role};
use mcdewey_search::{Mode, SearchRequest};
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use super::parameter;
use crate::problem;
use crate::rest::batch::MAX_SEARCHES;
use crate::wire::{
    ChunkAnswer, CompareAnswer, DocumentAnswer, LibraryAnswer, PageAnswer, SearchAnswer,
};

/// Returns all schemas by name. `error_codes` are the values of `code` in problem details.
pub(super) fn all(error_codes: &[&str]) -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.contract = Contract::Serialize;
        settings.meta_schema = None;
    });

    let mut generator = settings.into_generator();
    generator.subschema_for::<SearchAnswer>();
    generator.subschema_for::<ChunkAnswer>();
    generator.subschema_for::<DocumentAnswer>();
    generator.subschema_for::<PageAnswer>();
    generator.subschema_for::<CompareAnswer>();
    generator.subschema_for::<LibraryAnswer>();
    generator.subschema_for::<SyncEvent>();
    generator.subschema_for::<RollbackReport>();
    generator.subschema_for::<RemovalReport>();
    generator.subschema_for::<problem::ProblemDetails<'_>>();
    let mut schemas: Map<String, Value> = generator.take_definitions(true).into_iter().collect();
    schemas.values_mut().for_each(remove_null_from_optional);

    for (name, schema) in handwritten() {
        schemas.insert(name.to_owned(), schema);
    }

    if let Some(problem) = schemas.get_mut("Problem") {
        problem["properties"]["code"]["enum"] = json!(error_codes);
    }

    schemas
}

/// Removes `null` from the types of optional properties: they are omitted instead of being null.
fn remove_null_from_optional(schema: &mut Value) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();

    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties
            .iter_mut()
            .filter(|(name, _)| !required.contains(&json!(name)))
            .for_each(|(_, property)| remove_null(property));
    }

    for keyword in ["oneOf", "anyOf"] {
        schema
            .get_mut(keyword)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .for_each(remove_null_from_optional);
    }
}

fn remove_null(property: &mut Value) {
    let Some(property) = property.as_object_mut() else {
        return;
    };

    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            property.insert("type".to_owned(), only);
        }
    }

    let Some(Value::Array(alternatives)) = property.get_mut("anyOf") else {
        return;
    };
    alternatives.retain(|schema| *schema != json!({"type": "null"}));
    if let [Value::Object(only)] = alternatives.as_slice() {
        let only = only.clone();
        property.remove("anyOf");
        property.extend(only);
    }
}

/// Returns the schema of a request as a JSON body: the question, the filters, then the rest.
fn request_body<R: Request>() -> Value {
    let mut fields: Vec<&Declaration> = R::DECLARATIONS.iter().collect();
    fields.sort_by_key(|field| (field.role != Role::Question, !field.role.is_filter()));

    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), parameter::body_schema(field)))
        .collect();

    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn handwritten() -> Vec<(&'static str, Value)> {
    vec![
        ("SearchBody", request_body::<SearchRequest>()),
        (
            "BatchBody",
            json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["searches"],
                "properties": {"searches": {
                    "type": "array", "minItems": 1, "maxItems": MAX_SEARCHES,
                    "items": {
                        "description": "The body of a search (SearchBody); an invalid one gets a \
                                        problem instead of an answer",
                    },
                }},
            }),
        ),
        (
            "BatchAnswer",
            json!({
                "type": "object",
                "required": ["answers"],
                "properties": {"answers": {"type": "array", "items": {"oneOf": [
                    {
                        "type": "object",
                        "required": ["answer"],
                        "properties": {"answer": reference("SearchAnswer")},
                    },
                    {
                        "type": "object",
                        "required": ["problem"],
                        "properties": {"problem": reference("Problem")},
                    },
                ]}}},
            }),
        ),
        (
            "DocumentOrPage",
            json!({"anyOf": [reference("DocumentAnswer"), reference("PageAnswer")]}),
        ),
        (
            "SyncBody",
            json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "root": {
                        "type": ["string", "null"],
                        "description": "The name of a root, or a folder; default: all roots",
                    },
                    "check_contents": {
                        "type": "boolean",
                        "description": "Read every file, also those that the file system reports \
                                        as unchanged; default: false",
                    },
                },
            }),
        ),
        (
            "RollbackBody",
            json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "generation": {
                        "type": ["string", "null"],
                        "description": "The name of the generation, or the beginning of it; \
                                        default: the previous generation",
                    },
                    "forward": {"type": "boolean"},
                },
            }),
        ),
        (
            "RemovalBody",
            json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["sources"],
                "properties": {
                    "sources": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                    "force": {
                        "type": "boolean",
                        "description": "Remove documents even if their files still exist in a root",
                    },
                },
            }),
        ),
        (
            "QuestionsAnswer",
            json!({
                "type": "object",
                "required": ["question_log", "capacity", "questions"],
                "properties": {
                    "question_log": {"enum": ["off", "unanswered", "all"]},
                    "capacity": {"type": "integer"},
                    "questions": {"type": "array", "items": reference("AskedQuestion")},
                },
            }),
        ),
        (
            "AskedQuestion",
            json!({
                "type": "object",
                "required": [
                    "when", "face", "request_id", "mode", "q",
                    "outcome", "slow", "latency_ms", "hits",
                ],
                "properties": {
                    "when": {"type": "string", "format": "date-time"},
                    "face": {
                        "type": "string",
                        "description": "The interface that received the question",
                    },
                    "request_id": {"type": "string"},
                    "mode": {"enum": Mode::NAMES},
                    "q": {"type": "string"},
                    "filters": {"type": "object", "additionalProperties": {"type": "string"}},
                    "outcome": {
                        "type": "string",
                        "description": "`answered`, `no_answer`, `rejected` (a reader reported \
                                        that no hit answers it) or an error code",
                    },
                    "slow": {"type": "boolean"},
                    "latency_ms": {"type": "number"},
                    "hits": {"type": "integer", "minimum": 0},
                    "confidence": {"type": "number"},
                    "no_answer": {"type": "string"},
                    "degraded": {"type": "string"},
                },
            }),
        ),
        (
            "Alive",
            json!({
                "type": "object",
                "required": ["status"],
                "properties": {"status": {"const": "ok"}},
            }),
        ),
        (
            "Ready",
            json!({
                "type": "object",
                "required": ["status"],
                "properties": {
                    "status": {"const": "ready"},
                    "generation": {"type": "string"},
                    "revision": {"type": "integer"},
                    "documents": {"type": "integer"},
                    "pages": {"type": "integer"},
                    "chunks": {"type": "integer"},
                },
            }),
        ),
        (
            "ResourceMetadata",
            json!({
                "type": "object",
                "required": ["resource", "authorization_servers"],
                "properties": {
                    "resource": {"type": "string"},
                    "authorization_servers": {"type": "array", "items": {"type": "string"}},
                },
            }),
        ),
        (
            "Description",
            json!({"type": "object", "required": ["openapi", "paths"]}),
        ),
    ]
}

pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
