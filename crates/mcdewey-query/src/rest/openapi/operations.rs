//! The table of operations: what each takes, and what comes back.

use serde_json::{Value, json};

use crate::compare::{DEFAULT_CHANGES, MAX_CHANGES};
use crate::{DEFAULT_LIMIT, MAX_CONTEXT, MAX_LIMIT, MAX_QUESTION_BYTES};

/// A route with a method.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) body: Option<Body>,
    pub(crate) answer: Answer,
    /// Codes of problems beyond those that every operation may give, with their status.
    pub(crate) codes: &'static [(u16, &'static str)],
    /// Whether the answer has a tag.
    pub(crate) tagged: bool,
    /// Whether only an admin may.
    pub(crate) admin: bool,
    /// Whether anybody may, without a key.
    pub(crate) open: bool,
    /// Whether problems come as pages for people.
    pub(crate) pages: bool,
}

/// What comes back.
pub(crate) struct Answer {
    pub(crate) status: &'static str,
    pub(crate) description: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) schema: Option<&'static str>,
}

/// A JSON body.
pub(crate) struct Body {
    pub(crate) schema: &'static str,
    pub(crate) example: &'static str,
}

/// A parameter of a path or a query.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: &'static str,
    pub(crate) description: &'static str,
    pub(crate) required: bool,
    pub(crate) several: bool,
    kind: Kind,
    example: &'static str,
}

enum Kind {
    Text { most: Option<usize> },
    Choice(&'static [&'static str]),
    Number { min: usize, max: usize, default: Option<usize> },
    Flag,
}

impl Parameter {
    const fn new(name: &'static str, kind: Kind, description: &'static str, example: &'static str) -> Self {
        Self { name, place: "query", description, required: false, several: false, kind, example }
    }

    const fn text(name: &'static str, description: &'static str, example: &'static str) -> Self {
        Self::new(name, Kind::Text { most: None }, description, example)
    }

    const fn several(mut self) -> Self {
        self.several = true;
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn in_path(mut self) -> Self {
        self.place = "path";
        self.required = true;
        self
    }

    pub(crate) fn schema(&self) -> Value {
        let one = match self.kind {
            Kind::Text { most: Some(most) } => {
                json!({"type": "string", "minLength": 1, "maxLength": most, "pattern": "\\S"})
            }
            Kind::Text { most: None } => json!({"type": "string"}),
            // Forms send empty fields; they count as left out.
            Kind::Choice(names) => {
                let names: Vec<&str> = names.iter().copied().chain([""]).collect();
                json!({"type": "string", "enum": names})
            }
            Kind::Number { min, max, default } => {
                let mut number = json!({"type": "integer", "minimum": min, "maximum": max});
                if let Some(default) = default {
                    number["default"] = json!(default);
                }
                json!({"anyOf": [number, {"const": ""}]})
            }
            Kind::Flag => json!({"enum": [false, true, "", "0", "1", "no", "yes", "off", "on"], "default": false}),
        };
        if self.several { json!({"type": "array", "items": one}) } else { one }
    }

    /// What it takes, in words.
    pub(crate) fn takes(&self) -> String {
        let one = match self.kind {
            Kind::Text { .. } => "text".to_owned(),
            Kind::Choice(names) => names.join(", "),
            Kind::Number { max, .. } if max >= u32::MAX as usize => "number".to_owned(),
            Kind::Number { min, max, default: Some(default) } => {
                format!("{min} to {max}; {default} when left out")
            }
            Kind::Number { min, max, default: None } => format!("{min} to {max}"),
            Kind::Flag => "true or false; false when left out".to_owned(),
        };
        if self.several { format!("{one}, several") } else { one }
    }

    pub(crate) fn example(&self) -> Value {
        let one = match self.kind {
            Kind::Number { .. } => self.example.parse::<u64>().map_or(Value::Null, |number| json!(number)),
            Kind::Flag => json!(self.example == "true"),
            _ => json!(self.example),
        };
        if self.several { json!([one]) } else { one }
    }
}

impl Operation {
    /// All problems it may give, by status.
    pub(crate) fn problems(&self) -> Vec<(u16, Vec<&'static str>)> {
        let mut codes: Vec<(u16, &'static str)> = Vec::new();
        if !self.open {
            codes.push((401, "unauthorized"));
        }
        codes.extend([(403, "host_not_allowed"), (503, "unavailable"), (500, "internal")]);
        if !self.open {
            codes.extend([(429, "rate_limited"), (429, "overloaded")]);
        }
        if self.admin {
            codes.push((403, "forbidden"));
        }
        if self.body.is_some() {
            codes.extend([
                (400, "invalid_request"),
                (403, "origin_not_allowed"),
                (413, "payload_too_large"),
                (415, "unsupported_media_type"),
            ]);
        }
        if !self.parameters.is_empty() || self.tagged {
            codes.push((400, "invalid_request"));
        }
        codes.extend(self.codes);
        codes.sort_unstable();
        codes.dedup();
        let mut problems: Vec<(u16, Vec<&'static str>)> = Vec::new();
        for (status, code) in codes {
            match problems.last_mut() {
                Some((known, codes)) if *known == status => codes.push(code),
                _ => problems.push((status, vec![code])),
            }
        }
        problems
    }
}

/// A status in words.
pub(crate) fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is wrong",
        401 => "A key is needed, or it is not good",
        403 => "Not for this key, host or page",
        404 => "There is no such thing here",
        409 => "The state of the library does not allow it",
        410 => "The library changed; ask again without the cursor",
        413 => "The body is too large",
        415 => "The body is no JSON",
        429 => "Too much at once",
        503 => "The library or the model cannot answer now",
        _ => "Something failed that should not; the log says what",
    }
}

const Q: Parameter = Parameter::new(
    "q",
    Kind::Text { most: Some(MAX_QUESTION_BYTES) },
    "The question, as people ask it; in UTF-8 at most 32 KiB",
    "barge state in CCX",
)
.required();
const VENDOR: Parameter =
    Parameter::text("vendor", "Only these vendors; repeated, or divided by commas", "Cisco").several();
const PRODUCT: Parameter =
    Parameter::text("product", "Only these products: ids, titles or aliases", "finesse").several();
const GUIDE: Parameter = Parameter::text("guide", "Only these guides", "developer-guide").several();
const CURSOR: Parameter = Parameter::text("cursor", "`next_cursor` of the answer before, all else the same", "");

const SEARCH: [Parameter; 13] = [
    Q,
    Parameter::new(
        "mode",
        Kind::Choice(&["hybrid", "dense", "keyword"]),
        "Which ranked lists answer: meaning and words, meaning, words",
        "hybrid",
    ),
    VENDOR,
    PRODUCT,
    Parameter::text("version", "Only these releases: `12.5`, `12.5.*`, `12.0..15.0`, `>=12.0 <15`, `latest`", "12.5")
        .several(),
    Parameter::new("strict", Kind::Flag, "With version: leave out documents that name no release", "false"),
    GUIDE,
    Parameter::text("source", "Only these documents", "finesse/v12.5/developer-guide/developer-guide.md").several(),
    Parameter::new(
        "limit",
        Kind::Number { min: 1, max: MAX_LIMIT, default: Some(DEFAULT_LIMIT) },
        "How many hits",
        "3",
    ),
    CURSOR,
    Parameter::new("group", Kind::Choice(&["page"]), "`page`: at most one hit of each page", "page"),
    Parameter::new("explain", Kind::Flag, "Say with each hit how it was found", "false"),
    Parameter::new("exact", Kind::Flag, "Compare with every vector", "false"),
];

const COMPARE: [Parameter; 8] = [
    Parameter::text("from", "The earlier side: a release or a document's source", "12.5").required(),
    Parameter::text("to", "The later side, written the same way", "15.0").required(),
    VENDOR,
    PRODUCT,
    GUIDE,
    Parameter::text("q", "Only changes that have to do with this, the closest first", "barge"),
    Parameter::new(
        "limit",
        Kind::Number { min: 1, max: MAX_CHANGES, default: Some(DEFAULT_CHANGES) },
        "How many changes",
        "20",
    ),
    CURSOR,
];

const CHUNK: [Parameter; 2] = [
    Parameter::text(
        "chunk_id",
        "A chunk id or its 8-digit handle",
        "finesse::v12.5::developer-guide::developer-guide::1",
    )
    .in_path(),
    Parameter::new(
        "context",
        Kind::Number { min: 0, max: MAX_CONTEXT as usize, default: Some(0) },
        "Neighbours on each side",
        "1",
    ),
];

const DOCUMENT: [Parameter; 4] = [
    Parameter::text("source", "The document", "finesse/v12.5/developer-guide/developer-guide.md").in_path(),
    Parameter::new(
        "page",
        Kind::Number { min: 0, max: u32::MAX as usize, default: None },
        "This physical page, whole",
        "118",
    ),
    Parameter::text("label", "The page with this printed number, whole", "102"),
    Parameter::text("section", "In a document without pages: this section, whole", "certificates-1"),
];

const FILE: [Parameter; 4] = [
    Parameter::text("source", "The document", "finesse/v12.5/developer-guide/developer-guide.md").in_path(),
    Parameter::text("image", "An image of it", "page-58-image-1.png"),
    Parameter::text("original", "The file it was made from", "developer-guide.pdf"),
    Parameter::text("hash", "The beginning of its hash: lets a cache keep it for good", ""),
];

const JSON: &str = "application/json";
const FACETS: [(u16, &str); 3] = [(400, "unknown_version"), (400, "unknown_facet"), (404, "not_found")];
const SEARCH_CODES: [(u16, &str); 4] = [FACETS[0], FACETS[1], FACETS[2], (410, "cursor_expired")];
const MISSING: [(u16, &str); 1] = [(404, "not_found")];

const fn ok(description: &'static str, schema: &'static str) -> Answer {
    Answer { status: "200", description, kind: JSON, schema: Some(schema) }
}

const fn read(path: &'static str, id: &'static str, summary: &'static str, answer: Answer) -> Operation {
    Operation {
        method: "get",
        path,
        id,
        tag: "read",
        summary,
        parameters: &[],
        body: None,
        answer,
        codes: &[],
        tagged: true,
        admin: false,
        open: false,
        pages: false,
    }
}

const fn change(path: &'static str, id: &'static str, summary: &'static str, body: Body, answer: Answer) -> Operation {
    let operation = read(path, id, summary, answer);
    Operation { method: "post", tag: "admin", body: Some(body), tagged: false, admin: true, ..operation }
}

/// All of them, in the order they are shown.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        tag: "search",
        parameters: &SEARCH,
        codes: &SEARCH_CODES,
        ..read(
            "/api/v1/search",
            "search",
            "Answers a question with passages",
            ok("Passages, best first", "SearchAnswer"),
        )
    },
    Operation {
        method: "post",
        tag: "search",
        body: Some(Body { schema: "SearchBody", example: r#"{"q": "barge state in CCX", "limit": 3}"# }),
        codes: &SEARCH_CODES,
        tagged: false,
        ..read(
            "/api/v1/search",
            "searchByBody",
            "The same, with the parameters as a JSON object",
            ok("Passages, best first", "SearchAnswer"),
        )
    },
    Operation {
        method: "post",
        tag: "search",
        body: Some(Body {
            schema: "BatchBody",
            example: r#"{"searches": [{"q": "barge state in CCX"}, {"q": "error 20700", "mode": "keyword"}]}"#,
        }),
        tagged: false,
        ..read(
            "/api/v1/search/batch",
            "searchBatch",
            "Several searches, each answered or refused by itself",
            ok("In the order of the searches", "BatchAnswer"),
        )
    },
    Operation {
        parameters: &CHUNK,
        codes: &MISSING,
        ..read(
            "/api/v1/chunks/{chunk_id}",
            "getChunk",
            "One passage with its neighbours",
            ok("The passage", "ChunkAnswer"),
        )
    },
    Operation {
        parameters: &DOCUMENT,
        codes: &MISSING,
        ..read(
            "/api/v1/documents/{source}",
            "getDocument",
            "A document's outline and pages; one whole page where page, label or section is given",
            ok("The document, or its page", "DocumentOrPage"),
        )
    },
    Operation {
        parameters: &COMPARE,
        codes: &SEARCH_CODES,
        ..read(
            "/api/v1/compare",
            "compare",
            "What changed between two releases of a guide",
            ok("What changed", "CompareAnswer"),
        )
    },
    read(
        "/api/v1/library",
        "getLibrary",
        "Vendors, products, versions, guides and documents",
        ok("What there is", "LibraryAnswer"),
    ),
    Operation {
        parameters: &FILE,
        codes: &MISSING,
        pages: true,
        ..read(
            "/f/{source}",
            "getFile",
            "An image of a page, or the file the document was made from",
            Answer { status: "200", description: "The file", kind: "application/octet-stream", schema: None },
        )
    },
    change(
        "/api/v1/sync",
        "sync",
        "Brings the library up to date; a line of JSON for each event",
        Body { schema: "SyncBody", example: r#"{"root": null}"# },
        Answer {
            status: "200",
            description: "Events as they come",
            kind: "application/x-ndjson",
            schema: Some("SyncEvent"),
        },
    ),
    Operation {
        codes: &[(409, "rollback_refused")],
        ..change(
            "/api/v1/generations/rollback",
            "rollBack",
            "Answers from an earlier generation of the index, or from the newest again",
            Body { schema: "RollbackBody", example: r#"{"forward": true}"# },
            ok("Which generation answers now", "RollbackReport"),
        )
    },
    Operation {
        codes: &[(409, "removal_refused")],
        ..change(
            "/api/v1/removals",
            "remove",
            "Takes documents out of every generation for good",
            Body { schema: "RemovalBody", example: r#"{"sources": ["old/guide.md"], "force": false}"# },
            ok("What was removed", "RemovalReport"),
        )
    },
    Operation {
        tag: "admin",
        tagged: false,
        admin: true,
        codes: &[(400, "invalid_request")],
        ..read(
            "/api/v1/questions",
            "getQuestions",
            "Slow and unanswered questions of late",
            ok("The questions", "QuestionsAnswer"),
        )
    },
    Operation {
        tag: "operate",
        tagged: false,
        codes: &[(403, "forbidden")],
        ..read(
            "/metrics",
            "getMetrics",
            "What the service counts, for Prometheus; for keys that see the whole library",
            Answer { status: "200", description: "Metrics", kind: "text/plain", schema: None },
        )
    },
    Operation {
        tag: "operate",
        tagged: false,
        open: true,
        ..read("/healthz", "isAlive", "The process answers", ok("It lives", "Health"))
    },
    Operation {
        tag: "operate",
        tagged: false,
        open: true,
        ..read(
            "/readyz",
            "isReady",
            "Model and library answer",
            ok("It is ready; with its size for those who may see all of it", "Health"),
        )
    },
    Operation {
        tag: "operate",
        tagged: false,
        open: true,
        codes: &MISSING,
        ..read(
            "/.well-known/oauth-protected-resource",
            "getResourceMetadata",
            "Where clients of MCP get a token",
            ok("Issuers whose tokens are taken", "ResourceMetadata"),
        )
    },
    Operation {
        tag: "operate",
        tagged: false,
        ..read(
            "/openapi.json",
            "getDescription",
            "This description",
            Answer { status: "200", description: "OpenAPI 3.1", kind: JSON, schema: Some("Description") },
        )
    },
];
