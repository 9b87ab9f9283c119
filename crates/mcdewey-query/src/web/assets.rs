//! The stylesheet, the script and the icon, named by what they contain so that browsers may keep them for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::ContentHash;

use crate::AppState;
use crate::rest::Problem;

const STYLE: &str = include_str!("../../templates/style.css");
const SCRIPT: &str = include_str!("../../templates/app.js");
const ICON: &str = include_str!("../../templates/icon.svg");

/// The stylesheet's file name.
pub(super) static STYLE_FILE: LazyLock<String> =
    LazyLock::new(|| format!("style-{}.css", fingerprint(STYLE)));
/// The script's file name.
pub(super) static SCRIPT_FILE: LazyLock<String> =
    LazyLock::new(|| format!("app-{}.js", fingerprint(SCRIPT)));
/// The icon's file name.
pub(super) static ICON_FILE: LazyLock<String> =
    LazyLock::new(|| format!("icon-{}.svg", fingerprint(ICON)));

const FOR_GOOD: &str = "public, max-age=31536000, immutable";
const FOR_A_DAY: &str = "public, max-age=86400";

pub(super) async fn get(state: AppState, file: Result<Path<String>, PathRejection>) -> Response {
    match file {
        Ok(Path(file)) if file == *STYLE_FILE => send("text/css; charset=utf-8", FOR_GOOD, STYLE),
        Ok(Path(file)) if file == *SCRIPT_FILE => {
            send("text/javascript; charset=utf-8", FOR_GOOD, SCRIPT)
        }
        Ok(Path(file)) if file == *ICON_FILE => send("image/svg+xml", FOR_GOOD, ICON),
        _ => super::error_page(
            &state,
            &Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such file"),
        ),
    }
}

pub(super) async fn icon() -> Response {
    send("image/svg+xml", FOR_A_DAY, ICON)
}

fn send(kind: &'static str, keep: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
    ];
    (headers, content).into_response()
}

fn fingerprint(content: &str) -> String {
    ContentHash::of(content).short(12)
}
