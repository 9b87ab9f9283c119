//! Model folders and runtime libraries that the operator supplies.

use super::*;

/// Writes an operator's model folder: all required files, with dummy content.
fn write_operator_folder(dir: &Path) -> PathBuf {
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
fn the_operators_files_are_used_in_place() {
    let mut env = TestEnv::new();
    let folder = write_operator_folder(env.dir.path());
    env.settings.model_dir = Some(folder.clone());
    // Any existing file will do: provisioning does not load the library.
    env.settings.ort_dylib = Some(folder.join("config.json"));

    let first = env.provision().unwrap();
    assert_eq!(
        (first.model_dir.as_path(), first.runtime),
        (folder.as_path(), folder.join("config.json"))
    );
    assert!(!env.settings.cache_dir.exists(), "the cache is not created");
    assert!(env.pip_calls().is_empty());

    fs::write(folder.join("model.safetensors"), "other weights").unwrap();
    assert_ne!(env.provision().unwrap().digest, first.digest);
}

#[test]
fn an_error_about_an_incomplete_model_folder_names_the_file() {
    let mut env = TestEnv::new();
    let folder = write_operator_folder(env.dir.path());
    fs::remove_file(folder.join("model.safetensors")).unwrap();
    env.settings.model_dir = Some(folder);

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::ModelFolder(_)));
    assert!(
        message.contains("lacks model.safetensors") && message.contains("--model-dir"),
        "{message}"
    );
}

#[test]
fn an_error_about_a_missing_runtime_library_names_it() {
    let mut env = TestEnv::new();
    env.settings.ort_dylib = Some(env.dir.path().join("lib.so"));

    let (error, message) = env.provision_error();
    assert!(matches!(error, ProvisionError::NoLibrary { .. }));
    assert!(
        message.contains("lib.so") && message.contains("ORT_DYLIB_PATH"),
        "{message}"
    );
}

#[test]
fn an_operators_copy_has_the_digest_of_the_catalogue() {
    let dir = tempfile::tempdir().unwrap();
    let folder = write_operator_folder(dir.path());
    let checksums = [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "1_Pooling/config.json",
    ]
    .map(|file| (file, sha256(file.as_bytes())));

    let expected = combined_digest(
        checksums
            .iter()
            .map(|(file, checksum)| (*file, checksum.as_str())),
    );
    assert_eq!(digest_folder(&folder).unwrap(), expected);
}
