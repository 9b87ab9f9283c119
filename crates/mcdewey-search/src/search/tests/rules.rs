//! Rules that no weight breaks: quotation marks, a minus, names and codes, pasted logs.

use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use proptest::prelude::*;

use super::*;

const VOCABULARY: [&str; 4] = ["barge", "call", "queue", "agent"];

/// A library of one document for each text.
async fn library_of(texts: &[&str]) -> Library {
    let embed = Arc::new(FakeEmbed::new(&VOCABULARY));
    let index = Arc::new(MemoryIndex::new());
    for (number, text) in texts.iter().enumerate() {
        let document = SampleDocument::new(&format!("{number:03}.md")).page(1, &[text]);
        index.commit(document.build(&embed)).await.unwrap();
    }

    Library::new(index, embed as Arc<dyn Embed>)
}

async fn texts(library: &Library, question: &str) -> Vec<String> {
    let answer = ask(library, question).await;
    answer.hits.into_iter().map(|hit| hit.chunk.text).collect()
}

async fn ask(library: &Library, question: &str) -> SearchResults {
    let request = SearchRequest {
        q: question.to_owned(),
        limit: Some(MAX_LIMIT),
        ..SearchRequest::default()
    };
    search(library, &request).await
}

#[tokio::test]
async fn quotation_marks_mean_the_phrase() {
    let library = library_of(&[
        "call barge call barge queue",
        "the barge call of an agent",
        "a *barge* _call_ again",
        "barge calls",
    ])
    .await;

    let mut found = texts(&library, "\"barge call\"").await;
    found.sort();
    assert_eq!(
        found,
        [
            "a *barge* _call_ again",
            "call barge call barge queue",
            "the barge call of an agent",
        ]
    );
    assert_eq!(
        texts(&library, "\"barge call\" \"an agent\"").await,
        ["the barge call of an agent"]
    );
    assert_eq!(texts(&library, "barge call").await.len(), 4);

    // A phrase that nothing has is said to be absent, and the closest passages are shown.
    let answer = ask(&library, "\"agent queue barge\"").await;
    assert!(!answer.hits.is_empty());
    let no_answer = answer.no_answer.unwrap();
    assert_eq!(no_answer.message, "no passage contains “agent queue barge”");
    assert_eq!(no_answer.missing, ["agent queue barge"]);
}

#[tokio::test]
async fn a_minus_leaves_out() {
    let library = library_of(&["barge queue", "barge queue of an agent", "barge call"]).await;

    let answer = ask(&library, "barge -queue").await;
    let texts: Vec<&str> = answer
        .hits
        .iter()
        .map(|hit| hit.chunk.text.as_str())
        .collect();
    assert_eq!(texts, ["barge call"]);
    assert_eq!(answer.notices, ["Without passages that mention “queue”"]);
}

#[tokio::test]
async fn a_paste_with_several_codes_finds_a_page_for_each() {
    let mut documents: Vec<String> = (0..30)
        .map(|number| format!("E_LINK_1 barge call queue agent {number}"))
        .collect();
    documents.push("the code E_DISK_7 of the queue".to_owned());
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let library = library_of(&documents).await;

    let log = "Nov 12 03:11:09 gw2 relayd[991]: E_LINK_1 barge call queue agent\n\
               Nov 12 03:11:10 gw2 relayd[991]: E_DISK_7";
    let found = texts(&library, log).await;
    assert!(
        found[..2].iter().any(|text| text.contains("E_DISK_7"))
            && found[..2].iter().any(|text| text.contains("E_LINK_1")),
        "{found:?}"
    );
}

#[tokio::test]
async fn many_other_words_do_not_outweigh_a_name() {
    let words = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima";
    let library = library_of(&[words, "setting max_wait_ms among other things"]).await;

    let question = format!("max_wait_ms {words}");
    let found = texts(&library, &question).await;
    assert!(found[0].contains("max_wait_ms"), "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever else the passages say: one with all names of the question is never behind one
    /// with none.
    #[test]
    fn a_passage_with_all_names_is_never_behind_one_with_none(
        passages in proptest::collection::vec(
            proptest::collection::vec(
                prop::sample::select(vec![
                    "barge", "call", "queue", "agent", "max_wait_ms", "SEND_DTMF", "RLY-2004-E",
                ]),
                1..12,
            ),
            2..40,
        ),
        names in proptest::sample::subsequence(vec!["max_wait_ms", "SEND_DTMF", "RLY-2004-E"], 1..=3),
        words in proptest::sample::subsequence(VOCABULARY.to_vec(), 0..=4),
    ) {
        let passages: Vec<String> = passages.iter().map(|words| words.join(" ")).collect();
        let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
        let question = format!("{} {}", words.join(" "), names.join(" "));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async {
            let library = library_of(&passages).await;
            texts(&library, &question).await
        });

        // A name that no passage has cannot be required.
        let names: Vec<&&str> = names
            .iter()
            .filter(|name| passages.iter().any(|text| text.contains(**name)))
            .collect();
        let last_with_all = found
            .iter()
            .rposition(|text| !names.is_empty() && names.iter().all(|name| text.contains(**name)));
        let first_with_none = found
            .iter()
            .position(|text| !names.iter().any(|name| text.contains(**name)));
        if let (Some(last), Some(first)) = (last_with_all, first_with_none) {
            prop_assert!(last < first, "{question}: {found:?}");
        }
    }
}
