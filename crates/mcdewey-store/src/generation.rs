//! Which generation of the index belongs to a model and a splitter.

use mcdewey_core::{ContentHash, Generation, ModelInfo, TEXT_SCHEMA};

use crate::bm25::Bm25;

/// The name of a generation has this many hexadecimal digits: enough for the handful that ever stand side by side.
pub(crate) const NAME_DIGITS: usize = 16;

/// The generation of everything that shapes what is stored; `schema` is the backend's own part of it. Another model,
/// splitter or BM25 setting gives another generation, which is built beside the old one.
pub(crate) fn fingerprint(schema: &str, model: &ModelInfo, chunker: &str) -> Generation {
    let parts = [
        format!("schema {schema}"),
        format!("text {TEXT_SCHEMA}"),
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
    fn another_model_or_splitter_is_another_generation() {
        let one = fingerprint("2", &model("a"), "words");
        assert_eq!(one, fingerprint("2", &model("a"), "words"));
        assert_ne!(one, fingerprint("2", &model("b"), "words"));
        assert_ne!(one, fingerprint("2", &model("a"), "lines"));
        assert_ne!(one, fingerprint("3", &model("a"), "words"));
        assert_eq!(one.0.len(), NAME_DIGITS);
    }
}
