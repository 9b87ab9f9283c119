//! The errors when a server cannot be used: they contain its URL, the reason and what to do.

use mcdewey_core::testing::index_suite::embedder;
use mcdewey_core::{Embed, Index, IndexError};
use mcdewey_store::testing::{clean_up, shared_server, unused_name};
use mcdewey_store::{Server, ServerAddress};
use qdrant_client::qdrant::{CreateCollectionBuilder, Distance, VectorParamsBuilder};

use crate::support::{RETRY_TIMEOUT, document, open, options, own_server};

async fn connection_error(url: &str, key: Option<&str>) -> String {
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
async fn a_wrong_key_has_its_own_error() {
    let Some(server) = own_server("a server with a key", Some("secret")).await else {
        return;
    };
    let url = server.address().url;
    for key in [None, Some("wrong")] {
        let error = connection_error(&url, key).await;
        assert!(
            error.contains(&url) && error.contains("rejects the API key"),
            "{error}"
        );
        assert!(
            error.contains("MCDEWEY_QDRANT_API_KEY") && !error.contains("wrong"),
            "{error}"
        );
    }

    Server::connect(&server.address())
        .await
        .expect("the right key opens it");
}

#[tokio::test]
async fn the_errors_for_a_wrong_port_and_a_wrong_scheme_contain_the_url() {
    let Some(server) = own_server("a server's other port", None).await else {
        return;
    };
    let rest = format!("http://127.0.0.1:{}", server.http_port());
    let error = connection_error(&rest, None).await;
    assert!(error.contains(&rest) && error.contains("gRPC"), "{error}");
    let encrypted = server.address().url.replace("http://", "https://");
    let error = connection_error(&encrypted, None).await;

    assert!(
        error.contains(&encrypted) && error.contains("http://"),
        "{error}"
    );
}

#[tokio::test]
async fn the_error_for_an_unknown_host_contains_its_name() {
    let error = connection_error("http://qdrant.invalid:6334", None).await;
    assert!(
        error.contains("qdrant.invalid") && error.contains("resolved"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_of_another_program_is_left_alone() {
    let Some(address) = shared_server("a collection of another schema").await else {
        return;
    };
    let name = unused_name();
    let mut config = qdrant_client::Qdrant::from_url(&address.url).skip_compatibility_check();
    config.api_key.clone_from(&address.api_key);
    let client = config.build().unwrap();

    let create = async |name: &str| {
        let params = VectorParamsBuilder::new(3, Distance::Dot);
        client
            .create_collection(CreateCollectionBuilder::new(name).vectors_config(params))
            .await
            .unwrap();
    };

    // The name that is needed for the alias.
    create(&name).await;
    let error = open(&address, options(&name, RETRY_TIMEOUT))
        .await
        .unwrap_err()
        .to_string();

    assert!(
        error.contains(&name) && error.contains("alias") && error.contains("--qdrant-collection"),
        "{error}"
    );

    // The name of the embedding cache, with vectors of another length.
    let second = format!("{name}-b");
    let cache = format!("{second}-vectors-{}", embedder().model().dimensions);
    create(&cache).await;

    let error = open(&address, options(&second, RETRY_TIMEOUT))
        .await
        .unwrap_err()
        .to_string();

    assert!(
        error.contains(&cache) && error.contains("3 numbers instead of 7"),
        "{error}"
    );
    assert!(client.collection_exists(&cache).await.unwrap());
    clean_up(&address, &name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_creates_nothing_on_the_server() {
    let Some(address) = shared_server("a library that was never written to").await else {
        return;
    };
    let name = unused_name();
    let index = open(&address, options(&name, RETRY_TIMEOUT)).await.unwrap();
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

    let collections = async || {
        let listed = client.list_collections().await.unwrap().collections;
        listed
            .iter()
            .filter(|collection| collection.name.starts_with(&name))
            .count()
    };

    assert_eq!(collections().await, 0);
    index
        .commit(document("a.md", 1, &["canine"]))
        .await
        .unwrap();
    assert_eq!(collections().await, 2);
    clean_up(&address, &name).await;
}
