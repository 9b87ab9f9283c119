//! Starting and stopping the real model, and starting it with missing or damaged files.

use std::fs;
use std::path::Path;

use mcdewey_core::{Embed, EmbedError};
use mcdewey_embed::{EmbedderOptions, OnnxEmbedder, Precision, StartError, fingerprint};
use mcdewey_provision::{ModelSettings, Provisioned, provision};

use crate::support::{embedder, embedder_in, provisioned};

/// Copies the real model's folder to `to`, without its weights.
fn copy_without_weights(to: &Path) -> Provisioned {
    let from = &provisioned().model_dir;
    fs::create_dir_all(to.join("1_Pooling")).unwrap();
    for file in [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "1_Pooling/config.json",
    ] {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }

    Provisioned {
        model_dir: to.to_owned(),
        ..provisioned().clone()
    }
}

fn start(provisioned: &Provisioned) -> Result<OnnxEmbedder, StartError> {
    OnnxEmbedder::start(
        provisioned,
        EmbedderOptions {
            threads: 1,
            max_questions: 1,
            ..EmbedderOptions::default()
        },
    )
}

#[test]
fn the_operators_copy_of_a_model_is_the_same_model() {
    let settings = ModelSettings {
        model_dir: Some(provisioned().model_dir.clone()),
        ort_dylib: Some(provisioned().runtime.clone()),
        cache_dir: "nowhere".into(),
        python: "nothing".to_owned(),
        ..ModelSettings::default()
    };

    let copy = provision(&settings, &|step| panic!("nothing to download: {step}")).unwrap();
    assert_eq!(&copy, provisioned());
    assert_eq!(start(&copy).unwrap().model(), embedder().model());
}

#[test]
fn the_fingerprint_depends_on_the_files() {
    let other = Provisioned {
        digest: "another".to_owned(),
        ..provisioned().clone()
    };

    assert_ne!(
        start(&other).unwrap().model().fingerprint,
        embedder().model().fingerprint
    );
}

#[test]
fn the_fingerprint_depends_on_the_precision_and_needs_no_model() {
    for precision in Precision::ALL {
        assert_eq!(
            embedder_in(precision).model().fingerprint,
            fingerprint(provisioned(), precision)
        );
    }

    let [fp32, int8] = Precision::ALL.map(|precision| fingerprint(provisioned(), precision));
    assert_ne!(fp32, int8);
    assert_eq!(
        fp32, "40d08e3711f44a6f290f484a8de32f0a",
        "libraries in fp32 would be embedded again"
    );
}

#[tokio::test]
async fn a_closed_model_rejects_questions_and_chunks() {
    let model = start(provisioned()).unwrap();
    model.embed_question("still there?").await.unwrap();
    model.close();

    assert!(matches!(
        model.embed_question("still there?").await,
        Err(EmbedError::Closed)
    ));
    assert!(matches!(
        model.embed_chunks(vec!["a".to_owned()]).await,
        Err(EmbedError::Closed)
    ));
    assert_eq!(
        model.token_ranges("two words").unwrap().len(),
        2,
        "the tokenizer needs no thread"
    );
}

#[test]
fn missing_and_truncated_weights_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let model = copy_without_weights(dir.path());
    assert!(
        start(&model)
            .unwrap_err()
            .to_string()
            .contains("lacks model.safetensors")
    );

    let weights = fs::read(provisioned().model_dir.join("model.safetensors")).unwrap();
    fs::write(
        dir.path().join("model.safetensors"),
        &weights[..weights.len() / 2],
    )
    .unwrap();

    let error = start(&model).unwrap_err();
    assert!(matches!(error, StartError::Folder(_)));
    assert!(
        error.to_string().contains("but its header requires"),
        "{error}"
    );
}

#[test]
fn an_invalid_tokenizer_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let model = copy_without_weights(dir.path());
    fs::copy(
        provisioned().model_dir.join("model.safetensors"),
        dir.path().join("model.safetensors"),
    )
    .unwrap();

    fs::write(dir.path().join("tokenizer.json"), "{}").unwrap();
    let error = start(&model).unwrap_err();
    assert!(matches!(error, StartError::Model { .. }));
    assert!(error.to_string().contains("tokenizer.json"), "{error}");
}

/// Model hubs store files as links into a folder of blobs.
#[cfg(unix)]
#[tokio::test]
async fn weights_may_be_behind_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let model = copy_without_weights(&dir.path().join("snapshot"));
    let weights = provisioned()
        .model_dir
        .join("model.safetensors")
        .canonicalize()
        .unwrap();

    let blob = dir.path().join("53aa5117");
    fs::hard_link(&weights, &blob)
        .or_else(|_| fs::copy(&weights, &blob).map(drop))
        .unwrap();
    std::os::unix::fs::symlink("../53aa5117", model.model_dir.join("model.safetensors")).unwrap();

    let vector = start(&model)
        .unwrap()
        .embed_question("linked")
        .await
        .unwrap()
        .vector;
    assert_eq!(vector.len(), 384);
}
