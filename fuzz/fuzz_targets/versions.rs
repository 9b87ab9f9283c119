#![no_main]

use mcdewey_core::{VersionScheme, VersionSelector};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let scheme = VersionScheme::default();
    if let Ok(version) = scheme.version(text) {
        let known = [version];
        if let Ok(selector) = VersionSelector::parse(text, &scheme) {
            let _ = selector.select(&known);
        }
    }
    let _ = scheme.versions(text);
});
