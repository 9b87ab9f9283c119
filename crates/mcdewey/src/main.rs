//! The `mcdewey` program: parses the command line, resolves the settings and runs the command.

#![forbid(unsafe_code)]

mod access;
mod backup;
mod cli;
mod commands;
mod connections;
mod converters;
mod engine_config;
mod limits;
mod listeners;
mod local_service;
mod log;
#[cfg(feature = "otel")]
mod otel;
mod progress;
mod qdrant;
mod rerank;
mod secret;
mod served_owner;
mod settings;
mod stop;
mod telemetry_opt_out;
mod terminal;
mod tls;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use mcdewey_runtime::error_message;

use cli::{Cli, Command};
use log::LogFormat;
use settings::Settings;

/// How long the end of the process waits for tasks that use the index.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let cli = Cli::parse();
    if loads_runtime(&cli.command) {
        telemetry_opt_out::ensure();
    }

    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", error_message(&error));
            ExitCode::FAILURE
        }
    }
}

/// Reports whether a command may load ONNX Runtime.
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
        Command::Ready
        | Command::Backup(_)
        | Command::Verify(_)
        | Command::Restore(_)
        | Command::Rules(_)
        | Command::Keys(_)
        | Command::Convert(_)
        | Command::ConvertWorker(_) => false,
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    if let Command::ConvertWorker(args) = &cli.command {
        // A worker limits its own memory, so it starts before anything else allocates, and it does
        // not read the settings.
        let _log = log::init(false, LogFormat::default());
        return commands::convert::run_worker(args);
    }

    let writes = WriteTarget::for_command(&cli.command);

    // Before any thread starts: the file mode mask belongs to the process and applies to the files
    // of all threads.
    if writes == WriteTarget::DataDir {
        mcdewey_store::create_private_files();
    }

    let settings = Settings::resolve(cli.settings)?;
    let _log = log::init(
        matches!(cli.command, Command::Serve(_)),
        settings.log_format,
    );

    let data_dir = settings.data_dir.clone();
    if writes != WriteTarget::UserFiles {
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
            // An evaluation creates whole libraries in the temporary directory, which are deleted
            // when it is interrupted.
            Command::Eval(args) => stop::unless_stopped(commands::eval::run(settings, args)).await,
            Command::Doctor(args) => commands::doctor::run(&settings, &args).await,
            Command::Rollback(args) => commands::rollback::run(settings, args).await,
            Command::Rules(command) => commands::rules::run(settings, command).await,
            Command::Ready => commands::ready::run(settings).await,
            Command::Remove(args) => commands::remove::run(settings, args).await,
            Command::Backup(args) => commands::backup::run(settings, args).await,
            Command::Verify(args) => commands::backup::verify(args).await,
            Command::Restore(args) => commands::backup::restore(settings, args).await,
            Command::Keys(command) => commands::keys::run(&settings, command),
            Command::Convert(args) => commands::convert::run(settings, args).await,
            Command::ConvertWorker(args) => commands::convert::run_worker(&args),
        }
    });

    // What was written is sealed when the last reference to the index is dropped, which tasks that were
    // just aborted may still hold.
    mcdewey_store::wait_until_closed(CLOSED_WITHIN);

    // Does not wait for blocking tasks: a file being read or a batch being embedded must not delay
    // the exit.
    runtime.shutdown_background();
    if writes == WriteTarget::Both {
        mcdewey_store::make_private(&data_dir);
    }

    outcome
}

/// Where a command writes, which determines the permissions of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WriteTarget {
    /// The data directory, which only this user may read.
    DataDir,
    /// Files that the user requested and may want to share, so the user's own mask applies.
    UserFiles,
    /// Both: the data directory is made private afterwards.
    Both,
}

impl WriteTarget {
    fn for_command(command: &Command) -> Self {
        match command {
            Command::Serve(_)
            | Command::Ingest(_)
            | Command::Search(_)
            | Command::Mcp
            | Command::Doctor(_)
            | Command::Rollback(_)
            | Command::Ready
            | Command::Remove(_)
            | Command::Keys(_) => Self::DataDir,
            // They give their files the right modes themselves.
            Command::Backup(_)
            | Command::Verify(_)
            | Command::Restore(_)
            | Command::Models(_)
            | Command::Rules(_)
            | Command::Convert(_)
            | Command::ConvertWorker(_) => Self::UserFiles,
            Command::Eval(_) => Self::Both,
        }
    }
}
