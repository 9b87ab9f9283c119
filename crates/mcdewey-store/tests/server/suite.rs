//! The behaviour suite of `Index` against a Qdrant server.

use std::sync::Arc;

use mcdewey_core::Index;
use mcdewey_store::ServerAddress;
use mcdewey_store::testing::{clean_up, shared_server, unused_name};

use crate::support::{PATIENT, open, options};

/// Takes a test's collections away.
struct Keeper(ServerAddress, String);

impl Drop for Keeper {
    fn drop(&mut self) {
        let (address, name) = (self.0.clone(), self.1.clone());
        let cleaning = tokio::spawn(async move { clean_up(&address, &name).await });
        // The runtime of a test ends with it.
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(cleaning)).ok();
    }
}

async fn make() -> Option<(Arc<dyn Index>, Keeper)> {
    let address = shared_server("the behaviour suite on a Qdrant server").await?;
    let name = unused_name();
    let index = open(&address, options(&name, PATIENT))
        .await
        .expect("a new library opens");
    let keeper = Keeper(address, name);

    Some((index, keeper))
}

mcdewey_core::index_suite!(make);
