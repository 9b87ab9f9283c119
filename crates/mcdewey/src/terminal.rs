//! Formats search results and reports for people at a terminal. Hidden and control characters in
//! text from documents are removed, so that a hostile document cannot control the terminal.

use mcdewey_core::{FormatReport, SkippedFile, StageSeconds, SyncReport, is_hidden};
use mcdewey_query::wire::{Explanation, Hit, SearchAnswer};

/// Limits on what is listed of a report. The JSON output is complete.
const LISTED_REASONS: usize = 20;
const LISTED_PATHS: usize = 5;
const LISTED_WARNINGS: usize = 50;

/// Formats the response to a question.
pub(crate) fn format_answer(answer: &SearchAnswer) -> String {
    let mut out = String::new();
    if let Some(degraded) = &answer.degraded {
        push_line(&mut out, &format!("degraded: {degraded}"));
    }

    if let Some(no_answer) = answer
        .no_answer
        .as_ref()
        .filter(|_| !answer.hits.is_empty())
    {
        push_line(
            &mut out,
            &format!("No good match: {}. Closest passages:\n", no_answer.message),
        );
    }

    for notice in &answer.notices {
        push_line(&mut out, &format!("note: {notice}"));
    }

    if answer.hits.is_empty() {
        let found = match answer.indexing {
            Some(_) => "no passage found by its words yet",
            None => "no passage found",
        };
        push_line(&mut out, found);
    }

    push_hits(&mut out, &answer.hits);
    if !answer.unversioned.is_empty() {
        push_line(&mut out, "Without a version:\n");
        push_hits(&mut out, &answer.unversioned);
    }

    if let Some(cursor) = &answer.next_cursor {
        push_line(&mut out, &format!("more with --cursor {cursor}"));
    }

    out
}

/// Appends numbered hits, each followed by an empty line.
fn push_hits(out: &mut String, hits: &[Hit]) {
    for (index, hit) in hits.iter().enumerate() {
        out.push_str(&format_hit(index + 1, hit));
        out.push('\n');
    }
}

fn format_hit(number: usize, hit: &Hit) -> String {
    let mut out = String::new();
    push_line(
        &mut out,
        &format!(
            "{number}. {} · {} · {}",
            hit.page_title(),
            hit.doc_title,
            version_or_none(hit.version.as_deref())
        ),
    );

    push_line(&mut out, &format!("   {}", hit.headings.join(" › ")));
    push_line(&mut out, &format!("   {}", hit.snippet));
    let page = hit
        .page
        .map_or_else(String::new, |page| format!(" page {page}"));
    push_line(&mut out, &format!("   {}{page}", hit.source));
    push_line(&mut out, &format!("   {}", hit.chunk_id));
    push_line(&mut out, &format!("   {}", hit.url));

    for further in &hit.further {
        let line = format!("   also there: {} ({})", further.snippet, further.handle);
        push_line(&mut out, &line);
    }

    if !hit.also_in.is_empty() {
        let locations: Vec<String> = hit
            .also_in
            .iter()
            .map(|also| {
                let version = version_or_none(also.version.as_deref());
                let location = also.page.map_or_else(
                    || version.to_owned(),
                    |page| format!("{version} page {page}"),
                );

                if also.differs {
                    format!("{location} (some words differ)")
                } else {
                    location
                }
            })
            .collect();
        push_line(&mut out, &format!("   also in {}", locations.join(", ")));
    }

    if let Some(explain) = &hit.explain {
        push_line(&mut out, &format_score(hit.score, explain));
    }

    out
}

fn version_or_none(version: Option<&str>) -> &str {
    version.unwrap_or("no version")
}

/// Formats a score with its parts.
fn format_score(score: f64, explain: &Explanation) -> String {
    let parts: Vec<String> = explain
        .parts
        .iter()
        .map(|(name, part)| format!("{name} {part:.3}"))
        .collect();

    let reranker = explain
        .rerank
        .map_or_else(String::new, |score| format!(" · reranker {score:.3}"));

    format!("   score {score:.3} = {}{reranker}", parts.join(" + "))
}

/// Formats the report of a synchronisation.
pub(crate) fn format_report(report: &SyncReport) -> String {
    let mut out = String::new();
    let SyncReport {
        files,
        unchanged,
        written,
        removed,
        chunks,
        embedded,
        reused,
        seconds,
        ..
    } = report;

    let roots: Vec<&str> = report.roots.iter().map(|root| root.as_str()).collect();
    push_line(
        &mut out,
        &format!(
            "{}: {files} files, {unchanged} unchanged, {written} written, \
             {removed} removed, {} skipped",
            roots.join(", "),
            report.skipped.len()
        ),
    );

    push_line(
        &mut out,
        &format!(
            "{chunks} passages, {embedded} embedded ({:.0} tokens/s), {reused} from the cache; \
             revision {}, {seconds:.1} s",
            report.tokens as f64 / seconds.max(0.001),
            report.revision
        ),
    );

    if report.words_only > 0 {
        push_line(
            &mut out,
            &format!(
                "{} documents are found by their words so far; they are being embedded in the background",
                report.words_only
            ),
        );
    }

    if report.written + report.skipped.len() as u64 > 0 {
        push_formats(&mut out, report);
        let StageSeconds {
            reading,
            embedding,
            writing,
        } = report.stages;

        // The stages overlap, so their sum can exceed the total.
        push_line(
            &mut out,
            &format!(
                "concurrent stages: reading {reading:.1} s, embedding {embedding:.1} s, \
                 writing {writing:.1} s"
            ),
        );
    }

    push_skipped(&mut out, &report.skipped);
    for warning in report.warnings.iter().take(LISTED_WARNINGS) {
        push_line(&mut out, &format!("warning: {warning}"));
    }

    if report.warnings.len() > LISTED_WARNINGS {
        push_line(
            &mut out,
            &format!(
                "… and {} more warnings; --json lists all",
                report.warnings.len() - LISTED_WARNINGS
            ),
        );
    }

    out
}

/// Appends a table of what happened to the files of each format.
fn push_formats(out: &mut String, report: &SyncReport) {
    let width = report
        .formats
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .max("format".len());

    let header = [
        "format",
        "files",
        "unchanged",
        "written",
        "skipped",
        "passages",
    ];
    push_row(out, width, header);

    for (
        name,
        FormatReport {
            files,
            unchanged,
            written,
            skipped,
            chunks,
        },
    ) in &report.formats
    {
        let [files, unchanged, written, skipped, chunks] =
            [files, unchanged, written, skipped, chunks].map(ToString::to_string);
        let row = [name, &files, &unchanged, &written, &skipped, &chunks];
        push_row(out, width, row.map(String::as_str));
    }
}

/// Appends a row of the table of formats, with a first column of `width` characters.
fn push_row(out: &mut String, width: usize, cells: [&str; 6]) {
    let [name, numbers @ ..] = cells;
    let numbers: Vec<String> = numbers.iter().map(|cell| format!("{cell:>10}")).collect();
    push_line(out, &format!("  {name:width$}{}", numbers.concat()));
}

/// Appends the skipped files, grouped by reason.
fn push_skipped(out: &mut String, skipped: &[SkippedFile]) {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for SkippedFile { path, reason } in skipped {
        match by_reason.iter_mut().find(|(other, _)| other == reason) {
            Some((_, paths)) => paths.push(path),
            None => by_reason.push((reason, vec![path])),
        }
    }

    for (reason, paths) in by_reason.iter().take(LISTED_REASONS) {
        match paths.as_slice() {
            [path] => push_line(out, &format!("skipped {path}: {reason}")),
            paths => {
                push_line(out, &format!("skipped {} files: {reason}", paths.len()));
                for path in paths.iter().take(LISTED_PATHS) {
                    push_line(out, &format!("  {path}"));
                }

                if paths.len() > LISTED_PATHS {
                    push_line(
                        out,
                        &format!(
                            "  … and {} more; --json lists all",
                            paths.len() - LISTED_PATHS
                        ),
                    );
                }
            }
        }
    }

    let unlisted: usize = by_reason
        .iter()
        .skip(LISTED_REASONS)
        .map(|(_, paths)| paths.len())
        .sum();

    if unlisted > 0 {
        push_line(
            out,
            &format!("… and {unlisted} more skipped files; --json lists all"),
        );
    }
}

/// Appends a line without hidden characters. A name from a document must not control the terminal,
/// reverse the text after it, or begin a line that looks like our own output. A line break at the
/// end of `text` adds an empty line.
fn push_line(out: &mut String, text: &str) {
    let (text, empty_line_follows) = text
        .strip_suffix('\n')
        .map_or((text, false), |text| (text, true));

    out.extend(
        text.chars()
            .map(|c| if c == '\n' { ' ' } else { c })
            .filter(|c| !is_hidden(*c)),
    );

    out.push_str(if empty_line_follows { "\n\n" } else { "\n" });
}

/// Writes a result to standard output. A closed pipe is not an error: `mcdewey search … | head`
/// stops reading early.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;

    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Serialises a value as indented JSON with a line break at the end.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_documents_do_not_reach_the_terminal() {
        let printed = format_report(&SyncReport {
            skipped: vec![SkippedFile {
                path: "a\u{1b}[2Jb\r.md".to_owned(),
                reason: "x".to_owned(),
            }],
            ..SyncReport::default()
        });

        assert!(printed.contains("a[2Jb.md"), "{printed}");
        assert!(!printed.contains(['\u{1b}', '\r']));
    }

    #[test]
    fn a_name_cannot_begin_a_line() {
        let hostile = "guide\nMcDewey answers at http://elsewhere.example";
        let printed = format_report(&SyncReport {
            skipped: vec![SkippedFile {
                path: hostile.to_owned(),
                reason: "x\ny".to_owned(),
            }],
            warnings: vec![hostile.to_owned()],
            ..SyncReport::default()
        });

        assert!(
            !printed
                .lines()
                .any(|line| line.starts_with("McDewey") || line.starts_with('y')),
            "{printed}"
        );

        let hit = Hit {
            doc_title: hostile.to_owned(),
            source: hostile.to_owned(),
            ..Hit::default()
        };

        let printed = format_hit(1, &hit);
        assert!(
            !printed.lines().any(|line| line.starts_with("McDewey")),
            "{printed}"
        );
    }

    #[test]
    fn a_title_cannot_reverse_the_text_after_it() {
        let hostile = "\u{202e}eltiT\u{2066} \u{200b}of\u{e0041} a guide";
        let hit = Hit {
            doc_title: hostile.to_owned(),
            headings: vec![hostile.to_owned()],
            snippet: hostile.to_owned(),
            source: "\u{202e}dm.a".to_owned(),
            version: Some("v1\u{202e}".to_owned()),
            ..Hit::default()
        };

        let printed = format_hit(1, &hit);
        assert!(printed.contains("eltiT of a guide"), "{printed}");
        assert!(
            !printed.contains(|c| is_hidden(c) && c != '\n'),
            "{printed:?}"
        );
    }

    #[test]
    fn a_report_lists_each_format_and_why_files_were_skipped() {
        let skipped = (0..9).map(|n| SkippedFile {
            path: format!("{n}.exe"),
            reason: "no reader".to_owned(),
        });

        let skipped = skipped.chain([SkippedFile {
            path: "a.pdf".to_owned(),
            reason: "encrypted".to_owned(),
        }]);

        let pdf = FormatReport {
            files: 12,
            unchanged: 1,
            written: 10,
            skipped: 1,
            chunks: 345,
        };

        let printed = format_report(&SyncReport {
            skipped: skipped.collect(),
            formats: [("PDF".to_owned(), pdf)].into(),
            ..SyncReport::default()
        });

        let row = printed
            .lines()
            .find(|line| line.trim_start().starts_with("PDF"))
            .unwrap();

        assert_eq!(
            row.split_whitespace().collect::<Vec<_>>(),
            ["PDF", "12", "1", "10", "1", "345"]
        );
        assert!(
            printed.contains("skipped 9 files: no reader\n  0.exe\n"),
            "{printed}"
        );
        assert!(
            printed.contains("… and 4 more") && printed.contains("skipped a.pdf: encrypted"),
            "{printed}"
        );
    }
}
