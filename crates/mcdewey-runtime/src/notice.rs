//! What an operator should see while a library is opened and kept up to date. The engine prints
//! nothing itself; the program decides where notices go.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use mcdewey_core::Generation;
use mcdewey_provision::ProvisionStep;

/// How much work it is to build a generation, judged by the live one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RebuildEstimate {
    /// Passages to embed, at most: vectors of the same model and text are reused.
    pub passages: u64,
    /// How long embedding them takes, at most; unknown if the model could not be tried now.
    pub seconds: Option<f64>,
    /// Bytes that the generation will occupy on this machine's disk; none on a server.
    pub bytes: Option<u64>,
}

impl fmt::Display for RebuildEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.seconds.map_or_else(String::new, |seconds| {
            format!(", which takes up to {:.0} min", (seconds / 60.0).ceil())
        });
        let disk = self.bytes.map_or_else(String::new, |bytes| {
            let megabytes = bytes.div_ceil(1024 * 1024);
            format!(", and it needs about {megabytes} MB of disk")
        });
        write!(
            f,
            "up to {} passages are embedded{time}{disk}",
            self.passages
        )
    }
}

/// One notice. Its text is one line without a line break.
#[derive(Debug, Clone, Copy)]
pub enum Notice<'a> {
    /// A step of finding or downloading a model or library that may take a while.
    Provisioning(&'a ProvisionStep),
    /// The live generation cannot be opened, so another one is built in its place.
    LiveGenerationUnusable {
        /// The generation that is live according to the record.
        generation: &'a Generation,
        /// Why it cannot be opened.
        error: &'a anyhow::Error,
    },
    /// A generation is about to be built beside the live one.
    BuildingGeneration {
        /// The generation that will be built.
        new: &'a Generation,
        /// The one that answers questions meanwhile.
        live: &'a Generation,
        /// How much work it is.
        estimate: RebuildEstimate,
    },
    /// A generation that was built beside the live one has become live.
    GenerationReplaced {
        /// The generation that is live now.
        new: &'a Generation,
        /// The one that was live before.
        before: &'a Generation,
    },
    /// The library is searched without a reranker, because the one that it would use by default cannot
    /// be had.
    WithoutReranker {
        /// Why.
        error: &'a anyhow::Error,
    },
    /// Changes in this folder are ingested from now on.
    Watching(&'a Path),
}

impl fmt::Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provisioning(step) => step.fmt(f),
            Self::LiveGenerationUnusable { generation, error } => write!(
                f,
                "the live generation {generation} cannot be opened ({error:#}); it stays on disk, \
                 and the one that the settings require replaces it"
            ),
            Self::BuildingGeneration {
                new,
                live,
                estimate,
            } => write!(
                f,
                "building generation {new}: {estimate}; meanwhile {live} answers questions"
            ),
            Self::GenerationReplaced { new, before } => {
                write!(f, "generation {new} has replaced {before}")
            }
            Self::WithoutReranker { error } => write!(
                f,
                "searching without the reranker: {error:#}; `mcdewey models --fetch` fetches it, and \
                 --rerank off leaves it out"
            ),
            Self::Watching(folder) => write!(f, "watching {}", folder.display()),
        }
    }
}

/// Receives notices; clones share the receiver.
#[derive(Clone)]
pub struct Notify(Arc<dyn Fn(&Notice<'_>) + Send + Sync>);

impl Notify {
    /// Passes every notice to `receive`, which is called from any thread.
    pub fn new(receive: impl Fn(&Notice<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }

    /// Passes a step of provisioning on, if it takes time: that files are in place needs no notice.
    pub fn provisioning(&self, step: &ProvisionStep) {
        if !matches!(step, ProvisionStep::Ready { .. }) {
            self.send(&Notice::Provisioning(step));
        }
    }

    pub(crate) fn send(&self, notice: &Notice<'_>) {
        (self.0)(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_is_announced_with_its_time_and_disk() {
        let mut estimate = RebuildEstimate {
            passages: 12_000,
            seconds: Some(130.0),
            bytes: Some(5_000_000),
        };
        assert_eq!(
            estimate.to_string(),
            "up to 12000 passages are embedded, which takes up to 3 min, and it needs about 5 MB of \
             disk"
        );

        estimate.seconds = None;
        estimate.bytes = None;
        assert_eq!(estimate.to_string(), "up to 12000 passages are embedded");
    }
}
