//! `mcdewey models`: lists the models of the catalogue, or downloads the configured one ahead of
//! time.

use std::process::ExitCode;

use anyhow::Result;
use mcdewey_embed::AvailableModel;

use crate::cli::ModelsArgs;
use crate::engine_config::notify_on_stderr;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: &Settings, args: &ModelsArgs) -> Result<ExitCode> {
    if args.fetch {
        let model = settings.model.clone();
        let provisioned = tokio::task::spawn_blocking(move || {
            mcdewey_runtime::provision(&model, &notify_on_stderr())
        })
        .await??;

        let folder = provisioned.model_dir.display();
        let text = format!(
            "{} is ready in {folder}, runtime {}\n",
            provisioned.name,
            provisioned.runtime.display()
        );

        terminal::print(&text)?;
        return Ok(ExitCode::SUCCESS);
    }

    let models = mcdewey_embed::available_models()?;
    let text = if args.json {
        terminal::json(&models)?
    } else {
        models.iter().map(format_model).collect()
    };

    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn format_model(model: &AvailableModel) -> String {
    let AvailableModel {
        name,
        package,
        licence,
        bytes,
    } = model;

    format!(
        "{name}  {licence}, in {package} ({:.0} MB)\n",
        *bytes as f64 / 1e6
    )
}
