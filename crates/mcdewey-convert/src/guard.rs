//! Bounds around parsers that are not ours: a stack of its own, a panic that becomes an error, an output that ends.

use std::thread;

use mcdewey_core::{ConvertError, Converted};

/// Longer Markdown than this is refused; the largest manuals seen have some 20 MB.
pub(crate) const MAX_OUTPUT: usize = 64 * 1024 * 1024;

/// Recursion over documents as deep as the formats' own bounds allow fits into it many times over.
const STACK: usize = 256 * 1024 * 1024;

/// Runs a conversion on a stack of its own; a panic in it becomes an error.
pub(crate) fn guarded<F>(conversion: F) -> Result<Converted, ConvertError>
where
    F: FnOnce() -> Result<Converted, ConvertError> + Send,
{
    let converted = thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("convert".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, conversion);

        match thread {
            Ok(thread) => thread.join().unwrap_or_else(|_| Err(broken())),
            Err(error) => Err(ConvertError(format!(
                "no thread could be started for its parser: {error}"
            ))),
        }
    })?;

    match converted.markdown.len() <= MAX_OUTPUT {
        true => Ok(converted),
        false => Err(ConvertError(format!(
            "it becomes more than {} MB of Markdown; divide it into several files",
            MAX_OUTPUT / 1024 / 1024
        ))),
    }
}

fn broken() -> ConvertError {
    ConvertError(
        "its parser gave up on it; the file may be damaged: open and save it again with another program".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let error = guarded(|| panic!("on purpose")).unwrap_err();
        assert!(error.0.contains("may be damaged"), "{error}");
    }

    #[test]
    fn output_ends() {
        let long = guarded(|| {
            Ok(Converted {
                markdown: "x".repeat(MAX_OUTPUT + 1),
                ..Converted::default()
            })
        });
        assert!(long.unwrap_err().0.contains("more than 64 MB"));
    }
}
