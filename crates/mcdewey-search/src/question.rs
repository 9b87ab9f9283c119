//! What a question asks: its words, the products, versions and codes it names, and the filter of its
//! request.

pub(crate) mod absent_versions;
pub(crate) mod analysis;
pub(crate) mod filter;
pub(crate) mod identifiers;
pub mod terms;
pub(crate) mod versions;
pub(crate) mod vocabulary_mask;
