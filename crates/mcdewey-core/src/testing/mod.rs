//! Stand-ins and suites for tests of the other crates; never part of the program.

mod fake_embed;

pub use fake_embed::FakeEmbed;
