//! Reads and renders Markdown, for everything that does either.
//!
//! [`Structure::parse`] reads a whole text with a CommonMark parser. The modules [`fence`],
//! [`rows`], [`blocks`] and [`fragment`] read it line by line, where a text may be broken or begin
//! within a block. [`render`] turns it into HTML that is safe to show. Everything here is a pure
//! function of its arguments.

#![forbid(unsafe_code)]

pub mod blocks;
pub mod dialect;
pub mod fence;
pub mod fragment;
mod one_line;
pub mod render;
pub mod rows;
mod structure;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use one_line::one_line;
pub use structure::{
    Heading, ImageReference, Structure, Table, Unit, UnitKind, images, introduces_block,
};

/// Returns the words of `text`, separated by single spaces.
pub fn collapse_whitespace(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
