//! The table of operations, with parameters and responses.

use super::operation::{Operation, RequestBody, SuccessResponse};
use super::parameter_lists::{CHUNK, COMPARE, DOCUMENT, FILE, SEARCH};

const JSON: &str = "application/json";
/// Browsers display images and PDF files; all others are downloads.
const FILE_MEDIA_TYPES: [&str; 3] = ["image/*", "application/pdf", "application/octet-stream"];
const FILTER_CODES: [(u16, &str); 3] = [
    (400, "unknown_version"),
    (400, "unknown_facet"),
    (404, "not_found"),
];
const SEARCH_CODES: [(u16, &str); 4] = [
    FILTER_CODES[0],
    FILTER_CODES[1],
    FILTER_CODES[2],
    (410, "cursor_expired"),
];
const NOT_FOUND: [(u16, &str); 1] = [(404, "not_found")];

const fn ok(description: &'static str, schema: &'static str) -> SuccessResponse {
    SuccessResponse {
        status: "200",
        description,
        media_types: &[JSON],
        schema: Some(schema),
    }
}

const fn read(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    response: SuccessResponse,
) -> Operation {
    Operation {
        method: "get",
        path,
        id,
        tag: "read",
        summary,
        parameters: &[],
        body: None,
        response,
        extra_codes: &[],
        has_etag: true,
        admin_only: false,
        public: false,
        html_errors: false,
    }
}

const fn change(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    body: RequestBody,
    response: SuccessResponse,
) -> Operation {
    let operation = read(path, id, summary, response);
    Operation {
        method: "post",
        tag: "admin",
        body: Some(body),
        has_etag: false,
        admin_only: true,
        ..operation
    }
}

/// All operations, in the order of the documentation.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        tag: "search",
        parameters: &SEARCH,
        extra_codes: &SEARCH_CODES,
        ..read(
            "/api/v1/search",
            "search",
            "Search the library",
            ok("The passages found, best first", "SearchAnswer"),
        )
    },
    Operation {
        method: "post",
        tag: "search",
        body: Some(RequestBody {
            schema: "SearchBody",
            example: r#"{"q": "barge state in CCX", "limit": 3}"#,
            optional: false,
        }),
        extra_codes: &SEARCH_CODES,
        has_etag: false,
        ..read(
            "/api/v1/search",
            "searchByBody",
            "Search the library, with the parameters as a JSON object",
            ok("The passages found, best first", "SearchAnswer"),
        )
    },
    Operation {
        method: "post",
        tag: "search",
        body: Some(RequestBody {
            schema: "BatchBody",
            // One line: the documentation shows it in a command that can be pasted.
            example: r#"{"searches": [{"q": "barge state in CCX"}, {"q": "error 20700", "mode": "keyword"}]}"#,
            optional: false,
        }),
        has_etag: false,
        ..read(
            "/api/v1/search/batch",
            "searchBatch",
            "Run several searches; each has its own answer or error",
            ok("The answers, in the order of the searches", "BatchAnswer"),
        )
    },
    Operation {
        parameters: &CHUNK,
        extra_codes: &NOT_FOUND,
        ..read(
            "/api/v1/chunks/{chunk_id}",
            "getChunk",
            "Get a passage and its neighbours",
            ok("The passage", "ChunkAnswer"),
        )
    },
    Operation {
        parameters: &DOCUMENT,
        extra_codes: &NOT_FOUND,
        ..read(
            "/api/v1/documents/{source}",
            "getDocument",
            "Get a document's outline and pages, or one page if page, label or section is given",
            ok("The document, or the page", "DocumentOrPage"),
        )
    },
    Operation {
        parameters: &COMPARE,
        extra_codes: &SEARCH_CODES,
        ..read(
            "/api/v1/compare",
            "compare",
            "Compare two versions of a guide",
            ok("The changes", "CompareAnswer"),
        )
    },
    read(
        "/api/v1/library",
        "getLibrary",
        "List vendors, products, versions, guides and documents",
        ok("The contents of the library", "LibraryAnswer"),
    ),
    Operation {
        parameters: &FILE,
        extra_codes: &NOT_FOUND,
        html_errors: true,
        ..read(
            "/f/{source}",
            "getFile",
            "Get an image of a document, or the original file",
            SuccessResponse {
                status: "200",
                description: "The file",
                media_types: &FILE_MEDIA_TYPES,
                schema: None,
            },
        )
    },
    change(
        "/api/v1/sync",
        "sync",
        "Synchronise the library; streams one line of JSON per event",
        RequestBody {
            schema: "SyncBody",
            example: r#"{"root": null}"#,
            optional: true,
        },
        SuccessResponse {
            status: "200",
            description: "Events as they occur",
            media_types: &["application/x-ndjson"],
            schema: Some("SyncEvent"),
        },
    ),
    Operation {
        extra_codes: &[(409, "rollback_refused"), (507, "no_space")],
        ..change(
            "/api/v1/generations/rollback",
            "rollBack",
            "Roll back to an earlier generation of the index, or forward to the newest",
            RequestBody {
                schema: "RollbackBody",
                example: r#"{"forward": true}"#,
                optional: true,
            },
            ok("The live generation", "RollbackReport"),
        )
    },
    Operation {
        extra_codes: &[(409, "removal_refused"), (507, "no_space")],
        ..change(
            "/api/v1/removals",
            "remove",
            "Erase documents permanently from every generation",
            RequestBody {
                schema: "RemovalBody",
                example: r#"{"sources": ["old/guide.md"], "force": false}"#,
                optional: false,
            },
            ok("The result of the removal", "RemovalReport"),
        )
    },
    Operation {
        tag: "admin",
        has_etag: false,
        admin_only: true,
        extra_codes: &[(400, "invalid_request")],
        ..read(
            "/api/v1/questions",
            "getQuestions",
            "List recent slow and unanswered questions",
            ok("The questions", "QuestionsAnswer"),
        )
    },
    Operation {
        tag: "operate",
        has_etag: false,
        extra_codes: &[(403, "forbidden")],
        ..read(
            "/metrics",
            "getMetrics",
            "Metrics for Prometheus; needs a key that may see the whole library",
            SuccessResponse {
                status: "200",
                description: "The metrics",
                media_types: &["text/plain"],
                schema: None,
            },
        )
    },
    Operation {
        tag: "operate",
        has_etag: false,
        public: true,
        ..read(
            "/healthz",
            "isAlive",
            "Liveness check",
            ok("The process is alive", "Alive"),
        )
    },
    Operation {
        tag: "operate",
        has_etag: false,
        public: true,
        ..read(
            "/readyz",
            "isReady",
            "Readiness check: model and library respond",
            ok(
                "The server is ready; includes the library's size if the caller may see all of it",
                "Ready",
            ),
        )
    },
    Operation {
        tag: "operate",
        has_etag: false,
        public: true,
        extra_codes: &NOT_FOUND,
        ..read(
            "/.well-known/oauth-protected-resource",
            "getResourceMetadata",
            "OAuth metadata: where MCP clients get a token",
            ok("The issuers whose tokens are accepted", "ResourceMetadata"),
        )
    },
    Operation {
        tag: "operate",
        has_etag: false,
        ..read(
            "/openapi.json",
            "getDescription",
            "Get this description",
            ok("The description in OpenAPI 3.1", "Description"),
        )
    },
];
