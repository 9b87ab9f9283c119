//! Compares the words of a document's XML with those of its Markdown.

use std::collections::HashMap;

use regex::Regex;

use super::*;

/// Returns the words in the text elements of a part that the Markdown lacks, in order. The words
/// are read from the raw XML, without the code under test.
pub(super) fn missing_words(xml: &str, markdown: &str) -> Vec<String> {
    let elements = Regex::new(r"<(/?[a-z]+:[A-Za-z]+)\b[^>]*>([^<]*)").unwrap();
    let mut text = String::new();
    for element in elements.captures_iter(xml) {
        match &element[1] {
            "w:t" | "m:t" | "a:t" => text.push_str(&element[2]),
            "w:p" | "/w:p" | "w:tab" | "w:br" | "w:cr" | "w:noBreakHyphen" | "w:rubyBase"
            | "m:e" | "/m:e" | "/m:r" => text.push(' '),
            _ => {}
        }
    }

    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replace('\u{AD}', "");
    let mut available: HashMap<String, usize> = HashMap::new();
    for word in words(markdown) {
        *available.entry(word).or_default() += 1;
    }

    words(&text)
        .into_iter()
        .filter(|word| match available.get_mut(word) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        })
        .collect()
}

fn words(text: &str) -> Vec<String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_lost_paragraph_is_noticed() {
    let xml = "<w:p><w:r><w:t>One</w:t></w:r></w:p><w:p><w:r><w:t>One t</w:t></w:r><w:r><w:t>wo</w:t></w:r></w:p>";
    assert_eq!(missing_words(xml, "One\n\nOne two"), Vec::<String>::new());
    assert_eq!(missing_words(xml, "One"), ["One", "two"]);
}

#[test]
fn all_words_of_a_document_are_in_its_markdown() {
    let converted = convert(&docx(BODY, &[])).unwrap();
    assert_eq!(
        missing_words(BODY, &converted.markdown),
        Vec::<String>::new()
    );
}

/// Builds documents at random whose words are numbered in the order in which they are to be read.
struct Author {
    random: fastrand::Rng,
    words: usize,
}

impl Author {
    /// A run with the next word.
    fn run(&mut self) -> String {
        self.words += 1;
        let format = ["", "<w:rPr><w:b/></w:rPr>", "<w:rPr><w:i/></w:rPr>"];
        let format = format[self.random.usize(0..3)];
        format!(
            "<w:r>{format}<w:t xml:space=\"preserve\">word{} </w:t></w:r>",
            self.words
        )
    }

    fn inline(&mut self, depth: u8) -> String {
        if depth == 0 {
            return self.run();
        }

        let inner = |author: &mut Self| author.inline(depth - 1) + &author.run();
        match self.random.u8(0..10) {
            0 => format!("<w:ins w:id=\"1\">{}</w:ins>", inner(self)),
            1 => format!("<w:moveTo w:id=\"1\">{}</w:moveTo>", inner(self)),
            2 => format!("<w:hyperlink w:anchor=\"a\">{}</w:hyperlink>", inner(self)),
            3 => format!(
                "<w:sdt><w:sdtPr/><w:sdtContent>{}</w:sdtContent></w:sdt>",
                inner(self)
            ),
            4 => format!("<w:smartTag>{}</w:smartTag>", inner(self)),
            5 => format!(
                "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>REF lost</w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>{}<w:r><w:fldChar w:fldCharType=\"end\"/></w:r>",
                inner(self)
            ),
            6 => "<w:moveFrom w:id=\"1\"><w:r><w:t>lost </w:t></w:r></w:moveFrom>".to_owned(),
            7 => {
                self.words += 1;
                format!(
                    "<m:oMath><m:r><m:t>word{} </m:t></m:r></m:oMath>",
                    self.words
                )
            }
            _ => self.run() + &self.run(),
        }
    }

    fn paragraph(&mut self) -> String {
        let properties = [
            "",
            "<w:pPr><w:pStyle w:val=\"H1\"/></w:pPr>",
            "<w:pPr><w:pStyle w:val=\"Code\"/></w:pPr>",
            "<w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr>",
            "<w:pPr><w:numPr><w:ilvl w:val=\"1\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr>",
            "<w:pPr><w:rPr><w:del w:id=\"1\"/></w:rPr></w:pPr>",
        ];
        let properties = properties[self.random.usize(0..properties.len())];
        format!(
            "<w:p>{properties}{}{}</w:p>",
            self.inline(2),
            self.inline(1)
        )
    }

    fn blocks(&mut self, depth: u8) -> String {
        (0..self.random.usize(1..4))
            .map(|_| match self.random.u8(0..6) {
                0 if depth > 0 => format!(
                    "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>",
                    self.blocks(depth - 1)
                ),
                1 if depth > 0 => self.table(depth - 1),
                _ => self.paragraph(),
            })
            .collect()
    }

    fn table(&mut self, depth: u8) -> String {
        let columns = self.random.usize(1..4);
        let rows: String = (0..self.random.usize(1..4))
            .map(|_| {
                let cells: String = (0..columns)
                    .map(|_| format!("<w:tc>{}<w:p/></w:tc>", self.blocks(depth)))
                    .collect();
                format!("<w:tr>{cells}</w:tr>")
            })
            .collect();
        format!("<w:tbl>{rows}</w:tbl>")
    }
}

#[test]
fn words_of_random_documents_keep_their_order() {
    for seed in 0..300 {
        let mut author = Author {
            random: fastrand::Rng::with_seed(seed),
            words: 0,
        };
        let body = author.blocks(3);
        let markdown = convert(&docx(&body, &[])).unwrap().markdown;
        let expected: Vec<String> = (1..=author.words).map(|at| format!("word{at}")).collect();
        let found: Vec<String> = words(&markdown)
            .into_iter()
            .filter(|word| word.starts_with("word") || word == "lost")
            .collect();
        assert_eq!(found, expected, "seed {seed}:\n{body}\n{markdown}");
    }
}
