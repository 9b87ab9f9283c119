//! `mcdewey eval`: asks labelled questions in each search mode and reports the metrics.
//!
//! A folder is a test set, which is indexed in a temporary library; a file holds judgments for the
//! configured library. The report can be checked against a gate, and two reports can be compared.

mod libraries;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use libraries::Libraries;
use mcdewey_eval::{Comparison, Gate, Measure, Report, write_study};
use mcdewey_search::Mode;

use crate::cli::EvalArgs;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn run(settings: Settings, args: EvalArgs) -> Result<ExitCode> {
    if let [before, after] = args.compare.as_slice() {
        return compare(before, after, args.json);
    }

    // Reports an unreadable gate before any question is asked.
    let gate = args.gate.as_deref().map(read_gate).transpose()?;
    let modes = if args.mode.is_empty() {
        Mode::ALL.to_vec()
    } else {
        args.mode.iter().map(|&mode| mode.into()).collect()
    };

    let libraries = Libraries {
        settings,
        keep: args.keep,
    };

    let measure = Measure {
        libraries: &libraries,
        modes,
        trec: args.trec,
        split: args.split.map(Into::into),
        without_gold: args.without_gold,
        notify: &|line| eprintln!("{line}"),
    };

    if let Some(document) = args.study {
        write_study(&measure, &args.sets, &document).await?;
        return Ok(ExitCode::SUCCESS);
    }

    let mut report = Report::default();
    for set in &args.sets {
        report.rows.extend(measure.measure(set).await?);
    }

    let text = if args.json {
        terminal::json(&report)?
    } else {
        report.table()
    };
    terminal::print(&text)?;

    let violations = gate.map_or_else(Vec::new, |gate| gate.violations(&report));
    for violation in &violations {
        eprintln!("gate failed: {violation}");
    }

    Ok(if violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn compare(before: &Path, after: &Path, json: bool) -> Result<ExitCode> {
    let comparison = Comparison::between(&read_report(before)?, &read_report(after)?)?;
    for row in &comparison.unmatched {
        eprintln!("not compared: {row}");
    }

    let text = if json {
        terminal::json(&comparison)?
    } else {
        comparison.table()
    };
    terminal::print(&text)?;

    Ok(ExitCode::SUCCESS)
}

fn read_report(path: &Path) -> Result<Report> {
    serde_json::from_str(&read(path)?)
        .with_context(|| format!("{} is not a report of `eval --json`", path.display()))
}

fn read_gate(path: &Path) -> Result<Gate> {
    toml::from_str(&read(path)?)
        .with_context(|| format!("{} is not a valid gate file", path.display()))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
