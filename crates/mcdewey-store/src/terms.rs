//! The packed form of a document's term counts: for each BM25 token, in how many chunks it occurs.
//! The bytes are pairs of 32-bit little-endian integers, token first.

use std::collections::BTreeMap;

pub(crate) fn to_bytes(terms: &BTreeMap<u32, u32>) -> Vec<u8> {
    terms
        .iter()
        .flat_map(|(token, chunks)| [token.to_le_bytes(), chunks.to_le_bytes()])
        .flatten()
        .collect()
}

/// Unpacks the counts in ascending order of tokens. Ignores bytes after the last whole pair.
pub(crate) fn from_bytes(bytes: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let (pairs, _) = bytes.as_chunks::<8>();
    pairs.iter().map(|[a, b, c, d, e, f, g, h]| {
        (
            u32::from_le_bytes([*a, *b, *c, *d]),
            u32::from_le_bytes([*e, *f, *g, *h]),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_round_trips() {
        let terms = BTreeMap::from([(0, 1), (7, 300), (u32::MAX, u32::MAX)]);
        assert_eq!(
            from_bytes(&to_bytes(&terms)).collect::<BTreeMap<_, _>>(),
            terms
        );
        assert_eq!(from_bytes(&[]).count(), 0);
    }
}
