//! `read_doc`: what its arguments mean together, and its results on small libraries.

mod arguments;
mod calls;
