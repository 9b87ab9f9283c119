//! Measures how well a search answers, on public test sets and on a library's own judgments.
//!
//! A set ([`BeirSet`], [`JudgmentSet`], [`SpanSet`]) gives questions, [`run()`] asks them of any search function, which gives an
//! [`Answer`] to each, [`Scores`] compares what was found with what is right, and a [`Report`] says it as JSON or as a
//! table. A [`Comparison`] puts two reports beside each other, a [`Gate`] says what one breaks. Nothing here knows an index, a
//! model or a protocol; nothing is printed, and no file but the named sets is read.

#![forbid(unsafe_code)]

mod answer;
mod beir;
mod changed;
mod choice;
mod comparison;
mod error;
mod gate;
mod judgments;
mod lines;
mod logistic;
mod metrics;
mod place;
mod question;
mod report;
mod run;
mod scores;
mod significance;
mod span_set;
mod stretches;
mod table;
mod trec;

pub use answer::{Answer, Ranked};
pub use beir::{BeirDocument, BeirSet};
pub use choice::{Choice, HeldOut};
pub use comparison::{Comparison, Difference};
pub use error::EvalError;
pub use gate::Gate;
pub use judgments::{Judgment, JudgmentSet};
pub use logistic::{Example, Logistic};
pub use metrics::Ranking;
pub use place::{Place, Spot};
pub use question::{Question, QuestionFilter, Split};
pub use report::{KindRow, Report, Row};
pub use run::{Latency, Outcome, Run, run};
pub use scores::{Metric, QuestionScore, Scores};
pub use significance::{Estimate, Resampling};
pub use span_set::SpanSet;
pub use trec::qrels;
