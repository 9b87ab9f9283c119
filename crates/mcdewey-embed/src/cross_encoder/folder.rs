//! Finds the files of a cross-encoder in a folder as model hubs publish them.

use std::path::{Path, PathBuf};

use fastembed::TokenizerFiles;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::CrossEncoderError;
use crate::folder::{self, CONFIG, FolderError, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG};

/// Where the model may lie; the first one there is taken.
const MODELS: [&str; 3] = ["model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx"];
/// No more tokens of question and passage together are read, whatever the model could do: a passage has at most some
/// 250, and time is short.
const MAX_WINDOW: usize = 512;

/// What its `config.json` says that matters here.
#[derive(Debug, Deserialize)]
struct CrossConfig {
    max_position_embeddings: Option<usize>,
    #[serde(default)]
    id2label: Map<String, Value>,
}

/// A folder whose model can be tried.
#[derive(Debug)]
pub(super) struct CrossFolder {
    dir: PathBuf,
    pub(super) onnx: PathBuf,
    /// Tokens read at once, the special ones included.
    pub(super) window: usize,
    pad_token: String,
}

impl CrossFolder {
    /// Reads the configuration of the model in `dir`; the model stays unread.
    pub(super) fn read(dir: &Path) -> Result<Self, CrossEncoderError> {
        let missing = |file| CrossEncoderError::Missing {
            dir: dir.to_owned(),
            file,
        };
        let models = MODELS.map(|file| dir.join(file));
        let onnx = models
            .into_iter()
            .find(|path| path.is_file())
            .ok_or_else(|| missing(MODELS[0]))?;

        if let Some(file) = [CONFIG, TOKENIZER]
            .into_iter()
            .find(|file| !dir.join(file).is_file())
        {
            return Err(missing(file));
        }

        let config: CrossConfig = folder::json(&dir.join(CONFIG))?;
        if config.id2label.len() > 1 {
            return Err(CrossEncoderError::Classifier {
                dir: dir.to_owned(),
                labels: config.id2label.len(),
            });
        }

        let tokenizer: Value =
            folder::optional_json(&dir.join(TOKENIZER_CONFIG))?.unwrap_or_default();
        let limits = [
            config.max_position_embeddings,
            folder::model_max_length(&tokenizer),
        ];
        let window = limits.into_iter().flatten().fold(MAX_WINDOW, usize::min);

        Ok(Self {
            dir: dir.to_owned(),
            onnx,
            window,
            pad_token: folder::pad_token(&tokenizer),
        })
    }

    /// The model was refused.
    pub(super) fn refused(&self, problem: String) -> CrossEncoderError {
        CrossEncoderError::Model {
            onnx: self.onnx.clone(),
            problem,
        }
    }

    /// The four files fastembed wants. Newer folders lack the map of special tokens, whose content stands in the
    /// tokenizer as well; of the tokenizer's configuration it needs only what has been read already.
    pub(super) fn tokenizer_files(&self) -> Result<TokenizerFiles, FolderError> {
        let config = json!({ "model_max_length": self.window, "pad_token": self.pad_token });
        Ok(TokenizerFiles {
            tokenizer_file: folder::read(&self.dir.join(TOKENIZER))?,
            config_file: folder::read(&self.dir.join(CONFIG))?,
            special_tokens_map_file: folder::read_or_empty(&self.dir.join(SPECIAL_TOKENS))?,
            tokenizer_config_file: config.to_string().into_bytes(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("onnx")).unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }

        dir
    }

    #[test]
    fn what_is_missing_is_named() {
        for (files, name) in [
            (&[][..], "model.onnx"),
            (&[("onnx/model.onnx", "")], "config.json"),
            (
                &[("onnx/model.onnx", ""), ("config.json", "{}")],
                "tokenizer.json",
            ),
        ] {
            let dir = folder(files);
            let error = CrossFolder::read(dir.path()).unwrap_err();
            let CrossEncoderError::Missing { file, .. } = error else {
                panic!("{error}")
            };
            assert_eq!(file, name);
        }
    }

    #[test]
    fn the_first_model_there_is_is_taken() {
        let mut files = vec![("config.json", "{}"), ("tokenizer.json", "{}")];
        for name in MODELS.into_iter().rev() {
            files.push((name, ""));
            let dir = folder(&files);
            assert_eq!(
                CrossFolder::read(dir.path()).unwrap().onnx,
                dir.path().join(name)
            );
        }
    }

    #[test]
    fn the_window_is_the_smallest_limit() {
        let window = |config: &str, tokenizer: &str| {
            let files = [
                ("model.onnx", ""),
                ("config.json", config),
                ("tokenizer.json", "{}"),
            ];
            let dir = folder(&[&files[..], &[("tokenizer_config.json", tokenizer)]].concat());
            CrossFolder::read(dir.path()).unwrap().window
        };

        assert_eq!(window("{}", "{}"), 512);
        assert_eq!(
            window(
                r#"{"max_position_embeddings": 8194}"#,
                r#"{"model_max_length": 1e30}"#
            ),
            512
        );
        assert_eq!(
            window(
                r#"{"max_position_embeddings": 256}"#,
                r#"{"model_max_length": 128}"#
            ),
            128
        );
    }

    #[test]
    fn a_model_that_tells_classes_apart_is_refused() {
        let config = r#"{"id2label": {"0": "contradiction", "1": "entailment", "2": "neutral"}}"#;
        let dir = folder(&[
            ("model.onnx", ""),
            ("config.json", config),
            ("tokenizer.json", "{}"),
        ]);

        let error = CrossFolder::read(dir.path()).unwrap_err().to_string();
        assert!(error.contains("3 classes"), "{error}");
    }
}
