//! `mcdewey search`: searches through the running server that owns the library, or opens the
//! library itself.

use std::process::ExitCode;

use anyhow::{Result, bail};
use mcdewey_core::Visibility;
use mcdewey_query::{Group, SearchAnswer, SearchRequest};

use crate::cli::SearchArgs;
use crate::engine::Engine;
use crate::owner::RunningOwner;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: Settings, args: SearchArgs) -> Result<ExitCode> {
    let (json, request) = (args.json, request(args));
    let answer = match RunningOwner::find(&settings)? {
        Some(owner) => tokio::task::spawn_blocking(move || owner.search(&request)).await??,
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
    if settings.qdrant.is_none() && !settings.data_dir.exists() {
        bail!(
            "there is no library in {} yet; run `mcdewey ingest` or `mcdewey serve`",
            settings.library_location()
        );
    }

    let engine = Engine::open(settings).await?;
    if engine.needs_initial_sync().await? {
        bail!(
            "the library in {} is empty or incomplete; run `mcdewey ingest` or `mcdewey serve`",
            settings.library_location()
        );
    }

    let public_url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", settings.listen));
    let library = engine.library(public_url);
    Ok(library.search(request, &Visibility::Everything).await?)
}

fn request(args: SearchArgs) -> SearchRequest {
    SearchRequest {
        q: args.question.join(" "),
        mode: args.mode.into(),
        vendor: args.vendor,
        product: args.product,
        version: args.version,
        strict: args.strict,
        guide: args.guide,
        source: args.source,
        limit: args.limit,
        cursor: args.cursor,
        group: args.group_by_page.then_some(Group::Page),
        explain: args.explain,
        exact: args.exact,
    }
}
