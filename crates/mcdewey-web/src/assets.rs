//! The stylesheet, the script and the icon. File names contain a hash of the content, so browsers
//! may cache them forever.

use std::sync::LazyLock;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::ContentHash;
use mcdewey_query::{AppState, ICON, Problem};

use super::error::error_page;

const STYLE: &str = include_str!("../templates/style.css");
const SCRIPT: &str = include_str!("../templates/app.js");

pub(super) static STYLE_FILE: LazyLock<String> =
    LazyLock::new(|| format!("style-{}.css", fingerprint(STYLE)));
pub(super) static SCRIPT_FILE: LazyLock<String> =
    LazyLock::new(|| format!("app-{}.js", fingerprint(SCRIPT)));
pub(super) static ICON_FILE: LazyLock<String> =
    LazyLock::new(|| format!("icon-{}.svg", fingerprint(ICON)));

const CACHE_FOREVER: &str = "public, max-age=31536000, immutable";
/// For `/favicon.ico`, whose name has no fingerprint.
const CACHE_FOR_A_DAY: &str = "public, max-age=86400";

pub(super) async fn get(
    State(state): State<AppState>,
    file: Result<Path<String>, PathRejection>,
) -> Response {
    match file {
        Ok(Path(file)) if file == *STYLE_FILE => {
            asset("text/css; charset=utf-8", CACHE_FOREVER, STYLE)
        }
        Ok(Path(file)) if file == *SCRIPT_FILE => {
            asset("text/javascript; charset=utf-8", CACHE_FOREVER, SCRIPT)
        }
        Ok(Path(file)) if file == *ICON_FILE => asset("image/svg+xml", CACHE_FOREVER, ICON),
        _ => error_page(
            &state,
            &Problem::new(StatusCode::NOT_FOUND, "not_found", "no such file"),
        ),
    }
}

pub(super) async fn icon() -> Response {
    asset("image/svg+xml", CACHE_FOR_A_DAY, ICON)
}

fn asset(media_type: &'static str, cache_control: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static(cache_control),
        ),
    ];

    (headers, content).into_response()
}

fn fingerprint(content: &str) -> String {
    ContentHash::of(content).short(12)
}
