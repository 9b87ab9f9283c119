//! `/status`: which library answers, how it was last brought up to date, and how it has answered of late.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use mcdewey_core::{SkippedFile, SyncReport, Visibility};

use super::chart::{self, Chart};
use super::error::error_page;
use super::respond;
use super::site::{Link, Site};
use crate::app::admin;
use crate::app::observe::{AskedQuestion, EndedSync, Hour, REJECTED, written};
use crate::rest::{self, Parameters, Problem};
use crate::{AppState, KeptQuestions, LibraryAnswer, SearchRequest};

/// Questions of each kind that are shown.
const SHOWN_QUESTIONS: usize = 50;
/// Files of a synchronisation that are shown.
const SHOWN_FILES: usize = 200;

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    site: Site,
    facts: Vec<(&'static str, String)>,
    /// What whoever may see all documents may know of the work on them.
    work: Option<Work>,
    questions: Questions,
}

struct Work {
    syncs: Vec<SyncView>,
    searches: u64,
    without_answer: u64,
    share: String,
    charts: [Chart; 2],
    hours: Vec<HourView>,
}

struct SyncView {
    when: String,
    failure: Option<String>,
    facts: Vec<(&'static str, String)>,
    skipped: Vec<SkippedFile>,
    further_skipped: usize,
    warnings: Vec<String>,
}

struct HourView {
    began: String,
    searches: u64,
    without_answer: u64,
    p50: String,
    p95: String,
}

/// What was asked, where it may be shown.
enum Questions {
    /// Only to an administrator; how to become one.
    Hidden { sign_in: String },
    /// They are not kept at all.
    NotKept,
    Shown {
        unanswered: Vec<QuestionView>,
        slow: Vec<QuestionView>,
    },
}

struct QuestionView {
    question: Link,
    filters: String,
    when: String,
    face: &'static str,
    what: String,
}

pub(super) async fn get(state: AppState, headers: HeaderMap, uri: Uri) -> Response {
    match show(&state, &headers, &uri).await {
        Ok(response) => response,
        Err(problem) => {
            let mut response = error_page(&state, &problem);
            if problem.code == "unauthorized" {
                let challenge =
                    HeaderValue::from_static("Basic realm=\"McDewey\", charset=\"UTF-8\"");
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, challenge);
            }

            response
        }
    }
}

async fn show(state: &AppState, headers: &HeaderMap, uri: &Uri) -> Result<Response, Problem> {
    let given = Parameters::new(rest::pairs(uri)?, &["sign_in"])?;
    if given.flag("sign_in")? && !state.shows_questions() {
        admin(&state.caller)?;
    }

    let site = Site::of(state);
    let library = state.library.library(state.visibility()).await?;
    let sees_all = *state.visibility() == Visibility::Everything;

    let page = StatusPage {
        facts: facts(state, &library),
        work: sees_all.then(|| work(state.telemetry.ended_syncs(), &state.telemetry.hours())),
        questions: questions(state, &site),
        site,
    };

    Ok(respond::page(headers, &page))
}

fn facts(state: &AppState, library: &LibraryAnswer) -> Vec<(&'static str, String)> {
    let model = state.library.model();
    let reranker = if state.library.has_reranker() {
        "on"
    } else {
        "off"
    };

    vec![
        ("Documents", library.documents.to_string()),
        ("Pages and sections", library.pages.to_string()),
        ("Passages", library.chunks.to_string()),
        (
            "Embedding model",
            format!(
                "{} ({} dimensions, {} tokens)",
                model.name, model.dimensions, model.window
            ),
        ),
        ("Reranker", reranker.to_owned()),
        ("Generation", library.generation.to_string()),
        ("Revision", library.revision.0.to_string()),
        ("McDewey", env!("CARGO_PKG_VERSION").to_owned()),
    ]
}

fn work(ended: Vec<EndedSync>, hours: &[Hour]) -> Work {
    let sum = |of: fn(&Hour) -> u64| hours.iter().map(of).sum::<u64>();
    let (searches, without_answer) = (sum(|hour| hour.searches), sum(|hour| hour.without_answer));
    let share = format!(
        "{:.0} %",
        100.0 * without_answer as f64 / searches.max(1) as f64
    );

    let time = |milliseconds: Option<f64>| {
        milliseconds.map_or_else(String::new, |time| format!("{time:.0} ms"))
    };

    let view = |hour: &Hour| HourView {
        began: minute(&written(hour.began)),
        searches: hour.searches,
        without_answer: hour.without_answer,
        p50: time(hour.p50_ms),
        p95: time(hour.p95_ms),
    };

    let asked = hours.iter().rev().filter(|hour| hour.searches > 0);
    Work {
        syncs: ended.into_iter().map(sync).collect(),
        hours: asked.map(view).collect(),
        searches,
        without_answer,
        share,
        charts: [chart::questions(hours), chart::times(hours)],
    }
}

fn sync(ended: EndedSync) -> SyncView {
    let when = minute(&ended.when);
    match ended.outcome {
        Err(failure) => SyncView {
            when,
            failure: Some(failure),
            facts: Vec::new(),
            skipped: Vec::new(),
            further_skipped: 0,
            warnings: Vec::new(),
        },
        Ok(report) => SyncView {
            when,
            failure: None,
            facts: counts(&report),
            further_skipped: report.skipped.len().saturating_sub(SHOWN_FILES),
            skipped: report.skipped.into_iter().take(SHOWN_FILES).collect(),
            warnings: report.warnings,
        },
    }
}

fn counts(report: &SyncReport) -> Vec<(&'static str, String)> {
    let roots: Vec<String> = report.roots.iter().map(ToString::to_string).collect();
    vec![
        ("Roots", roots.join(", ")),
        ("Took", format!("{:.1} s", report.seconds)),
        ("Files", report.files.to_string()),
        ("Unchanged", report.unchanged.to_string()),
        ("Written", report.written.to_string()),
        ("Removed", report.removed.to_string()),
        ("Skipped", report.skipped.len().to_string()),
    ]
}

fn questions(state: &AppState, site: &Site) -> Questions {
    if !state.shows_questions() {
        return Questions::Hidden {
            sign_in: format!("{}?sign_in=1", site.status()),
        };
    }

    if state.telemetry.kept_questions() == KeptQuestions::Off {
        return Questions::NotKept;
    }

    let asked = state.telemetry.questions();
    let unanswered = asked
        .iter()
        .filter(|question| question.is_unanswered())
        .take(SHOWN_QUESTIONS);

    let unanswered = unanswered
        .map(|question| view(site, question, why(question)))
        .collect();
    let mut slow: Vec<&AskedQuestion> = asked.iter().filter(|question| question.slow).collect();
    slow.sort_by(|left, right| right.latency_ms.total_cmp(&left.latency_ms));
    let slow = slow.into_iter().take(SHOWN_QUESTIONS);

    let slow = slow
        .map(|question| view(site, question, format!("{:.0} ms", question.latency_ms)))
        .collect();
    Questions::Shown { unanswered, slow }
}

fn view(site: &Site, question: &AskedQuestion, what: String) -> QuestionView {
    let filters: Vec<String> = question
        .filters
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();

    let again = SearchRequest {
        q: question.q.clone(),
        ..SearchRequest::default()
    };

    QuestionView {
        question: Link::new(&question.q, site.search(&again)),
        filters: filters.join(", "),
        when: minute(&question.when),
        face: question.face,
        what,
    }
}

/// Why a question counts as unanswered.
fn why(question: &AskedQuestion) -> String {
    match question.outcome {
        "no_answer" => question
            .no_answer
            .clone()
            .unwrap_or_else(|| "nothing was found".to_owned()),
        REJECTED => "a reader found no answer among the hits".to_owned(),
        code => question
            .no_answer
            .clone()
            .unwrap_or_else(|| code.replace('_', " ")),
    }
}

/// "2026-03-01 09:30" of "2026-03-01T09:30:00Z".
fn minute(written: &str) -> String {
    written.get(..16).unwrap_or(written).replace('T', " ")
}
