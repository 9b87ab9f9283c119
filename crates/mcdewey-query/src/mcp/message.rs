//! Parses and validates incoming messages, for every transport.
//!
//! rmcp treats a known method with invalid parameters as an unknown method, silently ignores
//! invalid parameters of lists, and gives no reason for a message that it cannot parse. Here such
//! messages get the JSON-RPC error code they should have, with the reason.

use rmcp::model::{
    CallToolRequestParams, ClientJsonRpcMessage, ClientRequest, CompleteRequestParams, ErrorCode,
    GetPromptRequestParams, InitializeRequestParams, PaginatedRequestParams,
    ReadResourceRequestParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::duplicates::find_duplicate_member;
use super::fence::truncate_quotations;

/// How much of a deserialisation error is repeated, in characters.
const MAX_DETAIL_CHARS: usize = 200;

/// Below 2^53, whole numbers are exact in floating point too.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// The member of `_meta` that names the protocol version of a message.
const PROTOCOL_VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// The protocol version without sessions, which has none of the [`SESSION_METHODS`].
const STATELESS_VERSION: &str = "2026-07-28";
const SESSION_METHODS: [&str; 2] = ["initialize", "ping"];

/// A method of an endpoint.
pub(super) struct Method {
    name: &'static str,
    fields: &'static [Field],
    /// Returns why parameters that match `fields` are still invalid for this method.
    validate: fn(&Value) -> Option<String>,
}

/// A field of a method's parameters.
struct Field {
    name: &'static str,
    kind: FieldKind,
    is_required: bool,
}

#[derive(Clone, Copy)]
enum FieldKind {
    String,
    Object,
}

const fn string(name: &'static str) -> Field {
    Field {
        name,
        kind: FieldKind::String,
        is_required: true,
    }
}

const fn object(name: &'static str) -> Field {
    Field {
        name,
        kind: FieldKind::Object,
        is_required: true,
    }
}

const fn optional(field: Field) -> Field {
    Field {
        is_required: false,
        ..field
    }
}

const ARGUMENTS: Field = optional(object("arguments"));
const META: Field = optional(object("_meta"));
const LIST_FIELDS: &[Field] = &[optional(string("cursor")), META];

const INITIALIZE: Method = Method {
    name: "initialize",
    fields: &[
        string("protocolVersion"),
        object("capabilities"),
        object("clientInfo"),
        META,
    ],
    validate: validate_as::<InitializeRequestParams>,
};

const CALL_TOOL: Method = Method {
    name: "tools/call",
    fields: &[string("name"), ARGUMENTS, META],
    validate: validate_as::<CallToolRequestParams>,
};

const fn without_parameters(name: &'static str) -> Method {
    Method {
        name,
        fields: &[META],
        validate: |_| None,
    }
}

const fn list(name: &'static str) -> Method {
    Method {
        name,
        fields: LIST_FIELDS,
        validate: validate_as::<PaginatedRequestParams>,
    }
}

/// The methods of an endpoint that has only tools.
pub(super) static TOOL_METHODS: [Method; 5] = [
    INITIALIZE,
    without_parameters("ping"),
    without_parameters("server/discover"),
    list("tools/list"),
    CALL_TOOL,
];

/// The methods of the whole server.
pub(super) static ALL_METHODS: [Method; 11] = [
    INITIALIZE,
    without_parameters("ping"),
    without_parameters("server/discover"),
    list("tools/list"),
    CALL_TOOL,
    list("prompts/list"),
    Method {
        name: "prompts/get",
        fields: &[string("name"), ARGUMENTS, META],
        validate: validate_as::<GetPromptRequestParams>,
    },
    list("resources/list"),
    list("resources/templates/list"),
    Method {
        name: "resources/read",
        fields: &[string("uri"), META],
        validate: validate_as::<ReadResourceRequestParams>,
    },
    Method {
        name: "completion/complete",
        fields: &[
            object("ref"),
            object("argument"),
            optional(object("context")),
            META,
        ],
        validate: validate_as::<CompleteRequestParams>,
    },
];

fn validate_as<T: DeserializeOwned>(params: &Value) -> Option<String> {
    T::deserialize(params).err().map(|error| {
        truncate_quotations(&error.to_string())
            .chars()
            .take(MAX_DETAIL_CHARS)
            .collect()
    })
}

/// Why a message is rejected.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MessageError {
    /// The id of the message; `null` if it has none or an invalid one.
    id: Value,
    pub(super) code: ErrorCode,
    message: String,
    /// Whether the sender expects a reply; false for notifications and responses.
    pub(super) expects_reply: bool,
    /// Whether the message uses [`STATELESS_VERSION`].
    pub(super) is_stateless: bool,
}

impl MessageError {
    /// An error for a message whose id is unknown.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            id: Value::Null,
            code,
            message: message.into(),
            expects_reply: true,
            is_stateless: false,
        }
    }

    pub(super) fn with_id(self, id: Value) -> Self {
        Self { id, ..self }
    }

    /// The JSON-RPC error response.
    pub(super) fn to_response(&self) -> Value {
        json!({
            "jsonrpc": "2.0",
            "id": self.id,
            "error": {"code": self.code.0, "message": self.message},
        })
    }
}

/// The error for a message of more than `max_bytes`.
pub(super) fn too_long(max_bytes: usize) -> MessageError {
    MessageError::new(
        ErrorCode::INVALID_REQUEST,
        format!("the message is too long; the limit is {max_bytes} bytes"),
    )
}

/// Parses a message for an endpoint with these methods. `protocol_version` is the version that the
/// transport names; the message itself takes precedence if it names one.
pub(super) fn parse(
    bytes: &[u8],
    methods: &[Method],
    protocol_version: Option<&str>,
) -> Result<ClientJsonRpcMessage, MessageError> {
    let message = parse_object(bytes)?;
    let is_stateless = is_stateless(&message, protocol_version);

    let error = find_error(&message, methods, is_stateless).or_else(|| find_duplicate(bytes));
    let parsed = match error {
        Some(error) => Err(error),
        None => deserialize(bytes).ok_or_else(|| undeserializable(&message)),
    };

    parsed.map_err(|(code, reason)| {
        let expects_reply = !is_response(&message)
            && (message.contains_key("id") || !message.contains_key("method"));
        let id = message
            .get("id")
            .filter(|id| expects_reply && is_valid_id(id))
            .cloned()
            .unwrap_or_default();

        MessageError {
            id,
            code,
            message: reason,
            expects_reply,
            is_stateless,
        }
    })
}

fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, MessageError> {
    let (code, reason) = match serde_json::from_slice(bytes) {
        Ok(Value::Object(message)) => return Ok(message),
        Ok(Value::Array(_)) => (
            ErrorCode::INVALID_REQUEST,
            "batches are not supported; send each message separately".to_owned(),
        ),
        Ok(_) => (
            ErrorCode::INVALID_REQUEST,
            "a message must be a JSON object".to_owned(),
        ),
        Err(error) => (
            ErrorCode::PARSE_ERROR,
            format!("the message is not JSON: {error}"),
        ),
    };

    Err(MessageError::new(code, reason))
}

/// Returns the id that a response to the message carries; `null` if the message is not a request.
pub(super) fn request_id(message: &ClientJsonRpcMessage) -> Value {
    match message {
        ClientJsonRpcMessage::Request(request) => json!(request.id),
        _ => Value::Null,
    }
}

/// Deserialises a message with rmcp. A request whose parameters rmcp cannot deserialise becomes a
/// custom request there; no endpoint has custom methods, so that is an error here.
fn deserialize(bytes: &[u8]) -> Option<ClientJsonRpcMessage> {
    serde_json::from_slice(bytes)
        .ok()
        .filter(|message| !is_custom_request(message))
}

fn is_custom_request(message: &ClientJsonRpcMessage) -> bool {
    match message {
        ClientJsonRpcMessage::Request(request) => {
            matches!(request.request, ClientRequest::CustomRequest(_))
        }
        _ => false,
    }
}

/// Returns the first error in the structure of a message: its JSON-RPC members, method and
/// parameters.
fn find_error(
    message: &Map<String, Value>,
    methods: &[Method],
    is_stateless: bool,
) -> Option<(ErrorCode, String)> {
    if let Some(reason) = find_malformed_member(message) {
        return Some((ErrorCode::INVALID_REQUEST, reason.to_owned()));
    }

    let name = message.get("method").and_then(Value::as_str)?;
    let Some(method) = methods.iter().find(|method| method.name == name) else {
        return message.contains_key("id").then(|| unknown_method(name));
    };
    let reason = method.find_error(message.get("params").unwrap_or(&Value::Null));

    // A valid `initialize` starts a session of an older protocol version, even if the transport or
    // `_meta` names the stateless one.
    if is_stateless
        && SESSION_METHODS.contains(&name)
        && (name != INITIALIZE.name || reason.is_some())
    {
        return Some(unknown_method(name));
    }

    reason.map(|reason| (ErrorCode::INVALID_PARAMS, format!("{name}: {reason}")))
}

fn find_duplicate(bytes: &[u8]) -> Option<(ErrorCode, String)> {
    find_duplicate_member(bytes)
        .map(|reason| (ErrorCode::INVALID_REQUEST, truncate_quotations(&reason)))
}

fn is_stateless(message: &Map<String, Value>, protocol_version: Option<&str>) -> bool {
    let meta = message.get("params").and_then(|params| params.get("_meta"));
    let version_in_message = meta
        .and_then(|meta| meta.get(PROTOCOL_VERSION_KEY))
        .and_then(Value::as_str);
    version_in_message.or(protocol_version) == Some(STATELESS_VERSION)
}

/// Returns the error for a message that passed all checks here and that rmcp still cannot
/// deserialise.
fn undeserializable(message: &Map<String, Value>) -> (ErrorCode, String) {
    match message.get("method").and_then(Value::as_str) {
        Some(name) if message.get("params").is_none_or(Value::is_null) => (
            ErrorCode::INVALID_PARAMS,
            format!("{name}: params is missing"),
        ),
        Some(name) if message.contains_key("id") => (
            ErrorCode::INVALID_PARAMS,
            format!("{name}: params are not valid for this method"),
        ),
        _ => (
            ErrorCode::INVALID_REQUEST,
            "this is not an MCP message".to_owned(),
        ),
    }
}

fn unknown_method(name: &str) -> (ErrorCode, String) {
    (
        ErrorCode::METHOD_NOT_FOUND,
        truncate_quotations(&format!("no method {name:?}")),
    )
}

/// Reports whether a message is a response to a request of the server, well-formed or not.
fn is_response(message: &Map<String, Value>) -> bool {
    !message.contains_key("method")
        && (message.contains_key("result") || message.contains_key("error"))
}

/// Returns why an object is not a JSON-RPC message.
fn find_malformed_member(message: &Map<String, Value>) -> Option<&'static str> {
    let has_outcome = message.contains_key("result") || message.contains_key("error");
    match message.get("method") {
        _ if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") => {
            Some("jsonrpc must be \"2.0\"")
        }
        _ if message.get("id").is_some_and(|id| !is_valid_id(id)) => {
            Some("id must be a string or an integer")
        }
        None if has_outcome => None,
        None => Some("method is missing"),
        Some(method) if !method.is_string() => Some("method must be a string"),
        Some(_) if has_outcome => Some("a message must be either a request or a response"),
        Some(_) => None,
    }
}

fn is_valid_id(id: &Value) -> bool {
    // Integers above `i64::MAX` are excluded because rmcp's ids are `i64`.
    id.is_string() || id.is_i64() || (!id.is_u64() && id.as_f64().is_some_and(is_exact_integer))
}

fn is_exact_integer(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() < MAX_EXACT_INTEGER
}

impl Method {
    /// Returns why the parameters of a call are invalid.
    fn find_error(&self, params: &Value) -> Option<String> {
        let empty = Map::new();
        let params = match params {
            Value::Null => &empty,
            Value::Object(params) => params,
            _ => return Some("params must be an object".to_owned()),
        };

        self.fields
            .iter()
            .find_map(|field| field.find_error(params.get(field.name)))
            .or_else(|| (self.validate)(&Value::Object(params.clone())))
    }
}

impl Field {
    fn find_error(&self, value: Option<&Value>) -> Option<String> {
        let (is_valid, expected) = match (self.kind, value) {
            (_, None | Some(Value::Null)) => {
                return self
                    .is_required
                    .then(|| format!("{} is missing", self.name));
            }
            (FieldKind::String, Some(value)) => (value.is_string(), "a string"),
            (FieldKind::Object, Some(value)) => (value.is_object(), "an object"),
        };
        (!is_valid).then(|| format!("{} must be {expected}", self.name))
    }
}

#[cfg(test)]
mod tests;
