//! The form above a comparison: the versions and guides to choose from, and a question.

use mcdewey_core::DocumentMeta;
use mcdewey_search::{CompareRequest, LibraryTree, ProductNode};

use super::{products, versions};
use crate::site::Site;

pub(super) struct SelectOption {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) selected: bool,
}

pub(super) struct CompareForm {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) q: String,
    /// The product's versions; empty if the request names documents instead of versions.
    pub(super) from_options: Vec<SelectOption>,
    pub(super) to_options: Vec<SelectOption>,
    pub(super) guides: Vec<SelectOption>,
    pub(super) hidden_fields: Vec<(&'static str, String)>,
    pub(super) swapped_url: String,
}

impl CompareForm {
    pub(super) fn new(site: &Site, request: &CompareRequest, tree: &LibraryTree) -> Self {
        let product = products(tree).find(|product| is_requested(product, request));
        let versions = product.map(versions).unwrap_or_default();
        let from_options = version_options(&versions, &request.from);
        let to_options = version_options(&versions, &request.to);

        let mut hidden_fields: Vec<(&'static str, String)> = Vec::new();
        for vendor in &request.vendor {
            hidden_fields.push(("vendor", vendor.clone()));
        }
        for product in &request.product {
            hidden_fields.push(("product", product.clone()));
        }
        if from_options.is_empty() {
            hidden_fields.push(("from", request.from.clone()));
        }
        if to_options.is_empty() {
            hidden_fields.push(("to", request.to.clone()));
        }

        let swapped = CompareRequest {
            from: request.to.clone(),
            to: request.from.clone(),
            cursor: None,
            ..request.clone()
        };

        Self {
            from: request.from.clone(),
            to: request.to.clone(),
            q: request.q.clone(),
            from_options,
            to_options,
            guides: guide_options(product, request),
            hidden_fields,
            swapped_url: site.compare(&swapped),
        }
    }

    /// Names two documents by their versions, where the request names them by their sources.
    pub(super) fn show_versions(&mut self, from: &DocumentMeta, to: &DocumentMeta) {
        show_version(&mut self.from, from);
        show_version(&mut self.to, to);
    }
}

fn show_version(requested: &mut String, document: &DocumentMeta) {
    if *requested == document.source.as_str() {
        *requested = document
            .facets
            .version_label()
            .unwrap_or_else(|| document.title.clone());
    }
}

/// Whether the request names the product by its id or an alias.
fn is_requested(product: &ProductNode, request: &CompareRequest) -> bool {
    let id = product.id.as_deref().unwrap_or_default();
    request.product.iter().any(|requested| {
        requested.eq_ignore_ascii_case(id)
            || product
                .aliases
                .iter()
                .any(|alias| alias.eq_ignore_ascii_case(requested))
    })
}

/// The versions with `requested` selected; none if it is not one of them.
fn version_options(versions: &[&str], requested: &str) -> Vec<SelectOption> {
    if !versions
        .iter()
        .any(|version| is_same_version(version, requested))
    {
        return Vec::new();
    }

    versions
        .iter()
        .map(|version| SelectOption {
            value: (*version).to_owned(),
            text: (*version).to_owned(),
            selected: is_same_version(version, requested),
        })
        .collect()
}

/// "All guides" and the product's guides; none if there is no choice.
fn guide_options(product: Option<&ProductNode>, request: &CompareRequest) -> Vec<SelectOption> {
    let mut names: Vec<String> = product
        .into_iter()
        .flat_map(ProductNode::guides)
        .filter_map(|guide| guide.name.clone())
        .collect();

    names.sort();
    names.dedup();
    if names.len() < 2 {
        return Vec::new();
    }

    let all = SelectOption {
        value: String::new(),
        text: "All guides".to_owned(),
        selected: request.guide.is_empty(),
    };

    let guides = names.into_iter().map(|name| SelectOption {
        selected: request.guide.contains(&name),
        text: name.clone(),
        value: name,
    });

    std::iter::once(all).chain(guides).collect()
}

fn is_same_version(one: &str, other: &str) -> bool {
    one.trim_start_matches('v')
        .eq_ignore_ascii_case(other.trim().trim_start_matches('v'))
}
