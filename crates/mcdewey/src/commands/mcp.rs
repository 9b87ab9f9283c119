//! `mcdewey mcp`: serves MCP on standard input and output, for clients that start their servers
//! themselves.
//!
//! If a running server owns the library, messages are forwarded to it, so that any number of
//! clients can share the library. Nothing but protocol messages is written to standard output.

use std::process::ExitCode;

use anyhow::Result;
use mcdewey_query::{ServedLibrary, mcp};
use mcdewey_runtime::{Engine, OwnerClient, forward_mcp};

use crate::engine_config::{engine_config, location};
use crate::settings::Settings;

pub(crate) async fn run(settings: Settings) -> Result<ExitCode> {
    if let Some(owner) = OwnerClient::find(&location(&settings))? {
        tokio::task::spawn_blocking(move || {
            forward_mcp(&owner, std::io::stdin().lock(), std::io::stdout())
        })
        .await??;
        return Ok(ExitCode::SUCCESS);
    }

    let engine = Engine::open(engine_config(&settings)?).await?;
    engine.ensure_complete()?;
    let public_url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", settings.listen));
    mcp::serve_stdio(ServedLibrary::new(engine.library(), public_url)).await?;

    Ok(ExitCode::SUCCESS)
}
