//! What is said when a server cannot be used: its URL, the reason, and what to do.

use mcdewey_core::testing::index_suite::embedder;
use mcdewey_core::{Embed, Index, IndexError};
use mcdewey_store::testing::{clean_up, shared_server, unused_name};
use mcdewey_store::{Server, ServerAddress};
use qdrant_client::qdrant::{CreateCollectionBuilder, Distance, VectorParamsBuilder};

use crate::support::{PATIENT, document, open, options, own_server};

async fn refusal(url: &str, key: Option<&str>) -> String {
    let address = ServerAddress {
        url: url.to_owned(),
        api_key: key.map(str::to_owned),
    };

    let error = Server::connect(&address)
        .await
        .expect_err("the server cannot be used");
    assert!(matches!(error, IndexError::Unavailable(_)), "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_wrong_key_is_told_apart() {
    let Some(server) = own_server("a server with a key", Some("secret")).await else {
        return;
    };
    let url = server.address().url;
    for key in [None, Some("wrong")] {
        let said = refusal(&url, key).await;
        assert!(
            said.contains(&url) && said.contains("refuses the key"),
            "{said}"
        );
        assert!(
            said.contains("MCDEWEY_QDRANT_API_KEY") && !said.contains("wrong"),
            "{said}"
        );
    }

    Server::connect(&server.address())
        .await
        .expect("the right key opens it");
}

#[tokio::test]
async fn the_wrong_port_and_the_wrong_scheme_are_named() {
    let Some(server) = own_server("a server's other port", None).await else {
        return;
    };
    let rest = format!("http://127.0.0.1:{}", server.http_port());
    let said = refusal(&rest, None).await;
    assert!(said.contains(&rest) && said.contains("gRPC"), "{said}");
    let encrypted = server.address().url.replace("http://", "https://");
    let said = refusal(&encrypted, None).await;

    assert!(
        said.contains(&encrypted) && said.contains("http://"),
        "{said}"
    );
}

#[tokio::test]
async fn a_host_that_is_not_there_is_named() {
    let said = refusal("http://qdrant.invalid:6334", None).await;
    assert!(
        said.contains("qdrant.invalid") && said.contains("resolved"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_collection_is_left_alone() {
    let Some(address) = shared_server("a collection of another schema").await else {
        return;
    };
    let name = unused_name();
    let mut config = qdrant_client::Qdrant::from_url(&address.url).skip_compatibility_check();
    config.api_key.clone_from(&address.api_key);
    let client = config.build().unwrap();

    let make = async |name: &str| {
        let params = VectorParamsBuilder::new(3, Distance::Dot);
        client
            .create_collection(CreateCollectionBuilder::new(name).vectors_config(params))
            .await
            .unwrap();
    };

    // The name is the alias's.
    make(&name).await;
    let said = open(&address, options(&name, PATIENT))
        .await
        .unwrap_err()
        .to_string();

    assert!(
        said.contains(&name) && said.contains("alias") && said.contains("--qdrant-collection"),
        "{said}"
    );

    // What stands for the embedding cache holds vectors of another length.
    let second = format!("{name}-b");
    let cache = format!("{second}-vectors-{}", embedder().model().dimensions);
    make(&cache).await;

    let said = open(&address, options(&second, PATIENT))
        .await
        .unwrap_err()
        .to_string();

    assert!(
        said.contains(&cache) && said.contains("3 numbers instead of 7"),
        "{said}"
    );
    assert!(client.collection_exists(&cache).await.unwrap());
    clean_up(&address, &name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_makes_nothing_on_the_server() {
    let Some(address) = shared_server("a library nobody has written to").await else {
        return;
    };
    let name = unused_name();
    let index = open(&address, options(&name, PATIENT)).await.unwrap();
    assert_eq!(index.state().await.unwrap().documents, 0);
    assert_eq!(
        index
            .cached_vectors(&[mcdewey_core::ContentHash::of("x")])
            .await
            .unwrap(),
        [None]
    );

    let mut config = qdrant_client::Qdrant::from_url(&address.url).skip_compatibility_check();
    config.api_key.clone_from(&address.api_key);
    let client = config.build().unwrap();

    let made = async || {
        let listed = client.list_collections().await.unwrap().collections;
        listed
            .iter()
            .filter(|collection| collection.name.starts_with(&name))
            .count()
    };

    assert_eq!(made().await, 0);
    index
        .commit(document("a.md", 1, &["canine"]))
        .await
        .unwrap();
    assert_eq!(made().await, 2);
    clean_up(&address, &name).await;
}
