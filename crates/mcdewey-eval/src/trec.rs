//! Runs and judgments in TREC format, so that other programs can score them.
//!
//! Each document appears once, at its best rank. Alternative locations are one answer here as
//! everywhere: their documents are written under the name of the first.

use std::collections::HashSet;
use std::fmt::Write;

use crate::question::GroundTruth;
use crate::{Outcome, Question, RankedHit, Run};

impl Run<'_> {
    /// Returns the run as lines of `query Q0 document rank score tag`, one for each document found.
    /// Scores fall by one from rank to rank.
    pub fn to_trec(&self, tag: &str) -> String {
        let mut lines = String::new();
        for outcome in &self.outcomes {
            let query = encode(&outcome.question.id);
            let documents = ranked_documents(outcome);
            for (index, document) in documents.iter().enumerate() {
                let _ = writeln!(
                    lines,
                    "{query} Q0 {} {} {} {}",
                    encode(document),
                    index + 1,
                    documents.len() - index,
                    encode(tag)
                );
            }
        }

        lines
    }
}

/// Returns the judgments as lines of `query 0 document grade`, one for each relevant document.
pub fn qrels(questions: &[Question]) -> String {
    let mut lines = String::new();
    for question in questions {
        for (document, grade) in grades(&question.ground_truth) {
            let _ = writeln!(
                lines,
                "{} 0 {} {grade}",
                encode(&question.id),
                encode(document)
            );
        }
    }

    lines
}

/// The documents that were found, each at its best rank; none if the search failed.
fn ranked_documents<'a>(outcome: &'a Outcome<'_>) -> Vec<&'a str> {
    let Ok(answer) = &outcome.result else {
        return Vec::new();
    };

    let mut seen = HashSet::new();
    answer
        .hits
        .iter()
        .map(|hit| judged_document(&outcome.question.ground_truth, hit))
        .filter(|document| seen.insert(*document))
        .collect()
}

/// Returns the document of a hit, by the name that the judgments use for it.
fn judged_document<'a>(ground_truth: &'a GroundTruth, hit: &'a RankedHit) -> &'a str {
    match ground_truth {
        GroundTruth::Locations(locations)
            if locations
                .iter()
                .any(|location| location.source.as_str() == hit.document) =>
        {
            locations[0].source.as_str()
        }
        _ => &hit.document,
    }
}

fn grades(ground_truth: &GroundTruth) -> Vec<(&str, u32)> {
    let mut grades: Vec<(&str, u32)> = match ground_truth {
        GroundTruth::Documents(grades) => grades
            .iter()
            .map(|(document, grade)| (document.as_str(), *grade))
            .collect(),
        GroundTruth::Locations(locations) => locations
            .first()
            .map(|location| (location.source.as_str(), 1))
            .into_iter()
            .collect(),
        GroundTruth::Spans(spans) => spans
            .iter()
            .map(|(document, _)| (document.as_str(), 1))
            .collect(),
        GroundTruth::Unanswerable => Vec::new(),
    };

    grades.sort_unstable();
    grades.dedup();
    grades
}

/// Percent-encodes white space and control characters, because white space separates the columns.
fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_whitespace() || c.is_control() || c == '%' {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(encoded, "%{byte:02X}");
            }
        } else {
            encoded.push(c);
        }
    }

    encoded
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;
    use crate::{Anchor, Answer, Location, QuestionFilter};

    fn question(id: &str, ground_truth: GroundTruth) -> Question {
        let filter = QuestionFilter::default();
        Question {
            id: id.to_owned(),
            text: String::new(),
            kind: None,
            filter,
            release: None,
            split: None,
            ground_truth,
        }
    }

    fn trec(question: &Question, documents: &[&str]) -> String {
        let hits = documents.iter().copied().map(RankedHit::document).collect();
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
        .to_trec("hybrid")
    }

    #[test]
    fn each_document_appears_once_with_falling_scores() {
        let grades = HashMap::from([("b".to_owned(), 2), ("a".to_owned(), 1)]);
        let question = question("q 1", GroundTruth::Documents(grades));
        assert_eq!(
            trec(&question, &["x", "b", "x", "100% a"]),
            "\
q%201 Q0 x 1 3 hybrid
q%201 Q0 b 2 2 hybrid
q%201 Q0 100%25%20a 3 1 hybrid
"
        );
        assert_eq!(qrels(&[question]), "q%201 0 a 1\nq%201 0 b 2\n");
    }

    #[test]
    fn documents_of_alternative_locations_are_one() {
        let location = |source: &str| Location {
            source: source.parse().unwrap(),
            anchor: Anchor::Page(1),
            text_hash: None,
        };

        let question = question(
            "q",
            GroundTruth::Locations(vec![location("v12.md"), location("v15.md")]),
        );
        assert_eq!(
            trec(&question, &["x.md", "v15.md", "v12.md"]),
            "q Q0 x.md 1 2 hybrid\nq Q0 v12.md 2 1 hybrid\n"
        );
        assert_eq!(qrels(&[question]), "q 0 v12.md 1\n");
    }

    #[test]
    fn an_unanswerable_question_has_no_qrels() {
        let question = question("q", GroundTruth::Unanswerable);
        assert_eq!(trec(&question, &["x"]), "q Q0 x 1 1 hybrid\n");
        assert_eq!(qrels(&[question]), "");
    }
}
