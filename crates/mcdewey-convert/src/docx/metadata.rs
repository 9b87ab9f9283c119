//! What a document states about itself: title, date and number of pages.

use super::package::Package;
use super::relationships::Relationships;
use super::xml::{self, Element};

/// Where almost all programs put the properties.
const USUAL_CORE_PART: &str = "docprops/core.xml";
const USUAL_EXTENDED_PART: &str = "docprops/app.xml";

#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) title: Option<String>,
    pub(super) modified: Option<String>,
    /// As Word counted them when it last laid the document out.
    pub(super) page_count: Option<u32>,
}

impl Metadata {
    /// Reads the properties of a package. They are of no consequence for the text, so damaged ones
    /// are treated like none.
    pub(super) fn read(package: &Package) -> Self {
        let root = package.relationships("");
        let core = properties(package, &root, "core-properties", USUAL_CORE_PART);
        let extended = properties(package, &root, "extended-properties", USUAL_EXTENDED_PART);
        let text = |properties: &Option<Element>, name| {
            let text = properties.as_ref()?.child(name)?.text();
            Some(text).filter(|text| !text.trim().is_empty())
        };

        Self {
            title: text(&core, "dc:title"),
            modified: text(&core, "dcterms:modified"),
            page_count: text(&extended, "Pages").and_then(|pages| pages.trim().parse().ok()),
        }
    }
}

fn properties(
    package: &Package,
    root: &Relationships,
    kind: &str,
    usual_part: &str,
) -> Option<Element> {
    let name = root.part_of_kind(kind).unwrap_or(usual_part);
    xml::parse(package.part(name)?).ok()
}
