//! Displays the progress of a synchronisation on standard error: a bar on a terminal, plain lines
//! elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use mcdewey_core::SyncProgress;

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
