//! One refresh, from top to bottom (RFC 6749 section 6):
//! **look → lock → re-read → mark → send → save → unlock → grant → notify.**
//! The lock is held only from the re-read to the save, and every write names the generation that it replaces (tests/GUARANTEES.md, G1 and
//! G5). Other cases are in `reply` (other replies), `doubt` (a refresh token that may be spent) and `conflict` (a storage that fails or
//! holds another record).

use alloc::boxed::Box;
use alloc::string::String;

use super::effect::{Effect, Effects, Event, Operation, Order, Source};
use super::failure::{Code, Failure};
use super::input::{EffectId, Reach};
use super::phase::{Outcome, Phase, Read, Sending, Wait, Write, Writing};
use super::session::Reconciled;
use super::Machine;
use crate::core::json::push_number;
use crate::core::oauth::id_token::mismatch;
use crate::core::oauth::response::{judge, RefreshTokenState, Reply, Verdict};
use crate::core::policy::{LONGEST_PATIENCE, LONGEST_WAIT, MARGIN};
use crate::core::record::{fingerprint, Pending, Record, Stored, Tokens};
use crate::core::time::{Duration, UnixTime};

impl<E: Effects> Machine<E> {
    /// Chooses the next step of an idle machine.
    pub(super) fn consider(&mut self) {
        if self.session.look_due {
            self.session.look_due = false;
            return self.read(Read::Look(None));
        }
        if self.session.deadline() <= self.now {
            return self.resave();
        }
        let unseen = self.callers.are_unseen();
        if !self.session.looked || (!self.session.can_refresh() && unseen) {
            if unseen || (!self.session.looked && self.background_at() <= self.now) {
                self.read(Read::Look(None));
            }
            return;
        }
        if !self.session.can_refresh() {
            return self.no_session();
        }
        if let Some(rest) = self.pacing.resting(self.now, !self.callers.is_empty()) {
            let too_long = rest.for_callers.since(self.now) > LONGEST_WAIT || !rest.failure.retryable();
            return self.answer_until(rest.for_callers, too_long, &rest.failure);
        }
        if !self.callers.is_empty() || self.background_due() {
            self.lock();
        }
    }

    /// The storage was read without the lock. `remembered`: the failure of the lock before.
    pub(super) fn looked(&mut self, stored: Stored, remembered: Option<Box<Failure>>) {
        if stored == Stored::Nothing && self.begin_initial() {
            return;
        }
        // The tokens of the options are used only if the storage is empty at the first read, not after a session ended.
        self.session.initial = None;
        if !self.session.looked {
            // A storage that works again is used at once.
            (self.pacing.rest, self.pacing.failures) = (None, 0);
        }
        self.reconcile(stored);
        if let Some(failure) = remembered {
            self.rest_after(failure.leaving(self.session.refresh_token_state()));
        }
    }

    fn lock(&mut self) {
        let id = self.next_id();
        self.enter(Phase::Locking(Wait { id, until: self.now + self.options.policy.lock_wait() }));
        self.effects.lock(id, self.options.policy.lease());
    }

    /// The lock was granted. If it is not awaited any more, it is released at once.
    pub(super) fn locked(&mut self, id: EffectId, reach: Reach) {
        if !self.is_locking(id) {
            self.effects.order(Order::Unlock, id);
            return;
        }
        self.attempt.lock = Some((id, reach));
        self.read(Read::UnderLock);
    }

    /// The storage was read under the lock: another context may have written.
    pub(super) fn reread(&mut self, stored: Stored) {
        if self.reconcile(stored) == Reconciled::Unreadable {
            return self.finish(self.failure(Code::StorageFailed));
        }
        self.send_or_leave();
    }

    /// Under the lock, with the stored record: is a refresh still needed, and may the refresh token be sent?
    pub(super) fn send_or_leave(&mut self) {
        let late = self.strays.late.take();
        let Some(record) = self.session.record.clone().filter(|_| self.session.can_refresh()) else {
            return self.unlock();
        };
        if let Some(late) = late.filter(|late| record.in_doubt().is_some_and(|mark| mark.attempt == late.attempt)) {
            let sending = Sending { sent_at: late.sent_at, with_nonce: true };
            return self.replied(sending, &late.reply);
        }
        if self.callers.is_empty() && !self.background_due() {
            return self.leave_it(record);
        }
        // A later time was written under a clock that was ahead.
        if let Some(retry_at) = record.retry_at.filter(|at| *at > self.now && at.since(self.now) <= LONGEST_PATIENCE) {
            let mut failure = Failure::new(Code::Unavailable);
            failure.retry_at = Some(retry_at);
            return self.rest_until(retry_at, failure);
        }
        if let Some(until) = self.pacing.limited_until(self.now) {
            let failure = self.failure(Code::Unavailable);
            return self.rest_until(until, failure);
        }
        // An own mark whose request was not sent leaves no doubt.
        match record.in_doubt().filter(|pending| self.attempt.unsent.as_ref() != Some(&pending.attempt)).cloned() {
            None => self.mark(record, None),
            Some(pending) => self.settle_doubt(record, &pending),
        }
    }

    /// Writes the mark. `doubt`: the mark of an earlier attempt with an unknown outcome.
    pub(super) fn mark(&mut self, mut record: Box<Record>, doubt: Option<Pending>) {
        let Some(name) = record.tokens.refresh_token.as_ref().map(fingerprint) else {
            return self.unlock();
        };
        let attempt = self.fresh_name();
        self.attempt.marks(&attempt, doubt.is_some(), self.now);
        let (started_at, probed_at) = doubt.map_or((self.now, None), |doubt| (doubt.started_at, doubt.probed_at));
        record.generation = self.session.generation_to_write(self.now);
        record.retry_at = None;
        record.pending = Some(Pending { attempt, started_at, fingerprint: name.clone(), probed_at });
        self.background.found_mark = false;
        self.write(Writing::new(Some(record), Some(name)), Write::Mark);
    }

    /// The mark is stored, so the request may be sent. If the device slept meanwhile, the storage is read first: another context may have
    /// taken the mark for abandoned and sent the refresh token.
    pub(super) fn marked(&mut self, writing: Box<Writing>) {
        self.session.wrote(writing.record);
        if self.attempt.is_mark_old(self.now) {
            return self.read(Read::UnderLock);
        }
        self.send(false);
    }

    pub(super) fn send(&mut self, with_nonce: bool) {
        let id = self.next_id();
        self.attempt.sends();
        self.pacing.sends(self.now);
        let until = self.now + self.options.policy.timeout + MARGIN;
        self.enter(Phase::Sending(Wait { id, until }, Sending { sent_at: self.now, with_nonce }));
        self.effects.order(Order::Send, id);
    }

    /// The reply to the token request. New tokens are saved; the other verdicts are handled in `reply`.
    pub(super) fn replied(&mut self, sending: Sending, reply: &Reply) {
        let verdict = judge(reply, self.options.response(), self.now);
        if let Verdict::Tokens(tokens) | Verdict::UnknownType(tokens, _) = &verdict {
            if let Some(claim) = self.another_persons(tokens, reply) {
                return self.mismatched(tokens, claim);
            }
        }
        match verdict {
            Verdict::Tokens(tokens) => self.save(tokens, sending.sent_at),
            Verdict::UnknownType(tokens, error) => self.unknown_type(&tokens, error),
            Verdict::Ended(error, state) => self.refused(error, state),
            Verdict::NonceWanted(error) => self.nonce_wanted(error, sending.with_nonce),
            Verdict::ClientRejected(error, state) => {
                self.failed(Failure::new(Code::ClientRejected).leaving(state).said(error));
            }
            Verdict::Unavailable(error, state, retry_at) => {
                let mut failure = Failure::new(Code::Unavailable).leaving(state).said(error);
                failure.retry_at = retry_at.map(|at| at.min(self.now + LONGEST_PATIENCE));
                self.failed(failure);
            }
            Verdict::Unreadable(error) => {
                self.failed(Failure::new(Code::BadResponse).leaving(RefreshTokenState::Unknown).said(error));
            }
        }
    }

    /// Saves the new tokens. Members that the reply omits are kept from the record (RFC 6749 section 6).
    fn save(&mut self, mut tokens: Box<Tokens>, sent_at: UnixTime) {
        let Some(current) = &self.session.record else {
            return self.unlock();
        };
        tokens.keep_from(&current.tokens);
        if tokens.access_token().is_none() {
            // The server extended an access token that the record does not have.
            return self.failed(Failure::new(Code::BadResponse).leaving(RefreshTokenState::Unknown));
        }
        let session = current.session.clone();
        let generation = self.session.generation_to_write(self.now);
        let record = Record { session, ..Record::new(*tokens, sent_at, generation) };
        let writing = Writing::new(Some(Box::new(record)), self.session.fingerprint());
        self.write(writing, Write::Outcome(Outcome::Refreshed));
    }

    pub(super) fn saved(&mut self, writing: Box<Writing>, outcome: Outcome) {
        self.session.wrote(writing.record);
        self.conclude(outcome);
    }

    /// The outcome is stored, or stays in memory: unlock, grant, notify.
    pub(super) fn conclude(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Refreshed => self.share(),
            Outcome::Failed(failure) => self.finish(failure),
            Outcome::Ended(failure) => self.ended(failure),
            Outcome::EndedLater(failure) => self.ended_later(failure),
            Outcome::Resaved => self.unlock(),
        }
    }

    fn share(&mut self) {
        if !self.callers.are_pressed() {
            self.pacing.earned();
        }
        self.settled();
        self.hold();
        // If the access token expired before it was stored, it is refreshed once more, and only once.
        let is_over = self.session.record.as_deref().is_some_and(|record| record.end() <= self.now);
        self.attempt.came_late = is_over && !self.attempt.came_late;
        if self.attempt.came_late {
            self.grant_served();
        } else {
            self.grant_all();
        }
        self.announce(Source::Refresh);
    }

    /// The refresh is finished: the session is renewed or over.
    pub(super) fn settled(&mut self) {
        self.pacing.start_over();
        self.session.ended = false;
        self.unlock();
    }

    /// Releases the lock, if it is held.
    pub(super) fn unlock(&mut self) {
        if let Some((id, _)) = self.attempt.lock.take() {
            self.effects.order(Order::Unlock, id);
        }
        self.enter(Phase::Idle);
    }

    /// Grants each caller whose demand the tokens meet.
    pub(super) fn grant_served(&mut self) {
        self.callers.waiting.retain(|caller| {
            let served = !caller.demand.force && self.session.serves(&caller.demand, self.now);
            if served {
                self.effects.order(Order::Grant, caller.id);
            }
            !served
        });
    }

    /// A refresh succeeded: all callers get its tokens, because there are no better ones.
    pub(super) fn grant_all(&mut self) {
        for caller in core::mem::take(&mut self.callers.waiting) {
            self.effects.order(Order::Grant, caller.id);
        }
    }

    /// Tells the driver which tokens to hand out.
    pub(super) fn hold(&mut self) {
        self.background.jitter = self.random.draw();
        self.effects.push(Effect::Hold(self.session.holding()));
    }

    pub(super) fn announce(&mut self, source: Source) {
        self.notify(Event::TokenChanged(source, self.session.generation()));
    }

    // Out of line, as it is called at eight places.
    #[inline(never)]
    pub(super) fn storage_failed(&mut self, operation: Operation) {
        self.notify(Event::StorageFailed(operation));
    }

    pub(super) fn notify(&mut self, event: Event) {
        self.effects.push(Effect::Notify(Box::new(event)));
    }
}

/// Helpers of all steps.
impl<E: Effects> Machine<E> {
    /// Adopts the result of a read, and grants callers.
    pub(super) fn reconcile(&mut self, stored: Stored) -> Reconciled {
        let first = !self.session.looked;
        let reconciled = self.session.reconcile(stored);
        self.callers.see(self.session.record.as_deref());
        if first {
            let in_doubt = self.session.record.as_deref().and_then(Record::in_doubt);
            self.background.found_mark = in_doubt.is_some_and(|pending| !self.is_own(pending));
        }
        match reconciled {
            Reconciled::Same => self.hold(),
            Reconciled::Changed => {
                self.pacing.rest = None;
                self.hold();
                self.announce(Source::Peer);
            }
            Reconciled::Unreadable => self.storage_failed(Operation::Load),
        }
        self.grant_served();
        reconciled
    }

    /// The claim by which the reply's id_token is another user's (OpenID Connect Core section 12.2).
    pub(super) fn another_persons(&self, tokens: &Tokens, reply: &Reply) -> Option<&'static str> {
        let stored = self.session.record.as_deref().and_then(|record| record.tokens.id_token.as_ref());
        let (new, stored) = tokens.id_token.as_ref().zip(stored)?;
        // The server's time, if it is known: this clock may be wrong by a day.
        let earliest_end =
            reply.date.map_or(self.now - Duration::from_secs(172_800), |date| date - Duration::from_secs(300));
        let (client, check) = (self.options.client(), self.options.identity_check());
        mismatch(new.reveal(), stored.reveal(), check, client.client_id(), earliest_end)
    }

    /// A failure with the current state of the refresh token.
    #[inline(never)]
    pub(super) fn failure(&self, code: Code) -> Box<Failure> {
        Failure::new(code).leaving(self.session.refresh_token_state())
    }

    // Out of line: the old phase is dropped here and not at each of thirty places (0.3 kB brotli).
    #[inline(never)]
    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// Takes the phase. The machine is idle until another one is entered.
    #[inline(never)]
    pub(super) fn leave(&mut self) -> Phase {
        core::mem::replace(&mut self.phase, Phase::Idle)
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    pub(super) fn is_locking(&self, id: EffectId) -> bool {
        matches!(self.phase, Phase::Locking(wait) if wait.id == id)
    }

    /// Begins a read.
    pub(super) fn read(&mut self, read: Read) {
        let id = self.next_id();
        self.effects.order(Order::Load, id);
        self.enter(Phase::Reading(Wait::on(id), read));
    }

    /// Begins a write that replaces the known stored generation.
    pub(super) fn write(&mut self, mut writing: Box<Writing>, write: Write) {
        let id = self.next_id();
        if let Some(record) = &mut writing.record {
            // A record of an older version has no owner.
            record.owner = self.options.owner.clone();
        }
        self.effects.save(id, writing.record.as_deref(), self.session.stored);
        self.enter(Phase::Writing(Wait::on(id), writing, write));
    }

    /// Ends the read of that id, if it is awaited.
    pub(super) fn end_read(&mut self, id: EffectId) -> Option<Read> {
        if !matches!(self.phase, Phase::Reading(wait, _) if wait.id == id) {
            return None;
        }
        let Phase::Reading(_, read) = self.leave() else { return None };
        Some(read)
    }

    /// Ends the write of that id, if it is awaited.
    pub(super) fn end_write(&mut self, id: EffectId) -> Option<(Box<Writing>, Write)> {
        if !matches!(self.phase, Phase::Writing(wait, ..) if wait.id == id) {
            return None;
        }
        let Phase::Writing(_, writing, write) = self.leave() else { return None };
        Some((writing, write))
    }

    /// Ends the request of that id, if it is awaited.
    pub(super) fn end_request(&mut self, id: EffectId) -> Option<Sending> {
        if !matches!(&self.phase, Phase::Sending(wait, _) if wait.id == id) {
            return None;
        }
        let Phase::Sending(_, sending) = self.leave() else { return None };
        Some(sending)
    }

    pub(super) fn next_id(&mut self) -> EffectId {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// A name that is unique among all contexts.
    pub(super) fn fresh_name(&mut self) -> String {
        let mut name = self.context.clone();
        name.push('-');
        push_number(&mut name, u64::from(self.next_id()));
        name
    }
}
