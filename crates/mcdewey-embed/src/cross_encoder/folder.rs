//! Locates the files of a cross-encoder in a folder, laid out as model hubs publish them.

use std::path::{Path, PathBuf};

use fastembed::TokenizerFiles;
use mcdewey_provision::model_folder::{CONFIG, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::CrossEncoderError;
use crate::folder::{self, FolderError};

/// Possible paths of the model, in order of preference.
const MODEL_PATHS: [&str; 3] = ["model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx"];
/// Most tokens of question and passage together, even if the model allows more. The few passages that
/// are longer are read up to here, which changes their order little and saves an eighth of the time.
const MAX_WINDOW: usize = 192;

/// The options of `config.json` that matter here.
#[derive(Debug, Deserialize)]
struct CrossEncoderConfig {
    max_position_embeddings: Option<usize>,
    #[serde(default)]
    id2label: Map<String, Value>,
}

/// A folder with all required files. The model itself has not been loaded.
#[derive(Debug)]
pub(super) struct CrossEncoderFolder {
    dir: PathBuf,
    pub(super) onnx: PathBuf,
    /// Tokens the model reads at once, special tokens included.
    pub(super) window: usize,
    pad_token: String,
}

impl CrossEncoderFolder {
    /// Reads the configuration of the model in `dir`, but not the model.
    pub(super) fn read(dir: &Path) -> Result<Self, CrossEncoderError> {
        let onnx = MODEL_PATHS
            .into_iter()
            .map(|file| dir.join(file))
            .find(|path| path.is_file())
            .ok_or_else(|| missing(dir, MODEL_PATHS[0]))?;

        for file in [CONFIG, TOKENIZER] {
            if !dir.join(file).is_file() {
                return Err(missing(dir, file));
            }
        }

        let config: CrossEncoderConfig = folder::read_json(&dir.join(CONFIG))?;
        if config.id2label.len() > 1 {
            return Err(CrossEncoderError::Classifier {
                dir: dir.to_owned(),
                labels: config.id2label.len(),
            });
        }

        let tokenizer: Value =
            folder::read_optional_json(&dir.join(TOKENIZER_CONFIG))?.unwrap_or_default();
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

    /// Returns the error for a model that was rejected or failed.
    pub(super) fn model_error(&self, problem: String) -> CrossEncoderError {
        CrossEncoderError::Model {
            onnx: self.onnx.clone(),
            problem,
        }
    }

    /// Collects the four files that fastembed requires. Newer folders lack the special tokens map,
    /// whose content the tokenizer file repeats. The tokenizer's configuration is written from the
    /// values that fastembed needs of it.
    pub(super) fn tokenizer_files(&self) -> Result<TokenizerFiles, FolderError> {
        let tokenizer_config =
            json!({ "model_max_length": self.window, "pad_token": self.pad_token });

        Ok(TokenizerFiles {
            tokenizer_file: folder::read(&self.dir.join(TOKENIZER))?,
            config_file: folder::read(&self.dir.join(CONFIG))?,
            special_tokens_map_file: folder::read_or_empty(&self.dir.join(SPECIAL_TOKENS))?,
            tokenizer_config_file: tokenizer_config.to_string().into_bytes(),
        })
    }
}

fn missing(dir: &Path, file: &'static str) -> CrossEncoderError {
    CrossEncoderError::Missing {
        dir: dir.to_owned(),
        file,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write_folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("onnx")).unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }

        dir
    }

    #[test]
    fn an_error_about_a_missing_file_names_it() {
        for (files, name) in [
            (&[][..], "model.onnx"),
            (&[("onnx/model.onnx", "")], "config.json"),
            (
                &[("onnx/model.onnx", ""), ("config.json", "{}")],
                "tokenizer.json",
            ),
        ] {
            let dir = write_folder(files);
            let error = CrossEncoderFolder::read(dir.path()).unwrap_err();
            let CrossEncoderError::Missing { file, .. } = error else {
                panic!("{error}")
            };

            assert_eq!(file, name);
        }
    }

    #[test]
    fn the_preferred_model_path_wins() {
        let mut files = vec![("config.json", "{}"), ("tokenizer.json", "{}")];
        for name in MODEL_PATHS.into_iter().rev() {
            files.push((name, ""));
            let dir = write_folder(&files);
            assert_eq!(
                CrossEncoderFolder::read(dir.path()).unwrap().onnx,
                dir.path().join(name)
            );
        }
    }

    fn window(config: &str, tokenizer_config: &str) -> usize {
        let dir = write_folder(&[
            ("model.onnx", ""),
            ("config.json", config),
            ("tokenizer.json", "{}"),
            ("tokenizer_config.json", tokenizer_config),
        ]);

        CrossEncoderFolder::read(dir.path()).unwrap().window
    }

    #[test]
    fn the_window_is_the_smallest_limit() {
        assert_eq!(window("{}", "{}"), 192);
        assert_eq!(
            window(
                r#"{"max_position_embeddings": 8194}"#,
                r#"{"model_max_length": 1e30}"#
            ),
            192
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
    fn a_classifier_is_rejected() {
        let config = r#"{"id2label": {"0": "contradiction", "1": "entailment", "2": "neutral"}}"#;
        let dir = write_folder(&[
            ("model.onnx", ""),
            ("config.json", config),
            ("tokenizer.json", "{}"),
        ]);

        let error = CrossEncoderFolder::read(dir.path())
            .unwrap_err()
            .to_string();
        assert!(error.contains("3 classes"), "{error}");
    }
}
