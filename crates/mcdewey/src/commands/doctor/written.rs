//! The checkup as people read it.

use std::fmt::Write;

use mcdewey_core::{SkippedFile, is_hidden};
use mcdewey_ingest::{Copied, Coverage, Duplicates, Findings, Giant};
use mcdewey_store::GenerationStatus;

use super::{Check, Checkup, DiskCheck, LibraryCheck, RerankerCheck};
use crate::access::AccessSummary;

/// Findings of one kind that are listed one by one; the JSON has them all.
const LISTED: usize = 10;

/// All that was found.
pub(super) fn checkup(checkup: &Checkup) -> String {
    let mut out = String::new();
    let _ = match &checkup.qdrant {
        Some(place) => writeln!(out, "Qdrant collection {place}"),
        None => writeln!(out, "data directory {}", checkup.data_dir),
    };
    let DiskCheck { used, free } = &checkup.disk;
    let left = free.map_or_else(String::new, |free| format!(", {} free", megabytes(free)));

    let _ = writeln!(out, "disk: {} used{left}", megabytes(*used));
    if let Some(owner) = &checkup.owner {
        let _ = writeln!(out, "owned by process {} at {}", owner.pid, owner.address);
    }

    let _ = match &checkup.access {
        Check::Ok(access) => writeln!(out, "access: {}", access_line(access)),
        Check::Missing(reason) | Check::Broken(reason) => {
            writeln!(out, "access is broken: {reason}")
        }
    };

    let _ = match &checkup.library {
        Check::Ok(LibraryCheck {
            documents,
            pages,
            chunks,
            generation,
            revision,
            ..
        }) => writeln!(
            out,
            "library: {documents} documents, {pages} pages, {chunks} passages; generation {generation}, revision {revision}"
        ),
        Check::Missing(reason) => writeln!(out, "library: {reason}"),
        Check::Broken(reason) => writeln!(out, "library is broken: {reason}"),
    };

    write_generations(&mut out, &checkup.generations);
    if let Check::Ok(library) = &checkup.library {
        list(
            &mut out,
            "",
            "documents without a passage",
            &library.without_passages,
        );
    }

    match &checkup.reranker {
        Some(Check::Ok(RerankerCheck {
            dir,
            deadline_ms,
            depth,
        })) => {
            let _ = writeln!(
                out,
                "reranker {dir}: orders the first {depth} hits, given up after {deadline_ms} ms"
            );
        }
        Some(Check::Missing(reason) | Check::Broken(reason)) => {
            let _ = writeln!(out, "reranker is broken: {reason}");
        }
        None => {}
    }

    for root in &checkup.roots {
        let _ = writeln!(out, "root {} at {}", root.name, root.path);
        match &root.rules {
            Check::Ok(coverage) => write_coverage(&mut out, coverage),
            Check::Missing(reason) | Check::Broken(reason) => {
                let _ = writeln!(out, "  broken: {reason}");
            }
        }

        if let Some(findings) = &root.findings {
            write_findings(&mut out, findings);
        }
    }

    out
}

fn access_line(access: &AccessSummary) -> String {
    let AccessSummary {
        valid_keys,
        expired_keys,
        keys_required,
        allow_anonymous,
        opened,
    } = access;

    let keys = format!("{valid_keys} valid keys, {expired_keys} expired");
    match (allow_anonymous, keys_required, opened) {
        (true, ..) => format!("no key is required (allow_anonymous); {keys}"),
        (false, true, _) => format!("keys are required; {keys}"),
        (false, false, Some(opened)) => {
            format!("no key is required since `mcdewey keys open` ran at {opened}")
        }
        (false, false, None) => "no key is required, for none was made".to_owned(),
    }
}

fn write_generations(out: &mut String, generations: &Check<Vec<GenerationStatus>>) {
    let generations = match generations {
        Check::Ok(generations) => generations,
        Check::Missing(reason) | Check::Broken(reason) => {
            let _ = writeln!(out, "the generations cannot be listed: {reason}");
            return;
        }
    };

    for one in generations {
        let pinned = if one.pinned { ", pinned" } else { "" };
        let model = one.model.as_deref().unwrap_or("an unknown model");
        let _ = writeln!(
            out,
            "generation {}: {}{pinned}; {} documents, {} passages, {:.1} MB, {} old, {model}",
            one.generation,
            one.state,
            one.documents,
            one.chunks,
            one.bytes as f64 / 1e6,
            age(one.age_seconds),
        );

        if let Some(reason) = &one.unusable {
            let _ = writeln!(out, "  it cannot be opened: {reason}");
        }
    }
}

/// The largest unit that fits.
fn age(seconds: u64) -> String {
    match seconds {
        ..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn write_coverage(out: &mut String, coverage: &Coverage) {
    let Coverage {
        documents,
        without_product,
        unversioned,
        disagreements,
        ..
    } = coverage;

    let _ = writeln!(
        out,
        "  {documents} documents, {unversioned} without a release, {without_product} without a product"
    );

    for rule in &coverage.rules {
        let _ = writeln!(out, "  {}: {} documents", rule.rule, rule.documents);
    }

    for one in disagreements.iter().take(LISTED) {
        let _ = writeln!(
            out,
            "  {}: the path says {}, the title {}",
            one.path, one.path_version, one.title_version
        );
    }

    if disagreements.len() > LISTED {
        let _ = writeln!(
            out,
            "  … and {} more whose path and title disagree",
            disagreements.len() - LISTED
        );
    }
}

fn write_findings(out: &mut String, findings: &Findings) {
    let Findings {
        unread,
        giants,
        warnings,
        duplicates,
    } = findings;

    let Duplicates {
        bytes,
        distinct_bytes,
        copied,
    } = duplicates;

    if *bytes > 0 {
        let distinct = distinct_bytes * 100 / bytes;
        let _ = writeln!(
            out,
            "  {distinct} % of {} of paragraphs are distinct",
            megabytes(*bytes)
        );
    }

    let copied: Vec<String> = copied
        .iter()
        .map(|Copied { path, percent }| format!("{path}: {percent} % stand elsewhere too"))
        .collect();

    list(
        out,
        "  ",
        "documents that stand elsewhere almost whole",
        &copied,
    );

    let giants: Vec<String> = giants
        .iter()
        .map(|Giant { path, bytes }| format!("{path}: {}", megabytes(*bytes)))
        .collect();
    list(out, "  ", "giants without pages", &giants);
    let unread: Vec<String> = unread
        .iter()
        .map(|SkippedFile { path, reason }| format!("{path}: {reason}"))
        .collect();
    list(out, "  ", "files that cannot become documents", &unread);
    list(out, "  ", "things worth a look", warnings);
}

/// The first of a list, under its name; nothing where it is empty.
fn list(out: &mut String, indent: &str, name: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }

    let _ = writeln!(out, "{indent}{} {name}", lines.len());
    for line in lines.iter().take(LISTED) {
        // Names of files may hold what drives a terminal, or turns its words around.
        let clean: String = line.chars().filter(|c| !is_hidden(*c)).collect();
        let _ = writeln!(out, "{indent}  {clean}");
    }

    if lines.len() > LISTED {
        let _ = writeln!(
            out,
            "{indent}  … and {} more; --json lists all",
            lines.len() - LISTED
        );
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_listed_and_cut() {
        let mut out = String::new();
        let warnings = (0..12)
            .map(|n| format!("a.md: \u{1b}warning {n}"))
            .collect();

        let duplicates = Duplicates {
            bytes: 2_000_000,
            distinct_bytes: 640_000,
            copied: Vec::new(),
        };

        write_findings(
            &mut out,
            &Findings {
                warnings,
                duplicates,
                ..Findings::default()
            },
        );

        assert!(
            out.contains("32 % of 2.0 MB of paragraphs are distinct"),
            "{out}"
        );
        assert!(
            out.contains("12 things worth a look\n    a.md: warning 0\n")
                && out.contains("… and 2 more"),
            "{out}"
        );
        assert!(!out.contains("giants") && !out.contains('\u{1b}'), "{out}");
    }
}
