//! The log of all tests together, in memory: tests run side by side, and what is logged is decided for all of them.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .json()
        .with_current_span(true)
        .with_span_list(false)
        .finish();

    tracing::subscriber::set_global_default(subscriber).expect("no other log");

    // What other threads passed while nobody listened yet is looked at again.
    tracing::callsite::rebuild_interest_cache();
    log
});

impl Log {
    /// What is logged from now on, as `--log-format json` writes it.
    pub(super) fn listen() -> Self {
        LOG.clone()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The last line in which this stands.
    pub(super) fn line_with(&self, words: &str) -> Value {
        let text = self.text();
        let line = text.lines().rfind(|line| line.contains(words));
        serde_json::from_str(line.unwrap_or_else(|| panic!("no line with {words} in {text}")))
            .unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
