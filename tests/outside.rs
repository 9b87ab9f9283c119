//! Text from outside a root never gets into the library: neither when files are swapped for links
//! during an ingest, nor through references in documents.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Server, fail, ingest, mcdewey, succeed};

/// In every file outside the root, and in no other.
const SECRET: &str = "quokkavault";
/// In the files of the root: proves that the search of the data directory finds words.
const PUBLIC: &str = "wombatdesk";
/// The minimal number of ingests while files are swapped.
const RUNS: usize = 12;
/// Far longer than an ingest takes; one that opens a FIFO would block for ever.
const INGEST_LIMIT: Duration = Duration::from_secs(120);
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The folders `corpus` and `outside` in a temporary folder.
struct Folders {
    folder: PathBuf,
}

impl Folders {
    fn new(folder: &TempDir) -> Self {
        let folders = Self {
            folder: folder.path().to_owned(),
        };
        std::fs::create_dir_all(folders.corpus()).unwrap();
        std::fs::create_dir_all(folders.outside("")).unwrap();
        folders
    }

    fn corpus(&self) -> PathBuf {
        self.folder.join("corpus")
    }

    fn outside(&self, name: &str) -> PathBuf {
        self.folder.join("outside").join(name)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

/// Reports whether a file below a folder contains these bytes.
fn is_below(folder: &Path, wanted: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => is_below(&path, wanted),
            // The store may delete files meanwhile.
            false => std::fs::read(&path)
                .is_ok_and(|bytes| bytes.windows(wanted.len()).any(|found| found == wanted)),
        }
    })
}

/// Runs an ingest that must terminate; returns its report.
fn ingest_in_time(data: &Path, corpus: &Path) -> Value {
    let mut command = mcdewey(data);
    command
        .arg("ingest")
        .arg(corpus)
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    let child = command.spawn().unwrap();
    let pid = Pid::from_child(&child);
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));

    let Ok(output) = ended.recv_timeout(INGEST_LIMIT) else {
        kill_process(pid, Signal::KILL).unwrap();
        panic!("the ingest did not end within {INGEST_LIMIT:?}");
    };
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

/// Repeatedly replaces files by links, a FIFO and a folder from outside, and restores them, until
/// it is dropped.
struct Swapper {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Swapper {
    fn start(corpus: PathBuf, outside: PathBuf, files: Vec<&'static str>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let started = Instant::now();
            while !stopped.load(Ordering::Relaxed) && started.elapsed() < INGEST_LIMIT * 5 {
                for file in &files {
                    replace_file(&corpus, file, |target| symlink(outside.join(file), target));
                }

                replace_file(&corpus, "pipe.md", |target| {
                    std::fs::hard_link(corpus.join(".fifo"), target)
                });
                let _ = std::fs::rename(corpus.join("sub"), corpus.join(".sub"));
                let _ = symlink(outside.join("sub"), corpus.join("sub"));
                // The subject of this test: the ingest may meet either state, so each lasts a
                // moment.
                std::thread::sleep(Duration::from_millis(1));
                let _ = std::fs::remove_file(corpus.join("sub"));
                let _ = std::fs::rename(corpus.join(".sub"), corpus.join("sub"));

                replace_file(&corpus, "pipe.md", |target| {
                    std::fs::copy(corpus.join(".plain/pipe.md"), target).map(drop)
                });

                for file in &files {
                    replace_file(&corpus, file, |target| {
                        std::fs::copy(corpus.join(".plain").join(file), target).map(drop)
                    });
                }

                std::thread::sleep(Duration::from_millis(1));
            }
        });

        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Swapper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Creates something beside a file and atomically replaces the file with it.
fn replace_file(corpus: &Path, file: &str, create: impl Fn(&Path) -> std::io::Result<()>) {
    let draft = corpus.join(".draft");
    let _ = std::fs::remove_file(&draft);
    create(&draft).unwrap();
    std::fs::rename(&draft, corpus.join(file)).unwrap();
}

#[test]
fn files_swapped_for_links_during_an_ingest_let_nothing_in() {
    let folder = tempfile::tempdir().unwrap();
    let folders = Folders::new(&folder);
    let secret = format!("# Vault\n\nThe {SECRET} opens with 7391.");

    let files = [
        "a.md",
        "b.md",
        "c.md",
        "d.md",
        "e.txt",
        "o.pdf",
        "i.png",
        "converted.md",
    ];

    for file in files.into_iter().chain(["pipe.md", "sub/x.md", "sub/y.md"]) {
        let plain = match file {
            "i.png" => String::from_utf8_lossy(PNG).into_owned(),
            "a.md" => format!("# Gate\n\nThe {PUBLIC} is open. ![i](i.png)"),
            "converted.md" => {
                format!("---\nconverted_from: o.pdf\n---\n# Gate\n\nThe {PUBLIC} is open.")
            }
            _ => format!("# Gate {file}\n\nThe {PUBLIC} is open."),
        };

        folders.write(&format!("corpus/.plain/{file}"), &plain);
        folders.write(&format!("corpus/{file}"), &plain);
        folders.write(&format!("outside/{file}"), &secret);
    }

    // Without a stable file, a walk may find no document, which is an error for a root that had
    // some.
    folders.write(
        "corpus/steady.md",
        format!("# Gate\n\nThe {PUBLIC} is always open."),
    );
    folders.write("corpus/.plain/i.png", PNG);
    folders.write("outside/i.png", [PNG, SECRET.as_bytes()].concat());

    assert!(
        Command::new("mkfifo")
            .arg(folders.corpus().join(".fifo"))
            .status()
            .unwrap()
            .success()
    );

    let corpus = folders.corpus();
    let server = Server::start_with(
        folder,
        &[
            "--corpus",
            &corpus.display().to_string(),
            "serve",
            "--no-ingest",
        ],
    );

    let swapper = Swapper::start(corpus.clone(), folders.outside(""), files.to_vec());
    let mut reasons = String::new();

    for run in 0.. {
        if run >= RUNS
            && reasons.contains("out of the root")
            && reasons.contains("not a regular file")
        {
            break;
        }

        assert!(run < 5 * RUNS, "no ingest met a swapped file: {reasons}");
        let report = ingest_in_time(&server.data(), &corpus);
        let counted = report["unchanged"].as_u64().unwrap() + report["written"].as_u64().unwrap();
        let skipped = report["skipped"].as_array().unwrap();

        assert_eq!(
            report["files"].as_u64().unwrap(),
            counted + skipped.len() as u64,
            "{report:#}"
        );
        assert!(!report.to_string().contains(SECRET), "{report:#}");
        reasons.push_str(&report["skipped"].to_string());
        let answer = server.search(&json!({"q": "the vault opens with 7391"}));

        assert!(!answer["hits"].to_string().contains(SECRET), "{answer:#}");
    }

    drop(swapper);
    assert!(is_below(&server.data(), PUBLIC.as_bytes()));
    assert!(!is_below(&server.data(), SECRET.as_bytes()));
    let report = ingest_in_time(&server.data(), &corpus);

    assert_eq!(
        report["removed"], 0,
        "documents that were refused for a while are kept: {report:#}"
    );
}

/// Writes one document of each format, with every kind of reference that its format has to the
/// secrets.
fn write_references(folders: &Folders) {
    let outside = folders.outside("secret");
    let absolute = outside.display();
    let public = format!("The {PUBLIC} is open.");

    let write = |name: &str, text: String| folders.write(&format!("corpus/{name}"), text);
    for extension in ["md", "txt", "rst", "adoc", "csv"] {
        folders.write(
            &format!("outside/secret.{extension}"),
            format!("The {SECRET} opens with 7391."),
        );
    }

    folders.write(
        "outside/secret.html",
        format!("<h1>Vault</h1><p>The {SECRET} opens with 7391.</p>"),
    );

    folders.write(
        "outside/secret.yaml",
        format!("Vault: {{type: object, description: The {SECRET} opens with 7391.}}"),
    );
    folders.write("outside/secret.png", [PNG, SECRET.as_bytes()].concat());
    write(
        "markdown.md",
        format!(
            "---\ntitle: Gate\nconverted_from: ../outside/secret.txt\n---\n# Gate\n\n{public}\n\n\
             ![a](../outside/secret.png) ![b]({absolute}.png) ![c](file://{absolute}.png) \
             ![d](%2e%2e/outside/secret.png) \
             ![e](..%2foutside%2fsecret.png) ![f](x/../../outside/secret.png) \
             ![g](linked/secret.png) \
             ![h](linked.png) ![i](/../outside/secret.png) ![j](..\\outside\\secret.png)\n\n\
             <!--#include file=\"../outside/secret.txt\" -->\n\
             !include ../outside/secret.txt\n{{% include \"../outside/secret.txt\" %}}\n\
             --8<-- \"../outside/secret.txt\"\n"
        ),
    );

    write(
        "component.mdx",
        format!("import Secret from '../outside/secret.md'\n\n# Gate\n\n{public}\n\n<Secret />\n"),
    );

    write(
        "page.html",
        format!(
            "<html><head><base href='file://{absolute}'><link rel=import \
             href='../outside/secret.html'></head><main><h1>Gate</h1>\
             <p>{public}</p><img src='file://{absolute}.png'><img src='../outside/secret.png'>\
             <iframe src='../outside/secret.html'></iframe><object data='{absolute}.html'></object>\
             <embed src='../outside/secret.txt'><!--#include virtual='../outside/secret.html' -->\
             <!--#include file=\"../outside/secret.txt\" --></main></html>"
        ),
    );

    write(
        "strict.xhtml",
        format!(
            "<?xml version='1.0'?><!DOCTYPE html [<!ENTITY vault SYSTEM 'file://{absolute}.txt'>\
             <!ENTITY % more SYSTEM '../outside/secret.txt'> %more;]>\
             <html xmlns='http://www.w3.org/1999/xhtml'><body><main><h1>Gate</h1><p>{public} \
             &vault;</p></main></body></html>"
        ),
    );

    write(
        "guide.rst",
        format!(
            "Gate\n====\n\n{public}\n\n.. include:: ../outside/secret.rst\n\n.. include:: \
             {absolute}.rst\n   :literal:\n\n\
             .. literalinclude:: ../outside/secret.txt\n\n.. raw:: html\n   :file: \
             ../outside/secret.html\n\n\
             .. csv-table:: Vault\n   :file: ../outside/secret.csv\n\n.. csv-table:: Vault\n   \
             :url: file://{absolute}.csv\n\n\
             .. image:: ../outside/secret.png\n\n.. figure:: {absolute}.png\n\n.. |v| image:: \
             ../outside/secret.png\n"
        ),
    );

    write(
        "notes.adoc",
        format!(
            "= Gate\n:dir: ../outside\n:docinfo: shared\n:docinfodir: ../outside\n\n{public}\n\n\
             include::../outside/secret.adoc[]\n\n\
             include::{{dir}}/secret.adoc[]\n\n include::{absolute}.adoc[]\n\n\
             include::../outside/secret file.adoc[]\n\n----\n\
             include::../outside/secret.txt[lines=1..2]\n----\n\n[format=csv]\n|===\n\
             include::../outside/secret.csv[]\n|===\n\n\
             [plantuml]\n....\n!include ../outside/secret.txt\n....\n\n\
             image::../outside/secret.png[]\n\nimage::file://{absolute}.png[]\n"
        ),
    );

    write(
        "api.yaml",
        format!(
            "openapi: 3.0.0\ninfo: {{title: Gate, version: '1', description: {{$ref: \
             '../outside/secret.txt'}}}}\npaths:\n  /gate:\n    \
             get:\n      summary: {public}\n      parameters:\n        - $ref: \
             '../outside/secret.yaml#/Vault'\n      responses:\n        \
             '200': {{description: ok, content: {{application/json: {{schema: {{$ref: \
             '{absolute}.yaml#/Vault'}}, \
             examples: {{a: {{externalValue: 'file://{absolute}.txt'}}}}}}}}}}\n  /vault:\n    \
             $ref: 'file://{absolute}.yaml'\n"
        ),
    );

    symlink(folders.outside(""), folders.corpus().join("linked")).unwrap();
    symlink(
        folders.outside("secret.png"),
        folders.corpus().join("linked.png"),
    )
    .unwrap();
}

#[test]
fn references_to_files_outside_the_root_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let folders = Folders::new(&folder);
    write_references(&folders);
    let data = folder.path().join("data");
    let report = ingest(&data, &folders.corpus());

    let names = [
        "markdown.md",
        "component.mdx",
        "page.html",
        "strict.xhtml",
        "guide.rst",
        "notes.adoc",
        "api.yaml",
    ];

    assert_eq!(report["written"], names.len(), "{report:#}");
    assert!(!report.to_string().contains(SECRET), "{report:#}");
    assert!(
        report["warnings"].to_string().contains("out of the root"),
        "{report:#}"
    );

    let found = succeed(mcdewey(&data).args([
        "search",
        "--json",
        "--limit",
        "50",
        &format!("the {PUBLIC} is open"),
    ]));

    let found: Value = serde_json::from_str(&found).unwrap();
    let hits = found["hits"].to_string();
    for name in names {
        assert!(hits.contains(name), "{name}: {hits}");
    }

    assert!(is_below(&data, PUBLIC.as_bytes()));
    assert!(!is_below(&data, SECRET.as_bytes()));
    let doctor = Command::output(
        mcdewey(&data)
            .arg("--corpus")
            .arg(folders.corpus())
            .args(["doctor", "--json"]),
    )
    .unwrap();

    assert!(!String::from_utf8_lossy(&doctor.stdout).contains(SECRET));
}

#[test]
fn a_library_file_outside_the_root_is_an_error_that_quotes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folders = Folders::new(&folder);
    folders.write("corpus/a.md", "# Gate\n\nOpen.");
    folders.write("outside/secret.toml", format!("{SECRET} = 7391\n"));

    symlink(
        folders.outside("secret.toml"),
        folders.corpus().join("library.toml"),
    )
    .unwrap();

    let stderr = fail(
        mcdewey(&folder.path().join("data"))
            .arg("ingest")
            .arg(folders.corpus()),
    );

    assert!(
        stderr.contains("library.toml")
            && stderr.contains("out of the root")
            && !stderr.contains(SECRET),
        "{stderr}"
    );
}
