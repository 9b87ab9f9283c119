//! What is said while a library is not known to be whole.

use mcdewey_core::Integrity;

/// What part of an answer is missing because documents are left out, if any is.
pub(crate) fn missing_part(integrity: Integrity) -> Option<&'static str> {
    (integrity.damaged > 0)
        .then_some("stored documents are damaged and left out until they are read again")
}

/// What a person is told while answers may come from damaged data.
pub(crate) fn notice(integrity: Integrity) -> Option<&'static str> {
    (!integrity.verified).then_some(
        "What is stored has not been compared with its checksums yet; this takes a moment after a start",
    )
}

/// What is added to the message that something is not in the library.
pub(crate) fn not_found_hint(integrity: Integrity) -> &'static str {
    if integrity.damaged > 0 {
        "; stored documents are damaged and left out until they are read again, and it may be in one of \
         them"
    } else {
        ""
    }
}
