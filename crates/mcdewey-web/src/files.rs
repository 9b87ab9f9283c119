//! `/f/{source}`: an image of a document, or its original file.
//!
//! Raster images and PDFs are shown inline because browsers display them without running anything;
//! every other file is a download.

#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::{AttachedFile, AttachmentRole, Visibility, image_media_type};
use mcdewey_query::RequestState;
use mcdewey_query::links;
use mcdewey_query::rest::{self, Parameters};
use mcdewey_search::QueryError;

use super::error::error_page;

/// Nothing in the file may run or fetch anything.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";
/// Browsers show a PDF in a built-in viewer, which a sandbox would prevent from starting.
const PDF_POLICY: &str = "frame-ancestors 'none'";
const PDF: &str = "application/pdf";

pub(super) async fn get(
    state: RequestState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match load(&state, path, &uri, state.visibility()).await {
        Ok((file, hash)) => file_response(&headers, file, hash.as_deref()),
        Err(error) => error_page(&state.app, &error.into()),
    }
}

/// The file, and the hash that the client asked for.
async fn load(
    state: &RequestState,
    path: Result<Path<String>, PathRejection>,
    uri: &Uri,
    visibility: &Visibility,
) -> Result<(AttachedFile, Option<String>), QueryError> {
    let source = rest::path(path)?;
    let parameters = Parameters::declared(rest::pairs(uri)?, &rest::FILE_PARAMETERS)?;
    let (role, name) = match (parameters.one("image")?, parameters.one("original")?) {
        (Some(name), None) => (AttachmentRole::Image, name),
        (None, Some(name)) => (AttachmentRole::Original, name),
        _ => {
            let message = "name exactly one file, as `image` or as `original`".to_owned();
            return Err(QueryError::InvalidRequest(message));
        }
    };

    let snapshot = state.library.at(visibility).await?;
    let file = snapshot.file(&source, role, name).await?;
    Ok((file, parameters.one("hash")?.map(str::to_owned)))
}

fn file_response(
    headers: &HeaderMap,
    file: AttachedFile,
    requested_hash: Option<&str>,
) -> Response {
    let AttachedFile {
        attachment,
        content,
    } = file;

    // The stored media type is not trusted: a file is shown inline only if its content is an image
    // or a PDF.
    let inline_type = match attachment.role {
        AttachmentRole::Image => image_media_type(&content),
        AttachmentRole::Original => {
            Some(PDF).filter(|_| attachment.media_type == PDF && content.starts_with(b"%PDF"))
        }
        AttachmentRole::WordBoxes => None,
    };

    let hash = attachment.hash.short(16);
    let tag = format!("\"{hash}\"");
    let mut response = if rest::is_fresh(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(content).into_response()
    };

    let disposition = if inline_type.is_some() {
        "inline"
    } else {
        "attachment"
    };

    let name = attachment.name.rsplit('/').next().unwrap_or_default();
    let values = [
        (
            header::CONTENT_TYPE,
            inline_type.unwrap_or("application/octet-stream").to_owned(),
        ),
        (
            header::CONTENT_DISPOSITION,
            format!("{disposition}; filename*=UTF-8''{}", links::encode(name)),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            if inline_type == Some(PDF) {
                PDF_POLICY
            } else {
                POLICY
            }
            .to_owned(),
        ),
        (
            header::CACHE_CONTROL,
            cache_control(requested_hash == Some(hash.as_str())).to_owned(),
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

/// A URL with the right hash always means the same content; any other must be revalidated.
fn cache_control(has_hash: bool) -> &'static str {
    if has_hash {
        "private, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}
