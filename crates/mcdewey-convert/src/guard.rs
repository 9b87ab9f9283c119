//! Bounds around third-party parsers: a thread with a large stack, panics turned into errors, and
//! a limit on the size of the output.

use std::thread;

use mcdewey_core::{ConvertError, ConvertedDocument};

/// Longer Markdown than this is refused; the largest manuals seen have some 20 MB.
pub(crate) const MAX_OUTPUT: usize = 64 * 1024 * 1024;

/// Many times what recursion needs at the greatest depth that the formats accept.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Runs a conversion on a thread with a large stack and turns a panic in it into an error.
pub(crate) fn guarded<F>(conversion: F) -> Result<ConvertedDocument, ConvertError>
where
    F: FnOnce() -> Result<ConvertedDocument, ConvertError> + Send,
{
    let converted = thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("convert".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, conversion);

        match thread {
            Ok(thread) => match thread.join() {
                Ok(outcome) => outcome,
                #[cfg(test)]
                Err(panic) if panics::are_propagated() => std::panic::resume_unwind(panic),
                Err(_) => Err(parser_crashed()),
            },
            Err(error) => Err(ConvertError(format!(
                "could not start a thread for the parser: {error}"
            ))),
        }
    })?;

    if converted.markdown.len() > MAX_OUTPUT {
        return Err(ConvertError(format!(
            "the file converts to more than {} MB of Markdown; split it into several files",
            MAX_OUTPUT / 1024 / 1024
        )));
    }

    Ok(converted)
}

fn parser_crashed() -> ConvertError {
    ConvertError(
        "the parser crashed; the file may be damaged: open it and save it again with another \
         program"
            .to_owned(),
    )
}

#[cfg(test)]
pub(crate) use panics::propagate_panics;

/// Lets tests see the panics that [`guarded`] hides.
#[cfg(test)]
mod panics {
    use std::cell::Cell;

    thread_local! {
        static PROPAGATE: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs `test`, in which [`guarded`](super::guarded) passes panics on to its caller.
    pub(crate) fn propagate_panics<T>(test: impl FnOnce() -> T) -> T {
        /// Resets the flag on a panic too: the next test may run on the same thread.
        struct Reset;

        impl Drop for Reset {
            fn drop(&mut self) {
                PROPAGATE.set(false);
            }
        }

        PROPAGATE.set(true);
        let _reset = Reset;
        test()
    }

    pub(super) fn are_propagated() -> bool {
        PROPAGATE.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let error = guarded(|| panic!("on purpose")).unwrap_err();
        assert!(error.0.contains("may be damaged"), "{error}");
    }

    #[test]
    fn oversized_output_is_refused() {
        let outcome = guarded(|| {
            Ok(ConvertedDocument {
                markdown: "x".repeat(MAX_OUTPUT + 1),
                ..ConvertedDocument::default()
            })
        });
        assert!(outcome.unwrap_err().0.contains("more than 64 MB"));
    }
}
