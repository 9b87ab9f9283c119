//! Runs a library on this machine: opens the models and the index, keeps the index up to date,
//! switches between its generations, and finds the process that already does so.
//!
//! An [`Engine`] opens a library, a [`LibraryOwner`] performs the operations that change it, and an
//! [`OwnerClient`] asks a running owner for them. The crate knows neither the command line nor the
//! settings file: the program fills an [`EngineConfig`]. It prints nothing; what an operator should
//! see goes to [`Notify`].

#![forbid(unsafe_code)]

mod backup;
mod config;
mod data_dir_lock;
mod engine;
mod error_message;
mod feedback;
mod generation_set;
mod library_owner;
mod location;
mod mcp_bridge;
mod models;
mod notice;
mod offline;
mod owner_client;
mod owner_task;
mod removal;
mod search_config;
mod watch;

pub use backup::{
    BackupInfo, BackupRequest, BackupSchedule, create_backup, restore_backup, run_backup_schedule,
    verify_backup,
};
pub use config::{EngineConfig, IngestConfig, RerankConfig};
pub use data_dir_lock::DataDirLock;
pub use engine::Engine;
pub use error_message::error_message;
pub use feedback::FeedbackFile;
pub use library_owner::LibraryOwner;
pub use location::{LibraryLocation, ServerLocation};
pub use mcdewey_embed::Precision;
pub use mcp_bridge::forward_mcp;
pub use models::provision;
pub use notice::{Notice, Notify, RebuildEstimate};
pub use offline::OfflineLibrary;
pub use owner_client::{OwnerClient, RestRequest};
pub use owner_task::answer_requests;
pub use watch::RootWatcher;
