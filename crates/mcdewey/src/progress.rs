//! Displays the progress of a synchronisation, and of the embedding that follows it in a library that
//! is filled for the first time, on standard error: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use mcdewey_core::{EmbeddingProgress, SyncProgress};

/// Minimum time between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct SyncDisplay {
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Mutex<Instant>,
}

impl SyncDisplay {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "{spinner} {pos}/{len} files {wide_bar} {msg} {eta} left",
            );
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });

        Self {
            bar,
            started: Instant::now(),
            last_line: Mutex::new(Instant::now()),
        }
    }

    pub(crate) fn show(&self, progress: &SyncProgress) {
        let rate = progress.tokens as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let work = format!("{} passages, {rate:.0} tokens/s", progress.chunks);
        match &self.bar {
            Some(bar) => {
                bar.set_length(progress.files);
                bar.set_position(progress.done);
                bar.set_message(work);
            }
            None if self.line_is_due() => {
                eprintln!(
                    "{} of {} files, {work}{}",
                    progress.done,
                    progress.files,
                    self.remaining(progress)
                );
            }
            None => {}
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line_is_due(&self) -> bool {
        let mut last = self
            .last_line
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let due = last.elapsed() >= LINE_INTERVAL;
        if due {
            *last = Instant::now();
        }

        due
    }

    fn remaining(&self, progress: &SyncProgress) -> String {
        if progress.done == 0 {
            return String::new();
        }

        let per_file = self.started.elapsed().as_secs_f64() / progress.done as f64;
        let left = per_file * progress.files.saturating_sub(progress.done) as f64;
        format!(", about {left:.0} s left")
    }
}

/// Shows how far documents are embedded that are found by their words only.
#[derive(Default)]
pub(crate) struct EmbeddingDisplay {
    shown: Mutex<Option<Shown>>,
}

/// An embedding that is being shown.
struct Shown {
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Instant,
}

impl EmbeddingDisplay {
    /// Shows the progress; `None` ends it.
    pub(crate) fn show(&self, progress: Option<EmbeddingProgress>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(progress) = progress.filter(|progress| progress.tokens_total > 0) else {
            if let Some(ended) = shown.take() {
                ended.end();
            }
            return;
        };

        shown
            .get_or_insert_with(|| Shown::begin(progress))
            .update(progress);
    }
}

impl Shown {
    fn begin(progress: EmbeddingProgress) -> Self {
        eprintln!(
            "{} documents are found by their words; {} tokens are being embedded until they are \
             found by meaning",
            progress.documents_left, progress.tokens_total
        );
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{spinner} embedding {percent} % {wide_bar} {msg}");
            ProgressBar::new(progress.tokens_total)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });

        Self {
            bar,
            started: Instant::now(),
            last_line: Instant::now(),
        }
    }

    fn update(&mut self, progress: EmbeddingProgress) {
        let rate = progress.tokens as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let left = progress.seconds_left.map_or_else(String::new, |seconds| {
            format!(", about {seconds:.0} s left")
        });
        match &self.bar {
            Some(bar) => {
                bar.set_length(progress.tokens_total);
                bar.set_position(progress.tokens);
                bar.set_message(format!("{rate:.0} tokens/s{left}"));
            }
            None if self.last_line.elapsed() >= LINE_INTERVAL => {
                self.last_line = Instant::now();
                eprintln!(
                    "{} of {} tokens embedded, {rate:.0} tokens/s{left}",
                    progress.tokens, progress.tokens_total
                );
            }
            None => {}
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
