//! The table of operations: what each takes, and what comes back.

use super::operation::{Answer, Body, Operation};
use super::taken::{CHUNK, COMPARE, DOCUMENT, FILE, SEARCH};

const JSON: &str = "application/json";
/// Browsers show images and PDF; whatever else is kept is handed over.
const FILE_KINDS: [&str; 3] = ["image/*", "application/pdf", "application/octet-stream"];
const FACETS: [(u16, &str); 3] = [
    (400, "unknown_version"),
    (400, "unknown_facet"),
    (404, "not_found"),
];
const SEARCH_CODES: [(u16, &str); 4] = [FACETS[0], FACETS[1], FACETS[2], (410, "cursor_expired")];
const MISSING: [(u16, &str); 1] = [(404, "not_found")];

const fn ok(description: &'static str, schema: &'static str) -> Answer {
    Answer {
        status: "200",
        description,
        kinds: &[JSON],
        schema: Some(schema),
    }
}

const fn read(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    answer: Answer,
) -> Operation {
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

const fn change(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    body: Body,
    answer: Answer,
) -> Operation {
    let operation = read(path, id, summary, answer);
    Operation {
        method: "post",
        tag: "admin",
        body: Some(body),
        tagged: false,
        admin: true,
        ..operation
    }
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
        body: Some(Body {
            schema: "SearchBody",
            example: r#"{"q": "barge state in CCX", "limit": 3}"#,
            optional: false,
        }),
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
            optional: false,
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
            Answer {
                status: "200",
                description: "The file",
                kinds: &FILE_KINDS,
                schema: None,
            },
        )
    },
    change(
        "/api/v1/sync",
        "sync",
        "Brings the library up to date; a line of JSON for each event",
        Body {
            schema: "SyncBody",
            example: r#"{"root": null}"#,
            optional: true,
        },
        Answer {
            status: "200",
            description: "Events as they come",
            kinds: &["application/x-ndjson"],
            schema: Some("SyncEvent"),
        },
    ),
    Operation {
        codes: &[(409, "rollback_refused"), (507, "no_space")],
        ..change(
            "/api/v1/generations/rollback",
            "rollBack",
            "Answers from an earlier generation of the index, or from the newest again",
            Body {
                schema: "RollbackBody",
                example: r#"{"forward": true}"#,
                optional: true,
            },
            ok("Which generation answers now", "RollbackReport"),
        )
    },
    Operation {
        codes: &[(409, "removal_refused"), (507, "no_space")],
        ..change(
            "/api/v1/removals",
            "remove",
            "Takes documents out of every generation for good",
            Body {
                schema: "RemovalBody",
                example: r#"{"sources": ["old/guide.md"], "force": false}"#,
                optional: false,
            },
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
            Answer {
                status: "200",
                description: "Metrics",
                kinds: &["text/plain"],
                schema: None,
            },
        )
    },
    Operation {
        tag: "operate",
        tagged: false,
        open: true,
        ..read(
            "/healthz",
            "isAlive",
            "The process answers",
            ok("It lives", "Alive"),
        )
    },
    Operation {
        tag: "operate",
        tagged: false,
        open: true,
        ..read(
            "/readyz",
            "isReady",
            "Model and library answer",
            ok(
                "It is ready; with its size for those who may see all of it",
                "Ready",
            ),
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
            ok("OpenAPI 3.1", "Description"),
        )
    },
];
