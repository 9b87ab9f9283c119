//! `/f/{source}`: an image or the original of a document. Only what browsers show without running it is shown; the rest
//! is handed over as a download.

use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::{AttachedFile, AttachmentRole, Visibility, image_type};

use super::error::error_page;
use crate::rest::{self, Parameters};
use crate::{AppState, QueryError, links};

/// `hash` says which content is meant, so that browsers may keep it.
pub(crate) const KNOWN: [&str; 3] = ["image", "original", "hash"];
/// Nothing that such a file holds may run or fetch anything.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";
/// Browsers show a PDF with a viewer of their own, which a sandbox would keep from starting.
const PDF_POLICY: &str = "frame-ancestors 'none'";
const PDF: &str = "application/pdf";

pub(super) async fn get(
    state: AppState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match find(&state, path, &uri, state.visibility()).await {
        Ok((file, hash)) => sent(&headers, file, hash.as_deref()),
        Err(error) => error_page(&state, &error.into()),
    }
}

async fn find(
    state: &AppState,
    path: Result<Path<String>, PathRejection>,
    uri: &Uri,
    visibility: &Visibility,
) -> Result<(AttachedFile, Option<String>), QueryError> {
    let source = rest::path(path)?;
    let given = Parameters::new(rest::pairs(uri)?, &KNOWN)?;
    let (role, name) = match (given.one("image")?, given.one("original")?) {
        (Some(name), None) => (AttachmentRole::Image, name),
        (None, Some(name)) => (AttachmentRole::Original, name),
        _ => {
            let message = "give the name of one file as image or as original".to_owned();
            return Err(QueryError::InvalidRequest(message));
        }
    };

    let file = state.library.file(&source, role, name, visibility).await?;
    Ok((file, given.one("hash")?.map(str::to_owned)))
}

fn sent(headers: &HeaderMap, file: AttachedFile, hash: Option<&str>) -> Response {
    let AttachedFile {
        attachment,
        content,
    } = file;

    // What was stored as an image is still judged by its content.
    let shown_as = match attachment.role {
        AttachmentRole::Image => image_type(&content),
        AttachmentRole::Original => {
            Some(PDF).filter(|_| attachment.media_type == PDF && content.starts_with(b"%PDF"))
        }
    };

    let known = attachment.hash.short(16);
    let tag = format!("\"{known}\"");
    let fresh = rest::is_fresh(headers, &tag);

    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(content).into_response()
    };

    let disposition = if shown_as.is_some() {
        "inline"
    } else {
        "attachment"
    };

    let name = attachment.name.rsplit('/').next().unwrap_or_default();
    let values = [
        (
            header::CONTENT_TYPE,
            shown_as.unwrap_or("application/octet-stream").to_owned(),
        ),
        (
            header::CONTENT_DISPOSITION,
            format!("{disposition}; filename*=UTF-8''{}", links::encode(name)),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            if shown_as == Some(PDF) {
                PDF_POLICY
            } else {
                POLICY
            }
            .to_owned(),
        ),
        (
            header::CACHE_CONTROL,
            caching(hash == Some(known.as_str())).to_owned(),
        ),
        (header::ETAG, tag),
    ];

    for (name, value) in values {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }

    response
}

/// Whoever named the content by its hash need never ask again; others ask whether it is still the same.
fn caching(named: bool) -> &'static str {
    if named {
        "private, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}
