//! A message as it arrives, on every transport: read, or refused with what is wrong with it.
//!
//! The protocol's library takes a known method with wrong parameters for an unknown method, leaves wrong parameters of
//! lists out in silence, and says no more of a message that it cannot read than that. Here such messages get the code of
//! JSON-RPC that is theirs, and the reason.

use rmcp::model::{
    CallToolRequestParams, ClientJsonRpcMessage, ClientRequest, CompleteRequestParams, ErrorCode,
    GetPromptRequestParams, InitializeRequestParams, PaginatedRequestParams,
    ReadResourceRequestParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::fence::clip_quoted;
use super::repeated;

/// Most characters of what the reader of the parameters says.
const MAX_DETAIL_CHARS: usize = 200;

/// Whole numbers below 2^53 are what they are in floating point too.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Where a message says which revision of the protocol it speaks, and the revision that has neither sessions nor
/// [`GREETINGS`].
const REVISION_FIELD: &str = "io.modelcontextprotocol/protocolVersion";
const STATELESS_REVISION: &str = "2026-07-28";
const GREETINGS: [&str; 2] = ["initialize", "ping"];

/// A method that an endpoint has.
pub(super) struct Method {
    name: &'static str,
    fields: &'static [Field],
    /// Why parameters that pass [`Method::fields`] are none of this method.
    misfit: fn(&Value) -> Option<String>,
}

/// A parameter of a method.
struct Field {
    name: &'static str,
    kind: Kind,
    is_required: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Object,
}

const fn text(name: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Text,
        is_required: true,
    }
}

const fn object(name: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Object,
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
const LIST: &[Field] = &[optional(text("cursor")), META];
const GREETING: Method = Method {
    name: "initialize",
    fields: &[
        text("protocolVersion"),
        object("capabilities"),
        object("clientInfo"),
        META,
    ],
    misfit: misfit::<InitializeRequestParams>,
};
const CALL: Method = Method {
    name: "tools/call",
    fields: &[text("name"), ARGUMENTS, META],
    misfit: misfit::<CallToolRequestParams>,
};

const fn bare(name: &'static str) -> Method {
    Method {
        name,
        fields: &[META],
        misfit: |_| None,
    }
}

const fn list(name: &'static str) -> Method {
    Method {
        name,
        fields: LIST,
        misfit: misfit::<PaginatedRequestParams>,
    }
}

/// The methods of an endpoint with tools, and nothing else.
pub(super) static TOOLS_ONLY: [Method; 5] = [
    GREETING,
    bare("ping"),
    bare("server/discover"),
    list("tools/list"),
    CALL,
];

/// The methods of the whole server.
pub(super) static ALL: [Method; 11] = [
    GREETING,
    bare("ping"),
    bare("server/discover"),
    list("tools/list"),
    CALL,
    list("prompts/list"),
    Method {
        name: "prompts/get",
        fields: &[text("name"), ARGUMENTS, META],
        misfit: misfit::<GetPromptRequestParams>,
    },
    list("resources/list"),
    list("resources/templates/list"),
    Method {
        name: "resources/read",
        fields: &[text("uri"), META],
        misfit: misfit::<ReadResourceRequestParams>,
    },
    Method {
        name: "completion/complete",
        fields: &[
            object("ref"),
            object("argument"),
            optional(object("context")),
            META,
        ],
        misfit: misfit::<CompleteRequestParams>,
    },
];

fn misfit<T: DeserializeOwned>(params: &Value) -> Option<String> {
    T::deserialize(params).err().map(|error| {
        clip_quoted(&error.to_string())
            .chars()
            .take(MAX_DETAIL_CHARS)
            .collect()
    })
}

/// Why a message is refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    /// The message's id; `null` where it has none that can be read.
    id: Value,
    pub(super) code: ErrorCode,
    message: String,
    /// Whether the sender waits for an answer: not for one to a notification or to an answer of its own.
    pub(super) is_awaited: bool,
    /// Whether the message is of the revision without sessions.
    pub(super) is_stateless: bool,
}

impl Fault {
    /// A fault of a message whose id cannot be told.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            id: Value::Null,
            code,
            message: message.into(),
            is_awaited: true,
            is_stateless: false,
        }
    }

    /// The same for the message with this id.
    pub(super) fn of(self, id: Value) -> Self {
        Self { id, ..self }
    }

    /// The answer, as it is sent.
    pub(super) fn answer(&self) -> Value {
        json!({"jsonrpc": "2.0", "id": self.id, "error": {"code": self.code.0, "message": self.message}})
    }
}

/// Reads a message for an endpoint with these methods. `revision` is the protocol's revision as the transport names it,
/// beside the message; a message may name one too.
pub(super) fn read(
    bytes: &[u8],
    methods: &[Method],
    revision: Option<&str>,
) -> Result<ClientJsonRpcMessage, Fault> {
    let message = match serde_json::from_slice(bytes) {
        Ok(Value::Object(message)) => message,
        Ok(Value::Array(_)) => {
            return Err(invalid(
                "batches are not supported; send each message by itself",
            ));
        }
        Ok(_) => return Err(invalid("a message must be an object")),
        Err(error) => {
            return Err(Fault::new(
                ErrorCode::PARSE_ERROR,
                format!("the message is not JSON: {error}"),
            ));
        }
    };

    let is_stateless = is_stateless(&message, revision);
    let read = match wrong(&message, methods, is_stateless).or_else(|| repeats(bytes)) {
        Some(fault) => Err(fault),
        None => understood(bytes).ok_or_else(|| unread(&message)),
    };

    read.map_err(|(code, reason)| {
        let is_awaited =
            !is_answer(&message) && (message.contains_key("id") || !message.contains_key("method"));
        let id = message
            .get("id")
            .filter(|id| is_awaited && is_id(id))
            .cloned()
            .unwrap_or_default();

        Fault {
            id,
            code,
            message: reason,
            is_awaited,
            is_stateless,
        }
    })
}

/// The id that an answer to a message carries; `null` where it is no request.
pub(super) fn id_of(message: &ClientJsonRpcMessage) -> Value {
    match message {
        ClientJsonRpcMessage::Request(request) => json!(request.id),
        _ => Value::Null,
    }
}

/// What the protocol's library makes of a message. It takes a request whose parameters it cannot read for one of a
/// method of somebody else's, which no endpoint here has.
fn understood(bytes: &[u8]) -> Option<ClientJsonRpcMessage> {
    let is_foreign = |message: &ClientJsonRpcMessage| match message {
        ClientJsonRpcMessage::Request(request) => {
            matches!(request.request, ClientRequest::CustomRequest(_))
        }
        _ => false,
    };

    serde_json::from_slice(bytes)
        .ok()
        .filter(|message| !is_foreign(message))
}

fn invalid(message: &str) -> Fault {
    Fault::new(ErrorCode::INVALID_REQUEST, message)
}

/// What is wrong with a message, as far as it is known here.
fn wrong(
    message: &Map<String, Value>,
    methods: &[Method],
    is_stateless: bool,
) -> Option<(ErrorCode, String)> {
    if let Some(reason) = malformed(message) {
        return Some((ErrorCode::INVALID_REQUEST, reason.to_owned()));
    }

    let name = message.get("method").and_then(Value::as_str)?;
    let Some(method) = methods.iter().find(|method| method.name == name) else {
        return message.contains_key("id").then(|| no_method(name));
    };
    let reason = method.wrong(message.get("params").unwrap_or(&Value::Null));

    // A greeting in order is one of the older revisions, whatever else the message says.
    if is_stateless && GREETINGS.contains(&name) && (name != GREETING.name || reason.is_some()) {
        return Some(no_method(name));
    }

    reason.map(|reason| (ErrorCode::INVALID_PARAMS, format!("{name}: {reason}")))
}

/// A member that an object of the message has twice: readers differ in which of the two they take.
fn repeats(bytes: &[u8]) -> Option<(ErrorCode, String)> {
    repeated::member(bytes).map(|reason| (ErrorCode::INVALID_REQUEST, clip_quoted(&reason)))
}

fn is_stateless(message: &Map<String, Value>, revision: Option<&str>) -> bool {
    let meta = message.get("params").and_then(|params| params.get("_meta"));
    let named = meta
        .and_then(|meta| meta.get(REVISION_FIELD))
        .and_then(Value::as_str);
    named.or(revision) == Some(STATELESS_REVISION)
}

/// What is said of a message that nothing is known to be wrong with, and that the protocol's library cannot read.
fn unread(message: &Map<String, Value>) -> (ErrorCode, String) {
    match message.get("method").and_then(Value::as_str) {
        Some(name) if message.get("params").is_none_or(Value::is_null) => (
            ErrorCode::INVALID_PARAMS,
            format!("{name}: params is missing"),
        ),
        Some(name) if message.contains_key("id") => (
            ErrorCode::INVALID_PARAMS,
            format!("{name}: params cannot be read"),
        ),
        _ => (
            ErrorCode::INVALID_REQUEST,
            "the message is none of this protocol".to_owned(),
        ),
    }
}

fn no_method(name: &str) -> (ErrorCode, String) {
    (
        ErrorCode::METHOD_NOT_FOUND,
        clip_quoted(&format!("no method {name:?}")),
    )
}

/// Whether a message answers one of the server's, or tries to.
fn is_answer(message: &Map<String, Value>) -> bool {
    !message.contains_key("method")
        && (message.contains_key("result") || message.contains_key("error"))
}

/// What makes an object no message of JSON-RPC.
fn malformed(message: &Map<String, Value>) -> Option<&'static str> {
    let has = |name: &str| message.contains_key(name);
    match message.get("method") {
        _ if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") => {
            Some("jsonrpc must be \"2.0\"")
        }
        _ if message.get("id").is_some_and(|id| !is_id(id)) => {
            Some("id must be a text or a whole number")
        }
        None if has("result") || has("error") => None,
        None => Some("method is missing"),
        Some(method) if !method.is_string() => Some("method must be a text"),
        Some(_) if has("result") || has("error") => {
            Some("a message is either a request or an answer")
        }
        Some(_) => None,
    }
}

fn is_id(id: &Value) -> bool {
    let is_exact = |number: f64| number.fract() == 0.0 && number.abs() < MAX_EXACT;
    id.is_string() || id.is_i64() || (!id.is_u64() && id.as_f64().is_some_and(is_exact))
}

impl Method {
    /// What is wrong with the parameters of a call.
    fn wrong(&self, params: &Value) -> Option<String> {
        let nothing = Map::new();
        let given = match params {
            Value::Null => &nothing,
            Value::Object(given) => given,
            _ => return Some("params must be an object".to_owned()),
        };

        let wrong = self
            .fields
            .iter()
            .find_map(|field| field.wrong(given.get(field.name)));

        wrong.or_else(|| (self.misfit)(&Value::Object(given.clone())))
    }
}

impl Field {
    fn wrong(&self, value: Option<&Value>) -> Option<String> {
        let (fits, wanted) = match (self.kind, value) {
            (_, None | Some(Value::Null)) => {
                return self
                    .is_required
                    .then(|| format!("{} is missing", self.name));
            }
            (Kind::Text, Some(value)) => (value.is_string(), "a text"),
            (Kind::Object, Some(value)) => (value.is_object(), "an object"),
        };
        (!fits).then(|| format!("{} must be {wanted}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> (i32, Value, String) {
        let Fault {
            id, code, message, ..
        } = read(body.as_bytes(), &ALL, None).expect_err(body);
        (code.0, id, message)
    }

    fn call(method: &str, params: &str) -> String {
        format!(r#"{{"jsonrpc": "2.0", "id": 7, "method": "{method}", "params": {params}}}"#)
    }

    #[test]
    fn wrong_parameters_of_a_known_method_are_named() {
        for (method, params, said) in [
            (
                "tools/call",
                r#"{"name": "search_docs", "arguments": "{}"}"#,
                "arguments must be an object",
            ),
            (
                "tools/call",
                r#"{"name": "search_docs", "arguments": []}"#,
                "arguments must be an object",
            ),
            ("tools/call", r#"{"arguments": {}}"#, "name is missing"),
            ("tools/call", r#"{"name": 7}"#, "name must be a text"),
            ("tools/call", "null", "name is missing"),
            ("tools/call", "[1]", "params must be an object"),
            ("tools/call", "\"x\"", "params must be an object"),
            (
                "tools/call",
                r#"{"name": "x", "_meta": 1}"#,
                "_meta must be an object",
            ),
            ("resources/read", "{}", "uri is missing"),
            ("resources/read", r#"{"uri": ["a"]}"#, "uri must be a text"),
            ("prompts/get", "{}", "name is missing"),
            (
                "prompts/get",
                r#"{"name": "upgrade_check", "arguments": 1}"#,
                "arguments must be an object",
            ),
            (
                "resources/list",
                r#"{"cursor": 5}"#,
                "cursor must be a text",
            ),
            (
                "resources/templates/list",
                r#"{"cursor": {}}"#,
                "cursor must be a text",
            ),
            ("prompts/list", r#"{"cursor": []}"#, "cursor must be a text"),
            ("tools/list", r#"{"cursor": true}"#, "cursor must be a text"),
            ("tools/list", "[]", "params must be an object"),
            (
                "completion/complete",
                r#"{"argument": {"name": "a", "value": "b"}}"#,
                "ref is missing",
            ),
            (
                "completion/complete",
                r#"{"ref": "x", "argument": {}}"#,
                "ref must be an object",
            ),
            (
                "completion/complete",
                r#"{"ref": {"type": "ref/prompt", "name": "x"}}"#,
                "argument is missing",
            ),
            ("initialize", "{}", "protocolVersion is missing"),
            (
                "initialize",
                r#"{"protocolVersion": 1}"#,
                "protocolVersion must be a text",
            ),
            (
                "initialize",
                r#"{"protocolVersion": "2025-11-25", "capabilities": []}"#,
                "capabilities must be an object",
            ),
            ("ping", "7", "params must be an object"),
        ] {
            let said = format!("{method}: {said}");
            assert_eq!(
                refused(&call(method, params)),
                (-32602, json!(7), said),
                "{method} {params}"
            );
        }
    }

    #[test]
    fn what_the_table_does_not_know_is_said_in_the_words_of_the_reader() {
        let reference =
            r#"{"ref": {"type": "ref/other"}, "argument": {"name": "a", "value": "b"}}"#;
        let argument = r#"{"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a"}}"#;
        let client =
            r#"{"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": 1}}"#;

        for (method, params) in [
            ("completion/complete", reference),
            ("completion/complete", argument),
            ("initialize", client),
        ] {
            let (code, id, said) = refused(&call(method, params));
            assert_eq!((code, id), (-32602, json!(7)), "{said}");
            assert!(said.len() > method.len() + 5 && said.len() < 300, "{said}");
        }
    }

    #[test]
    fn what_is_no_message_is_an_invalid_request() {
        for (body, id, said) in [
            (
                "[]",
                Value::Null,
                "batches are not supported; send each message by itself",
            ),
            (
                r#"[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]"#,
                Value::Null,
                "batches are not supported; send each message by itself",
            ),
            ("7", Value::Null, "a message must be an object"),
            ("null", Value::Null, "a message must be an object"),
            (
                r#"{"id": 1, "method": "ping"}"#,
                json!(1),
                "jsonrpc must be \"2.0\"",
            ),
            (
                r#"{"jsonrpc": "1.0", "id": "a", "method": "ping"}"#,
                json!("a"),
                "jsonrpc must be \"2.0\"",
            ),
            (
                r#"{"jsonrpc": 2.0, "id": 1, "method": "ping"}"#,
                json!(1),
                "jsonrpc must be \"2.0\"",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": null, "method": "ping"}"#,
                Value::Null,
                "id must be a text or a whole number",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": {}, "method": "ping"}"#,
                Value::Null,
                "id must be a text or a whole number",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}"#,
                Value::Null,
                "id must be a text or a whole number",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": 18446744073709551615, "method": "ping"}"#,
                Value::Null,
                "id must be a text or a whole number",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": 1e300, "method": "ping"}"#,
                Value::Null,
                "id must be a text or a whole number",
            ),
            (r#"{"jsonrpc": "2.0"}"#, Value::Null, "method is missing"),
            (
                r#"{"jsonrpc": "2.0", "id": 1}"#,
                json!(1),
                "method is missing",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": 1, "method": 5}"#,
                json!(1),
                "method must be a text",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "result": {}}"#,
                json!(1),
                "a message is either a request or an answer",
            ),
        ] {
            assert_eq!(refused(body), (-32600, id, said.to_owned()), "{body}");
        }
    }

    #[test]
    fn what_is_not_json_is_a_parse_error() {
        for body in [
            "{",
            "",
            "nonsense",
            "{\"jsonrpc\": \"2.0\",}",
            &"[".repeat(10_000),
        ] {
            let (code, id, said) = refused(body);
            assert_eq!((code, id), (-32700, Value::Null), "{said}");
        }

        assert_eq!(
            read(&[0xff, 0xfe], &ALL, None).unwrap_err().code,
            ErrorCode::PARSE_ERROR
        );
    }

    #[test]
    fn only_unknown_methods_are_unknown() {
        assert_eq!(
            refused(&call("tools/delete", "[]")),
            (-32601, json!(7), "no method \"tools/delete\"".to_owned())
        );

        for (method, params) in [
            ("tools/delete", "{}"),
            ("logging/setLevel", r#"{"level": "info"}"#),
            ("resources/subscribe", r#"{"uri": "mcdewey://a.md"}"#),
            ("tasks/get", r#"{"taskId": "x"}"#),
        ] {
            assert_eq!(
                refused(&call(method, params)),
                (-32601, json!(7), format!("no method {method:?}"))
            );
        }

        for (method, params) in [
            ("resources/read", "[]"),
            ("prompts/get", r#"{"name": "upgrade_check"}"#),
        ] {
            let fault = read(call(method, params).as_bytes(), &TOOLS_ONLY, None).unwrap_err();
            assert_eq!(
                (fault.code, fault.message),
                (ErrorCode::METHOD_NOT_FOUND, format!("no method {method:?}"))
            );
        }
    }

    #[test]
    fn the_revision_without_sessions_has_no_greetings() {
        let stateless = r#"{"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}"#;
        for (method, params, revision) in [
            ("ping", stateless, None),
            ("initialize", stateless, None),
            ("ping", "{}", Some("2026-07-28")),
            ("ping", "[]", Some("2026-07-28")),
            ("initialize", "{}", Some("2026-07-28")),
        ] {
            let fault = read(call(method, params).as_bytes(), &ALL, revision).expect_err(method);
            assert_eq!(
                (fault.code, fault.is_stateless),
                (ErrorCode::METHOD_NOT_FOUND, true),
                "{method} {params}"
            );
            assert_eq!(fault.message, format!("no method {method:?}"));
        }

        let greeting = r#"{"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}"#;
        assert!(
            read(
                call("initialize", greeting).as_bytes(),
                &ALL,
                Some("2026-07-28")
            )
            .is_ok()
        );
        assert!(read(call("ping", "{}").as_bytes(), &ALL, Some("2025-11-25")).is_ok());
    }

    #[test]
    fn parameters_that_a_method_cannot_do_without_are_missing() {
        for body in [
            r#"{"jsonrpc": "2.0", "id": 7, "method": "server/discover"}"#,
            r#"{"jsonrpc": "2.0", "id": 7, "method": "server/discover", "params": null}"#,
        ] {
            assert_eq!(
                refused(body),
                (
                    -32602,
                    json!(7),
                    "server/discover: params is missing".to_owned()
                )
            );
        }
    }

    #[test]
    fn a_member_given_twice_is_an_invalid_request() {
        for body in [
            r#"{"jsonrpc": "2.0", "id": 7, "method": "ping", "params": {}, "params": {}}"#,
            r#"{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "a", "name": "search_docs"}}"#,
            r#"{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "a", "arguments": {"q": 1, "q": 2}}}"#,
        ] {
            let (code, id, said) = refused(body);
            assert_eq!((code, id), (-32600, json!(7)), "{said}");
            assert!(said.contains("is given twice"), "{said}");
        }
    }

    #[test]
    fn an_answer_of_the_client_is_never_answered_by_its_id() {
        for body in [
            r#"{"jsonrpc": "2.0", "id": 3, "error": {}}"#,
            r#"{"jsonrpc": "2.0", "id": 3, "result": {}, "error": {"code": 1, "message": "x"}, "id": 3}"#,
            r#"{"jsonrpc": "1.0", "id": 3, "result": {}}"#,
        ] {
            let fault = read(body.as_bytes(), &ALL, None).expect_err(body);
            assert_eq!((fault.id, fault.is_awaited), (Value::Null, false), "{body}");
        }
    }

    #[test]
    fn whatever_is_well_formed_is_read() {
        for (method, params) in [
            ("tools/call", r#"{"name": "x", "arguments": {}}"#),
            (
                "tools/call",
                r#"{"name": "x", "arguments": null, "_meta": {"progressToken": 1}}"#,
            ),
            ("tools/list", "{}"),
            ("tools/list", "null"),
            ("resources/list", r#"{"cursor": null}"#),
            ("ping", "{}"),
        ] {
            assert!(
                read(call(method, params).as_bytes(), &ALL, None).is_ok(),
                "{method} {params}"
            );
        }

        for body in [
            r#"{"jsonrpc": "2.0", "id": "a", "method": "ping"}"#,
            r#"{"jsonrpc": "2.0", "id": -7, "method": "ping"}"#,
            r#"{"jsonrpc": "2.0", "id": 1e2, "method": "ping"}"#,
            r#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#,
            r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "x"}}"#,
            r#"{"jsonrpc": "2.0", "id": 1, "result": {}}"#,
        ] {
            assert!(read(body.as_bytes(), &ALL, None).is_ok(), "{body}");
        }
    }

    #[test]
    fn a_fault_of_a_notification_is_known_as_one() {
        let fault = |body: &str| read(body.as_bytes(), &ALL, None).unwrap_err();
        assert!(
            !fault(r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": []}"#)
                .is_awaited
        );
        assert!(fault("{").is_awaited && fault(&call("tools/call", "{}")).is_awaited);
    }

    #[test]
    fn no_refusal_is_as_long_as_its_message() {
        let long = "a\\\"b".repeat(20_000);
        let initialize = format!(
            r#"{{"protocolVersion": "x", "capabilities": {{}}, "clientInfo": {{"name": {{"{long}": 1}}}}}}"#
        );

        for body in [
            call(&long, "[]"),
            call(
                "completion/complete",
                &format!(
                    r#"{{"ref": {{"type": "{long}"}}, "argument": {{"name": "a", "value": "b"}}}}"#
                ),
            ),
            call("initialize", &initialize),
        ] {
            assert!(refused(&body).2.len() < 700, "{}", refused(&body).2);
        }
    }
}
