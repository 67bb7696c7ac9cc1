//! What a driver does with orders: one storage call at a time and in order, locks by the number of their order, one
//! request each, and every end of something comes back as one fact.

use oauth_refresher::core::machine::{Effect, EffectId, Input, Reach};
use oauth_refresher::core::record::Record;

use crate::context::{access_in, Answer, Arrival, Condition, Ends, Held, Operation};
use crate::lock::Claim;
use crate::queue::Moment;
use crate::script::{LockFate, OperationFate};
use crate::storage::{access_token, family, refresh_token};
use crate::trace;
use crate::world::{token_of, Happening, World, Writing};

impl World {
    pub fn perform(&mut self, context: usize, order: Effect) {
        self.say(|_| format!("c{context}    {}", trace::order(&order)));
        match order {
            Effect::Load(order) => self.contexts[context].operations.push_back(Operation::Load(order)),
            Effect::Save(order, ..) | Effect::Send(order) if self.lost_its_lease(context) => {
                let life = self.contexts[context].life;
                self.queue.plan(self.now, Happening::Arrival(context, life, Arrival::of(Input::LockLost(order))));
            }
            Effect::Save(order, record, expected) => {
                self.note_mark(context, record.as_deref());
                self.contexts[context].operations.push_back(Operation::Save(order, record, expected));
            }
            Effect::Lock(order) => self.claim_lock(context, order),
            Effect::Unlock(order) => {
                self.contexts[context].locked = self.contexts[context].locked.filter(|locked| *locked != order);
                let next = self.lock.release(self.claim(context, order));
                self.grant_lock(next);
            }
            Effect::Send(order) => self.send(context, order),
            Effect::Hold(holding) => {
                let held = holding.and_then(|holding| {
                    Some(Held {
                        access: access_in(holding.tokens.reveal())?,
                        generation: holding.generation,
                        fresh_from: holding.fresh_from.as_millis(),
                        fresh_until: holding.fresh_until.map(|until| until.as_millis()),
                    })
                });
                self.check_held(context, held.as_ref());
                self.contexts[context].held = held;
            }
            Effect::Grant(id) => match self.contexts[context].held.as_ref().map(|held| held.access) {
                Some(access) => self.answer(context, id, Answer::Granted(access)),
                None => self.breaks("a grant brings tokens", format!("c{context} #{id} was granted nothing")),
            },
            Effect::Refuse(id, failure) => self.answer(context, id, Answer::Refused(*failure)),
            Effect::Done(id) => self.answer(context, id, Answer::Done),
            Effect::Notify(event) => self.check_event(context, &event),
            Effect::Revoke(secret) => {
                if let Some(token) = token_of(&secret) {
                    let at = self.now + self.delay(self.history.setup.latency.network);
                    self.queue.plan(at, Happening::Revocation(token));
                }
            }
        }
    }

    /// Starts the next storage call, if none is under way.
    pub fn work(&mut self, context: usize) {
        if self.contexts[context].busy {
            return;
        }
        let Some(operation) = self.contexts[context].operations.pop_front() else {
            return;
        };
        self.contexts[context].busy = true;
        let life = self.contexts[context].life;
        let longest = self.history.setup.latency.storage;
        let mut there = self.now + self.delay(longest);
        let back = self.delay(longest);
        let fate = self.next_operation_fate(context);
        if let Some(OperationFate::Hangs(span)) = fate {
            there += span;
        }
        match (operation, fate) {
            (Operation::Load(order), Some(OperationFate::Fails | OperationFate::LandsAndFails)) => {
                self.operation_ends(context, life, there, Input::LoadFailed(order));
            }
            (Operation::Save(order, ..), Some(OperationFate::Fails)) => {
                self.operation_ends(context, life, there, Input::SaveFailed(order));
            }
            (Operation::Load(order), _) => self.queue.plan(there, Happening::Read(context, life, order, back)),
            (Operation::Save(order, record, expected), fate) => {
                let fails_after = fate == Some(OperationFate::LandsAndFails);
                let compared = false;
                let writing = Writing { order, record, expected, fails_after, compared, lasts: back };
                self.queue.plan(there, Happening::Write(context, life, writing));
            }
        }
    }

    pub fn read(&mut self, context: usize, life: u32, order: EffectId, lasts: Moment) {
        if self.contexts[context].life != life {
            return;
        }
        let behind = self.behind();
        let stored = self.storage.read(self.now - behind);
        self.operation_ends(context, life, self.now + lasts, Input::Loaded(order, stored));
    }

    /// How far a read lags.
    pub fn behind(&mut self) -> Moment {
        let stale = self.history.setup.storage.stale;
        if stale > 0 && !self.calm {
            self.delay(stale)
        } else {
            0
        }
    }

    /// A write arrives at the storage; also that of a context that has died meanwhile.
    pub fn write(&mut self, context: usize, life: u32, writing: Writing) {
        let there = &self.contexts[context];
        if there.life != life && !there.late_writes_land {
            return;
        }
        let Writing { order, record, expected, fails_after, compared, lasts } = writing;
        let agreed = compared || self.storage.agrees(expected);
        if !agreed {
            self.say(|world| {
                format!("storage: refuses c{context}, holds {}", trace::described(world.storage.content()))
            });
            let input = if fails_after { Input::SaveFailed(order) } else { Input::SaveRefused(order) };
            return self.operation_ends(context, life, self.now + lasts, input);
        }
        if !self.storage.conditional && !compared {
            // Read, compare, and only then write: others come between.
            let writing = Writing { order, record, expected, fails_after, compared: true, lasts };
            return self.queue.plan(self.now + lasts, Happening::Write(context, life, writing));
        }
        if fails_after {
            self.past.landed_unheard.extend(refresh_token(record.as_deref()));
        }
        self.landed(Some(context), record.map(|record| *record));
        self.hint_others(context);
        let input = if fails_after { Input::SaveFailed(order) } else { Input::Saved(order) };
        self.operation_ends(context, life, self.now + lasts, input);
    }

    fn operation_ends(&mut self, context: usize, life: u32, at: Moment, input: Input) {
        self.queue.plan(at, Happening::Arrival(context, life, Arrival { input, ends: Ends::Operation }));
    }

    /// The storage holds something else now.
    pub fn landed(&mut self, by: Option<usize>, record: Option<Record>) {
        self.check_write(by, record.as_ref());
        self.say(|_| format!("storage: {}", trace::described(record.as_ref())));
        match &record {
            None => self.past.empty_until = Some(Moment::MAX),
            Some(record) => {
                if self.past.empty_until == Some(Moment::MAX) {
                    self.past.empty_until = Some(self.now);
                }
                let tokens = [(false, access_token(Some(record))), (true, refresh_token(Some(record)))];
                for token in tokens.into_iter().filter_map(|(kind, token)| Some((kind, token?))) {
                    self.past.stored.entry(token).or_insert(self.now);
                }
                if let Some(pending) = &record.pending {
                    self.past.marks.entry(pending.attempt.clone()).or_insert(self.now);
                }
                if let Some(family) = family(Some(record)) {
                    if !self.past.logins_stored.contains(&family) {
                        self.past.logins_stored.push(family);
                    }
                }
            }
        }
        let failed = by.is_some_and(|by| self.contexts[by].observed.storage_trouble);
        if let Some(token) = refresh_token(record.as_ref()).filter(|_| failed) {
            // A write that seemed to have failed is tried again, and restores a session that has ended since: the context that finds it
            // cannot know that.
            self.past.brought_back.insert(token, self.now);
            for context in &mut self.contexts {
                context.observed.ended_tokens.retain(|ended| *ended != token);
            }
        }
        self.storage.write(self.now, record);
    }

    fn hint_others(&mut self, writer: usize) {
        let latency = self.history.setup.latency;
        for context in 0..self.contexts.len() {
            if context != writer && !self.dice.percent(latency.lost_hints) {
                let at = self.now + self.delay(latency.hint);
                let life = self.contexts[context].life;
                self.queue.plan(at, Happening::Arrival(context, life, Arrival::of(Input::PeerChanged)));
            }
        }
    }

    fn claim_lock(&mut self, context: usize, order: EffectId) {
        self.check_lock(context);
        let claim = self.claim(context, order);
        let at = self.now + self.delay(self.history.setup.latency.storage.min(10));
        if !self.is_lock_shared() {
            return self.lock_fact(claim, at, Input::Locked(order, Reach::ThisRealm));
        }
        match take(&mut self.fates.locks) {
            Some(LockFate::Fails) => self.lock_fact(claim, at, Input::LockFailed(order)),
            Some(LockFate::NeverGranted) => {}
            None => {
                let next = self.lock.claim(claim);
                self.grant_lock(next);
            }
        }
    }

    pub fn grant_lock(&mut self, claim: Option<Claim>) {
        if let Some(claim) = claim {
            let at = self.now + self.delay(self.history.setup.latency.storage.min(10));
            let silent = std::mem::take(&mut self.lock.passed_by_silence);
            let reach = if silent { Reach::AllContextsAfterSilence } else { Reach::AllContexts };
            self.lock_fact(claim, at, Input::Locked(claim.order, reach));
            // A context that sleeps cannot be heard.
            self.goes_silent(claim.context);
        }
    }

    /// A lease that this context holds ends, unless it is heard again. It was last heard up to a quarter of the lease ago.
    pub fn goes_silent(&mut self, context: usize) {
        let there = &self.contexts[context];
        let (Some(lease), Some(holder)) = (self.lease(), self.lock.holder) else { return };
        if holder.context == context && there.condition != Condition::Awake {
            self.queue.plan(self.now + lease * 3 / 4, Happening::LeaseEnds(holder, self.now));
        }
    }

    pub fn lease_ends(&mut self, claim: Claim, silent_since: Moment) {
        let there = &self.contexts[claim.context];
        let heard =
            there.life == claim.life && (there.condition == Condition::Awake || there.asleep_since > silent_since);
        if self.lock.holder != Some(claim) || heard {
            return;
        }
        self.say(|_| format!("the lease of c{} ends", claim.context));
        self.past.stolen = true;
        let next = self.lock.expire(claim);
        self.grant_lock(next);
    }

    /// What a driver asks after a stall, before it sends or saves.
    fn lost_its_lease(&self, context: usize) -> bool {
        let held = self.contexts[context].locked.map(|order| self.claim(context, order));
        self.lease().is_some() && held.is_some_and(|claim| self.lock.holder != Some(claim))
    }

    fn lock_fact(&mut self, claim: Claim, at: Moment, input: Input) {
        self.queue.plan(at, Happening::Arrival(claim.context, claim.life, Arrival::of(input)));
    }

    fn next_operation_fate(&mut self, context: usize) -> Option<OperationFate> {
        let fate = take(&mut self.fates.operations)?;
        self.say(|_| format!("c{context}    (the next storage call {fate:?})"));
        self.past.storage_trouble = true;
        let observed = &mut self.contexts[context].observed;
        observed.storage_trouble = true;
        let lasts = if let OperationFate::Hangs(span) = fate { span } else { 0 };
        observed.trouble_at = observed.trouble_at.max(Some(self.now + lasts));
        Some(fate)
    }
}

/// The next of so many.
pub fn take<T: Copy>(fates: &mut Option<(u32, T)>) -> Option<T> {
    let (count, fate) = fates.as_mut()?;
    let fate = *fate;
    *count -= 1;
    if *count == 0 {
        *fates = None;
    }
    Some(fate)
}
