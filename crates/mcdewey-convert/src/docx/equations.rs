//! Equations of Word (Office Math) as one line of text, such as `Q=K_v sqrt(dp/rho)`.

use super::xml::Element;

/// Names of accents, by the character that Word draws over the base.
const ACCENTS: [(char, &str); 12] = [
    ('\u{300}', "grave"),
    ('\u{301}', "acute"),
    ('\u{302}', "hat"),
    ('\u{303}', "tilde"),
    ('\u{304}', "bar"),
    ('\u{305}', "bar"),
    ('\u{306}', "breve"),
    ('\u{307}', "dot"),
    ('\u{308}', "ddot"),
    ('\u{30C}', "check"),
    ('\u{20D7}', "vec"),
    ('\u{20DB}', "dddot"),
];

/// Writes an `m:oMath` or `m:oMathPara` element.
pub(super) fn to_text(equation: &Element) -> String {
    if equation.is("m:oMathPara") {
        let equations: Vec<String> = equation
            .elements()
            .filter(|child| child.is("m:oMath"))
            .map(sequence)
            .collect();
        return equations.join(" ; ");
    }

    sequence(equation)
}

/// Writes the children of an element after each other, with spaces where names would run together.
fn sequence(element: &Element) -> String {
    let mut text = String::new();
    let mut after_structure = false;
    for child in element.elements() {
        let part = expression(child);
        if part.is_empty() {
            continue;
        }

        let is_structure = !child.is("m:r");
        let touches = text.ends_with(|c: char| c.is_alphanumeric() || c == ')')
            && part.starts_with(char::is_alphanumeric);
        if touches && (is_structure || after_structure) {
            text.push(' ');
        }

        text.push_str(&part);
        after_structure = is_structure;
    }

    text
}

fn expression(element: &Element) -> String {
    let part = |name: &str| element.child(name).map(sequence).unwrap_or_default();
    match element.name() {
        "m:r" => run(element),
        "m:f" => fraction(element),
        "m:rad" => radical(element),
        "m:sSub" => format!("{}{}", operand(&part("m:e")), script('_', &part("m:sub"))),
        "m:sSup" => format!("{}{}", operand(&part("m:e")), script('^', &part("m:sup"))),
        "m:sSubSup" => format!("{}{}", operand(&part("m:e")), scripts(element)),
        "m:sPre" => format!("{}{}", scripts(element), operand(&part("m:e"))),
        "m:limLow" => format!("{}{}", part("m:e"), script('_', &part("m:lim"))),
        "m:limUpp" => format!("{}{}", part("m:e"), script('^', &part("m:lim"))),
        "m:nary" => nary(element),
        "m:d" => delimited(element),
        "m:func" => function(&part("m:fName"), &part("m:e")),
        "m:m" => format!("[{}]", matrix(element)),
        "m:eqArr" => joined(element, "m:e", "; "),
        "m:acc" => accent(element),
        "m:bar" => {
            let below = property(element, "m:barPr", "m:pos") != Some("top");
            let name = if below { "underbar" } else { "bar" };
            format!("{name}({})", part("m:e"))
        }
        "m:groupChr" => grouped(element),
        // Properties hold no text, and what a reviewer deleted is not part of the equation.
        name if name.ends_with("Pr") || matches!(name, "w:del" | "w:moveFrom") => String::new(),
        _ => sequence(element),
    }
}

/// Writes a run. Some programs write its text like that of ordinary runs.
fn run(element: &Element) -> String {
    element
        .elements()
        .map(|child| match child.name() {
            "m:t" | "w:t" => child.text().replace('\n', " "),
            "w:tab" | "w:br" => " ".to_owned(),
            _ => String::new(),
        })
        .collect()
}

/// Returns the value of a property of an element; `Some("")` if it is stated without a value.
fn property<'a>(element: &'a Element, properties: &str, name: &str) -> Option<&'a str> {
    let property = element.at(&[properties, name])?;
    Some(property.attribute("m:val").unwrap_or_default())
}

/// Reports whether a property is switched on.
fn is_on(element: &Element, properties: &str, name: &str) -> bool {
    property(element, properties, name).is_some_and(|value| !matches!(value, "0" | "off" | "false"))
}

/// Reports whether text is one operand wherever it stands: a name, a number, or in parentheses.
fn is_simple(text: &str) -> bool {
    let mut depth = 0_usize;
    text.chars().all(|character| {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {
                let joins = character.is_alphanumeric()
                    || matches!(
                        character,
                        '.' | ',' | '_' | '^' | '\'' | '′' | '∞' | '°' | '%'
                    );
                return depth > 0 || joins;
            }
        }
        true
    })
}

/// Puts text in parentheses unless it is simple.
fn operand(text: &str) -> String {
    if is_simple(text) {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

/// Writes a subscript or superscript, in parentheses unless it is one name or number.
fn script(mark: char, text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else if text.chars().all(|c| c.is_alphanumeric() || c == '.') {
        format!("{mark}{text}")
    } else {
        format!("{mark}({text})")
    }
}

fn scripts(element: &Element) -> String {
    let part = |name: &str| element.child(name).map(sequence).unwrap_or_default();
    format!(
        "{}{}",
        script('_', &part("m:sub")),
        script('^', &part("m:sup"))
    )
}

fn fraction(element: &Element) -> String {
    let part = |name: &str| element.child(name).map(sequence).unwrap_or_default();
    let (above, below) = (part("m:num"), part("m:den"));
    if property(element, "m:fPr", "m:type") == Some("noBar") {
        format!("binom({above}, {below})")
    } else {
        format!("{}/{}", operand(&above), operand(&below))
    }
}

fn radical(element: &Element) -> String {
    let part = |name: &str| element.child(name).map(sequence).unwrap_or_default();
    let degree = part("m:deg");
    if degree.is_empty() || is_on(element, "m:radPr", "m:degHide") {
        format!("sqrt({})", part("m:e"))
    } else {
        format!("root({degree}, {})", part("m:e"))
    }
}

/// Writes a sum, product or integral.
fn nary(element: &Element) -> String {
    let sign = property(element, "m:naryPr", "m:chr").unwrap_or("∫");
    let base = element.child("m:e").map(sequence).unwrap_or_default();
    format!("{sign}{} {base}", scripts(element))
        .trim_end()
        .to_owned()
}

fn delimited(element: &Element) -> String {
    let sign = |name, default| property(element, "m:dPr", name).unwrap_or(default);
    let (open, separator, close) = (
        sign("m:begChr", "("),
        sign("m:sepChr", "|"),
        sign("m:endChr", ")"),
    );

    let parts: Vec<String> = element
        .elements()
        .filter(|child| child.is("m:e"))
        .map(|part| {
            // The delimiters take the place of the brackets of a matrix.
            let mut children = part.elements().filter(|child| !child.is("m:ctrlPr"));
            match (children.next(), children.next()) {
                (Some(only), None) if only.is("m:m") => matrix(only),
                _ => sequence(part),
            }
        })
        .collect();
    format!("{open}{}{close}", parts.join(separator))
}

fn function(name: &str, argument: &str) -> String {
    let separator = if argument.starts_with(['(', '[', '{']) {
        ""
    } else {
        " "
    };
    format!("{name}{separator}{argument}").trim_end().to_owned()
}

/// Writes the rows of a matrix: `a, b; c, d`.
fn matrix(element: &Element) -> String {
    let rows: Vec<String> = element
        .elements()
        .filter(|child| child.is("m:mr"))
        .map(|row| joined(row, "m:e", ", "))
        .collect();
    rows.join("; ")
}

fn joined(element: &Element, name: &str, separator: &str) -> String {
    let parts: Vec<String> = element
        .elements()
        .filter(|child| child.is(name))
        .map(sequence)
        .collect();
    parts.join(separator)
}

fn accent(element: &Element) -> String {
    let base = element.child("m:e").map(sequence).unwrap_or_default();
    let sign = property(element, "m:accPr", "m:chr")
        .and_then(|sign| sign.chars().next())
        .unwrap_or('\u{302}');
    match ACCENTS.iter().find(|(accent, _)| *accent == sign) {
        Some((_, name)) => format!("{name}({base})"),
        None => format!("{base}{sign}"),
    }
}

/// Writes an expression with a brace or an arrow over or under it.
fn grouped(element: &Element) -> String {
    let base = element.child("m:e").map(sequence).unwrap_or_default();
    match property(element, "m:groupChrPr", "m:chr").unwrap_or("⏟") {
        "⏟" => format!("underbrace({base})"),
        "⏞" => format!("overbrace({base})"),
        sign => format!("{base}{sign}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml::parse;
    use super::*;

    fn text(content: &str) -> String {
        to_text(&parse(format!("<m:oMath>{content}</m:oMath>").as_bytes()).unwrap())
    }

    fn run(text: &str) -> String {
        format!("<m:r><m:rPr><m:sty m:val='p'/></m:rPr><m:t>{text}</m:t></m:r>")
    }

    /// An element with parts such as `e=x sub=i`.
    fn element(name: &str, parts: &[(&str, &str)]) -> String {
        let parts: String = parts
            .iter()
            .map(|(part, content)| {
                let content = if content.starts_with('<') {
                    (*content).to_owned()
                } else {
                    run(content)
                };
                format!("<m:{part}>{content}</m:{part}>")
            })
            .collect();
        format!("<m:{name}>{parts}</m:{name}>")
    }

    #[test]
    fn structures_are_written_in_one_line() {
        let frac = element("f", &[("num", "dp"), ("den", "rho")]);
        let sub = element("sSub", &[("e", "K"), ("sub", "v")]);
        let hidden = "<m:radPr><m:degHide m:val='1'/></m:radPr>";
        let root = format!("<m:rad>{hidden}<m:deg/><m:e>{frac}</m:e></m:rad>");
        let flow = format!("{}{sub}{root}", run("Q="));

        let property = |name: &str, value: &str| format!("<m:{name} m:val='{value}'/>");
        let nary = |base: &str| {
            format!(
                "<m:nary><m:naryPr>{}</m:naryPr><m:sub>{}</m:sub><m:sup>{}</m:sup><m:e>{base}</m:e></m:nary>",
                property("chr", "∑"),
                run("i=1"),
                run("n")
            )
        };
        let row = |a: &str, b: &str| element("mr", &[("e", a), ("e", b)]);
        let matrix = format!("<m:m>{}{}</m:m>", row("a", "b"), row("c", "d"));
        let brackets = format!(
            "<m:d><m:dPr>{}{}</m:dPr><m:e>{matrix}</m:e></m:d>",
            property("begChr", "|"),
            property("endChr", "|")
        );

        for (content, expected) in [
            (flow, "Q=K_v sqrt(dp/rho)"),
            (run("37 bar"), "37 bar"),
            (element("f", &[("num", "a+b"), ("den", "2c")]), "(a+b)/2c"),
            (element("rad", &[("deg", "3"), ("e", "x")]), "root(3, x)"),
            (element("sSup", &[("e", "a+b"), ("sup", "2")]), "(a+b)^2"),
            (
                element("sSubSup", &[("e", "x"), ("sub", "i+1"), ("sup", "2")]),
                "x_(i+1)^2",
            ),
            (
                element("sPre", &[("sub", "6"), ("sup", "12"), ("e", "C")]),
                "_6^12C",
            ),
            (nary(&sub), "∑_(i=1)^n K_v"),
            (element("d", &[("e", "a"), ("e", "b")]), "(a|b)"),
            (matrix.clone(), "[a, b; c, d]"),
            (brackets, "|a, b; c, d|"),
            (
                element("func", &[("fName", "sin"), ("e", "x")]) + &run("+1"),
                "sin x+1",
            ),
            (
                element("limLow", &[("e", "lim"), ("lim", "x→0")]) + &run("f"),
                "lim_(x→0) f",
            ),
            (element("acc", &[("e", "x")]), "hat(x)"),
            (
                format!(
                    "<m:acc><m:accPr>{}</m:accPr><m:e>{}</m:e></m:acc>",
                    property("chr", "\u{20D7}"),
                    run("F")
                ),
                "vec(F)",
            ),
            (element("eqArr", &[("e", "x=1"), ("e", "y=2")]), "x=1; y=2"),
            (element("box", &[("e", "z")]), "z"),
            (
                format!("<w:del>{}</w:del><w:ins>{}</w:ins>", run("a"), run("b")),
                "b",
            ),
            (String::new(), ""),
        ] {
            assert_eq!(text(&content), expected);
        }
    }
}
