//! The embedding model: provisions its files, builds its ONNX graph and runs it on a dedicated
//! thread.
//!
//! [`provision`] locates the model's files and the ONNX Runtime library, or downloads them.
//! [`OnnxEmbedder`] implements [`mcdewey_core::Embed`] with them; [`CrossEncoder`] implements
//! [`mcdewey_core::Rerank`] with a model from a local folder. No other crate depends on fastembed,
//! ONNX Runtime or the tokenizer. Paths arrive as settings: the only environment variable read here
//! is the runtime's own telemetry opt-out.

#![forbid(unsafe_code)]

mod batch;
mod catalogue;
mod cross_encoder;
mod embedder;
mod folder;
mod graph;
mod model;
mod onnx;
mod provision;
mod queue;
mod runtime;
mod tensors;
#[cfg(test)]
mod testing;

pub use catalogue::{AvailableModel, available_models};
pub use cross_encoder::{CrossEncoder, CrossEncoderError};
pub use embedder::{EmbedderOptions, OnnxEmbedder, StartError};
pub use folder::FolderError;
pub use provision::{ModelSettings, ProvisionError, ProvisionStep, Provisioned, provision};
pub use runtime::{RuntimeError, TELEMETRY_OPT_OUT, TELEMETRY_OPT_OUT_VALUE};
