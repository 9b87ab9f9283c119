//! Fields: what they show is text, the instruction that computes it is not.

use std::rc::Rc;

use super::xml::Element;

/// Longer addresses are not linked: they would be repeated in every piece of text.
const MAX_LINK_BYTES: usize = 4096;

#[derive(Debug, PartialEq, Eq)]
enum State {
    Instruction,
    Result,
}

#[derive(Debug)]
struct Field {
    instruction: String,
    state: State,
    link: Option<Rc<str>>,
    /// What a form field shows that has no result.
    form_value: Option<String>,
}

/// What a field without a result shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Nothing,
    Text(String),
    /// An equation that only its instruction states.
    Equation,
}

/// The fields that are open at one point of the text, outermost first.
#[derive(Debug, Default)]
pub(super) struct Fields {
    open: Vec<Field>,
}

impl Fields {
    /// Begins a field with its `w:fldChar` element.
    pub(super) fn begin(&mut self, element: &Element) {
        self.open.push(Field {
            instruction: String::new(),
            state: State::Instruction,
            link: None,
            form_value: element.child("w:ffData").and_then(form_value),
        });
    }

    pub(super) fn add_instruction(&mut self, text: &str) {
        if let Some(field) = self.open.last_mut() {
            field.instruction.push_str(text);
        }
    }

    /// Begins the result of the innermost field.
    pub(super) fn separate(&mut self) {
        if let Some(field) = self.open.last_mut() {
            field.state = State::Result;
            field.link = link(&field.instruction);
        }
    }

    /// Ends the innermost field and returns what it shows if it has no result.
    pub(super) fn end(&mut self) -> Shown {
        match self.open.pop() {
            Some(field) if field.state == State::Instruction => field
                .form_value
                .map_or_else(|| shown(&field.instruction), Shown::Text),
            Some(_) | None => Shown::Nothing,
        }
    }

    /// Reports whether this point is within an instruction.
    pub(super) fn in_instruction(&self) -> bool {
        self.open
            .iter()
            .any(|field| field.state == State::Instruction)
    }

    /// Returns the address that the innermost hyperlink field around this point leads to.
    pub(super) fn link(&self) -> Option<Rc<str>> {
        self.open.iter().rev().find_map(|field| field.link.clone())
    }

    /// Ends all instructions: none extends over a paragraph, and a field that never ends must not
    /// hide the text after it.
    pub(super) fn end_paragraph(&mut self) {
        for field in &mut self.open {
            field.state = State::Result;
        }
    }
}

/// Returns the address in the instruction of a hyperlink; `None` if it leads to a bookmark.
pub(super) fn link(instruction: &str) -> Option<Rc<str>> {
    let arguments = arguments(instruction);
    let is_link = arguments
        .first()
        .is_some_and(|name| name.eq_ignore_ascii_case("hyperlink"));
    let address = arguments.get(1).filter(|_| is_link)?;
    if address.starts_with('\\') {
        return None;
    }

    let bookmark = arguments
        .iter()
        .position(|argument| argument.eq_ignore_ascii_case("\\l"))
        .and_then(|at| arguments.get(at + 1));
    linkable(address, bookmark.map(String::as_str))
}

/// Joins an address and the name of a place in it, if people can follow it.
pub(super) fn linkable(address: &str, place: Option<&str>) -> Option<Rc<str>> {
    let within_document = address.is_empty() || address.starts_with('#');
    if within_document || address.len() > MAX_LINK_BYTES {
        return None;
    }

    Some(match place {
        Some(place) if !address.contains('#') => Rc::from(format!("{address}#{place}")),
        _ => Rc::from(address),
    })
}

/// Splits an instruction into its words and quoted texts.
fn arguments(instruction: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut rest = instruction.trim_start();
    while !rest.is_empty() {
        let (argument, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        arguments.push(if rest.starts_with('"') {
            argument.replace("\\\\", "\\")
        } else {
            argument.to_owned()
        });
        rest = after.trim_start();
    }

    arguments
}

/// Returns what a field shows whose instruction is all there is.
fn shown(instruction: &str) -> Shown {
    let arguments = arguments(instruction);
    let name = arguments
        .first()
        .map(|name| name.to_uppercase())
        .unwrap_or_default();
    match name.as_str() {
        "MACROBUTTON" | "GOTOBUTTON" => Shown::Text(
            arguments
                .get(2..)
                .map(|words| words.join(" "))
                .unwrap_or_default(),
        ),
        "SYMBOL" => symbol(&arguments).map_or(Shown::Nothing, Shown::Text),
        "EQ" => Shown::Equation,
        _ => Shown::Nothing,
    }
}

fn symbol(arguments: &[String]) -> Option<String> {
    let code: u32 = arguments.get(1)?.parse().ok()?;
    let font = arguments
        .iter()
        .position(|argument| argument == "\\f")
        .and_then(|at| arguments.get(at + 1))
        .map_or("", String::as_str);
    let character = char::from_u32(code)?;
    super::symbols::of_font(character, &font.to_lowercase())
        .or(Some(character))
        .map(String::from)
}

/// Returns what a check box or a drop-down list shows.
fn form_value(data: &Element) -> Option<String> {
    if let Some(check_box) = data.child("w:checkBox") {
        let checked = check_box
            .toggle("w:checked")
            .or_else(|| check_box.toggle("w:default"))
            .unwrap_or(false);
        return Some(if checked { "☒" } else { "☐" }.to_owned());
    }

    let list = data.child("w:ddList")?;
    let selected = list
        .number("w:result")
        .or_else(|| list.number("w:default"))
        .unwrap_or(0);
    list.elements()
        .filter(|entry| entry.is("w:listEntry"))
        .nth(selected)
        .and_then(|entry| entry.attribute("w:val"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyperlinks_lead_to_addresses() {
        for (instruction, expected) in [
            (
                r#" HYPERLINK "https://example.com/a" \o "tip" "#,
                Some("https://example.com/a"),
            ),
            (
                r#"HYPERLINK "https://example.com/a" \l "b""#,
                Some("https://example.com/a#b"),
            ),
            (
                r#"hyperlink https://example.com"#,
                Some("https://example.com"),
            ),
            (r#"HYPERLINK \l "_Toc1""#, None),
            (r##"HYPERLINK "#_Toc1""##, None),
            (r#"PAGEREF _Toc1 \h"#, None),
            (r#"HYPERLINK "unclosed"#, Some("unclosed")),
            ("", None),
        ] {
            assert_eq!(link(instruction).as_deref(), expected, "{instruction}");
        }
    }

    #[test]
    fn fields_without_a_result_show_what_they_state() {
        assert_eq!(
            shown(r#"MACROBUTTON Run "Click here" now"#),
            Shown::Text("Click here now".to_owned())
        );
        assert_eq!(
            shown(r#"SYMBOL 97 \f "Symbol""#),
            Shown::Text("α".to_owned())
        );
        assert_eq!(shown(r"EQ \f(1,2)"), Shown::Equation);
        assert_eq!(shown(r#"XE "index""#), Shown::Nothing);
    }
}
