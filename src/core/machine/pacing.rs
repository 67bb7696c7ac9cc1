//! How often token requests are sent: the backoff after failures, the server's `Retry-After`, and a limit per minute.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::failure::Failure;
use crate::core::policy::{BACKGROUND_PAUSE, REQUESTS_PER_MINUTE};
use crate::core::time::{Duration, UnixTime};

pub const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Pacing {
    /// Number of requests since callers began to wait.
    pub tries: u32,
    /// Number of failed refreshes in a row.
    pub failures: u32,
    /// The current pause and its reason.
    pub rest: Option<Rest>,
    /// The requests of the last minute.
    requests: Vec<Request>,
    /// When the device last came back. It ends the pause after earlier requests.
    resumed_at: UnixTime,
}

#[derive(Clone, Debug)]
pub struct Rest {
    /// Earliest time of the next request without a caller.
    pub until: UnixTime,
    /// Earliest time of the next request for a caller: earlier than in the background, unless the server named the time.
    pub for_callers: UnixTime,
    pub failure: Box<Failure>,
}

#[derive(Debug)]
struct Request {
    at: UnixTime,
    /// Whether it brought new tokens, and no resource server's refusal had caused it.
    earned: bool,
}

impl Rest {
    pub fn new(until: UnixTime, failure: Box<Failure>) -> Self {
        Self { until, for_callers: until, failure }
    }
}

impl Pacing {
    /// Earliest time of a background refresh.
    pub fn background_from(&self) -> UnixTime {
        self.rest.as_ref().map_or(UnixTime::EPOCH, |rest| rest.until)
    }

    /// When the pause of waiting callers ends.
    pub fn deadline(&self) -> UnixTime {
        self.rest.as_ref().map_or(UnixTime::NEVER, |rest| rest.for_callers)
    }

    /// The clock was set back by that much.
    pub fn set_back(&mut self, by: Duration) {
        for request in &mut self.requests {
            request.at = request.at - by;
        }
        self.resumed_at = self.resumed_at - by;
        if let Some(rest) = &mut self.rest {
            rest.until = rest.until - by;
            rest.for_callers = rest.for_callers - by;
            rest.failure.retry_at = rest.failure.retry_at.map(|at| at - by);
        }
    }

    /// A refresh succeeded, or the session is another one.
    pub fn start_over(&mut self) {
        (self.tries, self.failures, self.rest) = (0, 0, None);
    }

    /// One more refresh in a row failed.
    pub fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// A request is sent.
    pub fn sends(&mut self, now: UnixTime) {
        self.tries = self.tries.saturating_add(1);
        self.requests.push(Request { at: now, earned: false });
    }

    /// The last request was not sent after all.
    pub fn did_not_send(&mut self) {
        self.tries = self.tries.saturating_sub(1);
        self.requests.pop();
    }

    /// New tokens came, and no resource server's refusal had caused the refresh.
    pub fn earned(&mut self) {
        for request in &mut self.requests {
            request.earned = true;
        }
    }

    /// The current pause, for callers or for the background.
    pub fn resting(&self, now: UnixTime, for_callers: bool) -> Option<Rest> {
        self.rest.clone().filter(|rest| now < if for_callers { rest.for_callers } else { rest.until })
    }

    /// Earliest time of the next request, if too many in the last minute brought nothing.
    pub fn limited_until(&mut self, now: UnixTime) -> Option<UnixTime> {
        self.requests.retain(|request| now.since(request.at) < MINUTE && request.at <= now);
        let unearned = || self.requests.iter().filter(|request| !request.earned);
        let oldest = unearned().next().filter(|_| unearned().count() >= REQUESTS_PER_MINUTE)?;
        Some(oldest.at + MINUTE)
    }

    /// Earliest time of the next refresh ahead of expiry: some seconds after the last request, and within the limit per minute, which counts
    /// all requests here. It protects the server from access tokens with a very short lifetime.
    pub fn ahead_from(&self, now: UnixTime) -> UnixTime {
        let last = self.requests.last().filter(|last| last.at >= self.resumed_at);
        let paused = last.map_or(UnixTime::EPOCH, |last| last.at.min(now) + BACKGROUND_PAUSE);
        let many = self.requests.len().checked_sub(REQUESTS_PER_MINUTE).and_then(|index| self.requests.get(index));
        paused.max(many.map_or(UnixTime::EPOCH, |oldest| oldest.at.min(now) + MINUTE))
    }

    /// The device is back: backoff and pause end, a `Retry-After` remains.
    pub fn resume(&mut self, now: UnixTime) {
        self.resumed_at = now;
        self.rest = self.rest.take().filter(|rest| rest.failure.retry_at.is_some_and(|at| at > now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_back_does_not_wait_for_the_pause_between_requests() {
        let start = UnixTime::from_millis(1_700_000_000_000);
        let mut pacing = Pacing::default();
        pacing.sends(start);
        assert_eq!(pacing.ahead_from(start), start + BACKGROUND_PAUSE);
        pacing.resume(start + Duration::from_secs(1));
        assert_eq!(pacing.ahead_from(start), UnixTime::EPOCH);
        pacing.sends(start + Duration::from_secs(2));
        assert_eq!(
            pacing.ahead_from(start + Duration::from_secs(2)),
            start + Duration::from_secs(2) + BACKGROUND_PAUSE
        );
    }

    #[test]
    fn requests_that_bring_nothing_are_limited_in_a_minute_and_those_that_bring_tokens_are_not() {
        let start = UnixTime::from_millis(1_700_000_000_000);
        let mut pacing = Pacing::default();
        for _ in 0..REQUESTS_PER_MINUTE {
            assert_eq!(pacing.limited_until(start), None);
            pacing.sends(start);
        }
        assert_eq!(pacing.limited_until(start + Duration::from_secs(59)), Some(start + MINUTE));
        assert_eq!(pacing.limited_until(start + MINUTE), None);
        for _ in 0..2 * REQUESTS_PER_MINUTE {
            pacing.sends(start);
            pacing.earned();
        }
        assert_eq!(pacing.limited_until(start), None);
    }
}
