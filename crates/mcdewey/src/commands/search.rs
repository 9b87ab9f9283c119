//! `mcdewey search`: searches through the running server that owns the library, or opens the
//! library itself.

use std::process::ExitCode;

use anyhow::{Result, bail};
use mcdewey_core::Visibility;
use mcdewey_query::wire::SearchAnswer;
use mcdewey_runtime::{Engine, OwnerClient, RestRequest};
use mcdewey_search::SearchRequest;

use crate::cli::SearchArgs;
use crate::engine_config::{engine_config, location};
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: Settings, args: SearchArgs) -> Result<ExitCode> {
    let (json, request) = (args.json, args.request.0);
    let answer = match OwnerClient::find(&location(&settings))? {
        Some(owner) => {
            tokio::task::spawn_blocking(move || {
                owner.ask(RestRequest::post("/api/v1/search", &request))
            })
            .await??
        }
        None => search_locally(&settings, &request).await?,
    };

    let text = if json {
        terminal::json(&answer)?
    } else {
        terminal::format_answer(&answer)
    };

    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn search_locally(settings: &Settings, request: &SearchRequest) -> Result<SearchAnswer> {
    let location = location(settings);
    if location.is_missing() {
        bail!("there is no library in {location} yet; run `mcdewey ingest` or `mcdewey serve`");
    }

    let engine = Engine::open(engine_config(settings)?).await?;
    if engine.needs_initial_sync().await? {
        bail!(
            "the library in {location} is empty or incomplete; run `mcdewey ingest` or \
             `mcdewey serve`"
        );
    }

    let public_url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", settings.listen));
    let library = engine.library();
    let snapshot = library.at(&Visibility::Everything).await?;
    let results = snapshot.search(request).await?;
    Ok(SearchAnswer::new(results, public_url.trim_end_matches('/')))
}
