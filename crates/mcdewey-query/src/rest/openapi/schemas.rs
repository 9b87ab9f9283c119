//! The shapes of bodies and answers: of our own types as they are, of the rest by hand.

use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::rest::batch::MAX_SEARCHES;
use crate::rest::problem;
use crate::{
    ChunkAnswer, CompareAnswer, DocumentAnswer, LibraryAnswer, MAX_LIMIT, MAX_QUESTION_BYTES, PageAnswer, SearchAnswer,
};

/// All schemas by name.
pub(super) fn all() -> Map<String, Value> {
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
    generator.subschema_for::<problem::Body<'_>>();
    let mut schemas: Map<String, Value> = generator.take_definitions(true).into_iter().collect();
    for (name, schema) in by_hand() {
        schemas.insert(name.to_owned(), schema);
    }
    schemas
}

fn by_hand() -> Vec<(&'static str, Value)> {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let several =
        json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]});
    vec![
        (
            "SearchBody",
            json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["q"],
                "properties": {
                    "q": {"type": "string", "minLength": 1, "maxLength": MAX_QUESTION_BYTES, "pattern": "\\S"},
                    "mode": {"anyOf": [{"enum": ["hybrid", "dense", "keyword"]}, {"type": "null"}]},
                    "vendor": several, "product": several, "version": several, "guide": several, "source": several,
                    "strict": {"type": "boolean"},
                    "limit": {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_LIMIT},
                    "cursor": {"type": ["string", "null"]},
                    "group": {"anyOf": [{"const": "page"}, {"type": "null"}]},
                    "explain": {"type": "boolean"},
                    "exact": {"type": "boolean"},
                },
            }),
        ),
        (
            "BatchBody",
            json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["searches"],
                "properties": {"searches": {
                    "type": "array", "minItems": 1, "maxItems": MAX_SEARCHES,
                    "items": {"description": "The body of a search (SearchBody); what is none is answered with a problem"},
                }},
            }),
        ),
        (
            "BatchAnswer",
            json!({
                "type": "object",
                "required": ["answers"],
                "properties": {"answers": {"type": "array", "items": {"oneOf": [
                    {"type": "object", "required": ["answer"], "properties": {"answer": reference("SearchAnswer")}},
                    {"type": "object", "required": ["problem"], "properties": {"problem": reference("Problem")}},
                ]}}},
            }),
        ),
        ("DocumentOrPage", json!({"anyOf": [reference("DocumentAnswer"), reference("PageAnswer")]})),
        (
            "SyncBody",
            json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {"root": {"type": ["string", "null"], "description": "A root by name, or a folder; all when left out"}},
            }),
        ),
        (
            "SyncEvent",
            json!({"type": "object", "description": "`progress`, or at the end `finished` with the report or `failed` with a message"}),
        ),
        (
            "RollbackBody",
            json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "generation": {"type": ["string", "null"], "description": "Its name or the beginning of it; the one before when left out"},
                    "forward": {"type": "boolean"},
                },
            }),
        ),
        (
            "RollbackReport",
            json!({
                "type": "object",
                "required": ["live", "before", "pinned", "note"],
                "properties": {
                    "live": {"type": "string"}, "before": {"type": "string"},
                    "pinned": {"type": "boolean"}, "note": {"type": "string"},
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
                    "force": {"type": "boolean", "description": "Even if the file still lies in a root"},
                },
            }),
        ),
        ("RemovalReport", json!({"type": "object"})),
        (
            "QuestionsAnswer",
            json!({
                "type": "object",
                "required": ["question_log", "capacity", "questions"],
                "properties": {
                    "question_log": {"enum": ["off", "unanswered", "all"]},
                    "capacity": {"type": "integer"},
                    "questions": {"type": "array", "items": {"type": "object"}},
                },
            }),
        ),
        (
            "Health",
            json!({
                "type": "object",
                "required": ["status"],
                "properties": {
                    "status": {"enum": ["ok", "ready"]},
                    "generation": {"type": "string"}, "revision": {"type": "integer"},
                    "documents": {"type": "integer"}, "pages": {"type": "integer"}, "chunks": {"type": "integer"},
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
        ("Description", json!({"type": "object", "required": ["openapi", "paths"]})),
    ]
}
