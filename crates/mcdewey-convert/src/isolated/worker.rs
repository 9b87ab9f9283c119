//! The child's side: converts one file after the other until nobody sends more.

use std::io::{self, BufReader, Read, Write};
#[cfg(unix)]
use std::{thread, time::Duration};

use super::frame::{read_request, write_response};
use super::limits::bound_memory;

/// How often a child looks whether its parent is still there.
#[cfg(unix)]
const LOOK: Duration = Duration::from_secs(1);

/// Converts the files that come, within `memory` bytes.
pub fn serve(from: impl Read, mut to: impl Write, memory: u64) -> io::Result<()> {
    bound_memory(memory);
    end_with_parent();

    let mut from = BufReader::new(from);
    while let Some((format, bytes)) = read_request(&mut from)? {
        write_response(&mut to, &crate::convert(format, &bytes))?;
    }

    Ok(())
}

/// The parent keeps the time of a conversion. When it was killed, nobody does, and a parser without end would go on for
/// ever: then this process ends by itself.
fn end_with_parent() {
    #[cfg(unix)]
    {
        let parent = rustix::process::getppid();
        thread::spawn(move || {
            while rustix::process::getppid() == parent {
                thread::sleep(LOOK);
            }
            std::process::exit(1);
        });
    }
}
