//! Conversion in child processes: a parser that aborts, eats memory or never ends takes one file with it and nothing
//! else. The children are this program again; they read files on standard input and write Markdown to standard output.

mod frame;
mod limits;
mod pool;
mod worker;

pub use limits::Limits;
pub use pool::IsolatedConverter;
pub use worker::serve;
