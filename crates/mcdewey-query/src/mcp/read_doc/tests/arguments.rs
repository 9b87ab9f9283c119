//! Which combinations of arguments are accepted, and what they request.

use mcdewey_search::{PageSelector, QueryError};
use serde_json::{Value, json};

use crate::mcp::arguments::Arguments;
use crate::mcp::read_doc::page_request::PageRequest;
use crate::mcp::read_doc::{PARAMETERS, ReadRequest, parse_request};

fn parse(given: Value) -> Result<ReadRequest, QueryError> {
    parse_request(&Arguments::parse(&PARAMETERS, given.as_object().unwrap())?)
}

#[test]
fn combined_arguments_select_a_request() {
    let passage = ReadRequest::Passage {
        id: "3fa2b1c9".to_owned(),
        context: 2,
    };

    assert_eq!(
        parse(json!({"handle": "3fa2b1c9", "context": 2})).unwrap(),
        passage
    );

    let pages = ReadRequest::Pages {
        source: "a.md".to_owned(),
        pages: PageRequest::Range(1, 2),
    };

    assert_eq!(
        parse(json!({"source": "a.md", "page": "1-2"})).unwrap(),
        pages
    );
    let one = PageRequest::One(PageSelector::Number(118));
    let page = ReadRequest::Pages {
        source: "a.md".to_owned(),
        pages: one,
    };
    assert_eq!(parse(json!({"source": "a.md", "page": 118})).unwrap(), page);
    assert_eq!(
        parse(json!({"source": "a.md"})).unwrap(),
        ReadRequest::Outline {
            source: "a.md".to_owned()
        }
    );
}

#[test]
fn contradictory_arguments_are_rejected() {
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
            matches!(parse(given.clone()), Err(QueryError::InvalidRequest(_))),
            "{given}"
        );
    }
}
