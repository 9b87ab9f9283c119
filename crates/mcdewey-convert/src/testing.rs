//! Damaged files for tests, the same on every run, and the native libraries of this machine.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::thread;

use mcdewey_core::{ConvertError, ConvertedDocument};
use mcdewey_provision::{PdfiumSettings, provision_pdfium};

use crate::guard;
use crate::native_libraries::NativeLibraries;

/// How many mutations of a file a test tries.
const COUNT: u64 = 200;

/// Runs a reader on many mutations of `file`, with the guard switched off: an error is a fine
/// outcome, a panic fails the test.
pub(crate) fn read_mutations(
    file: &[u8],
    read: impl Fn(&[u8]) -> Result<ConvertedDocument, ConvertError>,
) {
    guard::propagate_panics(|| {
        for seed in 1..=COUNT {
            let mutation = mutate(file, seed);
            let outcome = catch_unwind(AssertUnwindSafe(|| read(&mutation)));
            if let Err(panic) = outcome {
                eprintln!("the reader panicked on the mutation with seed {seed}");
                resume_unwind(panic);
            }
        }
    });
}

/// Damages a file in up to seven places: changes a byte, or removes, duplicates, reverses or
/// truncates a piece.
fn mutate(file: &[u8], seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut damaged = file.to_vec();
    for _ in 0..random.usize(1..8) {
        if damaged.is_empty() {
            break;
        }

        let from = random.usize(0..damaged.len());
        let to = (from + random.usize(1..64)).min(damaged.len());
        match random.u8(0..5) {
            0 => damaged[from] = random.u8(..),
            1 => drop(damaged.drain(from..to)),
            2 => {
                let piece = damaged[from..to].to_vec();
                let at = random.usize(0..damaged.len());
                drop(damaged.splice(at..at, piece));
            }
            3 => damaged[from..to].reverse(),
            _ => damaged.truncate(to),
        }
    }

    damaged
}

/// Returns the native libraries for a test. Without PDFium, the test must be skipped; the reason is
/// printed. In CI, where everything is installed, that is a failure.
pub(crate) fn native_libraries() -> NativeLibraries {
    static PDFIUM: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
        let settings = PdfiumSettings {
            library: std::env::var_os("PDFIUM_LIBRARY_PATH").map(PathBuf::from),
            cache_dir: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models"),
            ..PdfiumSettings::default()
        };
        provision_pdfium(&settings, &|step| eprintln!("{step}")).map_err(|error| error.to_string())
    });

    if let Err(reason) = &*PDFIUM {
        skip(reason);
    }
    NativeLibraries {
        pdfium: PDFIUM.clone().ok(),
    }
}

/// Prints why the running test is skipped, past the test runner, which hides the output of tests
/// that pass.
fn skip(reason: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    assert!(
        std::env::var_os("CI").is_none(),
        "{test} must run in CI: {reason}"
    );
    let _ = writeln!(std::io::stderr(), "skipped {test}: {reason}");
}

/// Stands for a word that readers see.
const SHOWN: char = '¤';
/// Stands for a word that readers do not see.
const HIDDEN: char = '¬';

/// Fills templates with words of which each occurs once, to compare a document with its Markdown.
#[derive(Default)]
pub(crate) struct Words {
    count: u32,
    shown: Vec<String>,
    hidden: Vec<String>,
}

impl Words {
    /// Replaces each placeholder of a template by a word.
    pub(crate) fn fill(&mut self, template: &str) -> String {
        let mut text = String::new();
        for c in template.chars() {
            if c != SHOWN && c != HIDDEN {
                text.push(c);
                continue;
            }

            let word = self.next();
            text.push_str(&word);
            if c == SHOWN {
                self.shown.push(word);
            } else {
                self.hidden.push(word);
            }
        }
        text
    }

    /// Asserts that all shown words are in the Markdown in their order, and no hidden one is.
    pub(crate) fn assert_in(&self, markdown: &str, source: &str) {
        let mut rest = markdown;
        for word in &self.shown {
            let Some(at) = rest.find(word.as_str()) else {
                panic!("{word} is missing or misplaced in\n{markdown}\nmade of\n{source}");
            };
            rest = &rest[at + word.len()..];
        }

        for word in &self.hidden {
            assert!(
                !markdown.contains(word.as_str()),
                "{word} is shown in\n{markdown}\nmade of\n{source}"
            );
        }
    }

    /// A word of letters only, all of the same length, so that none contains another.
    fn next(&mut self) -> String {
        self.count += 1;
        let letters = (0..3).map(|place| {
            let digit = self.count / 26_u32.pow(place) % 26;
            char::from_u32(u32::from('a') + digit).unwrap_or('a')
        });
        ['q', 'x'].into_iter().chain(letters).collect()
    }
}

mod tests {
    use super::*;

    /// The mutation tests would prove nothing if the guard still turned panics into errors.
    #[test]
    #[should_panic(expected = "on purpose")]
    fn a_panicking_reader_fails_its_mutation_test() {
        read_mutations(b"file", |_| guard::guarded(|| panic!("on purpose")));
    }
}
