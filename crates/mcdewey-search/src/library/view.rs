//! The library as one caller sees it, cached until the library changes, because every question
//! needs it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mcdewey_core::{
    DocumentSummary, Generation, IndexReader, LibraryDescription, Revision, Scope, Version,
    VersionScheme, Visibility,
};
use tokio::sync::Mutex;

use crate::QueryError;
use crate::question::terms::lower_words;

/// The number of cached views. There is one for each distinct visibility.
const MAX_CACHED_VIEWS: usize = 16;

/// The documents a caller may see, and the description of their products.
#[derive(Debug, Clone)]
pub(crate) struct LibraryView {
    pub(crate) documents: Vec<DocumentSummary>,
    pub(crate) description: LibraryDescription,
    /// The words in lower case in the paths of the documents. They need not occur in any text.
    path_words: HashSet<String>,
    versions: BTreeMap<Option<String>, Vec<Version>>,
    schemes: BTreeMap<String, VersionScheme>,
    default_scheme: VersionScheme,
}

impl LibraryView {
    /// Creates the view of the given visible documents.
    ///
    /// Products without a visible document are removed from the description, and so are aliases
    /// that refer only to such products: a caller who may not see a product cannot tell that it
    /// exists.
    pub(crate) fn new(
        documents: Vec<DocumentSummary>,
        description: LibraryDescription,
    ) -> Result<Self, QueryError> {
        let mut versions: BTreeMap<Option<String>, Vec<Version>> = BTreeMap::new();
        for document in &documents {
            let facets = &document.meta.facets;
            let known = versions.entry(facets.product.clone()).or_default();
            for version in &facets.versions {
                if !known.iter().any(|other| other.key == version.key) {
                    known.push(version.clone());
                }
            }
        }

        for known in versions.values_mut() {
            known.sort_by(|a, b| a.key.cmp(&b.key));
        }

        let description = visible_description(description, &versions);

        let mut schemes = BTreeMap::new();
        for product in &description.products {
            schemes.insert(product.id.clone(), VersionScheme::new(&product.compact)?);
        }

        let path_words = documents
            .iter()
            .flat_map(|document| lower_words(document.meta.source.as_str()))
            .collect();

        Ok(Self {
            path_words,
            documents,
            description,
            versions,
            schemes,
            default_scheme: VersionScheme::default(),
        })
    }

    /// Reports whether a word, in lower case, stands in the path of a document.
    pub(crate) fn is_in_a_path(&self, word: &str) -> bool {
        self.path_words.contains(word)
    }

    /// Returns how the product writes its versions.
    pub(crate) fn scheme(&self, product: Option<&str>) -> &VersionScheme {
        product
            .and_then(|id| self.schemes.get(id))
            .unwrap_or(&self.default_scheme)
    }

    /// Returns every product with each of its versions, lowest first.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (Option<&str>, &Version)> {
        self.versions
            .iter()
            .flat_map(|(product, known)| known.iter().map(|version| (product.as_deref(), version)))
    }

    /// Returns the versions of a product, or of the documents without a product, lowest first.
    pub(crate) fn versions_of(&self, product: Option<&str>) -> &[Version] {
        self.versions
            .get(&product.map(str::to_owned))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Returns the products of the documents, each with its versions, lowest first.
    pub(crate) fn products(&self) -> impl Iterator<Item = (Option<&str>, &[Version])> {
        self.versions
            .iter()
            .map(|(product, known)| (product.as_deref(), known.as_slice()))
    }
}

fn visible_description(
    mut description: LibraryDescription,
    products: &BTreeMap<Option<String>, Vec<Version>>,
) -> LibraryDescription {
    let is_visible = |id: &String| products.contains_key(&Some(id.clone()));
    description
        .products
        .retain(|product| is_visible(&product.id));

    // Aliases that never referred to a product stay.
    description.aliases.retain_mut(|alias| {
        let had_products = !alias.products.is_empty();
        alias.products.retain(is_visible);
        let is_hidden = had_products && alias.products.is_empty();
        !is_hidden && !alias.names.is_empty()
    });
    description
}

/// The views of the library's current state.
#[derive(Default)]
pub(crate) struct ViewCache {
    views: Mutex<Vec<(ViewKey, Arc<LibraryView>)>>,
}

#[derive(Clone, PartialEq)]
struct ViewKey {
    generation: Generation,
    revision: Revision,
    visibility: Visibility,
}

impl ViewCache {
    /// Removes all views; they are created again when they are needed.
    pub(crate) async fn clear(&self) {
        self.views.lock().await.clear();
    }

    /// Returns the view for this visibility at the state of the reader.
    pub(crate) async fn view(
        &self,
        reader: &dyn IndexReader,
        visibility: &Visibility,
    ) -> Result<Arc<LibraryView>, QueryError> {
        let state = reader.state();
        let key = ViewKey {
            generation: state.generation.clone(),
            revision: state.revision,
            visibility: visibility.clone(),
        };

        // The lock is held while a view is created, so that concurrent requests create it once.
        let mut views = self.views.lock().await;
        if let Some((_, view)) = views.iter().find(|(cached, _)| *cached == key) {
            return Ok(view.clone());
        }

        let scope = Scope {
            visibility: visibility.clone(),
            ..Scope::default()
        };
        let view = LibraryView::new(reader.documents(&scope).await?, reader.description().await?)?;
        let view = Arc::new(view);

        views.retain(|(cached, _)| {
            cached.generation == key.generation && cached.revision == key.revision
        });

        if views.len() >= MAX_CACHED_VIEWS {
            views.remove(0);
        }

        views.push((key, view.clone()));
        Ok(view)
    }
}
