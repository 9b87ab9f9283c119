//! The fingerprint that names a generation of the index.

use mcdewey_core::{ContentHash, Generation, ModelInfo, TEXT_SCHEMA_VERSION};

use crate::bm25::Bm25;

/// Hexadecimal digits in the name of a generation: enough for the handful that ever exist at the
/// same time.
pub(crate) const NAME_DIGITS: usize = 16;

/// Fingerprints everything that shapes the stored data; `schema` is the backend's own part of it.
///
/// Another model, splitter or BM25 setting results in another generation, which is built while the
/// old one keeps answering.
pub(crate) fn fingerprint(schema: &str, model: &ModelInfo, chunker: &str) -> Generation {
    let parts = [
        format!("schema {schema}"),
        format!("text {TEXT_SCHEMA_VERSION}"),
        format!("model {} {}", model.fingerprint, model.dimensions),
        format!("chunker {chunker}"),
        Bm25::fingerprint(),
    ];
    Generation(ContentHash::of_parts(parts).short(NAME_DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(fingerprint: &str) -> ModelInfo {
        ModelInfo {
            name: "m".to_owned(),
            fingerprint: fingerprint.to_owned(),
            dimensions: 3,
            window: 9,
            special_tokens: 2,
        }
    }

    #[test]
    fn model_splitter_and_schema_each_change_the_fingerprint() {
        let one = fingerprint("2", &model("a"), "words");
        assert_eq!(one, fingerprint("2", &model("a"), "words"));
        assert_ne!(one, fingerprint("2", &model("b"), "words"));
        assert_ne!(one, fingerprint("2", &model("a"), "lines"));
        assert_ne!(one, fingerprint("3", &model("a"), "words"));
        assert_eq!(one.0.len(), NAME_DIGITS);
    }
}
