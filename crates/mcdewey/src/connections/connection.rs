//! One connection: whether the server works for it or waits for its client, since when, and when it has waited enough.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::settings::Timeouts;

/// What happens on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The head of a request has arrived.
    RequestBegins,
    /// A request waits for more of its body.
    WaitsForBody,
    /// More of the body has arrived, or nobody asks for it any more.
    GoesOn,
    /// A request has its answer, which is now sent.
    AnswerBegins,
    /// There is nothing to send at the moment; more of the answer will follow.
    AnswerPauses,
    /// There is more to send.
    AnswerGoesOn,
    /// An answer was handed over whole, or given up.
    RequestEnds,
    /// The client took something.
    Wrote,
    /// There is something for the client, and it takes nothing.
    Blocked,
    /// Its place is needed for somebody else.
    Evicted,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By itself.
    Done,
    /// Its client sent no request in time.
    NoRequest,
    /// Its client sent no further request in time.
    Idle,
    /// Its client took nothing of an answer.
    NotRead,
    /// To make room for somebody else.
    Evicted,
}

impl End {
    /// The reason in metrics, where the server closed the connection.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Done => None,
            Self::NoRequest => Some("header_timeout"),
            Self::Idle => Some("idle_timeout"),
            Self::NotRead => Some("write_timeout"),
            Self::Evicted => Some("evicted"),
        }
    }
}

/// A connection while it is open.
#[derive(Debug)]
pub(super) struct Connection {
    /// Whom it counts for.
    pub(super) client: IpAddr,
    state: Mutex<State>,
    /// Wakes whoever [supervises](Self::supervise) it.
    evicted: Notify,
}

impl Connection {
    /// A connection that was just accepted.
    pub(super) fn new(client: IpAddr) -> Self {
        Self {
            client,
            state: Mutex::new(State::new(Instant::now())),
            evicted: Notify::new(),
        }
    }

    /// Takes note of what happened.
    pub(super) fn note(&self, event: Event) {
        self.state().apply(event, Instant::now());
        if event == Event::Evicted {
            self.evicted.notify_one();
        }
    }

    /// How long the server has waited for the client; nothing where it works for it.
    pub(super) fn waiting_for(&self, now: Instant) -> Option<Duration> {
        self.state().waiting_for(now)
    }

    /// Does the work of the connection until it ends, is evicted, or has waited for its client long enough.
    pub(super) async fn supervise(
        &self,
        timeouts: &Timeouts,
        work: impl Future<Output = ()>,
    ) -> End {
        let mut work = pin!(work);

        // Nothing that happens after a look can end the connection sooner than this. So events need not set the timer;
        // where it rings for nothing, it only looks again.
        let soon = timeouts.header.min(timeouts.idle).min(timeouts.write);
        let mut armed = Instant::now() + soon;

        let mut timer = pin!(sleep_until(armed));
        loop {
            let (now, next) = (Instant::now(), self.state().next_end(timeouts));
            let at = match next {
                Some((at, end)) if at <= now => return end,
                Some((at, _)) => at.min(now + soon),
                None => now + soon,
            };

            if at < armed || timer.is_elapsed() {
                armed = at;
                timer.as_mut().reset(at);
            }

            tokio::select! {
                biased;
                () = work.as_mut() => return End::Done,
                () = self.evicted.notified() => {}
                () = timer.as_mut() => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct State {
    /// Since when the server waits for the client, where it does.
    since: Instant,
    /// Requests whose head has arrived and whose answer has not been handed over whole.
    requests: usize,
    /// Those of them that the server works for; the others wait for their bodies or are being sent. Signed, as a body may
    /// be let go of after its answer.
    at_work: isize,
    /// Those of them whose answer is there for the client to take.
    to_take: usize,
    /// Since when the client takes nothing, where there is something for it.
    blocked: Option<Instant>,
    had_a_request: bool,
    evicted: Option<Instant>,
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            requests: 0,
            at_work: 0,
            to_take: 0,
            blocked: None,
            had_a_request: false,
            evicted: None,
        }
    }

    fn apply(&mut self, event: Event, now: Instant) {
        match event {
            Event::RequestBegins => {
                self.requests += 1;
                self.at_work += 1;
                self.had_a_request = true;
            }
            Event::WaitsForBody => {
                self.at_work -= 1;
                self.since = now;
            }
            Event::GoesOn => self.at_work += 1,
            Event::AnswerBegins => {
                self.at_work -= 1;
                self.to_take += 1;
                self.since = now;
            }
            Event::AnswerPauses => self.to_take -= 1,
            Event::AnswerGoesOn => {
                self.to_take += 1;
                self.since = now;
            }
            Event::RequestEnds => {
                self.requests -= 1;
                self.to_take -= 1;
                self.since = now;
            }
            Event::Wrote => {
                self.blocked = None;
                // What HTTP/2 says by itself before a request must not put the end off. The rest of an answer must: it may
                // still be on its way long after it was handed over.
                if self.had_a_request {
                    self.since = now;
                }
            }
            Event::Blocked => {
                self.blocked.get_or_insert(now);
            }
            Event::Evicted => self.evicted = Some(now),
        }
    }

    fn waiting_for(&self, now: Instant) -> Option<Duration> {
        (self.at_work <= 0).then(|| now.saturating_duration_since(self.since))
    }

    /// When the server has waited long enough, and for what.
    fn next_end(&self, timeouts: &Timeouts) -> Option<(Instant, End)> {
        if let Some(at) = self.evicted {
            return Some((at, End::Evicted));
        }

        match self.blocked {
            Some(since) => Some((since + timeouts.write, End::NotRead)),
            None if self.requests > 0 && self.to_take == self.requests => {
                Some((self.since + timeouts.write, End::NotRead))
            }
            None if self.requests > 0 => None,
            None if self.had_a_request => Some((self.since + timeouts.idle, End::Idle)),
            None => Some((self.since + timeouts.header, End::NoRequest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::net::Ipv4Addr;

    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        header: Duration::from_secs(10),
        idle: Duration::from_secs(60),
        write: Duration::from_secs(30),
    };

    /// A connection's state after these events, each so many seconds after its beginning.
    struct Story {
        began: Instant,
        state: State,
    }

    impl Story {
        fn of(events: &[(u64, Event)]) -> Self {
            let began = Instant::now();
            let mut state = State::new(began);
            for (second, event) in events {
                state.apply(*event, began + Duration::from_secs(*second));
            }

            Self { began, state }
        }

        /// The second and the reason of its end, if nothing else happens.
        fn end(&self) -> Option<(u64, End)> {
            self.state
                .next_end(&TIMEOUTS)
                .map(|(at, end)| ((at - self.began).as_secs(), end))
        }

        /// How many seconds its client has kept the server waiting at this one.
        fn waiting(&self, second: u64) -> Option<u64> {
            self.state
                .waiting_for(self.began + Duration::from_secs(second))
                .map(|waited| waited.as_secs())
        }
    }

    use Event::{
        AnswerBegins, AnswerGoesOn, AnswerPauses, Blocked, Evicted, GoesOn, RequestBegins,
        RequestEnds, WaitsForBody, Wrote,
    };

    #[test]
    fn a_silent_client_is_waited_for_until_its_first_head_is_due() {
        assert_eq!(Story::of(&[]).end(), Some((10, End::NoRequest)));
        let chatter = [(2, Wrote), (4, Wrote), (9, Wrote)];
        assert_eq!(
            Story::of(&chatter).end(),
            Some((10, End::NoRequest)),
            "what HTTP/2 says by itself is no request"
        );
    }

    #[test]
    fn between_requests_more_time_is_given() {
        let mut events = vec![
            (1, RequestBegins),
            (2, AnswerBegins),
            (2, Wrote),
            (3, RequestEnds),
        ];

        assert_eq!(Story::of(&events).end(), Some((63, End::Idle)));
        events.extend([(50, RequestBegins), (50, AnswerBegins), (51, RequestEnds)]);
        assert_eq!(Story::of(&events).end(), Some((111, End::Idle)));
        events.extend([(100, Blocked), (120, Wrote)]);

        assert_eq!(
            Story::of(&events).end(),
            Some((180, End::Idle)),
            "what was handed over at 51 goes out slowly"
        );
    }

    #[test]
    fn work_takes_what_it_takes() {
        let all = [
            (1, RequestBegins),
            (1000, AnswerBegins),
            (1000, AnswerPauses),
            (2000, AnswerGoesOn),
        ];

        let end = |events: usize| Story::of(&all[..events]).end();
        assert_eq!(
            [end(1), end(2), end(3)],
            [None, Some((1030, End::NotRead)), None]
        );
        assert_eq!(
            end(4),
            Some((2030, End::NotRead)),
            "there is something to take again"
        );

        let two = [(1, RequestBegins), (1, RequestBegins), (2, AnswerBegins)];
        assert_eq!(
            Story::of(&two).end(),
            None,
            "one of two requests is worked for"
        );
    }

    #[test]
    fn a_client_that_takes_nothing_is_given_up() {
        let mut events = vec![(0, RequestBegins), (0, AnswerBegins)];
        events.extend([(1, Blocked), (20, Wrote), (21, Blocked), (40, Blocked)]);
        assert_eq!(Story::of(&events).end(), Some((51, End::NotRead)));
        events.push((50, Wrote));

        assert_eq!(
            Story::of(&events).end(),
            Some((80, End::NotRead)),
            "it reads, if slowly"
        );

        // The end of an answer may stand in a buffer that nobody empties.
        let events = [
            (0, RequestBegins),
            (0, AnswerBegins),
            (1, RequestEnds),
            (1, Blocked),
        ];

        assert_eq!(Story::of(&events).end(), Some((31, End::NotRead)));
    }

    #[test]
    fn it_is_known_who_waits_for_whom() {
        let events = [
            (1, RequestBegins),
            (4, WaitsForBody),
            (6, GoesOn),
            (7, AnswerBegins),
            (8, Wrote),
            (9, RequestEnds),
        ];

        for (happened, waiting, what) in [
            (0, Some(20), "for a request"),
            (1, None, "the server works"),
            (2, Some(16), "for a body"),
            (3, None, "the server works"),
            (4, Some(13), "for the answer to be taken"),
            (5, Some(12), "for more of it to be taken"),
            (6, Some(11), "for the next request"),
        ] {
            assert_eq!(
                Story::of(&events[..happened]).waiting(20),
                waiting,
                "{what}"
            );
        }

        let two = [(1, RequestBegins), (1, RequestBegins), (2, AnswerBegins)];
        assert_eq!(
            Story::of(&two).waiting(5),
            None,
            "one of two requests is still worked for"
        );
    }

    #[test]
    fn a_body_that_is_let_go_of_late_changes_nothing() {
        let events = [
            (1, RequestBegins),
            (2, WaitsForBody),
            (3, AnswerBegins),
            (4, GoesOn),
            (5, RequestEnds),
        ];

        assert_eq!(Story::of(&events).waiting(9), Some(4));
        assert_eq!(Story::of(&events).end(), Some((65, End::Idle)));
    }

    #[tokio::test]
    async fn whoever_waits_too_long_or_is_in_the_way_goes() {
        let moment = Duration::from_millis(20);
        let hour = Duration::from_secs(3600);
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let silent = Connection::new(client);

        let timeouts = Timeouts {
            header: moment,
            idle: hour,
            write: hour,
        };

        assert_eq!(silent.supervise(&timeouts, pending()).await, End::NoRequest);
        let idle = Connection::new(client);
        let asks_once = async {
            [RequestBegins, AnswerBegins, RequestEnds]
                .into_iter()
                .for_each(|event| idle.note(event));
            pending().await
        };

        let timeouts = Timeouts {
            header: hour,
            idle: moment,
            write: hour,
        };

        assert_eq!(idle.supervise(&timeouts, asks_once).await, End::Idle);
        let busy = Connection::new(client);
        busy.note(RequestBegins);

        let timeouts = Timeouts {
            header: moment,
            idle: moment,
            write: moment,
        };

        let evicts = async {
            tokio::time::sleep(5 * moment).await;
            busy.note(Evicted);
        };
        let (end, ()) = tokio::join!(busy.supervise(&timeouts, pending()), evicts);
        assert_eq!(end, End::Evicted, "nothing else ends what is worked for");
        assert_eq!(
            Connection::new(client).supervise(&timeouts, async {}).await,
            End::Done
        );
    }
}
