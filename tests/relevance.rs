//! `relevance.jsonl`: one question a line, as people ask them, with the page (or the heading of the section) that
//! answers. Anyone can add a line; the floors below must hold.

use std::collections::{BTreeMap, HashSet};

use mcdewey_query::content_stems;
use serde_json::{Value, json};

use crate::support::{Server, relevance_cases, repository, request_of, say};

/// Share of the questions whose first hit is on the right page.
const FIRST_HIT_FLOOR: f64 = 0.90;
/// Share of the questions that have a right page among the first five hits.
const FOUND_FLOOR: f64 = 0.99;

#[test]
fn questions_find_their_pages() {
    let server = Server::over_sample_library();
    let cases = relevance_cases();
    let mut first = 0;
    let mut misses = Vec::new();

    let mut late = Vec::new();
    for case in &cases {
        let mut request = request_of(case);
        request["limit"] = json!(5);
        let answer = server.search(&request);

        let hits: Vec<&Value> = answered(&answer, case);
        match hits.iter().position(|hit| is_right(case, hit)) {
            Some(0) => first += 1,
            Some(place) => late.push(format!("{} at {}", case["q"], place + 1)),
            None => misses.push(format!("{} got {:?}", case["q"], pages(&hits))),
        }
    }

    let share = f64::from(first) / cases.len() as f64;
    let found = 1.0 - misses.len() as f64 / cases.len() as f64;
    say(&format!(
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
        "hit@1 is {share:.3}; behind the first:\n{}",
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
            let mut request = request_of(case);
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
fn a_slip_is_searched_as_what_was_meant_and_said_so() {
    let server = Server::over_sample_library();
    let found = |question: &str| server.search(&json!({"q": question, "mode": "keyword"}));
    let slip = found("untrusted certifcate");

    assert_eq!(
        slip["notices"],
        json!(["“certifcate” is nowhere here; “certificate” was searched"])
    );
    assert_eq!(
        slip["hits"][0]["chunk_id"],
        found("untrusted certificate")["hits"][0]["chunk_id"]
    );

    // A word that is one although the library lacks it, and a code, are no slips.
    for question in ["who can hear the sound", "error 88012 CERTIFCATE"] {
        assert!(found(question)["notices"].is_null(), "{question}");
    }
}

#[test]
fn a_name_is_found_whole_and_by_its_parts() {
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
fn the_cases_are_as_hard_as_they_say() {
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

/// The hits, then what names no release: a note may be the answer, shown apart.
fn answered<'a>(answer: &'a Value, case: &Value) -> Vec<&'a Value> {
    let note = case["source"].as_str().unwrap().starts_with("notes/");
    let list = if note && answer["unversioned"].is_array() {
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
        .any(|place| stands_at(place, hit))
}

fn stands_at(place: &Value, hit: &Value) -> bool {
    let here = place["source"] == hit["source"]
        && match place.get("heading") {
            Some(heading) => hit["headings"].as_array().unwrap().contains(heading),
            None => hit["page"] == place["page"],
        };

    // A collapsed passage stands where the asker was sent and in the other places.
    here || hit["also_in"].as_array().into_iter().flatten().any(|also| {
        also["source"] == place["source"]
            && place.get("page").is_some_and(|page| also["page"] == *page)
    })
}

fn pages(hits: &[&Value]) -> Vec<String> {
    hits.iter()
        .map(|hit| format!("{} {} {}", hit["source"], hit["page"], hit["headings"]))
        .collect()
}

/// The whole page, or section, that answers, with its headings.
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

/// The words of product names and of their aliases, which do not count as shared.
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
