//! Broken files for tests: the same on every run.

/// How many a format's test tries.
const COUNT: u64 = 200;

/// A file broken in many ways: bytes changed, pieces cut out, doubled or swapped.
pub(crate) fn mutations(file: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (1..=COUNT).map(move |seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut broken = file.to_vec();
        for _ in 0..random.usize(1..8) {
            if broken.is_empty() {
                break;
            }

            let from = random.usize(0..broken.len());
            let to = (from + random.usize(1..64)).min(broken.len());
            match random.u8(0..5) {
                0 => broken[from] = random.u8(..),
                1 => drop(broken.drain(from..to)),
                2 => {
                    let piece = broken[from..to].to_vec();
                    let at = random.usize(0..broken.len());
                    drop(broken.splice(at..at, piece));
                }
                3 => broken[from..to].reverse(),
                _ => broken.truncate(to),
            }
        }

        broken
    })
}
