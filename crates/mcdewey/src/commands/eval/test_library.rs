//! Indexes the documents of a test set in a library of their own.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use mcdewey_core::RootName;
use mcdewey_ingest::{Ingester, Root};
use tempfile::TempDir;

use super::EvalOptions;
use crate::engine::Engine;
use crate::progress::SyncDisplay;
use crate::settings::Settings;

/// A library of a test set's documents.
pub(super) struct TestLibrary {
    pub(super) engine: Engine,
    /// The document id in the set, by source.
    pub(super) ids: HashMap<String, String>,
    /// Holds the library unless it is kept elsewhere.
    _temporary: ScratchDir,
}

/// A temporary folder that is removed on drop even if threads that nothing waits for still write to
/// it, because a measurement can be stopped at any moment.
struct ScratchDir(TempDir);

impl Drop for ScratchDir {
    fn drop(&mut self) {
        const ATTEMPTS: usize = 100;
        const PAUSE: Duration = Duration::from_millis(50);

        for _ in 0..ATTEMPTS {
            let removed = std::fs::remove_dir_all(self.0.path());
            if removed.is_ok() || !self.0.path().exists() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl TestLibrary {
    /// Writes the documents (id and Markdown) as files and ingests them. What an earlier run kept
    /// under this name is not embedded again.
    pub(super) async fn build(
        settings: &Settings,
        options: &EvalOptions,
        name: &str,
        documents: impl Iterator<Item = (&str, String)>,
    ) -> Result<Self> {
        let temporary = ScratchDir(tempfile::tempdir()?);
        let folder = options
            .keep
            .as_ref()
            .map_or_else(|| temporary.0.path().to_owned(), |keep| keep.join(name));
        let corpus = folder.join("corpus");
        let ids = write_documents(documents, &corpus)?;

        let engine = Engine::open_configured(&Settings {
            data_dir: folder.join("data"),
            qdrant: None,
            ..settings.clone()
        })
        .await?;

        let display = SyncDisplay::new();
        let ingester = Ingester::new(engine.index.clone(), engine.embed.clone());
        let root = Root::new(RootName::default(), corpus);
        let report = ingester
            .sync(&[root], &|progress| display.show(&progress))
            .await?;
        display.finish();

        for skipped in &report.skipped {
            let id = ids
                .get(&skipped.path)
                .map_or(skipped.path.as_str(), String::as_str);
            eprintln!("{name}: document {id} was skipped: {}", skipped.reason);
        }

        Ok(Self {
            engine,
            ids,
            _temporary: temporary,
        })
    }

    /// Returns the document id in the set of a source.
    pub(super) fn id(&self, source: &str) -> String {
        self.ids
            .get(source)
            .cloned()
            .unwrap_or_else(|| source.to_owned())
    }
}

/// Writes each document to a numbered file, because ids need not be valid file names. Returns the
/// id for each file name.
fn write_documents<'a>(
    documents: impl Iterator<Item = (&'a str, String)>,
    folder: &Path,
) -> Result<HashMap<String, String>> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;

    let mut ids = HashMap::new();
    for (number, (id, text)) in documents.enumerate() {
        let name = format!("{number:06}.md");
        let path = folder.join(&name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        ids.insert(name, id.to_owned());
    }

    Ok(ids)
}
