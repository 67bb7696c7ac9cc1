//! A storage that fails, or holds another record than expected. Failed reads and writes are events. A result that cannot be saved stays
//! in memory and is saved later (tests/GUARANTEES.md, G5 and G36). After a lost compare-and-swap only a record with the refresh token that
//! the result replaces is overwritten (G2).

use alloc::boxed::Box;

use super::effect::{Effects, Operation};
use super::failure::{Code, Failure};
use super::input::EffectId;
use super::phase::{Outcome, Phase, Read, Wait, Write, Writing};
use super::session::{refresh_token_of, Unsaved, MOST_BACKOFFS, PATIENT_RESAVES};
use super::Machine;
use crate::core::policy::backoff;
use crate::core::record::Stored;
use crate::core::time::Duration;

/// Maximum number of writes that lose against other contexts.
const CONFLICT_TRIES: u32 = 8;

impl<E: Effects> Machine<E> {
    pub(super) fn lock_failed(&mut self, id: EffectId) {
        if self.is_locking(id) {
            self.storage_failed(Operation::Lock);
            self.read(Read::Look(Some(Failure::new(Code::StorageFailed))));
        }
    }

    /// Another context got the lock while this one was suspended. Nothing was sent or written, and the storage is read again.
    pub(super) fn lock_lost(&mut self, id: EffectId) {
        if self.end_request(id).is_some() {
            self.attempt.did_not_send();
            self.pacing.did_not_send();
            return self.unlock();
        }
        match self.end_write(id) {
            Some((_, Write::Mark)) => self.unlock(),
            Some((writing, Write::Outcome(outcome))) => {
                self.unlock();
                self.read(Read::Conflict(writing, outcome));
            }
            // A login or a sign-out needs no lock.
            Some((writing, Write::Change(change))) => self.write(writing, Write::Change(change)),
            None => {}
        }
    }

    /// A read without the lock failed: callers get what is known.
    pub(super) fn look_failed(&mut self, remembered: Option<Box<Failure>>) {
        self.storage_failed(Operation::Load);
        self.session.unread = false;
        self.hold();
        self.pacing.failed();
        let failure = remembered.unwrap_or_else(|| Failure::new(Code::StorageFailed));
        self.rest_after(failure.leaving(self.session.refresh_token_state()));
    }

    /// The read under the lock failed: no request, unless the session is in memory only.
    pub(super) fn reread_failed(&mut self) {
        // The storage never held this session.
        if self.session.unsaved.is_some() && self.session.stored == 0 {
            return self.send_or_leave();
        }
        self.storage_gave_up();
    }

    pub(super) fn storage_gave_up(&mut self) {
        self.storage_failed(Operation::Load);
        self.finish(self.failure(Code::StorageFailed));
    }

    /// A write failed, and may have been stored all the same. It is tried again; after the last try the record stays in memory.
    pub(super) fn save_failed(&mut self, mut writing: Box<Writing>, write: Write) {
        self.storage_failed(Operation::Save);
        if let Some(pause) = writing.next_try() {
            return self.enter(Phase::Writing(Wait::pause(self.now + pause), writing, write));
        }
        match write {
            Write::Mark => self.unmarked(writing),
            Write::Outcome(outcome) => self.unsaved(writing, outcome),
            Write::Change(change) => self.change_unsaved(writing, change),
        }
    }

    /// The write of a result was refused: another context wrote, and its record is read.
    pub(super) fn outcome_refused(&mut self, writing: Box<Writing>, outcome: Outcome) {
        self.session.refuted = true;
        self.read(Read::Conflict(writing, outcome));
    }

    /// The write of a result was refused, and the storage cannot be read.
    pub(super) fn conflict_unseen(&mut self, writing: Box<Writing>, outcome: Outcome) {
        match outcome {
            Outcome::Ended(_) | Outcome::EndedLater(_) => self.storage_gave_up(),
            // New tokens are kept, whatever another context wrote.
            Outcome::Refreshed | Outcome::Failed(_) | Outcome::Resaved => {
                self.storage_failed(Operation::Load);
                self.unsaved(writing, outcome);
            }
        }
    }

    /// The write of a result was refused, and this is stored instead.
    pub(super) fn conflict_seen(&mut self, stored: Stored, mut writing: Box<Writing>, outcome: Outcome) {
        let theirs = match &stored {
            Stored::Record(record) => Some(record.as_ref()),
            Stored::Nothing | Stored::Unreadable(_) | Stored::Foreign(_) => None,
        };
        let matters = writing.brings_something(&outcome);
        let written = theirs.zip(writing.record.as_deref()).is_some_and(|(theirs, ours)| theirs.tokens == ours.tokens);
        let forgotten = stored == Stored::Nothing && writing.record.is_none();
        if (written || forgotten) && matters {
            // This is our own write, whose acknowledgement was lost.
            self.session.wrote(theirs.cloned().map(Box::new));
            return self.conclude(outcome);
        }
        if matters && self.resaves() < PATIENT_RESAVES && self.session.is_stale_read(&stored) {
            // Older than a write of this context: a stale replica, which does not show the winner.
            return self.unsaved(writing, outcome);
        }
        let same_token = theirs.is_some() && refresh_token_of(theirs) == writing.replaces;
        let ours_wins = same_token || self.session.overrules(writing.record.as_deref(), theirs);
        if ours_wins && matters {
            // The stored refresh token is the one that this result replaces, or this result follows an unsaved login or sign-out.
            self.session.saw_generation(&stored);
            if writing.tries >= CONFLICT_TRIES {
                return self.unsaved(writing, outcome);
            }
            if let Some(record) = &mut writing.record {
                record.generation = self.session.generation_to_write(self.now);
            }
            writing.tries = writing.tries.saturating_add(1);
            return self.write(writing, Write::Outcome(outcome));
        }
        if stored == Stored::Nothing && matches!(outcome, Outcome::Refreshed) {
            // Another context signed out: the new refresh token is not needed.
            let record = writing.record.as_deref();
            self.revoke(record.and_then(|record| record.tokens.refresh_token.clone()));
        }
        self.session.unsaved = None;
        self.reconcile(stored);
        match outcome {
            Outcome::Failed(failure) => self.finish(failure),
            Outcome::Refreshed | Outcome::Ended(_) | Outcome::EndedLater(_) | Outcome::Resaved => self.unlock(),
        }
    }

    /// The result cannot be stored: it stays in memory and is saved later.
    pub(super) fn unsaved(&mut self, writing: Box<Writing>, outcome: Outcome) {
        let matters = writing.brings_something(&outcome);
        match outcome {
            Outcome::Failed(failure) if !matters => return self.finish(failure),
            Outcome::Resaved => {
                // Seconds at most: the result must be stored before another context takes this mark for abandoned.
                let failures = writing.tries.saturating_add(self.resaves()).min(MOST_BACKOFFS);
                let pause = backoff(failures, &mut self.random);
                if let Some(unsaved) = &mut self.session.unsaved {
                    unsaved.failures = unsaved.failures.saturating_add(1);
                    unsaved.retry_at = self.now + pause;
                }
                return self.unlock();
            }
            Outcome::Refreshed | Outcome::Failed(_) | Outcome::Ended(_) | Outcome::EndedLater(_) => {}
        }
        let retry_at = self.now + Duration::from_secs(1);
        let unsaved = Unsaved { replaces: writing.replaces, decides: None, retry_at, failures: 0 };
        self.session.keep_unsaved(writing.record, unsaved);
        self.conclude(outcome);
    }

    /// Saves a record that is in memory only. The compare-and-swap needs no lock.
    pub(super) fn resave(&mut self) {
        let replaces = self.session.unsaved.as_ref().and_then(|unsaved| unsaved.replaces.clone());
        let mut record = self.session.record.clone();
        if let Some(record) = &mut record {
            // If nothing is stored, above all earlier generations: a mark of the replaced session may have this generation by now.
            let past = match self.session.stored {
                0 => self.session.generation_to_write(self.now),
                stored => stored.saturating_add(1),
            };
            record.generation = record.generation.max(past);
        }
        let writing = Box::new(Writing { record, tries: CONFLICT_TRIES / 2, replaces });
        self.write(writing, Write::Outcome(Outcome::Resaved));
    }

    fn resaves(&self) -> u32 {
        self.session.unsaved.as_ref().map_or(0, |unsaved| unsaved.failures)
    }
}
