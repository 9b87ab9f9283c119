//! The search box, which is on almost every page.

use mcdewey_query::rest;
use mcdewey_search::{Mode, SearchRequest};

use super::facets::{self, FilterChip};
use super::site::Site;

/// The search box, with the filters that stay when the question changes.
#[derive(Debug, Clone)]
pub(super) struct SearchForm {
    pub(super) q: String,
    pub(super) modes: Vec<ModeOption>,
    pub(super) hidden_fields: Vec<(&'static str, String)>,
    pub(super) chips: Vec<FilterChip>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ModeOption {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) selected: bool,
}

impl SearchForm {
    /// The box filled in with `request`.
    pub(super) fn new(site: &Site, request: &SearchRequest) -> Self {
        let hidden_fields = rest::to_pairs(&SearchRequest {
            q: String::new(),
            mode: Mode::default(),
            cursor: None,
            ..request.clone()
        });

        let modes = Mode::ALL.map(|mode| ModeOption {
            name: Mode::name(mode),
            label: mode_label(mode),
            selected: mode == request.mode,
        });

        Self {
            q: request.q.clone(),
            modes: modes.into(),
            hidden_fields,
            chips: facets::chips(site, request),
        }
    }
}

/// The name of a mode for readers.
pub(super) fn mode_label(mode: Mode) -> &'static str {
    match mode {
        Mode::Hybrid => "Best match",
        Mode::Dense => "Semantic",
        Mode::Keyword => "Exact words",
    }
}
