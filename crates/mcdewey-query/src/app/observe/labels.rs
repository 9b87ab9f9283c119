//! What numbers are told apart by. Every label takes few values: none is made of a path, a question or a document.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

use crate::rest;

/// The side of the service that a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Face {
    Rest,
    Mcp,
    Web,
}

impl Face {
    /// The face at this path.
    pub(super) fn at(path: &str) -> Self {
        match path {
            "/mcp" => Self::Mcp,
            _ if path.starts_with("/mcp/") => Self::Mcp,
            _ if rest::serves(path) => Self::Rest,
            _ => Self::Web,
        }
    }

    /// Its name in labels, logs and answers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Mcp => "mcp",
            Self::Web => "web",
        }
    }
}

impl EncodeLabelValue for Face {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.name().encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AtFace {
    pub(super) face: Face,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AtRoute {
    pub(super) face: Face,
    /// The template: `/api/v1/chunks/{chunk_id}`.
    pub(super) route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Answered {
    pub(super) face: Face,
    pub(super) route: String,
    /// The class: `2xx`.
    pub(super) status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Searched {
    pub(super) face: Face,
    pub(super) mode: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Stage {
    pub(super) face: Face,
    pub(super) mode: &'static str,
    pub(super) stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Refused {
    pub(super) face: Face,
    /// One of the stable codes.
    pub(super) code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Cut {
    /// What the client kept the server waiting for.
    pub(super) reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Ended {
    pub(super) outcome: &'static str,
}

impl Ended {
    pub(super) fn with(success: bool) -> Self {
        Self {
            outcome: if success { "finished" } else { "failed" },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Which {
    pub(super) generation: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Build {
    pub(super) version: &'static str,
}

/// "2xx" of 204.
pub(super) fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
