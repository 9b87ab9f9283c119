//! `list_library`: the contents of the library, in as much detail as the token budget allows.

use mcdewey_core::Visibility;
use mcdewey_search::{
    GuideNode, LibraryTree, ProductNode, QueryError, Totals, VendorNode, VersionNode,
};
use rmcp::model::CallToolResult;

use super::arguments::{Arguments, Parameter, ParameterKind, TOKEN_BUDGET};
use super::budget::{TokenCounter, counting};
use super::envelope::{MESSAGE_OVERHEAD_TOKENS, answer};
use super::fence::{QuoteAttributes, encoded_name, facet, label, name, quote};
use super::readable::footer;
use super::wire::{
    Detail, LibraryListing, ListedGuide, ListedProduct, ListedVendor, ListedVersion,
};
use crate::ServedLibrary;

/// The tool's parameters.
pub(super) static PARAMETERS: [Parameter; 3] = [
    Parameter {
        name: "vendor",
        aliases: &["vendors"],
        kind: ParameterKind::Names,
        required: false,
        description: "Only this vendor",
        examples: &["Cisco"],
    },
    Parameter {
        name: "product",
        aliases: &["products"],
        kind: ParameterKind::Names,
        required: false,
        description: "Only this product",
        examples: &["finesse", "CCX"],
    },
    TOKEN_BUDGET,
];

/// The levels of detail, from the shortest list to the longest.
const DETAILS: [Detail; 5] = [
    Detail::Vendors,
    Detail::Products,
    Detail::Versions,
    Detail::Guides,
    Detail::Documents,
];

/// Answers a call.
pub(super) async fn call(
    library: &ServedLibrary,
    arguments: &Arguments,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let budget = arguments.budget();
    let mut contents = library.at(visibility).await?.tree().await?;
    retain_vendors(&mut contents, &arguments.names("vendor"))?;
    retain_products(&mut contents, &arguments.names("product"))?;

    counting(library, move |counter| {
        most_detailed(&contents, counter, budget)
    })
    .await
}

/// Returns the most detailed list that fits. Stops at the first one that does not: counting the
/// full list of a large library would cost more than the response is worth.
fn most_detailed(
    contents: &LibraryTree,
    counter: &TokenCounter,
    budget: usize,
) -> Result<CallToolResult, QueryError> {
    let mut best = None;
    for detail in DETAILS {
        let result = render(contents, detail, contents.vendors.len())?;
        if !fits(&result, counter, budget)? {
            break;
        }
        best = Some(result);
    }

    if let Some(result) = best {
        return Ok(result);
    }

    // Not even the vendors fit: halve their number until they do.
    let mut vendors = contents.vendors.len();
    while vendors > 0 {
        vendors /= 2;
        let result = render(contents, Detail::Vendors, vendors)?;
        if fits(&result, counter, budget)? {
            return Ok(result);
        }
    }

    Err(QueryError::InvalidRequest(format!(
        "token_budget {budget} is too small for this response; use a larger one"
    )))
}

fn fits(
    result: &CallToolResult,
    counter: &TokenCounter,
    budget: usize,
) -> Result<bool, QueryError> {
    let json =
        serde_json::to_string(result).map_err(|error| QueryError::Internal(error.to_string()))?;
    Ok(counter.fits(&json, budget.saturating_sub(MESSAGE_OVERHEAD_TOKENS))?)
}

/// Retains the named vendors; all if `requested` is empty.
fn retain_vendors(contents: &mut LibraryTree, requested: &[String]) -> Result<(), QueryError> {
    let known: Vec<String> = contents
        .vendors
        .iter()
        .filter_map(|entry| entry.name.clone())
        .collect();

    for asked in requested {
        if !known.iter().any(|name| same_name(name, asked)) {
            return Err(QueryError::UnknownFacet {
                facet: "vendor",
                asked: asked.clone(),
                known,
            });
        }
    }

    if requested.is_empty() {
        return Ok(());
    }

    contents.vendors.retain(|entry| {
        entry
            .name
            .iter()
            .any(|name| requested.iter().any(|asked| same_name(name, asked)))
    });
    Ok(())
}

/// Retains the products with the given ids, titles or aliases; all if `requested` is empty.
fn retain_products(contents: &mut LibraryTree, requested: &[String]) -> Result<(), QueryError> {
    for asked in requested {
        let mut products = contents.vendors.iter().flat_map(|entry| &entry.products);
        if !products.any(|entry| has_name(entry, asked)) {
            let all = contents.vendors.iter().flat_map(|entry| &entry.products);
            let known = all.filter_map(|entry| entry.id.clone()).collect();
            return Err(QueryError::UnknownFacet {
                facet: "product",
                asked: asked.clone(),
                known,
            });
        }
    }

    if requested.is_empty() {
        return Ok(());
    }

    for vendor in &mut contents.vendors {
        vendor
            .products
            .retain(|entry| requested.iter().any(|asked| has_name(entry, asked)));
    }

    contents
        .vendors
        .retain(|vendor| !vendor.products.is_empty());
    Ok(())
}

fn has_name(entry: &ProductNode, asked: &str) -> bool {
    entry
        .id
        .iter()
        .chain(&entry.title)
        .chain(&entry.aliases)
        .any(|name| same_name(name, asked))
}

fn same_name(name: &str, asked: &str) -> bool {
    name.to_lowercase() == asked.to_lowercase()
}

/// Renders the first `vendors` vendors at one level of detail.
fn render(
    contents: &LibraryTree,
    detail: Detail,
    vendors: usize,
) -> Result<CallToolResult, QueryError> {
    let totals = Totals::of(contents.guides());
    let mut listing = LibraryListing {
        documents: totals.documents,
        pages: totals.pages,
        vendors: contents
            .vendors
            .iter()
            .take(vendors)
            .map(|entry| listed_vendor(entry, detail))
            .collect(),
        detail,
        ..LibraryListing::default()
    };

    if vendors < contents.vendors.len() {
        let all = contents.vendors.len();
        listing.notices.push(format!(
            "{vendors} of {all} vendors fit token_budget; use a larger one"
        ));
    } else if let Some(omitted) = omitted_level(detail) {
        listing.notices.push(format!(
            "{omitted} are left out to fit token_budget; filter by vendor or product"
        ));
    }

    let text = markdown(&listing);
    answer(&listing, text)
}

/// Returns the first level that a list of this detail leaves out.
fn omitted_level(detail: Detail) -> Option<&'static str> {
    match detail {
        Detail::Vendors => Some("products"),
        Detail::Products => Some("versions"),
        Detail::Versions => Some("guides"),
        Detail::Guides => Some("documents"),
        Detail::Documents => None,
    }
}

fn listed_vendor(entry: &VendorNode, detail: Detail) -> ListedVendor {
    let with_products = detail >= Detail::Products;
    ListedVendor {
        vendor: entry.name.as_deref().map(facet),
        documents: Totals::of(entry.guides()).documents,
        products: entry
            .products
            .iter()
            .filter(|_| with_products)
            .map(|product| listed_product(product, detail))
            .collect(),
    }
}

fn listed_product(entry: &ProductNode, detail: Detail) -> ListedProduct {
    let with_versions = detail >= Detail::Versions;
    ListedProduct {
        product: entry.id.as_deref().map(facet),
        title: entry.title.as_deref().map(label),
        aliases: entry.aliases.iter().map(|alias| facet(alias)).collect(),
        documents: Totals::of(entry.guides()).documents,
        versions: entry
            .versions
            .iter()
            .filter(|_| with_versions)
            .map(|version| listed_version(version, detail))
            .collect(),
    }
}

fn listed_version(entry: &VersionNode, detail: Detail) -> ListedVersion {
    let with_guides = detail >= Detail::Guides;
    ListedVersion {
        version: entry.version.as_ref().map(|version| facet(&version.label)),
        latest: entry.latest,
        documents: Totals::of(entry.guides.iter()).documents,
        guides: entry
            .guides
            .iter()
            .filter(|_| with_guides)
            .map(|guide| listed_guide(guide, detail))
            .collect(),
    }
}

fn listed_guide(entry: &GuideNode, detail: Detail) -> ListedGuide {
    let with_documents = detail >= Detail::Documents;
    ListedGuide {
        guide: entry.name.as_deref().map(facet),
        pages: entry.pages,
        sources: entry
            .documents
            .iter()
            .filter(|_| with_documents)
            .map(|document| encoded_name(document.meta.source.as_str()))
            .collect(),
    }
}

/// Renders the readable text. Its names come from folders and documents, so the contents list is
/// quoted.
fn markdown(listing: &LibraryListing) -> String {
    let mut list = String::new();
    for vendor in &listing.vendors {
        let called = vendor.vendor.as_deref().unwrap_or("(no vendor)");
        list.push_str(&format!("- {} ({})\n", name(called), vendor.documents));
        for product in &vendor.products {
            list.push_str(&product_lines(product));
        }
    }

    let mut text = format!(
        "{} documents, {} pages and sections\n",
        listing.documents, listing.pages
    );

    if !list.is_empty() {
        text.push_str(&format!(
            "{}\n",
            quote(list.trim_end(), &QuoteAttributes::default())
        ));
    }

    text.push_str(&footer(&listing.notices, None));
    text.trim_end().to_owned()
}

fn product_lines(product: &ListedProduct) -> String {
    let id = product.product.as_deref().unwrap_or("(no product)");
    let names = product
        .title
        .iter()
        .chain(&product.aliases)
        .map(|name| label(name))
        .collect::<Vec<_>>()
        .join(", ");

    let names = if names.is_empty() {
        names
    } else {
        format!(": {names}")
    };

    let mut text = format!("  - {}{names} ({})\n", name(id), product.documents);
    for version in &product.versions {
        let called = version.version.as_deref().unwrap_or("(no version)");
        let latest = if version.latest { ", latest" } else { "" };
        text.push_str(&format!(
            "    - {}{latest} ({})\n",
            name(called),
            version.documents
        ));

        for guide in &version.guides {
            let called = guide.guide.as_deref().unwrap_or("(no guide)");
            text.push_str(&format!(
                "      - {} ({} pages)\n",
                name(called),
                guide.pages
            ));

            text.extend(
                guide
                    .sources
                    .iter()
                    .map(|source| format!("        - {}\n", name(source))),
            );
        }
    }

    text
}

#[cfg(test)]
mod tests;
