//! What the library's releases say about a question: since which release a name exists, and that the
//! release which the question names does not have it.

use std::collections::{BTreeMap, BTreeSet};

use mcdewey_core::{Candidate, Scope, Version, VersionFilter, VersionKey};

use super::SearchPipeline;
use super::lookup::MAX_NAMES;
use crate::QueryError;
use crate::question::about_releases::{answer_about_releases, asks_since};
use crate::question::identifiers::{Identifier, identifiers, names_asked_for};
use crate::results::confidence::NoAnswer;
use crate::results::release::{AskedRelease, NameReleases};

/// The number of products that are reported of a name.
const MAX_PRODUCTS: usize = 3;

/// What is said about releases, and what is left of the verdict that there is no answer.
pub(super) struct ReleaseAnswer {
    pub(super) names: Vec<NameReleases>,
    pub(super) notices: Vec<String>,
    pub(super) no_answer: Option<NoAnswer>,
}

impl SearchPipeline<'_> {
    /// Answers what the list of releases answers. `no_answer` is the verdict about the hits.
    pub(super) async fn about_releases(
        &self,
        no_answer: Option<NoAnswer>,
    ) -> Result<ReleaseAnswer, QueryError> {
        let names = self.name_releases().await?;
        let asked = self.analysis.release.as_ref().map(AskedRelease::from);
        let sentences = |names: &mut dyn Iterator<Item = &NameReleases>| -> Vec<String> {
            names.map(|name| name.sentence(asked.as_ref())).collect()
        };

        let view = self.snapshot.view().await?;
        if self.offset == 0
            && let Some(notices) = answer_about_releases(&self.request.q, view, &self.analysis)
        {
            return Ok(ReleaseAnswer {
                names,
                notices,
                no_answer: None,
            });
        }

        if asks_since(&self.request.q) && !names.is_empty() {
            return Ok(ReleaseAnswer {
                notices: sentences(&mut names.iter()),
                names,
                no_answer: None,
            });
        }

        // A question for a name is told where it begins and ends; in every release, it is not news.
        if self.analysis.release.is_none() {
            let is_in_all = |name: &&NameReleases| name.is_in_oldest && name.is_in_newest;
            return Ok(ReleaseAnswer {
                notices: sentences(&mut names.iter().filter(|name| !is_in_all(name))),
                names,
                no_answer,
            });
        }

        // Hits without any of the names do not answer, and the release is the reason.
        let is_absent = |name: &&NameReleases| name.in_asked_release == Some(false);
        let absent = sentences(&mut names.iter().filter(is_absent));
        if !absent.is_empty() && names.iter().all(|name| is_absent(&name)) {
            let missing = names.iter().map(|name| name.name.clone()).collect();
            return Ok(ReleaseAnswer {
                names,
                notices: Vec::new(),
                no_answer: Some(NoAnswer {
                    message: absent.join("; "),
                    missing,
                    is_certain: true,
                }),
            });
        }

        Ok(ReleaseAnswer {
            names,
            notices: absent,
            no_answer,
        })
    }

    /// Returns the releases of the names and codes in a question that names a release, asks since
    /// which release something exists, or is hardly more than a name.
    async fn name_releases(&self) -> Result<Vec<NameReleases>, QueryError> {
        let view = self.snapshot.view().await?;
        let has_releases = view.products().any(|(_, versions)| versions.len() > 1);
        if self.offset > 0 || !has_releases {
            return Ok(Vec::new());
        }

        let (question, known) = (&self.analysis.searched, &self.analysis.known_words);
        let identifiers = identifiers(question, known);
        let is_about_releases = self.analysis.release.is_some() || asks_since(&self.request.q);
        let names: Vec<&Identifier> = if is_about_releases {
            identifiers.iter().filter(|name| name.is_exact()).collect()
        } else if self.request.version.is_none() {
            names_asked_for(question, &identifiers, known)
        } else {
            Vec::new()
        };

        let mut found = Vec::new();
        for name in names.into_iter().take(MAX_NAMES) {
            found.extend(self.releases_of(name).await?);
        }
        Ok(found)
    }

    /// Finds every passage with the name, in one call of the index.
    async fn releases_of(&self, name: &Identifier) -> Result<Vec<NameReleases>, QueryError> {
        let mut scope = self.scope.clone();
        scope.filter.version = VersionFilter::Any;
        let candidates = self.passages_with_name(name, &scope).await?;
        self.summarise(name, &candidates).await
    }

    async fn summarise(
        &self,
        name: &Identifier,
        candidates: &[Candidate],
    ) -> Result<Vec<NameReleases>, QueryError> {
        let view = self.snapshot.view().await?;
        let mut by_product: BTreeMap<Option<&str>, BTreeMap<&VersionKey, &Version>> =
            BTreeMap::new();
        let mut in_scope: BTreeSet<Option<&str>> = BTreeSet::new();
        // What has no version may be about any.
        let is_anywhere = candidates
            .iter()
            .any(|candidate| candidate.document.facets.versions.is_empty());
        for candidate in candidates {
            let facets = &candidate.document.facets;
            let product = facets.product.as_deref();
            if is_anywhere || is_in(&self.scope, candidate) {
                in_scope.insert(product);
            }
            for version in &facets.versions {
                let versions = by_product.entry(product).or_default();
                versions.insert(&version.key, version);
            }
        }

        // Of a question about releases of one product, other products are no part.
        if let Some(release) = &self.analysis.release {
            by_product.retain(|product, _| {
                release
                    .terms
                    .iter()
                    .any(|term| term.product.as_deref() == *product)
            });
        }

        let of_products =
            by_product
                .into_iter()
                .take(MAX_PRODUCTS)
                .filter_map(|(product, versions)| {
                    let (first, last) = (versions.values().next()?, versions.values().next_back()?);
                    let known = view.versions_of(product);
                    let description = product.and_then(|id| view.description.product(id));
                    Some(NameReleases {
                        name: name.text.clone(),
                        product: description
                            .and_then(|known| known.title.clone())
                            .or_else(|| product.map(str::to_owned)),
                        first: first.label.clone(),
                        last: last.label.clone(),
                        is_in_oldest: known.first().is_some_and(|oldest| oldest.key == first.key),
                        is_in_newest: known.last().is_some_and(|newest| newest.key == last.key),
                        in_asked_release: self
                            .analysis
                            .release
                            .as_ref()
                            .map(|_| in_scope.contains(&product)),
                    })
                });
        Ok(of_products.collect())
    }
}

fn is_in(scope: &Scope, candidate: &Candidate) -> bool {
    scope.filter.matches(&candidate.document)
}
