//! `relevance.jsonl`: one question per line, as people ask them, with the page or section that
//! answers it. Anyone can add a line; the search must meet the floors below.

use std::collections::{BTreeMap, HashSet};

use mcdewey_search::content_stems;
use serde_json::{Value, json};

use crate::support::{Server, print_line, relevance_cases, repository, search_request};

/// Minimum share of the questions whose first hit is on a right page.
const FIRST_HIT_FLOOR: f64 = 0.90;
/// Minimum share of the questions that have a right page among the first five hits.
const FOUND_FLOOR: f64 = 0.99;

#[test]
fn questions_find_their_pages() {
    let server = Server::over_sample_library();
    let cases = relevance_cases();
    let mut first = 0;
    let mut misses = Vec::new();

    let mut late = Vec::new();
    for case in &cases {
        let mut request = search_request(case);
        request["limit"] = json!(5);
        let answer = server.search(&request);

        let hits: Vec<&Value> = relevant_list(&answer, case);
        match hits.iter().position(|hit| is_right(case, hit)) {
            Some(0) => first += 1,
            Some(index) => late.push(format!("{} at {}", case["q"], index + 1)),
            None => misses.push(format!("{} got {:?}", case["q"], pages(&hits))),
        }
    }

    let share = f64::from(first) / cases.len() as f64;
    let found = 1.0 - misses.len() as f64 / cases.len() as f64;
    print_line(&format!(
        "relevance: hit@1 {share:.3}, hit@5 {found:.3} over {} questions",
        cases.len()
    ));

    assert!(
        found >= FOUND_FLOOR,
        "hit@5 is {found:.3}; not among the first five:\n{}",
        misses.join("\n")
    );
    assert!(
        share >= FIRST_HIT_FLOOR,
        "hit@1 is {share:.3}; not the first hit:\n{}",
        late.join("\n")
    );
}

#[test]
fn a_version_filter_leaks_no_other_version() {
    let server = Server::over_sample_library();
    let mut checked = 0;
    for case in relevance_cases()
        .iter()
        .filter(|case| !case["filter"]["version"].is_null())
    {
        let wanted = &server.get_json(&format!(
            "/api/v1/documents/{}",
            case["source"].as_str().unwrap()
        ))["version"];

        for mode in ["hybrid", "dense", "keyword"] {
            let mut request = search_request(case);
            request["limit"] = json!(50);
            request["mode"] = json!(mode);

            let answer = server.search(&request);
            for hit in answer["hits"].as_array().unwrap() {
                assert_eq!(
                    &hit["version"], wanted,
                    "{} in {}",
                    case["q"], hit["source"]
                );

                for also in hit["also_in"].as_array().into_iter().flatten() {
                    assert_eq!(
                        &also["version"], wanted,
                        "{} also in {}",
                        case["q"], also["source"]
                    );
                }

                checked += 1;
            }

            for hit in answer["unversioned"].as_array().into_iter().flatten() {
                assert!(hit["version"].is_null(), "{hit:#}");
            }
        }
    }

    assert!(checked > 100, "only {checked} hits under a version filter");
}

#[test]
fn a_typo_is_corrected_and_reported() {
    let server = Server::over_sample_library();
    let found = |question: &str| server.search(&json!({"q": question, "mode": "keyword"}));
    let corrected = found("untrusted certifcate");

    assert_eq!(
        corrected["notices"],
        json!(["Showing results for “certificate”: “certifcate” does not occur in the library"])
    );
    assert_eq!(
        corrected["hits"][0]["chunk_id"],
        found("untrusted certificate")["hits"][0]["chunk_id"]
    );

    // The model compares what was meant, too.
    let cosines = |question: &str| -> Vec<Value> {
        let answer = server.search(&json!({"q": question, "explain": true}));
        let mut cosines: Vec<Value> = answer["hits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["explain"]["dense_score"].clone())
            .collect();
        // The corrected word weighs a little less in the keyword list, so the order may differ.
        cosines.sort_by_key(Value::to_string);
        cosines
    };
    assert_eq!(
        cosines("untrusted certifcate"),
        cosines("untrusted certificate")
    );

    // A correct word that the library lacks, and a code, are not corrected.
    for question in ["who can hear the sound", "error 88012 CERTIFCATE"] {
        assert!(found(question)["notices"].is_null(), "{question}");
    }
}

#[test]
fn an_identifier_is_found_whole_and_by_its_parts() {
    let server = Server::over_sample_library();
    for question in ["BARGE_CALL", "barge call"] {
        let hits = server.search(&json!({"q": question, "mode": "keyword", "product": "finesse"}));
        let text = hits["hits"][0]["text"].as_str().unwrap().to_lowercase();
        assert!(
            text.contains("barge_call") || text.contains("barge call"),
            "{question}: {text}"
        );
    }
}

#[test]
fn the_questions_are_hard_enough() {
    let server = Server::over_sample_library();
    let cases = relevance_cases();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let names = product_names();

    let mut without_shared_word = 0;
    for case in &cases {
        *kinds.entry(case["kind"].as_str().unwrap()).or_default() += 1;
        let question: HashSet<String> = &content_stems(case["q"].as_str().unwrap()) - &names;
        let page = content_stems(&answering_text(&server, case));
        if question.is_disjoint(&page) {
            without_shared_word += 1;
        }
    }

    for kind in ["acronym", "typo", "error-code", "version-pair"] {
        assert!(
            kinds.get(kind).is_some_and(|count| *count >= 8),
            "{kind}: {kinds:?}"
        );
    }

    assert!(
        without_shared_word * 2 >= cases.len(),
        "{without_shared_word} of {} share no word",
        cases.len()
    );
}

/// The hits among which the answer is expected. With a version filter, notes, which have no
/// version, are listed separately.
fn relevant_list<'a>(answer: &'a Value, case: &Value) -> Vec<&'a Value> {
    let is_note = case["source"].as_str().unwrap().starts_with("notes/");
    let list = if is_note && answer["unversioned"].is_array() {
        "unversioned"
    } else {
        "hits"
    };

    answer[list].as_array().unwrap().iter().collect()
}

fn is_right(case: &Value, hit: &Value) -> bool {
    let also = case["also"].as_array().into_iter().flatten();
    std::iter::once(case)
        .chain(also)
        .any(|location| is_at(location, hit))
}

fn is_at(location: &Value, hit: &Value) -> bool {
    let is_here = location["source"] == hit["source"]
        && match location.get("heading") {
            Some(heading) => hit["headings"].as_array().unwrap().contains(heading),
            None => hit["page"] == location["page"],
        };

    // A collapsed hit is also at the locations of the identical chunks.
    is_here
        || hit["also_in"].as_array().into_iter().flatten().any(|also| {
            also["source"] == location["source"]
                && location
                    .get("page")
                    .is_some_and(|page| also["page"] == *page)
        })
}

fn pages(hits: &[&Value]) -> Vec<String> {
    hits.iter()
        .map(|hit| format!("{} {} {}", hit["source"], hit["page"], hit["headings"]))
        .collect()
}

/// The whole text of the page or section that answers, with its headings.
fn answering_text(server: &Server, case: &Value) -> String {
    let source = case["source"].as_str().unwrap();
    let document = server.get_json(&format!("/api/v1/documents/{source}"));
    let page = match case["page"].as_u64() {
        Some(page) => server.get_json(&format!("/api/v1/documents/{source}?page={page}")),
        None => {
            let sections = document["outline"].as_array().unwrap();
            let entry = sections
                .iter()
                .find(|entry| entry["title"] == case["heading"]);

            let slug = entry
                .unwrap_or_else(|| panic!("no heading {} in {source}", case["heading"]))["section"]
                .clone();

            server.get_json(&format!(
                "/api/v1/documents/{source}?section={}",
                slug.as_str().unwrap()
            ))
        }
    };

    page["text"].as_str().unwrap().to_owned()
}

/// The words of product names and their aliases, which do not count as shared words.
fn product_names() -> HashSet<String> {
    let text = std::fs::read_to_string(repository().join("corpus/library.toml")).unwrap();
    let library: toml::Table = text.parse().unwrap();

    let mut names = HashSet::new();
    for product in library["product"].as_array().unwrap() {
        for key in ["id", "title", "vendor"] {
            names.extend(content_stems(product[key].as_str().unwrap()));
        }
    }

    for alias in library["alias"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|alias| alias.get("products").is_some())
    {
        for name in alias["names"].as_array().unwrap() {
            names.extend(content_stems(name.as_str().unwrap()));
        }
    }

    names
}
