//! Starting and stopping the real model, and what happens when its files are wrong.

use std::fs;
use std::path::Path;

use mcdewey_core::{Embed, EmbedError};
use mcdewey_embed::{
    EmbedderOptions, ModelSettings, OnnxEmbedder, Provisioned, StartError, provision,
};

use crate::support::{embedder, provisioned};

/// The real model's folder copied to `to`, but for its weights.
fn without_weights(to: &Path) -> Provisioned {
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
            queue: 1,
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

    let own = provision(&settings, &|step| panic!("nothing to fetch: {step}")).unwrap();
    assert_eq!(&own, provisioned());
    assert_eq!(start(&own).unwrap().model(), embedder().model());
}

#[test]
fn other_files_make_another_fingerprint() {
    let other = Provisioned {
        digest: "another".to_owned(),
        ..provisioned().clone()
    };

    assert_ne!(
        start(&other).unwrap().model().fingerprint,
        embedder().model().fingerprint
    );
}

#[tokio::test]
async fn a_closed_model_says_so() {
    let model = start(provisioned()).unwrap();
    model.question("still there?").await.unwrap();
    model.close();

    assert!(matches!(
        model.question("still there?").await,
        Err(EmbedError::Closed)
    ));
    assert!(matches!(
        model.passages(vec!["a".to_owned()]).await,
        Err(EmbedError::Closed)
    ));
    assert_eq!(
        model.tokens("two words").unwrap().len(),
        2,
        "the tokenizer needs no thread"
    );
}

#[test]
fn broken_off_weights_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let model = without_weights(dir.path());
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
        error.to_string().contains("where its header promises"),
        "{error}"
    );
}

#[test]
fn a_tokenizer_that_cannot_be_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let model = without_weights(dir.path());
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

/// Model hubs keep their files behind links into a folder of blobs.
#[cfg(unix)]
#[tokio::test]
async fn weights_may_lie_behind_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let model = without_weights(&dir.path().join("snapshot"));
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
        .question("linked")
        .await
        .unwrap()
        .vector;

    assert_eq!(vector.len(), 384);
}
