//! Answers and reports as people read them in a terminal. Text from documents is stripped of control characters, so
//! that a hostile document cannot drive the terminal.

use mcdewey_core::{FormatReport, SkippedFile, StageSeconds, SyncReport, is_hidden};
use mcdewey_query::{Hit, SearchAnswer};

/// What is listed of a report; the JSON has it all.
const LISTED_REASONS: usize = 20;
const LISTED_PATHS: usize = 5;
const LISTED_WARNINGS: usize = 50;

/// An answer to a question.
pub(crate) fn answer(answer: &SearchAnswer) -> String {
    let mut out = String::new();
    if let Some(degraded) = &answer.degraded {
        line(&mut out, &format!("degraded: {degraded}"));
    }

    if let Some(no_answer) = answer
        .no_answer
        .as_ref()
        .filter(|_| !answer.hits.is_empty())
    {
        line(
            &mut out,
            &format!(
                "No answer here: {}. The nearest passages:\n",
                no_answer.message
            ),
        );
    }

    for notice in &answer.notices {
        line(&mut out, &format!("note: {notice}"));
    }

    if answer.hits.is_empty() {
        line(&mut out, "no passage found");
    }

    for (place, hit) in answer.hits.iter().enumerate() {
        out.push_str(&one_hit(place + 1, hit));
        out.push('\n');
    }

    if !answer.unversioned.is_empty() {
        line(&mut out, "Not tied to a release:\n");
        for (place, hit) in answer.unversioned.iter().enumerate() {
            out.push_str(&one_hit(place + 1, hit));
            out.push('\n');
        }
    }

    if let Some(cursor) = &answer.next_cursor {
        line(&mut out, &format!("more with --cursor {cursor}"));
    }

    out
}

fn one_hit(place: usize, hit: &Hit) -> String {
    let mut out = String::new();
    let version = hit.version.as_deref().unwrap_or("no release");
    line(
        &mut out,
        &format!(
            "{place}. {} · {} · {version}",
            hit.page_title(),
            hit.doc_title
        ),
    );

    line(&mut out, &format!("   {}", hit.headings.join(" › ")));
    line(&mut out, &format!("   {}", hit.snippet));
    let page = hit
        .page
        .map_or_else(String::new, |page| format!(" page {page}"));
    line(&mut out, &format!("   {}{page}", hit.source));
    line(&mut out, &format!("   {}", hit.chunk_id));
    line(&mut out, &format!("   {}", hit.url));

    if !hit.also_in.is_empty() {
        let places: Vec<String> = hit
            .also_in
            .iter()
            .map(|also| {
                let version = also.version.as_deref().unwrap_or("no release");
                let place = also.page.map_or_else(
                    || version.to_owned(),
                    |page| format!("{version} page {page}"),
                );

                if also.differs {
                    format!("{place} (some words differ)")
                } else {
                    place
                }
            })
            .collect();
        line(&mut out, &format!("   also in {}", places.join(", ")));
    }

    if let Some(explain) = &hit.explain {
        let parts: Vec<String> = explain
            .parts
            .iter()
            .map(|(name, part)| format!("{name} {part:.3}"))
            .collect();

        let reranker = explain
            .rerank
            .map_or_else(String::new, |score| format!(" · reranker {score:.3}"));

        line(
            &mut out,
            &format!(
                "   score {:.3} = {}{reranker}",
                hit.score,
                parts.join(" + ")
            ),
        );
    }

    out
}

/// What a synchronisation did.
pub(crate) fn report(report: &SyncReport) -> String {
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
    line(
        &mut out,
        &format!(
            "{}: {files} files, {unchanged} unchanged, {written} written, {removed} removed, {} skipped",
            roots.join(", "),
            report.skipped.len()
        ),
    );

    line(
        &mut out,
        &format!(
            "{chunks} passages, {embedded} embedded ({:.0} tokens/s), {reused} known; revision {}, {seconds:.1} s",
            report.tokens as f64 / seconds.max(0.001),
            report.revision
        ),
    );

    if report.written + report.skipped.len() as u64 > 0 {
        out.push_str(&formats(report));
        let StageSeconds {
            reading,
            embedding,
            writing,
        } = report.stages;

        line(
            &mut out,
            &format!(
                "at work side by side: reading {reading:.1} s, embedding {embedding:.1} s, writing {writing:.1} s"
            ),
        );
    }

    out.push_str(&skips(&report.skipped));
    for warning in report.warnings.iter().take(LISTED_WARNINGS) {
        line(&mut out, &format!("warning: {warning}"));
    }

    if report.warnings.len() > LISTED_WARNINGS {
        line(
            &mut out,
            &format!(
                "… and {} more warnings; --json lists all",
                report.warnings.len() - LISTED_WARNINGS
            ),
        );
    }

    out
}

/// What became of the files, by format.
fn formats(report: &SyncReport) -> String {
    let width = report
        .formats
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .max("format".len());

    let mut out = String::new();
    let mut row = |cells: [&str; 6]| {
        let [name, numbers @ ..] = cells;
        let numbers: Vec<String> = numbers.iter().map(|cell| format!("{cell:>10}")).collect();
        line(&mut out, &format!("  {name:width$}{}", numbers.concat()));
    };

    row([
        "format",
        "files",
        "unchanged",
        "written",
        "skipped",
        "passages",
    ]);

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
        row([name, &files, &unchanged, &written, &skipped, &chunks]);
    }

    out
}

/// Skipped files, those of one reason together.
fn skips(skipped: &[SkippedFile]) -> String {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for SkippedFile { path, reason } in skipped {
        match by_reason.iter_mut().find(|(known, _)| known == reason) {
            Some((_, paths)) => paths.push(path),
            None => by_reason.push((reason, vec![path])),
        }
    }

    let mut out = String::new();
    for (reason, paths) in by_reason.iter().take(LISTED_REASONS) {
        match paths.as_slice() {
            [path] => line(&mut out, &format!("skipped {path}: {reason}")),
            paths => {
                line(
                    &mut out,
                    &format!("skipped {} files: {reason}", paths.len()),
                );

                for path in paths.iter().take(LISTED_PATHS) {
                    line(&mut out, &format!("  {path}"));
                }

                if paths.len() > LISTED_PATHS {
                    line(
                        &mut out,
                        &format!(
                            "  … and {} more; --json lists all",
                            paths.len() - LISTED_PATHS
                        ),
                    );
                }
            }
        }
    }

    if by_reason.len() > LISTED_REASONS {
        let more: usize = by_reason[LISTED_REASONS..]
            .iter()
            .map(|(_, paths)| paths.len())
            .sum();
        line(
            &mut out,
            &format!("… and {more} more skipped files; --json lists all"),
        );
    }

    out
}

/// Appends a line without characters that are not seen: a name must neither drive the terminal, nor turn the words behind
/// it around, nor begin a line of its own that passes for ours. A line break at the end leaves an empty line behind.
fn line(out: &mut String, text: &str) {
    let (text, gap) = text
        .strip_suffix('\n')
        .map_or((text, false), |text| (text, true));

    out.extend(
        text.chars()
            .map(|c| if c == '\n' { ' ' } else { c })
            .filter(|c| !is_hidden(*c)),
    );

    out.push_str(if gap { "\n\n" } else { "\n" });
}

/// Writes a result to standard output; a reader that has seen enough is no error.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;

    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A value as indented JSON with a line break at the end.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_documents_do_not_reach_the_terminal() {
        let printed = report(&SyncReport {
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
    fn a_name_does_not_begin_a_line_of_its_own() {
        let hostile = "guide\nMcDewey answers at http://elsewhere.example";
        let printed = report(&SyncReport {
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

        let printed = one_hit(1, &hit);
        assert!(
            !printed.lines().any(|line| line.starts_with("McDewey")),
            "{printed}"
        );
    }

    #[test]
    fn a_title_does_not_turn_the_words_behind_it_around() {
        let hostile = "\u{202e}eltiT\u{2066} \u{200b}of\u{e0041} a guide";
        let hit = Hit {
            doc_title: hostile.to_owned(),
            headings: vec![hostile.to_owned()],
            snippet: hostile.to_owned(),
            source: "\u{202e}dm.a".to_owned(),
            version: Some("v1\u{202e}".to_owned()),
            ..Hit::default()
        };

        let printed = one_hit(1, &hit);
        assert!(printed.contains("eltiT of a guide"), "{printed}");
        assert!(
            !printed.contains(|c| is_hidden(c) && c != '\n'),
            "{printed:?}"
        );
    }

    #[test]
    fn a_report_says_what_became_of_each_format_and_why_files_were_skipped() {
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

        let printed = report(&SyncReport {
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
