//! The embedding model: builds its ONNX graph and runs it on threads of its own.
//!
//! [`OnnxEmbedder`] implements [`mcdewey_core::Embed`] with the files that `mcdewey-provision` found
//! or downloaded; [`CrossEncoder`] implements [`mcdewey_core::Rerank`] with a model from a local
//! folder. No other crate depends on fastembed, ONNX Runtime or the tokenizer. Paths arrive as
//! settings: the only environment variable read here is the runtime's own telemetry opt-out.

#![forbid(unsafe_code)]

mod calibration;
mod cross_encoder;
mod embedder;
mod folder;
mod graph;
mod model;
mod onnx;
mod precision;
mod quantise;
mod queue;
mod runtime;
mod tensors;
#[cfg(test)]
mod testing;
mod word_tokens;

pub use cross_encoder::{CrossEncoder, CrossEncoderError};
pub use embedder::{EmbedderOptions, OnnxEmbedder, StartError, fingerprint};
pub use folder::FolderError;
pub use model::onnx_graph;
pub use precision::Precision;
pub use runtime::{RuntimeError, TELEMETRY_OPT_OUT, TELEMETRY_OPT_OUT_VALUE};
