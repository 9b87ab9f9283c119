//! `docs/mcp.md` compared with the tools.

use crate::documentation::assert_table;
use crate::mcp::arguments::{Parameter, TOKEN_BUDGET};
use crate::mcp::tools::DocTool;

#[test]
fn docs_list_the_arguments_of_every_tool() {
    let rows: Vec<Vec<String>> = DocTool::ALL
        .into_iter()
        .flat_map(|tool| {
            tool.parameters()
                .iter()
                .filter(|parameter| parameter.name != TOKEN_BUDGET.name)
                .map(move |parameter| {
                    vec![
                        format!("`{}`", tool.name()),
                        format!("`{}`", parameter.name),
                        meaning(parameter),
                    ]
                })
        })
        .collect();

    assert_table(
        "mcp.md",
        "arguments",
        &["tool", "argument", "meaning"],
        &rows,
    );
}

/// What the schema says, with the words of a choice and whether the argument is required.
fn meaning(parameter: &Parameter) -> String {
    let schema = parameter.schema();
    let description = schema["description"].as_str().unwrap_or_default();
    let words: Vec<String> = schema["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|word| Some(format!("`{}`", word.as_str()?)))
        .collect();

    let words = if words.is_empty() {
        String::new()
    } else {
        format!(": {}", words.join(", "))
    };
    let required = if parameter.required {
        " (required)"
    } else {
        ""
    };
    format!("{description}{words}{required}")
}
