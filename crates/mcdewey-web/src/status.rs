//! `/status`: the live library, its last synchronisations, and the searches of the last seven days.

#[cfg(test)]
mod tests;

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use mcdewey_core::{
    EmbeddingProgress, IndexState, Integrity, SkippedFile, SyncReport, Visibility, format_utc,
};
use mcdewey_query::rest::{self, Parameters};
use mcdewey_query::telemetry::{AskedQuestion, EndedSync, HourStatistics, REJECTED};
use mcdewey_query::{Problem, QuestionLogPolicy, RequestState};
use mcdewey_search::{LibraryTree, SearchRequest};

use super::chart::{self, Chart};
use super::error::error_page;
use super::respond;
use super::site::{Link, Site};

/// Unanswered and slow questions that are listed, each.
const MAX_QUESTIONS: usize = 50;
/// Skipped files that are listed for a synchronisation.
const MAX_SKIPPED_FILES: usize = 200;

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    site: Site,
    facts: Vec<(&'static str, String)>,
    /// Only for callers who may see all documents: it names files and counts everybody's searches.
    activity: Option<Activity>,
    questions: QuestionLog,
}

struct Activity {
    syncs: Vec<SyncView>,
    searches: u64,
    unanswered: u64,
    unanswered_percent: String,
    charts: [Chart; 2],
    hours: Vec<HourView>,
}

#[derive(Default)]
struct SyncView {
    ended: String,
    failure: Option<String>,
    facts: Vec<(&'static str, String)>,
    skipped: Vec<SkippedFile>,
    unlisted_skipped: usize,
    warnings: Vec<String>,
}

struct HourView {
    start: String,
    searches: u64,
    unanswered: u64,
    p50: String,
    p95: String,
}

enum QuestionLog {
    /// The caller is not an administrator.
    Hidden {
        sign_in_url: String,
    },
    Off,
    Shown {
        unanswered: Vec<QuestionView>,
        slow: Vec<QuestionView>,
    },
}

struct QuestionView {
    question: Link,
    filters: String,
    asked: String,
    interface: &'static str,
    /// Why it counts as unanswered, or how long it took.
    detail: String,
}

pub(super) async fn get(state: RequestState, headers: HeaderMap, uri: Uri) -> Response {
    match show(&state, &headers, &uri).await {
        Ok(response) => response,
        Err(problem) => {
            let mut response = error_page(&state.app, &problem);
            if problem.code == "unauthorized" {
                // Browsers ask for a password only if challenged with Basic.
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

async fn show(state: &RequestState, headers: &HeaderMap, uri: &Uri) -> Result<Response, Problem> {
    let parameters = Parameters::new(rest::pairs(uri)?, &["sign_in"])?;
    if parameters.flag("sign_in")? && !state.shows_questions() {
        state.require_admin()?;
    }

    let site = Site::from_state(&state.app);
    let snapshot = state.library.at(state.visibility()).await?;
    let tree = snapshot.tree().await?;
    let sees_all = *state.visibility() == Visibility::Everything;

    let page = StatusPage {
        facts: facts(state, &tree, snapshot.state()),
        activity: sees_all.then(|| {
            activity(
                state.app.telemetry().ended_syncs(),
                &state.app.telemetry().hours(),
            )
        }),
        questions: question_log(state, &site),
        site,
    };

    Ok(respond::page(headers, &page))
}

fn facts(
    state: &RequestState,
    tree: &LibraryTree,
    index: &IndexState,
) -> Vec<(&'static str, String)> {
    let model = state.library.model();
    let reranker = match state.library.reranker() {
        Some((name, depth)) => format!("{name}, reads the first {depth} hits"),
        None => "off".to_owned(),
    };

    vec![
        ("Documents", tree.documents.to_string()),
        ("Pages and sections", tree.pages.to_string()),
        ("Passages", tree.chunks.to_string()),
        (
            "Found by meaning",
            coverage(index, state.app.embedding_progress()),
        ),
        ("Checksums", integrity(index.integrity)),
        (
            "Embedding model",
            format!(
                "{} ({} dimensions, {} tokens)",
                model.name, model.dimensions, model.window
            ),
        ),
        ("Reranker", reranker),
        ("Generation", index.generation.to_string()),
        ("Revision", index.revision.0.to_string()),
        ("McDewey", env!("CARGO_PKG_VERSION").to_owned()),
    ]
}

/// Whether what is stored is what was written.
fn integrity(integrity: Integrity) -> String {
    match integrity {
        Integrity { damaged: 1.., .. } => format!(
            "{} damaged documents are left out until they are read again",
            integrity.damaged
        ),
        Integrity { verified: true, .. } => "everything stored fits".to_owned(),
        Integrity { .. } => "being compared".to_owned(),
    }
}

/// How many passages are found by meaning, and how long the others will take.
fn coverage(index: &IndexState, progress: Option<EmbeddingProgress>) -> String {
    let coverage = index.coverage();
    if coverage.is_complete() {
        return "all passages".to_owned();
    }

    let seconds_left = progress.and_then(|progress| progress.seconds_left);
    let left = seconds_left.map_or_else(String::new, |seconds| {
        format!(", about {} left", rough_duration(seconds))
    });
    format!("{} %{left}", coverage.percent())
}

/// A duration in the unit that people would use.
fn rough_duration(seconds: f64) -> String {
    match seconds {
        ..90.0 => format!("{seconds:.0} s"),
        90.0..5_400.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3_600.0),
    }
}

fn activity(syncs: Vec<EndedSync>, hours: &[HourStatistics]) -> Activity {
    let searches = hours.iter().map(|hour| hour.searches).sum::<u64>();
    let unanswered = hours.iter().map(|hour| hour.without_answer).sum::<u64>();
    let percent = 100.0 * unanswered as f64 / searches.max(1) as f64;

    Activity {
        syncs: syncs.into_iter().map(sync_view).collect(),
        hours: hours
            .iter()
            .rev()
            .filter(|hour| hour.searches > 0)
            .map(hour_view)
            .collect(),
        searches,
        unanswered,
        unanswered_percent: format!("{percent:.0}%"),
        charts: [chart::questions(hours), chart::latency(hours)],
    }
}

fn hour_view(hour: &HourStatistics) -> HourView {
    HourView {
        start: minute(&format_utc(hour.began)),
        searches: hour.searches,
        unanswered: hour.without_answer,
        p50: hour.p50_ms.map(milliseconds).unwrap_or_default(),
        p95: hour.p95_ms.map(milliseconds).unwrap_or_default(),
    }
}

fn milliseconds(time: f64) -> String {
    format!("{time:.0} ms")
}

fn sync_view(sync: EndedSync) -> SyncView {
    let ended = minute(&sync.when);
    match sync.outcome {
        Err(failure) => SyncView {
            ended,
            failure: Some(failure),
            ..SyncView::default()
        },
        Ok(report) => SyncView {
            ended,
            failure: None,
            facts: sync_facts(&report),
            unlisted_skipped: report.skipped.len().saturating_sub(MAX_SKIPPED_FILES),
            skipped: report.skipped.into_iter().take(MAX_SKIPPED_FILES).collect(),
            warnings: report.warnings,
        },
    }
}

fn sync_facts(report: &SyncReport) -> Vec<(&'static str, String)> {
    let roots: Vec<String> = report.roots.iter().map(ToString::to_string).collect();
    vec![
        ("Roots", roots.join(", ")),
        ("Duration", format!("{:.1} s", report.seconds)),
        ("Files", report.files.to_string()),
        ("Unchanged", report.unchanged.to_string()),
        ("Written", report.written.to_string()),
        ("Removed", report.removed.to_string()),
        ("Skipped", report.skipped.len().to_string()),
    ]
}

fn question_log(state: &RequestState, site: &Site) -> QuestionLog {
    if !state.shows_questions() {
        return QuestionLog::Hidden {
            sign_in_url: format!("{}?sign_in=1", site.status()),
        };
    }

    if state.app.telemetry().kept_questions() == QuestionLogPolicy::Off {
        return QuestionLog::Off;
    }

    let questions = state.app.telemetry().questions();
    let unanswered = questions
        .iter()
        .filter(|question| question.is_unanswered())
        .take(MAX_QUESTIONS)
        .map(|question| question_view(site, question, unanswered_reason(question)))
        .collect();

    let mut slow: Vec<&AskedQuestion> = questions.iter().filter(|question| question.slow).collect();
    slow.sort_by(|left, right| right.latency_ms.total_cmp(&left.latency_ms));

    let slow = slow
        .into_iter()
        .take(MAX_QUESTIONS)
        .map(|question| question_view(site, question, milliseconds(question.latency_ms)))
        .collect();

    QuestionLog::Shown { unanswered, slow }
}

fn question_view(site: &Site, question: &AskedQuestion, detail: String) -> QuestionView {
    let filters: Vec<String> = question
        .filters
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();

    let same_question = SearchRequest {
        q: question.q.clone(),
        ..SearchRequest::default()
    };

    QuestionView {
        question: Link::new(&question.q, site.search(&same_question)),
        filters: filters.join(", "),
        asked: minute(&question.when),
        interface: question.face,
        detail,
    }
}

fn unanswered_reason(question: &AskedQuestion) -> String {
    if question.outcome == REJECTED {
        return "a reader found no helpful result".to_owned();
    }

    let fallback = match question.outcome {
        "no_answer" => "no results".to_owned(),
        code => code.replace('_', " "),
    };
    question.no_answer.clone().unwrap_or(fallback)
}

/// "2026-03-01 09:30" from "2026-03-01T09:30:00Z".
fn minute(timestamp: &str) -> String {
    timestamp.get(..16).unwrap_or(timestamp).replace('T', " ")
}
