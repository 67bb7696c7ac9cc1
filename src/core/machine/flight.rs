//! One refresh on its way: look → lock → re-read → mark pending → send → save → unlock.
//! The lock is held from the re-read to the save and not longer; every write names the generation it replaces
//! (rotation safety, invariants 2 to 9). What a reply does to the session is in `outcome`.

use super::facts::{Code, Effect, Event, Failure, Operation, OrderId, Reach, Sent};
use super::held::{Reconciled, Unsaved};
use super::outcome::Outcome;
use super::Machine;
use crate::core::oauth::response::RefreshTokenState;
use crate::core::policy::{backoff, LONGEST_WAIT, MARGIN, REQUESTS_PER_MINUTE};
use crate::core::record::{fingerprint, Pending, Record, Stored};
use crate::core::time::{Duration, UnixTime};

/// A save that fails is tried this often while the lock is held; then the tokens live in memory and it is tried on.
const SAVE_TRIES: u32 = 3;
const MINUTE: Duration = Duration::from_secs(60);

/// Where a refresh is.
#[derive(Debug)]
pub enum Phase {
    /// Nothing is under way.
    Idle,
    /// The storage is being read, without the lock; a lock that was not to be had is remembered meanwhile.
    Looking(OrderId, Option<Failure>),
    /// The lock is waited for.
    Locking(OrderId, Option<UnixTime>),
    /// The storage is being read under the lock.
    Rereading(OrderId),
    /// The mark is being written.
    Marking(Writing),
    /// The request is out.
    Sending(Sending),
    /// The server refused the refresh token: the storage is read once more before that is believed.
    Confirming(Wait, Failure),
    /// The result is being written.
    Saving(Writing, Outcome),
    /// The write was refused: the storage is being read to see what stands there.
    Conflicting(OrderId, Writing, Outcome),
}

/// A write on its way.
#[derive(Debug)]
pub struct Writing {
    pub wait: Wait,
    /// What is written; `None` forgets the session.
    pub record: Option<Record>,
    pub tries: u32,
    /// The refresh token that the write replaces, by fingerprint.
    pub replaces: Option<String>,
}

/// An order under way, or a pause before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    For(OrderId),
    Until(UnixTime),
}

/// A request that is out.
#[derive(Debug)]
pub struct Sending {
    pub order: OrderId,
    pub sent_at: UnixTime,
    /// It is the second one, with the nonce that the server asked for.
    pub with_nonce: bool,
}

/// A request whose session was given up while it was out.
#[derive(Debug)]
pub struct Orphan {
    pub order: OrderId,
    pub revoke: bool,
}

impl Phase {
    pub fn is_refreshing(&self) -> bool {
        match self {
            Self::Idle | Self::Looking(..) => false,
            Self::Saving(_, outcome) | Self::Conflicting(_, _, outcome) => !matches!(outcome, Outcome::Resaved),
            Self::Locking(..) | Self::Rereading(_) | Self::Marking(_) | Self::Sending(_) | Self::Confirming(..) => true,
        }
    }
}

impl Machine {
    /// A hint that the storage changed. Whatever phase reads it next will see; only an idle machine looks for itself.
    pub(super) fn look_again(&mut self) {
        if self.is_idle() {
            self.look(None);
        }
    }

    pub(super) fn look(&mut self, remembered: Option<Failure>) {
        let order = self.order();
        self.phase = Phase::Looking(order, remembered);
        self.orders.push(Effect::Load(order));
    }

    pub(super) fn lock(&mut self) {
        let order = self.order();
        self.phase = Phase::Locking(order, None);
        self.orders.push(Effect::Lock(order));
    }

    pub(super) fn locked(&mut self, order: OrderId, reach: Reach) {
        if !matches!(self.phase, Phase::Locking(waited, _) if waited == order) {
            self.orders.push(Effect::Unlock(order));
            return;
        }
        self.lock = Some((order, reach));
        self.reread();
    }

    pub(super) fn lock_failed(&mut self, order: OrderId) {
        if matches!(self.phase, Phase::Locking(waited, _) if waited == order) {
            self.notify(Event::StorageFailed(Operation::Lock));
            self.look(Some(Failure::new(Code::LockTimeout)));
        }
    }

    /// What a read brought, for whichever phase waits for it.
    pub(super) fn loaded(&mut self, now: UnixTime, order: OrderId, stored: Stored) {
        if self.decision_loaded(now, order, &stored) {
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Looking(waited, remembered) if waited == order => self.looked(now, stored, remembered),
            Phase::Rereading(waited) if waited == order => self.reread_done(now, stored),
            Phase::Confirming(Wait::For(waited), failure) if waited == order => self.confirmed(now, stored, failure),
            Phase::Conflicting(waited, writing, outcome) if waited == order => {
                self.conflict_seen(now, stored, writing, outcome);
            }
            other => self.phase = other,
        }
    }

    pub(super) fn load_failed(&mut self, now: UnixTime, order: OrderId) {
        if self.decision_load_failed(order) {
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Looking(waited, remembered) if waited == order => {
                self.notify(Event::StorageFailed(Operation::Load));
                self.failures = self.failures.saturating_add(1);
                let failure = remembered.unwrap_or_else(|| Failure::new(Code::StorageFailed));
                self.serve_or_refuse(now, &failure);
                self.rest = Some((now + backoff(self.failures, &mut self.random), failure));
            }
            // A session that the storage never held lives in memory alone.
            Phase::Rereading(waited) if waited == order && self.is_memory_only() => self.spend_or_leave(now),
            Phase::Rereading(waited) | Phase::Conflicting(waited, ..) if waited == order => self.storage_gave_up(now),
            Phase::Confirming(Wait::For(waited), _) if waited == order => self.storage_gave_up(now),
            other => self.phase = other,
        }
    }

    pub(super) fn saved(&mut self, now: UnixTime, order: OrderId) {
        if self.decision_saved(now, order) {
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Marking(writing) if writing.wait == Wait::For(order) => {
                self.held.wrote(writing.record);
                self.send(now, false);
            }
            Phase::Saving(writing, outcome) if writing.wait == Wait::For(order) => {
                self.held.wrote(writing.record);
                self.conclude(now, outcome);
            }
            other => self.phase = other,
        }
    }

    pub(super) fn save_refused(&mut self, order: OrderId) {
        if self.decision_save_refused(order) {
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Marking(writing) if writing.wait == Wait::For(order) => self.reread(),
            Phase::Saving(writing, outcome) if writing.wait == Wait::For(order) => {
                let load = self.order();
                self.orders.push(Effect::Load(load));
                self.phase = Phase::Conflicting(load, writing, outcome);
            }
            other => self.phase = other,
        }
    }

    pub(super) fn save_failed(&mut self, now: UnixTime, order: OrderId) {
        if self.decision_save_failed(now, order) {
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Marking(writing) if writing.wait == Wait::For(order) => {
                self.notify(Event::StorageFailed(Operation::Save));
                match self.try_later(now, writing) {
                    Ok(writing) => self.phase = Phase::Marking(writing),
                    Err(writing) => self.unmarked(now, writing),
                }
            }
            Phase::Saving(writing, outcome) if writing.wait == Wait::For(order) => {
                self.notify(Event::StorageFailed(Operation::Save));
                match self.try_later(now, writing) {
                    Ok(writing) => self.phase = Phase::Saving(writing, outcome),
                    Err(writing) => self.unsaved(now, writing, outcome),
                }
            }
            other => self.phase = other,
        }
    }

    pub(super) fn unreachable(&mut self, now: UnixTime, order: OrderId, sent: Sent) {
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
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Locking(order, _) => self.orders.push(Effect::Unlock(order)),
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

    /// Lets go of the lock, if it is held.
    pub(super) fn unlock(&mut self) {
        if let Some((order, _)) = self.lock.take() {
            self.orders.push(Effect::Unlock(order));
        }
        self.phase = Phase::Idle;
    }

    /// Starts a write of that record in place of what the storage is known to hold.
    pub(super) fn save(&mut self, record: Option<Record>, replaces: Option<String>, tries: u32) -> Writing {
        let order = self.order();
        self.orders.push(Effect::Save(order, record.clone().map(Box::new), self.held.stored));
        Writing { wait: Wait::For(order), record, tries, replaces }
    }

    pub(super) fn phase_deadline(&self) -> Option<UnixTime> {
        match &self.phase {
            Phase::Locking(_, until) => *until,
            Phase::Marking(writing) | Phase::Saving(writing, _) => writing.wait.until(),
            Phase::Confirming(wait, _) => wait.until(),
            Phase::Sending(sending) => Some(self.reply_due(sending)),
            Phase::Idle | Phase::Looking(..) | Phase::Rereading(_) | Phase::Conflicting(..) => None,
        }
    }

    /// Goes on where time was waited for.
    pub(super) fn phase_woke(&mut self, now: UnixTime) {
        let due = self.phase_deadline().is_some_and(|at| at <= now);
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Locking(order, None) => self.phase = Phase::Locking(order, Some(now + self.policy.lock_wait())),
            Phase::Locking(order, Some(_)) if due => {
                self.orders.push(Effect::Unlock(order));
                self.look(Some(Failure::new(Code::LockTimeout)));
            }
            Phase::Marking(writing) if due => {
                let writing = self.save(writing.record, writing.replaces, writing.tries);
                self.phase = Phase::Marking(writing);
            }
            Phase::Saving(writing, outcome) if due => {
                let writing = self.save(writing.record, writing.replaces, writing.tries);
                self.phase = Phase::Saving(writing, outcome);
            }
            Phase::Confirming(_, failure) if due => self.confirm(failure),
            Phase::Sending(sending) if due => {
                let order = sending.order;
                self.phase = Phase::Sending(sending);
                self.unreachable(now, order, Sent::TimedOut);
            }
            other => self.phase = other,
        }
    }

    pub(super) fn confirm(&mut self, failure: Failure) {
        let order = self.order();
        self.orders.push(Effect::Load(order));
        self.phase = Phase::Confirming(Wait::For(order), failure);
    }

    /// What a caller must think of the refresh token while a request is out or its outcome is unknown.
    pub(super) fn doubt_state(&self) -> RefreshTokenState {
        let in_doubt = self.held.record.as_ref().and_then(Record::in_doubt).is_some();
        if in_doubt {
            RefreshTokenState::Unknown
        } else {
            RefreshTokenState::Unspent
        }
    }

    fn reread(&mut self) {
        let order = self.order();
        self.phase = Phase::Rereading(order);
        self.orders.push(Effect::Load(order));
    }

    fn looked(&mut self, now: UnixTime, stored: Stored, remembered: Option<Failure>) {
        if stored == Stored::Nothing && self.begin_initial(now) {
            return;
        }
        self.reconcile(stored);
        if let Some(failure) = remembered {
            self.grant_served(now);
            self.serve_or_refuse(now, &failure);
            self.rest = Some((now + backoff(self.failures, &mut self.random), failure));
        }
    }

    fn reread_done(&mut self, now: UnixTime, stored: Stored) {
        if self.reconcile(stored) == Reconciled::Unreadable {
            self.finish(now, &Failure::new(Code::StorageFailed));
            return;
        }
        self.grant_served(now);
        self.spend_or_leave(now);
    }

    /// Under the lock, with what the storage holds now: is a refresh still needed, and may the refresh token be sent?
    fn spend_or_leave(&mut self, now: UnixTime) {
        let Some(record) = self.held.record.clone().filter(|_| self.held.can_refresh()) else {
            return self.unlock();
        };
        if self.demands.is_empty() && !self.errand_due(now) {
            return self.unlock();
        }
        if let Some(retry_at) = record.retry_at.filter(|at| *at > now) {
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
        let alone = matches!(self.lock, Some((_, Reach::AllContexts)));
        let given_up = pending.started_at.max(pending.probed_at.unwrap_or_default()) + self.policy.timeout + MARGIN;
        if theirs && !alone && now < given_up && now >= pending.started_at {
            // Without a lock that its owner respects, the request may still be out: its result is worth waiting for.
            let pause = Duration::from_millis(500) + self.random.below(Duration::from_millis(500));
            return self.rest_until(given_up.min(now + pause), unknown);
        }
        if self.policy.may_send_again(pending, now) {
            return self.mark(now, Some(Pending { probed_at: None, ..pending.clone() }));
        }
        let needed = self.demands.iter().any(|demand| !self.held.still_good(&demand.wish, now));
        if !needed {
            self.unlock();
            return self.serve_or_refuse(now, &unknown);
        }
        // The alternative is a new login. A probe that was itself lost leaves things as they were, so there may be another.
        let pause = pending.probed_at.map(|at| at + backoff(self.failures, &mut self.random));
        match pause.filter(|until| *until > now) {
            Some(until) => self.rest_until(until, unknown),
            None => self.mark(now, Some(Pending { probed_at: Some(now), ..pending.clone() })),
        }
    }

    /// Writes that a refresh token is about to be sent; `doubt` if it was sent before.
    fn mark(&mut self, now: UnixTime, doubt: Option<Pending>) {
        let Some(mut record) = self.held.record.clone() else {
            return self.unlock();
        };
        let Some(name) = record.tokens.refresh_token().map(|token| fingerprint(&token)) else {
            return self.unlock();
        };
        let mut attempt = self.context.clone();
        attempt.push('-');
        crate::core::json::push_number(&mut attempt, u64::from(self.last_order));
        self.was_in_doubt = doubt.is_some();
        self.unsent = doubt.is_none().then(|| attempt.clone());
        let (started_at, probed_at) = doubt.map_or((now, None), |doubt| (doubt.started_at, doubt.probed_at));
        record.generation = self.held.next_generation();
        record.retry_at = None;
        record.pending = Some(Pending { attempt, started_at, fingerprint: name.clone(), probed_at });
        self.found_doubt = false;
        let writing = self.save(Some(record), Some(name), 0);
        self.phase = Phase::Marking(writing);
    }

    /// The mark cannot be written. To spend the token all the same risks it if this context dies, so that is done only
    /// where the alternative is to turn a caller away.
    fn unmarked(&mut self, now: UnixTime, writing: Writing) {
        let needed = self.demands.iter().any(|demand| !self.held.still_good(&demand.wish, now));
        if !needed {
            return self.finish(now, &Failure::new(Code::StorageFailed));
        }
        let unsaved = Unsaved { replaces: writing.replaces, retry_at: now + MINUTE, failures: 0 };
        self.held.keep_unsaved(writing.record, unsaved);
        self.send(now, false);
    }

    pub(super) fn send(&mut self, now: UnixTime, with_nonce: bool) {
        let order = self.order();
        self.unsent = None;
        self.tries = self.tries.saturating_add(1);
        self.unearned.push(now);
        self.phase = Phase::Sending(Sending { order, sent_at: now, with_nonce });
        self.orders.push(Effect::Send(order));
    }

    fn try_later(&mut self, now: UnixTime, mut writing: Writing) -> Result<Writing, Writing> {
        writing.tries = writing.tries.saturating_add(1);
        if writing.tries >= SAVE_TRIES {
            return Err(writing);
        }
        writing.wait = Wait::Until(now + Duration::from_millis(100).times(1 << writing.tries.min(6)));
        Ok(writing)
    }

    fn storage_gave_up(&mut self, now: UnixTime) {
        self.notify(Event::StorageFailed(Operation::Load));
        let failure = Failure::new(Code::StorageFailed).leaving(self.doubt_state());
        self.finish(now, &failure);
    }

    /// No request before then. Who can wait waits, without the lock.
    fn rest_until(&mut self, until: UnixTime, failure: Failure) {
        self.unlock();
        self.rest = Some((until, failure));
    }

    fn is_memory_only(&self) -> bool {
        self.held.unsaved.is_some() && self.held.stored.is_none()
    }

    fn reply_due(&self, sending: &Sending) -> UnixTime {
        sending.sent_at + self.policy.timeout + MARGIN
    }

    /// The oldest of the last minute's requests that brought nothing, if there were too many (a limit no failure breaks).
    fn too_many_requests(&mut self, now: UnixTime) -> Option<UnixTime> {
        self.unearned.retain(|at| now.since(*at) < MINUTE && *at <= now);
        self.unearned.first().copied().filter(|_| self.unearned.len() >= REQUESTS_PER_MINUTE)
    }

    /// An idle machine looks at what is wanted.
    pub(super) fn consider(&mut self, now: UnixTime) {
        if self.held.unsaved.as_ref().is_some_and(|unsaved| unsaved.retry_at <= now) {
            return self.resave();
        }
        let unseen = self.demands.iter().any(|demand| !demand.seen);
        if !self.held.looked || (!self.held.can_refresh() && unseen) {
            let due = !self.held.looked && self.errand_at().is_some_and(|at| at <= now);
            if unseen || due {
                self.look(None);
            }
            return;
        }
        if !self.held.can_refresh() {
            return self.no_session(now);
        }
        if let Some((until, failure)) = self.rest.clone().filter(|(until, _)| *until > now) {
            let too_long = until.since(now) > LONGEST_WAIT || !failure.retryable();
            return self.answer_until(now, until, too_long, &failure);
        }
        if !self.demands.is_empty() || self.errand_due(now) {
            self.lock();
            self.phase_woke(now);
        }
    }

    pub(super) fn resumed(&mut self, now: UnixTime) {
        // What the server asked for stands; what was only our own caution does not.
        self.rest = self.rest.take().filter(|(_, failure)| failure.retry_at.is_some_and(|at| at > now));
        self.look_again();
    }
}

impl Wait {
    fn until(self) -> Option<UnixTime> {
        match self {
            Self::For(_) => None,
            Self::Until(at) => Some(at),
        }
    }
}
