//! What can be tested without a Qdrant server, and takeovers with one.

use super::*;

#[cfg(feature = "testing")]
mod takeover;

#[test]
fn names_of_collections_are_checked() {
    check_name("mcdewey").unwrap();
    check_name("team-2_docs.v1").unwrap();
    for invalid in ["", "a/b", "a b", ".a", "é"] {
        let error = check_name(invalid).unwrap_err().to_string();
        assert!(error.contains("collection"), "{invalid:?}: {error}");
    }
}
