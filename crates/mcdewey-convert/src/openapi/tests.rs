//! Converts whole descriptions.

use super::*;
use crate::testing::read_mutations;

mod rich;

const AGENTS: &str = r##"openapi: 3.1.0
info:
  title: Agents
  version: "2.1"
  description: |
    Who takes calls.

    # Limits
    Ten a second.
servers:
  - url: https://api.example.com/v2
    description: live
security:
  - key: []
paths:
  /agents/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, format: uuid}}
    get:
      summary: Read one agent
      operationId: readAgent
      tags: [agents]
      description: "Gives an agent.\n\n# Note\nSlow."
      parameters:
        - $ref: "#/components/parameters/Depth"
      responses:
        200:
          description: The agent
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Agent"}
              example: {name: desk-1}
        "404": {description: "No such | agent"}
    put:
      security: []
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: array
              items: {$ref: "#/components/schemas/Agent"}
      responses: {"204": {description: Done}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
  parameters:
    Depth: {name: depth, in: query, description: How much, schema: {type: integer, default: 1, enum: [1, 2]}}
  schemas:
    Agent:
      type: object
      required: [name]
      properties:
        name: {type: string, maxLength: 40}
        boss: {$ref: "#/components/schemas/Agent"}
        desk:
          type: object
          properties: {floor: {type: integer, description: From the ground}}
"##;

const MARKDOWN: &str = r#"---
title: "Agents"
---

# Agents

Version: 2.1

Who takes calls.

## Limits
Ten a second.

**Servers**

- `https://api.example.com/v2`: live

## Authentication

### key

- Kind: API key in header `X-Key`

## GET /agents/{id} — Read one agent

Gives an agent.

### Note
Slow.

- Operation: `readAgent`
- Tags: agents
- Security: `key` (API key in header `X-Key`)

**Parameters**

| Name | In | Type | Required | Description |
| --- | --- | --- | --- | --- |
| `id` | path | string (uuid) | yes |  |
| `depth` | query | integer | no | How much. Default: `1`. One of: `1`, `2`. |

**Responses**

| Status | Description | Body |
| --- | --- | --- |
| 200 | The agent | `Agent` (`application/json`) |
| 404 | No such \| agent |  |

**Fields of the 200 response**

| Field | Type | Required | Description |
| --- | --- | --- | --- |
| `name` | string | yes | Longest length: `40`. |
| `boss` | `Agent` |  |  |
| `desk` | object |  |  |
| `desk.floor` | integer |  | From the ground. |

Example:

```json
{
  "name": "desk-1"
}
```

## PUT /agents/{id}

- Security: none

**Parameters**

| Name | In | Type | Required |
| --- | --- | --- | --- |
| `id` | path | string (uuid) | yes |

**Request body (required)**: array of `Agent` (`application/json`)

| Field | Type | Required | Description |
| --- | --- | --- | --- |
| `name` | string | yes | Longest length: `40`. |
| `boss` | `Agent` |  |  |
| `desk` | object |  |  |
| `desk.floor` | integer |  | From the ground. |

**Responses**

| Status | Description |
| --- | --- |
| 204 | Done |

## Schema Agent

| Field | Type | Required | Description |
| --- | --- | --- | --- |
| `name` | string | yes | Longest length: `40`. |
| `boss` | `Agent` |  |  |
| `desk` | object |  |  |
| `desk.floor` | integer |  | From the ground. |
"#;

#[test]
fn converts_a_description() {
    let converted = convert(AGENTS.as_bytes()).unwrap();
    assert_eq!(converted.markdown, MARKDOWN);
    assert_eq!(converted.warnings, Vec::<String>::new());
}

#[test]
fn converts_version_2() {
    let description = r##"{"swagger": "2.0", "info": {"title": "Old"},
        "host": "api.example.com", "basePath": "/v1",
        "paths": {"/calls": {"post": {"parameters": [
            {"name": "dry", "in": "query", "type": "boolean", "default": false},
            {"name": "call", "in": "body", "schema": {"$ref": "#/definitions/Call"}}],
            "responses": {"200": {"description": "OK",
                "schema": {"type": "array", "items": {"type": "string"}}}}}}},
        "definitions": {"Call": {"allOf": [{"properties": {"to": {"type": "string"}}}]}}}"##;

    let markdown = convert(description.as_bytes()).unwrap().markdown;
    for expected in [
        "- `https://api.example.com/v1`",
        "## POST /calls",
        "| `dry` | query | boolean | no | Default: `false`. |",
        "**Request body** `call`: `Call`",
        "| `to` | string |",
        "| 200 | OK | array of string |",
        "## Schema Call",
    ] {
        assert!(markdown.contains(expected), "{expected} in {markdown}");
    }
}

#[test]
fn rejects_other_files_by_notation() {
    let error = convert(b"{\"a\": 1}").unwrap_err();
    assert!(
        error
            .0
            .starts_with("the file is JSON but not an OpenAPI description"),
        "{error}"
    );
    assert!(
        convert(b"a: 1")
            .unwrap_err()
            .0
            .starts_with("the file is YAML but not an OpenAPI description")
    );
    assert!(
        convert(b"openapi: [3")
            .unwrap_err()
            .0
            .contains("neither valid JSON nor valid YAML")
    );
    assert!(
        convert(b"openapi: \xFF")
            .unwrap_err()
            .0
            .contains("save it as UTF-8")
    );
}

#[test]
fn limits_schemas_that_refer_to_schemas() {
    let mut schemas = serde_json::Map::new();
    for level in 0..40 {
        let next = serde_json::json!({"$ref": format!("#/components/schemas/S{}", level + 1)});
        schemas.insert(
            format!("S{level}"),
            serde_json::json!({"allOf": [next, next, next], "properties": {"a": next}}),
        );
    }

    let bomb = serde_json::json!({"openapi": "3.0.0", "components": {"schemas": schemas}});
    let converted = convert(bomb.to_string().as_bytes()).unwrap();
    assert!(converted.markdown.contains("## Schema S0"));
}

#[test]
fn broken_descriptions_are_read_or_refused() {
    read_mutations(AGENTS.as_bytes(), convert);
}
