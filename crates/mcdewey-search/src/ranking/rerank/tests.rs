//! A small library with a reranker that is fast, slow, busy or broken.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Embed, Index, Visibility};

use super::*;
use crate::{Group, Library, Mode, QueryError, SearchRequest, SearchResults};

/// The number of chunks in the library.
const CHUNKS: usize = 9;
/// What the fake reranker says a passage takes.
const PASSAGE_TIME: Duration = Duration::from_millis(10);

/// How the fake reranker responds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Behaviour {
    /// Scores a chunk by the number at the end of its text.
    ByNumber,
    /// Scores odd numbers much higher than even ones.
    OddFirst,
    /// Scores odd numbers much higher than even ones, but holds none for an answer.
    Doubtful,
    /// Returns the same score for every chunk.
    Constant,
    Busy,
    Broken,
    /// Returns one score too few.
    MissingScore,
    /// Returns NaN.
    NotANumber,
    /// Never responds.
    Hanging,
}

struct FakeReranker {
    behaviour: Behaviour,
    /// The number of texts of each request.
    requests: Mutex<Vec<usize>>,
    fails_now: AtomicBool,
    /// How often its speed was measured.
    measurements: AtomicUsize,
}

#[async_trait]
impl Rerank for FakeReranker {
    fn name(&self) -> &str {
        "fake"
    }

    async fn scores(&self, question: &str, texts: Vec<String>) -> Result<Vec<f32>, RerankError> {
        assert_eq!(question, "barge");
        self.requests.lock().unwrap().push(texts.len());
        if self.fails_now.load(Ordering::Relaxed) {
            return Err(RerankError::Busy);
        }

        let number = |text: &String| {
            text.rsplit(' ')
                .next()
                .and_then(|word| word.parse::<f32>().ok())
                .unwrap_or_default()
        };
        match self.behaviour {
            Behaviour::ByNumber => Ok(texts.iter().map(number).collect()),
            Behaviour::OddFirst => Ok(texts.iter().map(|text| number(text) % 2.0 * 12.0).collect()),
            Behaviour::Doubtful => Ok(texts
                .iter()
                .map(|text| number(text) % 2.0 * 9.0 - 9.0)
                .collect()),
            Behaviour::Constant => Ok(vec![0.5; texts.len()]),
            Behaviour::Busy => Err(RerankError::Busy),
            Behaviour::Broken => Err(RerankError::Model("out of memory at 0x0".to_owned())),
            Behaviour::MissingScore => Ok(vec![0.0; texts.len() - 1]),
            Behaviour::NotANumber => Ok(vec![f32::NAN; texts.len()]),
            Behaviour::Hanging => std::future::pending().await,
        }
    }

    fn expected_time(&self, _: &str, texts: &[String]) -> Duration {
        PASSAGE_TIME * u32::try_from(texts.len()).unwrap()
    }

    fn measure_speed(&self, _: &str, _: &str) {
        self.measurements.fetch_add(1, Ordering::Relaxed);
    }
}

/// A library of nine chunks, which the search ranks by their number, with less and less of the
/// question's word, and its reranker.
struct Case {
    library: Library,
    reranker: Arc<FakeReranker>,
}

impl Case {
    async fn new(behaviour: Behaviour, limits: RerankLimits) -> Self {
        let reranker = Arc::new(FakeReranker {
            behaviour,
            requests: Mutex::default(),
            fails_now: AtomicBool::new(false),
            measurements: AtomicUsize::new(0),
        });
        Self {
            library: library().await.with_reranker(reranker.clone(), limits),
            reranker,
        }
    }

    /// A reranker that puts odd numbers first, and may take this long for eight passages.
    async fn timed(time: Duration) -> Self {
        let limits = RerankLimits {
            depth: 8,
            time: Some(time),
        };
        Self::new(Behaviour::OddFirst, limits).await
    }

    async fn ask(&self, request: &SearchRequest) -> SearchResults {
        ask(&self.library, request).await.unwrap()
    }

    /// The numbers of texts that the reranker was given since the last call.
    fn read(&self) -> Vec<usize> {
        std::mem::take(&mut *self.reranker.requests.lock().unwrap())
    }
}

fn full(depth: usize) -> RerankLimits {
    RerankLimits { depth, time: None }
}

async fn library() -> Library {
    let embed = Arc::new(FakeEmbed::new(&["barge", "call"]));
    let index = Arc::new(MemoryIndex::new());
    for number in 0..CHUNKS {
        let text = format!("barge{} {number}", " call".repeat(number));
        let document = SampleDocument::new(&format!("p/{number}.md")).page(1, &[text.as_str()]);
        index.commit(document.build(&embed)).await.unwrap();
    }

    Library::new(index, embed as Arc<dyn Embed>)
}

fn request(limit: usize) -> SearchRequest {
    SearchRequest {
        q: "barge".to_owned(),
        limit: Some(limit),
        ..SearchRequest::default()
    }
}

async fn ask(library: &Library, request: &SearchRequest) -> Result<SearchResults, QueryError> {
    let snapshot = library.at(&Visibility::Everything).await.unwrap();
    snapshot.search(request).await
}

/// The numbers of the hits' chunks, in order.
fn numbers(answer: &SearchResults) -> Vec<usize> {
    answer
        .hits
        .iter()
        .map(|hit| hit.chunk.document.source.as_str()[2..3].parse().unwrap())
        .collect()
}

/// The numbers of all hits, asked for in pages of this size.
async fn all_pages(case: &Case, limit: usize) -> Vec<usize> {
    let mut request = request(limit);
    let mut all = Vec::new();
    loop {
        let answer = case.ask(&request).await;
        all.extend(numbers(&answer));
        request.cursor = answer.continuation.next_page();
        if request.cursor.is_none() {
            return all;
        }
    }
}

#[test]
fn a_model_is_trusted_as_far_as_its_best_score_goes() {
    for (scores, expected) in [
        (&[][..], 0.0),
        (&[-8.0, 0.0], 0.0),
        (&[2.0, -5.0], 0.5),
        (&[1.0, 9.0], 1.0),
    ] {
        assert_eq!(trust(scores), expected, "{scores:?}");
    }
}

#[tokio::test]
async fn the_order_stays_if_no_passage_answers_in_the_eyes_of_the_model() {
    let plain = ask(&library().await, &request(9)).await.unwrap();
    let case = Case::new(Behaviour::Doubtful, full(20)).await;
    let answer = case.ask(&request(9)).await;

    assert_eq!(numbers(&answer), numbers(&plain));
    assert_eq!(
        (answer.reranked, answer.rerank_depth),
        (Some(true), Some(9))
    );
}

#[tokio::test]
async fn what_the_reranker_finds_is_added_to_the_scores() {
    let case = Case::new(Behaviour::ByNumber, full(20)).await;
    let plain = ask(&library().await, &request(9)).await.unwrap();
    assert_eq!(numbers(&plain), [0, 1, 2, 3, 4, 5, 6, 7, 8]);

    let explained = SearchRequest {
        explain: true,
        ..request(9)
    };
    let answer = case.ask(&explained).await;
    assert_ne!(numbers(&answer), numbers(&plain));
    assert_eq!(answer.rerank_depth, Some(9));
    assert_eq!((answer.reranked, answer.notices.len()), (Some(true), 0));
    assert!(answer.timings.get("rerank").is_some());
    assert!(
        answer
            .hits
            .is_sorted_by(|left, right| left.score >= right.score)
    );

    for hit in &answer.hits {
        let number = numbers(&answer)[answer
            .hits
            .iter()
            .position(|other| other.chunk.chunk_id == hit.chunk.chunk_id)
            .unwrap()];
        assert_eq!(hit.rerank_score, Some(number as f32));

        let parts = &hit.explanation.as_ref().unwrap().parts;
        // The score of number 0 is the lowest.
        let expected = WEIGHT * number as f64;
        assert!((parts["reranker"] - expected).abs() < 1e-9, "{parts:?}");
        assert!((hit.score - parts.values().sum::<f64>()).abs() < 1e-9);
    }
}

#[tokio::test]
async fn the_order_is_the_same_for_every_limit_and_page() {
    let case = Case::new(Behaviour::ByNumber, full(6)).await;
    let all = numbers(&case.ask(&request(9)).await);
    assert_eq!(all[6..], [6, 7, 8], "not read, so behind the others");
    assert_ne!(all[..6], [0, 1, 2, 3, 4, 5]);

    for limit in [1, 2, 4, 5, 7] {
        assert_eq!(all_pages(&case, limit).await, all, "pages of {limit}");
    }

    let mut four = case.ask(&request(4)).await;
    let two = case.ask(&request(2)).await;
    four.limit_to(2);
    assert_eq!(numbers(&four), numbers(&two));
    assert_eq!(four.continuation.next_page(), two.continuation.next_page());
}

#[tokio::test]
async fn equal_scores_keep_the_order_of_the_search() {
    let case = Case::new(Behaviour::Constant, full(20)).await;
    assert_eq!(numbers(&case.ask(&request(4)).await), [0, 1, 2, 3]);
}

#[tokio::test]
async fn pages_are_grouped_after_reading() {
    let case = Case::new(Behaviour::ByNumber, full(20)).await;
    let grouped = SearchRequest {
        group: Some(Group::Page),
        ..request(9)
    };
    let all = numbers(&case.ask(&request(9)).await);
    assert_eq!(numbers(&case.ask(&grouped).await), all);
}

#[tokio::test]
async fn the_depth_is_what_can_be_read_in_time() {
    for (milliseconds, expected) in [(80, 8), (79, 4), (40, 4), (39, 2), (20, 2), (19, 0), (0, 0)] {
        let case = Case::timed(Duration::from_millis(milliseconds)).await;
        let answer = case.ask(&request(4)).await;
        assert_eq!(answer.rerank_depth, Some(expected), "{milliseconds} ms");
        assert_eq!(answer.reranked, Some(expected == 8));
        assert_eq!(case.read().iter().sum::<usize>(), expected);

        let notice = match expected {
            8 => String::new(),
            0 => "There was no time to read the hits closely; their order may be less exact"
                .to_owned(),
            _ => format!("There was time to read {expected} of the first 8 hits closely"),
        };
        assert_eq!(answer.notices.join(""), notice);

        // Whatever is not read because of its speed shows whether that is still the speed.
        let measured = case.reranker.measurements.load(Ordering::Relaxed);
        assert_eq!(measured, usize::from(expected < 8), "{milliseconds} ms");
    }
}

#[tokio::test]
async fn a_cursor_keeps_the_depth_of_its_first_page() {
    // Four passages can be read in time, so four are read for the later pages too.
    let case = Case::timed(PASSAGE_TIME * 4).await;
    let all = all_pages(&case, 1).await;
    assert_eq!(all, [1, 0, 3, 2, 4, 5, 6, 7, 8]);
    assert_eq!(case.read(), [4], "their scores are kept");

    // By now more can be read, because those that were read take no time.
    assert_eq!(case.ask(&request(4)).await.rerank_depth, Some(8));
    assert_eq!(case.read(), [4], "only what was not read");
}

#[tokio::test]
async fn a_page_whose_order_cannot_be_made_again_is_unavailable() {
    let case = Case::new(Behaviour::ByNumber, full(20)).await;
    let first = case.ask(&request(4)).await;
    let later = SearchRequest {
        cursor: first.continuation.next_page(),
        ..request(4)
    };

    // A server that was started again has no scores.
    let other = Case::new(Behaviour::Broken, full(20)).await;
    let error = ask(&other.library, &later).await.unwrap_err();
    assert!(matches!(error, QueryError::Unavailable(_)), "{error}");
    case.reranker.fails_now.store(true, Ordering::Relaxed);
    assert_eq!(numbers(&case.ask(&later).await).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_failing_reranker_changes_nothing_and_leaves_a_notice() {
    for (behaviour, reason) in [
        (Behaviour::Busy, "the reranker is busy with other questions"),
        (Behaviour::Broken, "the reranker failed"),
        (Behaviour::MissingScore, "the reranker failed"),
        (Behaviour::NotANumber, "the reranker failed"),
        (Behaviour::Hanging, "the reranker took longer than 10 s"),
    ] {
        let case = Case::new(behaviour, full(20)).await;
        let answer = case.ask(&request(4)).await;
        assert_eq!(
            answer.notices,
            [format!("{reason}; the hits are in the order of the search")],
        );
        assert_eq!(numbers(&answer), [0, 1, 2, 3]);
        assert_eq!(
            (answer.reranked, answer.rerank_depth),
            (Some(false), Some(0))
        );
        assert_eq!(answer.degraded, None);

        // The next page follows the order of the search, even if the reranker works again.
        let later = SearchRequest {
            cursor: answer.continuation.next_page(),
            ..request(4)
        };
        assert_eq!(numbers(&case.ask(&later).await), [4, 5, 6, 7]);
    }
}

#[tokio::test]
async fn only_hybrid_searches_are_read() {
    let case = Case::new(Behaviour::ByNumber, full(20)).await;
    for mode in [Mode::Keyword, Mode::Dense] {
        let request = SearchRequest { mode, ..request(4) };
        let answer = case.ask(&request).await;
        assert_eq!((answer.reranked, answer.rerank_depth), (None, None));
    }
    assert!(case.read().is_empty());

    let without = ask(&library().await, &request(4)).await.unwrap();
    assert_eq!((without.reranked, without.rerank_depth), (None, None));
    assert!(without.timings.get("rerank").is_none());
}
