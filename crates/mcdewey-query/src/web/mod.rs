mod markdown;
use crate::AppState;
use crate::rest::Problem;
use axum::Router;
use axum::response::{Response, IntoResponse};
pub(crate) fn router() -> Router<AppState> { Router::new() }
pub(crate) fn error_page(_state: &AppState, problem: &Problem) -> Response { problem.clone().into_response() }
