//! Tests that span several modules of the crate.

mod generated_manuals;
mod outside_root;
mod parsed_once;
