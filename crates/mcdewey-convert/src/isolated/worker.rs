//! The child process: converts files until its input ends.

use std::io::{self, BufReader, Read, Write};
#[cfg(unix)]
use std::{thread, time::Duration};

use crate::native_libraries::NativeLibraries;

use super::frame::{read_request, write_response};
use super::limits::limit_memory;

/// How often a child checks that its parent is still running.
#[cfg(unix)]
const PARENT_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Converts the files that arrive on `input` and writes the outcomes to `output`, until `input`
/// ends. Limits this process to `memory_bytes` of address space first.
pub fn run_worker(
    input: impl Read,
    mut output: impl Write,
    memory_bytes: u64,
    libraries: &NativeLibraries,
) -> io::Result<()> {
    limit_memory(memory_bytes);
    exit_with_parent();

    let mut input = BufReader::new(input);
    while let Some((format, bytes)) = read_request(&mut input)? {
        write_response(&mut output, &crate::convert(format, &bytes, libraries))?;
    }

    Ok(())
}

/// Exits this process once its parent is gone. The parent enforces the timeout of a conversion;
/// without it, a parser that never ends would run for ever.
fn exit_with_parent() {
    #[cfg(unix)]
    {
        let parent = rustix::process::getppid();
        thread::spawn(move || {
            while rustix::process::getppid() == parent {
                thread::sleep(PARENT_CHECK_INTERVAL);
            }
            std::process::exit(1);
        });
    }
}
