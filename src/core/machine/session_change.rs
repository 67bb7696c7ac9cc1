//! What a person decides: a login or a sign-out. It wins over whatever a refresh is about to write, in this context
//! and in others, because every write names the generation it replaces (rotation safety, invariant 12).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::callers::Caller;
use super::protocol::{CallerId, Code, Demand, Effect, EffectId, Event, Failure, Operation, Revoke, Source};
use super::session::Unsaved;
use super::Machine;
use crate::core::json::push_number;
use crate::core::policy::MARGIN;
use crate::core::record::{Record, Stored, Tokens};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// A change keeps trying against other writers this often.
const TRIES: u32 = 10;
/// A storage that fails is tried this often before memory has to do.
const SAVE_TRIES: u32 = 3;

/// A login or a sign-out that is not stored yet.
#[derive(Debug)]
pub struct SessionChange {
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
    Reading(EffectId),
    Writing(EffectId, Option<Record>),
    Pausing(UnixTime),
}

impl SessionChange {
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
            return self.effects.push(Effect::Refuse(id, Box::new(Failure::new(Code::BadResponse))));
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
        let known = self.session.record.as_ref().and_then(|record| record.tokens.revocable());
        let had_session = self.session.record.is_some();
        self.abandon(revoke);
        let (adopting, mut leaving) = self.earlier_callers(revoke);
        leaving.push(id);
        self.session.forget();
        self.hold();
        let signed_out = Failure::new(Code::SignedOut);
        self.refuse_all(&signed_out);
        for id in adopting {
            self.effects.push(Effect::Refuse(id, Box::new(signed_out.clone())));
        }
        let tokens = revoke.then(|| known.into_iter().collect());
        self.decide(Kind::SignOut(tokens, had_session), Vec::new(), leaving);
    }

    /// The storage is empty: the tokens of the options, if there are any, become the session.
    pub(super) fn begin_initial(&mut self, now: UnixTime) -> bool {
        let Some(tokens) = self.initial.take() else {
            return false;
        };
        self.session.reconcile(Stored::Nothing);
        self.decide(Kind::Initial(tokens, now), Vec::new(), Vec::new());
        true
    }

    pub(super) fn change_loaded(&mut self, order: EffectId, stored: &Stored) -> bool {
        let Some(change) =
            self.change.as_mut().filter(|change| matches!(change.stage, Stage::Reading(waited) if waited == order))
        else {
            return false;
        };
        self.session.saw_generation(stored);
        if let (Kind::SignOut(tokens, had_session), Stored::Record(record)) = (&mut change.kind, stored) {
            *had_session = true;
            if let (Some(tokens), Some(found)) = (tokens, record.tokens.revocable()) {
                if !tokens.contains(&found) {
                    tokens.push(found);
                }
            }
        }
        if matches!(stored, Stored::Record(record) if record.session == change.session) {
            // Our own write landed, though it seemed to fail, and may have been refreshed since.
            self.session.reconcile(stored.clone());
            if let Some(change) = self.change.take() {
                self.decided(self.now, change);
            }
            return true;
        }
        if matches!(change.kind, Kind::Initial(..)) && *stored != Stored::Nothing {
            self.change = None;
            self.reconcile(stored.clone());
            return true;
        }
        self.write_change();
        true
    }

    pub(super) fn change_load_failed(&mut self, order: EffectId) -> bool {
        if !matches!(&self.change, Some(SessionChange { stage: Stage::Reading(waited), .. }) if *waited == order) {
            return false;
        }
        self.notify(Event::StorageFailed(Operation::Load));
        self.write_change();
        true
    }

    pub(super) fn change_saved(&mut self, now: UnixTime, order: EffectId) -> bool {
        match self.take_written(order) {
            Some((change, record)) => {
                self.session.wrote(record);
                self.decided(now, change);
                true
            }
            None => false,
        }
    }

    pub(super) fn change_save_refused(&mut self, now: UnixTime, order: EffectId) -> bool {
        let Some((mut change, record)) = self.take_written(order) else {
            return false;
        };
        change.refused = change.refused.saturating_add(1);
        if change.refused > TRIES {
            change.stage = Stage::Writing(order, record);
            change.failed = SAVE_TRIES;
            self.change = Some(change);
            return self.change_save_failed(now, order);
        }
        change.stage = Stage::Reading(self.next_id());
        self.read_for(change);
        true
    }

    pub(super) fn change_save_failed(&mut self, now: UnixTime, order: EffectId) -> bool {
        let Some((mut change, record)) = self.take_written(order) else {
            return false;
        };
        self.notify(Event::StorageFailed(Operation::Save));
        change.failed = change.failed.saturating_add(1);
        if change.failed < SAVE_TRIES {
            change.stage = Stage::Pausing(now + Duration::from_millis(100).times(1 << change.failed));
            self.change = Some(change);
            return true;
        }
        let retry_at = now + Duration::from_secs(1);
        let decides = Some(change.session.clone());
        self.session.keep_unsaved(record, Unsaved { replaces: None, decides, retry_at, failures: 0 });
        self.decided(now, change);
        true
    }

    pub(super) fn change_woke(&mut self, now: UnixTime) {
        if self.change.as_ref().and_then(SessionChange::deadline).is_some_and(|at| at <= now) {
            self.write_change();
        }
    }

    /// The callers of a change that this one overtakes are answered by this one; what it wanted to revoke is revoked, and
    /// so are the tokens of a login that was not stored yet, if that is wanted now.
    fn earlier_callers(&mut self, revoke: bool) -> (Vec<CallerId>, Vec<CallerId>) {
        let Some(earlier) = self.change.take() else {
            return Default::default();
        };
        match earlier.kind {
            Kind::SignOut(Some(tokens), _) => self.effects.extend(tokens.into_iter().map(Effect::Revoke)),
            Kind::Login(tokens, _) | Kind::Initial(tokens, _) if revoke => self.revoke(&tokens, "refresh_token"),
            Kind::Login(..) | Kind::Initial(..) | Kind::SignOut(None, _) => {}
        }
        (earlier.adopting, earlier.leaving)
    }

    fn decide(&mut self, kind: Kind, adopting: Vec<CallerId>, leaving: Vec<CallerId>) {
        let order = self.next_id();
        // It begins with the time, by which the later one of two is known.
        let mut session = String::new();
        push_number(&mut session, self.now.as_millis());
        session.push('-');
        session.push_str(&self.name(order));
        let stage = Stage::Reading(order);
        let change = SessionChange { kind, stage, session, adopting, leaving, refused: 0, failed: 0 };
        if self.session.looked {
            self.change = Some(change);
            return self.write_change();
        }
        self.read_for(change);
    }

    fn read_for(&mut self, change: SessionChange) {
        if let Stage::Reading(order) = change.stage {
            self.effects.push(Effect::Load(order));
        }
        self.change = Some(change);
    }

    fn write_change(&mut self) {
        let order = self.next_id();
        let generation = self.session.generation_to_write(self.now);
        let Some(change) = &mut self.change else {
            return;
        };
        let record = match &change.kind {
            Kind::Login(tokens, at) | Kind::Initial(tokens, at) => {
                let session = change.session.clone();
                Some(Record { session, ..Record::new(tokens.clone(), *at, generation) })
            }
            Kind::SignOut(..) => None,
        };
        change.stage = Stage::Writing(order, record.clone());
        self.effects.push(Effect::Save(order, record.map(Box::new), self.session.stored));
    }

    fn take_written(&mut self, order: EffectId) -> Option<(SessionChange, Option<Record>)> {
        let mut change = self.change.take()?;
        match &mut change.stage {
            Stage::Writing(waited, record) if *waited == order => {
                let record = record.take();
                Some((change, record))
            }
            Stage::Reading(_) | Stage::Writing(..) | Stage::Pausing(_) => {
                self.change = Some(change);
                None
            }
        }
    }

    /// It is stored, or memory has to do.
    fn decided(&mut self, now: UnixTime, change: SessionChange) {
        self.session.decided();
        self.failures = 0;
        self.rest = None;
        match change.kind {
            Kind::Login(..) | Kind::Initial(..) => {
                for caller in &mut self.callers {
                    caller.saw(self.session.record.as_ref());
                }
                self.hold();
                self.grant_served(now);
                self.answer_login(now, change.adopting);
                let generation = self.session.generation();
                self.notify(Event::TokenChanged(Source::Login, generation));
            }
            Kind::SignOut(tokens, had_session) => {
                let initial = self.initial.take();
                if had_session {
                    let generation = self.session.generation();
                    self.notify(Event::TokenChanged(Source::SignOut, generation));
                } else if let (Some(initial), true) = (initial, tokens.is_some()) {
                    // Where nothing was stored, the tokens of the options would have been the session.
                    self.revoke(&initial, "refresh_token");
                }
                self.effects.extend(tokens.unwrap_or_default().into_iter().map(Effect::Revoke));
            }
        }
        self.effects.extend(change.leaving.into_iter().map(Effect::Done));
    }

    /// `setTokens` resolves with a token set; if it brought only a refresh token, the first refresh makes one.
    fn answer_login(&mut self, now: UnixTime, callers: Vec<CallerId>) {
        if self.session.access_token().is_some() {
            self.effects.extend(callers.into_iter().map(Effect::Grant));
            return;
        }
        let deadline = now + self.policy.timeout.times(2) + MARGIN;
        let demand = Demand { deadline, ..Demand::default() };
        for id in callers {
            self.wait(Caller::new(id, demand.clone(), true));
        }
    }
}
