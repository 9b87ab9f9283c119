//! What the library holds as one caller sees it: kept until the library changes, because every question needs it.

use std::collections::BTreeMap;

use mcdewey_core::{
    DocumentSummary, Generation, Index, IndexState, LibraryDescription, Revision, Scope, Version,
    VersionScheme, Visibility,
};
use tokio::sync::Mutex;

use crate::QueryError;

/// How many views (one per kind of caller) are kept at once.
const KEPT_VIEWS: usize = 16;

/// The documents a caller may see, and what is said about their products.
#[derive(Debug, Clone)]
pub(crate) struct LibraryView {
    pub(crate) documents: Vec<DocumentSummary>,
    pub(crate) description: LibraryDescription,
    versions: BTreeMap<Option<String>, Vec<Version>>,
    schemes: BTreeMap<String, VersionScheme>,
    plain_scheme: VersionScheme,
}

impl LibraryView {
    /// Products no visible document belongs to are left out of the description, and so are aliases that point at
    /// nothing but them: whoever may not see a product cannot tell that it exists.
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

        versions
            .values_mut()
            .for_each(|known| known.sort_by(|a, b| a.key.cmp(&b.key)));
        let description = visible(description, &versions);

        let mut schemes = BTreeMap::new();
        for product in &description.products {
            schemes.insert(product.id.clone(), VersionScheme::new(&product.compact)?);
        }

        Ok(Self {
            documents,
            description,
            versions,
            schemes,
            plain_scheme: VersionScheme::default(),
        })
    }

    /// How the product writes its releases.
    pub(crate) fn scheme(&self, product: Option<&str>) -> &VersionScheme {
        product
            .and_then(|id| self.schemes.get(id))
            .unwrap_or(&self.plain_scheme)
    }

    /// Every product with each of its releases, lowest first.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (Option<&str>, &Version)> {
        self.versions
            .iter()
            .flat_map(|(product, known)| known.iter().map(|version| (product.as_deref(), version)))
    }

    /// The products of the documents, each with its releases, lowest first.
    pub(crate) fn products(&self) -> impl Iterator<Item = (Option<&str>, &[Version])> {
        self.versions
            .iter()
            .map(|(product, known)| (product.as_deref(), known.as_slice()))
    }
}

fn visible(
    mut description: LibraryDescription,
    products: &BTreeMap<Option<String>, Vec<Version>>,
) -> LibraryDescription {
    let seen = |id: &String| products.contains_key(&Some(id.clone()));
    description.products.retain(|product| seen(&product.id));
    for alias in &mut description.aliases {
        let pointed = !alias.products.is_empty();
        alias.products.retain(seen);
        if pointed && alias.products.is_empty() {
            alias.names.clear();
        }
    }

    description.aliases.retain(|alias| !alias.names.is_empty());
    description
}

/// The views of the library's present state.
#[derive(Default)]
pub(crate) struct ViewCache {
    kept: Mutex<Vec<(ViewKey, std::sync::Arc<LibraryView>)>>,
}

#[derive(Clone, PartialEq)]
struct ViewKey {
    generation: Generation,
    revision: Revision,
    visibility: Visibility,
}

impl ViewCache {
    /// Lets go of all views; they are made again when somebody asks.
    pub(crate) async fn clear(&self) {
        self.kept.lock().await.clear();
    }

    /// The view of this caller at this state.
    pub(crate) async fn view(
        &self,
        index: &dyn Index,
        state: &IndexState,
        visibility: &Visibility,
    ) -> Result<std::sync::Arc<LibraryView>, QueryError> {
        let key = ViewKey {
            generation: state.generation.clone(),
            revision: state.revision,
            visibility: visibility.clone(),
        };

        let mut kept = self.kept.lock().await;
        if let Some((_, view)) = kept.iter().find(|(known, _)| *known == key) {
            return Ok(view.clone());
        }

        let scope = Scope {
            visibility: visibility.clone(),
            ..Scope::default()
        };
        let view = LibraryView::new(index.documents(&scope).await?, index.description().await?)?;
        let view = std::sync::Arc::new(view);

        kept.retain(|(known, _)| {
            known.generation == key.generation && known.revision == key.revision
        });

        if kept.len() >= KEPT_VIEWS {
            kept.remove(0);
        }

        kept.push((key, view.clone()));
        Ok(view)
    }
}
