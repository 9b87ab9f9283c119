//! A small description, with changes that must be reported and additions that must not: a check
//! that accepts everything would prove nothing.

use serde_json::json;

use super::*;

fn description() -> Value {
    json!({
        "security": [{}, {"bearer": []}],
        "paths": {"/documents": {"get": {"operationId": "documents"}}, "/search": {"get": {
            "operationId": "search",
            "security": [{}],
            "parameters": [
                {
                    "name": "q", "in": "query", "required": true,
                    "schema": {"type": "string", "maxLength": 100},
                },
                {
                    "name": "mode", "in": "query", "required": false, "explode": true,
                    "schema": {"enum": ["a", "b"]},
                },
            ],
            "requestBody": {"content": {"application/json": {"schema": {
                "type": "object", "required": ["q"],
                "properties": {
                    "q": {"type": "string"},
                    "limit": {"type": ["integer", "null"]},
                    "filters": {"type": "object"},
                    "extra": {},
                },
            }}}},
            "responses": {
                "200": {
                    "headers": {"ETag": {}},
                    "content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/Answer"},
                    }},
                },
                "404": {},
            },
        }}},
        "components": {"schemas": {"Counts": {
            "type": "object", "required": [], "properties": {},
        }, "Answer": {
            "type": "object", "required": ["hits"],
            "properties": {
                "hits": {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}},
                "code": {"enum": ["x", "y"]},
                "location": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "total": {"type": "integer", "format": "uint32"},
                "facets": {"type": "object", "additionalProperties": {"type": "integer"}},
                "counts": {
                    "$ref": "#/components/schemas/Counts",
                    "required": ["files"],
                    "properties": {"files": {"type": "integer"}},
                },
            },
        }}},
    })
}

fn breaks(pointer: &str, value: Value) -> Vec<String> {
    let old = description();
    let mut new = description();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/");
    let parent = new
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("{pointer} does not exist"));
    match parent {
        Value::Object(members) if value.is_null() => {
            assert!(members.remove(&name).is_some(), "{pointer} does not exist");
        }
        Value::Array(items) if name == "-" => items.push(value),
        Value::Array(items) if value.is_null() => {
            items.remove(name.parse().unwrap());
        }
        parent => parent[name] = value,
    }
    assert_ne!(old, new);

    openapi_breaks(&old, &new)
}

const OPERATION: &str = "/paths/~1search/get";
const BODY: &str = "/requestBody/content/application~1json/schema";
const ANSWER: &str = "/components/schemas/Answer";

#[test]
fn additions_pass() {
    let optional =
        json!({"name": "new", "in": "query", "required": false, "schema": {"type": "string"}});
    for (pointer, value) in [
        ("/paths/~1new".to_owned(), json!({"get": {}})),
        (format!("{OPERATION}/parameters/-"), optional),
        (format!("{OPERATION}/parameters/0/required"), json!(false)),
        (
            format!("{OPERATION}/parameters/0/schema/maxLength"),
            json!(200),
        ),
        (
            format!("{OPERATION}/parameters/1/schema/enum/-"),
            json!("c"),
        ),
        (
            format!("{OPERATION}{BODY}/properties/new"),
            json!({"type": "string"}),
        ),
        (
            format!("{OPERATION}{BODY}/properties/limit/type/-"),
            json!("string"),
        ),
        (format!("{OPERATION}/responses/410"), json!({})),
        (format!("{OPERATION}/summary"), json!("Searches")),
        (
            format!("{ANSWER}/properties/new"),
            json!({"type": "string"}),
        ),
        (format!("{ANSWER}/required/-"), json!("code")),
        (format!("{ANSWER}/properties/code/enum/-"), json!("z")),
    ] {
        assert_eq!(breaks(&pointer, value), Vec::<String>::new(), "{pointer}");
    }
}

#[test]
fn breaking_changes_are_reported() {
    let required =
        json!({"name": "new", "in": "query", "required": true, "schema": {"type": "string"}});
    for (pointer, value) in [
        ("/paths/~1search".to_owned(), Value::Null),
        (OPERATION.to_owned(), Value::Null),
        (format!("{OPERATION}/operationId"), json!("find")),
        ("/security".to_owned(), json!([{"bearer": []}])),
        (format!("{OPERATION}/parameters/1/explode"), json!(false)),
        (
            format!("{OPERATION}{BODY}/properties/extra/type"),
            json!("string"),
        ),
        (
            format!("{OPERATION}{BODY}/properties/extra/const"),
            json!("x"),
        ),
        (
            format!("{OPERATION}{BODY}/properties/filters/additionalProperties"),
            json!({"type": "string"}),
        ),
        (
            format!("{OPERATION}{BODY}/properties/q/format"),
            json!("uri"),
        ),
        (format!("{ANSWER}/properties/total/format"), json!("uint64")),
        (
            format!("{ANSWER}/properties/facets/additionalProperties/type"),
            json!("string"),
        ),
        (
            format!("{ANSWER}/properties/counts/properties/files"),
            Value::Null,
        ),
        (
            format!("{ANSWER}/properties/counts/required/0"),
            Value::Null,
        ),
        (format!("{OPERATION}/security"), json!([{"bearer": []}])),
        (format!("{OPERATION}/parameters/1"), Value::Null),
        (format!("{OPERATION}/parameters/-"), required),
        (format!("{OPERATION}/parameters/1/required"), json!(true)),
        (format!("{OPERATION}/parameters/0/in"), json!("header")),
        (
            format!("{OPERATION}/parameters/0/schema/type"),
            json!("integer"),
        ),
        (
            format!("{OPERATION}/parameters/0/schema/maxLength"),
            json!(50),
        ),
        (
            format!("{OPERATION}/parameters/0/schema/minLength"),
            json!(5),
        ),
        (
            format!("{OPERATION}/parameters/0/schema/pattern"),
            json!("a+"),
        ),
        (
            format!("{OPERATION}/parameters/0/schema/enum"),
            json!(["a"]),
        ),
        (
            format!("{OPERATION}/parameters/1/schema/enum/0"),
            Value::Null,
        ),
        (format!("{OPERATION}/requestBody/required"), json!(true)),
        (
            format!("{OPERATION}/requestBody/content/application~1json"),
            Value::Null,
        ),
        (format!("{OPERATION}{BODY}/required/-"), json!("limit")),
        (format!("{OPERATION}{BODY}/properties/limit"), Value::Null),
        (
            format!("{OPERATION}{BODY}/properties/limit/type"),
            json!("integer"),
        ),
        (
            format!("{OPERATION}{BODY}/additionalProperties"),
            json!(false),
        ),
        (format!("{OPERATION}/responses/404"), Value::Null),
        (
            format!("{OPERATION}/responses/200/headers/ETag"),
            Value::Null,
        ),
        (
            format!("{OPERATION}/responses/200/content/application~1json"),
            Value::Null,
        ),
        (format!("{ANSWER}/properties/hits"), Value::Null),
        (format!("{ANSWER}/properties/hits/type"), json!("object")),
        (
            format!("{ANSWER}/properties/hits/items"),
            json!({"type": "string"}),
        ),
        (format!("{ANSWER}/required/0"), Value::Null),
        (format!("{ANSWER}/properties/code/enum/0"), Value::Null),
        (format!("{ANSWER}/properties/location/anyOf/0"), Value::Null),
        (
            format!("{ANSWER}/properties/location/anyOf/-"),
            json!({"type": "null"}),
        ),
    ] {
        assert_ne!(breaks(&pointer, value), Vec::<String>::new(), "{pointer}");
    }
}

#[test]
fn tools_prompts_and_templates_are_compared() {
    let old = json!({
        "tools": [{
            "name": "search",
            "annotations": {"readOnlyHint": true},
            "inputSchema": {
                "type": "object", "required": ["q"], "properties": {"q": {"type": "string"}},
            },
            "outputSchema": {
                "type": "object", "required": ["hits"],
                "properties": {"hits": {"type": "array"}},
            },
        }],
        "prompts": [{
            "name": "answer",
            "arguments": [{"name": "question", "required": true}, {"name": "product"}],
        }],
        "resourceTemplates": [{"uriTemplate": "x://{page}"}],
    });
    assert_eq!(mcp_breaks(&old, &old), Vec::<String>::new());

    for (pointer, value) in [
        ("/tools/0/name", json!("find")),
        ("/tools/0/annotations/readOnlyHint", json!(false)),
        ("/tools/0/inputSchema/required", json!(["q", "limit"])),
        ("/tools/0/inputSchema/properties/q/type", json!("array")),
        ("/tools/0/outputSchema/required", json!([])),
        ("/tools/0/outputSchema/properties", json!({})),
        ("/prompts/0/name", json!("reply")),
        ("/prompts/0/arguments/1/name", json!("thing")),
        (
            "/prompts/0/arguments/1",
            json!({"name": "product", "required": true}),
        ),
        ("/resourceTemplates/0/uriTemplate", json!("y://{page}")),
    ] {
        let mut new = old.clone();
        *new.pointer_mut(pointer).unwrap() = value;
        assert_ne!(mcp_breaks(&old, &new), Vec::<String>::new(), "{pointer}");
    }
}
