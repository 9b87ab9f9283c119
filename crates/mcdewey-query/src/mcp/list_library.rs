//! `list_library`: what there is to ask about, as deep as the budget goes.

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use super::arguments::{Arguments, Kind, Parameter, TOKEN_BUDGET};
use super::budget::{Counter, blocking};
use super::envelope::{RESERVE, answer};
use super::fence::{Origin, facet, label, name, quote, shown_name};
use super::readable::closing;
use super::wire::{Detail, GuideShelf, ProductShelf, Shelves, VendorShelf, VersionShelf};
use crate::tree::held;
use crate::{
    GuideEntry, Library, LibraryAnswer, ProductEntry, QueryError, VendorEntry, VersionEntry,
};

/// What the tool takes.
pub(super) static PARAMETERS: [Parameter; 3] = [
    Parameter {
        name: "vendor",
        aliases: &["vendors"],
        kind: Kind::Names,
        required: false,
        description: "Only this vendor",
        examples: &["Cisco"],
    },
    Parameter {
        name: "product",
        aliases: &["products"],
        kind: Kind::Names,
        required: false,
        description: "Only this product",
        examples: &["finesse", "CCX"],
    },
    TOKEN_BUDGET,
];

/// From the shortest list to the longest.
const DETAILS: [Detail; 5] = [
    Detail::Vendors,
    Detail::Products,
    Detail::Versions,
    Detail::Guides,
    Detail::Documents,
];

/// Answers a call.
pub(super) async fn call(
    library: &Library,
    arguments: &Arguments,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let budget = arguments.budget();
    let mut whole = library.library(visibility).await?;
    keep_vendors(&mut whole, &arguments.names("vendor"))?;
    keep_products(&mut whole, &arguments.names("product"))?;
    let counter = Counter::new(library);

    blocking(move || deepest(&whole, &counter, budget)).await
}

/// The longest list that fits. Longer ones are not tried once one does not: counting a list of a large library in full
/// would cost more than the answer is worth.
fn deepest(
    whole: &LibraryAnswer,
    counter: &Counter,
    budget: usize,
) -> Result<CallToolResult, QueryError> {
    let mut best = None;
    for detail in DETAILS {
        let result = render(whole, detail, whole.vendors.len())?;
        if !fits(&result, counter, budget)? {
            break;
        }
        best = Some(result);
    }

    if let Some(result) = best {
        return Ok(result);
    }

    // Not even the vendors: as many as fit, halving.
    let mut vendors = whole.vendors.len();
    while vendors > 0 {
        vendors /= 2;
        let result = render(whole, Detail::Vendors, vendors)?;
        if fits(&result, counter, budget)? {
            return Ok(result);
        }
    }

    Err(QueryError::InvalidRequest(format!(
        "token_budget {budget} is too small for this answer; ask with a larger one"
    )))
}

fn fits(result: &CallToolResult, counter: &Counter, budget: usize) -> Result<bool, QueryError> {
    let json =
        serde_json::to_string(result).map_err(|error| QueryError::Internal(error.to_string()))?;
    Ok(counter.fits(&json, budget.saturating_sub(RESERVE))?)
}

fn keep_vendors(whole: &mut LibraryAnswer, wanted: &[String]) -> Result<(), QueryError> {
    let known: Vec<String> = whole
        .vendors
        .iter()
        .filter_map(|entry| entry.vendor.clone())
        .collect();

    for asked in wanted {
        if !known.iter().any(|name| same(name, asked)) {
            return Err(QueryError::UnknownFacet {
                facet: "vendor",
                asked: asked.clone(),
                known,
            });
        }
    }

    let named = |entry: &VendorEntry| {
        entry
            .vendor
            .iter()
            .any(|name| wanted.iter().any(|asked| same(name, asked)))
    };

    whole
        .vendors
        .retain(|entry| wanted.is_empty() || named(entry));
    Ok(())
}

fn keep_products(whole: &mut LibraryAnswer, wanted: &[String]) -> Result<(), QueryError> {
    for asked in wanted {
        let mut products = whole.vendors.iter().flat_map(|entry| &entry.products);
        if !products.any(|entry| is_called(entry, asked)) {
            let all = whole.vendors.iter().flat_map(|entry| &entry.products);
            let known = all.filter_map(|entry| entry.product.clone()).collect();
            return Err(QueryError::UnknownFacet {
                facet: "product",
                asked: asked.clone(),
                known,
            });
        }
    }

    if wanted.is_empty() {
        return Ok(());
    }

    for vendor in &mut whole.vendors {
        vendor
            .products
            .retain(|entry| wanted.iter().any(|asked| is_called(entry, asked)));
    }

    whole.vendors.retain(|vendor| !vendor.products.is_empty());
    Ok(())
}

fn is_called(entry: &ProductEntry, asked: &str) -> bool {
    entry
        .product
        .iter()
        .chain(&entry.title)
        .chain(&entry.aliases)
        .any(|name| same(name, asked))
}

fn same(name: &str, asked: &str) -> bool {
    name.to_lowercase() == asked.to_lowercase()
}

fn render(
    whole: &LibraryAnswer,
    detail: Detail,
    vendors: usize,
) -> Result<CallToolResult, QueryError> {
    let held = held(guides(&whole.vendors));
    let mut shelves = Shelves {
        documents: held.documents,
        pages: held.pages,
        vendors: whole
            .vendors
            .iter()
            .take(vendors)
            .map(|entry| vendor(entry, detail))
            .collect(),
        detail,
        ..Shelves::default()
    };

    if vendors < whole.vendors.len() {
        let all = whole.vendors.len();
        shelves.notices.push(format!(
            "{vendors} of {all} vendors fit the token budget; ask with a larger token_budget"
        ));
    } else if let Some(deeper) = next(detail) {
        shelves.notices.push(format!(
            "{deeper} are left out to fit the token budget; narrow with vendor or product"
        ));
    }

    let text = markdown(&shelves);
    answer(&shelves, text)
}

fn next(detail: Detail) -> Option<&'static str> {
    match detail {
        Detail::Vendors => Some("products"),
        Detail::Products => Some("versions"),
        Detail::Versions => Some("guides"),
        Detail::Guides => Some("documents"),
        Detail::Documents => None,
    }
}

fn guides(vendors: &[VendorEntry]) -> impl Iterator<Item = &GuideEntry> {
    let versions = vendors
        .iter()
        .flat_map(|vendor| &vendor.products)
        .flat_map(|product| &product.versions);
    versions.flat_map(|version| &version.guides)
}

fn vendor(entry: &VendorEntry, detail: Detail) -> VendorShelf {
    let deeper = detail >= Detail::Products;
    VendorShelf {
        vendor: entry.vendor.as_deref().map(facet),
        documents: held(guides(std::slice::from_ref(entry))).documents,
        products: entry
            .products
            .iter()
            .filter(|_| deeper)
            .map(|product| self::product(product, detail))
            .collect(),
    }
}

fn product(entry: &ProductEntry, detail: Detail) -> ProductShelf {
    let deeper = detail >= Detail::Versions;
    ProductShelf {
        product: entry.product.as_deref().map(facet),
        title: entry.title.as_deref().map(label),
        aliases: entry.aliases.iter().map(|alias| facet(alias)).collect(),
        documents: held(entry.versions.iter().flat_map(|version| &version.guides)).documents,
        versions: entry
            .versions
            .iter()
            .filter(|_| deeper)
            .map(|version| self::version(version, detail))
            .collect(),
    }
}

fn version(entry: &VersionEntry, detail: Detail) -> VersionShelf {
    let deeper = detail >= Detail::Guides;
    VersionShelf {
        version: entry.version.as_deref().map(facet),
        latest: entry.latest,
        documents: held(entry.guides.iter()).documents,
        guides: entry
            .guides
            .iter()
            .filter(|_| deeper)
            .map(|guide| self::guide(guide, detail))
            .collect(),
    }
}

fn guide(entry: &GuideEntry, detail: Detail) -> GuideShelf {
    let deeper = detail >= Detail::Documents;
    GuideShelf {
        guide: entry.guide.as_deref().map(facet),
        pages: entry.pages,
        sources: entry
            .documents
            .iter()
            .filter(|_| deeper)
            .map(|document| shown_name(&document.source))
            .collect(),
    }
}

/// The list for readers. Its names are those of folders and documents, so all of it is quoted.
fn markdown(shelves: &Shelves) -> String {
    let mut list = String::new();
    for vendor in &shelves.vendors {
        let called = vendor.vendor.as_deref().unwrap_or("(no vendor)");
        list.push_str(&format!("- {} ({})\n", name(called), vendor.documents));
        for product in &vendor.products {
            list.push_str(&product_lines(product));
        }
    }

    let mut text = format!(
        "{} documents, {} pages and sections\n",
        shelves.documents, shelves.pages
    );

    if !list.is_empty() {
        text.push_str(&format!("{}\n", quote(list.trim_end(), &Origin::default())));
    }

    text.push_str(&closing(&shelves.notices, None));
    text.trim_end().to_owned()
}

fn product_lines(product: &ProductShelf) -> String {
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
mod tests {
    use std::sync::Arc;

    use mcdewey_core::Index;
    use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
    use serde_json::{Value, json};

    use super::super::testing::{GUIDE, call, call_on, refused, sent_tokens, structured, text};
    use super::super::tools::DocTool::ListLibrary;
    use super::Library;

    #[tokio::test]
    async fn an_ample_budget_shows_every_document() {
        let result = call(ListLibrary, json!({})).await;
        let answer = structured(&result);
        assert_eq!(
            (&answer["detail"], &answer["documents"]),
            (&json!("documents"), &json!(4))
        );
        assert!(answer.get("notices").is_none());
        let product = &answer["vendors"][1]["products"][0];

        assert_eq!(
            (&product["product"], &product["aliases"]),
            (&json!("finesse"), &json!(["CCX"]))
        );
        let newest = json!({"version": "v15.0", "latest": true});
        assert_eq!(
            (
                &product["versions"][0]["version"],
                &product["versions"][0]["latest"]
            ),
            (&newest["version"], &newest["latest"])
        );
        assert_eq!(
            product["versions"][1]["guides"][0]["sources"],
            json!([GUIDE])
        );
        let readable = text(&result);

        assert!(
            readable.contains("  - finesse: Cisco Finesse, CCX (3)\n    - v15.0, latest (1)\n"),
            "{readable}"
        );
        assert!(readable.contains(&format!("        - {GUIDE}")));
    }

    #[tokio::test]
    async fn a_document_of_two_releases_is_counted_once() {
        let embed = FakeEmbed::new(&[]);
        let both = SampleDocument::new("finesse/guide.md")
            .vendor("Cisco")
            .product("finesse")
            .version("v12.0");

        let both = both
            .version("v12.5")
            .page(1, &["one"])
            .page(2, &["two"])
            .build(&embed);

        let index = MemoryIndex::new();
        index.commit(both).await.unwrap();
        let library = Arc::new(Library::new(Arc::new(index), Arc::new(embed), "http://x"));
        let result = call_on(library, ListLibrary, json!({})).await;
        let answer = structured(&result);

        assert_eq!(
            (&answer["documents"], &answer["pages"]),
            (&json!(1), &json!(2))
        );
        let vendor = &answer["vendors"][0];
        assert_eq!(
            (&vendor["documents"], &vendor["products"][0]["documents"]),
            (&json!(1), &json!(1))
        );
        let versions = vendor["products"][0]["versions"].as_array().unwrap();

        assert_eq!(
            versions
                .iter()
                .map(|version| &version["documents"])
                .collect::<Vec<_>>(),
            [&json!(1), &json!(1)]
        );
    }

    #[tokio::test]
    async fn a_small_budget_shows_less_and_says_so() {
        let mut details = Vec::new();
        for budget in (300..=700).step_by(20) {
            let result = call(ListLibrary, json!({"token_budget": budget})).await;
            assert!(sent_tokens(&result) <= budget);
            let answer = structured(&result);
            let detail = answer["detail"].as_str().unwrap().to_owned();
            assert_eq!(answer.get("notices").is_none(), detail == "documents");
            assert_eq!(answer["documents"], 4);

            if details.last() != Some(&detail) {
                details.push(detail);
            }
        }

        assert!(
            details.len() > 1 && details.last().unwrap() == "documents",
            "{details:?}"
        );
    }

    #[tokio::test]
    async fn filters_take_any_known_name() {
        let products = |answer: &Value| answer["vendors"].to_string();
        let result = call(ListLibrary, json!({"product": "ccx", "vendor": "cisco"})).await;
        assert!(
            products(structured(&result)).contains("finesse")
                && !products(structured(&result)).contains("kafka")
        );
        let result = call(ListLibrary, json!({"vendor": "Cisko"})).await;

        assert!(
            refused(&result).ends_with("known: \"Apache\", \"Cisco\""),
            "{}",
            text(&result)
        );

        let result = call(
            ListLibrary,
            json!({"vendor": "Apache", "product": "finesse"}),
        )
        .await;

        assert!(refused(&result).starts_with("unknown_facet: no product \"finesse\""));
    }
}
