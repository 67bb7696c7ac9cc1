//! Waiting callers. Each gets one answer before its deadline (tests/GUARANTEES.md, G7). A refused access token causes one refresh,
//! however many callers report it (G8). A valid access token is granted until it expires, even if a refresh failed (G21).

use alloc::vec::Vec;

use super::effect::{Effects, Order};
use super::failure::{Code, Failure};
use super::input::{CallerId, Demand};
use super::session::Session;
use super::Machine;
use crate::core::record::Record;
use crate::core::time::{Duration, UnixTime};

#[derive(Debug, Default)]
pub struct Callers {
    pub waiting: Vec<Caller>,
    /// Earliest deadline of any waiting caller. Stored, because ten thousand callers may wait.
    first_deadline: UnixTime,
}

/// A waiting caller.
#[derive(Debug)]
pub struct Caller {
    pub id: CallerId,
    pub demand: Demand,
    /// Whether the storage was read since it began to wait.
    seen: bool,
    /// Whether a resource server refused the access token. Such a refresh counts towards the limit per minute, even if it succeeds.
    pressed: bool,
}

impl Caller {
    pub fn new(id: CallerId, demand: Demand, seen: bool) -> Self {
        let pressed = demand.rejected.is_some();
        Self { id, demand, seen, pressed }
    }

    /// A forced refresh refuses the current access token, so a newer one of another context fulfils it. A refused token that equals the
    /// current one shares its text, because ten thousand callers may pass it.
    fn resolve_force(&mut self, record: Option<&Record>) {
        let known = record.and_then(|record| record.tokens.access_token.as_ref());
        if core::mem::take(&mut self.demand.force) || self.demand.rejected.as_ref() == known {
            self.demand.rejected = known.cloned();
        }
    }
}

impl Callers {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Earliest deadline of any waiting caller.
    pub fn deadline(&self) -> UnixTime {
        if self.is_empty() {
            return UnixTime::NEVER;
        }
        self.first_deadline
    }

    /// The context did not run for that long: the callers' deadlines move by it.
    pub fn extend(&mut self, by: Duration) {
        self.first_deadline = self.first_deadline + by;
        for caller in &mut self.waiting {
            caller.demand.deadline = caller.demand.deadline + by;
        }
    }

    /// The clock was set back by that much.
    pub fn set_back(&mut self, by: Duration) {
        self.first_deadline = self.first_deadline - by;
        for caller in &mut self.waiting {
            caller.demand.deadline = caller.demand.deadline - by;
        }
    }

    pub fn wait(&mut self, caller: Caller) {
        self.first_deadline = self.deadline().min(caller.demand.deadline);
        self.waiting.push(caller);
    }

    pub fn withdraw(&mut self, id: CallerId) {
        self.waiting.retain(|caller| caller.id != id);
    }

    /// The storage was read. Forced refreshes from before the first read now refuse the access token that was read.
    pub fn see(&mut self, record: Option<&Record>) {
        for caller in &mut self.waiting {
            caller.seen = true;
            caller.resolve_force(record);
        }
    }

    /// Whether a caller waits for a read since its call.
    pub fn are_unseen(&self) -> bool {
        self.waiting.iter().any(|caller| !caller.seen)
    }

    /// Whether a caller reports a resource server's refusal.
    pub fn are_pressed(&self) -> bool {
        self.waiting.iter().any(|caller| caller.pressed)
    }

    /// Whether a caller reports the stored access token as refused.
    pub fn are_refused(&self) -> bool {
        self.waiting.iter().any(|caller| caller.pressed && caller.demand.rejected.is_some())
    }

    /// Whether a caller has no usable access token: it expired, or a resource server refused it. A forced refresh does not count.
    pub fn are_in_need(&self, session: &Session, now: UnixTime) -> bool {
        let any = Demand::default();
        self.waiting.iter().any(|caller| !session.still_good(if caller.pressed { &caller.demand } else { &any }, now))
    }
}

impl<E: Effects> Machine<E> {
    pub(super) fn demanded(&mut self, id: CallerId, demand: Demand) {
        let mut caller = Caller::new(id, demand, false);
        if self.session.is_current() && !self.phase.is_change() {
            caller.resolve_force(self.session.record.as_deref());
            if self.session.serves(&caller.demand, self.now) {
                self.effects.order(Order::Grant, id);
                return;
            }
        }
        self.callers.wait(caller);
    }

    /// The session is over: refuses all callers.
    pub(super) fn refuse_all(&mut self, failure: &Failure) {
        for caller in core::mem::take(&mut self.callers.waiting) {
            self.effects.refuse(caller.id, failure);
        }
    }

    /// No refresh for now: callers get the access token if it is valid and they did not refuse it, otherwise the failure.
    pub(super) fn serve_or_refuse(&mut self, failure: &Failure) {
        self.answer(failure, &|_| true);
    }

    /// Answers callers that cannot or need not wait until then. An access token that expires before then is granted now.
    pub(super) fn answer_until(&mut self, until: UnixTime, too_long: bool, failure: &Failure) {
        let end = self.session.record.as_deref().map_or(UnixTime::NEVER, Record::end);
        let ends = self.now < end && end <= until;
        self.answer(failure, &|demand| too_long || demand.deadline <= until || (ends && demand.rejected.is_none()));
    }

    /// Answers callers whose deadline passed.
    pub(super) fn time_out(&mut self) {
        let now = self.now;
        if now < self.callers.deadline() {
            return;
        }
        let failure = self.failure(Code::Timeout);
        self.answer(&failure, &|demand| demand.deadline <= now);
        let deadlines = self.callers.waiting.iter().map(|caller| caller.demand.deadline);
        self.callers.first_deadline = deadlines.fold(UnixTime::NEVER, UnixTime::min);
    }

    fn answer(&mut self, failure: &Failure, whom: &dyn Fn(&Demand) -> bool) {
        self.callers.waiting.retain(|caller| {
            if !whom(&caller.demand) {
                return true;
            }
            if self.session.still_good(&caller.demand, self.now) {
                self.effects.order(Order::Grant, caller.id);
            } else {
                self.effects.refuse(caller.id, failure);
            }
            false
        });
    }
}
