//! `mcdewey mcp`: MCP on standard input and output, for clients that start their servers themselves.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use mcdewey_query::{Library, mcp};

use crate::engine::Engine;
use crate::owner::RunningOwner;
use crate::settings::Settings;

pub(crate) async fn run(settings: Settings) -> Result<ExitCode> {
    if let Some(owner) = RunningOwner::find(&settings)? {
        bail!(
            "process {} owns the library and serves MCP already; connect to {}/mcp instead",
            owner.pid,
            owner.address
        );
    }
    let engine = Engine::open(&settings).await?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| format!("http://{}", settings.listen));
    let library = Arc::new(Library::new(engine.index.clone(), engine.embed.clone(), public_url));
    mcp::serve_stdio(library).await?;
    Ok(ExitCode::SUCCESS)
}
