//! How often the server is asked: the backoff after failures, the server's own `Retry-After`, and a limit per minute that no
//! failure breaks.

use alloc::vec::Vec;

use super::failure::Failure;
use crate::core::policy::REQUESTS_PER_MINUTE;
use crate::core::time::{Duration, UnixTime};

pub const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Pacing {
    /// Requests sent since callers began to wait.
    pub tries: u32,
    /// Refreshes that failed in a row.
    pub failures: u32,
    /// No request before that time, and the failure that is the reason.
    pub rest: Option<(UnixTime, Failure)>,
    /// When requests were sent that brought no new tokens, or that a resource server's refusal asked for.
    unearned: Vec<UnixTime>,
}

impl Pacing {
    /// When the rest ends.
    pub fn deadline(&self) -> Option<UnixTime> {
        self.rest.as_ref().map(|(until, _)| *until)
    }

    /// The clock was set back by that much.
    pub fn set_back(&mut self, by: Duration) {
        for at in &mut self.unearned {
            *at = *at - by;
        }
        if let Some((until, failure)) = &mut self.rest {
            *until = *until - by;
            failure.retry_at = failure.retry_at.map(|at| at - by);
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

    /// A request leaves.
    pub fn sends(&mut self, now: UnixTime) {
        self.tries = self.tries.saturating_add(1);
        self.unearned.push(now);
    }

    /// The last request did not leave after all.
    pub fn did_not_send(&mut self) {
        self.tries = self.tries.saturating_sub(1);
        self.unearned.pop();
    }

    /// New tokens came, and no resource server's refusal had asked for them.
    pub fn earned(&mut self) {
        self.unearned.clear();
    }

    /// The rest that is not over.
    pub fn resting(&self, now: UnixTime) -> Option<(UnixTime, Failure)> {
        self.rest.clone().filter(|(until, _)| *until > now)
    }

    /// When the next request may leave, if there were too many in the last minute.
    pub fn limited_until(&mut self, now: UnixTime) -> Option<UnixTime> {
        self.unearned.retain(|at| now.since(*at) < MINUTE && *at <= now);
        let oldest = self.unearned.first().filter(|_| self.unearned.len() >= REQUESTS_PER_MINUTE)?;
        Some(*oldest + MINUTE)
    }

    /// The device is back. What the server asked for stands; the backoff is over.
    pub fn resume(&mut self, now: UnixTime) {
        self.rest = self.rest.take().filter(|(_, failure)| failure.retry_at.is_some_and(|at| at > now));
    }
}
