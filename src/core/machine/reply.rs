//! Results of a token request other than new tokens. Only a confirmed `invalid_grant` (RFC 6749 section 5.2) or the tokens of another user
//! end the session. All other failures keep the tokens (tests/GUARANTEES.md, G2 and G3).

use alloc::boxed::Box;
use alloc::string::String;

use super::effect::{Effect, Effects, Event, Source};
use super::failure::{Code, Failure};
use super::input::{EffectId, Sent};
use super::pacing::Rest;
use super::phase::{Outcome, Phase, Read, Sending, Wait, Write, Writing};
use super::session::Reconciled;
use super::Machine;
use crate::core::oauth::response::{RefreshTokenState, ServerError};
use crate::core::policy::{backoff, caller_pause, LONGEST_WAIT};
use crate::core::record::{Record, Stored, Tokens};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

impl<E: Effects> Machine<E> {
    /// No reply came.
    pub(super) fn unreachable(&mut self, sent: Sent) {
        let (code, state) = match sent {
            Sent::Provably => (Code::Unavailable, RefreshTokenState::Unspent),
            Sent::TimedOut => (Code::Unavailable, RefreshTokenState::Unknown),
            Sent::Unbuildable => (Code::ClientRejected, RefreshTokenState::Unspent),
            Sent::Perhaps => (Code::OutcomeUnknown, RefreshTokenState::Unknown),
        };
        self.failed(Failure::new(code).leaving(state));
    }

    /// No reply came in time.
    pub(super) fn timed_out(&mut self, id: EffectId, sending: Sending) {
        let mark = self.session.record.as_deref().and_then(|record| record.pending.as_ref());
        let name = mark.map(|mark| mark.attempt.clone());
        self.strays.give_up(id, sending, name);
        self.unreachable(Sent::TimedOut);
    }

    /// Sends the same request once more, with the nonce (RFC 9449 section 8). Not under an old mark, which other contexts may take for
    /// abandoned.
    pub(super) fn nonce_wanted(&mut self, error: Box<ServerError>, with_nonce: bool) {
        if self.attempt.is_mark_old(self.now) {
            return self.failed(Failure::new(Code::Unavailable).said(error));
        }
        if !with_nonce {
            return self.send(true);
        }
        self.failed(Failure::new(Code::ClientRejected).said(error));
    }

    /// The tokens are another user's: the session ends, and nothing of the reply is stored.
    pub(super) fn mismatched(&mut self, tokens: &Tokens, claim: &str) {
        self.revoke(tokens.refresh_token.clone());
        self.revoke(tokens.access_token.clone());
        let mut text = String::from("another ");
        text.push_str(claim);
        let failure = Failure::new(Code::IdentityMismatch).leaving(RefreshTokenState::Spent).explained(&text);
        let writing = Writing::new(None, self.session.fingerprint());
        self.write(writing, Write::Outcome(Outcome::Ended(failure)));
    }

    /// The access token has an unknown type. The reply's refresh token may be the only valid one, and is kept.
    pub(super) fn unknown_type(&mut self, tokens: &Tokens, error: Box<ServerError>) {
        let failure = Failure::new(Code::BadResponse).said(error);
        match (self.session.record.clone(), tokens.refresh_token.clone()) {
            (Some(mut record), Some(successor)) => {
                record.tokens.refresh_token = Some(successor);
                self.unmark(record, failure);
            }
            (_, _) => self.failed(failure.leaving(RefreshTokenState::Unknown)),
        }
    }

    /// No new tokens, and the session continues. The mark stays if the refresh token may be spent.
    pub(super) fn failed(&mut self, mut failure: Box<Failure>) {
        if self.attempt.was_in_doubt {
            failure.refresh_token = RefreshTokenState::Unknown;
        }
        let marked = self.session.record.clone().filter(|record| record.pending.is_some());
        match marked.filter(|_| failure.refresh_token == RefreshTokenState::Unspent) {
            Some(record) => self.unmark(record, failure),
            None => self.finish(failure),
        }
    }

    /// Removes the mark.
    pub(super) fn unmark(&mut self, mut record: Box<Record>, failure: Box<Failure>) {
        record.pending = None;
        record.retry_at = failure.retry_at;
        record.generation = self.session.generation_to_write(self.now);
        let writing = Writing::new(Some(record), self.session.fingerprint());
        self.write(writing, Write::Outcome(Outcome::Failed(failure)));
    }

    /// A refresh failed: callers wait for a retry, or are answered.
    pub(super) fn finish(&mut self, mut failure: Box<Failure>) {
        self.unlock();
        let allowed = match failure.refresh_token {
            RefreshTokenState::Unspent => true,
            RefreshTokenState::Unknown => {
                let doubt = self.session.record.as_deref().and_then(Record::in_doubt);
                doubt.is_some_and(|pending| self.options.policy.may_send_again(pending, self.now))
            }
            RefreshTokenState::Spent => false,
        };
        let transient = matches!(failure.code, Code::Unavailable | Code::OutcomeUnknown);
        let pause = if self.pacing.failures == 0 {
            backoff(self.pacing.tries, &mut self.random)
        } else {
            caller_pause(&mut self.random)
        };
        let until = failure.retry_at.unwrap_or(self.now + pause);
        let soon = until.since(self.now) <= LONGEST_WAIT;
        if transient && allowed && soon && self.pacing.tries <= self.options.policy.retries && !self.callers.is_empty()
        {
            self.pacing.rest = Some(Rest::new(until, failure));
            return;
        }
        self.pacing.tries = 0;
        self.pacing.failed();
        let until = failure.retry_at.unwrap_or(self.now + backoff(self.pacing.failures, &mut self.random));
        if failure.code == Code::OutcomeUnknown && allowed {
            // It may be sent again, so the only problem is that the server does not reply.
            failure.code = Code::Unavailable;
        }
        self.back_off(until, transient, allowed, failure.clone());
        self.serve_or_refuse(&failure);
        let next = self.background_at().known();
        self.notify(Event::RefreshFailed(failure, next));
    }

    /// Pauses without the lock. Callers wait if their deadlines allow it.
    pub(super) fn rest_until(&mut self, until: UnixTime, failure: Box<Failure>) {
        self.unlock();
        self.pacing.rest = Some(Rest::new(until, failure));
    }

    /// Answers callers with a failure of the storage or the lock, and pauses.
    pub(super) fn rest_after(&mut self, failure: Box<Failure>) {
        self.serve_or_refuse(&failure);
        let until = self.now + backoff(self.pacing.failures, &mut self.random);
        self.back_off(until, true, true, failure);
    }

    /// Pauses background requests until then. Requests for callers may be earlier (`sooner`), unless the server named the time. If a request
    /// may not be `repeated`, the next one is a probe, for which a caller does not wait longer than the background.
    fn back_off(&mut self, until: UnixTime, sooner: bool, repeated: bool, failure: Box<Failure>) {
        let mut rest = Rest::new(until, failure);
        if sooner && rest.failure.retry_at.is_none() {
            let soon = self.now + caller_pause(&mut self.random);
            rest.for_callers = if repeated { soon } else { until.min(soon) };
            rest.until = until.max(rest.for_callers);
        }
        self.pacing.rest = Some(rest);
    }

    /// The server refused the refresh token. The storage is read first, because another context may have stored a newer one.
    pub(super) fn refused(&mut self, error: Box<ServerError>, state: RefreshTokenState) {
        self.session.refresh_token_left = state;
        let failure = Failure::new(Code::SessionEnded).leaving(state).said(error);
        if self.attempt.excludes_all() {
            return self.read(Read::Confirm(failure));
        }
        // Without a lock another context may have new tokens that it has not stored yet.
        let pause = Duration::from_secs(1) + self.random.below(Duration::from_millis(500));
        self.enter(Phase::Reading(Wait::pause(self.now + pause), Read::Confirm(failure)));
    }

    /// The storage was read once more: is the refused refresh token still the stored one?
    pub(super) fn confirmed(&mut self, stored: Stored, failure: Box<Failure>) {
        let refused = self.session.fingerprint();
        if self.reconcile(stored) == Reconciled::Unreadable {
            return self.finish(self.failure(Code::StorageFailed));
        }
        if self.session.fingerprint() != refused {
            self.pacing.tries = 0;
            return self.unlock();
        }
        let Some(mut record) = self.session.record.clone() else {
            return self.unlock();
        };
        let good = !self.callers.are_refused() && record.tokens.access_token().is_some() && self.now < record.end();
        let (record, outcome) = if good {
            record.tokens.refresh_token = None;
            record.pending = None;
            record.generation = self.session.generation_to_write(self.now);
            (Some(record), Outcome::EndedLater(failure))
        } else {
            (None, Outcome::Ended(failure))
        };
        self.write(Writing::new(record, refused), Write::Outcome(outcome));
    }

    /// The end of the session is stored.
    pub(super) fn ended(&mut self, failure: Box<Failure>) {
        self.settled();
        self.session.absence = Code::SessionEnded;
        self.hold();
        self.refuse_all(&failure);
        self.announce(Source::SessionEnded);
        self.notify(Event::SessionEnded(failure));
    }

    /// The end of the session is stored. Its access token is granted until it expires.
    pub(super) fn ended_later(&mut self, failure: Box<Failure>) {
        self.settled();
        self.session.ended = true;
        self.hold();
        self.serve_or_refuse(&failure);
        self.notify(Event::SessionEnded(failure));
    }

    /// Orders the revocation of a token, if there is one.
    pub(super) fn revoke(&mut self, token: Option<Secret>) {
        self.effects.extend(token.map(Effect::Revoke));
    }
}
