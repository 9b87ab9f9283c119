//! The real model, fetched into the repository's `models/` if it is not there yet, against what is known of it.

mod proof;
mod start;
mod support;
