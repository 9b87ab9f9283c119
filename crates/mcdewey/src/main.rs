//! The `mcdewey` program: reads what was typed, resolves the settings, and hands over to a command.

#![forbid(unsafe_code)]

mod access;
mod cli;
mod commands;
mod connections;
mod drafts;
mod engine;
mod feedback;
mod generation_manager;
mod limits;
mod listeners;
mod log;
mod model;
#[cfg(feature = "otel")]
mod otel;
mod owner;
mod progress;
mod qdrant;
mod reading;
mod removal;
mod rerank;
mod secret;
mod settings;
mod stop;
mod tally;
mod telemetry_opt_out;
mod terminal;
mod tls;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use log::LogFormat;
use settings::Settings;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if loads_runtime(&cli.command) {
        telemetry_opt_out::ensure();
    }

    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", client_message(&error));
            ExitCode::FAILURE
        }
    }
}

/// Whether a command may load ONNX Runtime.
fn loads_runtime(command: &Command) -> bool {
    match command {
        Command::Serve(_)
        | Command::Ingest(_)
        | Command::Search(_)
        | Command::Mcp
        | Command::Models(_)
        | Command::Eval(_)
        | Command::Doctor(_)
        | Command::Rollback(_)
        | Command::Remove(_) => true,
        Command::Ready | Command::Keys(_) | Command::Convert(_) | Command::ConvertWorker(_) => {
            false
        }
    }
}

/// An error with its causes, each said once: some errors tell their cause themselves.
fn client_message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }

    text
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    if let Command::ConvertWorker(args) = &cli.command {
        // Before anything else takes memory, and whatever the settings say.
        let _log = log::init(false, LogFormat::default());
        return commands::convert::work(args);
    }

    let writes = Writes::of(&cli.command);

    // Before there are threads: the mask is the process's, and holds for what they make.
    if writes == Writes::Library {
        mcdewey_store::create_private_files();
    }

    let settings = Settings::resolve(cli.settings)?;
    let _log = log::init(
        matches!(cli.command, Command::Serve(_)),
        settings.log_format,
    );

    let data_dir = settings.data_dir.clone();
    if writes != Writes::Files {
        mcdewey_store::make_private(&data_dir);
    }

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;

    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => commands::serve::run(settings, args).await,
            Command::Ingest(args) => commands::ingest::run(settings, args).await,
            Command::Search(args) => commands::search::run(settings, args).await,
            Command::Mcp => commands::mcp::run(settings).await,
            Command::Models(args) => commands::models::run(&settings, &args).await,
            // It makes whole libraries in the temporary directory, which must not stay there.
            Command::Eval(args) => stop::unless_stopped(commands::eval::run(settings, args)).await,
            Command::Doctor(args) => commands::doctor::run(&settings, &args).await,
            Command::Rollback(args) => commands::rollback::run(settings, args).await,
            Command::Ready => commands::ready::run(settings).await,
            Command::Remove(args) => commands::remove::run(settings, args).await,
            Command::Keys(command) => commands::keys::run(&settings, command),
            Command::Convert(args) => commands::convert::run(args).await,
            Command::ConvertWorker(args) => commands::convert::work(&args),
        }
    });

    // A file that is being read or a batch that is being embedded must not hold the exit up.
    runtime.shutdown_background();
    if writes == Writes::Both {
        mcdewey_store::make_private(&data_dir);
    }

    outcome
}

/// What a command writes, which decides who may read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    /// The data directory, for this user only.
    Library,
    /// Files that the user asked for and may want to share: the user's own mask holds.
    Files,
    /// Both; what it left in the data directory is closed behind it.
    Both,
}

impl Writes {
    fn of(command: &Command) -> Self {
        match command {
            Command::Serve(_)
            | Command::Ingest(_)
            | Command::Search(_)
            | Command::Mcp
            | Command::Doctor(_)
            | Command::Rollback(_)
            | Command::Ready
            | Command::Remove(_)
            | Command::Keys(_) => Self::Library,
            Command::Models(_) | Command::Convert(_) | Command::ConvertWorker(_) => Self::Files,
            Command::Eval(_) => Self::Both,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("no such file")
            .context("pip failed (no such file)")
            .context("no model");

        assert_eq!(
            client_message(&error),
            "no model: pip failed (no such file)"
        );
    }
}
