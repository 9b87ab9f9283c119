//! Files on disk: accessible to their owner only, locked by one process even if files are deleted,
//! intact when the disk fills, and gone after a removal.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::crash::write_corpora;
use crate::support::{
    Server, agent, fail, ingest, mcdewey, run, skip, succeed, wait_closely_until, wait_until,
};

/// The signal for a write into a mapped file for which the disk has no free block.
const SIGBUS: i32 = 7;
const MIB: u64 = 1024 * 1024;
/// For what a running server does by itself.
const SERVER_REACTS_WITHIN: Duration = Duration::from_secs(30);
/// Far longer than an ingest of a small corpus takes.
const INGEST_LIMIT: Duration = Duration::from_secs(300);

/// Everything in a folder, including the folder.
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
    assert!(all.len() > 30, "the library is complete");
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

/// A library of two documents, and its corpus.
fn two_documents(folder: &Path) -> (PathBuf, PathBuf) {
    let (data, corpus) = (folder.join("data"), folder.join("corpus"));
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

/// The token through which commands of the same user reach the owner of a data directory.
fn token(data: &Path) -> String {
    let owner: Value =
        serde_json::from_str(&fs::read_to_string(data.join("owner.json")).unwrap()).unwrap();
    owner["token"].as_str().unwrap().to_owned()
}

fn post(server: &Server, path: &str, kind: &str, body: &str) -> (u16, String) {
    let request = agent()
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
    let request = agent().get(format!("{}/api/v1/questions", server.address));
    let request = request.header("authorization", format!("Bearer {}", token(&server.data())));
    request.call().unwrap().body_mut().read_to_string().unwrap()
}

/// Sends feedback that a chunk answers a question.
fn send_feedback(server: &Server, question: &str, chunk: &str) {
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
fn everything_in_a_data_directory_is_accessible_to_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();

    // With the default mode, as an operator may have created it.
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

    send_feedback(&server, "when does it boil", "kettle::0");
    let (status, events) = post(&server, "/api/v1/sync", "application/json", "{}");
    assert!(status == 200 && events.contains("finished"), "{events}");
    wait_until(SERVER_REACTS_WITHIN, || {
        fs::read_to_string(&audit).is_ok_and(|text| text.contains("sync"))
    });

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
fn permissions_of_an_earlier_version_are_tightened_at_startup() {
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
fn a_shared_directory_keeps_its_mode() {
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

    assert_eq!(mode(&other), 0o755, "a read-only command changes nothing");

    ingest(&other, &corpus);
    fail(mcdewey(&other).arg("ready"));
    assert_eq!(
        (mode(&other), mode(&other.join("index.html"))),
        (0o755, 0o644),
        "a directory with other files may be shared on purpose"
    );

    assert_private(&other.join("generations"));
}

#[test]
fn converted_files_follow_the_umask() {
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
fn a_deleted_lock_file_lets_no_second_server_in() {
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
    let stderr = fail(&mut second);
    assert!(
        stderr.contains(&data.display().to_string()) && stderr.contains("owns"),
        "{stderr}"
    );
    assert!(
        fail(mcdewey(&data).args(["remove", "kettle.md", "--force"]))
            .contains(&data.display().to_string())
    );

    // The owner restores the files through which this version and earlier ones find it.
    wait_until(SERVER_REACTS_WITHIN, || {
        data.join("owner.json").exists() && data.join("lock").exists()
    });
    wait_until(SERVER_REACTS_WITHIN, || {
        File::open(data.join("lock")).unwrap().try_lock().is_err()
    });
    let found = succeed(mcdewey(&data).args(["search", "--json", "kettle"]));
    assert!(found.contains("kettle.md"));
    assert!(fail(&mut second).contains(&format!("process {}", server.pid())));
    drop(server);
}

/// A small separate file system; unmounted when dropped.
struct Disk {
    mount_point: PathBuf,
}

impl Disk {
    /// Mounts it on a folder; the error is the reason why it cannot be mounted.
    fn mount(mount_point: &Path, kind: &str, mebibytes: u64) -> Result<Self, String> {
        match kind {
            "tmpfs" => {
                let size = format!("size={mebibytes}m");
                run(Command::new("mount")
                    .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
                    .arg(mount_point))?;
            }
            _ => {
                let image = mount_point.with_extension("image");
                File::create(&image)
                    .and_then(|file| file.set_len(mebibytes * MIB))
                    .map_err(|error| error.to_string())?;

                let mounted = run(Command::new("mkfs.ext4")
                    .args(["-q", "-m", "0"])
                    .arg(&image))
                .and_then(|()| {
                    run(Command::new("mount")
                        .args(["-o", "loop"])
                        .arg(&image)
                        .arg(mount_point))
                });

                // The mounted file system keeps the image alive.
                let _ = fs::remove_file(&image);
                mounted?;
            }
        }

        Ok(Self {
            mount_point: mount_point.to_owned(),
        })
    }

    /// Fills it until this many bytes are free.
    fn fill(&self, leave: u64) {
        if free(&self.mount_point) <= leave {
            return;
        }

        let path = self.mount_point.join("filler");
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();

        let piece = vec![7; 256 * 1024];
        while free(&self.mount_point) > leave {
            let rest = usize::try_from(free(&self.mount_point) - leave)
                .unwrap()
                .min(piece.len());
            if file.write_all(&piece[..rest]).is_err() {
                break;
            }
        }

        // Allocates the blocks of what is not written back yet.
        let _ = file.sync_all();
    }

    fn clear(&self) {
        let _ = fs::remove_file(self.mount_point.join("filler"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(&self.mount_point)
            .status();
        let _ = fs::remove_dir(&self.mount_point);
    }
}

fn free(path: &Path) -> u64 {
    mcdewey_store::free_space(path).unwrap()
}

/// Runs a test on a small disk of each kind.
fn on_small_disks(test: &str, mebibytes: u64, work: impl Fn(TempDir, &Disk)) {
    for kind in ["tmpfs", "ext4"] {
        let folder = tempfile::tempdir().unwrap();
        match Disk::mount(folder.path(), kind, mebibytes) {
            Ok(disk) => {
                // Only the disk itself may decide.
                fs::write(folder.path().join("mcdewey.toml"), "min_free_mb = 0\n").unwrap();
                work(folder, &disk);
            }
            Err(reason) => skip(test, &format!("a small {kind} cannot be mounted: {reason}")),
        }
    }
}

/// Requires that a command exits by itself, with an error message unless it succeeds; reports
/// whether it succeeded.
fn exits_cleanly(output: &Output, when: &str) -> bool {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.signal(), Some(SIGBUS), "{when}: {stderr}");
    assert_eq!(output.status.signal(), None, "{when}: {stderr}");

    if !output.status.success() {
        assert!(
            stderr.contains("error: ") && !stderr.contains("panicked"),
            "{when}: {stderr}"
        );
        assert!(
            stderr.contains("free") || stderr.contains("No space left"),
            "{when}: {stderr}"
        );
    }

    output.status.success()
}

#[test]
fn too_little_disk_space_is_reported_whatever_is_left() {
    let corpora = tempfile::tempdir().unwrap();
    let (before, after) = (corpora.path().join("before"), corpora.path().join("after"));
    write_corpora(&before, &after);

    on_small_disks(
        "too_little_disk_space_is_reported_whatever_is_left",
        96,
        |folder, disk| {
            let data = folder.path().join("data");
            let mut succeeded = 0;
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
                succeeded += u32::from(exits_cleanly(&output, &format!("{leave} bytes are left")));
                disk.clear();
                // Each level starts without a library, until one was built: it is used below.
                if succeeded == 0 {
                    let _ = fs::remove_dir_all(&data);
                }
            }

            assert!(succeeded > 0, "an ingest with enough space succeeds");
            // A few KiB are enough to create files, but not to write to all of their mapped pages.
            let few = (5..=12).map(|kibibytes| kibibytes * 1024);
            let more = [16 * 1024, 64 * 1024, 256 * 1024, MIB, 4 * MIB];
            for leave in std::iter::once(0).chain(few).chain(more) {
                disk.fill(leave);
                let output = mcdewey(&data).arg("ingest").arg(&after).output().unwrap();
                exits_cleanly(
                    &output,
                    &format!("the library exists and {leave} bytes are left"),
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
fn a_disk_that_fills_during_ingest_is_reported_and_loses_nothing() {
    let corpora = tempfile::tempdir().unwrap();
    let corpus = corpora.path().join("corpus");
    write_documents(&corpus, 24);

    on_small_disks(
        "a_disk_that_fills_during_ingest_is_reported_and_loses_nothing",
        128,
        |folder, disk| {
            let mut failed = 0;

            // With so little space left, some files still get blocks and others do not.
            for (after, leave) in [(1, 0), (1, 800 * 1024), (1, 1200 * 1024)] {
                let data = folder.path().join("data");
                let mut child = mcdewey(&data)
                    .args(["ingest", "--json"])
                    .arg(&corpus)
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap();

                // Fills the disk as soon as so many documents are committed, and again whenever the
                // ingest frees space.
                wait_closely_until(INGEST_LIMIT, || {
                    child.try_wait().unwrap().is_some() || documents(&data) >= after
                });

                let committed = documents(&data);
                wait_closely_until(INGEST_LIMIT, || {
                    disk.fill(leave);
                    child.try_wait().unwrap().is_some()
                });

                let output = child.wait_with_output().unwrap();
                failed += u32::from(!exits_cleanly(
                    &output,
                    &format!("{after} documents are committed, {leave} bytes are left"),
                ));
                disk.clear();
                assert!(
                    documents(&data) >= committed,
                    "no committed document is lost"
                );
                fs::remove_dir_all(&data).unwrap();
            }

            assert!(failed > 0, "the disk was never full in time");
        },
    );
}

/// Writes documents of eight pages each.
fn write_documents(corpus: &Path, documents: usize) {
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

/// The number of documents in the catalogue of a data directory.
fn documents(data: &Path) -> u64 {
    let generations = mcdewey_store::Generations::list(data).unwrap_or_default();
    generations
        .iter()
        .map(|generation| generation.documents)
        .max()
        .unwrap_or(0)
}

#[test]
fn a_server_with_a_full_disk_stays_up_and_reports_it() {
    on_small_disks(
        "a_server_with_a_full_disk_stays_up_and_reports_it",
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
fn the_audit_log_has_only_whole_lines_after_a_full_disk() {
    on_small_disks(
        "the_audit_log_has_only_whole_lines_after_a_full_disk",
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
            wait_until(SERVER_REACTS_WITHIN, || {
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
fn a_removal_reports_the_space_it_needs_and_erases_feedback_and_questions() {
    let test = "a_removal_reports_the_space_it_needs_and_erases_feedback_and_questions";
    on_small_disks(test, 96, |folder, disk| {
        let (data, corpus) = two_documents(folder.path());
        let server = serve(folder, &corpus, &["--question-log", "all"]);
        send_feedback(&server, "when does it boil", "kettle::0");
        send_feedback(&server, "how is it tuned", "violin::0");

        assert!(
            fs::read_to_string(data.join("feedback.jsonl"))
                .unwrap()
                .contains("Boiling")
        );

        let search = |q: &str, source: &str| {
            server.search(&json!({"q": q, "source": [source], "mode": "keyword"}))
        };

        assert_eq!(
            search("kettle minutes", "kettle.md")["hits"][0]["source"],
            "kettle.md"
        );
        assert_eq!(
            search("violin fifths", "violin.md")["hits"][0]["source"],
            "violin.md"
        );
        fs::remove_file(corpus.join("kettle.md")).unwrap();

        disk.fill(2 * MIB);
        let body = r#"{"sources": ["kettle.md"]}"#;
        let (status, body) = post(&server, "/api/v1/removals", "application/json", body);
        let problem: Value = serde_json::from_str(&body).unwrap();

        assert_eq!(
            (status, &problem["code"]),
            (507, &json!("no_space")),
            "{body}"
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

        let stderr = fail(&mut remove());
        assert!(
            stderr.contains("MiB") && !stderr.contains("search"),
            "{stderr}"
        );
        assert_eq!(
            server.search(&json!({"q": "kettle"}))["hits"][0]["source"],
            "kettle.md",
            "nothing is removed partially"
        );
        assert!(
            fs::read_to_string(data.join("feedback.jsonl"))
                .unwrap()
                .contains("Boiling")
        );

        disk.clear();
        let stdout = succeed(&mut remove());
        assert!(
            stdout.contains("nothing of them is left") && stdout.contains("1 judgments"),
            "{stdout}"
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
            "feedback on other documents stays"
        );
        let remaining = questions(&server);

        assert!(
            !remaining.contains("kettle") && remaining.contains("violin fifths"),
            "{remaining}"
        );

        for path in entries(&data).into_iter().filter(|path| path.is_file()) {
            let bytes = fs::read(&path).unwrap();
            for trace in ["kettle", "Kettles", "boils water"] {
                let found = bytes
                    .windows(trace.len())
                    .any(|window| window == trace.as_bytes());
                assert!(!found, "{trace} is in {}", path.display());
            }
        }
    });
}

#[test]
fn a_removal_without_a_server_reports_the_space_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let (data, corpus) = two_documents(folder.path());
    fs::remove_file(corpus.join("kettle.md")).unwrap();
    let feedback = data.join("feedback.jsonl");
    let line =
        r#"{"q":"when does it boil","kind":"feedback","source":"kettle.md","heading":"Boiling"}"#;
    fs::write(&feedback, format!("{line}\n")).unwrap();

    // A leftover of a killed writer.
    fs::write(
        data.join("feedback.jsonl.a1B2c3.draft"),
        format!("{line}\n"),
    )
    .unwrap();

    // No disk has this much free space.
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

    let stderr = fail(&mut remove());
    assert!(
        stderr.contains("disk space") && stderr.contains("MiB free"),
        "{stderr}"
    );
    assert_eq!(documents(&data), 2);
    fs::remove_file(folder.path().join("mcdewey.toml")).unwrap();
    let stdout = succeed(&mut remove());

    assert!(
        stdout.contains("1 judgments") && stdout.contains("nothing of them is left"),
        "{stdout}"
    );
    assert_eq!(fs::read_to_string(&feedback).unwrap(), "");
}
