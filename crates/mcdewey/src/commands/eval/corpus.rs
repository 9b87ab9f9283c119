//! The documents of a test set, indexed for the occasion in a library of their own.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use mcdewey_core::RootName;
use mcdewey_ingest::{Ingester, Root};
use tempfile::TempDir;

use super::Plan;
use crate::engine::Engine;
use crate::progress::SyncDisplay;
use crate::settings::Settings;

/// A library of a test set's documents.
pub(super) struct TestLibrary {
    pub(super) engine: Engine,
    /// The set's name of each source.
    pub(super) ids: HashMap<String, String>,
    /// Holds the library when it is not kept.
    _temporary: Scratch,
}

/// A temporary folder that is gone when this is dropped, even while threads that were not waited for still write to it:
/// a measurement can be stopped at any moment.
struct Scratch(TempDir);

impl Drop for Scratch {
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
    /// Writes the documents (id and Markdown) as files and takes them in. What was kept of an earlier run under this
    /// name is not embedded again.
    pub(super) async fn build(
        settings: &Settings,
        plan: &Plan,
        name: &str,
        documents: impl Iterator<Item = (&str, String)>,
    ) -> Result<Self> {
        let temporary = Scratch(tempfile::tempdir()?);
        let place = plan
            .keep
            .as_ref()
            .map_or_else(|| temporary.0.path().to_owned(), |keep| keep.join(name));
        let corpus = place.join("corpus");
        let ids = write(documents, &corpus)?;

        let engine = Engine::open_wanted(&Settings {
            data_dir: place.join("data"),
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
            eprintln!("{name}: document {id} is left out: {}", skipped.reason);
        }

        Ok(Self {
            engine,
            ids,
            _temporary: temporary,
        })
    }

    /// The set's name of a source.
    pub(super) fn id(&self, source: &str) -> String {
        self.ids
            .get(source)
            .cloned()
            .unwrap_or_else(|| source.to_owned())
    }
}

/// Gives the id for each source.
fn write<'a>(
    documents: impl Iterator<Item = (&'a str, String)>,
    folder: &Path,
) -> Result<HashMap<String, String>> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be written", folder.display()))?;
    let mut ids = HashMap::new();
    for (number, (id, text)) in documents.enumerate() {
        let name = format!("{number:06}.md");
        let path = folder.join(&name);
        std::fs::write(&path, text)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        ids.insert(name, id.to_owned());
    }

    Ok(ids)
}
