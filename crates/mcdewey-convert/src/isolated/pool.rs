//! The parent's side: children that wait for files, as many as files are converted at once.

use std::ffi::OsString;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use mcdewey_core::{Convert, ConvertError, Converted, Format};

use super::Limits;
use super::frame::{read_response, write_request};

/// A child is replaced after this many bytes of files: what a parser leaks goes with it.
const RETIRES_AFTER: usize = 64 * 1024 * 1024;

/// Converts files in child processes.
#[derive(Debug)]
pub struct IsolatedConverter {
    program: PathBuf,
    arguments: Vec<OsString>,
    limits: Limits,
    idle: Mutex<Vec<Worker>>,
}

/// A child that is ready for a file.
#[derive(Debug)]
struct Worker {
    child: Child,
    input: ChildStdin,
    outcomes: Receiver<io::Result<Result<Converted, ConvertError>>>,
    /// How many bytes of files it was given.
    taken: usize,
}

impl IsolatedConverter {
    /// `program` with `arguments` must call [`serve`](super::serve) with its standard input and output.
    pub fn new(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
        limits: Limits,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self {
            program: program.into(),
            arguments,
            limits,
            idle: Mutex::default(),
        }
    }

    fn take(&self) -> Result<Worker, ConvertError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.map_or_else(|| Worker::start(self), Ok)
    }

    fn put_back(&self, worker: Worker) {
        if worker.taken < RETIRES_AFTER {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(worker);
        }
    }
}

impl Convert for IsolatedConverter {
    fn fingerprint(&self, format: Format) -> &str {
        crate::fingerprint(format)
    }

    fn may_be(&self, format: Format, head: &[u8]) -> bool {
        format != Format::OpenApi || crate::openapi::is_openapi(head)
    }

    fn convert(&self, format: Format, bytes: &[u8]) -> Result<Converted, ConvertError> {
        let mut worker = self.take()?;
        let outcome = worker.convert(format, bytes, self.limits)?;
        self.put_back(worker);
        outcome
    }
}

impl Worker {
    fn start(converter: &IsolatedConverter) -> Result<Self, ConvertError> {
        let failed = |error: io::Error| {
            let program = converter.program.display();
            ConvertError(format!(
                "{program} could not be started to convert it: {error}; try again"
            ))
        };

        let mut child = Command::new(&converter.program)
            .args(&converter.arguments)
            // Each heap of its own reserves as much address space as a large file needs.
            .env("MALLOC_ARENA_MAX", "2")
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;

        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        let (tell, outcomes) = sync_channel(1);
        let most = converter.limits.output;

        thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let outcome = read_response(&mut output, most);
                let over = outcome.is_err();
                if tell.send(outcome).is_err() || over {
                    return;
                }
            }
        });

        Ok(Self {
            child,
            input,
            outcomes,
            taken: 0,
        })
    }

    /// The outer error is the child's end, the inner one what it said.
    fn convert(
        &mut self,
        format: Format,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<Result<Converted, ConvertError>, ConvertError> {
        self.taken += bytes.len();
        let (input, child) = (&mut self.input, &mut self.child);
        let answer = thread::scope(|scope| {
            // A child that died or reads no more ends this with a broken pipe; its outcome says the rest.
            scope.spawn(move || write_request(input, format, bytes));
            let answer = self.outcomes.recv_timeout(limits.time);
            if !matches!(answer, Ok(Ok(_))) {
                let _ = child.kill();
            }
            answer
        });

        match answer {
            Ok(Ok(outcome)) => Ok(outcome),
            Err(RecvTimeoutError::Timeout) => Err(ConvertError(format!(
                "its conversion from {format} took longer than {} s and was stopped; divide it, or convert it to Markdown \
                 with another program",
                limits.time.as_secs_f64()
            ))),
            Ok(Err(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(ConvertError(format!(
                    "as Markdown it would have more than {} MB; divide it",
                    limits.output / (1024 * 1024)
                )))
            }
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(gave_up(format)),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It waits for files or is stuck in one; either way nobody needs it any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The parser broke off: it panicked, aborted, or was refused more memory.
pub(super) fn gave_up(format: Format) -> ConvertError {
    ConvertError(format!(
        "the {format} reader broke off on it or wanted more memory than it may have; it may be damaged: open it and save \
         it anew, or convert it to Markdown with another program"
    ))
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// A child that is a shell script.
    fn shell(script: &str, limits: Limits) -> IsolatedConverter {
        IsolatedConverter::new("/bin/sh", ["-c", script], limits)
    }

    fn quick() -> Limits {
        Limits {
            time: Duration::from_millis(300),
            output: 100,
            ..Limits::default()
        }
    }

    const ANSWER: &str = r#"{"Converted":{"markdown":2,"images":[],"warnings":[]}}"#;

    #[test]
    fn a_child_serves_several_files() {
        let script = format!("while read head; do printf '%s\\nok' '{ANSWER}'; done");
        let converter = shell(&script, Limits::default());
        for _ in 0..3 {
            assert_eq!(
                converter.convert(Format::Html, b"\n").unwrap().markdown,
                "ok"
            );
        }

        assert_eq!(converter.idle.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_child_that_dies_costs_its_file_only() {
        let converter = shell("exit 3", quick());
        for _ in 0..2 {
            let error = converter
                .convert(Format::Pdf, &vec![0; 1 << 20])
                .unwrap_err()
                .to_string();
            assert!(error.contains("PDF reader broke off"), "{error}");
        }

        assert!(converter.idle.lock().unwrap().is_empty());
    }

    #[test]
    fn a_child_that_never_answers_is_stopped() {
        let begun = Instant::now();
        let error = shell("exec sleep 60", quick())
            .convert(Format::Pdf, &vec![0; 1 << 20])
            .unwrap_err()
            .to_string();
        assert!(error.contains("took longer than 0.3 s"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn an_answer_without_end_is_refused() {
        let head = ANSWER.replace(":2,", ":2000,");
        let error = shell(
            &format!("read head; printf '%s\\n' '{head}'; exec yes"),
            quick(),
        );
        let error = error.convert(Format::Pdf, b"").unwrap_err().to_string();
        assert!(error.contains("divide it"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let converter = IsolatedConverter::new("/no/such/program", [""; 0], quick());
        let error = converter.convert(Format::Pdf, b"").unwrap_err().to_string();
        assert!(error.contains("/no/such/program"), "{error}");
    }
}
