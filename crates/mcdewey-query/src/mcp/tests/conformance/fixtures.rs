//! The tools, resources and prompts that the official conformance suite expects on a server, as a
//! wrapper around the real handler, which answers everything else.

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    ContentBlock, DiscoverResult, ErrorData, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, Prompt, PromptArgument,
    PromptMessage, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Reference,
    Resource, ResourceContents, ResourceTemplate, Role, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Value, json};

use crate::mcp::server::DocServer;

/// One red pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A sound without samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";
/// Tools without arguments.
const SIMPLE_TOOLS: [&str; 7] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_error_handling",
    "test_tool_with_progress",
];

/// The real handler with the suite's fixtures.
pub(super) struct Fixtures(pub(super) DocServer);

fn embedded(uri: &str, kind: &str, text: &str) -> ContentBlock {
    ContentBlock::resource(ResourceContents::text(text, uri).with_mime_type(kind))
}

fn tools() -> Vec<Tool> {
    let no_arguments = json!({"type": "object", "properties": {}});
    let region = json!({
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
        "required": ["region"],
    });

    let mut tools: Vec<Tool> = SIMPLE_TOOLS
        .into_iter()
        .map(|name| tool(name, no_arguments.clone()))
        .collect();
    tools.push(tool("json_schema_2020_12_tool", schema_2020()));
    tools.push(tool("test_custom_headers", region));
    tools
}

fn tool(name: &'static str, schema: Value) -> Tool {
    let Value::Object(schema) = schema else {
        panic!("a schema is an object")
    };
    Tool::new(name, "A fixture", schema)
}

/// A schema with keywords that must reach the client unchanged.
fn schema_2020() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }},
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false,
    })
}

fn content(name: &str) -> Option<Vec<ContentBlock>> {
    Some(match name {
        "test_simple_text" => vec![ContentBlock::text("A text for tests.")],
        "test_image_content" => vec![ContentBlock::image(PNG, "image/png")],
        "test_audio_content" => vec![ContentBlock::audio(WAV, "audio/wav")],
        "test_embedded_resource" => vec![embedded(
            "test://embedded-resource",
            "text/plain",
            "An embedded text.",
        )],
        "test_multiple_content_types" => vec![
            ContentBlock::text("Several kinds:"),
            ContentBlock::image(PNG, "image/png"),
            embedded(
                "test://mixed-content-resource",
                "application/json",
                "{\"test\":\"data\",\"value\":123}",
            ),
        ],
        "test_tool_with_progress" | "json_schema_2020_12_tool" | "test_custom_headers" => {
            vec![ContentBlock::text("Done.")]
        }
        _ => return None,
    })
}

/// Reports progress as a long call would.
async fn report_progress(context: &RequestContext<RoleServer>) {
    let Some(token) = context.meta.get_progress_token() else {
        return;
    };

    for done in [0.0, 50.0, 100.0] {
        let params = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
        context
            .peer
            .notify_progress(params)
            .await
            .expect("the client receives notifications");
    }
}

fn resource(uri: &str) -> Option<ResourceContents> {
    let id = uri
        .strip_prefix("test://template/")
        .and_then(|rest| rest.strip_suffix("/data"));

    Some(match (uri, id) {
        ("test://static-text", _) => {
            ResourceContents::text("A text for tests.", uri).with_mime_type("text/plain")
        }
        ("test://static-binary", _) => ResourceContents::blob(PNG, uri).with_mime_type("image/png"),
        (_, Some(id)) => {
            let text = json!({"id": id, "templateTest": true, "data": format!("Data for {id}")})
                .to_string();
            ResourceContents::text(text, uri).with_mime_type("application/json")
        }
        _ => return None,
    })
}

fn prompts() -> Vec<Prompt> {
    [
        ("test_simple_prompt", &[][..]),
        ("test_prompt_with_arguments", &["arg1", "arg2"]),
        ("test_prompt_with_embedded_resource", &["resourceUri"]),
        ("test_prompt_with_image", &[]),
    ]
    .into_iter()
    .map(|(name, arguments)| {
        let arguments = arguments.iter().map(|argument| {
            PromptArgument::new(*argument)
                .with_description("A fixture")
                .with_required(true)
        });
        Prompt::new(name, Some("A fixture"), Some(arguments.collect()))
    })
    .collect()
}

fn prompt(request: &GetPromptRequestParams) -> Option<GetPromptResult> {
    let messages = match request.name.as_str() {
        "test_simple_prompt" => vec![user_message("A prompt for tests.".to_owned())],
        "test_prompt_with_arguments" => vec![user_message(format!(
            "arg1='{}', arg2='{}'",
            argument(request, "arg1"),
            argument(request, "arg2")
        ))],
        "test_prompt_with_embedded_resource" => {
            let resource = embedded(
                argument(request, "resourceUri"),
                "text/plain",
                "An embedded text.",
            );
            vec![
                PromptMessage::new(Role::User, resource),
                user_message("See above.".to_owned()),
            ]
        }
        "test_prompt_with_image" => vec![
            PromptMessage::new(Role::User, ContentBlock::image(PNG, "image/png")),
            user_message("See above.".to_owned()),
        ],
        _ => return None,
    };

    Some(GetPromptResult::new(messages))
}

fn argument<'a>(request: &'a GetPromptRequestParams, name: &str) -> &'a str {
    request
        .arguments
        .as_ref()
        .and_then(|arguments| arguments.get(name))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn user_message(text: String) -> PromptMessage {
    PromptMessage::new_text(Role::User, text)
}

type Context = RequestContext<RoleServer>;
type Page = Option<PaginatedRequestParams>;

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    async fn discover(&self, context: Context) -> Result<DiscoverResult, ErrorData> {
        self.0.discover(context).await
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools()
            .into_iter()
            .find(|tool| tool.name == name)
            .or_else(|| self.0.get_tool(name))
    }

    async fn list_tools(
        &self,
        request: Page,
        context: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut listed = self.0.list_tools(request, context).await?;
        listed.tools.extend(tools());
        Ok(listed)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name == "test_error_handling" {
            return Ok(CallToolResult::error(vec![ContentBlock::text(
                "This fixture always fails.",
            )])
            .into());
        }

        if request.name == "test_tool_with_progress" {
            report_progress(&context).await;
        }

        match content(&request.name) {
            Some(content) => Ok(CallToolResult::success(content).into()),
            None => self.0.call_tool(request, context).await,
        }
    }

    async fn list_resources(
        &self,
        request: Page,
        context: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut listed = self.0.list_resources(request, context).await?;
        for uri in ["test://static-text", "test://static-binary"] {
            listed.resources.push(Resource::new(uri, uri));
        }
        Ok(listed)
    }

    async fn list_resource_templates(
        &self,
        request: Page,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut listed = self.0.list_resource_templates(request, context).await?;
        listed
            .resource_templates
            .push(ResourceTemplate::new("test://template/{id}/data", "data"));
        Ok(listed)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match resource(&request.uri) {
            Some(contents) => Ok(ReadResourceResult::new(vec![contents])
                .with_ttl_ms(1000)
                .into()),
            None => self.0.read_resource(request, context).await,
        }
    }

    async fn list_prompts(
        &self,
        request: Page,
        context: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        let mut listed = self.0.list_prompts(request, context).await?;
        listed.prompts.extend(prompts());
        Ok(listed)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        match prompt(&request) {
            Some(prompt) => Ok(prompt.into()),
            None => self.0.get_prompt(request, context).await,
        }
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: Context,
    ) -> Result<CompleteResult, ErrorData> {
        let is_fixture = |name: &str| prompts().iter().any(|prompt| prompt.name == name);
        match &request.r#ref {
            Reference::Prompt(prompt) if is_fixture(&prompt.name) => Ok(CompleteResult::default()),
            _ => self.0.complete(request, context).await,
        }
    }
}
