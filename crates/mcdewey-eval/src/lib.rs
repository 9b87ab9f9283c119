//! Measures how well a search answers, on public test sets and on a library's own judgments.
//!
//! A set ([`BeirSet`], [`JudgmentSet`]) gives questions, [`run()`] asks them of any search function, [`Scores`] compares
//! what was found with what is right, and a [`Report`] says it as JSON or as a table. Nothing here knows an index, a
//! model or a protocol; nothing is printed, and no file but the named sets is read.

#![forbid(unsafe_code)]

mod beir;
mod error;
mod judgments;
mod lines;
mod metrics;
mod place;
mod question;
mod report;
mod run;
mod scores;
mod significance;
mod table;

pub use beir::{BeirDocument, BeirSet};
pub use error::EvalError;
pub use judgments::{Judgment, JudgmentSet};
pub use metrics::Ranking;
pub use place::{Place, Spot};
pub use question::{Question, QuestionFilter};
pub use report::{KindRow, Report, Row};
pub use run::{Latency, Outcome, Ranked, Run, run};
pub use scores::{Metric, QuestionScore, Scores};
pub use significance::{Estimate, Resampling};
