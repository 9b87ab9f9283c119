//! `mcdewey models`: what the catalogue offers, and fetching a model ahead of time.

use std::process::ExitCode;

use anyhow::Result;
use mcdewey_embed::KnownModel;

use crate::cli::ModelsArgs;
use crate::model;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: &Settings, args: &ModelsArgs) -> Result<ExitCode> {
    if args.fetch {
        let settings = settings.clone();
        let provisioned =
            tokio::task::spawn_blocking(move || model::provision(&settings)).await??;
        let folder = provisioned.model_dir.display();

        let text = format!(
            "{} is ready in {folder}, runtime {}\n",
            provisioned.name,
            provisioned.runtime.display()
        );

        terminal::print(&text)?;
        return Ok(ExitCode::SUCCESS);
    }

    let models = mcdewey_embed::known_models()?;
    let text = if args.json {
        terminal::json(&models)?
    } else {
        models.iter().map(line).collect()
    };

    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn line(model: &KnownModel) -> String {
    let KnownModel {
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
