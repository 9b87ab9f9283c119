#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let _ = mcdewey_convert::convert(mcdewey_core::Format::Docx, file, &Default::default());
});
