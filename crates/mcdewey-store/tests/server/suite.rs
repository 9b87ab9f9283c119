//! The behaviour suite of `Index` against a Qdrant server.

use std::sync::Arc;

use mcdewey_core::Index;
use mcdewey_store::ServerAddress;
use mcdewey_store::testing::{clean_up, shared_server, unused_name};

use crate::support::{RETRY_TIMEOUT, open, options};

/// Deletes the collections of a test when it is dropped.
struct CleanUp {
    address: ServerAddress,
    name: String,
}

impl Drop for CleanUp {
    fn drop(&mut self) {
        let (address, name) = (self.address.clone(), self.name.clone());
        let cleaning = tokio::spawn(async move { clean_up(&address, &name).await });
        // Waits, because the runtime ends with the test.
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(cleaning)).ok();
    }
}

async fn make() -> Option<(Arc<dyn Index>, CleanUp)> {
    let address = shared_server("the behaviour suite on a Qdrant server").await?;
    let name = unused_name();
    let index = open(&address, options(&name, RETRY_TIMEOUT))
        .await
        .expect("a new library opens");
    let clean_up = CleanUp { address, name };

    Some((index, clean_up))
}

mcdewey_core::index_suite!(make);
