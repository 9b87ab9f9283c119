//! What a question asks: its words, the products, versions and codes it names, and the filter of its
//! request.

pub(crate) mod about_releases;
pub(crate) mod absent_versions;
pub(crate) mod analysis;
pub(crate) mod filter;
pub(crate) mod identifiers;
pub(crate) mod named_release;
pub(crate) mod paste;
pub(crate) mod syntax;
pub mod terms;
pub(crate) mod versions;
pub(crate) mod vocabulary_mask;
