//! `docs/rest.md` compared with the routes and declarations.

use std::collections::BTreeSet;

use mcdewey_search::parameter::Request;
use mcdewey_search::{CompareRequest, SearchRequest};
use regex::Regex;

use super::super::{OPERATIONS, error_codes, value_description};
use crate::documentation::{assert_table, text};

const PAGE: &str = "rest.md";

#[test]
fn docs_list_the_search_parameters() {
    let rows: Vec<Vec<String>> = SearchRequest::DECLARATIONS
        .iter()
        .map(|declaration| {
            vec![
                format!("`{}`", declaration.name),
                value_description(declaration),
                declaration.description.to_owned(),
            ]
        })
        .collect();

    let columns = ["name", "values", "meaning"];
    assert_table(PAGE, "search parameters", &columns, &rows);
}

#[test]
fn docs_list_the_parameters_of_a_comparison() {
    let text = text(PAGE);
    let row = text
        .lines()
        .find(|line| line.starts_with("| `GET /api/v1/compare"))
        .unwrap();
    for declaration in CompareRequest::DECLARATIONS {
        assert!(
            row.contains(&format!("`{}`", declaration.name)),
            "{} is not in {row}",
            declaration.name
        );
    }
}

/// The first cells of the rows of a table.
fn first_cells(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
}

#[test]
fn docs_list_every_route() {
    let route = Regex::new(r"`(GET|POST) (/[^`?]*)").unwrap();
    let text = text(PAGE);
    let listed: BTreeSet<(String, &str)> = first_cells(&text)
        .flat_map(|cell| route.captures_iter(cell))
        .map(|captures| {
            let (_, [method, path]) = captures.extract();
            (method.to_lowercase(), path)
        })
        .collect();

    let described: BTreeSet<(String, &str)> = OPERATIONS
        .iter()
        // The first sentence of the page is about it.
        .filter(|operation| operation.id != "getDescription")
        .map(|operation| (operation.method.name().to_owned(), operation.path))
        .collect();

    assert_eq!(listed, described);
}

#[test]
fn docs_list_every_error_code() {
    let code = Regex::new("`([a-z_]+)`").unwrap();
    let text = text(PAGE);
    let table = text.split("| code | status | meaning |\n").nth(1).unwrap();
    let listed: BTreeSet<&str> = first_cells(table)
        .flat_map(|cell| code.captures_iter(cell))
        .map(|captures| captures.extract::<1>().1[0])
        .collect();

    assert_eq!(listed, error_codes().into_iter().collect());
}
