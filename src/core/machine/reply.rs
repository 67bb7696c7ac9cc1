//! What a reply does to the session: new tokens are stored before anybody sees them, only a confirmed `invalid_grant`
//! (RFC 6749 section 5.2) ends it, and everything else keeps the tokens (rotation safety, invariants 4, 6 and 10).

use super::phase::{Phase, Wait, Writing};
use super::protocol::{Code, Effect, EffectId, Event, Failure, Late, Source};
use super::session::{refresh_token_of, Reconciled, Unsaved, MOST_BACKOFFS, PATIENT_RESAVES};
use super::{Machine, Reach};
use crate::core::oauth::id_token::is_somebody_elses;
use crate::core::oauth::response::{judge, RefreshTokenState, Reply, Verdict};
use crate::core::policy::{backoff, LONGEST_PATIENCE, LONGEST_WAIT, MARGIN};
use crate::core::record::{Record, Stored, Tokens};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// A write that keeps losing against others is given up after this many rounds.
const CONFLICT_TRIES: u32 = 8;

/// What a write brings about once it is stored.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// New tokens.
    Refreshed,
    /// The refresh failed without touching the refresh token: the mark is taken back.
    Failed(Failure),
    /// The session is forgotten.
    Ended(Failure),
    /// The session has ended, and its access token outlives it: only the refresh token is forgotten.
    EndedLater(Failure),
    /// Tokens that were in memory only are stored at last.
    Resaved,
}

impl Machine {
    pub(super) fn replied(&mut self, now: UnixTime, order: EffectId, reply: &Reply) {
        let sending = match self.leave() {
            Phase::Sending(sending) if sending.order == order => sending,
            other => {
                self.enter(other);
                if let Some((_, sent_at, attempt)) = self.overdue.take_if(|overdue| overdue.0 == order) {
                    self.rest = None;
                    self.late = Some(Late { attempt, sent_at, reply: reply.clone() });
                    return;
                }
                return self.orphan_replied(now, order, reply);
            }
        };
        let verdict = judge(reply, self.options.json(), now);
        if let Verdict::Tokens(tokens) | Verdict::UnknownType(tokens, _) = &verdict {
            if self.are_somebody_elses(tokens, reply, now) {
                return self.mismatched(tokens);
            }
        }
        match verdict {
            Verdict::Tokens(tokens) => self.refreshed(tokens, sending.sent_at),
            Verdict::UnknownType(tokens, error) => {
                let failure = Failure::new(Code::BadResponse).said(error);
                self.unknown_type(now, &tokens, failure);
            }
            Verdict::Ended(error) => {
                let failure = Failure::new(Code::SessionEnded).leaving(RefreshTokenState::Spent).said(error);
                self.refused(now, failure);
            }
            // Others give a mark up by its age: after that nothing more is sent under it.
            Verdict::NonceWanted(error) if now.since(self.marked_at) > MARGIN => {
                self.failed(now, Failure::new(Code::Unavailable).said(error));
            }
            Verdict::NonceWanted(_) if !sending.with_nonce => self.send(now, true),
            Verdict::NonceWanted(error) => self.failed(now, Failure::new(Code::ClientRejected).said(error)),
            Verdict::ClientRejected(error, state) => {
                self.failed(now, Failure::new(Code::ClientRejected).leaving(state).said(error));
            }
            Verdict::Unavailable(error, state, retry_at) => {
                let failure = Failure::new(Code::Unavailable).leaving(state).said(error);
                let retry_at = retry_at.map(|at| at.min(now + LONGEST_PATIENCE));
                self.failed(now, Failure { retry_at, ..failure });
            }
            Verdict::Unreadable(error) => {
                let failure = Failure::new(Code::BadResponse).leaving(RefreshTokenState::Unknown).said(error);
                self.failed(now, failure);
            }
        }
    }

    /// OpenID Connect Core section 12.2: the reply is rejected, if its id_token is of another person than the session's.
    fn are_somebody_elses(&self, tokens: &Tokens, reply: &Reply, now: UnixTime) -> bool {
        let stored = self.session.record.as_ref().and_then(|record| record.tokens.text("id_token"));
        let Some((new, stored)) = tokens.text("id_token").zip(stored) else {
            return false;
        };
        // By the server's own time; this clock may be a day wrong.
        let earliest_end =
            reply.date.map_or(now - Duration::from_secs(172_800), |date| date - Duration::from_secs(300));
        is_somebody_elses(&new, &stored, &self.options.json().text("client_id"), earliest_end)
    }

    /// Nothing of such a reply is stored, not even its refresh token (rotation safety, invariant 6): the session ends.
    fn mismatched(&mut self, tokens: &Tokens) {
        self.revoke(tokens, "refresh_token");
        self.revoke(tokens, "access_token");
        let failure = Failure::new(Code::IdentityMismatch).leaving(RefreshTokenState::Spent);
        let writing = self.save(None, self.session.fingerprint(), 0);
        self.enter(Phase::Saving(writing, Outcome::Ended(failure)));
    }

    /// No new tokens, and the session goes on. A mark stays where the refresh token may be spent.
    pub(super) fn failed(&mut self, now: UnixTime, mut failure: Failure) {
        if self.was_in_doubt {
            failure.refresh_token = RefreshTokenState::Unknown;
        }
        let marked = self.session.record.clone().filter(|record| record.pending.is_some());
        match marked.filter(|_| failure.refresh_token == RefreshTokenState::Unspent) {
            Some(record) => self.unmark(record, failure),
            None => self.finish(now, &failure),
        }
    }

    /// A failed refresh is over: callers wait for another try, or are answered.
    pub(super) fn finish(&mut self, now: UnixTime, failure: &Failure) {
        self.unlock();
        let allowed = match failure.refresh_token {
            RefreshTokenState::Unspent => true,
            RefreshTokenState::Unknown => {
                let doubt = self.session.record.as_ref().and_then(Record::in_doubt);
                doubt.is_some_and(|pending| self.policy.may_send_again(pending, now))
            }
            RefreshTokenState::Spent => false,
        };
        let transient = matches!(failure.code, Code::Unavailable | Code::OutcomeUnknown);
        let until = failure.retry_at.unwrap_or(now + backoff(self.tries, &mut self.random));
        let soon = until.since(now) <= LONGEST_WAIT;
        if transient && allowed && soon && self.tries <= self.policy.retries && !self.callers.is_empty() {
            self.rest = Some((until, failure.clone()));
            return;
        }
        self.tries = 0;
        self.failures = self.failures.saturating_add(1);
        let until = failure.retry_at.unwrap_or(now + backoff(self.failures, &mut self.random));
        let mut failure = failure.clone();
        if failure.code == Code::OutcomeUnknown && allowed {
            // Nothing forbids sending it again: it is only that nobody answers.
            failure.code = Code::Unavailable;
        }
        self.rest = Some((until, failure.clone()));
        self.serve_or_refuse(now, &failure);
        let next = self.background_at();
        self.notify(Event::RefreshFailed(failure, next));
    }

    /// The storage was read once more after `invalid_grant`: is it still the refused refresh token that stands there?
    pub(super) fn confirmed(&mut self, now: UnixTime, stored: Stored, failure: Failure) {
        let refused = self.session.fingerprint();
        if self.reconcile(stored) == Reconciled::Unreadable {
            return self.finish(now, &Failure::new(Code::StorageFailed).leaving(self.doubt_state()));
        }
        if self.session.fingerprint() != refused {
            self.tries = 0;
            return self.unlock();
        }
        let Some(mut record) = self.session.record.clone() else {
            return self.unlock();
        };
        let good = self.callers.iter().all(|caller| caller.demand.rejected.is_none() || !caller.pressed)
            && record.tokens.access_token().is_some()
            && record.expires_at().is_none_or(|end| now < end);
        let (record, outcome) = if good {
            record.tokens.remove("refresh_token");
            record.pending = None;
            record.generation = self.session.generation_to_write(self.now);
            (Some(record), Outcome::EndedLater(failure))
        } else {
            (None, Outcome::Ended(failure))
        };
        let writing = self.save(record, refused, 0);
        self.enter(Phase::Saving(writing, outcome));
    }

    /// The write is stored; or it never will be for now, and memory has to do.
    pub(super) fn conclude(&mut self, now: UnixTime, outcome: Outcome) {
        match outcome {
            Outcome::Refreshed => {
                if !self.callers.iter().any(|caller| caller.pressed) {
                    self.unearned.clear();
                }
                self.settled();
                self.hold();
                // A save can take longer than the token lives: then it is refreshed once more, and only once.
                let ran_out = self.session.record.as_ref().and_then(Record::expires_at).is_some_and(|end| end <= now);
                self.came_late = ran_out && !self.came_late;
                if self.came_late {
                    self.grant_served(now);
                } else {
                    self.grant_all();
                }
                self.announce(Source::Refresh);
            }
            Outcome::Failed(failure) => self.finish(now, &failure),
            Outcome::Ended(failure) => {
                self.settled();
                self.session.absence = Code::SessionEnded;
                self.hold();
                self.refuse_all(&failure);
                self.announce(Source::SessionEnded);
                self.notify(Event::SessionEnded(failure));
            }
            Outcome::EndedLater(failure) => {
                self.settled();
                self.session.ended = true;
                self.hold();
                self.serve_or_refuse(now, &failure);
                self.notify(Event::SessionEnded(failure));
            }
            Outcome::Resaved => self.unlock(),
        }
    }

    /// The write was refused, and this is what stands in its way.
    pub(super) fn conflict_seen(&mut self, now: UnixTime, stored: Stored, mut writing: Writing, outcome: Outcome) {
        let theirs = match &stored {
            Stored::Record(record) => Some(record.as_ref()),
            Stored::Nothing | Stored::Unreadable(_) => None,
        };
        let matters = writing.brings_something(&outcome);
        let written = theirs.zip(writing.record.as_ref()).is_some_and(|(theirs, ours)| theirs.tokens == ours.tokens);
        let forgotten = stored == Stored::Nothing && writing.record.is_none();
        if (written || forgotten) && matters {
            // Our own write, whose acknowledgement was lost.
            self.session.wrote(theirs.cloned());
            return self.conclude(now, outcome);
        }
        if matters && self.resaves() < PATIENT_RESAVES && self.session.is_stale_read(&stored) {
            // Older than what this context wrote: a replica that lags, which says nothing of who won.
            return self.unsaved(now, writing, outcome);
        }
        let same_token = theirs.is_some() && refresh_token_of(theirs) == writing.replaces;
        let ours_wins = same_token || self.session.overrules(writing.record.as_ref(), theirs);
        if ours_wins && matters {
            // Whoever wrote meanwhile still holds the refresh token that this result replaces.
            self.session.saw_generation(&stored);
            if writing.tries >= CONFLICT_TRIES {
                return self.unsaved(now, writing, outcome);
            }
            if let Some(record) = &mut writing.record {
                record.generation = self.session.generation_to_write(self.now);
            }
            let writing = self.save(writing.record, writing.replaces, writing.tries.saturating_add(1));
            self.enter(Phase::Saving(writing, outcome));
            return;
        }
        if stored == Stored::Nothing && matches!(outcome, Outcome::Refreshed) {
            // Signed out elsewhere: the successor is nobody's.
            if let Some(record) = &writing.record {
                self.revoke(&record.tokens, "refresh_token");
            }
        }
        self.session.unsaved = None;
        self.reconcile(stored);
        match outcome {
            Outcome::Failed(failure) => self.finish(now, &failure),
            Outcome::Refreshed | Outcome::Ended(_) | Outcome::EndedLater(_) | Outcome::Resaved => self.unlock(),
        }
    }

    /// The storage does not take the write: memory keeps it, and it is tried on.
    pub(super) fn unsaved(&mut self, now: UnixTime, writing: Writing, outcome: Outcome) {
        let matters = writing.brings_something(&outcome);
        match outcome {
            Outcome::Failed(failure) if !matters => return self.finish(now, &failure),
            Outcome::Resaved => {
                // Seconds at most: a storage that is back shall have it before another context gives this one up.
                let failures = writing.tries.saturating_add(self.resaves()).min(MOST_BACKOFFS);
                let pause = backoff(failures, &mut self.random);
                if let Some(unsaved) = &mut self.session.unsaved {
                    unsaved.failures = unsaved.failures.saturating_add(1);
                    unsaved.retry_at = now + pause;
                }
                return self.unlock();
            }
            Outcome::Refreshed | Outcome::Failed(_) | Outcome::Ended(_) | Outcome::EndedLater(_) => {}
        }
        let unsaved =
            Unsaved { replaces: writing.replaces, decides: None, retry_at: now + Duration::from_secs(1), failures: 0 };
        self.session.keep_unsaved(writing.record, unsaved);
        self.conclude(now, outcome);
    }

    /// Tries to store what is in memory only. No lock is needed: the generation decides.
    pub(super) fn resave(&mut self) {
        let replaces = self.session.unsaved.as_ref().and_then(|unsaved| unsaved.replaces.clone());
        let mut record = self.session.record.clone();
        if let Some(record) = &mut record {
            // Over nothing, past whatever was: a mark of the session that the login replaced may have its number by now.
            let past = match self.session.stored {
                Some(stored) => stored.saturating_add(1),
                None => self.session.generation_to_write(self.now),
            };
            record.generation = record.generation.max(past);
        }
        let writing = self.save(record, replaces, CONFLICT_TRIES / 2);
        self.enter(Phase::Saving(writing, Outcome::Resaved));
    }

    fn resaves(&self) -> u32 {
        self.session.unsaved.as_ref().map_or(0, |unsaved| unsaved.failures)
    }

    fn settled(&mut self) {
        self.tries = 0;
        self.failures = 0;
        self.rest = None;
        self.session.ended = false;
        self.unlock();
    }

    fn announce(&mut self, source: Source) {
        let generation = self.session.generation();
        self.notify(Event::TokenChanged(source, generation));
    }

    fn refreshed(&mut self, mut tokens: Tokens, sent_at: UnixTime) {
        let Some(current) = &self.session.record else {
            return self.unlock();
        };
        tokens.keep_from(&current.tokens);
        if tokens.access_token().is_none() {
            // The server extended a token that is not here.
            return self.failed(self.now, Failure::new(Code::BadResponse).leaving(RefreshTokenState::Unknown));
        }
        let session = current.session.clone();
        let record = Record { session, ..Record::new(tokens, sent_at, self.session.generation_to_write(self.now)) };
        let writing = self.save(Some(record), self.session.fingerprint(), 0);
        self.enter(Phase::Saving(writing, Outcome::Refreshed));
    }

    /// An access token that nobody can use came with a refresh token that may be the only one left: that one is kept.
    fn unknown_type(&mut self, now: UnixTime, tokens: &Tokens, failure: Failure) {
        match (self.session.record.clone(), tokens.refresh_token()) {
            (Some(mut record), Some(successor)) => {
                record.tokens.set_text("refresh_token", &successor);
                self.unmark(record, failure);
            }
            (_, _) => self.failed(now, failure.leaving(RefreshTokenState::Unknown)),
        }
    }

    pub(super) fn unmark(&mut self, mut record: Record, failure: Failure) {
        record.pending = None;
        record.retry_at = failure.retry_at;
        record.generation = self.session.generation_to_write(self.now);
        let writing = self.save(Some(record), self.session.fingerprint(), 0);
        self.enter(Phase::Saving(writing, Outcome::Failed(failure)));
    }

    fn refused(&mut self, now: UnixTime, failure: Failure) {
        if matches!(self.lock, Some((_, Reach::AllContexts))) {
            return self.confirm(failure);
        }
        // Without a lock a winner elsewhere may have its tokens and not have stored them yet.
        let pause = Duration::from_secs(1) + self.random.below(Duration::from_millis(500));
        self.enter(Phase::Confirming(Wait::Until(now + pause), failure));
    }

    /// The session of that request was given up; a sign-out that revokes also revokes what it still brought.
    fn orphan_replied(&mut self, now: UnixTime, order: EffectId, reply: &Reply) {
        let Some(index) = self.orphans.iter().position(|orphan| orphan.order == order) else {
            return;
        };
        let orphan = self.orphans.swap_remove(index);
        if let (true, Verdict::Tokens(tokens)) = (orphan.revoke, judge(reply, self.options.json(), now)) {
            self.revoke(&tokens, "refresh_token");
        }
    }

    /// Nobody needs that one of the tokens any more.
    pub(super) fn revoke(&mut self, tokens: &Tokens, name: &str) {
        self.effects.extend(tokens.text(name).map(Secret::new).map(Effect::Revoke));
    }
}
