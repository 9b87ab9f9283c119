//! The relationships of a part: what it refers to by an id, in the package or elsewhere.

use std::collections::HashMap;

use super::xml::Element;

/// What a relationship leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The name of a part in the package, see [`part_name`].
    Part(String),
    /// An address outside the package.
    External(String),
}

#[derive(Debug)]
struct Relationship {
    /// The last segment of the type, which is the same in the transitional and the strict form.
    kind: String,
    target: Target,
}

/// The relationships of one part.
#[derive(Debug, Default)]
pub(super) struct Relationships {
    all: Vec<Relationship>,
    by_id: HashMap<String, usize>,
}

impl Relationships {
    /// Reads the relationships of the part named `source`; the package itself has no name.
    pub(super) fn read(root: &Element, source: &str) -> Self {
        let mut relationships = Self::default();
        for element in root.elements().filter(|child| child.is("Relationship")) {
            let address = element.attribute("Target").unwrap_or_default().trim();
            let kind = element.attribute("Type").unwrap_or_default();
            let external = element
                .attribute("TargetMode")
                .is_some_and(|mode| mode.eq_ignore_ascii_case("external"));
            let id = element.attribute("Id").unwrap_or_default().to_owned();

            relationships.by_id.insert(id, relationships.all.len());
            relationships.all.push(Relationship {
                kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                target: if external {
                    Target::External(address.to_owned())
                } else {
                    Target::Part(resolve(source, address))
                },
            });
        }

        relationships
    }

    pub(super) fn target(&self, id: &str) -> Option<&Target> {
        let relationship = self.all.get(*self.by_id.get(id)?)?;
        Some(&relationship.target)
    }

    /// Returns the name of the part that an id leads to.
    pub(super) fn part(&self, id: &str) -> Option<&str> {
        match self.target(id)? {
            Target::Part(name) => Some(name),
            Target::External(_) => None,
        }
    }

    /// Returns the name of the first part of a kind, such as `styles`.
    pub(super) fn part_of_kind(&self, kind: &str) -> Option<&str> {
        self.all
            .iter()
            .find_map(|relationship| match &relationship.target {
                Target::Part(name) if relationship.kind == kind => Some(name.as_str()),
                _ => None,
            })
    }
}

/// Returns a part's name in the form in which names are compared: without a leading slash, in
/// lower case.
pub(super) fn part_name(name: &str) -> String {
    name.replace('\\', "/")
        .trim_start_matches('/')
        .to_lowercase()
}

/// Resolves the address of a part against the part that refers to it. The result never leads out
/// of the package.
fn resolve(source: &str, address: &str) -> String {
    let address = percent_encoding::percent_decode_str(address)
        .decode_utf8_lossy()
        .replace('\\', "/");
    let folder = match source.rsplit_once('/') {
        Some((folder, _)) if !address.starts_with('/') => folder,
        _ => "",
    };

    let mut segments: Vec<&str> = Vec::new();
    for segment in folder.split('/').chain(address.split('/')) {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }

    part_name(&segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_relative_to_their_part_or_to_the_package() {
        for (source, address, expected) in [
            ("", "word/document2.xml", "word/document2.xml"),
            ("", "/Word/Document.xml", "word/document.xml"),
            ("word/document.xml", "styles.xml", "word/styles.xml"),
            ("word/document.xml", "../media/a%20b.png", "media/a b.png"),
            ("word/document.xml", "/styles.xml", "styles.xml"),
            ("word/document.xml", "../../../etc/x", "etc/x"),
        ] {
            assert_eq!(resolve(source, address), expected);
        }
    }
}
