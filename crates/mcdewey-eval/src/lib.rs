//! Measures search quality on public test sets and on a library's own judgments.
//!
//! A set ([`BeirSet`], [`JudgmentSet`], [`SpanSet`]) provides questions, [`run()`] asks them of any
//! search function and records an [`Answer`] to each, [`Scores`] compares the hits with the ground
//! truth, and a [`Report`] renders the scores as JSON or as a table. A [`Comparison`] compares two
//! reports; a [`Gate`] lists the bounds that a report violates.
//!
//! [`Measure`] does this with the search of a library, and [`write_study`] compares alternatives to
//! the search's defaults. The caller opens the libraries ([`OpenLibraries`]). The crate never opens
//! an index or a model, knows no protocol and never prints. It reads the sets it is given, and
//! writes only the study and the files in TREC format that it is asked for.

#![forbid(unsafe_code)]

mod answer;
mod beir;
mod character_spans;
mod comparison;
mod error;
mod gate;
mod judgments;
mod libraries;
mod lines;
mod location;
mod logistic;
mod measure;
mod metric;
mod phrase;
mod question;
mod ranking;
mod report;
mod run;
mod scores;
mod selection;
mod significance;
mod span_set;
mod stale_judgments;
mod study;
mod table;
mod trec;

pub use answer::{Answer, RankedHit};
pub use beir::{BeirDocument, BeirSet};
pub use comparison::{Comparison, Difference};
pub use error::EvalError;
pub use gate::Gate;
pub use judgments::{Judgment, JudgmentSet};
pub use libraries::{OpenLibraries, OpenLibrary, TestDocument, TestLibrary};
pub use location::{Anchor, Location};
pub use logistic::{LogisticRegression, TrainingExample};
pub use measure::Measure;
pub use metric::Metric;
pub use phrase::Phrase;
pub use question::{Question, QuestionFilter, Split};
pub use ranking::Ranking;
pub use report::{KindRow, Report, ReportRow};
pub use run::{Latency, Outcome, Run, run};
pub use scores::{QuestionScore, Scores};
pub use selection::{Candidate, HeldOut, Selection};
pub use significance::{Estimate, Resampling};
pub use span_set::SpanSet;
pub use study::write_study;
pub use trec::qrels;
