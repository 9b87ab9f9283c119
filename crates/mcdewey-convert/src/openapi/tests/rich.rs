//! Every text of a description that uses all of the standard is in the Markdown.

use serde_json::Value;

use super::convert;
use crate::openapi::parse;

/// Version 3.1, with what versions 3.0 and 3.2 spell differently.
const VERSION_3: &str = r##"openapi: 3.1.0
info:
  title: Harbour API
  version: 7.4.1
  summary: Moves boxes
  description: |
    Cranes, *berths* and boxes.

    # Quotas
    Forty calls a second.
  termsOfService: https://harbour.example/terms
  contact: {name: Quay desk, url: https://harbour.example/desk, email: desk@harbour.example}
  license: {name: Mooring licence, identifier: MIT-0}
externalDocs: {description: Operator handbook, url: https://harbour.example/handbook}
servers:
  - url: https://{basin}.harbour.example/{edition}
    description: Live basin
    variables:
      basin: {default: north, enum: [north, south], description: Which basin}
      edition: {default: v7}
tags:
  - name: boxes
    description: Everything stackable
    externalDocs: {description: Stacking rules, url: https://harbour.example/stacking}
  - name: gates
security:
  - token: []
paths:
  /boxes/{box}:
    summary: One box
    description: A box by its plate.
    servers: [{url: https://boxes.harbour.example, description: Only boxes}]
    parameters:
      - {name: box, in: path, required: true, description: Plate number, schema: {type: string, pattern: '^[A-Z]{4}\d{7}$', minLength: 11, maxLength: 12}}
    get:
      operationId: readBox
      summary: Read a box
      description: Looks a box up.
      tags: [boxes]
      externalDocs: {description: Plate format, url: https://harbour.example/plates}
      security: [{token: []}, {login: [boxes.read]}]
      parameters:
        - $ref: '#/components/parameters/Depth'
        - name: filter
          in: query
          style: deepObject
          explode: true
          description: Narrows the answer
          schema:
            type: object
            properties:
              colour: {type: string, description: Paint, enum: [rust, slate], x-enum-descriptions: [Unpainted, Grey paint]}
              weight: {type: number, multipleOf: 0.25, exclusiveMinimum: 3, description: In tonnes}
        - name: shape
          in: query
          deprecated: true
          content:
            application/json:
              schema: {type: array, items: {type: string, description: Outline of one side}, minItems: 2, uniqueItems: true}
              examples: {triangle: {summary: Three sides, value: [aft, bow, keel]}}
        - {name: visit, in: cookie, description: Session of the gate, schema: {type: string}, example: visit-8841}
      responses:
        '200':
          description: The box
          headers:
            ETag: {description: Version of the box, schema: {type: string}}
            X-Rate: {$ref: '#/components/headers/Rate'}
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Box', description: A box with its cargo}
              examples:
                empty: {summary: Nothing inside, description: Freshly washed., value: {plate: ABCD1234567}}
                shared: {$ref: '#/components/examples/Full'}
                far: {summary: Kept elsewhere, externalValue: https://harbour.example/samples/far.json}
            application/xml:
              schema: {type: string, description: As a manifest}
              example: <box plate="WXYZ"/>
          links:
            moves: {operationId: listMoves, description: What happened to it, parameters: {plate: $response.body#/plate}}
        '404': {$ref: '#/components/responses/Missing'}
        '409':
          description: Locked
          content:
            application/problem+json:
              schema:
                type: object
                properties: {holder: {type: string, description: Who holds it, examples: [customs, pilot]}}
              example: {holder: tugmaster}
        default: {description: Anything else}
    put:
      operationId: writeBox
      description: Replaces it.
      servers: [{url: https://write.harbour.example, description: Slow lane}]
      requestBody:
        required: true
        description: The new state
        content:
          multipart/form-data:
            schema:
              type: object
              required: [photo]
              properties:
                photo: {type: string, contentMediaType: image/png, contentEncoding: base64, description: Picture of the door}
                note: {type: [string, 'null'], default: unlabelled}
            encoding:
              photo: {contentType: 'image/png, image/jpeg', headers: {X-Lens: {description: Camera used, schema: {type: string}}}}
      responses: {'204': {description: Stored}}
      callbacks:
        onMoved:
          '{$request.query.hook}':
            post:
              summary: Tells of a move
              requestBody: {content: {application/json: {schema: {type: object, properties: {stopCause: {type: string, description: Why it stopped}}}}}}
              responses: {'202': {description: Heard}}
webhooks:
  stormWarning:
    post:
      summary: A storm comes
      requestBody: {content: {application/json: {schema: {type: object, properties: {beaufort: {type: integer, minimum: 0, maximum: 12}}}}}}
      responses: {'200': {description: Noted}}
components:
  securitySchemes:
    token: {type: http, scheme: bearer, bearerFormat: JWT-9, description: Handed out at the gate}
    badge: {type: apiKey, in: header, name: X-Badge}
    login:
      type: oauth2
      description: For people
      flows:
        authorizationCode:
          authorizationUrl: https://id.harbour.example/authorize
          tokenUrl: https://id.harbour.example/token
          refreshUrl: https://id.harbour.example/refresh
          scopes: {boxes.read: Look at boxes, boxes.write: Move boxes}
    federation: {type: openIdConnect, openIdConnectUrl: https://id.harbour.example/discovery}
    wire: {type: mutualTLS, description: Certificates of the port}
  parameters:
    Depth: {name: depth, in: query, description: How much, schema: {$ref: '#/components/schemas/Depth'}}
    Unused: {name: spare, in: query, description: Kept for later}
  headers:
    Rate: {description: Calls left, schema: {type: integer, default: 40}}
    Lonely: {description: Nobody sends it, schema: {type: string}}
  examples:
    Full: {summary: To the brim, value: {plate: EFGH7654321, cargo: [tea, slate]}}
    Orphan: {summary: Never shown, value: driftwood}
  links:
    Stray: {operationRef: 'https://harbour.example/other#/paths', description: Leads away}
  responses:
    Missing:
      description: No such box
      headers: {X-Hint: {description: Where to look, schema: {type: string}}}
      content: {application/json: {schema: {$ref: '#/components/schemas/Fault'}, example: {code: E404}}}
  requestBodies:
    Spare: {description: Reserved body, content: {text/plain: {schema: {type: string, format: byte}}}}
  callbacks:
    OnTide: {'{$request.body#/tideUrl}': {post: {summary: Tide turned, responses: {'200': {description: Tide noted}}}}}
  pathItems:
    Health: {get: {summary: Is it up, responses: {'200': {description: It is}}}}
  schemas:
    Depth: {type: string, description: Levels of detail, enum: [brief, full], x-enum-varnames: [BRIEF_VIEW, FULL_VIEW]}
    Fault:
      type: object
      title: Error of the harbour
      properties:
        code: {type: string, title: Stable mark, readOnly: true}
        trace: {type: string, writeOnly: true, deprecated: true, example: trace-77}
    State:
      description: What a load does
      oneOf:
        - {const: swinging, title: In motion, description: The load swings}
        - {const: still, description: The load hangs still}
    Labels:
      type: object
      maxProperties: 9
      propertyNames: {pattern: '^[a-z]+$'}
      additionalProperties: {type: string, description: Free label of at most 40 letters}
      patternProperties: {'^x_': {type: integer, description: Counter for tools}}
    Box:
      description: A steel box
      externalDocs: {description: Box standard, url: https://harbour.example/standard}
      allOf:
        - {$ref: '#/components/schemas/Thing', title: Base of everything}
        - description: With cargo
          title: Filled thing
          type: object
          required: [cargo]
          properties:
            cargo: {type: array, maxItems: 99, items: {type: string, description: One ware, maxLength: 60}}
            state: {$ref: '#/components/schemas/State', description: Motion beside the reference}
            size: {type: array, prefixItems: [{type: integer, description: Feet long}, {type: string, description: Height class}]}
            deep: {type: object, properties: {deeper: {type: object, properties: {deepest: {type: object, properties: {bottom: {type: string, description: Sea floor}}}}}}}
      if: {properties: {kind: {const: reefer}}}
      then: {properties: {kelvin: {type: number, description: Set temperature}}}
      else: {description: Dry goods only}
      not: {description: Never a tank, required: [valve]}
      dependentRequired: {lock: [keyholder]}
      dependentSchemas: {seal: {description: Sealed boxes need a number}}
      $defs: {Corner: {type: string, description: Casting at an edge}}
      examples: [{plate: IJKL0000001}]
    Thing:
      type: object
      discriminator: {propertyName: kind, mapping: {dry: '#/components/schemas/Box', wet: Tank}}
      xml: {name: thing, namespace: https://harbour.example/xml, prefix: hb}
      properties:
        plate: {type: string}
        kind: {type: string, nullable: true}
    Union:
      anyOf:
        - {type: object, title: Pallet, description: Wood below, properties: {planks: {type: integer, description: How many planks}}}
        - {type: string, description: A bare name}
        - {$ref: '#/components/schemas/Depth', title: Mere depth}
"##;

const VERSION_2: &str = r##"{"swagger": "2.0",
  "info": {"title": "Lock API", "version": "1.9", "description": "<p>Opens <b>sluices</b>.</p>",
    "license": {"name": "Canal licence", "url": "https://locks.example/licence"}},
  "host": "locks.example", "basePath": "/canal", "schemes": ["https", "wss"],
  "consumes": ["application/vnd.canal"], "produces": ["application/yaml"],
  "securityDefinitions": {
    "staff": {"type": "oauth2", "flow": "accessCode", "description": "Lock keepers",
      "authorizationUrl": "https://locks.example/ask", "tokenUrl": "https://locks.example/swap",
      "scopes": {"gate.open": "Open a gate"}},
    "plain": {"type": "basic"}},
  "parameters": {"Idle": {"name": "idle", "in": "query", "type": "string", "description": "Waiting time"}},
  "responses": {"Broken": {"description": "Hinge broken", "schema": {"type": "object",
    "properties": {"hinge": {"type": "string", "description": "Which hinge"}}}}},
  "paths": {"/gates": {"post": {
    "summary": "Open a gate", "consumes": ["text/csv"], "produces": ["text/troff"], "schemes": ["wss"],
    "parameters": [
      {"name": "ids", "in": "query", "type": "array", "collectionFormat": "pipes", "items": {"type": "string", "enum": ["upper", "lower"]}},
      {"name": "plan", "in": "formData", "type": "file", "description": "Drawing of the gate"},
      {"name": "order", "in": "body", "description": "What to do", "schema": {"$ref": "#/definitions/Order"}}],
    "responses": {
      "200": {"description": "Opened", "headers": {"X-Level": {"type": "integer", "description": "Water level"}},
        "schema": {"type": "string"}, "examples": {"text/troff": "gate ajar", "application/yaml": {"gate": "wide"}}},
      "500": {"$ref": "#/responses/Broken"}}}}},
  "definitions": {"Order": {"type": "object", "discriminator": "craft", "example": {"craft": "barge"},
    "properties": {"craft": {"type": "string", "title": "Vessel class", "default": "skiff"}}}}}"##;

/// Keywords whose values name a type or a place; they are written in other words.
const REWORDED: [&str; 6] = ["openapi", "swagger", "$ref", "type", "in", "mapping"];

/// Names of components that are written where they are used, under the name that they have there.
const REPLACED: [&str; 1] = ["Full"];

/// The texts of a value: strings, and the names that authors have chosen.
fn texts(value: &Value, key: &str, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if !REWORDED.contains(&key) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| self::texts(item, key, texts)),
        Value::Object(fields) if key != "mapping" => {
            for (name, field) in fields {
                if [
                    "properties",
                    "headers",
                    "scopes",
                    "variables",
                    "examples",
                    "callbacks",
                ]
                .contains(&key)
                {
                    texts.push(name.clone());
                }
                self::texts(field, name, texts);
            }
        }
        _ => {}
    }
}

/// Words in order, as a reader sees them.
fn words(text: &str) -> String {
    let text = text
        .replace("\\|", "|")
        .replace("<br>", " ")
        .replace("**", "");
    text.split(|c: char| c.is_whitespace() || "*`#<>\"".contains(c))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn every_text_is_written() {
    for description in [VERSION_3, VERSION_2] {
        let root = parse::parse(description).unwrap().value;
        let converted = convert(description.as_bytes()).unwrap();
        let written = words(&converted.markdown);

        let mut all = Vec::new();
        texts(&root, "", &mut all);
        for text in all
            .into_iter()
            .filter(|text| !REPLACED.contains(&text.as_str()))
        {
            let text = text
                .replace("<p>", "")
                .replace("</p>", "")
                .replace("<b>", "")
                .replace("</b>", "");
            assert!(
                written.contains(&words(&text)),
                "{text} is missing in\n{}",
                converted.markdown
            );
        }
        assert_eq!(converted.warnings, Vec::<String>::new());
    }
}

#[test]
fn the_parts_of_an_operation_are_told_apart() {
    let markdown = convert(VERSION_3.as_bytes()).unwrap().markdown;
    for expected in [
        "**Headers of the 200 response**",
        "| `X-Rate` | integer | Calls left. Default: `40`. |",
        "| `holder` | string | Who holds it. Examples: `customs`, `pilot`. |",
        "### Callback onMoved: POST {$request.query.hook} — Tells of a move",
        "- Token address: `https://id.harbour.example/token`",
        "- Scope `boxes.write`: Move boxes",
        "One of:\n\n- `swinging`: In motion: The load swings\n- `still`: The load hangs still",
        "| `*` | string | Free label of at most 40 letters. |",
        "Type: string\n",
        "One of: `rust` (Unpainted), `slate` (Grey paint).",
        "Told apart by `kind` (`dry` is `Box`, `wet` is `Tank`).",
        "| `deep.deeper.deepest.bottom` | string |",
        "| `kelvin` (then) | number |",
        "| `planks` (Pallet) | integer |",
        "## POST webhook stormWarning",
        "  - `basin`: Which basin. Default: `north`. One of: `north`, `south`.",
        "## Response Missing",
        "Example `far` (`application/json`) — Kept elsewhere: `https://harbour.example/samples/far.json`",
    ] {
        assert!(markdown.contains(expected), "{expected} in {markdown}");
    }
}

#[test]
fn what_is_left_out_is_named() {
    let long = "brick ".repeat(5_000);
    let description = format!(
        r##"{{"openapi": "3.0.3", "info": {{"title": "A", "x-logo": {{"url": "u"}}}}, "paths": {{"/a": {{"get": {{
        "flavour": "vanilla pod", "x-code": "curl",
        "parameters": [{{"$ref": "common.yaml#/Page"}}, {{"$ref": "#/components/parameters/Gone"}}],
        "responses": {{"200": {{"description": "OK", "content": {{"text/plain": {{"example": "{long}"}}}}}}}}}}}}}}}}"##
    );
    assert_eq!(
        convert(description.as_bytes()).unwrap().warnings,
        [
            "examples of more than 16 KB are left out: 1",
            "extensions are left out; put what readers need of them into descriptions: x-code, x-logo",
            "the description refers to other files, whose text is missing: common.yaml",
            "references lead nowhere in the file; correct them: #/components/parameters/Gone",
            "text is left out at these places; put it into descriptions: #/paths/~1a/get/flavour, \
             #/paths/~1a/get/responses/200/content/text~1plain/example",
        ]
    );
}
