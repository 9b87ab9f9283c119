//! The signals of the confidence, and the messages of questions without an answer.

use super::*;
use crate::question::absent_versions::AbsentVersion;
use crate::question::analysis::analyse;
use crate::testing::{candidate, chunk, sample_view};

/// The signals in a library of 100 chunks that contains these words, for one hit with this text.
fn signals(
    question: &str,
    known: &[(&str, u64)],
    cosines: &[f32],
    text: &str,
) -> (Signals, Vec<String>) {
    let words = terms::words(&mcdewey_core::keyword_form(question))
        .filter(|(word, _)| terms::stem(word).is_some())
        .map(|(word, _)| {
            let chunks = known
                .iter()
                .find(|(name, _)| word.eq_ignore_ascii_case(name))
                .map_or(0, |known| known.1);

            QuestionWord {
                word: word.to_owned(),
                chunks,
                corrected_to: None,
            }
        })
        .collect();

    let dense = cosines
        .iter()
        .enumerate()
        .map(|(index, score)| candidate(&format!("a::{index}"), *score))
        .collect();

    let lists = Candidates {
        dense: Some(dense),
        keyword: Some(Vec::new()),
        words,
        ..Candidates::default()
    };

    let hit = chunk("a::0", text);

    Evidence::from_candidates(&lists, 100).unwrap().signals(
        question,
        &analyse(question, &sample_view(), None),
        std::iter::once(&hit),
    )
}

#[test]
fn identifiers_that_no_chunk_contains_are_absent() {
    let (found, absent) = signals(
        "CCX error SEND_DTMF",
        &[("error", 9), ("send", 3)],
        &[0.6],
        "an error",
    );

    assert_eq!(
        (found.absent_codes, absent),
        (1.0, vec!["SEND_DTMF".to_owned()])
    );

    let (found, absent) = signals(
        "CCX error 88012",
        &[("error", 9), ("88012", 1)],
        &[0.6],
        "an error",
    );

    assert_eq!(
        (found.absent_codes, found.missing_names, absent),
        (0.0, 1.0, Vec::new())
    );

    let (found, _) = signals(
        "CCX error 88012",
        &[("error", 9), ("88012", 1)],
        &[0.6],
        "error 88012",
    );

    assert_eq!(found.missing_names, 0.0);
}

#[test]
fn a_compound_of_known_parts_can_be_absent() {
    let known = [("tune", 2), ("bufsize", 1)];
    assert_eq!(
        signals("tune.bufsize", &known, &[0.6], "").1,
        ["tune.bufsize"]
    );
}

#[test]
fn the_best_cosine_is_compared_with_the_others() {
    let (found, _) = signals("gardens", &[], &[0.2, 0.1, 0.1], "agents");
    assert!(
        (found.foreign - 0.1).abs() < 1e-6 && (found.margin - 0.1).abs() < 1e-6,
        "{found:?}"
    );
    assert_eq!((found.unknown, found.coverage), (1.0, 0.0));
    let (near, _) = signals("agents", &[("agents", 5)], &[0.9], "agent");
    assert_eq!((near.foreign, near.coverage, near.unknown), (0.0, 1.0, 0.0));
    assert!(near.probability() > found.probability());
}

#[test]
fn what_the_reranker_read_corrects_the_probability() {
    let (named, _) = signals(
        "CCX error SEND_DTMF",
        &[("error", 9)],
        &[0.6, 0.6],
        "an error",
    );
    let probability = |signals, read: &[f32]| Verdict::new(signals, read).probability;
    let doubtful = named.probability();
    assert!(doubtful < THRESHOLD && probability(&named, &[]) == doubtful);
    assert!(probability(&named, &[-9.0, 5.5]) > THRESHOLD);
    assert_eq!(probability(&named, &[4.5]), doubtful);

    let (near, _) = signals("agents", &[("agents", 5)], &[0.6, 0.6], "agent");
    let likely = near.probability();
    assert!(likely > THRESHOLD);
    assert!(probability(&near, &[-7.0; 10]) < THRESHOLD);
    let none = |signals, read: &[f32]| {
        no_answer(
            &QuestionAnalysis::default(),
            Verdict::new(signals, read),
            Vec::new(),
        )
        .unwrap()
    };
    let certain = none(&near, &[-7.0; 10]);
    assert_eq!(
        (certain.message.as_str(), certain.is_certain),
        ("this library contains no answer", true)
    );
    let probable = none(&named, &[]);
    assert_eq!(probable.message, "this library probably contains no answer");
    assert!(!probable.is_certain);
    // A few passages are not all, one may be better, and one may be singled out by its meaning.
    assert_eq!(probability(&near, &[-7.0; 9]), likely);
    assert_eq!(
        probability(&near, &[&[-7.0; 9][..], &[-5.0]].concat()),
        likely
    );
    let (alone, _) = signals("agents", &[("agents", 5)], &[0.6, 0.4], "agent");
    assert!(probability(&alone, &[-7.0; 10]) > THRESHOLD);
}

#[test]
fn a_class_is_not_absent_without_its_package() {
    let known = [("java", 1), ("lang", 1), ("outofmemoryerror", 1)];
    let text = "The broker stops with an OutOfMemoryError (Map failed).";
    assert_eq!(
        signals("java.lang.OutOfMemoryError", &known, &[0.6], text).1,
        [""; 0]
    );
    assert_eq!(
        signals("java.lang.OutOfMemoryError", &known, &[0.6], "an error")
            .1
            .len(),
        1
    );
    assert_eq!(
        signals(
            "tune.bufsize",
            &[("tune", 2), ("bufsize", 1)],
            &[0.6],
            "bufsize"
        )
        .1
        .len(),
        1
    );
}

fn judged(probability: f64) -> Verdict {
    Verdict {
        probability,
        is_unanswered: false,
    }
}

#[test]
fn messages_truncate_names_and_lists() {
    let absent = vec!["x".repeat(1000); 9];
    let none = no_answer(&QuestionAnalysis::default(), judged(0.0), absent).unwrap();
    assert!(
        none.message.len() < 300 && none.missing.len() == 4,
        "{none:?}"
    );
    assert_eq!(
        no_answer(
            &QuestionAnalysis::default(),
            judged(1.0),
            vec!["x".to_owned()]
        ),
        None
    );
    let known = (1..=20).map(|number| format!("v{number}")).collect();

    let absent_version = AbsentVersion {
        product: "P".to_owned(),
        requested: "99".to_owned(),
        known,
    };

    let analysis = QuestionAnalysis {
        absent_versions: vec![absent_version],
        ..QuestionAnalysis::default()
    };
    let none = no_answer(&analysis, judged(1.0), Vec::new()).unwrap();
    assert_eq!(
        none.message,
        "no P 99 in this library: v13, v14, v15, v16, v17, v18, v19, v20 and 12 older"
    );
}
