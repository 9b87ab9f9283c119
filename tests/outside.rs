//! Text from outside a root never gets into the library, through the real program: not while files are swapped for
//! links as they are read, and not through what documents refer to.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Server, fail, ingest, mcdewey, succeed};

/// Stands in every file outside the root, and nowhere else.
const SECRET: &str = "quokkavault";
/// Stands in the files of the root, so that looking for words in the data directory is known to find some.
const PUBLIC: &str = "wombatdesk";
/// How often the library is brought up to date, at least, while files are swapped.
const RUNS: usize = 12;
/// Far longer than one run takes; an ingest that waits for a FIFO waits for ever.
const PATIENCE: Duration = Duration::from_secs(120);
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// `corpus` and `outside` in a folder.
struct Place {
    folder: PathBuf,
}

impl Place {
    fn new(folder: &TempDir) -> Self {
        let place = Self {
            folder: folder.path().to_owned(),
        };
        std::fs::create_dir_all(place.corpus()).unwrap();
        std::fs::create_dir_all(place.outside("")).unwrap();
        place
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

/// Whether a file below a folder holds these bytes.
fn is_below(folder: &Path, wanted: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => is_below(&path, wanted),
            // The store may take files away meanwhile.
            false => std::fs::read(&path)
                .is_ok_and(|bytes| bytes.windows(wanted.len()).any(|found| found == wanted)),
        }
    })
}

/// An ingest that must come to an end; its report.
fn ingest_in_time(data: &Path, corpus: &Path) -> Value {
    let mut command = mcdewey(data);
    command
        .arg("ingest")
        .arg(corpus)
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("the ingest did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }

    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

/// Puts links, a FIFO and a folder from outside in the place of files and takes them away again, until it is dropped.
struct Swapping {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Swapping {
    fn begin(corpus: PathBuf, outside: PathBuf, files: Vec<&'static str>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let begun = Instant::now();
            while !stopped.load(Ordering::Relaxed) && begun.elapsed() < PATIENCE * 5 {
                for file in &files {
                    put(&corpus, file, |place| symlink(outside.join(file), place));
                }

                put(&corpus, "pipe.md", |place| {
                    std::fs::hard_link(corpus.join(".fifo"), place)
                });
                let _ = std::fs::rename(corpus.join("sub"), corpus.join(".sub"));
                let _ = symlink(outside.join("sub"), corpus.join("sub"));
                std::thread::sleep(Duration::from_millis(1));
                let _ = std::fs::remove_file(corpus.join("sub"));
                let _ = std::fs::rename(corpus.join(".sub"), corpus.join("sub"));

                put(&corpus, "pipe.md", |place| {
                    std::fs::copy(corpus.join(".plain/pipe.md"), place).map(drop)
                });

                for file in &files {
                    put(&corpus, file, |place| {
                        std::fs::copy(corpus.join(".plain").join(file), place).map(drop)
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

impl Drop for Swapping {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Makes something beside a file and puts it in its place at once.
fn put(corpus: &Path, file: &str, make: impl Fn(&Path) -> std::io::Result<()>) {
    let draft = corpus.join(".draft");
    let _ = std::fs::remove_file(&draft);
    make(&draft).unwrap();
    std::fs::rename(&draft, corpus.join(file)).unwrap();
}

#[test]
fn files_swapped_for_links_while_they_are_read_let_nothing_in() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(&folder);
    let secret = format!("# Vault\n\nThe {SECRET} opens with 7391.");

    let files = [
        "a.md", "b.md", "c.md", "d.md", "e.txt", "o.pdf", "i.png", "made.md",
    ];

    for file in files.into_iter().chain(["pipe.md", "sub/x.md", "sub/y.md"]) {
        let plain = match file {
            "i.png" => String::from_utf8_lossy(PNG).into_owned(),
            "a.md" => format!("# Telemetry\n\nThe {PUBLIC} is open. ![i](i.png)"),
            "made.md" => {
                format!("---\nconverted_from: o.pdf\n---\n# Telemetry\n\nThe {PUBLIC} is open.")
            }
            _ => format!("# Telemetry {file}\n\nThe {PUBLIC} is open."),
        };

        place.write(&format!("corpus/.plain/{file}"), &plain);
        place.write(&format!("corpus/{file}"), &plain);
        place.write(&format!("outside/{file}"), &secret);
    }

    // Without one that stays, a walk may find no document at all, which is an error for a root that held some.
    place.write(
        "corpus/steady.md",
        format!("# Telemetry\n\nThe {PUBLIC} is always open."),
    );
    place.write("corpus/.plain/i.png", PNG);
    place.write("outside/i.png", [PNG, SECRET.as_bytes()].concat());

    assert!(
        Command::new("mkfifo")
            .arg(place.corpus().join(".fifo"))
            .status()
            .unwrap()
            .success()
    );

    let corpus = place.corpus();
    let server = Server::start_with(
        folder,
        &[
            "--corpus",
            &corpus.display().to_string(),
            "serve",
            "--no-ingest",
        ],
    );

    let swapping = Swapping::begin(corpus.clone(), place.outside(""), files.to_vec());
    let mut refused = String::new();
    let both =
        |refused: &str| refused.contains("out of the root") && refused.contains("not a plain file");

    for run in 0.. {
        if run >= RUNS && both(&refused) {
            break;
        }

        assert!(run < 5 * RUNS, "what was swapped was never seen: {refused}");
        let report = ingest_in_time(&server.data(), &corpus);
        let counted = report["unchanged"].as_u64().unwrap() + report["written"].as_u64().unwrap();
        let skipped = report["skipped"].as_array().unwrap();

        assert_eq!(
            report["files"].as_u64().unwrap(),
            counted + skipped.len() as u64,
            "{report:#}"
        );
        assert!(!report.to_string().contains(SECRET), "{report:#}");
        refused.push_str(&report["skipped"].to_string());
        let answer = server.search(&json!({"q": "the vault opens with 7391"}));

        assert!(!answer["hits"].to_string().contains(SECRET), "{answer:#}");
    }

    drop(swapping);
    assert!(is_below(&server.data(), PUBLIC.as_bytes()));
    assert!(!is_below(&server.data(), SECRET.as_bytes()));
    let report = ingest_in_time(&server.data(), &corpus);

    assert_eq!(
        report["removed"], 0,
        "what was refused for a while was kept: {report:#}"
    );
}

/// One document of each format that refers to the secrets in every way its format has.
fn write_references(place: &Place) {
    let outside = place.outside("secret");
    let absolute = outside.display();
    let public = format!("The {PUBLIC} is open.");

    let write = |name: &str, text: String| place.write(&format!("corpus/{name}"), text);
    for extension in ["md", "txt", "rst", "adoc", "csv"] {
        place.write(
            &format!("outside/secret.{extension}"),
            format!("The {SECRET} opens with 7391."),
        );
    }

    place.write(
        "outside/secret.html",
        format!("<h1>Vault</h1><p>The {SECRET} opens with 7391.</p>"),
    );

    place.write(
        "outside/secret.yaml",
        format!("Vault: {{type: object, description: The {SECRET} opens with 7391.}}"),
    );
    place.write("outside/secret.png", [PNG, SECRET.as_bytes()].concat());
    write(
        "markdown.md",
        format!(
            "---\ntitle: Telemetry\nconverted_from: ../outside/secret.txt\n---\n# Telemetry\n\n{public}\n\n\
             ![a](../outside/secret.png) ![b]({absolute}.png) ![c](file://{absolute}.png) ![d](%2e%2e/outside/secret.png) \
             ![e](..%2foutside%2fsecret.png) ![f](x/../../outside/secret.png) ![g](linked/secret.png) \
             ![h](linked.png) ![i](/../outside/secret.png) ![j](..\\outside\\secret.png)\n\n<!--#include file=\"../outside/secret.txt\" -->\n\
             !include ../outside/secret.txt\n{{% include \"../outside/secret.txt\" %}}\n--8<-- \"../outside/secret.txt\"\n"
        ),
    );

    write(
        "component.mdx",
        format!(
            "import Secret from '../outside/secret.md'\n\n# Telemetry\n\n{public}\n\n<Secret />\n"
        ),
    );

    write(
        "page.html",
        format!(
            "<html><head><base href='file://{absolute}'><link rel=import href='../outside/secret.html'></head><main><h1>Telemetry</h1>\
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
             <html xmlns='http://www.w3.org/1999/xhtml'><body><main><h1>Telemetry</h1><p>{public} &vault;</p></main></body></html>"
        ),
    );

    write(
        "guide.rst",
        format!(
            "Telemetry\n====\n\n{public}\n\n.. include:: ../outside/secret.rst\n\n.. include:: {absolute}.rst\n   :literal:\n\n\
             .. literalinclude:: ../outside/secret.txt\n\n.. raw:: html\n   :file: ../outside/secret.html\n\n\
             .. csv-table:: Vault\n   :file: ../outside/secret.csv\n\n.. csv-table:: Vault\n   :url: file://{absolute}.csv\n\n\
             .. image:: ../outside/secret.png\n\n.. figure:: {absolute}.png\n\n.. |v| image:: ../outside/secret.png\n"
        ),
    );

    write(
        "notes.adoc",
        format!(
            "= Telemetry\n:dir: ../outside\n:docinfo: shared\n:docinfodir: ../outside\n\n{public}\n\ninclude::../outside/secret.adoc[]\n\n\
             include::{{dir}}/secret.adoc[]\n\n include::{absolute}.adoc[]\n\ninclude::../outside/secret file.adoc[]\n\n----\n\
             include::../outside/secret.txt[lines=1..2]\n----\n\n[format=csv]\n|===\ninclude::../outside/secret.csv[]\n|===\n\n\
             [plantuml]\n....\n!include ../outside/secret.txt\n....\n\nimage::../outside/secret.png[]\n\nimage::file://{absolute}.png[]\n"
        ),
    );

    write(
        "api.yaml",
        format!(
            "openapi: 3.0.0\ninfo: {{title: Telemetry, version: '1', description: {{$ref: '../outside/secret.txt'}}}}\npaths:\n  /telemetry:\n    \
             get:\n      summary: {public}\n      parameters:\n        - $ref: '../outside/secret.yaml#/Vault'\n      responses:\n        \
             '200': {{description: ok, content: {{application/json: {{schema: {{$ref: '{absolute}.yaml#/Vault'}}, \
             examples: {{a: {{externalValue: 'file://{absolute}.txt'}}}}}}}}}}\n  /vault:\n    $ref: 'file://{absolute}.yaml'\n"
        ),
    );

    symlink(place.outside(""), place.corpus().join("linked")).unwrap();
    symlink(
        place.outside("secret.png"),
        place.corpus().join("linked.png"),
    )
    .unwrap();
}

#[test]
fn what_documents_refer_to_outside_the_root_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(&folder);
    write_references(&place);
    let data = folder.path().join("data");
    let report = ingest(&data, &place.corpus());

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
            .arg(place.corpus())
            .args(["doctor", "--json"]),
    )
    .unwrap();

    assert!(!String::from_utf8_lossy(&doctor.stdout).contains(SECRET));
}

#[test]
fn a_library_file_from_outside_is_an_error_that_quotes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(&folder);
    place.write("corpus/a.md", "# Telemetry\n\nOpen.");
    place.write("outside/secret.toml", format!("{SECRET} = 7391\n"));

    symlink(
        place.outside("secret.toml"),
        place.corpus().join("library.toml"),
    )
    .unwrap();

    let said = fail(
        mcdewey(&folder.path().join("data"))
            .arg("ingest")
            .arg(place.corpus()),
    );

    assert!(
        said.contains("library.toml") && said.contains("out of the root") && !said.contains(SECRET),
        "{said}"
    );
}
