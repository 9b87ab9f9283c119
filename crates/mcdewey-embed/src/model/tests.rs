//! The tokenizer side of the model; the vectors are proved in the integration tests.

use super::*;

/// A WordPiece tokenizer that ships, as real ones do, with truncation and padding switched on.
fn words() -> Words {
    let json = r###"{
        "version": "1.0",
        "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 4}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "bar": 4, "##ge": 5, "é": 6}}
    }"###;
    Words::new(Tokenizer::from_bytes(json).unwrap()).unwrap()
}

#[test]
fn neither_truncation_nor_padding_is_left_on() {
    let words = words();
    assert_eq!(words.special(), 2);
    assert_eq!(words.length("barge barge barge").unwrap(), 8);
    assert_eq!(words.length("").unwrap(), 2);
}

#[test]
fn ranges_are_bytes_of_the_text() {
    let ranges = words().ranges("é barge ?").unwrap();
    assert_eq!(ranges, [0..2, 3..6, 6..8, 9..10]);
    assert!(words().ranges("").unwrap().is_empty());
}
