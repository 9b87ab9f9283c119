//! Which folders are accepted, and what is read from them.

use super::*;

/// A folder of the smallest model: 2 layers of 4 numbers, 2 heads, 3 words.
pub(crate) fn tiny(dir: &Path) -> PathBuf {
    let config = r#"{"model_type": "bert", "hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 2,
        "num_attention_heads": 2, "max_position_embeddings": 6, "vocab_size": 3, "type_vocab_size": 2}"#;
    put(dir, CONFIG, config);
    put(
        dir,
        POOLING,
        r#"{"word_embedding_dimension": 4, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#,
    );

    put(dir, WEIGHTS, "");
    put(dir, TOKENIZER, "{}");
    dir.to_owned()
}

fn put(dir: &Path, name: &str, content: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn replace(dir: &Path, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join(name)).unwrap();
    assert!(text.contains(from));
    put(dir, name, &text.replace(from, to));
}

#[test]
fn defaults_fill_what_old_configurations_leave_out() {
    let dir = tempfile::tempdir().unwrap();
    let folder = BertFolder::read(&tiny(dir.path())).unwrap();
    assert_eq!(folder.config.layer_norm_eps, 1e-12);
    assert_eq!((folder.window, folder.pad_token.as_str()), (6, "[PAD]"));
    assert_eq!(folder.pooling, Pooling::Mean);
    assert_eq!(folder.special_tokens().unwrap(), b"{}");
}

#[test]
fn the_smallest_window_counts() {
    let dir = tempfile::tempdir().unwrap();
    let dir = tiny(dir.path());
    put(
        &dir,
        TOKENIZER_CONFIG,
        r#"{"model_max_length": 1e30, "pad_token": {"content": "<pad>"}}"#,
    );

    put(&dir, SENTENCE_CONFIG, r#"{"max_seq_length": 5}"#);
    let folder = BertFolder::read(&dir).unwrap();
    assert_eq!((folder.window, folder.pad_token.as_str()), (5, "<pad>"));
    put(&dir, TOKENIZER_CONFIG, r#"{"model_max_length": 4}"#);

    assert_eq!(BertFolder::read(&dir).unwrap().window, 4);
}

#[test]
fn cls_pooling_is_read_and_other_pooling_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = tiny(dir.path());
    put(&dir, POOLING, r#"{"pooling_mode_cls_token": true}"#);
    assert_eq!(BertFolder::read(&dir).unwrap().pooling, Pooling::Cls);
    put(&dir, POOLING, r#"{"pooling_mode_max_tokens": true}"#);

    assert!(
        BertFolder::read(&dir)
            .unwrap_err()
            .to_string()
            .contains("the pooling [\"pooling_mode_max_tokens\"]")
    );
}

#[test]
fn other_kinds_of_models_are_refused_by_what_they_have() {
    for (from, to, what) in [
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
        let dir = tiny(dir.path());
        replace(&dir, CONFIG, from, to);
        let error = BertFolder::read(&dir).unwrap_err();
        assert!(matches!(error, FolderError::Unsupported { .. }));
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn a_module_that_would_change_the_vectors_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = tiny(dir.path());
    let modules = r#"[{"type": "sentence_transformers.models.Transformer"}, {"type": "sentence_transformers.models.Pooling"},
        {"type": "sentence_transformers.models.Normalize"}]"#;
    put(&dir, MODULES, modules);
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
fn broken_json_names_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = tiny(dir.path());
    put(&dir, CONFIG, "{");
    let error = BertFolder::read(&dir).unwrap_err();

    assert!(
        matches!(error, FolderError::Invalid { .. }) && error.to_string().contains("config.json"),
        "{error}"
    );
}

#[test]
fn each_required_file_is_missed_by_name() {
    for file in REQUIRED {
        let dir = tempfile::tempdir().unwrap();
        let dir = tiny(dir.path());
        fs::remove_file(dir.join(file)).unwrap();

        assert!(
            check_files(&dir)
                .unwrap_err()
                .to_string()
                .contains(&format!("lacks {file}"))
        );
    }
}
