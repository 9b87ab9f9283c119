//! The child's side: converts one file after the other until nobody sends more.

use std::io::{self, BufReader, Read, Write};

use mcdewey_core::{ConvertError, Converted, Format};

use super::frame::{read_request, write_response};
use super::limits::bound_memory;

/// Deeply nested files make parsers recurse deeply.
const STACK: usize = 64 * 1024 * 1024;

/// Converts the files that come, within `memory` bytes.
pub fn serve(from: impl Read, mut to: impl Write, memory: u64) -> io::Result<()> {
    bound_memory(memory);
    let mut from = BufReader::new(from);
    while let Some((format, bytes)) = read_request(&mut from)? {
        write_response(&mut to, &convert(format, bytes))?;
    }
    Ok(())
}

/// On a thread of its own, for its stack; one that panics spoils its own file only.
fn convert(format: Format, bytes: Vec<u8>) -> Result<Converted, ConvertError> {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || crate::convert(format, &bytes));
    let thread = thread.map_err(|error| ConvertError(format!("no thread could be started to convert it: {error}")))?;
    thread.join().unwrap_or_else(|_| Err(super::pool::gave_up(format)))
}
