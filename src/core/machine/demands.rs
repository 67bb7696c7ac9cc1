//! Callers that wait: each gets exactly one answer, within its own time. A valid access token is served until it
//! expires, whatever a refresh did (rotation safety, invariant 11: one refresh per refused access token).

use alloc::boxed::Box;

use super::facts::{CallerId, Code, Effect, Failure, Wish};
use super::Machine;
use crate::core::record::Record;
use crate::core::secret::Secret;
use crate::core::time::UnixTime;

/// A caller that waits.
#[derive(Debug)]
pub struct Demand {
    pub id: CallerId,
    pub wish: Wish,
    /// The storage was read since it began to wait.
    pub seen: bool,
    /// A resource server refused the access token: the refresh was not the clock's idea, and is counted.
    pub pressed: bool,
}

impl Demand {
    pub fn new(id: CallerId, wish: Wish, seen: bool) -> Self {
        let pressed = wish.rejected.is_some();
        Self { id, wish, seen, pressed }
    }

    /// The storage was read. What is there now is what a forced refresh replaces, if nothing was known before.
    pub fn saw(&mut self, record: Option<&Record>) {
        self.seen = true;
        self.resolve_force(record);
    }

    /// To force a refresh is to refuse the access token that is there; a newer one from another context will do.
    fn resolve_force(&mut self, record: Option<&Record>) {
        if self.wish.force {
            self.wish.force = false;
            self.wish.rejected = record.and_then(|record| record.tokens.access_token()).map(Secret::new);
        }
    }
}

impl Machine {
    pub(super) fn demanded(&mut self, now: UnixTime, id: CallerId, wish: Wish) {
        let mut demand = Demand::new(id, wish, false);
        if self.held.looked && !self.unread && self.decision.is_none() {
            demand.resolve_force(self.held.record.as_ref());
            if self.held.serves(&demand.wish, now) {
                self.orders.push(Effect::Grant(id));
                return;
            }
        }
        self.wait(demand);
    }

    /// Ten thousand callers may wait: the earliest of their deadlines is kept, not searched for.
    pub(super) fn wait(&mut self, demand: Demand) {
        let earliest = if self.demands.is_empty() { demand.wish.deadline } else { self.first_deadline };
        self.first_deadline = earliest.min(demand.wish.deadline);
        self.demands.push(demand);
    }

    /// Other tokens are held: grants every demand that they fulfil.
    pub(super) fn grant_served(&mut self, now: UnixTime) {
        let held = &self.held;
        let orders = &mut self.orders;
        self.demands.retain(|demand| {
            let served = !demand.wish.force && held.serves(&demand.wish, now);
            if served {
                orders.push(Effect::Grant(demand.id));
            }
            !served
        });
    }

    /// A refresh succeeded: everybody who waits gets what it brought, as there is nothing better.
    pub(super) fn grant_all(&mut self) {
        for demand in core::mem::take(&mut self.demands) {
            self.orders.push(Effect::Grant(demand.id));
        }
    }

    /// No refresh for now: an access token that is still good goes to whoever did not refuse it, the others get the failure.
    pub(super) fn serve_or_refuse(&mut self, now: UnixTime, failure: &Failure) {
        self.answer(now, failure, &|_| true);
    }

    /// There is no session any more.
    pub(super) fn refuse_all(&mut self, failure: &Failure) {
        for demand in core::mem::take(&mut self.demands) {
            self.orders.push(Effect::Refuse(demand.id, Box::new(failure.clone())));
        }
    }

    /// Answers those who cannot or need not wait until then. An access token that ends before is better than none after.
    pub(super) fn answer_until(&mut self, now: UnixTime, until: UnixTime, too_long: bool, failure: &Failure) {
        let ends = self.held.record.as_ref().and_then(Record::expires_at).is_some_and(|end| now < end && end <= until);
        self.answer(now, failure, &|wish| too_long || wish.deadline <= until || (ends && wish.rejected.is_none()));
    }

    /// Answers those whose time is over.
    pub(super) fn time_out(&mut self, now: UnixTime) {
        if now < self.first_deadline || self.demands.is_empty() {
            return;
        }
        let state = self.doubt_state();
        self.answer(now, &Failure::new(Code::Timeout).leaving(state), &|wish| wish.deadline <= now);
        self.first_deadline = self.demands.iter().map(|demand| demand.wish.deadline).min().unwrap_or_default();
    }

    fn answer(&mut self, now: UnixTime, failure: &Failure, whom: &dyn Fn(&Wish) -> bool) {
        let held = &self.held;
        let orders = &mut self.orders;
        self.demands.retain(|demand| {
            if !whom(&demand.wish) {
                return true;
            }
            if held.still_good(&demand.wish, now) {
                orders.push(Effect::Grant(demand.id));
            } else {
                orders.push(Effect::Refuse(demand.id, Box::new(failure.clone())));
            }
            false
        });
    }
}
