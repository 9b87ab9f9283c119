//! `mcdewey models`: lists the models of the catalogue, or downloads the configured one, with the
//! libraries that are loaded at run time, ahead of time.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use mcdewey_provision::{
    AvailableModel, ModelSettings, available_models, available_rerankers, provision_pdfium,
    provision_reranker,
};
use serde::Serialize;

use crate::cli::ModelsArgs;
use crate::engine_config::notify_on_stderr;
use crate::settings::Settings;
use crate::terminal;

/// A model of the catalogue, as `--json` prints it.
#[derive(Debug, Serialize)]
struct ListedModel {
    #[serde(flatten)]
    model: AvailableModel,
    /// What it is for: `embedding` or `reranking`.
    task: &'static str,
}

pub(crate) async fn run(settings: &Settings, args: &ModelsArgs) -> Result<ExitCode> {
    if args.fetch {
        let (model, pdfium) = (settings.model.clone(), settings.pdfium.clone());
        let reranker = settings.rerank.clone().map(|rerank| rerank.model);
        let (provisioned, pdfium, reranker) = tokio::task::spawn_blocking(move || {
            let notify = notify_on_stderr();
            let provisioned = mcdewey_runtime::provision(&model, &notify)?;
            let pdfium = provision_pdfium(&pdfium, &|step| notify.provisioning(&step))?;
            let reranker = reranker
                .map(|settings| provision_reranker(&settings, &|step| notify.provisioning(&step)))
                .transpose()?;
            anyhow::Ok((provisioned, pdfium, reranker))
        })
        .await??;

        let folder = provisioned.model_dir.display();
        let mut text = format!(
            "{} is ready in {folder}, runtime {}, PDFium {}\n",
            provisioned.name,
            provisioned.runtime.display(),
            pdfium.display()
        );
        if let Some(reranker) = reranker {
            text.push_str(&format!(
                "the reranker is ready in {}\n",
                reranker.display()
            ));
        }

        terminal::print(&text)?;
        return Ok(ExitCode::SUCCESS);
    }

    if let Some(file) = &args.graph {
        let (model, file) = (settings.model.clone(), file.clone());
        tokio::task::spawn_blocking(move || write_graph(&model, &file)).await??;
        return Ok(ExitCode::SUCCESS);
    }

    let listed = |models: Vec<AvailableModel>, task| {
        models
            .into_iter()
            .map(move |model| ListedModel { model, task })
    };
    let models: Vec<ListedModel> = listed(available_models()?, "embedding")
        .chain(listed(available_rerankers()?, "reranking"))
        .collect();
    let text = if args.json {
        terminal::json(&models)?
    } else {
        models.iter().map(format_model).collect()
    };

    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the graph that McDewey runs, without its weights.
fn write_graph(model: &ModelSettings, file: &Path) -> Result<()> {
    let provisioned = mcdewey_runtime::provision(model, &notify_on_stderr())?;
    let graph = mcdewey_embed::onnx_graph(&provisioned.model_dir)?;
    fs::write(file, graph).with_context(|| format!("cannot write {}", file.display()))
}

fn format_model(listed: &ListedModel) -> String {
    let AvailableModel {
        name,
        package,
        licence,
        bytes,
    } = &listed.model;

    format!(
        "{name}  {}, {licence}, in {package} ({:.0} MB)\n",
        listed.task,
        *bytes as f64 / 1e6
    )
}
