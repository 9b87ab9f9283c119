//! The `mcdewey` program: reads what was typed, resolves the settings, and hands over to a command.

#![forbid(unsafe_code)]

mod access;
mod cli;
mod commands;
mod doors;
mod engine;
mod keeper;
mod model;
mod owner;
mod progress;
mod qdrant;
mod reading;
mod removal;
mod rerank;
mod secret;
mod settings;
mod terminal;
mod tls;
mod watch;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};
use settings::Settings;

fn main() -> ExitCode {
    let cli = Cli::parse();
    init_log(matches!(cli.command, Command::Serve(_)));
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, each said once: some errors tell their cause themselves.
fn told(error: &anyhow::Error) -> String {
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
        return commands::convert::work(args);
    }
    let settings = Settings::resolve(cli.settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => commands::serve::run(settings, args).await,
            Command::Ingest(args) => commands::ingest::run(settings, args).await,
            Command::Search(args) => commands::search::run(settings, args).await,
            Command::Mcp => commands::mcp::run(settings).await,
            Command::Models(args) => commands::models::run(&settings, &args).await,
            Command::Eval(args) => commands::eval::run(settings, args).await,
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
    outcome
}

/// The log goes to standard error; `MCDEWEY_LOG` chooses what is in it (`debug`, `mcdewey_store=trace`, …).
fn init_log(serving: bool) {
    let default = if serving { "info,ort=warn,rmcp=warn" } else { "warn" };
    let filter = EnvFilter::try_from_env("MCDEWEY_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("no such file").context("pip failed (no such file)").context("no model");
        assert_eq!(told(&error), "no model: pip failed (no such file)");
    }
}
