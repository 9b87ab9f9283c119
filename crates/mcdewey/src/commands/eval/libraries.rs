//! Opens the libraries that an evaluation measures.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use mcdewey_core::{Embed, Index, RootName};
use mcdewey_eval::{OpenLibraries, OpenLibrary, TestDocument, TestLibrary};
use mcdewey_ingest::{Ingester, Root};
use mcdewey_runtime::{Engine, EngineConfig, LibraryLocation};
use mcdewey_search::Library;
use tempfile::TempDir;

use crate::engine_config::engine_config;
use crate::progress::SyncDisplay;
use crate::settings::Settings;

/// The configured library and those of test sets.
pub(super) struct Libraries {
    pub(super) settings: Settings,
    /// Where the libraries of test sets are kept; `None` for temporary libraries.
    pub(super) keep: Option<PathBuf>,
}

impl Libraries {
    /// The configuration under which figures do not depend on the machine: a reranker reads as many
    /// hits as it should, however long that takes.
    fn engine_config(&self) -> Result<EngineConfig> {
        let mut config = engine_config(&self.settings)?;
        if let Some(rerank) = &mut config.rerank {
            rerank.limits.time = None;
        }

        Ok(config)
    }
}

/// An open library with the folder that holds it, if that is temporary.
struct Opened {
    engine: Engine,
    _temporary: Option<ScratchDir>,
}

/// A temporary folder that is removed on drop even if threads that nothing waits for still write to
/// it, because a measurement can be stopped at any moment.
struct ScratchDir(TempDir);

impl Drop for ScratchDir {
    fn drop(&mut self) {
        const ATTEMPTS: usize = 100;
        const PAUSE: Duration = Duration::from_millis(50);

        for _ in 0..ATTEMPTS {
            // The folder may be made again right after it was removed.
            let _ = std::fs::remove_dir_all(self.0.path());
            std::thread::sleep(PAUSE);
            if !self.0.path().exists() {
                return;
            }
        }
    }
}

impl OpenLibrary for Opened {
    fn index(&self) -> &Arc<dyn Index> {
        &self.engine.index
    }

    fn embed(&self) -> &Arc<dyn Embed> {
        &self.engine.embed
    }

    fn library(&self, embed: Arc<dyn Embed>) -> Library {
        self.engine.library_with(embed)
    }
}

#[async_trait]
impl OpenLibraries for Libraries {
    async fn configured(&self) -> Result<Box<dyn OpenLibrary>> {
        let engine = Engine::open(self.engine_config()?).await?;
        let state = engine.index.state().await?;
        ensure!(
            state.documents > 0,
            "the library is empty; run `mcdewey ingest` first"
        );
        ensure!(
            state.coverage().is_complete(),
            "only {} % of the passages can be found by meaning, so the figures would not be those of \
             the library; run `mcdewey ingest` first, which embeds the others",
            state.coverage().percent()
        );

        Ok(Box::new(Opened {
            engine,
            _temporary: None,
        }))
    }

    /// Writes the documents as files and ingests them. What an earlier run kept under this name is
    /// not embedded again.
    async fn test_library(&self, set: &str, documents: Vec<TestDocument>) -> Result<TestLibrary> {
        let temporary = ScratchDir(tempfile::tempdir()?);
        let folder = self
            .keep
            .as_ref()
            .map_or_else(|| temporary.0.path().to_owned(), |keep| keep.join(set));
        let corpus = folder.join("corpus");
        let ids = write_documents(documents, &corpus)?;

        let location = LibraryLocation {
            data_dir: folder.join("data"),
            server: None,
        };
        let engine = Engine::open_configured(EngineConfig {
            location,
            ..self.engine_config()?
        })
        .await?;

        ingest(set, &engine, corpus, &ids).await?;
        let opened = Opened {
            engine,
            _temporary: Some(temporary),
        };

        Ok(TestLibrary {
            library: Box::new(opened),
            ids,
        })
    }
}

async fn ingest(
    set: &str,
    engine: &Engine,
    corpus: PathBuf,
    ids: &HashMap<String, String>,
) -> Result<()> {
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
        eprintln!("{set}: document {id} was skipped: {}", skipped.reason);
    }

    Ok(())
}

/// Writes each document to a numbered file, because ids need not be valid file names. Returns the
/// id for each file name.
fn write_documents(documents: Vec<TestDocument>, folder: &Path) -> Result<HashMap<String, String>> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;

    let mut ids = HashMap::new();
    for (number, TestDocument { id, markdown }) in documents.into_iter().enumerate() {
        let name = format!("{number:06}.md");
        let path = folder.join(&name);
        std::fs::write(&path, markdown)
            .with_context(|| format!("cannot write {}", path.display()))?;
        ids.insert(name, id);
    }

    Ok(ids)
}
