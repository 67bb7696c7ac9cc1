//! What a person decides: a login or a sign-out. It wins over whatever a refresh is about to write, in this context
//! and in others, because every write names the generation it replaces (rotation safety, invariant 12).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::demands::Demand;
use super::facts::{CallerId, Code, Effect, Event, Failure, Operation, OrderId, Revoke, Source, Wish};
use super::held::Unsaved;
use super::Machine;
use crate::core::json::push_number;
use crate::core::policy::MARGIN;
use crate::core::record::{Record, Stored, Tokens};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// A decision keeps trying against other writers this often.
const TRIES: u32 = 10;
/// A storage that fails is tried this often before memory has to do.
const SAVE_TRIES: u32 = 3;

/// A login or a sign-out that is not stored yet.
#[derive(Debug)]
pub struct Decision {
    kind: Kind,
    stage: Stage,
    /// Names the session that a login begins.
    session: String,
    /// Callers of `setTokens`.
    adopting: Vec<CallerId>,
    /// Callers of `signOut`.
    leaving: Vec<CallerId>,
    refused: u32,
    failed: u32,
}

#[derive(Debug)]
enum Kind {
    Login(Tokens, UnixTime),
    /// The tokens of the options: only for an empty storage.
    Initial(Tokens, UnixTime),
    /// The refresh tokens to revoke, if it revokes at all; and whether there was anything to forget.
    SignOut(Option<Vec<Secret>>, bool),
}

#[derive(Debug)]
enum Stage {
    Reading(OrderId),
    Writing(OrderId, Option<Record>),
    Pausing(UnixTime),
}

impl Decision {
    pub fn deadline(&self) -> Option<UnixTime> {
        match self.stage {
            Stage::Pausing(at) => Some(at),
            Stage::Reading(_) | Stage::Writing(..) => None,
        }
    }

    /// The clock was set back by that much.
    pub fn shift(&mut self, back: Duration) {
        if let Stage::Pausing(at) = &mut self.stage {
            *at = *at - back;
        }
    }
}

impl Machine {
    pub(super) fn adopted(&mut self, now: UnixTime, id: CallerId, mut tokens: Tokens) {
        if tokens.access_token().is_none() && tokens.refresh_token().is_none() {
            return self.orders.push(Effect::Refuse(id, Box::new(Failure::new(Code::BadResponse))));
        }
        // Whoever hands in a point in time computed it when the lifetime began; the lifetime itself may be old.
        if tokens.member("expires_at").is_some() {
            tokens.remove("expires_in");
        }
        self.abandon(false);
        self.initial = None;
        let (mut adopting, leaving) = self.earlier_callers(false);
        adopting.push(id);
        self.decide(Kind::Login(tokens, now), adopting, leaving);
    }

    pub(super) fn signed_out(&mut self, id: CallerId, revoke: Revoke) {
        let revoke = revoke == Revoke::Yes;
        let known = self.held.record.as_ref().and_then(|record| record.tokens.revocable());
        let had_session = self.held.record.is_some();
        self.abandon(revoke);
        let (adopting, mut leaving) = self.earlier_callers(revoke);
        leaving.push(id);
        self.held.forget();
        self.hold();
        let signed_out = Failure::new(Code::SignedOut);
        self.refuse_all(&signed_out);
        for id in adopting {
            self.orders.push(Effect::Refuse(id, Box::new(signed_out.clone())));
        }
        let tokens = revoke.then(|| known.into_iter().collect());
        self.decide(Kind::SignOut(tokens, had_session), Vec::new(), leaving);
    }

    /// The storage is empty: the tokens of the options, if there are any, become the session.
    pub(super) fn begin_initial(&mut self, now: UnixTime) -> bool {
        let Some(tokens) = self.initial.take() else {
            return false;
        };
        self.held.reconcile(Stored::Nothing);
        self.decide(Kind::Initial(tokens, now), Vec::new(), Vec::new());
        true
    }

    pub(super) fn decision_loaded(&mut self, order: OrderId, stored: &Stored) -> bool {
        let Some(decision) = self
            .decision
            .as_mut()
            .filter(|decision| matches!(decision.stage, Stage::Reading(waited) if waited == order))
        else {
            return false;
        };
        self.held.saw_generation(stored);
        if let (Kind::SignOut(tokens, had_session), Stored::Record(record)) = (&mut decision.kind, stored) {
            *had_session = true;
            if let (Some(tokens), Some(found)) = (tokens, record.tokens.revocable()) {
                if !tokens.contains(&found) {
                    tokens.push(found);
                }
            }
        }
        if matches!(stored, Stored::Record(record) if record.session == decision.session) {
            // Our own write landed, though it seemed to fail, and may have been refreshed since.
            self.held.reconcile(stored.clone());
            if let Some(decision) = self.decision.take() {
                self.decided(self.now, decision);
            }
            return true;
        }
        if matches!(decision.kind, Kind::Initial(..)) && *stored != Stored::Nothing {
            self.decision = None;
            self.reconcile(stored.clone());
            return true;
        }
        self.write_decision();
        true
    }

    pub(super) fn decision_load_failed(&mut self, order: OrderId) -> bool {
        if !matches!(&self.decision, Some(Decision { stage: Stage::Reading(waited), .. }) if *waited == order) {
            return false;
        }
        self.notify(Event::StorageFailed(Operation::Load));
        self.write_decision();
        true
    }

    pub(super) fn decision_saved(&mut self, now: UnixTime, order: OrderId) -> bool {
        match self.take_written(order) {
            Some((decision, record)) => {
                self.held.wrote(record);
                self.decided(now, decision);
                true
            }
            None => false,
        }
    }

    pub(super) fn decision_save_refused(&mut self, now: UnixTime, order: OrderId) -> bool {
        let Some((mut decision, record)) = self.take_written(order) else {
            return false;
        };
        decision.refused = decision.refused.saturating_add(1);
        if decision.refused > TRIES {
            decision.stage = Stage::Writing(order, record);
            decision.failed = SAVE_TRIES;
            self.decision = Some(decision);
            return self.decision_save_failed(now, order);
        }
        decision.stage = Stage::Reading(self.order());
        self.read_for(decision);
        true
    }

    pub(super) fn decision_save_failed(&mut self, now: UnixTime, order: OrderId) -> bool {
        let Some((mut decision, record)) = self.take_written(order) else {
            return false;
        };
        self.notify(Event::StorageFailed(Operation::Save));
        decision.failed = decision.failed.saturating_add(1);
        if decision.failed < SAVE_TRIES {
            decision.stage = Stage::Pausing(now + Duration::from_millis(100).times(1 << decision.failed));
            self.decision = Some(decision);
            return true;
        }
        let retry_at = now + Duration::from_secs(1);
        let decides = Some(decision.session.clone());
        self.held.keep_unsaved(record, Unsaved { replaces: None, decides, retry_at, failures: 0 });
        self.decided(now, decision);
        true
    }

    pub(super) fn decision_woke(&mut self, now: UnixTime) {
        if self.decision.as_ref().and_then(Decision::deadline).is_some_and(|at| at <= now) {
            self.write_decision();
        }
    }

    /// The callers of a decision that this one overtakes are answered by this one; what it wanted to revoke is revoked, and
    /// so are the tokens of a login that was not stored yet, if that is wanted now.
    fn earlier_callers(&mut self, revoke: bool) -> (Vec<CallerId>, Vec<CallerId>) {
        let Some(earlier) = self.decision.take() else {
            return Default::default();
        };
        match earlier.kind {
            Kind::SignOut(Some(tokens), _) => self.orders.extend(tokens.into_iter().map(Effect::Revoke)),
            Kind::Login(tokens, _) | Kind::Initial(tokens, _) if revoke => self.revoke(&tokens, "refresh_token"),
            Kind::Login(..) | Kind::Initial(..) | Kind::SignOut(None, _) => {}
        }
        (earlier.adopting, earlier.leaving)
    }

    fn decide(&mut self, kind: Kind, adopting: Vec<CallerId>, leaving: Vec<CallerId>) {
        let order = self.order();
        // It begins with the time, by which the later one of two is known.
        let mut session = String::new();
        push_number(&mut session, self.now.as_millis());
        session.push('-');
        session.push_str(&self.name(order));
        let stage = Stage::Reading(order);
        let decision = Decision { kind, stage, session, adopting, leaving, refused: 0, failed: 0 };
        if self.held.looked {
            self.decision = Some(decision);
            return self.write_decision();
        }
        self.read_for(decision);
    }

    fn read_for(&mut self, decision: Decision) {
        if let Stage::Reading(order) = decision.stage {
            self.orders.push(Effect::Load(order));
        }
        self.decision = Some(decision);
    }

    fn write_decision(&mut self) {
        let order = self.order();
        let generation = self.held.generation_to_write(self.now);
        let Some(decision) = &mut self.decision else {
            return;
        };
        let record = match &decision.kind {
            Kind::Login(tokens, at) | Kind::Initial(tokens, at) => {
                let session = decision.session.clone();
                Some(Record { session, ..Record::new(tokens.clone(), *at, generation) })
            }
            Kind::SignOut(..) => None,
        };
        decision.stage = Stage::Writing(order, record.clone());
        self.orders.push(Effect::Save(order, record.map(Box::new), self.held.stored));
    }

    fn take_written(&mut self, order: OrderId) -> Option<(Decision, Option<Record>)> {
        let mut decision = self.decision.take()?;
        match &mut decision.stage {
            Stage::Writing(waited, record) if *waited == order => {
                let record = record.take();
                Some((decision, record))
            }
            Stage::Reading(_) | Stage::Writing(..) | Stage::Pausing(_) => {
                self.decision = Some(decision);
                None
            }
        }
    }

    /// It is stored, or memory has to do.
    fn decided(&mut self, now: UnixTime, decision: Decision) {
        self.held.decided();
        self.failures = 0;
        self.rest = None;
        match decision.kind {
            Kind::Login(..) | Kind::Initial(..) => {
                for demand in &mut self.demands {
                    demand.saw(self.held.record.as_ref());
                }
                self.hold();
                self.grant_served(now);
                self.answer_login(now, decision.adopting);
                let generation = self.held.generation();
                self.notify(Event::TokenChanged(Source::Login, generation));
            }
            Kind::SignOut(tokens, had_session) => {
                let initial = self.initial.take();
                if had_session {
                    let generation = self.held.generation();
                    self.notify(Event::TokenChanged(Source::SignOut, generation));
                } else if let (Some(initial), true) = (initial, tokens.is_some()) {
                    // Where nothing was stored, the tokens of the options would have been the session.
                    self.revoke(&initial, "refresh_token");
                }
                self.orders.extend(tokens.unwrap_or_default().into_iter().map(Effect::Revoke));
            }
        }
        self.orders.extend(decision.leaving.into_iter().map(Effect::Done));
    }

    /// `setTokens` resolves with a token set; if it brought only a refresh token, the first refresh makes one.
    fn answer_login(&mut self, now: UnixTime, callers: Vec<CallerId>) {
        if self.held.access_token().is_some() {
            self.orders.extend(callers.into_iter().map(Effect::Grant));
            return;
        }
        let deadline = now + self.policy.timeout.times(2) + MARGIN;
        let wish = Wish { deadline, ..Wish::default() };
        for id in callers {
            self.wait(Demand::new(id, wish.clone(), true));
        }
    }
}
