//! Backups: made beside a server that answers and ingests, checked, and restored where nothing else is.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{
    Server, chunk_ids, fail, ingest, mcdewey, mcdewey_with_models, repository, sample_library,
    succeed, wait_until,
};

const QUESTION: &str = "barge state in CCX";

fn back_up(data: &Path, file: &Path) -> Value {
    let text = succeed(mcdewey(data).arg("backup").arg(file).arg("--json"));
    serde_json::from_str(&text).unwrap()
}

fn search(data: &Path) -> Value {
    let text = succeed(mcdewey(data).args(["search", QUESTION, "--json"]));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn backups_made_while_a_server_ingests_are_whole_and_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    fs::create_dir(&corpus).unwrap();
    let write = |round: usize| {
        for number in 0..8 {
            let text = format!("# Guide {number}\n\nThe kettle boils in round{round}.\n");
            fs::write(corpus.join(format!("{number}.md")), text).unwrap();
        }
    };
    write(0);
    ingest(&folder.path().join("data"), &corpus);
    let server = Server::start(folder, &corpus);
    let (data, backups) = (server.data(), tempfile::tempdir().unwrap());

    let made: Vec<PathBuf> = std::thread::scope(|scope| {
        let changes = scope.spawn(|| {
            for round in 1..=6 {
                write(round);
                ingest(&data, &corpus);
            }
        });

        let mut made = Vec::new();
        while !changes.is_finished() || made.is_empty() {
            let file = backups.path().join(format!("{}.zip", made.len()));
            assert_eq!(back_up(&data, &file)["documents"], 8);
            made.push(file);
        }
        changes.join().unwrap();
        made
    });

    let restored = backups.path().join("restored");
    for file in &made {
        succeed(mcdewey(&data).arg("verify").arg(file));
        succeed(mcdewey(&restored).arg("restore").arg(file));
        let text =
            succeed(mcdewey(&restored).args(["search", "kettle", "--json", "--limit", "20"]));
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["degraded"], Value::Null);
        assert_eq!(chunk_ids(&answer).len(), 8, "{answer:#}");
        fs::remove_dir_all(&restored).unwrap();
    }
}

#[test]
fn a_backup_with_models_answers_on_an_empty_machine() {
    let folder = sample_library();
    let data = folder.path().join("data");
    succeed(mcdewey(&data).args(["keys", "create", "someone"]));
    let expected = search(&data);
    let file = folder.path().join("library.zip");
    succeed(mcdewey(&data).arg("backup").arg(&file).arg("--with-models"));

    let empty = tempfile::tempdir().unwrap();
    let (data, models) = (empty.path().join("data"), empty.path().join("models"));
    // Nothing can be downloaded: there is no such interpreter.
    fs::write(
        empty.path().join("mcdewey.toml"),
        "python = 'no-such-python'",
    )
    .unwrap();
    succeed(
        mcdewey_with_models(&data, &models)
            .arg("restore")
            .arg(&file),
    );
    let text = succeed(mcdewey_with_models(&data, &models).args(["search", QUESTION, "--json"]));
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found["hits"], expected["hits"]);
    let keys = succeed(mcdewey_with_models(&data, &models).args(["keys", "list"]));
    assert!(keys.contains("someone"), "{keys}");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&data)), (0o600, 0o700));
    }
}

#[test]
fn a_damaged_backup_is_refused_and_changes_nothing() {
    let folder = sample_library();
    let data = folder.path().join("data");
    let file = folder.path().join("library.zip");
    back_up(&data, &file);
    let whole = fs::read(&file).unwrap();
    let expected = search(&data);

    let (damaged, restored) = (
        folder.path().join("damaged.zip"),
        folder.path().join("restored"),
    );
    for number in 0..12_usize {
        let mut bytes = whole.clone();
        let position = bytes.len() * (2 * number + 1) / 24;
        if number % 3 == 0 {
            bytes.truncate(position);
        } else {
            bytes[position] ^= 1 << (number % 8);
        }
        fs::write(&damaged, bytes).unwrap();

        let restore = mcdewey(&restored)
            .arg("restore")
            .arg(&damaged)
            .output()
            .unwrap();
        if restore.status.success() {
            // The dates of a ZIP file, for example, mean nothing here.
            assert_eq!(
                search(&restored)["hits"],
                expected["hits"],
                "byte {position}"
            );
            fs::remove_dir_all(&restored).unwrap();
        } else {
            assert!(!restored.exists(), "byte {position}");
            fail(mcdewey(&data).arg("verify").arg(&damaged));
        }
        let left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name.to_string_lossy().starts_with('.'))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_backup_overwrites_nothing_and_a_restore_neither() {
    let folder = sample_library();
    let data = folder.path().join("data");
    let file = folder.path().join("library.zip");
    back_up(&data, &file);
    let error = fail(mcdewey(&data).arg("backup").arg(&file));
    assert!(error.contains("exists already"), "{error}");
    let error = fail(mcdewey(&data).arg("restore").arg(&file));
    assert!(error.contains("not empty"), "{error}");

    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let error = fail(
        mcdewey(&empty)
            .arg("backup")
            .arg(folder.path().join("none.zip")),
    );
    assert!(error.contains("no complete library"), "{error}");
    assert!(!folder.path().join("none.zip").exists());
}

#[test]
fn a_server_makes_backups_by_itself_and_keeps_the_newest() {
    let folder = sample_library();
    let backups = folder.path().join("backups");
    fs::create_dir(&backups).unwrap();
    for day in 1..=3 {
        let name = format!("mcdewey-2020-01-0{day}T00-00-00Z.zip");
        fs::write(backups.join(&name), "old").unwrap();
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_577_836_800);
        let file = fs::File::options()
            .write(true)
            .open(backups.join(name))
            .unwrap();
        file.set_modified(long_ago).unwrap();
    }
    fs::write(backups.join("mine.zip"), "mine").unwrap();
    let settings = format!("[backup]\ndir = '{}'\nkeep = 2", backups.display());
    fs::write(folder.path().join("mcdewey.toml"), settings).unwrap();

    let server = Server::start(folder, &repository().join("corpus"));
    let names = || -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&backups)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    wait_until(std::time::Duration::from_secs(60), || {
        server.log().contains("made a backup")
    });
    let found = names();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0], "mcdewey-2020-01-03T00-00-00Z.zip");
    assert_eq!(found[2], "mine.zip");
    succeed(
        mcdewey(&server.data())
            .arg("verify")
            .arg(backups.join(&found[1])),
    );
}
