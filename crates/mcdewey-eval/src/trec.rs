//! Runs and judgments in the form of TREC, so that other programs can score them.
//!
//! Documents stand once, at their best rank. Places that are equally right are one answer here as everywhere: their
//! documents are written as one, under the name of the first.

use std::collections::HashSet;
use std::fmt::Write;

use crate::question::Truth;
use crate::{Question, Ranked, Run};

impl Run<'_> {
    /// `query Q0 document rank score tag`, a line for each document found; scores fall by one from rank to rank.
    pub fn trec(&self, tag: &str) -> String {
        let mut lines = String::new();
        for outcome in &self.outcomes {
            let hits = outcome
                .result
                .as_ref()
                .map_or(&[][..], |answer| &answer.hits);
            let mut seen = HashSet::new();
            let documents = hits
                .iter()
                .map(|hit| document(&outcome.question.truth, hit));

            let documents: Vec<&str> = documents
                .filter(|document| seen.insert(*document))
                .collect();

            for (place, name) in documents.iter().enumerate() {
                let (query, name, tag) = (word(&outcome.question.id), word(name), word(tag));
                let _ = writeln!(
                    lines,
                    "{query} Q0 {name} {} {} {tag}",
                    place + 1,
                    documents.len() - place
                );
            }
        }

        lines
    }
}

/// `query 0 document grade`, a line for each document that is right.
pub fn qrels(questions: &[Question]) -> String {
    let mut lines = String::new();
    for question in questions {
        for (document, grade) in grades(&question.truth) {
            let _ = writeln!(lines, "{} 0 {} {grade}", word(&question.id), word(document));
        }
    }

    lines
}

/// The document of a hit, by the name that the judgments have for it.
fn document<'a>(truth: &'a Truth, hit: &'a Ranked) -> &'a str {
    match truth {
        Truth::Places(places)
            if places
                .iter()
                .any(|place| place.source.as_str() == hit.document) =>
        {
            places[0].source.as_str()
        }
        _ => &hit.document,
    }
}

fn grades(truth: &Truth) -> Vec<(&str, u32)> {
    let mut grades: Vec<(&str, u32)> = match truth {
        Truth::Documents(grades) => grades
            .iter()
            .map(|(document, grade)| (document.as_str(), *grade))
            .collect(),
        Truth::Places(places) => places
            .first()
            .map(|place| (place.source.as_str(), 1))
            .into_iter()
            .collect(),
        Truth::Spans(spans) => spans
            .iter()
            .map(|(document, _)| (document.as_str(), 1))
            .collect(),
        Truth::Nothing => Vec::new(),
    };

    grades.sort_unstable();
    grades.dedup();
    grades
}

/// Columns are parted by blanks, so a name must have none: they are written as in an address ("%20").
fn word(name: &str) -> String {
    let mut written = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_whitespace() || letter.is_control() || letter == '%' {
            let mut bytes = [0; 4];
            letter.encode_utf8(&mut bytes).bytes().for_each(|byte| {
                let _ = write!(written, "%{byte:02X}");
            });
        } else {
            written.push(letter);
        }
    }

    written
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;
    use crate::{Answer, Outcome, Place, QuestionFilter, Spot};

    fn question(id: &str, truth: Truth) -> Question {
        let filter = QuestionFilter::default();
        Question {
            id: id.to_owned(),
            text: String::new(),
            kind: None,
            filter,
            split: None,
            truth,
        }
    }

    fn trec(question: &Question, documents: &[&str]) -> String {
        let hits = documents.iter().copied().map(Ranked::document).collect();
        let result = Ok(Answer {
            hits,
            ..Answer::default()
        });

        Run {
            outcomes: vec![Outcome {
                question,
                result,
                latency: Duration::ZERO,
            }],
        }
        .trec("hybrid")
    }

    #[test]
    fn documents_stand_once_with_falling_scores() {
        let grades = HashMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]);
        let asked = question("q 1", Truth::Documents(grades));
        assert_eq!(
            trec(&asked, &["x", "b", "x", "100% a"]),
            "\
q%201 Q0 x 1 3 hybrid
q%201 Q0 b 2 2 hybrid
q%201 Q0 100%25%20a 3 1 hybrid
"
        );
        assert_eq!(qrels(&[asked]), "q%201 0 a 1\nq%201 0 b 2\n");
    }

    #[test]
    fn equally_right_documents_are_one() {
        let place = |source: &str| Place {
            source: source.parse().unwrap(),
            spot: Spot::Page(1),
            text_hash: None,
        };

        let asked = question("q", Truth::Places(vec![place("v12.md"), place("v15.md")]));
        assert_eq!(
            trec(&asked, &["x.md", "v15.md", "v12.md"]),
            "q Q0 x.md 1 2 hybrid\nq Q0 v12.md 2 1 hybrid\n"
        );
        assert_eq!(qrels(&[asked]), "q 0 v12.md 1\n");
    }

    #[test]
    fn without_an_answer_nothing_is_right() {
        let asked = question("q", Truth::Nothing);
        assert_eq!(trec(&asked, &["x"]), "q Q0 x 1 1 hybrid\n");
        assert_eq!(qrels(&[asked]), "");
    }
}
