//! The versions of every product to choose from, if a request names none.

use askama::Template;
use mcdewey_search::{CompareRequest, LibraryTree, ProductNode};

use super::{products, versions};
use crate::site::{Link, Site};

/// A product with comparisons of its consecutive versions, newest first.
struct ProductSteps {
    product: String,
    steps: Vec<Link>,
}

#[derive(Template)]
#[template(path = "compare_choice.html")]
pub(super) struct ChoicePage {
    site: Site,
    products: Vec<ProductSteps>,
}

impl ChoicePage {
    /// The page for a request without versions; its filters stay in the links.
    pub(super) fn new(site: Site, request: &CompareRequest, tree: &LibraryTree) -> Self {
        let products = products(tree)
            .filter_map(|product| product_steps(&site, product, request))
            .collect();

        Self { site, products }
    }
}

fn product_steps(
    site: &Site,
    product: &ProductNode,
    request: &CompareRequest,
) -> Option<ProductSteps> {
    let id = product.id.clone()?;
    let steps: Vec<Link> = versions(product)
        .windows(2)
        .map(|pair| {
            let (from, to) = (pair[1].to_owned(), pair[0].to_owned());
            let text = format!("{from} → {to}");
            let request = CompareRequest {
                from,
                to,
                product: vec![id.clone()],
                ..request.clone()
            };

            Link::new(text, site.compare(&request))
        })
        .collect();

    (!steps.is_empty()).then(|| ProductSteps {
        product: product.title.clone().unwrap_or_else(|| id.clone()),
        steps,
    })
}
