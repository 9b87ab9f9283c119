//! Test doubles and a behaviour suite for the tests of all crates; never part of the program.

mod fake_embed;
pub mod index_suite;
mod memory_index;
mod sample;

pub use fake_embed::FakeEmbed;
pub use memory_index::MemoryIndex;
pub use sample::SampleDocument;
