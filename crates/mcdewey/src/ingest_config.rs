//! How files are ingested according to the settings, independent of the index they go into.

use std::sync::Arc;

use anyhow::Result;
use mcdewey_core::{Convert, Embed, Index};
use mcdewey_ingest::Ingester;

use crate::commands::convert;
use crate::settings::Settings;

#[derive(Clone)]
pub(crate) struct IngestConfig {
    converter: Arc<dyn Convert>,
    keep_originals: bool,
}

impl IngestConfig {
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        Ok(Self {
            converter: convert::converter()?,
            keep_originals: settings.keep_originals,
        })
    }

    /// Returns an ingester that updates this index with this model.
    pub(crate) fn ingester(&self, index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Ingester {
        Ingester::new(index, embed)
            .keep_originals(self.keep_originals)
            .with_converter(Arc::clone(&self.converter))
    }
}
