//! `mcdewey ready`: checks whether the running server can answer questions, for supervisors and
//! containers without `curl`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use mcdewey_runtime::OwnerClient;

use crate::engine_config::location;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: Settings) -> Result<ExitCode> {
    let location = location(&settings);
    let Some(owner) = OwnerClient::find(&location)? else {
        bail!(
            "no server is running on {}; start one with `mcdewey serve`",
            location.lock_dir().display()
        );
    };

    let address = owner.address.clone();
    tokio::task::spawn_blocking(move || owner.ready()).await??;
    terminal::print(&format!("the server at {address} is ready\n"))?;
    Ok(ExitCode::SUCCESS)
}
