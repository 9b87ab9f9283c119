//! The parent process: keeps one child for each file that is converted at the same time.

use std::ffi::OsString;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use mcdewey_core::{Convert, ConvertError, ConvertedDocument, Format};

use super::ConvertLimits;
use super::frame::{read_response, write_request};
use crate::native_libraries::NativeLibraries;

/// A child that has received this many bytes is replaced, which also frees what its parsers have
/// leaked.
const MAX_BYTES_PER_WORKER: usize = 64 * 1024 * 1024;

/// Converts files in child processes.
#[derive(Debug)]
pub struct IsolatedConverter {
    program: PathBuf,
    arguments: Vec<OsString>,
    limits: ConvertLimits,
    libraries: NativeLibraries,
    idle: Mutex<Vec<Worker>>,
}

/// A running child process.
#[derive(Debug)]
struct Worker {
    child: Child,
    input: ChildStdin,
    outcomes: Receiver<io::Result<Result<ConvertedDocument, ConvertError>>>,
    bytes_received: usize,
}

impl IsolatedConverter {
    /// `program` with `arguments` must call [`run_worker`](super::run_worker) on its standard
    /// input and output, with `libraries`.
    pub fn new(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
        limits: ConvertLimits,
        libraries: NativeLibraries,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            limits,
            libraries,
            idle: Mutex::default(),
        }
    }

    /// Returns an idle child, or starts one.
    fn acquire(&self) -> Result<Worker, ConvertError> {
        let idle = self.idle().pop();
        idle.map_or_else(|| Worker::start(self), Ok)
    }

    /// Keeps a child for the next file, unless it is due for replacement.
    fn release(&self, worker: Worker) {
        if worker.bytes_received < MAX_BYTES_PER_WORKER {
            self.idle().push(worker);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Convert for IsolatedConverter {
    fn fingerprint(&self, format: Format) -> &str {
        crate::fingerprint(format, &self.libraries)
    }

    fn may_be(&self, format: Format, head: &[u8]) -> bool {
        format != Format::OpenApi || crate::openapi::is_openapi(head)
    }

    fn convert(&self, format: Format, bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
        let mut worker = self.acquire()?;
        let outcome = worker.convert(format, bytes, self.limits)?;
        self.release(worker);
        outcome
    }
}

impl Worker {
    fn start(converter: &IsolatedConverter) -> Result<Self, ConvertError> {
        let mut child = Command::new(&converter.program)
            .args(&converter.arguments)
            // Every malloc arena and every rayon thread reserves address space, which the memory
            // limit counts.
            .env("MALLOC_ARENA_MAX", "2")
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| start_error(&converter.program, &error))?;

        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            let error = io::ErrorKind::BrokenPipe.into();
            return Err(start_error(&converter.program, &error));
        };

        let (sender, outcomes) = sync_channel(1);
        let max_bytes = converter.limits.output_bytes;
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let outcome = read_response(&mut output, max_bytes);
                let failed = outcome.is_err();
                if sender.send(outcome).is_err() || failed {
                    return;
                }
            }
        });

        Ok(Self {
            child,
            input,
            outcomes,
            bytes_received: 0,
        })
    }

    /// The outer error means that the child has ended; the inner one is the child's answer.
    fn convert(
        &mut self,
        format: Format,
        bytes: &[u8],
        limits: ConvertLimits,
    ) -> Result<Result<ConvertedDocument, ConvertError>, ConvertError> {
        self.bytes_received += bytes.len();
        let (input, child) = (&mut self.input, &mut self.child);
        let outcome = thread::scope(|scope| {
            // If the child dies or stops reading, this thread ends with a broken pipe. The error
            // is ignored because the outcome below reports the same failure.
            scope.spawn(move || write_request(input, format, bytes));
            let outcome = self.outcomes.recv_timeout(limits.timeout);
            if !matches!(outcome, Ok(Ok(_))) {
                // Fails only if the child has already exited.
                let _ = child.kill();
            }
            outcome
        });

        match outcome {
            Ok(Ok(outcome)) => Ok(outcome),
            Err(RecvTimeoutError::Timeout) => Err(ConvertError(format!(
                "the conversion from {format} took longer than {} s and was stopped; split the \
                 file, or convert it to Markdown with another program",
                limits.timeout.as_secs_f64()
            ))),
            Ok(Err(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(ConvertError(format!(
                    "the file converts to more than {} MB of Markdown and images; split it into \
                     several files",
                    limits.output_bytes / (1024 * 1024)
                )))
            }
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(reader_crashed(format)),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The child waits for a file that will not come, or hangs in one. Both calls fail only if
        // it has already been reaped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start_error(program: &Path, error: &io::Error) -> ConvertError {
    ConvertError(format!(
        "could not start {} to convert the file: {error}; try again",
        program.display()
    ))
}

/// The child ended before it answered: its parser panicked, aborted or ran out of memory.
fn reader_crashed(format: Format) -> ConvertError {
    ConvertError(format!(
        "the {format} reader crashed or ran out of memory; the file may be damaged: open it and \
         save it again, or convert it to Markdown with another program"
    ))
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const RESPONSE: &str = r#"{"Converted":{"markdown":2,"images":[],"warnings":[]}}"#;

    /// A converter whose child is a shell script.
    fn shell(script: &str, limits: ConvertLimits) -> IsolatedConverter {
        IsolatedConverter::new(
            "/bin/sh",
            ["-c", script],
            limits,
            NativeLibraries::default(),
        )
    }

    fn tight_limits() -> ConvertLimits {
        ConvertLimits {
            timeout: Duration::from_millis(300),
            output_bytes: 100,
            ..ConvertLimits::default()
        }
    }

    #[test]
    fn a_child_converts_several_files() {
        let script = format!("while read head; do printf '%s\\nok' '{RESPONSE}'; done");
        let converter = shell(&script, ConvertLimits::default());
        for _ in 0..3 {
            assert_eq!(
                converter.convert(Format::Html, b"\n").unwrap().markdown,
                "ok"
            );
        }

        assert_eq!(converter.idle().len(), 1);
    }

    #[test]
    fn a_child_that_dies_fails_only_its_file() {
        let converter = shell("exit 3", tight_limits());
        for _ in 0..2 {
            let error = converter
                .convert(Format::Pdf, &vec![0; 1 << 20])
                .unwrap_err()
                .to_string();
            assert!(error.contains("PDF reader crashed"), "{error}");
        }

        assert!(converter.idle().is_empty());
    }

    #[test]
    fn a_child_that_never_answers_is_stopped() {
        let begun = Instant::now();
        let error = shell("exec sleep 60", tight_limits())
            .convert(Format::Pdf, &vec![0; 1 << 20])
            .unwrap_err()
            .to_string();
        assert!(error.contains("took longer than 0.3 s"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn an_oversized_response_is_refused() {
        let header = RESPONSE.replace(":2,", ":2000,");
        let script = format!("read head; printf '%s\\n' '{header}'; exec yes");
        let error = shell(&script, tight_limits())
            .convert(Format::Pdf, b"")
            .unwrap_err()
            .to_string();
        assert!(error.contains("split it"), "{error}");
    }

    #[test]
    fn files_read_without_pdfium_count_as_read_by_another_converter() {
        let with = NativeLibraries {
            pdfium: Some(PathBuf::from("libpdfium.so")),
        };
        let converter = |libraries| IsolatedConverter::new("p", [""; 0], tight_limits(), libraries);
        let (with, without) = (converter(with), converter(NativeLibraries::default()));

        for format in Format::ALL {
            assert_eq!(
                with.fingerprint(format) == without.fingerprint(format),
                format != Format::Pdf,
                "{format}"
            );
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let converter = IsolatedConverter::new(
            "/no/such/program",
            [""; 0],
            tight_limits(),
            NativeLibraries::default(),
        );
        let error = converter.convert(Format::Pdf, b"").unwrap_err().to_string();
        assert!(error.contains("/no/such/program"), "{error}");
    }
}
