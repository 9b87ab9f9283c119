//! Calls into the vector engine, which panics when it cannot read or write its files.
//!
//! The guard turns such a panic into an error. The caller reports that error once; the panic itself
//! is only logged at debug level.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;

use super::error::{EmbeddedError, EmbeddedResult};

thread_local! {
    /// Whether panics of this thread are being caught by the guard.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Calls the engine and catches its panics. `dir` is the folder that it works on, for the error.
pub(super) fn catch_engine_panic<T>(dir: &Path, call: impl FnOnce() -> T) -> EmbeddedResult<T> {
    static HOOK: Once = Once::new();

    HOOK.call_once(install_panic_hook);
    let was_guarded = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(was_guarded);

    result.map_err(|panic| EmbeddedError::Engine {
        dir: dir.to_owned(),
        reason: panic_reason(panic.as_ref()),
    })
}

/// Installs a hook that logs guarded panics at debug level and passes all others to the previous
/// hook.
fn install_panic_hook() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if GUARDED.get() {
            tracing::debug!(%info, "the vector engine panicked");
        } else {
            previous(info);
        }
    }));
}

/// Returns the message of a panic, without the backtrace that the engine may append.
fn panic_reason(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown reason");

    text.split(", backtrace: ")
        .next()
        .unwrap_or(text)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message_and_without_its_backtrace() {
        let dir = Path::new("shard-1");
        assert_eq!(catch_engine_panic(dir, || 7).unwrap(), 7);

        let full = "segments flushed: No space left on device".to_owned();
        let error =
            catch_engine_panic(dir, || panic!("{full}, backtrace: Some(frames)")).unwrap_err();
        assert!(error.is_full());

        let message = error.to_string();
        assert!(
            message.contains("shard-1") && message.contains(&full) && !message.contains("frames"),
            "{message}"
        );
        assert!(!GUARDED.get());
    }
}
