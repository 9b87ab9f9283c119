//! Test doubles and a behaviour suite for the tests of all crates; never part of the program.

mod counting_index;
mod fake_embed;
pub mod index_suite;
mod memory_index;
mod sample;

pub use counting_index::CountingIndex;
pub use fake_embed::FakeEmbed;
pub use memory_index::MemoryIndex;
pub use sample::SampleDocument;
