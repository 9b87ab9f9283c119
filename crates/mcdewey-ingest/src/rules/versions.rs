//! The versions that the built-in rules find in one document, in their order of precedence.

use mcdewey_core::{Version, VersionScheme};

use super::{Candidate, FacetOrigin, fields, file_name};
use crate::parse::FrontMatter;

/// What the parts of a document say about its version.
pub(super) struct BuiltInVersions<'a> {
    pub(super) front_matter: &'a FrontMatter,
    pub(super) in_title: Option<String>,
    pub(super) in_path: Option<String>,
    pub(super) file_stem: &'a str,
}

impl BuiltInVersions<'_> {
    /// Returns what may be the version, the most trustworthy first: a field for the product's
    /// version, a field `version` that does not contradict title and path, the title, the path, the
    /// address, the file name.
    pub(super) fn candidates(&self, scheme: &VersionScheme) -> impl Iterator<Item = Candidate> {
        let product_version = fields::product_version(self.front_matter);
        let version_field = fields::version_field(self.front_matter)
            .filter(|stated| self.contradicted(stated, scheme).is_none());
        let in_url = self
            .front_matter
            .text("source_url")
            .and_then(fields::version_in_url);
        let in_file_name = file_name::version_in_file_name(self.file_stem);

        [
            (product_version, FacetOrigin::FrontMatter),
            (version_field, FacetOrigin::FrontMatter),
            (self.in_title.as_deref(), FacetOrigin::Title),
            (self.in_path.as_deref(), FacetOrigin::Path),
            (in_url, FacetOrigin::SourceUrl),
            (in_file_name, FacetOrigin::FileName),
        ]
        .map(|(text, origin)| Some((text?.to_owned(), origin)))
        .into_iter()
        .flatten()
    }

    /// Returns a warning if the field `version` was left aside.
    pub(super) fn warning(&self, scheme: &VersionScheme) -> Option<String> {
        if fields::product_version(self.front_matter).is_some() {
            return None;
        }

        let stated = fields::version_field(self.front_matter)?;
        let other = self.contradicted(stated, scheme)?;
        Some(format!(
            "the front matter's version {stated:?} was ignored, because title or path name \
             {other:?}; write `product_version` if it is the product's"
        ))
    }

    /// Returns the versions in path and title if both name some and have none in common.
    pub(super) fn disagreement(&self, scheme: &VersionScheme) -> Option<(String, String)> {
        let (path, title) = (self.in_path.clone()?, self.in_title.clone()?);
        let in_path = scheme.versions(&path).ok()?;
        let in_title = scheme.versions(&title).ok()?;
        let have_common = in_path
            .iter()
            .any(|version| in_title.iter().any(|other| other.key == version.key));

        (!have_common).then_some((path, title))
    }

    /// Returns what the title or the path names if the stated version is neither it nor a more
    /// precise form of it: the `version` of a document is often its own.
    fn contradicted(&self, stated: &str, scheme: &VersionScheme) -> Option<&str> {
        let other = self.in_title.as_deref().or(self.in_path.as_deref())?;
        let versions = scheme.versions(other).ok()?;
        let stated = scheme.versions(stated).ok()?;
        let refines = |stated: &Version| {
            versions
                .iter()
                .any(|version| stated.key.refines(&version.key))
        };

        (!stated.iter().all(refines)).then_some(other)
    }
}
