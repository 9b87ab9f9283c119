//! An operation: a method of a route, its handler and its description.

use axum::routing::{MethodFilter, MethodRouter};
use mcdewey_search::parameter::Declaration;

use crate::http::offered_types;
use crate::state::AppState;

/// Makes the route of a handler, for the method that the operation has.
pub type Handler = fn(MethodFilter) -> MethodRouter<AppState>;

/// A method of a route.
pub struct Operation {
    pub method: Method,
    /// With the names of its variable parts in braces.
    pub path: &'static str,
    /// Further paths with the same response, which are not described.
    pub more_paths: &'static [&'static str],
    /// `None` if the routes of the web pages have it.
    pub handler: Option<Handler>,
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    /// The variable parts of the path.
    pub path_parameters: &'static [PathParameter],
    /// The parameters of the query string.
    pub parameters: &'static [Declaration],
    pub body: Option<RequestBody>,
    pub response: SuccessResponse,
    /// Error codes with their status, beyond those that [`Operation::error_codes`] derives.
    pub extra_codes: &'static [(u16, &'static str)],
    /// Whether the response has an `ETag`.
    pub has_etag: bool,
    /// Whether an admin key is required.
    pub admin_only: bool,
    /// Whether no key is required.
    pub public: bool,
    /// Whether errors are HTML pages, except those that are detected before routing.
    pub html_errors: bool,
}

/// The method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

impl Method {
    /// Its name in OpenAPI.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }

    /// Selects the method in a router.
    pub const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
        }
    }
}

/// A variable part of a path.
pub struct PathParameter {
    pub declaration: Declaration,
    /// Whether it is the rest of the path, slashes included.
    is_rest: bool,
}

impl PathParameter {
    /// A part without slashes.
    pub const fn segment(declaration: Declaration) -> Self {
        Self {
            declaration,
            is_rest: false,
        }
    }

    /// The rest of the path.
    pub const fn rest(declaration: Declaration) -> Self {
        Self {
            declaration,
            is_rest: true,
        }
    }
}

/// The response to a request that succeeds.
pub struct SuccessResponse {
    pub status: &'static str,
    pub description: &'static str,
    /// The media types, or ranges of them such as `image/*`.
    pub media_types: &'static [&'static str],
    /// The name of the schema if the response is JSON; none for text and binary data.
    pub schema: Option<&'static str>,
}

/// The JSON body of a request.
pub struct RequestBody {
    pub schema: &'static str,
    pub example: &'static str,
    /// Whether the body may be omitted, which is the same as an empty object.
    pub optional: bool,
}

impl Operation {
    /// The same with this body.
    pub(super) const fn with_body(mut self, body: RequestBody) -> Self {
        self.body = Some(body);
        self
    }

    /// Returns all parameters with their places (`path` or `query`).
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, &Declaration)> {
        let in_path = self.path_parameters.iter();
        in_path
            .map(|parameter| ("path", &parameter.declaration))
            .chain(
                self.parameters
                    .iter()
                    .map(|declaration| ("query", declaration)),
            )
    }

    /// Returns the paths of its routes, in the notation of the router.
    pub fn routes(&self) -> Vec<String> {
        [&self.path]
            .into_iter()
            .chain(self.more_paths)
            .map(|path| self.route(path))
            .collect()
    }

    fn route(&self, path: &str) -> String {
        let mut route = path.to_owned();
        for parameter in self.path_parameters.iter().filter(|part| part.is_rest) {
            let name = parameter.declaration.name;
            route = route.replace(&format!("{{{name}}}"), &format!("{{*{name}}}"));
        }

        route
    }

    /// Whether its address is defined by a standard for all servers.
    pub(super) fn is_well_known(&self) -> bool {
        self.path.starts_with("/.well-known/")
    }

    /// Returns all error codes of the operation, grouped by status.
    pub fn error_codes(&self) -> Vec<(u16, Vec<&'static str>)> {
        let mut codes: Vec<(u16, &'static str)> = Vec::new();
        if !self.public {
            codes.push((401, "unauthorized"));
        }

        codes.extend([
            (403, "host_not_allowed"),
            (503, "unavailable"),
            (500, "internal"),
        ]);

        if !self.public {
            codes.extend([(429, "rate_limited"), (429, "overloaded")]);
        }

        if self.admin_only {
            codes.push((403, "forbidden"));
        }

        if !offered_types(self.path).is_empty() {
            codes.push((406, "not_acceptable"));
        }

        if self.body.is_some() {
            codes.extend([
                (400, "invalid_request"),
                (403, "origin_not_allowed"),
                (408, "request_timeout"),
                (413, "payload_too_large"),
                (415, "unsupported_media_type"),
            ]);
        }

        if self.parameters().next().is_some() || self.has_etag {
            codes.push((400, "invalid_request"));
        }

        codes.extend(self.extra_codes);
        codes.sort_unstable();
        codes.dedup();

        let mut by_status: Vec<(u16, Vec<&'static str>)> = Vec::new();
        for (status, code) in codes {
            match by_status.last_mut() {
                Some((last, codes)) if *last == status => codes.push(code),
                _ => by_status.push((status, vec![code])),
            }
        }

        by_status
    }
}

/// Returns the description of an error status.
pub(super) fn status_description(status: u16) -> &'static str {
    match status {
        400 => "The request is invalid",
        401 => "A key is required, or the key is not valid",
        403 => "Not allowed for this key, host name or origin",
        404 => "Not found",
        406 => "No available media type matches `Accept`",
        408 => "The request body did not arrive in time",
        409 => "The state of the library does not allow the operation",
        410 => "The library has changed; repeat the request without the cursor",
        413 => "The request body is too large",
        415 => "The request body is not JSON",
        429 => "Too many requests; retry later",
        507 => "Not enough disk space",
        503 => "The library or the model is temporarily unavailable",
        _ => "Unexpected error; the server log has the details",
    }
}
