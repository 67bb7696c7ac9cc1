//! A refresh token that may be spent, because a mark's outcome is unknown or the mark cannot be written. It is sent again if `Reuse`
//! allows it, or if the alternative is a new login (tests/GUARANTEES.md, G4; RFC 9700 section 4.14.2).

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

    /// The record under the lock has a mark: the refresh token was sent, and its successor is not stored.
    pub(super) fn settle_doubt(&mut self, record: Box<Record>, pending: &Pending) {
        let now = self.now;
        let unknown = Failure::new(Code::OutcomeUnknown).leaving(RefreshTokenState::Unknown);
        let probed_at = pending.probed_at.filter(|at| *at <= now);
        let started_at = pending.started_at.max(probed_at.unwrap_or_default());
        // Allows for clock skew. A mark from further in the future was written under a wrong clock.
        let is_plausible = now + MARGIN >= pending.started_at;
        let given_up = match self.attempt.suspended_since(&pending.attempt, now) {
            // Allowed now. Later the grace period may be over.
            Some(_) if self.options.policy.may_send_again(pending, now) => UnixTime::EPOCH,
            // A lock holder that does not continue within a lease is taken for dead. It was silent for most of a lease already: this
            // context waits for the rest, by its own clock.
            Some(since) => {
                let lease = self.options.policy.lease();
                let aged = if is_plausible { (started_at + lease).min(since + lease) } else { since };
                aged.max(since + lease.part(4))
            }
            None if !is_plausible || self.attempt.is_alone() => UnixTime::EPOCH,
            // The writer of the mark may not respect this lock, so its request may still be in flight: wait for its result. After the
            // device slept, the writer needs time too.
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
        // The alternative is a new login, so the token is sent once more (a probe). A lost probe may be repeated.
        let pause = backoff(self.pacing.failures, &mut self.random).min(caller_pause(&mut self.random));
        let pause = probed_at.map(|at| at + pause);
        match pause.filter(|until| *until > now) {
            Some(until) => self.rest_until(until, unknown),
            None => self.mark(record, Some(Pending { probed_at: Some(now), ..pending.clone() })),
        }
    }

    /// No refresh is needed any more. A mark of this context whose request was not sent is removed, because no other context can know that.
    pub(super) fn leave_it(&mut self, record: Box<Record>) {
        self.attempt.forget_refusals();
        if record.in_doubt().is_some_and(|mark| self.attempt.unsent.as_ref() == Some(&mark.attempt)) {
            return self.unmark(record, Failure::new(Code::Timeout));
        }
        self.unlock();
    }

    /// The mark was refused: another context wrote, and its record is read.
    pub(super) fn mark_refused(&mut self) {
        self.session.refuted = true;
        if self.attempt.refused_mark() {
            let until = self.now + backoff(2, &mut self.random);
            let failure = self.failure(Code::StorageFailed);
            return self.rest_until(until, failure);
        }
        self.read(Read::UnderLock);
    }

    /// The mark cannot be written. If other contexts share the session, they would send the same refresh token a second time: it is sent only
    /// if `reuse` allows that. If none can, the session is lost only if this context ends before it stores the reply: it is sent if a caller
    /// would be refused otherwise.
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
