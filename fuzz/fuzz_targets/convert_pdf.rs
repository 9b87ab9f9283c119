#![no_main]

use mcdewey_convert::NativeLibraries;

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let libraries = NativeLibraries {
        pdfium: std::env::var_os("PDFIUM_LIBRARY_PATH").map(Into::into),
    };
    let _ = mcdewey_convert::convert(mcdewey_core::Format::Pdf, file, &libraries);
});
