#![no_main]

use mcdewey_ingest::fuzzing::read_markdown;

libfuzzer_sys::fuzz_target!(|file: &[u8]| read_markdown(file));
