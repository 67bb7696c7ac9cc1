//! One refresh on its way: look → lock → re-read → mark pending → send → save → unlock.
//! The lock is held from the re-read to the save and not longer; every write names the generation it replaces
//! (rotation safety, invariants 2 to 9). What a reply does to the session is in `reply`.

use alloc::boxed::Box;
use alloc::string::String;

use super::phase::{Orphan, Phase, Wait, Writing};
use super::protocol::{Code, Effect, EffectId, Event, Failure, Operation, Reach, Sent};
use super::reply::Outcome;
use super::session::Reconciled;
use super::Machine;
use crate::core::oauth::response::RefreshTokenState;
use crate::core::policy::{backoff, LONGEST_WAIT};
use crate::core::record::{Record, Stored};
use crate::core::time::UnixTime;

impl Machine {
    /// A hint that the storage changed. Whatever phase reads it next will see; only an idle machine looks for itself.
    pub(super) fn look_again(&mut self) {
        self.hinted = !self.is_idle();
        if !self.hinted {
            self.look(None);
        }
    }

    pub(super) fn look(&mut self, remembered: Option<Failure>) {
        let order = self.next_id();
        self.enter(Phase::Looking(order, remembered));
        self.effects.push(Effect::Load(order));
    }

    pub(super) fn lock(&mut self) {
        let order = self.next_id();
        self.enter(Phase::Locking(order, None));
        self.effects.push(Effect::Lock(order));
    }

    pub(super) fn locked(&mut self, order: EffectId, reach: Reach) {
        if !matches!(self.phase, Phase::Locking(waited, _) if waited == order) {
            self.effects.push(Effect::Unlock(order));
            return;
        }
        self.lock = Some((order, reach));
        self.reread();
    }

    pub(super) fn lock_failed(&mut self, order: EffectId) {
        if matches!(self.phase, Phase::Locking(waited, _) if waited == order) {
            self.notify(Event::StorageFailed(Operation::Lock));
            self.look(Some(Failure::new(Code::LockTimeout)));
        }
    }

    /// What a read brought, for whichever phase waits for it.
    pub(super) fn loaded(&mut self, now: UnixTime, order: EffectId, stored: Stored) {
        if self.change_loaded(order, &stored) {
            return;
        }
        match self.leave() {
            Phase::Looking(waited, remembered) if waited == order => self.looked(now, stored, remembered),
            Phase::Rereading(waited) if waited == order => self.reread_done(now, stored),
            Phase::Confirming(Wait::For(waited), failure) if waited == order => self.confirmed(now, stored, failure),
            Phase::Conflicting(waited, writing, outcome) if waited == order => {
                self.conflict_seen(now, stored, *writing, outcome);
            }
            other => self.enter(other),
        }
    }

    pub(super) fn load_failed(&mut self, now: UnixTime, order: EffectId) {
        if self.change_load_failed(order) {
            return;
        }
        match self.leave() {
            Phase::Looking(waited, remembered) if waited == order => {
                self.notify(Event::StorageFailed(Operation::Load));
                // what is remembered has to do
                self.unread = false;
                self.hold();
                self.failures = self.failures.saturating_add(1);
                let failure =
                    remembered.unwrap_or_else(|| Failure::new(Code::StorageFailed)).leaving(self.doubt_state());
                self.serve_or_refuse(now, &failure);
                self.rest = Some((now + backoff(self.failures, &mut self.random), failure));
            }
            // A session that the storage never held lives in memory alone.
            Phase::Rereading(waited) if waited == order && self.is_memory_only() => self.send_or_leave(now),
            Phase::Rereading(waited) if waited == order => self.storage_gave_up(now),
            Phase::Conflicting(waited, writing, outcome) if waited == order => match outcome {
                Outcome::Ended(_) | Outcome::EndedLater(_) => self.storage_gave_up(now),
                // What the server gave is kept, whoever wrote in between.
                Outcome::Refreshed | Outcome::Failed(_) | Outcome::Resaved => {
                    self.notify(Event::StorageFailed(Operation::Load));
                    self.unsaved(now, *writing, outcome);
                }
            },
            Phase::Confirming(Wait::For(waited), _) if waited == order => self.storage_gave_up(now),
            other => self.enter(other),
        }
    }

    pub(super) fn saved(&mut self, now: UnixTime, order: EffectId) {
        if self.change_saved(now, order) {
            return;
        }
        match self.leave() {
            Phase::Marking(writing) if writing.wait == Wait::For(order) => {
                self.session.wrote(writing.record);
                self.marked(now);
            }
            Phase::Saving(writing, outcome) if writing.wait == Wait::For(order) => {
                self.session.wrote(writing.record);
                self.conclude(now, outcome);
            }
            other => self.enter(other),
        }
    }

    pub(super) fn save_refused(&mut self, now: UnixTime, order: EffectId) {
        if self.change_save_refused(now, order) {
            return;
        }
        self.session.refuted = true;
        match self.leave() {
            Phase::Marking(writing) if writing.wait == Wait::For(order) => self.mark_refused(now),
            Phase::Saving(writing, outcome) if writing.wait == Wait::For(order) => {
                let load = self.next_id();
                self.effects.push(Effect::Load(load));
                self.enter(Phase::Conflicting(load, writing, outcome));
            }
            other => self.enter(other),
        }
    }

    pub(super) fn save_failed(&mut self, now: UnixTime, order: EffectId) {
        if self.change_save_failed(now, order) {
            return;
        }
        match self.leave() {
            Phase::Marking(mut writing) if writing.wait == Wait::For(order) => {
                self.notify(Event::StorageFailed(Operation::Save));
                if writing.try_later(now) {
                    self.enter(Phase::Marking(writing));
                } else {
                    self.unmarked(now, *writing);
                }
            }
            Phase::Saving(mut writing, outcome) if writing.wait == Wait::For(order) => {
                self.notify(Event::StorageFailed(Operation::Save));
                if writing.try_later(now) {
                    self.enter(Phase::Saving(writing, outcome));
                } else {
                    self.unsaved(now, *writing, outcome);
                }
            }
            other => self.enter(other),
        }
    }

    pub(super) fn unreachable(&mut self, now: UnixTime, order: EffectId, sent: Sent) {
        if !matches!(&self.phase, Phase::Sending(sending) if sending.order == order) {
            self.orphans.retain(|orphan| orphan.order != order);
            return;
        }
        let (code, state) = match sent {
            Sent::Provably => (Code::Unavailable, RefreshTokenState::Unspent),
            Sent::TimedOut => (Code::Unavailable, RefreshTokenState::Unknown),
            Sent::Unbuildable => (Code::ClientRejected, RefreshTokenState::Unspent),
            Sent::Perhaps => (Code::OutcomeUnknown, RefreshTokenState::Unknown),
        };
        self.failed(now, Failure::new(code).leaving(state));
    }

    /// Gives up whatever is under way, because somebody decided otherwise. A request that is out comes back to nobody.
    pub(super) fn abandon(&mut self, revoke: bool) {
        match self.leave() {
            Phase::Locking(order, _) => self.effects.push(Effect::Unlock(order)),
            Phase::Sending(sending) => self.orphans.push(Orphan { order: sending.order, revoke }),
            Phase::Idle
            | Phase::Looking(..)
            | Phase::Rereading(_)
            | Phase::Marking(_)
            | Phase::Confirming(..)
            | Phase::Saving(..)
            | Phase::Conflicting(..) => {}
        }
        self.tries = 0;
        self.rest = None;
        self.unlock();
    }

    // What is left is dropped here and not at each of thirty places (0.3 kB brotli).
    #[inline(never)]
    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// What was under way, to go on with; nothing is, until a phase is entered again.
    #[inline(never)]
    pub(super) fn leave(&mut self) -> Phase {
        core::mem::replace(&mut self.phase, Phase::Idle)
    }

    /// Lets go of the lock, if it is held.
    pub(super) fn unlock(&mut self) {
        if let Some((order, _)) = self.lock.take() {
            self.effects.push(Effect::Unlock(order));
        }
        self.enter(Phase::Idle);
    }

    /// Starts a write of that record in place of what the storage is known to hold.
    pub(super) fn save(&mut self, record: Option<Record>, replaces: Option<String>, tries: u32) -> Box<Writing> {
        let order = self.next_id();
        self.effects.push(Effect::Save(order, record.clone().map(Box::new), self.session.stored));
        Box::new(Writing { wait: Wait::For(order), record, tries, replaces })
    }

    /// Goes on where time was waited for.
    pub(super) fn phase_woke(&mut self, now: UnixTime) {
        let due = self.phase_deadline().is_some_and(|at| at <= now);
        match self.leave() {
            Phase::Locking(order, None) => self.enter(Phase::Locking(order, Some(now + self.policy.lock_wait()))),
            Phase::Locking(order, Some(_)) if due => {
                self.effects.push(Effect::Unlock(order));
                self.look(Some(Failure::new(Code::LockTimeout)));
            }
            Phase::Marking(writing) if due => {
                let writing = self.save(writing.record, writing.replaces, writing.tries);
                self.enter(Phase::Marking(writing));
            }
            Phase::Saving(writing, outcome) if due => {
                let writing = self.save(writing.record, writing.replaces, writing.tries);
                self.enter(Phase::Saving(writing, outcome));
            }
            Phase::Confirming(_, failure) if due => self.confirm(failure),
            Phase::Sending(sending) if due => {
                let order = sending.order;
                // It may have been the clock that was set: a reply that comes yet is worth having.
                let mark = self.session.record.as_ref().and_then(|record| record.pending.as_ref());
                self.overdue = mark.map(|mark| (order, sending.sent_at, mark.attempt.clone()));
                self.enter(Phase::Sending(sending));
                self.unreachable(now, order, Sent::TimedOut);
            }
            other => self.enter(other),
        }
    }

    pub(super) fn confirm(&mut self, failure: Failure) {
        let order = self.next_id();
        self.effects.push(Effect::Load(order));
        self.enter(Phase::Confirming(Wait::For(order), failure));
    }

    /// What a caller must think of the refresh token while a request is out or its outcome is unknown.
    pub(super) fn doubt_state(&self) -> RefreshTokenState {
        let in_doubt = self.session.record.as_ref().and_then(Record::in_doubt).is_some();
        if in_doubt {
            RefreshTokenState::Unknown
        } else {
            RefreshTokenState::Unspent
        }
    }

    pub(super) fn reread(&mut self) {
        let order = self.next_id();
        self.enter(Phase::Rereading(order));
        self.effects.push(Effect::Load(order));
    }

    fn looked(&mut self, now: UnixTime, stored: Stored, remembered: Option<Failure>) {
        if stored == Stored::Nothing && self.begin_initial(now) {
            return;
        }
        // Only for a storage that was empty at first: what ends later has ended.
        self.initial = None;
        if !self.session.looked {
            // A storage that is back is used at once, however often it failed before.
            (self.rest, self.failures) = (None, 0);
        }
        self.reconcile(stored);
        if let Some(failure) = remembered {
            let failure = failure.leaving(self.doubt_state());
            self.serve_or_refuse(now, &failure);
            self.rest = Some((now + backoff(self.failures, &mut self.random), failure));
        }
    }

    fn reread_done(&mut self, now: UnixTime, stored: Stored) {
        if self.reconcile(stored) == Reconciled::Unreadable {
            self.finish(now, &Failure::new(Code::StorageFailed).leaving(self.doubt_state()));
            return;
        }
        self.send_or_leave(now);
    }

    fn storage_gave_up(&mut self, now: UnixTime) {
        self.notify(Event::StorageFailed(Operation::Load));
        let failure = Failure::new(Code::StorageFailed).leaving(self.doubt_state());
        self.finish(now, &failure);
    }

    fn is_memory_only(&self) -> bool {
        self.session.unsaved.is_some() && self.session.stored.is_none()
    }

    /// An idle machine looks at what is wanted.
    pub(super) fn consider(&mut self, now: UnixTime) {
        if self.hinted {
            return self.look_again();
        }
        if self.session.unsaved.as_ref().is_some_and(|unsaved| unsaved.retry_at <= now) {
            return self.resave();
        }
        let unseen = self.callers.iter().any(|caller| !caller.seen);
        if !self.session.looked || (!self.session.can_refresh() && unseen) {
            let due = !self.session.looked && self.background_at().is_some_and(|at| at <= now);
            if unseen || due {
                self.look(None);
            }
            return;
        }
        if !self.session.can_refresh() {
            return self.no_session(now);
        }
        if let Some((until, failure)) = self.rest.clone().filter(|(until, _)| *until > now) {
            let too_long = until.since(now) > LONGEST_WAIT || !failure.retryable();
            return self.answer_until(now, until, too_long, &failure);
        }
        if !self.callers.is_empty() || self.background_due(now) {
            self.lock();
            self.phase_woke(now);
        }
    }

    pub(super) fn resumed(&mut self, now: UnixTime) {
        // What the server asked for stands; what was only our own caution does not.
        self.rest = self.rest.take().filter(|(_, failure)| failure.retry_at.is_some_and(|at| at > now));
        self.look_before_anything();
    }

    /// Whoever asks waits for the look; not for a request that is out, which may hang.
    pub(super) fn look_before_anything(&mut self) {
        // A page that comes back says so by two events or three, and hears a hint besides.
        self.unread |= self.is_idle() || matches!(self.phase, Phase::Looking(..));
        self.hold();
        self.look_again();
    }
}
