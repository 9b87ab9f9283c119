//! `mcdewey ready`: checks whether the running server can answer questions, for supervisors and
//! containers without `curl`.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::owner::RunningOwner;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: Settings) -> Result<ExitCode> {
    let Some(owner) = RunningOwner::find(&settings)? else {
        bail!(
            "no server is running on {}; start one with `mcdewey serve`",
            settings.lock_dir().display()
        );
    };

    let address = owner.address.clone();
    tokio::task::spawn_blocking(move || owner.ready()).await??;
    terminal::print(&format!("the server at {address} is ready\n"))?;
    Ok(ExitCode::SUCCESS)
}
