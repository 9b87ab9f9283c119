//! The libraries that McDewey is built on do the work in production: the calls that reach them are
//! in code that ships, not only in tests.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Modules, Path, read_modules};
use super::resolve::{Target, resolve};
use super::{crate_folders, file_name, rust_sources};

/// Library, crate, the file or folder below `src`, and the function called there or the trait
/// derived there.
const CALLS: [(&str, &str, &str, &str); 12] = [
    (
        "fastembed",
        "mcdewey-embed",
        "model.rs",
        "fastembed::TextEmbedding::try_new_from_user_defined",
    ),
    (
        "fastembed",
        "mcdewey-embed",
        "cross_encoder.rs",
        "fastembed::TextRerank::try_new_from_user_defined",
    ),
    ("ort", "mcdewey-embed", "runtime.rs", "ort::init_from"),
    (
        "text-splitter",
        "mcdewey-ingest",
        "split/",
        "text_splitter::TextSplitter::new",
    ),
    (
        "qdrant-client",
        "mcdewey-store",
        "server/",
        "qdrant_client::Qdrant::from_url",
    ),
    (
        "qdrant-edge",
        "mcdewey-store",
        "embedded/",
        "qdrant_edge::EdgeShard::load",
    ),
    (
        "qdrant-edge",
        "mcdewey-store",
        "bm25.rs",
        "qdrant_edge::bm25_embed::EdgeBm25::new",
    ),
    (
        "tokio",
        "mcdewey",
        "main.rs",
        "tokio::runtime::Builder::new_multi_thread",
    ),
    ("axum", "mcdewey-query", "", "axum::Router::new"),
    (
        "rmcp",
        "mcdewey-query",
        "mcp/",
        "rmcp::transport::streamable_http_server::StreamableHttpService::new",
    ),
    ("serde", "mcdewey-core", "chunk.rs", "serde::Serialize"),
    ("serde", "mcdewey", "settings.rs", "serde::Deserialize"),
];

#[test]
fn the_libraries_are_called_in_production() {
    let crates: BTreeMap<String, Modules> = crate_folders()
        .iter()
        .map(|folder| (file_name(folder), read_modules(&rust_sources(folder))))
        .collect();

    for (library, name, place, call) in CALLS {
        let calls = calls_of(&crates[name], place);
        let call: Path = call.split("::").map(str::to_owned).collect();
        assert!(
            calls.contains(&call),
            "{name}/src/{place} no longer has {}: is {library} still used in production?",
            call.join("::")
        );
    }
}

/// The calls of other crates' functions in a file or folder.
fn calls_of(modules: &Modules, place: &str) -> BTreeSet<Path> {
    modules
        .iter()
        .filter(|(_, module)| module.file.starts_with(place))
        .flat_map(|(path, module)| {
            let targets = module.calls.iter();
            targets.flat_map(move |call| resolve(modules, path, call))
        })
        .filter_map(|target| match target {
            Target::Foreign(path) => Some(path),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::modules::SourceFile;
    use super::*;

    fn calls(text: &str) -> Vec<String> {
        let file = SourceFile {
            path: "lib.rs".to_owned(),
            text: text.to_owned(),
        };

        calls_of(&read_modules(&[file]), "lib.rs")
            .iter()
            .map(|path| path.join("::"))
            .collect()
    }

    #[test]
    fn calls_are_found_through_imports() {
        assert_eq!(
            calls(
                "use a::{b as c, d::{self, E}};
                 fn f() { E::<u8>::new(c::call(|| d::inner())).method(); g(); }
                 fn g() {}",
            ),
            ["a::b::call", "a::d::E::new", "a::d::inner"]
        );
    }

    #[test]
    fn derived_traits_count_as_calls() {
        let found = calls("use serde::Serialize; #[derive(Serialize, other::Trait)] struct S;");

        assert_eq!(found, ["other::Trait", "serde::Serialize"]);
    }

    #[test]
    fn comments_imports_and_tests_are_no_calls() {
        let found = calls(
            "use a::b; /* b() */
             #[cfg(test)] fn f() { b() }
             #[cfg(test)] mod tests { fn g() { a::b() } }
             #[cfg(feature = \"testing\")] mod testing { fn g() { a::b() } }",
        );

        assert_eq!(found, [""; 0]);
    }
}
