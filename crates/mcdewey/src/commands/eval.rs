//! `mcdewey eval`: labelled questions put to the search, mode by mode. A folder is a test set, indexed for the occasion; a
//! file holds judgments over the library of the settings. What was measured can be held against floors, and two reports
//! against each other.

mod beir;
mod corpus;
mod judgments;
mod spans;
mod study;
mod trial;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use mcdewey_eval::{Comparison, Gate, Report, Row, SpanSet, Split};
use mcdewey_query::Mode;

use crate::cli::EvalArgs;
use crate::settings::Settings;
use crate::terminal;

/// How sets are measured.
struct Plan {
    modes: Vec<Mode>,
    /// Where the indexes of test sets stay.
    keep: Option<PathBuf>,
    /// Where runs are written for other programs to score.
    trec: Option<PathBuf>,
    split: Option<Split>,
    without_gold: bool,
}

pub(crate) async fn run(settings: Settings, args: EvalArgs) -> Result<ExitCode> {
    if let [before, after] = args.compare.as_slice() {
        return compare(before, after, args.json);
    }

    // A gate that cannot be read is told before the questions are asked.
    let gate = args.gate.as_deref().map(read_gate).transpose()?;
    let modes = if args.mode.is_empty() {
        Mode::ALL.to_vec()
    } else {
        args.mode.iter().map(|&mode| mode.into()).collect()
    };

    let plan = Plan {
        modes,
        keep: args.keep,
        trec: args.trec,
        split: args.split.map(Into::into),
        without_gold: args.without_gold,
    };

    if let Some(document) = args.study {
        study::write(&settings, &plan, &args.sets, &document).await?;
        return Ok(ExitCode::SUCCESS);
    }

    let mut report = Report::default();
    for set in &args.sets {
        report.rows.extend(measure(&settings, &plan, set).await?);
    }

    let text = if args.json {
        terminal::json(&report)?
    } else {
        report.table()
    };

    terminal::print(&text)?;
    let broken = gate.map_or_else(Vec::new, |gate| gate.broken(&report));
    for complaint in &broken {
        eprintln!("gate broken: {complaint}");
    }

    Ok(if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn measure(settings: &Settings, plan: &Plan, set: &Path) -> Result<Vec<Row>> {
    let table = if set.is_dir() {
        SpanSet::table_in(set)?
    } else {
        None
    };

    let beir = set.is_dir() && table.is_none();
    ensure!(
        beir || !plan.without_gold,
        "--without-gold is for sets in BEIR form, {} is none",
        set.display()
    );

    match table {
        Some(table) => spans::measure(settings, plan, &table).await,
        None if beir => beir::measure(settings, plan, set).await,
        None => judgments::measure(settings, plan, set).await,
    }
}

fn compare(before: &Path, after: &Path, json: bool) -> Result<ExitCode> {
    let comparison = Comparison::of(&read_report(before)?, &read_report(after)?)?;
    for row in &comparison.unmatched {
        eprintln!("not compared: {row}");
    }

    terminal::print(&if json {
        terminal::json(&comparison)?
    } else {
        comparison.table()
    })?;

    Ok(ExitCode::SUCCESS)
}

fn read_report(path: &Path) -> Result<Report> {
    serde_json::from_str(&read(path)?)
        .with_context(|| format!("{} is no report of `eval --json`", path.display()))
}

fn read_gate(path: &Path) -> Result<Gate> {
    toml::from_str(&read(path)?).with_context(|| format!("{} is no gate", path.display()))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
