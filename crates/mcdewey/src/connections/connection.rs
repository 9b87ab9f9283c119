//! The state of one connection: whether the server works for the client or waits for it, since
//! when, and when the wait has been long enough to close the connection.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::settings::Timeouts;

/// Something that happened on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The head of a request has arrived.
    RequestStarted,
    /// A request waits for more of its body.
    BodyWaitStarted,
    /// More of the body has arrived, or the body is no longer needed.
    BodyWaitEnded,
    /// The response to a request is ready and is being sent.
    ResponseStarted,
    /// No part of the response is ready to be sent; more will follow.
    ResponsePaused,
    /// More of the response is ready to be sent.
    ResponseResumed,
    /// A response was passed on completely, or abandoned.
    RequestFinished,
    /// The client read something.
    Wrote,
    /// There is data for the client, and it reads nothing.
    WriteBlocked,
    /// The slot is needed for another connection.
    Evicted,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionEnd {
    /// Without the intervention of the server.
    Completed,
    /// The client sent no request in time.
    NoRequest,
    /// The client sent no further request in time.
    Idle,
    /// The client did not read its response in time.
    NotRead,
    /// Closed in favour of another connection.
    Evicted,
}

impl ConnectionEnd {
    /// The reason in metrics, if the server closed the connection.
    pub(super) fn close_reason(self) -> Option<&'static str> {
        match self {
            Self::Completed => None,
            Self::NoRequest => Some("header_timeout"),
            Self::Idle => Some("idle_timeout"),
            Self::NotRead => Some("write_timeout"),
            Self::Evicted => Some("evicted"),
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// The client whose limit the connection counts against.
    pub(super) client: IpAddr,
    state: Mutex<ConnectionState>,
    /// Wakes the task that [supervises](Self::supervise) the connection.
    evicted: Notify,
}

impl Connection {
    /// Creates the state of a connection that was just accepted.
    pub(super) fn new(client: IpAddr) -> Self {
        Self {
            client,
            state: Mutex::new(ConnectionState::new(Instant::now())),
            evicted: Notify::new(),
        }
    }

    pub(super) fn record(&self, event: Event) {
        self.state().apply(event, Instant::now());
        if event == Event::Evicted {
            self.evicted.notify_one();
        }
    }

    /// How long the server has waited for the client; `None` while it works for the client.
    pub(super) fn client_wait(&self, now: Instant) -> Option<Duration> {
        self.state().client_wait(now)
    }

    /// Runs `work` until it ends, the connection is evicted, or it has waited for its client too
    /// long.
    pub(super) async fn supervise(
        &self,
        timeouts: &Timeouts,
        work: impl Future<Output = ()>,
    ) -> ConnectionEnd {
        let mut work = pin!(work);

        // No event after a check can bring the end closer than the shortest timeout. So events need
        // not set the timer; if it fires too early, the state is only checked again.
        let shortest = timeouts.header.min(timeouts.idle).min(timeouts.write);
        let mut armed_for = Instant::now() + shortest;

        let mut timer = pin!(sleep_until(armed_for));
        loop {
            let (now, deadline) = (Instant::now(), self.state().next_deadline(timeouts));
            let next_check = match deadline {
                Some((at, end)) if at <= now => return end,
                Some((at, _)) => at.min(now + shortest),
                None => now + shortest,
            };

            if next_check < armed_for || timer.is_elapsed() {
                armed_for = next_check;
                timer.as_mut().reset(next_check);
            }

            tokio::select! {
                biased;
                () = work.as_mut() => return ConnectionEnd::Completed,
                () = self.evicted.notified() => {}
                () = timer.as_mut() => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, ConnectionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct ConnectionState {
    /// When the server began to wait for the client, if it does.
    waiting_since: Instant,
    /// Requests whose head has arrived and whose response has not been passed on completely.
    requests: usize,
    /// Those of them that the server is working on; the others wait for their bodies or are being
    /// sent. Signed, because a body may be dropped after its response.
    in_progress: isize,
    /// Those of them whose response has data for the client to read.
    readable: usize,
    /// Since when the client has read nothing although there is data for it.
    blocked_since: Option<Instant>,
    had_request: bool,
    evicted_at: Option<Instant>,
}

impl ConnectionState {
    fn new(now: Instant) -> Self {
        Self {
            waiting_since: now,
            requests: 0,
            in_progress: 0,
            readable: 0,
            blocked_since: None,
            had_request: false,
            evicted_at: None,
        }
    }

    fn apply(&mut self, event: Event, now: Instant) {
        match event {
            Event::RequestStarted => {
                self.requests += 1;
                self.in_progress += 1;
                self.had_request = true;
            }
            Event::BodyWaitStarted => {
                self.in_progress -= 1;
                self.waiting_since = now;
            }
            Event::BodyWaitEnded => self.in_progress += 1,
            Event::ResponseStarted => {
                self.in_progress -= 1;
                self.readable += 1;
                self.waiting_since = now;
            }
            Event::ResponsePaused => self.readable -= 1,
            Event::ResponseResumed => {
                self.readable += 1;
                self.waiting_since = now;
            }
            Event::RequestFinished => {
                self.requests -= 1;
                self.readable -= 1;
                self.waiting_since = now;
            }
            Event::Wrote => {
                self.blocked_since = None;
                // Frames that HTTP/2 sends by itself before a request must not extend the deadline.
                // The rest of a response must: it may still be in transit long after it was passed
                // on.
                if self.had_request {
                    self.waiting_since = now;
                }
            }
            Event::WriteBlocked => {
                self.blocked_since.get_or_insert(now);
            }
            Event::Evicted => self.evicted_at = Some(now),
        }
    }

    fn client_wait(&self, now: Instant) -> Option<Duration> {
        (self.in_progress <= 0).then(|| now.saturating_duration_since(self.waiting_since))
    }

    /// When the connection will be closed unless something happens, and why.
    fn next_deadline(&self, timeouts: &Timeouts) -> Option<(Instant, ConnectionEnd)> {
        if let Some(at) = self.evicted_at {
            return Some((at, ConnectionEnd::Evicted));
        }

        match self.blocked_since {
            Some(since) => Some((since + timeouts.write, ConnectionEnd::NotRead)),
            None if self.requests > 0 && self.readable == self.requests => {
                Some((self.waiting_since + timeouts.write, ConnectionEnd::NotRead))
            }
            None if self.requests > 0 => None,
            None if self.had_request => {
                Some((self.waiting_since + timeouts.idle, ConnectionEnd::Idle))
            }
            None => Some((
                self.waiting_since + timeouts.header,
                ConnectionEnd::NoRequest,
            )),
        }
    }
}

#[cfg(test)]
mod tests;
