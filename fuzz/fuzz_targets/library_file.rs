#![no_main]

use mcdewey_ingest::{LibraryFile, RuleSet};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(file) = LibraryFile::parse(text, "fuzzed") {
        let _ = RuleSet::new(&LibraryFile::default(), &file, "fuzzed");
    }
});
