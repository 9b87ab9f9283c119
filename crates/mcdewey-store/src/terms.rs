//! In how many passages each BM25 token occurs, packed: 32-bit little-endian pairs of token and number.

use std::collections::BTreeMap;

/// Packs the terms of a document.
pub(crate) fn to_bytes(terms: &BTreeMap<u32, u32>) -> Vec<u8> {
    terms
        .iter()
        .flat_map(|(token, passages)| [token.to_le_bytes(), passages.to_le_bytes()])
        .flatten()
        .collect()
}

/// The terms of a document, by token; bytes behind the last whole pair are left out.
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
    fn terms_survive_being_packed() {
        let terms = BTreeMap::from([(0, 1), (7, 300), (u32::MAX, u32::MAX)]);
        assert_eq!(
            from_bytes(&to_bytes(&terms)).collect::<BTreeMap<_, _>>(),
            terms
        );
        assert_eq!(from_bytes(&[]).count(), 0);
    }
}
