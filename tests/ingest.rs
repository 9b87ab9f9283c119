//! Updating a library: unchanged files cost nothing, deleted files are removed, unreadable files
//! are reported.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{fail, ingest, mcdewey, repository, sample_library, succeed};

/// A temporary folder with a small corpus and a data directory.
struct SmallLibrary {
    folder: TempDir,
}

impl SmallLibrary {
    fn new(files: &[(&str, &str)]) -> Self {
        let library = Self {
            folder: tempfile::tempdir().unwrap(),
        };

        files
            .iter()
            .for_each(|(path, text)| library.write(path, text));
        library
    }

    fn corpus(&self) -> PathBuf {
        self.folder.path().join("corpus")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.corpus().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn ingest(&self) -> Value {
        ingest(&self.data(), &self.corpus())
    }

    fn sources(&self, question: &str) -> Vec<String> {
        let answer = succeed(mcdewey(&self.data()).args(["search", "--json", question]));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["hits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["source"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn counts(report: &Value) -> [u64; 5] {
    ["unchanged", "parsed", "embedded", "written", "removed"]
        .map(|name| report[name].as_u64().unwrap())
}

#[test]
fn a_second_run_does_nothing() {
    let library = sample_library();
    let data = library.path().join("data");
    let first = ingest(&data, &repository().join("corpus"));
    let second = ingest(&data, &repository().join("corpus"));
    assert_eq!(counts(&second)[1..], [0, 0, 0, 0], "{second:#}");
    assert_eq!(second["revision"], first["revision"]);
    assert_eq!(second["files"], second["unchanged"]);
}

#[test]
fn changed_files_are_replaced_and_removed_files_go() {
    let library = SmallLibrary::new(&[
        ("p/v1/g/a.md", "# Alpha\n\nThe telescope shows the moon."),
        ("p/v1/g/b.md", "# Beta\n\nThe kettle boils water."),
    ]);
    assert_eq!(counts(&library.ingest()), [0, 2, 2, 2, 0]);
    library.write("p/v1/g/a.md", "# Alpha\n\nThe violin plays a song.");
    assert_eq!(counts(&library.ingest()), [1, 1, 1, 1, 0]);
    std::fs::remove_file(library.corpus().join("p/v1/g/b.md")).unwrap();
    assert_eq!(counts(&library.ingest()), [1, 0, 0, 0, 1]);
    assert_eq!(library.sources("kettle"), ["p/v1/g/a.md"]);
}

#[test]
fn removal_never_reaches_beyond_the_walked_folder() {
    let library = SmallLibrary::new(&[
        ("p/v1/g/a.md", "# Alpha\n\nOne."),
        ("q/v1/g/b.md", "# Beta\n\nTwo."),
    ]);
    library.ingest();
    std::fs::remove_file(library.corpus().join("p/v1/g/a.md")).unwrap();
    std::fs::remove_file(library.corpus().join("q/v1/g/b.md")).unwrap();
    library.write("q/v1/g/c.md", "# Gamma\n\nThree.");

    let report = succeed(
        mcdewey(&library.data())
            .arg("--corpus")
            .arg(library.corpus())
            .arg("ingest")
            .arg(library.corpus().join("q"))
            .arg("--json"),
    );

    assert_eq!(
        counts(&serde_json::from_str(&report).unwrap())[4],
        1,
        "{report}"
    );

    let mut left = library.sources("anything");
    left.sort();
    assert_eq!(left, ["p/v1/g/a.md", "q/v1/g/c.md"]);
}

#[test]
fn ingesting_another_folder_removes_nothing() {
    let library = SmallLibrary::new(&[("p/v1/g/a.md", "# Alpha\n\nOne.")]);
    library.ingest();
    let other = library.folder.path().join("other/q/v1/g");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("b.md"), "# Beta\n\nTwo.").unwrap();
    let report = ingest(&library.data(), &library.folder.path().join("other"));
    assert_eq!(counts(&report), [0, 1, 1, 1, 0], "{report:#}");
    let mut sources = library.sources("anything");
    sources.sort();

    assert_eq!(sources, ["p/v1/g/a.md", "q/v1/g/b.md"]);
}

#[test]
fn a_missing_or_emptied_root_removes_nothing() {
    let library = SmallLibrary::new(&[("p/v1/g/a.md", "# Alpha\n\nOne.")]);
    library.ingest();
    std::fs::rename(library.corpus(), library.folder.path().join("away")).unwrap();

    let stderr = fail(
        mcdewey(&library.data())
            .arg("--corpus")
            .arg(library.corpus())
            .arg("ingest"),
    );

    assert!(stderr.contains("corpus"), "{stderr}");
    std::fs::create_dir(library.corpus()).unwrap();
    fail(
        mcdewey(&library.data())
            .arg("--corpus")
            .arg(library.corpus())
            .arg("ingest"),
    );

    assert_eq!(library.sources("alpha"), ["p/v1/g/a.md"]);
}

#[test]
fn unreadable_files_are_reported_and_the_others_ingested() {
    let library = SmallLibrary::new(&[("p/v1/g/good.md", "# Good\n\nText.")]);
    library.write("p/v1/g/latin.md", b"caf\xe9");
    library.write("p/v1/g/nul.md", b"a\0b");
    library.write("p/v1/g/photo.png", b"\x89PNG");
    library.write("p/v1/g/empty.md", b"");
    library.write("p/v1/g/front-matter.md", b"---\ntitle: Nothing\n---\n");
    library.write("p/v1/g/twin.md", b"# Twin\n\nOne.");
    library.write("p/v1/g/twin.markdown", b"# Twin\n\nTwo.");
    let report = library.ingest();

    let skipped: Vec<&str> = report["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["path"].as_str().unwrap())
        .collect();

    for name in [
        "latin.md",
        "nul.md",
        "photo.png",
        "empty.md",
        "front-matter.md",
        "twin.md",
        "twin.markdown",
    ] {
        assert!(
            skipped.iter().any(|path| path.ends_with(name)),
            "{name} is not among {skipped:?}"
        );
    }

    assert_eq!(report["written"], json!(1));
    assert_eq!(report["files"], json!(8));
}

#[test]
fn an_unusable_data_directory_is_a_clear_error() {
    let library = SmallLibrary::new(&[("p/v1/g/a.md", "# Alpha\n\nOne.")]);
    let blocked = library.folder.path().join("file");
    std::fs::write(&blocked, "not a folder").unwrap();

    let stderr = fail(
        mcdewey(&blocked.join("data"))
            .current_dir(library.folder.path())
            .arg("ingest")
            .arg(library.corpus()),
    );

    assert!(
        stderr.contains("data") && stderr.starts_with("error: "),
        "{stderr}"
    );
}

#[test]
fn facets_come_from_the_path_and_the_title() {
    let library = SmallLibrary::new(&[("p/v1/g/a.md", "# Alpha, Release 12.5(1) SU3\n\nOne.")]);
    library.ingest();
    let answer = succeed(mcdewey(&library.data()).args([
        "search",
        "--json",
        "--version",
        "12.5.1su3",
        "alpha",
    ]));

    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["hits"][0]["version"], "12.5(1) SU3");
    assert_eq!(answer["hits"][0]["product"], "p");
}

#[test]
fn a_model_folder_that_lacks_a_file_is_named() {
    let library = SmallLibrary::new(&[("p/v1/g/a.md", "# Alpha\n\nOne.")]);
    let stderr = fail(
        mcdewey(&library.data())
            .arg("--model-dir")
            .arg(Path::new("nowhere"))
            .arg("ingest")
            .arg(library.corpus()),
    );

    assert!(stderr.contains("nowhere"), "{stderr}");
}

#[test]
fn suggested_rules_can_be_saved_as_they_are() {
    let library = SmallLibrary::new(&[
        ("docs/Relayd_18_Documentation/admin/a.md", "Text"),
        ("docs/Relayd_19_Documentation/admin/a.md", "Text"),
    ]);
    let corpus = library.corpus();
    let data = library.folder.path().join("data");
    let suggest = || {
        let mut command = mcdewey(&data);
        command.args(["rules", "suggest"]).arg(&corpus);
        command
    };

    let text = succeed(&mut suggest());
    assert!(
        text.contains("# 2 of 2 documents, 2 with a version:"),
        "{text}"
    );
    assert!(!data.exists(), "a proposal needs no library");

    library.write("library.toml", &text);
    let saved: Value = serde_json::from_str(&succeed(suggest().arg("--json"))).unwrap();
    assert_eq!(saved["documents"], 2, "{saved}");
    assert_eq!(saved["covered"], 2, "the saved rules match: {saved}");
}
