//! The Markdown tables of modes and fusions.

use std::fmt::Write;

use mcdewey_search::{Fusion, Mode};

use super::{FUSIONS, SetMeasurements};
use crate::{Candidate, Metric, Resampling, Scores, Selection};

/// Renders the headline metrics of every set in every mode.
pub(super) fn modes(sets: &[SetMeasurements]) -> String {
    let mut out = String::from(
        "### Modes\n\n\
         | set | questions | mode | nDCG@10 (95 %) | recall@10 (95 %) | page-hit@1 |\n\
         |---|---|---|---|---|---|\n",
    );

    for set in sets {
        for (mode, scores) in Mode::ALL.iter().zip(&set.modes) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                set.name,
                scores.questions.len(),
                mode.name(),
                mean_with_interval(scores, Metric::Ndcg10),
                mean_with_interval(scores, Metric::Recall10),
                mean_with_interval(scores, Metric::PageHit1)
            );
        }
    }

    out
}

fn mean_with_interval(scores: &Scores, metric: Metric) -> String {
    match Resampling::default().mean(&scores.values(metric)) {
        Some(found) => format!("{:.3} ({:.3}–{:.3})", found.mean, found.low, found.high),
        None => String::from("–"),
    }
}

/// Renders the scores of every fusion on every set, the fusion that they select, and how such a
/// selection does on a set that had no part in it.
pub(super) fn fusions(sets: &[SetMeasurements]) -> String {
    let selection = Selection {
        sets: sets.iter().map(|set| set.name.clone()).collect(),
        candidates: candidates(sets),
    };

    let mut out = String::from(
        "\n### Fusions\n\n\
         nDCG@10 of documents; where pages are judged, MRR@10 of pages. The default comes first.\
         \n\n",
    );
    let _ = writeln!(out, "| fusion | {} | mean |", selection.sets.join(" | "));
    let _ = writeln!(out, "|---|{}---|", "---|".repeat(selection.sets.len()));
    for Candidate { name, scores } in &selection.candidates {
        let cells: Vec<String> = scores.iter().map(|score| format!("{score:.3}")).collect();
        let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
        let _ = writeln!(out, "| `{name}` | {} | {mean:.4} |", cells.join(" | "));
    }

    let _ = writeln!(
        out,
        "\nAll sets together choose `{}`. With each set held out in turn:\n",
        selection.best().unwrap_or("–")
    );

    out.push_str(
        "| held-out set | chosen by the other sets | its score there | best score there |\n\
         |---|---|---|---|\n",
    );
    for held_out in selection.leave_one_out() {
        let _ = writeln!(
            out,
            "| {} | `{}` | {:.3} | {:.3} |",
            held_out.set, held_out.chosen, held_out.score, held_out.best
        );
    }

    out
}

fn candidates(sets: &[SetMeasurements]) -> Vec<Candidate> {
    FUSIONS
        .iter()
        .enumerate()
        .map(|(index, &fusion)| Candidate {
            // The default is shown with its parameters.
            name: if fusion == "match" {
                Fusion::default().to_string()
            } else {
                fusion.to_owned()
            },
            scores: sets.iter().map(|set| set.fusions[index]).collect(),
        })
        .collect()
}
