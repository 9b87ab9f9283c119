//! `read_doc`: a passage with its neighbours, pages, a section, or a document's outline.
//!
//! The text stands in the structured content and in the readable text, because clients show a model one of the two.

use mcdewey_core::Visibility;
use rmcp::model::CallToolResult;

use super::arguments::{Arguments, CURSOR, Kind, Parameter, TOKEN_BUDGET};
use super::place::{Cut, Pages};
use super::{read_outline, read_pages, read_passages};
use crate::{Library, MAX_CONTEXT, PageSelector, QueryError};

/// What the tool takes.
pub(super) static PARAMETERS: [Parameter; 7] = [
    Parameter {
        name: "id",
        aliases: &["chunk_id", "handle", "chunk"],
        kind: Kind::Name,
        required: false,
        description: "A passage: handle or chunk_id of a hit; or give source",
        examples: &["3fa2b1c9"],
    },
    Parameter {
        name: "context",
        aliases: &["neighbours", "neighbors"],
        kind: Kind::Number {
            min: 0,
            max: MAX_CONTEXT as usize,
            default: 0,
        },
        required: false,
        description: "With id: neighbours on each side",
        examples: &["2"],
    },
    Parameter {
        name: "source",
        aliases: &["document", "doc", "path", "file"],
        kind: Kind::Name,
        required: false,
        description: "A document; alone it gives the outline",
        examples: &["finesse/v12.5/guide.md"],
    },
    Parameter {
        name: "page",
        aliases: &["pages", "page_number", "page_label"],
        kind: Kind::Text,
        required: false,
        description: "With source: a page or range",
        examples: &["118", "118-120"],
    },
    Parameter {
        name: "section",
        aliases: &["heading"],
        kind: Kind::Name,
        required: false,
        description: "With source, without pages: a section",
        examples: &["retry-policy-4"],
    },
    TOKEN_BUDGET,
    CURSOR,
];

/// Answers a call.
pub(super) async fn call(
    library: &Library,
    arguments: &Arguments,
    visibility: &Visibility,
) -> Result<CallToolResult, QueryError> {
    let budget = arguments.budget();
    match wanted(arguments)? {
        Wanted::Passage { id, context } => {
            read_passages::read(library, &id, context, budget, visibility).await
        }
        Wanted::Outline { source } => {
            read_outline::read(library, &source, budget, visibility).await
        }
        Wanted::Pages { source, pages } => {
            read_pages::read(library, &source, &pages, budget, visibility).await
        }
        Wanted::On { source, cut } => {
            read_pages::read_on(library, &source, &cut, budget, visibility).await
        }
    }
}

#[derive(Debug, PartialEq)]
enum Wanted {
    Passage { id: String, context: u32 },
    Outline { source: String },
    Pages { source: String, pages: Pages },
    On { source: String, cut: Cut },
}

/// What the arguments mean together.
fn wanted(arguments: &Arguments) -> Result<Wanted, QueryError> {
    let refuse = |message: &str| Err(QueryError::InvalidRequest(message.to_owned()));
    let text = |name: &str| arguments.text(name).map(str::to_owned);
    match (text("cursor"), text("id"), text("source")) {
        (Some(cursor), None, Some(source)) => Ok(Wanted::On {
            source,
            cut: Cut::decode(&cursor)?,
        }),
        (None, Some(id), None) => {
            if text("page").is_some() || text("section").is_some() {
                return refuse(
                    "page and section belong to source; give id alone, or source with page or section",
                );
            }

            let context = arguments.number("context").unwrap_or(0);
            Ok(Wanted::Passage {
                id,
                context: u32::try_from(context).unwrap_or(MAX_CONTEXT),
            })
        }
        (None, None, Some(source)) => in_document(source, text("page"), text("section")),
        (None, None, None) => refuse("give id (of a hit), or source with page or section"),
        (None, Some(_), Some(_)) => refuse("id and source exclude each other; give one of them"),
        (Some(_), ..) => refuse("cursor goes on in a source; give the same source with it"),
    }
}

fn in_document(
    source: String,
    page: Option<String>,
    section: Option<String>,
) -> Result<Wanted, QueryError> {
    match (page, section) {
        (Some(page), None) => Ok(Wanted::Pages {
            source,
            pages: Pages::parse(&page)?,
        }),
        (None, Some(section)) => Ok(Wanted::Pages {
            source,
            pages: Pages::One(PageSelector::Section(section)),
        }),
        (None, None) => Ok(Wanted::Outline { source }),
        (Some(_), Some(_)) => Err(QueryError::InvalidRequest(
            "page and section exclude each other; give one of them".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(given: Value) -> Result<Wanted, QueryError> {
        wanted(&Arguments::read(&PARAMETERS, given.as_object().unwrap())?)
    }

    #[test]
    fn arguments_say_together_what_is_wanted() {
        let passage = Wanted::Passage {
            id: "3fa2b1c9".to_owned(),
            context: 2,
        };

        assert_eq!(
            read(json!({"handle": "3fa2b1c9", "context": 2})).unwrap(),
            passage
        );

        let pages = Wanted::Pages {
            source: "a.md".to_owned(),
            pages: Pages::Range(1, 2),
        };

        assert_eq!(
            read(json!({"source": "a.md", "page": "1-2"})).unwrap(),
            pages
        );
        let one = Pages::One(PageSelector::Number(118));
        let page = Wanted::Pages {
            source: "a.md".to_owned(),
            pages: one,
        };
        assert_eq!(read(json!({"source": "a.md", "page": 118})).unwrap(), page);
        assert_eq!(
            read(json!({"source": "a.md"})).unwrap(),
            Wanted::Outline {
                source: "a.md".to_owned()
            }
        );
    }

    #[test]
    fn contradictions_are_refused() {
        for given in [
            json!({}),
            json!({"page": "1"}),
            json!({"id": "x", "source": "a.md"}),
            json!({"id": "x", "page": "1"}),
            json!({"id": "x", "cursor": "1.1.0.a"}),
            json!({"cursor": "1.1.0.a"}),
            json!({"source": "a.md", "page": "1", "section": "s"}),
            json!({"id": "x", "context": 6}),
        ] {
            assert!(
                matches!(read(given.clone()), Err(QueryError::InvalidRequest(_))),
                "{given}"
            );
        }
    }
}

#[cfg(test)]
mod call_tests {
    use serde_json::{Value, json};

    use super::super::testing::{
        BARGE, GUIDE, call, call_on, long_page, refused, sent_tokens, structured, text,
    };
    use super::super::tools::DocTool::ReadDoc;

    fn texts(answer: &Value) -> Vec<&str> {
        answer["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["text"].as_str().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn a_passage_comes_with_its_neighbours() {
        let result = call(ReadDoc, json!({"id": BARGE, "context": 1})).await;
        let answer = structured(&result);
        let expected = [
            "Silent monitoring starts first. The supervisor listens.",
            "Barge calls. The supervisor joins.",
            "Error 20700 is the conference limit.",
        ];

        assert_eq!(texts(answer), expected);
        assert_eq!(
            (&answer["source"], &answer["version"]),
            (&json!(GUIDE), &json!("v12.5"))
        );
        assert_eq!(
            (&answer["parts"][1]["page"], &answer["parts"][1]["chunk_id"]),
            (&json!(118), &json!(BARGE))
        );
        assert!(
            expected
                .iter()
                .all(|passage| text(&result).contains(passage))
        );

        let handle = mcdewey_core::Chunk::handle_of(&BARGE.parse().unwrap());
        let by_handle = call(ReadDoc, json!({"id": handle, "context": 1})).await;
        assert_eq!(structured(&by_handle), answer);
    }

    #[tokio::test]
    async fn pages_come_whole() {
        let result = call(ReadDoc, json!({"source": GUIDE, "page": "118-119"})).await;
        let answer = structured(&result);
        let expected = [
            "Barge calls. The supervisor joins.\n\nError 20700 is the conference limit.",
            "After the barge every error is reported.\n\nMore words about errors.",
        ];
        assert_eq!(texts(answer), expected);
        assert!(answer.get("next_cursor").is_none());
        assert!(text(&result).contains(&format!(
            "source=\"{GUIDE}\" place=\"Page 118\">\n{}\n</document-",
            expected[0]
        )));
    }

    #[tokio::test]
    async fn a_source_alone_gives_the_outline() {
        let result = call(ReadDoc, json!({"source": GUIDE})).await;
        let answer = structured(&result);
        assert_eq!(
            answer["outline"][1],
            json!({"level": 1, "title": "Page 118", "page": 118})
        );
        assert_eq!(
            answer["notices"],
            json!(["the document has pages 117 to 119; read them with page"])
        );
        assert!(text(&result).contains("- Page 118 (page 118)"));
    }

    #[tokio::test]
    async fn what_is_not_there_is_said() {
        for (given, said) in [
            (json!({"id": "ffffffff"}), "not_found: no passage"),
            (json!({"id": "a::b::9"}), "not_found: no passage"),
            (json!({"id": "nonsense"}), "invalid_request: "),
            (json!({"source": "no/such.md"}), "not_found: no document"),
            (
                json!({"source": GUIDE, "page": 400}),
                "not_found: no such page",
            ),
            (
                json!({"source": GUIDE, "page": "400-402"}),
                "not_found: no page from 400 to 402 in",
            ),
            (
                json!({"source": "no/such.md", "cursor": "118.118.3.00000000"}),
                "not_found: no document",
            ),
            (
                json!({"source": GUIDE, "cursor": "118.118.3.00000000"}),
                "cursor_expired: ",
            ),
            (
                json!({"source": GUIDE, "cursor": "116.118.0.00000000"}),
                "cursor_expired: ",
            ),
        ] {
            let result = call(ReadDoc, given.clone()).await;
            assert!(
                refused(&result).starts_with(said),
                "{given}: {}",
                text(&result)
            );
        }
    }

    #[tokio::test]
    async fn a_page_is_read_whole_in_steps_of_any_budget() {
        let (library, page) = long_page().await;
        for budget in [420, 450, 600, 1111, 20_000] {
            let mut read = String::new();
            let mut arguments =
                json!({"source": "long/guide.md", "page": "7-8", "token_budget": budget});
            loop {
                let result = call_on(library.clone(), ReadDoc, arguments.clone()).await;
                assert!(
                    sent_tokens(&result) <= budget,
                    "{} of {budget}",
                    sent_tokens(&result)
                );

                let answer = structured(&result);
                read.extend(texts(answer));
                let Some(cursor) = answer.get("next_cursor") else {
                    break;
                };

                assert!(
                    text(&result).contains("Note: cut at page")
                        && text(&result).contains("repeat with cursor")
                );
                arguments["cursor"] = cursor.clone();
            }

            assert_eq!(read, format!("{page}The last page."), "budget {budget}");
        }
    }

    #[tokio::test]
    async fn neighbours_beyond_the_budget_are_named() {
        let (library, _) = long_page().await;
        let arguments = json!({"id": "long::guide::30", "context": 5, "token_budget": 500});
        let result = call_on(library, ReadDoc, arguments).await;
        let answer = structured(&result);

        let ids: Vec<&Value> = answer["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| &part["chunk_id"])
            .collect();

        assert!(ids.contains(&&json!("long::guide::30")) && ids.len() < 11);
        let notice = answer["notices"][0].as_str().unwrap();
        assert!(
            notice.contains("neighbours do not fit the token budget; go on with id "),
            "{notice}"
        );
        assert!(sent_tokens(&result) <= 500);
    }

    #[tokio::test]
    async fn a_passage_too_long_for_the_budget_is_cut() {
        use std::sync::Arc;

        use mcdewey_core::Index;
        use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};

        let embed = FakeEmbed::new(&[]);
        let long = "A sentence of five words. ".repeat(100);
        let index = MemoryIndex::new();

        index
            .commit(
                SampleDocument::new("long.md")
                    .page(1, &[&long])
                    .build(&embed),
            )
            .await
            .unwrap();

        let library = Arc::new(crate::Library::new(
            Arc::new(index),
            Arc::new(embed),
            "http://x",
        ));

        let result = call_on(
            library,
            ReadDoc,
            json!({"id": "long::0", "token_budget": 350}),
        )
        .await;

        let answer = structured(&result);
        let shown = texts(answer)[0];
        assert!(
            long.starts_with(shown) && shown.ends_with("words.") && sent_tokens(&result) <= 350,
            "{shown}"
        );
        assert!(
            answer["notices"][0]
                .as_str()
                .unwrap()
                .starts_with("the passage is cut")
        );
    }
}
