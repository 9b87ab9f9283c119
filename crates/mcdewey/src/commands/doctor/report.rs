//! Formats the findings of `mcdewey doctor` as text.

use std::fmt::Write;

use mcdewey_auth::startup::AccessSummary;
use mcdewey_core::{SkippedFile, is_hidden};
use mcdewey_ingest::{
    CopiedDocument, Coverage, Duplicates, Findings, OversizedDocument, UnrecognisedFolder,
};
use mcdewey_store::GenerationStatus;

use super::{Check, DiskCheck, DoctorReport, LibraryCheck, RerankerCheck};

/// Maximum number of findings of one kind that are listed. The JSON output is complete.
const LISTED: usize = 10;

pub(super) fn format_report(report: &DoctorReport) -> String {
    let mut out = String::new();
    let _ = match &report.qdrant {
        Some(location) => writeln!(out, "Qdrant collection {location}"),
        None => writeln!(out, "data directory {}", report.data_dir),
    };

    let DiskCheck { used, free } = &report.disk;
    let free = free.map_or_else(String::new, |free| format!(", {} free", megabytes(free)));
    let _ = writeln!(out, "disk: {} used{free}", megabytes(*used));

    if let Some(owner) = &report.owner {
        let _ = writeln!(out, "owned by process {} at {}", owner.pid, owner.address);
    }

    let _ = match &report.access {
        Check::Ok(access) => writeln!(out, "access: {}", access_line(access)),
        Check::Missing(reason) | Check::Broken(reason) => {
            writeln!(out, "access is broken: {reason}")
        }
    };

    write_library(&mut out, &report.library);
    write_generations(&mut out, &report.generations);
    if let Check::Ok(library) = &report.library {
        write_integrity(&mut out, library);
        write_list(
            &mut out,
            "",
            "documents without a passage",
            &library.without_passages,
        );
    }

    if let Some(reranker) = &report.reranker {
        write_reranker(&mut out, reranker);
    }

    let _ = match &report.pdfium {
        Check::Ok(pdfium) => writeln!(out, "PDFium {}", pdfium.library),
        Check::Missing(reason) => writeln!(out, "PDFium is not here yet: {reason}"),
        Check::Broken(reason) => writeln!(out, "PDFium cannot be used: {reason}"),
    };

    for root in &report.roots {
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

fn write_library(out: &mut String, library: &Check<LibraryCheck>) {
    let _ = match library {
        Check::Ok(LibraryCheck {
            documents,
            pages,
            chunks,
            generation,
            revision,
            ..
        }) => writeln!(
            out,
            "library: {documents} documents, {pages} pages, {chunks} passages; \
             generation {generation}, revision {revision}"
        ),
        Check::Missing(reason) => writeln!(out, "library: {reason}"),
        Check::Broken(reason) => writeln!(out, "library is broken: {reason}"),
    };
}

/// Writes whether what is stored is what was written.
fn write_integrity(out: &mut String, library: &LibraryCheck) {
    if library.damaged == 0 {
        let state = if library.verified {
            "everything stored fits"
        } else {
            "not compared yet; `--deep` waits for it"
        };
        let _ = writeln!(out, "checksums: {state}");
        return;
    }

    let _ = writeln!(
        out,
        "checksums: {} damaged documents are left out; `mcdewey ingest` reads them again, and `mcdewey \
         remove` takes them off this list",
        library.damaged
    );
    let documents: Vec<String> = library
        .damaged_documents
        .iter()
        .map(|document| {
            format!(
                "{} ({}): {}",
                document.source, document.root, document.reason
            )
        })
        .collect();
    write_list(out, "", "damaged documents", &documents);
}

fn write_reranker(out: &mut String, reranker: &Check<RerankerCheck>) {
    let _ = match reranker {
        Check::Ok(RerankerCheck {
            dir,
            deadline_ms,
            depth,
        }) => {
            let time = deadline_ms.map_or_else(String::new, |ms| {
                format!(", or fewer if that would take more than {ms} ms")
            });
            writeln!(out, "reranker {dir}: reads the first {depth} hits{time}")
        }
        Check::Missing(reason) => writeln!(out, "reranker: {reason}"),
        Check::Broken(reason) => writeln!(out, "reranker is broken: {reason}"),
    };
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
            format!("no key has been required since `mcdewey keys open` ran at {opened}")
        }
        (false, false, None) => "no key is required, because none has been created".to_owned(),
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

    for status in generations {
        let pinned = if status.pinned { ", pinned" } else { "" };
        let model = status.model.as_deref().unwrap_or("an unknown model");
        let _ = writeln!(
            out,
            "generation {}: {}{pinned}; {} documents, {} passages, {:.1} MB, {} old, {model}",
            status.generation,
            status.state,
            status.documents,
            status.chunks,
            status.bytes as f64 / 1e6,
            format_age(status.age_seconds),
        );

        if let Some(reason) = &status.unusable {
            let _ = writeln!(out, "  it cannot be opened: {reason}");
        }
    }
}

/// Formats an age in minutes, hours or days.
fn format_age(seconds: u64) -> String {
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
        "  {documents} documents, {unversioned} without a version, \
         {without_product} without a product"
    );

    for rule in &coverage.rules {
        let _ = writeln!(out, "  {}: {} documents", rule.rule, rule.documents);
    }

    write_unrecognised_folders(out, coverage);

    for disagreement in disagreements.iter().take(LISTED) {
        let _ = writeln!(
            out,
            "  {}: version {} in the path, {} in the title",
            disagreement.path, disagreement.path_version, disagreement.title_version
        );
    }

    if disagreements.len() > LISTED {
        let _ = writeln!(
            out,
            "  … and {} more with different versions in path and title",
            disagreements.len() - LISTED
        );
    }
}

/// Lists the folders that look like a version but gave none.
fn write_unrecognised_folders(out: &mut String, coverage: &Coverage) {
    let lines: Vec<String> = coverage
        .unrecognised_folders
        .iter()
        .map(|UnrecognisedFolder { folder, documents }| {
            format!("{folder}: {documents} documents without a version")
        })
        .collect();

    write_list(
        out,
        "  ",
        "folders that look like a version (`mcdewey rules suggest` proposes rules)",
        &lines,
    );
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
        .map(|CopiedDocument { path, percent }| {
            format!("{path}: {percent} % also in other documents")
        })
        .collect();

    write_list(
        out,
        "  ",
        "documents almost entirely contained in others",
        &copied,
    );

    let giants: Vec<String> = giants
        .iter()
        .map(|OversizedDocument { path, bytes }| format!("{path}: {}", megabytes(*bytes)))
        .collect();
    write_list(out, "  ", "oversized documents without pages", &giants);
    let unread: Vec<String> = unread
        .iter()
        .map(|SkippedFile { path, reason }| format!("{path}: {reason}"))
        .collect();
    write_list(out, "  ", "files that cannot be ingested", &unread);
    write_list(out, "  ", "warnings", warnings);
}

/// Writes the first entries of a list under a heading, or nothing if it is empty.
fn write_list(out: &mut String, indent: &str, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }

    let _ = writeln!(out, "{indent}{} {heading}", lines.len());
    for line in lines.iter().take(LISTED) {
        // File names may contain characters that control a terminal or reverse its text.
        let visible: String = line.chars().filter(|c| !is_hidden(*c)).collect();
        let _ = writeln!(out, "{indent}  {visible}");
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
    fn long_lists_of_findings_are_truncated() {
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
            out.contains("12 warnings\n    a.md: warning 0\n") && out.contains("… and 2 more"),
            "{out}"
        );
        assert!(
            !out.contains("oversized") && !out.contains('\u{1b}'),
            "{out}"
        );
    }
}
