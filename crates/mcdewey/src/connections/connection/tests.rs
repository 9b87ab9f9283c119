//! When a connection is closed: timeouts, eviction, and the state that decides between them.

use std::future::pending;
use std::net::Ipv4Addr;

use super::*;

const TIMEOUTS: Timeouts = Timeouts {
    header: Duration::from_secs(10),
    idle: Duration::from_secs(60),
    write: Duration::from_secs(30),
};

/// The state of a connection after a sequence of events.
struct Scenario {
    start: Instant,
    state: ConnectionState,
}

impl Scenario {
    /// Applies events, each at a number of seconds after the start.
    fn after(events: &[(u64, Event)]) -> Self {
        let start = Instant::now();
        let mut state = ConnectionState::new(start);
        for (second, event) in events {
            state.apply(*event, start + Duration::from_secs(*second));
        }

        Self { start, state }
    }

    /// The second at which the connection will be closed if there are no further events, and the
    /// reason.
    fn end(&self) -> Option<(u64, ConnectionEnd)> {
        self.state
            .next_deadline(&TIMEOUTS)
            .map(|(at, end)| ((at - self.start).as_secs(), end))
    }

    /// For how many seconds the client has kept the server waiting at this second.
    fn client_wait(&self, second: u64) -> Option<u64> {
        self.state
            .client_wait(self.start + Duration::from_secs(second))
            .map(|wait| wait.as_secs())
    }
}

use Event::{
    BodyWaitEnded, BodyWaitStarted, Evicted, RequestFinished, RequestStarted, ResponsePaused,
    ResponseResumed, ResponseStarted, WriteBlocked, Wrote,
};

#[test]
fn silent_clients_are_closed_at_the_header_timeout() {
    assert_eq!(
        Scenario::after(&[]).end(),
        Some((10, ConnectionEnd::NoRequest))
    );
    let frames = [(2, Wrote), (4, Wrote), (9, Wrote)];
    assert_eq!(
        Scenario::after(&frames).end(),
        Some((10, ConnectionEnd::NoRequest)),
        "frames that HTTP/2 sends by itself are not a request"
    );
}

#[test]
fn idle_clients_are_closed_at_the_idle_timeout() {
    let mut events = vec![
        (1, RequestStarted),
        (2, ResponseStarted),
        (2, Wrote),
        (3, RequestFinished),
    ];

    assert_eq!(
        Scenario::after(&events).end(),
        Some((63, ConnectionEnd::Idle))
    );
    events.extend([
        (50, RequestStarted),
        (50, ResponseStarted),
        (51, RequestFinished),
    ]);
    assert_eq!(
        Scenario::after(&events).end(),
        Some((111, ConnectionEnd::Idle))
    );
    events.extend([(100, WriteBlocked), (120, Wrote)]);

    assert_eq!(
        Scenario::after(&events).end(),
        Some((180, ConnectionEnd::Idle)),
        "the response passed on at 51 s is sent slowly"
    );
}

#[test]
fn requests_in_progress_have_no_timeout() {
    let all = [
        (1, RequestStarted),
        (1000, ResponseStarted),
        (1000, ResponsePaused),
        (2000, ResponseResumed),
    ];

    let end = |events: usize| Scenario::after(&all[..events]).end();
    assert_eq!(
        [end(1), end(2), end(3)],
        [None, Some((1030, ConnectionEnd::NotRead)), None]
    );
    assert_eq!(
        end(4),
        Some((2030, ConnectionEnd::NotRead)),
        "there is data to read again"
    );

    let two = [
        (1, RequestStarted),
        (1, RequestStarted),
        (2, ResponseStarted),
    ];
    assert_eq!(
        Scenario::after(&two).end(),
        None,
        "one of two requests is in progress"
    );
}

#[test]
fn clients_that_do_not_read_are_closed_at_the_write_timeout() {
    let mut events = vec![(0, RequestStarted), (0, ResponseStarted)];
    events.extend([
        (1, WriteBlocked),
        (20, Wrote),
        (21, WriteBlocked),
        (40, WriteBlocked),
    ]);
    assert_eq!(
        Scenario::after(&events).end(),
        Some((51, ConnectionEnd::NotRead))
    );
    events.push((50, Wrote));

    assert_eq!(
        Scenario::after(&events).end(),
        Some((80, ConnectionEnd::NotRead)),
        "it reads slowly"
    );

    // The end of a response may be in a buffer that the client does not read.
    let events = [
        (0, RequestStarted),
        (0, ResponseStarted),
        (1, RequestFinished),
        (1, WriteBlocked),
    ];

    assert_eq!(
        Scenario::after(&events).end(),
        Some((31, ConnectionEnd::NotRead))
    );
}

#[test]
fn the_wait_for_the_client_is_measured() {
    let events = [
        (1, RequestStarted),
        (4, BodyWaitStarted),
        (6, BodyWaitEnded),
        (7, ResponseStarted),
        (8, Wrote),
        (9, RequestFinished),
    ];

    for (count, expected, what) in [
        (0, Some(20), "for a request"),
        (1, None, "the server works"),
        (2, Some(16), "for a body"),
        (3, None, "the server works"),
        (4, Some(13), "for the response to be read"),
        (5, Some(12), "for more of it to be read"),
        (6, Some(11), "for the next request"),
    ] {
        assert_eq!(
            Scenario::after(&events[..count]).client_wait(20),
            expected,
            "{what}"
        );
    }

    let two = [
        (1, RequestStarted),
        (1, RequestStarted),
        (2, ResponseStarted),
    ];
    assert_eq!(
        Scenario::after(&two).client_wait(5),
        None,
        "one of two requests is still in progress"
    );
}

#[test]
fn a_body_dropped_after_its_response_changes_nothing() {
    let events = [
        (1, RequestStarted),
        (2, BodyWaitStarted),
        (3, ResponseStarted),
        (4, BodyWaitEnded),
        (5, RequestFinished),
    ];

    assert_eq!(Scenario::after(&events).client_wait(9), Some(4));
    assert_eq!(
        Scenario::after(&events).end(),
        Some((65, ConnectionEnd::Idle))
    );
}

#[tokio::test(start_paused = true)]
async fn timeouts_and_evictions_end_connections() {
    let short = Duration::from_millis(20);
    let long = Duration::from_secs(3600);
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let silent = Connection::new(client);

    let timeouts = Timeouts {
        header: short,
        idle: long,
        write: long,
    };

    assert_eq!(
        silent.supervise(&timeouts, pending()).await,
        ConnectionEnd::NoRequest
    );
    let idle = Connection::new(client);
    let sends_one_request = async {
        [RequestStarted, ResponseStarted, RequestFinished]
            .into_iter()
            .for_each(|event| idle.record(event));
        pending().await
    };

    let timeouts = Timeouts {
        header: long,
        idle: short,
        write: long,
    };

    assert_eq!(
        idle.supervise(&timeouts, sends_one_request).await,
        ConnectionEnd::Idle
    );
    let busy = Connection::new(client);
    busy.record(RequestStarted);

    let timeouts = Timeouts {
        header: short,
        idle: short,
        write: short,
    };

    let evicts = async {
        tokio::time::sleep(5 * short).await;
        busy.record(Evicted);
    };
    let (end, ()) = tokio::join!(busy.supervise(&timeouts, pending()), evicts);
    assert_eq!(
        end,
        ConnectionEnd::Evicted,
        "no timeout ends a request in progress"
    );
    assert_eq!(
        Connection::new(client).supervise(&timeouts, async {}).await,
        ConnectionEnd::Completed
    );
}
