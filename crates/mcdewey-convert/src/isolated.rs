//! Conversion in child processes: a parser that aborts, exhausts memory or never ends fails only
//! the file that it was given.
//!
//! The children run this same program; they read files from standard input and write Markdown to
//! standard output.

mod frame;
mod limits;
mod pool;
mod worker;

pub use limits::ConvertLimits;
pub use pool::IsolatedConverter;
pub use worker::run_worker;
