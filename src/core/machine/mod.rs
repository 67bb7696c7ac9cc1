//! The refresh: facts in, orders out, no clock and no I/O of its own (RFC 6749 section 6, made safe for refresh tokens
//! that can be used once).
//!
//! The way of one refresh is always the same, and each step is a `phase`:
//! **look → lock → re-read → mark pending → send → save → unlock → grant → notify.**
//!
//! What a failed request allows:
//!
//! | outcome | the same refresh token again? |
//! |---|---|
//! | provably unsent, 429, 503 with a time | yes, after a pause |
//! | `use_dpop_nonce` | once, with a new proof |
//! | timeout, lost or unreadable reply, 5xx | only as [`Reuse`](crate::core::policy::Reuse) allows; else once the access token has run out and a caller asks, as the alternative to a new login |
//! | `invalid_grant` | never; the storage is read again and a newer generation adopted |
//! | any other OAuth error | no; the tokens are kept |
//!
//! A driver performs one order, awaits one thing, and comes back with one fact.

mod background;
mod callers;
mod phase;
mod protocol;
mod questions;
mod refresh;
mod reply;
mod send;
mod session;
mod session_change;

pub use protocol::{
    CallerId, Code, Demand, Effect, EffectId, Event, Failure, Holding, Input, Late, Operation, Reach, Revoke, Sent,
    Source,
};

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use self::callers::Caller;
use self::phase::{Orphan, Phase};
use self::session::{Reconciled, Session};
use self::session_change::SessionChange;
use super::json::{Json, Object};
use super::oauth::response::login;
use super::policy::{Policy, Random};
use super::record::{Record, Stored, Tokens};
use super::time::{Duration, UnixTime};

/// The state machine of one session in one context.
#[derive(Debug)]
pub struct Machine {
    policy: Policy,
    /// What describes the client and its server, without the tokens.
    options: Object,
    /// Tokens for a storage that turns out to be empty.
    initial: Option<Tokens>,
    session: Session,
    phase: Phase,
    change: Option<SessionChange>,
    callers: Vec<Caller>,
    /// No caller's time is over before this.
    first_deadline: UnixTime,
    /// The lock that is held.
    lock: Option<(EffectId, Reach)>,
    /// Requests sent since callers began to wait.
    tries: u32,
    /// Refreshes that failed in a row.
    failures: u32,
    /// No request before this, and what the last one brought.
    rest: Option<(UnixTime, Failure)>,
    /// When requests were sent that brought nothing, or that refusals asked for.
    unearned: Vec<UnixTime>,
    /// Requests whose result nobody may have any more.
    orphans: Vec<Orphan>,
    /// The last refresh brought a token that had run out before it was stored.
    came_late: bool,
    /// The storage changed while nobody could look.
    hinted: bool,
    /// The device slept, or its clock was set: nobody gets what is remembered before the storage was read again.
    unread: bool,
    /// Marks that were refused in a row.
    refusals: u32,
    /// The request that was given up last, because its time seemed to be over; and its mark.
    overdue: Option<(EffectId, UnixTime, String)>,
    /// A reply whose asker is gone, until it is known whether the mark still stands.
    late: Option<Late>,
    /// A mark was found when the storage was first read: its outcome is to be settled now.
    found_doubt: bool,
    /// The refresh token of the request that is out had been sent before.
    was_in_doubt: bool,
    /// A mark that was written, or perhaps written, and whose request was not sent.
    unsent: Option<String>,
    /// When the last mark was to be written.
    marked_at: UnixTime,
    watching: bool,
    /// The time of the last fact.
    now: UnixTime,
    jitter: u64,
    /// Tells this context's marks from others'.
    context: String,
    last_id: EffectId,
    random: Random,
    effects: Vec<Effect>,
}

/// What a session is, in one word; as `Refresher.state` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The storage has not been read, or cannot be.
    Unknown,
    /// There are tokens.
    Active,
    /// A refresh is under way.
    Refreshing,
    /// There is no session.
    SignedOut,
    /// A new login is needed.
    SessionEnded,
}

impl Machine {
    /// A machine for the options in JSON. `seed` is the only randomness there is, and tells this context from others.
    pub fn new(options: Json<'_>, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut kept = Object::of(options);
        kept.set("tokens", None);
        let mut context = String::new();
        super::json::push_hex(&mut context, random.draw());
        Self {
            policy: Policy::from_json(options),
            options: kept,
            initial: options.member("tokens").and_then(|tokens| login(tokens, options)),
            session: Session::default(),
            phase: Phase::Idle,
            change: None,
            callers: Vec::new(),
            first_deadline: UnixTime::EPOCH,
            lock: None,
            tries: 0,
            failures: 0,
            rest: None,
            unearned: Vec::new(),
            orphans: Vec::new(),
            came_late: false,
            hinted: false,
            unread: false,
            refusals: 0,
            overdue: None,
            late: None,
            found_doubt: false,
            was_in_doubt: false,
            unsent: None,
            marked_at: UnixTime::EPOCH,
            watching: false,
            now: UnixTime::EPOCH,
            jitter: random.draw(),
            context,
            last_id: 0,
            random,
            effects: Vec::new(),
        }
    }

    /// One fact in, orders out, to be performed in this order.
    pub fn step(&mut self, now: UnixTime, input: Input) -> Vec<Effect> {
        self.tell_time(now);
        match input {
            Input::Demanded(id, demand) => self.demanded(now, id, demand),
            Input::Withdrawn(id) => self.callers.retain(|caller| caller.id != id),
            Input::Adopted(id, tokens) => self.adopted(now, id, tokens),
            Input::SignedOut(id, revoke) => self.signed_out(id, revoke),
            Input::Loaded(order, stored) => self.loaded(now, order, stored),
            Input::LoadFailed(order) => self.load_failed(now, order),
            Input::Saved(order) => self.saved(now, order),
            Input::SaveRefused(order) => self.save_refused(now, order),
            Input::SaveFailed(order) => self.save_failed(now, order),
            Input::Locked(order, reach) => self.locked(order, reach),
            Input::LockFailed(order) => self.lock_failed(order),
            Input::Replied(order, reply) => self.replied(now, order, &reply),
            Input::Unreachable(order, sent) => self.unreachable(now, order, sent),
            Input::Recovered(late) => self.late = Some(late),
            Input::PeerChanged => {
                self.session.hinted |= !self.session.looked && self.is_idle();
                self.look_again();
            }
            Input::Resumed => self.resumed(now),
            Input::ClockSetBack => {
                self.session.distrusted = self.session.record.as_ref().map(|record| record.generation);
                self.look_before_anything();
            }
            Input::Watching(watching) => self.watching = watching,
            Input::Woke => {}
        }
        self.settle(now);
        core::mem::take(&mut self.effects)
    }

    /// When to say `Woke` next. A pure query; waking early, late or twice changes nothing.
    pub fn deadline(&self) -> Option<UnixTime> {
        let callers = (!self.callers.is_empty()).then_some(self.first_deadline);
        let phase = self.phase_deadline();
        let change = self.change.as_ref().and_then(SessionChange::deadline);
        let errand = if self.is_idle() { self.background_at() } else { None };
        let rest = self.rest.as_ref().filter(|_| self.is_idle() && !self.callers.is_empty()).map(|(until, _)| *until);
        let resave = self.session.unsaved.as_ref().filter(|_| self.is_idle()).map(|unsaved| unsaved.retry_at);
        [callers, phase, change, errand, rest, resave].into_iter().flatten().min()
    }

    /// The session in one word.
    pub fn state(&self) -> State {
        if self.phase.is_refreshing() && self.session.record.is_some() {
            return State::Refreshing;
        }
        if self.session.ended {
            return State::SessionEnded;
        }
        match (&self.session.record, self.session.absence) {
            (Some(_), _) => State::Active,
            (None, Code::SessionEnded) => State::SessionEnded,
            (None, Code::SignedOut) if self.session.looked => State::SignedOut,
            (None, _) => State::Unknown,
        }
    }

    /// When the clock is set back, what was due stays due as soon as it was.
    fn tell_time(&mut self, now: UnixTime) {
        let back = self.now.since(now);
        self.now = now;
        if back == Duration::ZERO {
            return;
        }
        self.first_deadline = self.first_deadline - back;
        for caller in &mut self.callers {
            caller.demand.deadline = caller.demand.deadline - back;
        }
        self.marked_at = self.marked_at - back;
        for at in &mut self.unearned {
            *at = *at - back;
        }
        if let Some((until, failure)) = &mut self.rest {
            *until = *until - back;
            failure.retry_at = failure.retry_at.map(|at| at - back);
        }
        if let Some(unsaved) = &mut self.session.unsaved {
            unsaved.retry_at = unsaved.retry_at - back;
        }
        if let Some(change) = &mut self.change {
            change.shift(back);
        }
        self.shift_phase(back);
    }

    /// Grants what can be granted and begins what is to be done.
    fn settle(&mut self, now: UnixTime) {
        self.phase_woke(now);
        self.change_woke(now);
        self.time_out(now);
        if self.is_idle() {
            self.consider(now);
        }
    }

    fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle) && self.change.is_none()
    }

    fn next_id(&mut self) -> EffectId {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// Takes over what a read brought, and tells who must know.
    fn reconcile(&mut self, stored: Stored) -> Reconciled {
        let first = !self.session.looked;
        self.unread = false;
        let reconciled = self.session.reconcile(stored);
        for caller in &mut self.callers {
            caller.saw(self.session.record.as_ref());
        }
        if first {
            let in_doubt = self.session.record.as_ref().and_then(Record::in_doubt);
            self.found_doubt = in_doubt.is_some_and(|pending| !pending.attempt.starts_with(&self.context));
        }
        match reconciled {
            Reconciled::Same => self.hold(),
            Reconciled::Changed => {
                self.rest = None;
                self.changed(Source::Peer);
            }
            Reconciled::Unreadable => self.notify(Event::StorageFailed(Operation::Load)),
        }
        self.grant_served(self.now);
        reconciled
    }

    /// Says what may be handed out from now on.
    fn hold(&mut self) {
        self.jitter = self.random.draw();
        self.effects.push(Effect::Hold(self.session.holding(!self.unread)));
    }

    /// Says so, and tells listeners.
    fn changed(&mut self, source: Source) {
        self.hold();
        let generation = self.session.generation();
        self.notify(Event::TokenChanged(source, generation));
    }

    fn notify(&mut self, event: Event) {
        self.effects.push(Effect::Notify(Box::new(event)));
    }
}

impl State {
    /// As it is written in `Refresher.state`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Active => "active",
            Self::Refreshing => "refreshing",
            Self::SignedOut => "signed-out",
            Self::SessionEnded => "session-ended",
        }
    }
}
