//! Damaged files for tests, the same on every run.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mcdewey_core::{ConvertError, ConvertedDocument};

use crate::guard;

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

mod tests {
    use super::*;

    /// The mutation tests would prove nothing if the guard still turned panics into errors.
    #[test]
    #[should_panic(expected = "on purpose")]
    fn a_panicking_reader_fails_its_mutation_test() {
        read_mutations(b"file", |_| guard::guarded(|| panic!("on purpose")));
    }
}
