#![no_main]

use mcdewey_core::{dense_form, keyword_form, normalise};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let normal = normalise(text);
    assert_eq!(
        normalise(&normal),
        normal,
        "normalising twice changes nothing"
    );
    let _ = (dense_form(text), keyword_form(text));
});
