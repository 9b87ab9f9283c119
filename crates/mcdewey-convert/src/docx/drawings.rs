//! Pictures, text anchored, diagrams, charts and embedded objects, in DrawingML and in its
//! predecessor VML.

use super::body::{Walk, alternative};
use super::inline::{Anchored, Inline};
use super::losses::Losses;
use super::relationships::Target;
use super::xml::{self, Element};

impl Walk<'_> {
    /// Collects what a drawing shows. `alternative_text` describes it.
    pub(super) fn drawing<'e>(
        &mut self,
        parent: &'e Element,
        alternative_text: &str,
        out: &mut Inline<'e>,
    ) {
        for element in parent.elements() {
            match element.name() {
                "wp:inline" | "wp:anchor" => self.placed_drawing(element, out),
                "w:txbxContent" => out.anchored.push(Anchored::Blocks(element)),
                "a:blip" => {
                    let id = element
                        .attribute("r:embed")
                        .or_else(|| element.attribute("r:link"));
                    self.picture(id, alternative_text, out);
                }
                "v:imagedata" => self.old_picture(element, alternative_text, out),
                "v:textpath" => {
                    let text = element.attribute("string").unwrap_or_default();
                    out.anchored.push(Anchored::Lines(vec![text.to_owned()]));
                }
                "a:p" => out
                    .anchored
                    .push(Anchored::Lines(vec![element.text_of("a:t")])),
                "dgm:relIds" => self.diagram(element, out),
                "c:chart" => self.chart(element, out),
                "o:OLEObject" => self.count_object(element, "ProgID"),
                "w:control" => self.count_object(element, "w:name"),
                "mc:AlternateContent" => {
                    if let Some(chosen) = alternative(element) {
                        self.drawing(chosen, alternative_text, out);
                    }
                }
                // Extensions hold other forms of what is already there.
                "a:extLst" => {}
                _ => {
                    let own = described(element).unwrap_or_default();
                    self.drawing(element, non_empty(own, alternative_text), out);
                }
            }
        }
    }

    /// Collects a drawing with its place in the text. If nothing of it can be shown, its
    /// description stands for it.
    fn placed_drawing<'e>(&mut self, element: &'e Element, out: &mut Inline<'e>) {
        let text = element
            .child("wp:docPr")
            .map(description)
            .unwrap_or_default();
        let before = (out.pieces.len(), out.anchored.len());
        self.drawing(element, text, out);
        if before == (out.pieces.len(), out.anchored.len()) && !text.trim().is_empty() {
            out.anchored.push(Anchored::Lines(vec![text.to_owned()]));
        }
    }

    /// Collects a picture in VML.
    fn old_picture(&mut self, element: &Element, alternative_text: &str, out: &mut Inline<'_>) {
        let id = ["r:id", "o:relid", "r:pict"]
            .iter()
            .find_map(|name| element.attribute(name));
        let title = element.attribute("o:title").unwrap_or_default();
        self.picture(id, non_empty(alternative_text, title), out);
    }

    /// Counts an embedded object as lost, under the name that an attribute gives it.
    fn count_object(&mut self, element: &Element, attribute: &str) {
        let name = element.attribute(attribute).unwrap_or("unnamed");
        Losses::add(&mut self.losses.objects, name);
    }

    fn picture(&mut self, id: Option<&str>, alternative_text: &str, out: &mut Inline<'_>) {
        let Some(target) = id.and_then(|id| self.relationships.target(id)) else {
            return;
        };

        match target {
            Target::Part(part) => {
                if let Some(name) = self.images.file_name(part) {
                    out.pieces.push_image(&name, alternative_text);
                }
            }
            Target::External(_) => self.images.count_missing(),
        }
    }

    /// Collects the text of a diagram (SmartArt), once.
    fn diagram(&mut self, element: &Element, out: &mut Inline<'_>) {
        let part = element
            .attribute("r:dm")
            .and_then(|id| self.relationships.part(id))
            .map(str::to_owned);
        if let Some(part) = part.filter(|part| self.diagrams.insert(part.clone())) {
            let lines = self.drawn_text(&part);
            out.anchored.push(Anchored::Lines(lines));
        }
    }

    /// Collects the titles of a chart and counts its values as lost.
    fn chart(&mut self, element: &Element, out: &mut Inline<'_>) {
        self.losses.charts += 1;
        let part = element
            .attribute("r:id")
            .and_then(|id| self.relationships.part(id))
            .map(str::to_owned);
        if let Some(part) = part.filter(|part| self.diagrams.insert(part.clone())) {
            let lines = self.drawn_text(&part);
            out.anchored.push(Anchored::Lines(lines));
        }
    }

    /// Returns the paragraphs of DrawingML in a part.
    fn drawn_text(&mut self, part: &str) -> Vec<String> {
        let Some(content) = self.package.part(part) else {
            return Vec::new();
        };

        let mut lines = Vec::new();
        match xml::parse(content) {
            Ok(root) => collect_lines(&root, &mut lines),
            Err(_) => Losses::add(&mut self.losses.damaged_parts, part),
        }
        lines
    }
}

fn collect_lines(parent: &Element, lines: &mut Vec<String>) {
    for element in parent.elements() {
        if element.is("a:p") {
            let text = element.text_of("a:t");
            if !text.trim().is_empty() {
                lines.push(text);
            }
        } else {
            collect_lines(element, lines);
        }
    }
}

/// Returns the description of a shape, if it has one.
fn described(element: &Element) -> Option<&str> {
    match element.name() {
        "pic:pic" => element.at(&["pic:nvPicPr", "pic:cNvPr"]).map(description),
        _ => element
            .attribute("alt")
            .filter(|_| element.name().starts_with("v:")),
    }
}

/// Returns the alternative text in drawing properties.
fn description(properties: &Element) -> &str {
    let attribute = |name| properties.attribute(name).unwrap_or_default();
    non_empty(attribute("descr"), attribute("title"))
}

fn non_empty<'t>(first: &'t str, second: &'t str) -> &'t str {
    if first.trim().is_empty() {
        second
    } else {
        first
    }
}
