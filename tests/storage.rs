//! What the program keeps on the disk: closed to others, held by one process whatever is deleted, whole when the disk
//! fills, and gone when it is removed.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::crash::write_corpora;
use crate::support::{Server, fail, ingest, mcdewey, run, skip, succeed};

/// What the system calls a write into a mapped file that finds no block.
const SIGBUS: i32 = 7;
const MIB: u64 = 1024 * 1024;

/// Everything in a folder, itself too.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.symlink_metadata().unwrap().is_dir() {
            found.extend(entries(&path));
        } else {
            found.push(path);
        }
    }

    found
}

fn assert_private(data: &Path) {
    let all = entries(data);
    assert!(all.len() > 30, "the library is there");
    for path in all {
        let found = path.symlink_metadata().unwrap();
        let expected = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(
            found.permissions().mode() & 0o7777,
            expected,
            "{}",
            path.display()
        );
    }
}

fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "it did not come to hold");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A library of two documents, and its corpus.
fn two_documents(place: &Path) -> (PathBuf, PathBuf) {
    let (data, corpus) = (place.join("data"), place.join("corpus"));
    fs::create_dir_all(&corpus).unwrap();
    fs::write(
        corpus.join("kettle.md"),
        "# Kettles\n\n## Boiling\n\nThe kettle boils water in four minutes.",
    )
    .unwrap();

    fs::write(
        corpus.join("violin.md"),
        "# Violins\n\n## Tuning\n\nThe violin is tuned in fifths from the A.",
    )
    .unwrap();

    ingest(&data, &corpus);
    (data, corpus)
}

fn serve(folder: TempDir, corpus: &Path, further: &[&str]) -> Server {
    let corpus = corpus.display().to_string();
    Server::start_with(
        folder,
        &[&["--corpus", &corpus], further, &["serve", "--no-ingest"]].concat(),
    )
}

/// The token that the owner of a data directory tells this user's commands.
fn token(data: &Path) -> String {
    let owner: Value =
        serde_json::from_str(&fs::read_to_string(data.join("owner.json")).unwrap()).unwrap();
    owner["token"].as_str().unwrap().to_owned()
}

fn post(server: &Server, path: &str, kind: &str, body: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();

    let request = agent
        .post(format!("{}{path}", server.address))
        .header("content-type", kind);
    let request = request.header("authorization", format!("Bearer {}", token(&server.data())));
    let mut response = request.send(body).unwrap();

    (
        response.status().as_u16(),
        response.body_mut().read_to_string().unwrap(),
    )
}

fn questions(server: &Server) -> String {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();

    let request = agent.get(format!("{}/api/v1/questions", server.address));
    let request = request.header("authorization", format!("Bearer {}", token(&server.data())));
    request.call().unwrap().body_mut().read_to_string().unwrap()
}

/// Says of a document that it answers a question.
fn endorse(server: &Server, question: &str, chunk: &str) {
    let body = format!(
        "q={}&answers={}",
        question.replace(' ', "+"),
        chunk.replace(':', "%3A")
    );

    let (status, answer) = post(
        server,
        "/feedback",
        "application/x-www-form-urlencoded",
        &body,
    );

    assert_eq!(status, 200, "{answer}");
}

#[test]
fn every_entry_of_a_data_directory_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();

    // As an operator may have made it.
    fs::create_dir(folder.path().join("data")).unwrap();
    let (data, corpus) = two_documents(folder.path());
    assert_private(&data);
    succeed(mcdewey(&data).args(["keys", "create", "portal"]));
    let audit = data.join("audit.jsonl").display().to_string();
    let server = serve(folder, &corpus, &["--audit-log", &audit]);

    assert_eq!(
        post(
            &server,
            "/api/v1/search",
            "application/json",
            r#"{"q": "boiling"}"#
        )
        .0,
        200
    );

    endorse(&server, "when does it boil", "kettle::0");
    let (status, events) = post(&server, "/api/v1/sync", "application/json", "{}");
    assert!(status == 200 && events.contains("finished"), "{events}");
    until(|| fs::read_to_string(&audit).is_ok_and(|text| text.contains("sync")));

    for name in [
        "feedback.jsonl",
        "keys.toml",
        "audit.jsonl",
        "owner.json",
        "lock",
        "generations.json",
    ] {
        assert!(data.join(name).exists(), "{name}");
    }

    assert_private(&data);
}

#[test]
fn a_data_directory_of_an_earlier_version_is_closed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (data, _) = two_documents(folder.path());
    for path in entries(&data) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    succeed(mcdewey(&data).args(["search", "kettle"]));
    assert_private(&data);
}

#[test]
fn a_directory_with_other_things_in_it_keeps_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    let (other, corpus) = (folder.path().join("other"), folder.path().join("corpus"));
    fs::create_dir(&other).unwrap();
    fs::create_dir(&corpus).unwrap();

    fs::write(
        corpus.join("kettle.md"),
        "# Kettles\n\nThe kettle boils water.",
    )
    .unwrap();

    fs::write(other.join("index.html"), "hi").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(other.join("index.html"), fs::Permissions::from_mode(0o644)).unwrap();
    fail(mcdewey(&other).arg("ready"));

    assert_eq!(
        mode(&other),
        0o755,
        "a command that only looks changes nothing"
    );

    ingest(&other, &corpus);
    fail(mcdewey(&other).arg("ready"));
    assert_eq!(
        (mode(&other), mode(&other.join("index.html"))),
        (0o755, 0o644),
        "it is shared on purpose"
    );

    assert_private(&other.join("generations"));
}

#[test]
fn what_is_written_for_people_has_their_own_mask() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.html"),
        "<html><body><main><h1>A</h1><p>Some text.</p></main></body></html>",
    )
    .unwrap();

    let mut convert = Command::new("sh");
    convert.arg("-c").arg(format!(
        "umask 022; exec {} convert a.html",
        env!("CARGO_BIN_EXE_mcdewey")
    ));
    succeed(convert.current_dir(folder.path()));

    let mode = fs::metadata(folder.path().join("a.md"))
        .unwrap()
        .permissions()
        .mode();

    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn a_deleted_lock_lets_no_second_server_in() {
    let folder = tempfile::tempdir().unwrap();
    let (data, corpus) = two_documents(folder.path());
    let server = serve(folder, &corpus, &[]);
    fs::remove_file(data.join("lock")).unwrap();
    fs::remove_file(data.join("owner.json")).unwrap();
    let mut second = mcdewey(&data);

    second
        .args(["--listen", "127.0.0.1:0", "--corpus"])
        .arg(&corpus)
        .args(["serve", "--no-ingest"]);
    let said = fail(&mut second);
    assert!(
        said.contains(&data.display().to_string()) && said.contains("owns"),
        "{said}"
    );
    assert!(
        fail(mcdewey(&data).args(["remove", "kettle.md", "--force"]))
            .contains(&data.display().to_string())
    );

    // The owner puts back what others find it by, for this version and for earlier ones.
    until(|| data.join("owner.json").exists() && data.join("lock").exists());
    until(|| File::open(data.join("lock")).unwrap().try_lock().is_err());
    let found = succeed(mcdewey(&data).args(["search", "--json", "kettle"]));
    assert!(found.contains("kettle.md"));
    assert!(fail(&mut second).contains(&format!("process {}", server.pid())));
    drop(server);
}

/// A small file system of its own; unmounted when dropped.
struct Disk {
    place: PathBuf,
}

impl Disk {
    /// Mounted on a folder; or why it cannot be.
    fn mount(place: &Path, kind: &str, mebibytes: u64) -> Result<Self, String> {
        match kind {
            "tmpfs" => {
                let size = format!("size={mebibytes}m");
                run(Command::new("mount")
                    .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
                    .arg(place))?;
            }
            _ => {
                let image = place.with_extension("image");
                File::create(&image)
                    .and_then(|file| file.set_len(mebibytes * MIB))
                    .map_err(|error| error.to_string())?;

                let made = run(Command::new("mkfs.ext4")
                    .args(["-q", "-m", "0"])
                    .arg(&image))
                .and_then(|()| {
                    run(Command::new("mount")
                        .args(["-o", "loop"])
                        .arg(&image)
                        .arg(place))
                });

                // What is mounted stays until it is unmounted.
                let _ = fs::remove_file(&image);
                made?;
            }
        }

        Ok(Self {
            place: place.to_owned(),
        })
    }

    /// Fills it up to this many bytes that stay free.
    fn fill(&self, leave: u64) {
        if free(&self.place) <= leave {
            return;
        }

        let path = self.place.join("filler");
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();

        let piece = vec![7; 256 * 1024];
        while free(&self.place) > leave {
            let rest = usize::try_from(free(&self.place) - leave)
                .unwrap()
                .min(piece.len());
            if file.write_all(&piece[..rest]).is_err() {
                break;
            }
        }

        // What is still to be written out takes its blocks now.
        let _ = file.sync_all();
    }

    fn clear(&self) {
        let _ = fs::remove_file(self.place.join("filler"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
        let _ = fs::remove_dir(&self.place);
    }
}

fn free(place: &Path) -> u64 {
    mcdewey_store::free_space(place).unwrap()
}

/// Does something on a small disk of each kind.
fn on_small_disks(test: &str, mebibytes: u64, work: impl Fn(TempDir, &Disk)) {
    for kind in ["tmpfs", "ext4"] {
        let folder = tempfile::tempdir().unwrap();
        match Disk::mount(folder.path(), kind, mebibytes) {
            Ok(disk) => {
                // Nothing but the disk itself is to decide.
                fs::write(folder.path().join("mcdewey.toml"), "min_free_mb = 0\n").unwrap();
                work(folder, &disk);
            }
            Err(reason) => skip(test, &format!("a small {kind} cannot be mounted: {reason}")),
        }
    }
}

/// The command ends by itself, with words where it does not succeed; says whether it did.
fn ends_with_words(output: &Output, when: &str) -> bool {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.signal(), Some(SIGBUS), "{when}: {said}");
    assert_eq!(output.status.signal(), None, "{when}: {said}");

    if !output.status.success() {
        assert!(
            said.contains("error: ") && !said.contains("panicked"),
            "{when}: {said}"
        );
        assert!(
            said.contains("free") || said.contains("No space left"),
            "{when}: {said}"
        );
    }

    output.status.success()
}

#[test]
fn a_disk_with_too_little_space_is_told_whatever_is_left() {
    let corpora = tempfile::tempdir().unwrap();
    let (before, after) = (corpora.path().join("before"), corpora.path().join("after"));
    write_corpora(&before, &after);

    on_small_disks(
        "a_disk_with_too_little_space_is_told_whatever_is_left",
        96,
        |folder, disk| {
            let data = folder.path().join("data");
            let mut worked = 0;
            for leave in [
                0,
                64 * 1024,
                MIB,
                8 * MIB,
                17 * MIB,
                20 * MIB,
                24 * MIB,
                48 * MIB,
            ] {
                disk.fill(leave);
                let output = mcdewey(&data).arg("ingest").arg(&before).output().unwrap();
                worked += u32::from(ends_with_words(&output, &format!("{leave} bytes are left")));
                disk.clear();
                // The next level begins anew, except that a library that came to be is kept for one that is full.
                if worked == 0 {
                    let _ = fs::remove_dir_all(&data);
                }
            }

            assert!(worked > 0, "with enough space it works");
            for leave in [0, 16 * 1024, 256 * 1024, MIB, 4 * MIB] {
                disk.fill(leave);
                let output = mcdewey(&data).arg("ingest").arg(&after).output().unwrap();
                ends_with_words(
                    &output,
                    &format!("the library is there and {leave} bytes are left"),
                );
                disk.clear();
            }

            let report = ingest(&data, &after);
            assert_eq!(report["skipped"], json!([]), "{report:#}");
            let found =
                succeed(mcdewey(&data).args(["search", "--json", "second edition certificates"]));
            assert!(found.contains("part-"), "{found}");
        },
    );
}

#[test]
fn a_disk_that_fills_during_ingest_ends_with_words_and_loses_nothing() {
    let corpora = tempfile::tempdir().unwrap();
    let corpus = corpora.path().join("corpus");
    many_documents(&corpus, 24);

    on_small_disks(
        "a_disk_that_fills_during_ingest_ends_with_words_and_loses_nothing",
        128,
        |folder, disk| {
            let mut broke_off = 0;

            // With so little left, some files still find blocks and others do not.
            for (after, leave) in [(1, 0), (1, 800 * 1024), (1, 1200 * 1024)] {
                let data = folder.path().join("data");
                let mut child = mcdewey(&data)
                    .args(["ingest", "--json"])
                    .arg(&corpus)
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap();

                // Another process fills the disk when so many documents are in, and takes what is freed.
                while child.try_wait().unwrap().is_none() && documents(&data) < after {
                    std::thread::sleep(Duration::from_millis(10));
                }

                let known = documents(&data);
                while child.try_wait().unwrap().is_none() {
                    disk.fill(leave);
                    std::thread::sleep(Duration::from_millis(20));
                }

                let output = child.wait_with_output().unwrap();
                broke_off += u32::from(!ends_with_words(
                    &output,
                    &format!("{after} documents are in, {leave} bytes are left"),
                ));
                disk.clear();
                assert!(documents(&data) >= known, "nothing that was in is lost");
                fs::remove_dir_all(&data).unwrap();
            }

            assert!(broke_off > 0, "the disk was never full in time");
        },
    );
}

/// So many documents of a few pages.
fn many_documents(corpus: &Path, documents: usize) {
    fs::create_dir_all(corpus).unwrap();
    for document in 0..documents {
        let mut text = format!("# Guide {document}\n");
        for page in 1..=8 {
            let words: Vec<String> = (0..60)
                .map(|word| format!("term{document}x{page}x{}", word * 7 % 97))
                .collect();
            text.push_str(&format!(
                "\n<!-- page: {page} -->\n\n## Topic {page}\n\n{}\n",
                words.join(" ")
            ));
        }

        fs::write(corpus.join(format!("guide-{document:03}.md")), text).unwrap();
    }
}

/// Documents that the catalogue of a data directory holds now.
fn documents(data: &Path) -> u64 {
    let generations = mcdewey_store::Generations::look(data).unwrap_or_default();
    generations
        .iter()
        .map(|generation| generation.documents)
        .max()
        .unwrap_or(0)
}

#[test]
fn a_server_whose_disk_is_full_stays_and_tells() {
    on_small_disks(
        "a_server_whose_disk_is_full_stays_and_tells",
        96,
        |folder, disk| {
            let (data, corpus) = two_documents(folder.path());
            fs::write(
                corpus.join("zebra.md"),
                "# Zebras\n\nThe zebra crosses the road.",
            )
            .unwrap();

            let server = serve(folder, &corpus, &[]);
            disk.fill(0);
            let (status, events) = post(&server, "/api/v1/sync", "application/json", "{}");

            assert!(
                status == 200 && events.contains("failed") && events.contains("free some space"),
                "{events}"
            );
            assert_eq!(
                server.search(&json!({"q": "kettle"}))["hits"][0]["source"],
                "kettle.md"
            );
            disk.clear();
            let (_, events) = post(&server, "/api/v1/sync", "application/json", "{}");
            assert!(events.contains("finished"), "{events}");
            assert_eq!(
                server.search(&json!({"q": "zebra"}))["hits"][0]["source"],
                "zebra.md"
            );
            assert_eq!(documents(&data), 3);
            assert!(server.terminate().success());
        },
    );
}

#[test]
fn the_audit_log_has_whole_lines_after_the_disk_was_full() {
    on_small_disks(
        "the_audit_log_has_whole_lines_after_the_disk_was_full",
        96,
        |folder, disk| {
            let (data, corpus) = two_documents(folder.path());
            let audit = data.join("who.log");
            fs::write(&audit, "").unwrap();
            fs::set_permissions(&audit, fs::Permissions::from_mode(0o644)).unwrap();

            let server = serve(
                folder,
                &corpus,
                &["--audit-log", &audit.display().to_string()],
            );

            assert_eq!(
                fs::metadata(&audit).unwrap().permissions().mode() & 0o777,
                0o600
            );
            disk.fill(0);
            for number in 0..200 {
                server.get(&format!("/{number}/{}", "x".repeat(300)));
            }

            disk.clear();
            until(|| {
                server.get("/afterwards");
                fs::read_to_string(&audit).unwrap().contains("afterwards")
            });

            let text = fs::read_to_string(&audit).unwrap();
            for line in text.lines() {
                let entry: Result<Value, _> = serde_json::from_str(line);
                assert!(entry.is_ok_and(|entry| entry["time"].is_string()), "{line}");
            }

            assert!(text.ends_with('\n'));
        },
    );
}

#[test]
fn a_removal_says_how_much_space_it_needs_and_takes_along_what_was_said_of_the_document() {
    let test =
        "a_removal_says_how_much_space_it_needs_and_takes_along_what_was_said_of_the_document";
    on_small_disks(test, 96, |folder, disk| {
        let (data, corpus) = two_documents(folder.path());
        let server = serve(folder, &corpus, &["--question-log", "all"]);
        endorse(&server, "when does it boil", "kettle::0");
        endorse(&server, "how is it tuned", "violin::0");

        assert!(
            fs::read_to_string(data.join("feedback.jsonl"))
                .unwrap()
                .contains("Boiling")
        );

        let asked = |q: &str, source: &str| {
            server.search(&json!({"q": q, "source": [source], "mode": "keyword"}))
        };

        assert_eq!(
            asked("kettle minutes", "kettle.md")["hits"][0]["source"],
            "kettle.md"
        );
        assert_eq!(
            asked("violin fifths", "violin.md")["hits"][0]["source"],
            "violin.md"
        );
        fs::remove_file(corpus.join("kettle.md")).unwrap();

        disk.fill(2 * MIB);
        let body = r#"{"sources": ["kettle.md"]}"#;
        let (status, told) = post(&server, "/api/v1/removals", "application/json", body);
        let problem: Value = serde_json::from_str(&told).unwrap();

        assert_eq!(
            (status, &problem["code"]),
            (507, &json!("no_space")),
            "{told}"
        );

        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("removal") && detail.matches("MiB").count() >= 2,
            "{detail}"
        );

        let remove = || {
            let mut command = mcdewey(&data);
            command
                .arg("--corpus")
                .arg(&corpus)
                .args(["remove", "kettle.md"]);
            command
        };

        let said = fail(&mut remove());
        assert!(said.contains("MiB") && !said.contains("search"), "{said}");
        assert_eq!(
            server.search(&json!({"q": "kettle"}))["hits"][0]["source"],
            "kettle.md",
            "nothing is half removed"
        );
        assert!(
            fs::read_to_string(data.join("feedback.jsonl"))
                .unwrap()
                .contains("Boiling")
        );

        disk.clear();
        let said = succeed(&mut remove());
        assert!(
            said.contains("nothing of them is left") && said.contains("1 judgments"),
            "{said}"
        );
        let feedback = fs::read_to_string(data.join("feedback.jsonl")).unwrap();

        assert!(
            !feedback.contains("kettle")
                && !feedback.contains("Boiling")
                && !feedback.contains("boil"),
            "{feedback}"
        );
        assert!(
            feedback.contains("violin.md"),
            "what was said of others stays"
        );
        let kept = questions(&server);

        assert!(
            !kept.contains("kettle") && kept.contains("violin fifths"),
            "{kept}"
        );

        for path in entries(&data).into_iter().filter(|path| path.is_file()) {
            let bytes = fs::read(&path).unwrap();
            for trace in ["kettle", "Kettles", "boils water"] {
                let found = bytes
                    .windows(trace.len())
                    .any(|window| window == trace.as_bytes());
                assert!(!found, "{trace} stands in {}", path.display());
            }
        }
    });
}

#[test]
fn a_removal_without_a_server_says_how_much_space_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let (data, corpus) = two_documents(folder.path());
    fs::remove_file(corpus.join("kettle.md")).unwrap();
    let feedback = data.join("feedback.jsonl");
    let line =
        r#"{"q":"when does it boil","kind":"feedback","source":"kettle.md","heading":"Boiling"}"#;
    fs::write(&feedback, format!("{line}\n")).unwrap();

    // As a writer that was killed leaves it.
    fs::write(
        data.join("feedback.jsonl.a1B2c3.draft"),
        format!("{line}\n"),
    )
    .unwrap();

    // A floor that no disk has.
    fs::write(
        folder.path().join("mcdewey.toml"),
        format!("min_free_mb = {}\n", u64::from(u32::MAX)),
    )
    .unwrap();

    let remove = || {
        let mut command = mcdewey(&data);
        command
            .arg("--corpus")
            .arg(&corpus)
            .args(["remove", "kettle.md"]);
        command
    };

    let said = fail(&mut remove());
    assert!(
        said.contains("disk space") && said.contains("MiB free"),
        "{said}"
    );
    assert_eq!(documents(&data), 2);
    fs::remove_file(folder.path().join("mcdewey.toml")).unwrap();
    let said = succeed(&mut remove());

    assert!(
        said.contains("1 judgments") && said.contains("nothing of them is left"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&feedback).unwrap(), "");
}
