//! A login or a sign-out. It wins over an in-flight refresh in this context and in others, because every write names the generation that it
//! replaces (tests/GUARANTEES.md, G14 and G15). Its read and its write are phases of the machine.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::callers::Caller;
use super::effect::{Effect, Effects, Operation, Order, Source};
use super::failure::{Code, Failure};
use super::input::{CallerId, Demand, Revoke};
use super::phase::{ChangeKind as Kind, Phase, Read, SessionChange, Write, Writing};
use super::session::Unsaved;
use super::Machine;
use crate::core::json::push_number;
use crate::core::policy::MARGIN;
use crate::core::record::{Record, Stored, Tokens};
use crate::core::time::Duration;

/// Maximum number of writes that lose against other contexts. After them the change stays in memory.
const CONFLICT_TRIES: u32 = 10;

impl<E: Effects> Machine<E> {
    pub(super) fn adopted(&mut self, caller: CallerId, mut tokens: Tokens) {
        if tokens.access_token().is_none() && tokens.refresh_token().is_none() {
            return self.effects.refuse(caller, &Failure::new(Code::BadResponse));
        }
        // `expires_at` was computed when the lifetime began; `expires_in` may be older.
        if tokens.expires_at.is_some() {
            tokens.expires_in = None;
        }
        let (mut adopting, leaving, had_session) = self.abandon(false);
        self.session.initial = None;
        adopting.push(caller);
        self.change(Kind::Login(tokens, self.now), adopting, leaving, had_session);
    }

    pub(super) fn signed_out(&mut self, caller: CallerId, revoke: Revoke) {
        let revoke = revoke == Revoke::Yes;
        let known = self.session.record.as_deref().and_then(|record| record.tokens.revocable());
        let (adopting, mut leaving, had_session) = self.abandon(revoke);
        leaving.push(caller);
        self.session.forget();
        self.hold();
        let signed_out = Failure::new(Code::SignedOut);
        self.refuse_all(&signed_out);
        for caller in adopting {
            self.effects.refuse(caller, &signed_out);
        }
        let tokens = revoke.then(|| known.into_iter().collect());
        self.change(Kind::SignOut(tokens), Vec::new(), leaving, had_session);
    }

    /// The storage is empty: the tokens of the options become the session. False without such tokens.
    pub(super) fn begin_initial(&mut self) -> bool {
        let Some(tokens) = self.session.initial.take() else {
            return false;
        };
        self.session.reconcile(Stored::Nothing);
        self.change(Kind::Initial(tokens, self.now), Vec::new(), Vec::new(), false);
        true
    }

    pub(super) fn change_loaded(&mut self, stored: Stored, mut change: Box<SessionChange>) {
        self.session.saw_generation(&stored);
        if let (Kind::SignOut(tokens), Stored::Record(record)) = (&mut change.kind, &stored) {
            change.had_session = true;
            if let (Some(tokens), Some(found)) = (tokens, record.tokens.revocable()) {
                if !tokens.contains(&found) {
                    tokens.push(found);
                }
            }
        }
        if matches!(&stored, Stored::Record(record) if record.session == change.session) {
            // This is our own write, stored although it seemed to fail, and perhaps refreshed since.
            self.session.reconcile(stored);
            return self.changed_session(change);
        }
        if matches!((&change.kind, &stored), (Kind::SignOut(..), Stored::Foreign(_))) {
            self.session.reconcile(stored);
            return self.changed_session(change);
        }
        if matches!(change.kind, Kind::Initial(..)) && stored != Stored::Nothing {
            self.reconcile(stored);
            return;
        }
        self.write_change(change);
    }

    pub(super) fn change_load_failed(&mut self, change: Box<SessionChange>) {
        self.storage_failed(Operation::Load);
        self.write_change(change);
    }

    pub(super) fn change_saved(&mut self, writing: Box<Writing>, change: Box<SessionChange>) {
        self.session.wrote(writing.record);
        self.changed_session(change);
    }

    pub(super) fn change_refused(&mut self, writing: Box<Writing>, mut change: Box<SessionChange>) {
        change.conflicts = change.conflicts.saturating_add(1);
        if change.conflicts > CONFLICT_TRIES {
            self.storage_failed(Operation::Save);
            return self.change_unsaved(writing, change);
        }
        self.read(Read::Change(change));
    }

    /// The change cannot be stored: it stays in memory, and is written again later.
    pub(super) fn change_unsaved(&mut self, writing: Box<Writing>, mut change: Box<SessionChange>) {
        let retry_at = self.now + Duration::from_secs(1);
        let decides = Some(change.session.clone());
        self.session.keep_unsaved(writing.record, Unsaved { replaces: None, decides, retry_at, failures: 0 });
        // The session continues in memory, but `setTokens` rejects, because the login is not stored.
        for id in core::mem::take(&mut change.adopting) {
            self.effects.refuse(id, &Failure::new(Code::StorageFailed));
        }
        self.changed_session(change);
    }

    /// Ends the current phase. An in-flight request becomes a stray. The callers of an earlier, unsaved login or sign-out are answered with
    /// this change. The tokens that it had to revoke are revoked; with `revoke`, a login's refresh token too.
    fn abandon(&mut self, revoke: bool) -> (Vec<CallerId>, Vec<CallerId>, bool) {
        let mut callers = Default::default();
        let mut had_session = self.session.record.is_some();
        match self.leave() {
            Phase::Locking(wait) => self.effects.order(Order::Unlock, wait.id),
            Phase::Sending(wait, _) => self.strays.orphan(wait.id, revoke),
            Phase::Reading(_, Read::Change(earlier)) | Phase::Writing(_, _, Write::Change(earlier)) => {
                match earlier.kind {
                    Kind::SignOut(Some(tokens)) => self.effects.extend(tokens.into_iter().map(Effect::Revoke)),
                    Kind::Login(tokens, _) | Kind::Initial(tokens, _) if revoke => {
                        self.revoke(tokens.refresh_token);
                    }
                    Kind::Login(..) | Kind::Initial(..) | Kind::SignOut(None) => {}
                }
                callers = (earlier.adopting, earlier.leaving);
                had_session |= earlier.had_session;
            }
            Phase::Idle
            | Phase::Reading(_, Read::Look(_) | Read::UnderLock | Read::Confirm(_) | Read::Conflict(..))
            | Phase::Writing(_, _, Write::Mark | Write::Outcome(_)) => {}
        }
        self.pacing.tries = 0;
        self.pacing.rest = None;
        self.unlock();
        (callers.0, callers.1, had_session)
    }

    fn change(&mut self, kind: Kind, adopting: Vec<CallerId>, leaving: Vec<CallerId>, had_session: bool) {
        // The name begins with the time, so that the later of two changes is known.
        let mut session = String::new();
        push_number(&mut session, self.now.as_millis());
        session.push('-');
        session.push_str(&self.fresh_name());
        let change = Box::new(SessionChange { kind, session, adopting, leaving, had_session, conflicts: 0 });
        if self.session.is_foreign && matches!(change.kind, Kind::SignOut(..)) {
            // The record belongs to another client, and is not deleted.
            return self.changed_session(change);
        }
        if self.session.looked {
            return self.write_change(change);
        }
        self.read(Read::Change(change));
    }

    fn write_change(&mut self, change: Box<SessionChange>) {
        let generation = self.session.generation_to_write(self.now);
        let record = match &change.kind {
            Kind::Login(tokens, at) | Kind::Initial(tokens, at) => {
                let session = change.session.clone();
                Some(Box::new(Record { session, ..Record::new(tokens.clone(), *at, generation) }))
            }
            Kind::SignOut(..) => None,
        };
        self.write(Writing::new(record, None), Write::Change(change));
    }

    /// The change is stored, or stays in memory.
    fn changed_session(&mut self, change: Box<SessionChange>) {
        self.session.decided();
        self.pacing.failures = 0;
        self.pacing.rest = None;
        match change.kind {
            Kind::Login(..) | Kind::Initial(..) => {
                self.callers.see(self.session.record.as_deref());
                self.hold();
                self.grant_served();
                self.answer_login(change.adopting);
                self.announce(Source::Login);
            }
            Kind::SignOut(tokens) => {
                let initial = self.session.initial.take();
                if change.had_session {
                    self.announce(Source::SignOut);
                } else if let (Some(initial), true) = (initial, tokens.is_some()) {
                    // Nothing was stored, so the tokens of the options were the session.
                    self.revoke(initial.refresh_token);
                }
                self.effects.extend(tokens.unwrap_or_default().into_iter().map(Effect::Revoke));
            }
        }
        self.effects.orders(Order::Done, change.leaving);
    }

    /// `setTokens` resolves with a token set. If the login has only a refresh token, its callers wait for the first refresh.
    fn answer_login(&mut self, callers: Vec<CallerId>) {
        if self.session.access_token().is_some() {
            return self.effects.orders(Order::Grant, callers);
        }
        let deadline = self.now + self.options.policy.timeout.times(2) + MARGIN;
        for id in callers {
            self.callers.wait(Caller::new(id, Demand { deadline, ..Demand::default() }, true));
        }
    }
}
