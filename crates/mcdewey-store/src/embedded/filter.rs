//! Conditions on the payload of points, in the types of the embedded engine.

use qdrant_edge::{Condition, FieldCondition, Filter, JsonPath, Match};

use crate::facets::Clause;

/// Converts clauses that must all hold into a filter. Returns `None` for no clauses: every point
/// passes.
pub(super) fn from_clauses(clauses: &[Clause]) -> Option<Filter> {
    (!clauses.is_empty()).then(|| all(clauses))
}

fn all(clauses: &[Clause]) -> Filter {
    Filter {
        must: Some(clauses.iter().map(condition).collect()),
        ..Filter::new()
    }
}

fn condition(clause: &Clause) -> Condition {
    match clause {
        Clause::OneOf(field, values) => Condition::Field(FieldCondition::new_match(
            path(field),
            Match::from(values.clone()),
        )),
        Clause::Any(groups) => {
            let should = groups
                .iter()
                .map(|group| Condition::Filter(all(group)))
                .collect();

            Condition::Filter(Filter {
                should: Some(should),
                ..Filter::new()
            })
        }
    }
}

/// The path of a top-level field of the payload.
pub(super) fn path(field: &str) -> JsonPath {
    JsonPath {
        first_key: field.to_owned(),
        rest: Vec::new(),
    }
}
