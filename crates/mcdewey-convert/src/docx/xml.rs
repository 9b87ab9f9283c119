//! Reads the XML of a part as small trees. Names carry the prefixes that the specification uses,
//! whatever prefixes the file declares, so that `w:p` is a paragraph in every document.

use std::borrow::Cow;
use std::collections::HashSet;
use std::rc::Rc;

use encoding_rs::{Encoding, UTF_8};
use mcdewey_core::ConvertError;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{LocalName, NamespaceResolver, Prefix, QName, ResolveResult};
use quick_xml::{NsReader, XmlVersion};

/// Elements of Word documents nest some 40 deep, with tables in tables.
const MAX_DEPTH: usize = 400;

/// The prefixes of namespaces, in the transitional and the strict form of the standard.
const PREFIXES: [(&str, &str); 26] = [
    (
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "w",
    ),
    ("http://purl.oclc.org/ooxml/wordprocessingml/main", "w"),
    (
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "r",
    ),
    (
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
        "r",
    ),
    (
        "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "m",
    ),
    ("http://purl.oclc.org/ooxml/officeDocument/math", "m"),
    ("http://schemas.openxmlformats.org/drawingml/2006/main", "a"),
    ("http://purl.oclc.org/ooxml/drawingml/main", "a"),
    (
        "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "wp",
    ),
    (
        "http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing",
        "wp",
    ),
    (
        "http://schemas.openxmlformats.org/drawingml/2006/chart",
        "c",
    ),
    ("http://purl.oclc.org/ooxml/drawingml/chart", "c"),
    (
        "http://schemas.openxmlformats.org/drawingml/2006/diagram",
        "dgm",
    ),
    ("http://purl.oclc.org/ooxml/drawingml/diagram", "dgm"),
    (
        "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "mc",
    ),
    (
        "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "wps",
    ),
    (
        "http://schemas.microsoft.com/office/word/2010/wordml",
        "w14",
    ),
    ("urn:schemas-microsoft-com:vml", "v"),
    ("urn:schemas-microsoft-com:office:office", "o"),
    (
        "http://schemas.openxmlformats.org/package/2006/content-types",
        "",
    ),
    (
        "http://schemas.openxmlformats.org/package/2006/relationships",
        "",
    ),
    (
        "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
        "cp",
    ),
    ("http://purl.org/dc/elements/1.1/", "dc"),
    ("http://purl.org/dc/terms/", "dcterms"),
    (
        "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties",
        "",
    ),
    (
        "http://purl.oclc.org/ooxml/officeDocument/extendedProperties",
        "",
    ),
];

/// Elements in which white space counts; elsewhere it is layout of the file.
const TEXT: [&str; 4] = ["w:t", "m:t", "a:t", "w:instrText"];

/// An element with its attributes and its content.
#[derive(Debug)]
pub(super) struct Element {
    name: Rc<str>,
    attributes: Vec<(Rc<str>, String)>,
    content: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is(&self, name: &str) -> bool {
        &*self.name == name
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(found, _)| &**found == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn elements(&self) -> impl DoubleEndedIterator<Item = &Element> {
        self.content.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Takes the element apart into its child elements.
    pub(super) fn into_elements(self) -> impl Iterator<Item = Element> {
        self.content.into_iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.is(name))
    }

    /// Returns the element at a path of names below this one.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter()
            .try_fold(self, |element, name| element.child(name))
    }

    /// Returns the attribute `w:val` of a child element.
    pub(super) fn value(&self, child: &str) -> Option<&str> {
        self.child(child)?.attribute("w:val")
    }

    /// Returns the number in the attribute `w:val` of a child element.
    pub(super) fn number<T: std::str::FromStr>(&self, child: &str) -> Option<T> {
        self.value(child)?.trim().parse().ok()
    }

    /// Reports whether a property is switched on or off by a child element; `None` if it is absent.
    pub(super) fn toggle(&self, child: &str) -> Option<bool> {
        let value = self.child(child)?.attribute("w:val");
        Some(!matches!(value, Some("0" | "false" | "off")))
    }

    /// Returns the text directly in this element.
    pub(super) fn text(&self) -> String {
        self.content
            .iter()
            .filter_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) => None,
            })
            .collect()
    }

    /// Returns the text of all elements with a name among the descendants, in document order.
    pub(super) fn text_of(&self, name: &str) -> String {
        let mut text = String::new();
        for element in self.elements() {
            if element.is(name) {
                text.push_str(&element.text());
            } else {
                text.push_str(&element.text_of(name));
            }
        }

        text
    }
}

/// Reads a part as one tree.
pub(super) fn parse(xml: &[u8]) -> Result<Element, ConvertError> {
    read(xml, None, &mut |_| {})
}

/// Reads a part and calls `visit` with each child of the element named `parent` as soon as it is
/// complete, so that only one child at a time is in memory. Returns the tree without the children.
pub(super) fn visit_children(
    xml: &[u8],
    parent: &str,
    mut visit: impl FnMut(&Element),
) -> Result<Element, ConvertError> {
    read(xml, Some(parent), &mut visit)
}

fn read(
    xml: &[u8],
    visited_parent: Option<&str>,
    visit: &mut dyn FnMut(&Element),
) -> Result<Element, ConvertError> {
    let text = decode(xml);
    let mut reader = NsReader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;

    let mut names = Names::default();
    // The outermost entry collects the root element.
    let mut open = vec![names.element("")];
    loop {
        match reader.read_event().map_err(damaged)? {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err(too_deep());
                }
                open.push(names.start(&start, reader.resolver()));
            }
            Event::End(_) => close(&mut open, visited_parent, visit),
            Event::Text(text) => push_text(&mut open, &text.xml10_content()),
            Event::CData(text) => push_text(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => push_text(&mut open, &resolve(&reference)),
            Event::Eof => break,
            Event::Empty(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }

    if open.len() > 1 {
        return Err(damaged("it ends within an element"));
    }

    let root = open
        .pop()
        .and_then(|outermost| outermost.into_elements().next());
    root.ok_or_else(|| damaged("a part has no element"))
}

/// Ends the innermost open element: it is visited, or becomes part of the one around it.
fn close(open: &mut Vec<Element>, visited_parent: Option<&str>, visit: &mut dyn FnMut(&Element)) {
    if open.len() < 2 {
        return;
    }

    if let Some(element) = open.pop()
        && let Some(parent) = open.last_mut()
    {
        if visited_parent.is_some_and(|name| parent.is(name)) {
            visit(&element);
        } else {
            parent.content.push(Node::Element(element));
        }
    }
}

fn push_text(open: &mut [Element], text: &str) {
    let Some(element) = open.last_mut() else {
        return;
    };

    let counts = !text.trim().is_empty() || TEXT.contains(&element.name());
    match element.content.last_mut() {
        Some(Node::Text(last)) => last.push_str(text),
        _ if counts => element.content.push(Node::Text(text.to_owned())),
        _ => {}
    }
}

/// Resolves a character reference. Entities that the file declares itself are not read, so that
/// they remain as they are written.
fn resolve(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }

    let name = reference.xml10_content();
    quick_xml::escape::resolve_predefined_entity(&name)
        .map_or_else(|| format!("&{name};"), str::to_owned)
}

/// Decodes a part, which is UTF-8 or has a byte-order mark.
fn decode(xml: &[u8]) -> Cow<'_, str> {
    let (encoding, mark_length) = Encoding::for_bom(xml).unwrap_or((UTF_8, 0));
    encoding.decode_without_bom_handling(&xml[mark_length..]).0
}

/// Names of elements and attributes, each allocated once.
#[derive(Default)]
struct Names(HashSet<Rc<str>>);

impl Names {
    fn shared(&mut self, name: &str) -> Rc<str> {
        if let Some(known) = self.0.get(name) {
            return Rc::clone(known);
        }

        let shared: Rc<str> = Rc::from(name);
        self.0.insert(Rc::clone(&shared));
        shared
    }

    fn element(&mut self, name: &str) -> Element {
        Element {
            name: self.shared(name),
            attributes: Vec::new(),
            content: Vec::new(),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, namespaces: &NamespaceResolver) -> Element {
        let (namespace, local) = namespaces.resolve_element(start.name());
        let mut element = self.element(&canonical(&namespace, local, start.name()));
        for attribute in start.attributes().with_checks(false).flatten() {
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }

            let (namespace, local) = namespaces.resolve_attribute(attribute.key);
            let name = self.shared(&canonical(&namespace, local, attribute.key));
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .unwrap_or_else(|_| attribute.value.clone())
                .into_owned();
            element.attributes.push((name, value));
        }

        element
    }
}

/// Returns a name with the prefix that the specification uses for its namespace; with its own
/// prefix if the namespace is not known here.
fn canonical(namespace: &ResolveResult<'_>, local: LocalName<'_>, name: QName<'_>) -> String {
    let known = match namespace {
        ResolveResult::Bound(namespace) => PREFIXES
            .iter()
            .find(|(uri, _)| *uri == namespace.0)
            .map(|(_, prefix)| *prefix),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
    };
    let own = name.prefix();
    let prefix = known.unwrap_or_else(|| own.as_ref().map_or("", Prefix::as_ref));

    let local: &str = local.as_ref();
    if prefix.is_empty() {
        local.to_owned()
    } else {
        format!("{prefix}:{local}")
    }
}

fn damaged(error: impl std::fmt::Display) -> ConvertError {
    ConvertError(format!(
        "the file is damaged ({error}); open it in Word and save it again"
    ))
}

fn too_deep() -> ConvertError {
    ConvertError(format!(
        "the document's elements are nested more than {MAX_DEPTH} levels deep; simplify tables \
         inside tables"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_prefixes_of_the_specification() {
        for (prefix, uri) in [
            ("x", "http://purl.oclc.org/ooxml/wordprocessingml/main"),
            (
                "w",
                "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            ),
        ] {
            let xml = format!("<{prefix}:p xmlns:{prefix}='{uri}' {prefix}:val='a &amp; b'/>");
            let element = parse(xml.as_bytes()).unwrap();
            assert_eq!(element.name(), "w:p");
            assert_eq!(element.attribute("w:val"), Some("a & b"));
        }
    }

    #[test]
    fn text_is_decoded_and_other_files_are_not_read() {
        let xml = "<!DOCTYPE t [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>\
                   <w:t> a&#98;&lt;<![CDATA[<c>]]>&e;</w:t>";
        assert_eq!(parse(xml.as_bytes()).unwrap().text(), " ab<<c>&e;");

        let utf_16: Vec<u8> = "\u{FEFF}<a>é</a>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(parse(&utf_16).unwrap().text(), "é");
    }

    #[test]
    fn damaged_and_deep_parts_are_refused() {
        for xml in ["", "<a>", "<a></b>", "text"] {
            assert!(parse(xml.as_bytes()).unwrap_err().0.contains("damaged"));
        }

        let deep = "<a>".repeat(MAX_DEPTH + 1);
        assert!(parse(deep.as_bytes()).unwrap_err().0.contains("nested"));
    }

    #[test]
    fn children_are_visited_one_by_one() {
        let mut seen = Vec::new();
        let root = visit_children(b"<a><b><c/><d><b/></d></b><e/></a>", "b", |element| {
            seen.push(element.name().to_owned());
        })
        .unwrap();
        assert_eq!(seen, ["c", "d"]);
        assert_eq!(root.elements().count(), 2);
    }
}
