//! A refresh token that may be spent: a mark stands whose outcome is unknown, or cannot be written. Such a token is sent again where
//! `Reuse` allows it, or as the alternative to a new login (tests/GUARANTEES.md, G4; RFC 9700 section 4.14.2).

use alloc::boxed::Box;

use super::effect::Effects;
use super::failure::{Code, Failure};
use super::pacing::MINUTE;
use super::phase::{Read, Writing};
use super::session::Unsaved;
use super::Machine;
use crate::core::oauth::response::RefreshTokenState;
use crate::core::policy::{backoff, caller_pause, MARGIN};
use crate::core::record::{Pending, Record};
use crate::core::time::{Duration, UnixTime};

impl<E: Effects> Machine<E> {
    /// Whether this context wrote the mark.
    pub(super) fn is_own(&self, pending: &Pending) -> bool {
        pending.attempt.starts_with(&self.context)
    }

    /// Under the lock a mark was found: the refresh token was sent, and its successor is not stored.
    pub(super) fn settle_doubt(&mut self, record: Box<Record>, pending: &Pending) {
        let now = self.now;
        let unknown = Failure::new(Code::OutcomeUnknown).leaving(RefreshTokenState::Unknown);
        let probed_at = pending.probed_at.filter(|at| *at <= now);
        let started_at = pending.started_at.max(probed_at.unwrap_or_default());
        // The clocks of two devices differ; a mark from further in the future was written by a clock that was wrong.
        let is_plausible = now + MARGIN >= pending.started_at;
        let given_up = match self.attempt.suspended_since(&pending.attempt, now) {
            // Harmless, and later it may not be: a grace period ends.
            Some(_) if self.options.policy.may_send_again(pending, now) => UnixTime::EPOCH,
            // A holder that is only suspended comes back within a lease, or is taken for dead. It was silent for most of one already:
            // the rest is waited for by this clock, whatever the other one says.
            Some(since) => {
                let lease = self.options.policy.lease();
                let aged = if is_plausible { (started_at + lease).min(since + lease) } else { since };
                aged.max(since + lease.part(4))
            }
            None if !is_plausible || self.attempt.is_alone() => UnixTime::EPOCH,
            // Without a lock that its owner respects, the request may still be in flight: its result is worth the wait. A whole device sleeps:
            // after that the writer of the mark needs its time too.
            None => (started_at + self.options.policy.timeout + MARGIN).max(self.attempt.ran_again_at + MARGIN),
        };
        if now < given_up && !self.is_own(pending) {
            let pause = Duration::from_millis(500) + self.random.below(Duration::from_millis(500));
            return self.rest_until(given_up.min(now + pause), unknown);
        }
        if self.options.policy.may_send_again(pending, now) {
            return self.mark(record, Some(Pending { probed_at: None, ..pending.clone() }));
        }
        if !self.callers.are_in_need(&self.session, now) {
            self.unlock();
            return self.serve_or_refuse(&unknown);
        }
        // The alternative is a new login. A probe that was lost leaves things as they were, so there may be another.
        let pause = backoff(self.pacing.failures, &mut self.random).min(caller_pause(&mut self.random));
        let pause = probed_at.map(|at| at + pause);
        match pause.filter(|until| *until > now) {
            Some(until) => self.rest_until(until, unknown),
            None => self.mark(record, Some(Pending { probed_at: Some(now), ..pending.clone() })),
        }
    }

    /// No refresh is needed any more. A mark of this context whose request was not sent is taken back: no other context can know that.
    pub(super) fn leave_it(&mut self, record: Box<Record>) {
        self.attempt.forget_refusals();
        if record.in_doubt().is_some_and(|mark| self.attempt.unsent.as_ref() == Some(&mark.attempt)) {
            return self.unmark(record, Failure::new(Code::Timeout));
        }
        self.unlock();
    }

    /// The mark was refused: another context wrote in between, and is read.
    pub(super) fn mark_refused(&mut self) {
        self.session.refuted = true;
        if self.attempt.refused_mark() {
            let until = self.now + backoff(2, &mut self.random);
            let failure = self.failure(Code::StorageFailed);
            return self.rest_until(until, failure);
        }
        self.read(Read::UnderLock);
    }

    /// The mark cannot be written. Another context that shares the lock and reads the same refresh token would send it a second time, so
    /// it is not sent unless the server forgives that. Where no other context can, to send it all the same risks the session only if this
    /// context dies: that is done where the alternative is to turn a caller away.
    pub(super) fn unmarked(&mut self, writing: Box<Writing>) {
        let is_shared = self.attempt.is_lock_shared() && self.session.unsaved.is_none();
        let is_dangerous = is_shared && !self.options.policy.forgives_second_use();
        if is_dangerous || !self.callers.are_in_need(&self.session, self.now) {
            return self.finish(self.failure(Code::StorageFailed));
        }
        let retry_at = self.now + MINUTE;
        let unsaved = Unsaved { replaces: writing.replaces, decides: None, retry_at, failures: 0 };
        self.session.keep_unsaved(writing.record, unsaved);
        self.send(false);
    }
}
