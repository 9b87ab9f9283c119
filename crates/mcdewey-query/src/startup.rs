//! What a server answers before its library is open: it listens at once, says that it is alive, and
//! passes requests on as soon as the service is there.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tower::ServiceExt;

use crate::http;
use crate::paths::Interface;
use crate::problem::Problem;

/// How often a page that says that the server is starting asks again, in seconds.
const RELOAD_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// A page for people who come too early.
const STARTING_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
     <title>McDewey is starting</title>\n<h1>McDewey is starting</h1>\n\
     <p>The models are being prepared and the library is being opened. This page reloads itself.</p>\n\
     </html>\n";

/// A service that is not open yet. Cheap to clone; all clones open together.
#[derive(Debug, Clone, Default)]
pub struct Startup {
    service: Arc<OnceLock<Router>>,
}

impl Startup {
    /// The router to listen with.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// Passes requests to `service` from now on. Only the first call has an effect.
    pub fn open(&self, service: Router) {
        let _ = self.service.set(service);
    }
}

async fn answer(State(startup): State<Startup>, request: Request) -> Response {
    match startup.service.get() {
        Some(service) => match service.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        None => http::add_security_headers(starting(request.uri().path())).await,
    }
}

/// The response while the library is being opened.
fn starting(path: &str) -> Response {
    let problem = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "the server is starting: the models are being prepared and the library is being opened; \
         try again in a moment",
    );

    if path == "/healthz" {
        let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        let body = axum::Json(serde_json::json!({"status": "ok"}));
        return (headers, body).into_response();
    }

    if Interface::for_path(path) != Interface::Web {
        return problem.into_response();
    }

    let mut response = Html(STARTING_PAGE).into_response();
    problem.apply_to(&mut response);
    response
        .headers_mut()
        .insert(header::REFRESH, RELOAD_SECONDS);
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;

    use super::*;

    async fn ask(router: &Router, path: &str) -> (StatusCode, Response) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        (response.status(), response)
    }

    #[tokio::test]
    async fn it_says_that_it_starts_until_it_is_open() {
        let startup = Startup::default();
        let router = startup.router();
        assert_eq!(ask(&router, "/healthz").await.0, StatusCode::OK);

        for path in ["/readyz", "/api/v1/search?q=x", "/mcp", "/metrics"] {
            let (status, response) = ask(&router, path).await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert!(response.headers().contains_key(header::RETRY_AFTER));
            let body = to_bytes(response.into_body(), 10_000).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["code"], "unavailable", "{path}");
        }

        let (status, page) = ask(&router, "/").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(page.headers()[header::REFRESH], "2");
        assert!(page.headers().contains_key(header::X_CONTENT_TYPE_OPTIONS));

        startup.open(Router::new().route("/", get(|| async { "open" })));
        assert_eq!(ask(&router, "/").await.0, StatusCode::OK);
        assert_eq!(ask(&router, "/healthz").await.0, StatusCode::NOT_FOUND);
    }
}
