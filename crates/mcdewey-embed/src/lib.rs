//! The embedding model: fetched, checked, turned into an ONNX graph, and run on a thread of its own.
//!
//! [`provision`] finds the model's files and the ONNX Runtime library or fetches them; [`OnnxEmbedder`] runs
//! them behind [`mcdewey_core::Embed`]. [`CrossEncoder`] runs a reranker from a folder of the operator's behind
//! [`mcdewey_core::Rerank`]. No other crate knows fastembed, ONNX Runtime or the tokenizer. Nothing here reads the
//! environment but the runtime's own opt-out from telemetry: paths arrive as settings.

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

pub use catalogue::{KnownModel, known_models};
pub use cross_encoder::{CrossEncoder, CrossEncoderError};
pub use embedder::{EmbedderOptions, OnnxEmbedder, StartError};
pub use folder::FolderError;
pub use provision::{ModelSettings, ProvisionError, ProvisionStep, Provisioned, provision};
pub use runtime::{OPTED_OUT, RuntimeError, TELEMETRY_OPT_OUT};
