//! The files of a sentence-transformers folder.

use std::path::{Path, PathBuf};

/// The model's architecture and dimensions.
pub const CONFIG: &str = "config.json";
pub const WEIGHTS: &str = "model.safetensors";
pub const TOKENIZER: &str = "tokenizer.json";
/// The tokenizer's maximum length and padding token.
pub const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
pub const SPECIAL_TOKENS: &str = "special_tokens_map.json";
pub const MODULES: &str = "modules.json";
pub const SENTENCE_CONFIG: &str = "sentence_bert_config.json";
pub const POOLING: &str = "1_Pooling/config.json";

/// Every file that can change the vector of a text.
pub(crate) const MODEL_FILES: [&str; 8] = [
    CONFIG,
    WEIGHTS,
    TOKENIZER,
    TOKENIZER_CONFIG,
    SPECIAL_TOKENS,
    MODULES,
    SENTENCE_CONFIG,
    POOLING,
];
const REQUIRED_FILES: [&str; 4] = [CONFIG, WEIGHTS, TOKENIZER, POOLING];

/// A model folder without a file that every model has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the model folder {dir} lacks {file}; point --model-dir to a sentence-transformers folder \
     with config.json, model.safetensors, tokenizer.json and 1_Pooling/config.json",
    dir = dir.display()
)]
pub struct MissingFile {
    pub dir: PathBuf,
    /// The missing file's path relative to `dir`.
    pub file: &'static str,
}

/// Returns an error that names the first required file missing from `dir`.
pub fn require_files(dir: &Path) -> Result<(), MissingFile> {
    let missing = REQUIRED_FILES
        .into_iter()
        .find(|file| !dir.join(file).is_file());

    match missing {
        Some(file) => Err(MissingFile {
            dir: dir.to_owned(),
            file,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_error_about_a_missing_file_names_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("1_Pooling")).unwrap();
        for file in REQUIRED_FILES {
            fs::write(dir.path().join(file), "").unwrap();
        }
        assert_eq!(require_files(dir.path()), Ok(()));

        for file in REQUIRED_FILES {
            fs::remove_file(dir.path().join(file)).unwrap();
            let error = require_files(dir.path()).unwrap_err().to_string();
            assert!(error.contains(&format!("lacks {file}")), "{error}");
            fs::write(dir.path().join(file), "").unwrap();
        }
    }
}
