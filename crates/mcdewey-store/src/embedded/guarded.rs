//! Calls into the vector engine. It panics over files that it cannot write or read; here that is an error like any other,
//! told once by whoever handles it and not by the panic as well.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;

use super::failure::{Failure, Outcome};

thread_local! {
    /// Whether a panic of this thread is caught here.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Calls the engine over the files in a folder.
pub(super) fn guarded<T>(dir: &Path, call: impl FnOnce() -> T) -> Outcome<T> {
    static HOOK: Once = Once::new();

    HOOK.call_once(hold_back);
    let before = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(before);

    outcome.map_err(|panic| Failure::Engine {
        dir: dir.to_owned(),
        reason: reason(panic.as_ref()),
    })
}

/// Puts panics that are caught here into the log's details; all others go where they went before.
fn hold_back() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if GUARDED.get() {
            tracing::debug!(%info, "the vector engine panicked");
        } else {
            before(info);
        }
    }));
}

/// What the engine says, without the stack that it may carry along.
fn reason(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or(panic.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("it does not say why");
    text.split(", backtrace: ")
        .next()
        .unwrap_or(text)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_with_its_words_and_without_its_stack() {
        let dir = Path::new("shard-1");
        assert_eq!(guarded(dir, || 7).unwrap(), 7);
        let full = "segments flushed: No space left on device".to_owned();
        let failure = guarded(dir, || panic!("{full}, backtrace: Some(frames)")).unwrap_err();
        assert!(failure.is_full());
        let told = failure.to_string();

        assert!(
            told.contains("shard-1") && told.contains(&full) && !told.contains("frames"),
            "{told}"
        );
        assert!(!GUARDED.get());
    }
}
