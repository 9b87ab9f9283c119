//! Counts what is parsed, so that a test can prove that nothing is parsed twice.

use std::cell::Cell;

thread_local! {
    static PARSED_BYTES: Cell<usize> = const { Cell::new(0) };
}

/// Returns how many bytes this thread has parsed so far, for structure or images. A text that is
/// parsed twice counts twice.
pub fn parsed_bytes() -> usize {
    PARSED_BYTES.get()
}

pub(crate) fn count(text: &str) {
    PARSED_BYTES.set(PARSED_BYTES.get() + text.len());
}
