//! Measures search quality on public test sets and on a library's own judgments.
//!
//! A set ([`BeirSet`], [`JudgmentSet`], [`SpanSet`]) provides questions, [`run()`] asks them of any
//! search function and records an [`Answer`] to each, [`Scores`] compares the hits with the ground
//! truth, and a [`Report`] renders the scores as JSON or as a table. A [`Comparison`] compares two
//! reports; a [`Gate`] lists the bounds that a report violates.
//!
//! The crate never touches an index, a model or a protocol, never prints, and reads no files other
//! than the sets it is given.

#![forbid(unsafe_code)]

mod answer;
mod beir;
mod character_spans;
mod comparison;
mod error;
mod gate;
mod judgments;
mod lines;
mod location;
mod logistic;
mod metric;
mod question;
mod ranking;
mod report;
mod run;
mod scores;
mod selection;
mod significance;
mod span_set;
mod stale_judgments;
mod table;
mod trec;

pub use answer::{Answer, RankedHit};
pub use beir::{BeirDocument, BeirSet};
pub use comparison::{Comparison, Difference};
pub use error::EvalError;
pub use gate::Gate;
pub use judgments::{Judgment, JudgmentSet};
pub use location::{Anchor, Location};
pub use logistic::{LogisticRegression, TrainingExample};
pub use metric::Metric;
pub use question::{Question, QuestionFilter, Split};
pub use ranking::Ranking;
pub use report::{KindRow, Report, ReportRow};
pub use run::{Latency, Outcome, Run, run};
pub use scores::{QuestionScore, Scores};
pub use selection::{Candidate, HeldOut, Selection};
pub use significance::{Estimate, Resampling};
pub use span_set::SpanSet;
pub use trec::qrels;
