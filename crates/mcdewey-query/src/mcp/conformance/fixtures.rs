//! What the official suite wants to find on a server, around the real handler: tools, resources and prompts that only
//! tests have. Everything else goes to the real one.

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

use super::super::server::DocServer;

/// One red pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A sound without samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";
const NO_ARGUMENTS: [&str; 7] = [
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
    let plain = |name: &&'static str| {
        let Value::Object(schema) = json!({"type": "object", "properties": {}}) else {
            return None;
        };
        Some(Tool::new(*name, "A fixture", schema))
    };

    let mut tools: Vec<Tool> = NO_ARGUMENTS.iter().filter_map(plain).collect();
    let Value::Object(schema) = schema_2020() else {
        return tools;
    };
    tools.push(Tool::new("json_schema_2020_12_tool", "A fixture", schema));

    let region = json!({
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
        "required": ["region"],
    });

    let Value::Object(schema) = region else {
        return tools;
    };
    tools.push(Tool::new("test_custom_headers", "A fixture", schema));
    tools
}

/// Keywords that must reach a client as they are.
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

/// Tells of progress the way a long call would.
async fn progress(context: &RequestContext<RoleServer>) {
    let Some(token) = context.meta.get_progress_token() else {
        return;
    };

    for done in [0.0, 50.0, 100.0] {
        let params = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
        context
            .peer
            .notify_progress(params)
            .await
            .expect("the client listens");
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
    let argument = |name: &str| {
        PromptArgument::new(name)
            .with_description("A fixture")
            .with_required(true)
    };

    let prompt = |name: &str, arguments: Vec<PromptArgument>| {
        Prompt::new(name, Some("A fixture"), Some(arguments))
    };

    vec![
        prompt("test_simple_prompt", Vec::new()),
        prompt(
            "test_prompt_with_arguments",
            vec![argument("arg1"), argument("arg2")],
        ),
        prompt(
            "test_prompt_with_embedded_resource",
            vec![argument("resourceUri")],
        ),
        prompt("test_prompt_with_image", Vec::new()),
    ]
}

fn prompt(request: &GetPromptRequestParams) -> Option<GetPromptResult> {
    let given = |name: &str| {
        let value = request
            .arguments
            .as_ref()
            .and_then(|arguments| arguments.get(name));
        value
            .and_then(|value| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };

    let say = |text: String| PromptMessage::new_text(Role::User, text);
    let messages = match request.name.as_str() {
        "test_simple_prompt" => vec![say("A prompt for tests.".to_owned())],
        "test_prompt_with_arguments" => vec![say(format!(
            "arg1='{}', arg2='{}'",
            given("arg1"),
            given("arg2")
        ))],
        "test_prompt_with_embedded_resource" => vec![
            PromptMessage::new(
                Role::User,
                embedded(&given("resourceUri"), "text/plain", "An embedded text."),
            ),
            say("See above.".to_owned()),
        ],
        "test_prompt_with_image" => {
            vec![
                PromptMessage::new(Role::User, ContentBlock::image(PNG, "image/png")),
                say("See above.".to_owned()),
            ]
        }
        _ => return None,
    };

    Some(GetPromptResult::new(messages))
}

type Context = RequestContext<RoleServer>;
type Listed = Option<PaginatedRequestParams>;

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
        request: Listed,
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
            return Ok(
                CallToolResult::error(vec![ContentBlock::text("It fails, as it must.")]).into(),
            );
        }

        if request.name == "test_tool_with_progress" {
            progress(&context).await;
        }

        match content(&request.name) {
            Some(content) => Ok(CallToolResult::success(content).into()),
            None => self.0.call_tool(request, context).await,
        }
    }

    async fn list_resources(
        &self,
        request: Listed,
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
        request: Listed,
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
        request: Listed,
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
            Some(found) => Ok(found.into()),
            None => self.0.get_prompt(request, context).await,
        }
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: Context,
    ) -> Result<CompleteResult, ErrorData> {
        let is_here = |name: &str| prompts().iter().any(|prompt| prompt.name == name);
        match &request.r#ref {
            Reference::Prompt(prompt) if is_here(&prompt.name) => Ok(CompleteResult::default()),
            _ => self.0.complete(request, context).await,
        }
    }
}
