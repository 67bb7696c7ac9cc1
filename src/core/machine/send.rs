//! Under the lock: whether the refresh token is sent, and the mark that is written before it is (rotation safety,
//! invariants 3 and 7). A token that was perhaps spent is sent again where `Reuse` allows it, or as the alternative to
//! a new login.

use alloc::string::String;

use super::phase::{Phase, Sending, Writing};
use super::protocol::{Code, Demand, Effect, EffectId, Failure, Reach};
use super::session::Unsaved;
use super::Machine;
use crate::core::json::push_number;
use crate::core::oauth::response::RefreshTokenState;
use crate::core::policy::{backoff, LONGEST_PATIENCE, MARGIN, REQUESTS_PER_MINUTE};
use crate::core::record::{fingerprint, Pending};
use crate::core::time::{Duration, UnixTime};

/// So often a mark may be refused in a row.
const MARK_TRIES: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);

impl Machine {
    /// Under the lock, with what the storage holds now: is a refresh still needed, and may the refresh token be sent?
    pub(super) fn send_or_leave(&mut self, now: UnixTime) {
        let late = self.late.take();
        let Some(record) = self.session.record.clone().filter(|_| self.session.can_refresh()) else {
            return self.unlock();
        };
        if let Some(late) = late.filter(|late| record.in_doubt().is_some_and(|mark| mark.attempt == late.attempt)) {
            let order = self.next_id();
            self.enter(Phase::Sending(Sending { order, sent_at: late.sent_at, with_nonce: true }));
            return self.replied(now, order, &late.reply);
        }
        if self.callers.is_empty() && !self.background_due(now) {
            // whoever wrote in between brought what was wanted
            self.refusals = 0;
            // or their time was over before our own mark was stored: nobody else can know that nothing was sent
            if record.in_doubt().is_some_and(|mark| self.unsent.as_ref() == Some(&mark.attempt)) {
                return self.unmark(record, Failure::new(Code::Timeout));
            }
            return self.unlock();
        }
        // One that is further away was written by a clock that was ahead.
        if let Some(retry_at) = record.retry_at.filter(|at| *at > now && at.since(now) <= LONGEST_PATIENCE) {
            let failure = Failure { retry_at: Some(retry_at), ..Failure::new(Code::Unavailable) };
            return self.rest_until(retry_at, failure);
        }
        if let Some(oldest) = self.too_many_requests(now) {
            let failure = Failure::new(Code::Unavailable).leaving(self.doubt_state());
            return self.rest_until(oldest + MINUTE, failure);
        }
        // A mark whose request never left is no doubt, though its write seemed to fail.
        match record.in_doubt().filter(|pending| self.unsent.as_ref() != Some(&pending.attempt)).cloned() {
            None => self.mark(now, None),
            Some(pending) => self.settle_doubt(now, &pending),
        }
    }

    /// The refresh token was perhaps spent already.
    fn settle_doubt(&mut self, now: UnixTime, pending: &Pending) {
        let unknown = Failure::new(Code::OutcomeUnknown).leaving(RefreshTokenState::Unknown);
        let theirs = !pending.attempt.starts_with(&self.context);
        // Whoever writes a mark although the lock is ours holds it too: it was stolen.
        let alone = matches!(self.lock, Some((_, Reach::AllContexts))) && self.refusals == 0;
        let probed_at = pending.probed_at.filter(|at| *at <= now);
        let given_up = pending.started_at.max(probed_at.unwrap_or_default()) + self.policy.timeout + MARGIN;
        if theirs && !alone && now < given_up && now + MARGIN >= pending.started_at {
            // Without a lock that its owner respects, the request may still be out: its result is worth waiting for. No two
            // devices have the same time; a mark from further in the future was written by a clock that was wrong.
            let pause = Duration::from_millis(500) + self.random.below(Duration::from_millis(500));
            return self.rest_until(given_up.min(now + pause), unknown);
        }
        if self.policy.may_send_again(pending, now) {
            return self.mark(now, Some(Pending { probed_at: None, ..pending.clone() }));
        }
        if !self.somebody_needs(now) {
            self.unlock();
            return self.serve_or_refuse(now, &unknown);
        }
        // The alternative is a new login. A probe that was itself lost leaves things as they were, so there may be another.
        let pause = probed_at.map(|at| at + backoff(self.failures, &mut self.random));
        match pause.filter(|until| *until > now) {
            Some(until) => self.rest_until(until, unknown),
            None => self.mark(now, Some(Pending { probed_at: Some(now), ..pending.clone() })),
        }
    }

    /// Writes that a refresh token is about to be sent; `doubt` if it was sent before.
    fn mark(&mut self, now: UnixTime, doubt: Option<Pending>) {
        let Some(mut record) = self.session.record.clone() else {
            return self.unlock();
        };
        let Some(name) = record.tokens.refresh_token().map(|token| fingerprint(&token)) else {
            return self.unlock();
        };
        let attempt = self.name(self.last_id);
        self.was_in_doubt = doubt.is_some();
        self.unsent = doubt.is_none().then(|| attempt.clone());
        let (started_at, probed_at) = doubt.map_or((now, None), |doubt| (doubt.started_at, doubt.probed_at));
        record.generation = self.session.generation_to_write(self.now);
        record.retry_at = None;
        record.pending = Some(Pending { attempt, started_at, fingerprint: name.clone(), probed_at });
        self.found_doubt = false;
        self.marked_at = now;
        let writing = self.save(Some(record), Some(name), 0);
        self.enter(Phase::Marking(writing));
    }

    /// The mark is stored: now the request may go. A device that slept in between may have been given up by others, who
    /// then sent the token themselves: what they left is read first.
    pub(super) fn marked(&mut self, now: UnixTime) {
        if now.since(self.marked_at) > MARGIN {
            return self.reread();
        }
        self.send(now, false);
    }

    /// A name that no other context and no other order of this one has.
    pub(super) fn name(&self, order: EffectId) -> String {
        let mut name = self.context.clone();
        name.push('-');
        push_number(&mut name, u64::from(order));
        name
    }

    /// The mark cannot be written. To spend the token all the same risks it if this context dies, so that is done only
    /// where the alternative is to turn a caller away.
    pub(super) fn unmarked(&mut self, now: UnixTime, writing: Writing) {
        if !self.somebody_needs(now) {
            return self.finish(now, &Failure::new(Code::StorageFailed).leaving(self.doubt_state()));
        }
        let unsaved = Unsaved { replaces: writing.replaces, decides: None, retry_at: now + MINUTE, failures: 0 };
        self.session.keep_unsaved(writing.record, unsaved);
        self.send(now, false);
    }

    /// The mark was refused: somebody wrote in between, and is read. A storage whose reads lag behind would have that for
    /// ever, so there is a limit.
    pub(super) fn mark_refused(&mut self, now: UnixTime) {
        self.refusals = self.refusals.saturating_add(1);
        if self.refusals > MARK_TRIES {
            self.refusals = 0;
            let until = now + backoff(2, &mut self.random);
            return self.rest_until(until, Failure::new(Code::StorageFailed).leaving(self.doubt_state()));
        }
        self.reread();
    }

    /// Whether the access token has run out, or was refused by a resource server, for somebody who waits. To want a newer
    /// one is no need.
    fn somebody_needs(&self, now: UnixTime) -> bool {
        let any = Demand::default();
        self.callers
            .iter()
            .any(|caller| !self.session.still_good(if caller.pressed { &caller.demand } else { &any }, now))
    }

    pub(super) fn send(&mut self, now: UnixTime, with_nonce: bool) {
        let order = self.next_id();
        self.unsent = None;
        self.refusals = 0;
        self.tries = self.tries.saturating_add(1);
        self.unearned.push(now);
        self.enter(Phase::Sending(Sending { order, sent_at: now, with_nonce }));
        self.effects.push(Effect::Send(order));
    }

    /// No request before then. Who can wait waits, without the lock.
    fn rest_until(&mut self, until: UnixTime, failure: Failure) {
        self.unlock();
        self.rest = Some((until, failure));
    }

    /// The oldest of the last minute's requests that brought nothing, if there were too many (a limit no failure breaks).
    fn too_many_requests(&mut self, now: UnixTime) -> Option<UnixTime> {
        self.unearned.retain(|at| now.since(*at) < MINUTE && *at <= now);
        self.unearned.first().copied().filter(|_| self.unearned.len() >= REQUESTS_PER_MINUTE)
    }
}
