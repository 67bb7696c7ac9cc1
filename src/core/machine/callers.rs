//! Callers that wait: each gets exactly one answer, within its own time. A valid access token is served until it
//! expires, whatever a refresh did (rotation safety, invariant 11: one refresh per refused access token).

use alloc::boxed::Box;

use super::protocol::{CallerId, Code, Demand, Effect, Failure};
use super::Machine;
use crate::core::record::Record;
use crate::core::secret::Secret;
use crate::core::time::UnixTime;

/// A caller that waits.
#[derive(Debug)]
pub struct Caller {
    pub id: CallerId,
    pub demand: Demand,
    /// The storage was read since it began to wait.
    pub seen: bool,
    /// A resource server refused the access token: the refresh was not the clock's idea, and is counted.
    pub pressed: bool,
}

impl Caller {
    pub fn new(id: CallerId, demand: Demand, seen: bool) -> Self {
        let pressed = demand.rejected.is_some();
        Self { id, demand, seen, pressed }
    }

    /// The storage was read. What is there now is what a forced refresh replaces, if nothing was known before.
    pub fn saw(&mut self, record: Option<&Record>) {
        self.seen = true;
        self.resolve_force(record);
    }

    /// To force a refresh is to refuse the access token that is there; a newer one from another context will do.
    fn resolve_force(&mut self, record: Option<&Record>) {
        if self.demand.force {
            self.demand.force = false;
            self.demand.rejected = record.and_then(|record| record.tokens.access_token()).map(Secret::new);
        }
    }
}

impl Machine {
    pub(super) fn demanded(&mut self, now: UnixTime, id: CallerId, demand: Demand) {
        let mut caller = Caller::new(id, demand, false);
        if self.session.looked && !self.unread && self.change.is_none() {
            caller.resolve_force(self.session.record.as_ref());
            if self.session.serves(&caller.demand, now) {
                self.effects.push(Effect::Grant(id));
                return;
            }
        }
        self.wait(caller);
    }

    /// Ten thousand callers may wait: the earliest of their deadlines is kept, not searched for.
    pub(super) fn wait(&mut self, caller: Caller) {
        let earliest = if self.callers.is_empty() { caller.demand.deadline } else { self.first_deadline };
        self.first_deadline = earliest.min(caller.demand.deadline);
        self.callers.push(caller);
    }

    /// Other tokens are held: grants every caller that they fulfil.
    pub(super) fn grant_served(&mut self, now: UnixTime) {
        let session = &self.session;
        let orders = &mut self.effects;
        self.callers.retain(|caller| {
            let served = !caller.demand.force && session.serves(&caller.demand, now);
            if served {
                orders.push(Effect::Grant(caller.id));
            }
            !served
        });
    }

    /// A refresh succeeded: everybody who waits gets what it brought, as there is nothing better.
    pub(super) fn grant_all(&mut self) {
        for caller in core::mem::take(&mut self.callers) {
            self.effects.push(Effect::Grant(caller.id));
        }
    }

    /// No refresh for now: an access token that is still good goes to whoever did not refuse it, the others get the failure.
    pub(super) fn serve_or_refuse(&mut self, now: UnixTime, failure: &Failure) {
        self.answer(now, failure, &|_| true);
    }

    /// There is no session any more.
    pub(super) fn refuse_all(&mut self, failure: &Failure) {
        for caller in core::mem::take(&mut self.callers) {
            self.effects.push(Effect::Refuse(caller.id, Box::new(failure.clone())));
        }
    }

    /// Answers those who cannot or need not wait until then. An access token that ends before is better than none after.
    pub(super) fn answer_until(&mut self, now: UnixTime, until: UnixTime, too_long: bool, failure: &Failure) {
        let ends =
            self.session.record.as_ref().and_then(Record::expires_at).is_some_and(|end| now < end && end <= until);
        self.answer(now, failure, &|demand| {
            too_long || demand.deadline <= until || (ends && demand.rejected.is_none())
        });
    }

    /// Answers those whose time is over.
    pub(super) fn time_out(&mut self, now: UnixTime) {
        if now < self.first_deadline || self.callers.is_empty() {
            return;
        }
        let state = self.doubt_state();
        self.answer(now, &Failure::new(Code::Timeout).leaving(state), &|demand| demand.deadline <= now);
        self.first_deadline = self.callers.iter().map(|caller| caller.demand.deadline).min().unwrap_or_default();
    }

    fn answer(&mut self, now: UnixTime, failure: &Failure, whom: &dyn Fn(&Demand) -> bool) {
        let session = &self.session;
        let orders = &mut self.effects;
        self.callers.retain(|caller| {
            if !whom(&caller.demand) {
                return true;
            }
            if session.still_good(&caller.demand, now) {
                orders.push(Effect::Grant(caller.id));
            } else {
                orders.push(Effect::Refuse(caller.id, Box::new(failure.clone())));
            }
            false
        });
    }
}
