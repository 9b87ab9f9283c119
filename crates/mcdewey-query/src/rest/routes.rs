//! The table of routes: paths, methods and handlers, with parameters and responses. The router and
//! the OpenAPI description are both made from it, so that every route is described.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::on;
use mcdewey_core::{RemovalRequest, RollbackRequest};
use mcdewey_search::parameter::Request;
use mcdewey_search::{CompareRequest, SearchRequest};

use super::operation::{Handler, Method, Operation, PathParameter, RequestBody, SuccessResponse};
use super::{
    MAX_BODY_BYTES, admin, batch, chunks, compare, documents, health, library, openapi, operator,
    search, sync,
};
use crate::state::AppState;
use crate::{access, paths};

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
    handler: Handler,
) -> Operation {
    Operation {
        handler: Some(handler),
        ..described(path, id, summary, response)
    }
}

/// An operation whose handler is elsewhere.
const fn described(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    response: SuccessResponse,
) -> Operation {
    Operation {
        method: Method::Get,
        path,
        more_paths: &[],
        handler: None,
        id,
        tag: "read",
        summary,
        path_parameters: &[],
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
    response: SuccessResponse,
    handler: Handler,
) -> Operation {
    let operation = read(path, id, summary, response, handler);
    Operation {
        method: Method::Post,
        tag: "admin",
        has_etag: false,
        admin_only: true,
        ..operation
    }
}

/// Returns the router of the routes that this predicate selects.
fn router_of(selects: fn(&Operation) -> bool) -> Router<AppState> {
    let mut router = Router::new();
    for operation in OPERATIONS.iter().filter(|operation| selects(operation)) {
        let Some(handler) = operation.handler else {
            continue;
        };

        for path in operation.routes() {
            router = router.route(&path, handler(operation.method.filter()));
        }
    }

    router
}

/// The routes for programs, with the health checks, the metrics and the OpenAPI description.
pub(crate) fn router() -> Router<AppState> {
    router_of(|operation| !operation.is_well_known()).layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// The routes at well-known addresses. They are separate because a method that they do not have
/// gets a response without a body.
pub(crate) fn well_known_router() -> Router<AppState> {
    router_of(Operation::is_well_known)
}

/// All operations, in the order of the documentation.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        tag: "search",
        parameters: SearchRequest::DECLARATIONS,
        extra_codes: &SEARCH_CODES,
        ..read(
            "/api/v1/search",
            "search",
            "Search the library",
            ok("The passages found, best first", "SearchAnswer"),
            |method| on(method, search::get),
        )
    },
    Operation {
        method: Method::Post,
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
            |method| on(method, search::post),
        )
    },
    Operation {
        method: Method::Post,
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
            |method| on(method, batch::post),
        )
    },
    Operation {
        path_parameters: &[PathParameter::segment(chunks::CHUNK_ID)],
        parameters: &chunks::PARAMETERS,
        extra_codes: &NOT_FOUND,
        ..read(
            "/api/v1/chunks/{chunk_id}",
            "getChunk",
            "Get a passage and its neighbours",
            ok("The passage", "ChunkAnswer"),
            |method| on(method, chunks::get),
        )
    },
    Operation {
        path_parameters: &[PathParameter::rest(documents::SOURCE)],
        parameters: &documents::PARAMETERS,
        extra_codes: &NOT_FOUND,
        ..read(
            "/api/v1/documents/{source}",
            "getDocument",
            "Get a document's outline and pages, or one page if page, label or section is given",
            ok("The document, or the page", "DocumentOrPage"),
            |method| on(method, documents::get),
        )
    },
    Operation {
        parameters: CompareRequest::DECLARATIONS,
        extra_codes: &SEARCH_CODES,
        ..read(
            "/api/v1/compare",
            "compare",
            "Compare two versions of a guide",
            ok("The changes", "CompareAnswer"),
            |method| on(method, compare::get),
        )
    },
    read(
        "/api/v1/library",
        "getLibrary",
        "List vendors, products, versions, guides and documents",
        ok("The contents of the library", "LibraryAnswer"),
        |method| on(method, library::get),
    ),
    Operation {
        path_parameters: &[PathParameter::rest(documents::SOURCE)],
        parameters: &documents::FILE_PARAMETERS,
        extra_codes: &NOT_FOUND,
        html_errors: true,
        // The web pages have the handler, because its errors are pages.
        ..described(
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
        SuccessResponse {
            status: "200",
            description: "Events as they occur",
            media_types: &["application/x-ndjson"],
            schema: Some("SyncEvent"),
        },
        |method| on(method, sync::post),
    )
    .with_body(RequestBody {
        schema: "SyncBody",
        example: r#"{"root": null}"#,
        optional: true,
    }),
    Operation {
        extra_codes: &[(409, "rollback_refused"), (507, "no_space")],
        ..change(
            "/api/v1/generations/rollback",
            "rollBack",
            "Roll back to an earlier generation of the index, or forward to the newest",
            ok("The live generation", "RollbackReport"),
            |method| on(method, admin::change::<RollbackRequest>),
        )
        .with_body(RequestBody {
            schema: "RollbackBody",
            example: r#"{"forward": true}"#,
            optional: true,
        })
    },
    Operation {
        extra_codes: &[(409, "removal_refused"), (507, "no_space")],
        ..change(
            "/api/v1/removals",
            "remove",
            "Erase documents permanently from every generation",
            ok("The result of the removal", "RemovalReport"),
            |method| on(method, admin::change::<RemovalRequest>),
        )
        .with_body(RequestBody {
            schema: "RemovalBody",
            example: r#"{"sources": ["old/guide.md"], "force": false}"#,
            optional: false,
        })
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
            |method| on(method, operator::questions),
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
            |method| on(method, operator::metrics),
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
            |method| on(method, health::healthz),
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
            |method| on(method, health::readyz),
        )
    },
    Operation {
        tag: "operate",
        more_paths: &[paths::MCP_RESOURCE_METADATA],
        has_etag: false,
        public: true,
        extra_codes: &NOT_FOUND,
        ..read(
            paths::RESOURCE_METADATA,
            "getResourceMetadata",
            "OAuth metadata: where MCP clients get a token",
            ok("The issuers whose tokens are accepted", "ResourceMetadata"),
            |method| on(method, access::metadata),
        )
    },
    Operation {
        tag: "operate",
        more_paths: &["/api/v1/openapi.json"],
        has_etag: false,
        ..read(
            "/openapi.json",
            "getDescription",
            "Get this description",
            ok("The description in OpenAPI 3.1", "Description"),
            |method| on(method, openapi::get),
        )
    },
];
