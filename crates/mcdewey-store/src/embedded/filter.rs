//! Conditions on the payload of points, as the embedded engine takes them.

use qdrant_edge::{Condition, FieldCondition, Filter, JsonPath, Match};

use crate::facets::Clause;

/// The filter of clauses that must all hold; `None` lets every point pass.
pub(super) fn of(clauses: &[Clause]) -> Option<Filter> {
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

/// The place of a field in the payload.
pub(super) fn path(field: &str) -> JsonPath {
    JsonPath {
        first_key: field.to_owned(),
        rest: Vec::new(),
    }
}
