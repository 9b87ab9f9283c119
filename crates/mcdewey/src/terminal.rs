//! Answers and reports as people read them in a terminal. Text from documents is stripped of control characters, so
//! that a hostile document cannot drive the terminal.

use std::fmt::Write;

use mcdewey_core::SyncReport;
use mcdewey_query::{Hit, SearchAnswer};

/// Skipped files that are listed one by one; the JSON report has them all.
const LISTED_SKIPS: usize = 20;

/// An answer to a question.
pub(crate) fn answer(answer: &SearchAnswer) -> String {
    let mut out = String::new();
    if let Some(degraded) = &answer.degraded {
        line(&mut out, &format!("degraded: {degraded}"));
    }
    if let Some(no_answer) = answer.no_answer.as_ref().filter(|_| !answer.hits.is_empty()) {
        line(&mut out, &format!("No answer here: {}. The nearest passages:\n", no_answer.message));
    }
    for notice in &answer.notices {
        line(&mut out, &format!("note: {notice}"));
    }
    if answer.hits.is_empty() {
        line(&mut out, "no passage found");
    }
    for (place, hit) in answer.hits.iter().enumerate() {
        line(&mut out, &one_hit(place + 1, hit));
    }
    if !answer.unversioned.is_empty() {
        line(&mut out, "Not tied to a release:\n");
        for (place, hit) in answer.unversioned.iter().enumerate() {
            line(&mut out, &one_hit(place + 1, hit));
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
    line(&mut out, &format!("{place}. {} · {} · {version}", hit.page_title(), hit.doc_title));
    line(&mut out, &format!("   {}", hit.headings.join(" › ")));
    line(&mut out, &format!("   {}", hit.snippet));
    let page = hit.page.map_or_else(String::new, |page| format!(" page {page}"));
    line(&mut out, &format!("   {}{page}", hit.source));
    line(&mut out, &format!("   {}", hit.chunk_id));
    line(&mut out, &format!("   {}", hit.url));
    if !hit.also_in.is_empty() {
        let places: Vec<String> = hit
            .also_in
            .iter()
            .map(|also| {
                let version = also.version.as_deref().unwrap_or("no release");
                let place = also.page.map_or_else(|| version.to_owned(), |page| format!("{version} page {page}"));
                if also.differs { format!("{place} (some words differ)") } else { place }
            })
            .collect();
        line(&mut out, &format!("   also in {}", places.join(", ")));
    }
    if let Some(explain) = &hit.explain {
        let parts: Vec<String> = explain.parts.iter().map(|(name, part)| format!("{name} {part:.3}")).collect();
        let reranker = explain.rerank.map_or_else(String::new, |score| format!(" · reranker {score:.3}"));
        line(&mut out, &format!("   score {:.3} = {}{reranker}", hit.score, parts.join(" + ")));
    }
    out
}

/// What a synchronisation did.
pub(crate) fn report(report: &SyncReport) -> String {
    let mut out = String::new();
    let SyncReport { files, unchanged, written, removed, chunks, embedded, reused, seconds, .. } = report;
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
    for skipped in report.skipped.iter().take(LISTED_SKIPS) {
        line(&mut out, &format!("skipped {}: {}", skipped.path, skipped.reason));
    }
    if report.skipped.len() > LISTED_SKIPS {
        line(&mut out, &format!("… and {} more; --json lists all", report.skipped.len() - LISTED_SKIPS));
    }
    for warning in &report.warnings {
        line(&mut out, &format!("warning: {warning}"));
    }
    out
}

/// Appends a line without control characters other than line breaks.
fn line(out: &mut String, text: &str) {
    let clean: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    let _ = writeln!(out, "{}", clean.trim_end_matches('\n'));
    if clean.ends_with('\n') {
        out.push('\n');
    }
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
    use mcdewey_core::SkippedFile;

    #[test]
    fn control_characters_of_documents_do_not_reach_the_terminal() {
        let printed = report(&SyncReport {
            skipped: vec![SkippedFile { path: "a\u{1b}[2Jb\r.md".to_owned(), reason: "x".to_owned() }],
            ..SyncReport::default()
        });
        assert!(printed.contains("a[2Jb.md"), "{printed}");
        assert!(!printed.contains(['\u{1b}', '\r']));
    }
}
