//! How the settings want files to be read, whatever index they are read into.

use std::sync::Arc;

use anyhow::Result;
use mcdewey_core::{Convert, Embed, Index};
use mcdewey_ingest::Ingester;

use crate::commands::convert;
use crate::settings::Settings;

/// What files are read with.
#[derive(Clone)]
pub(crate) struct Reading {
    converter: Arc<dyn Convert>,
    keep_originals: bool,
}

impl Reading {
    /// As the settings say.
    pub(crate) fn of(settings: &Settings) -> Result<Self> {
        Ok(Self {
            converter: convert::converter()?,
            keep_originals: settings.keep_originals,
        })
    }

    /// What brings an index up to date with this model.
    pub(crate) fn ingester(&self, index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Ingester {
        Ingester::new(index, embed)
            .keep_originals(self.keep_originals)
            .with_converter(Arc::clone(&self.converter))
    }
}
