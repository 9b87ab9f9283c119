//! Which folders are accepted, and what is read from them.

use super::*;
use crate::testing::{write_file, write_tiny_model};

fn replace(dir: &Path, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join(name)).unwrap();
    assert!(text.contains(from));
    write_file(dir, name, &text.replace(from, to));
}

#[test]
fn missing_options_get_their_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let folder = BertFolder::read(&write_tiny_model(dir.path())).unwrap();

    assert_eq!(folder.config.layer_norm_eps, 1e-12);
    assert_eq!((folder.window, folder.pad_token.as_str()), (6, "[PAD]"));
    assert_eq!(folder.pooling, Pooling::Mean);
    assert_eq!(folder.read_special_tokens().unwrap(), b"{}");
}

#[test]
fn the_window_is_the_smallest_limit() {
    let dir = tempfile::tempdir().unwrap();
    let dir = write_tiny_model(dir.path());
    write_file(
        &dir,
        TOKENIZER_CONFIG,
        r#"{"model_max_length": 1e30, "pad_token": {"content": "<pad>"}}"#,
    );
    write_file(&dir, SENTENCE_CONFIG, r#"{"max_seq_length": 5}"#);

    let folder = BertFolder::read(&dir).unwrap();
    assert_eq!((folder.window, folder.pad_token.as_str()), (5, "<pad>"));

    write_file(&dir, TOKENIZER_CONFIG, r#"{"model_max_length": 4}"#);
    assert_eq!(BertFolder::read(&dir).unwrap().window, 4);
}

#[test]
fn cls_pooling_is_accepted_and_other_pooling_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let dir = write_tiny_model(dir.path());

    write_file(&dir, POOLING, r#"{"pooling_mode_cls_token": true}"#);
    assert_eq!(BertFolder::read(&dir).unwrap().pooling, Pooling::Cls);

    write_file(&dir, POOLING, r#"{"pooling_mode_max_tokens": true}"#);
    assert!(
        BertFolder::read(&dir)
            .unwrap_err()
            .to_string()
            .contains("the pooling [\"pooling_mode_max_tokens\"]")
    );
}

#[test]
fn an_unsupported_model_is_rejected_with_the_offending_property() {
    for (from, to, feature) in [
        ("\"bert\"", "\"mpnet\"", "model_type \"mpnet\""),
        (
            "\"bert\"",
            "\"bert\", \"hidden_act\": \"relu\"",
            "hidden_act \"relu\"",
        ),
        (
            "\"bert\"",
            "\"bert\", \"position_embedding_type\": \"relative_key\"",
            "position_embedding_type",
        ),
        (
            "\"num_attention_heads\": 2",
            "\"num_attention_heads\": 3",
            "hidden_size 4 for 3 heads",
        ),
        (
            "\"num_attention_heads\": 2",
            "\"num_attention_heads\": 0",
            "hidden_size 4 for 0 heads",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let dir = write_tiny_model(dir.path());
        replace(&dir, CONFIG, from, to);

        let error = BertFolder::read(&dir).unwrap_err();
        assert!(matches!(error, FolderError::Unsupported { .. }));
        assert!(error.to_string().contains(feature), "{error}");
    }
}

#[test]
fn a_module_that_would_change_the_vectors_is_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let dir = write_tiny_model(dir.path());
    let modules = r#"[{"type": "sentence_transformers.models.Transformer"},
        {"type": "sentence_transformers.models.Pooling"},
        {"type": "sentence_transformers.models.Normalize"}]"#;
    write_file(&dir, MODULES, modules);
    BertFolder::read(&dir).unwrap();

    replace(&dir, MODULES, "models.Normalize", "models.Dense");
    assert!(
        BertFolder::read(&dir)
            .unwrap_err()
            .to_string()
            .contains("models.Dense")
    );
}

#[test]
fn an_error_about_broken_json_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = write_tiny_model(dir.path());
    write_file(&dir, CONFIG, "{");

    let error = BertFolder::read(&dir).unwrap_err();
    assert!(
        matches!(error, FolderError::Invalid { .. }) && error.to_string().contains("config.json"),
        "{error}"
    );
}

#[test]
fn an_error_about_a_missing_file_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = write_tiny_model(dir.path());
    fs::remove_file(dir.join(POOLING)).unwrap();

    let error = BertFolder::read(&dir).unwrap_err().to_string();
    assert!(error.contains("lacks 1_Pooling/config.json"), "{error}");
}
