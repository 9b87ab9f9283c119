//! The child's side: converts one file after the other until nobody sends more.

use std::io::{self, BufReader, Read, Write};

use super::frame::{read_request, write_response};
use super::limits::bound_memory;

/// Converts the files that come, within `memory` bytes.
pub fn serve(from: impl Read, mut to: impl Write, memory: u64) -> io::Result<()> {
    bound_memory(memory);
    let mut from = BufReader::new(from);
    while let Some((format, bytes)) = read_request(&mut from)? {
        write_response(&mut to, &crate::convert(format, &bytes))?;
    }
    Ok(())
}
