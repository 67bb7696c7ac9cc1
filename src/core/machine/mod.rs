//! The refresh as a state machine: inputs in, effects out, sans-I/O and without a clock (RFC 6749 section 6, safe for one-time refresh
//! tokens).
//!
//! `refresh` has the steps of one refresh, in order:
//! **look → lock → re-read → mark → send → save → unlock → grant → notify.**
//!
//! What a failed request allows:
//!
//! | outcome | the same refresh token again? |
//! |---|---|
//! | provably unsent, 429, 503 with `Retry-After` | yes, after a pause |
//! | `use_dpop_nonce` | once, with a new proof |
//! | timeout, lost or unreadable reply, 5xx | if [`Reuse`](crate::core::policy::Reuse) allows it; otherwise only if the access token has expired and a caller waits, because the alternative is a new login |
//! | `invalid_grant` | never; the storage is read again, and a newer generation is adopted |
//! | any other OAuth error | no; the tokens are kept |
//!
//! A driver performs each effect and reports its completion as an input. It makes no decision; `questions` has what it may ask.

// Boxes are passed on, because copies of their contents take more code (900 bytes of brotli in all).
#![allow(clippy::boxed_local)]

mod attempt;
mod background;
mod callers;
mod conflict;
mod doubt;
mod effect;
mod failure;
mod input;
mod pacing;
mod phase;
mod questions;
mod refresh;
mod reply;
mod session;
mod session_change;
mod strays;

pub use effect::{Effect, Effects, Event, Holding, Operation, Order, Source};
pub use failure::{Code, Failure};
pub use input::{CallerId, Demand, EffectId, Input, Late, Reach, Revoke, Sent};

use alloc::string::String;
use alloc::vec::Vec;

use self::attempt::Attempt;
use self::background::Background;
use self::callers::Callers;
use self::pacing::Pacing;
use self::phase::{Phase, Read, Write};
use self::session::Session;
use self::strays::Strays;
use super::json::{push_hex, Json};
use super::options::Options;
use super::policy::{Random, AFTER_STALL, STALL};
use super::time::{Duration, UnixTime};

/// The state machine of one session in one context.
#[derive(Debug)]
pub struct Machine<E = Vec<Effect>> {
    /// All options but the tokens.
    options: Options,
    phase: Phase,
    session: Session,
    callers: Callers,
    attempt: Attempt,
    pacing: Pacing,
    background: Background,
    strays: Strays,
    /// The time of the last input.
    now: UnixTime,
    /// Names this context in its marks.
    context: String,
    last_id: EffectId,
    random: Random,
    /// The effects of this step so far.
    effects: E,
}

/// The state of the session, for `Refresher.state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The storage was not read yet, or cannot be read.
    Unknown,
    /// There are tokens.
    Active,
    /// A refresh is in flight.
    Refreshing,
    /// There is no session.
    SignedOut,
    /// A new login is needed.
    SessionEnded,
}

impl Machine {
    /// A machine with options in JSON. `seed` is its only randomness, and must differ between contexts.
    pub fn new(options: Json<'_>, seed: u64) -> Self {
        Self::with(options, seed, Vec::new())
    }
}

impl<E: Effects> Machine<E> {
    /// The same, with another receiver of effects.
    pub fn with(options: Json<'_>, seed: u64, effects: E) -> Self {
        let mut random = Random::new(seed);
        let mut options = Options::from_json(options);
        let mut context = String::new();
        push_hex(&mut context, random.draw());
        let initial = options.tokens.take();
        Self {
            options,
            phase: Phase::Idle,
            session: Session::new(initial),
            callers: Callers::default(),
            attempt: Attempt::default(),
            pacing: Pacing::default(),
            background: Background { jitter: random.draw(), ..Background::default() },
            strays: Strays::default(),
            now: UnixTime::EPOCH,
            context,
            last_id: 0,
            random,
            effects,
        }
    }

    /// Takes an input and returns effects, to be performed in order.
    pub fn step(&mut self, now: UnixTime, input: Input) -> E::Step {
        self.tell_time(now);
        self.take(input);
        self.wake();
        self.time_out();
        if self.is_idle() {
            self.consider();
        }
        self.effects.take()
    }

    /// When the driver must send `Woke` next. `Woke` may come early, late or twice.
    pub fn deadline(&self) -> Option<UnixTime> {
        self.due().known()
    }

    fn due(&self) -> UnixTime {
        let mut due = self.callers.deadline().min(self.phase.deadline());
        if self.is_idle() {
            due = due.min(self.background_at()).min(self.session.deadline());
            if !self.callers.is_empty() {
                due = due.min(self.pacing.deadline());
            }
        }
        due
    }

    /// The phase, for traces: `idle`, `look`, `lock`, `re-read`, `mark`, `send`, `confirm`, `save`, `conflict` or `change`.
    pub fn phase(&self) -> &'static str {
        self.phase.as_str()
    }

    /// The state of the session.
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
            (None, Code::SignedOut) if self.session.looked && !self.phase.is_initial_change() => State::SignedOut,
            (None, _) => State::Unknown,
        }
    }

    /// Handles an input. A completion continues the phase that awaits it; a stale one is dropped.
    fn take(&mut self, input: Input) {
        match input {
            Input::Demanded(caller, demand) => self.demanded(caller, demand),
            Input::Withdrawn(caller) => self.callers.withdraw(caller),
            Input::Adopted(caller, tokens) => self.adopted(caller, tokens),
            Input::SignedOut(caller, revoke) => self.signed_out(caller, revoke),
            Input::Loaded(id, stored) => {
                let stored = stored.seen_by(&self.options.owner);
                match self.end_read(id) {
                    Some(Read::Look(remembered)) => self.looked(stored, remembered),
                    Some(Read::UnderLock) => self.reread(stored),
                    Some(Read::Confirm(failure)) => self.confirmed(stored, failure),
                    Some(Read::Conflict(writing, outcome)) => self.conflict_seen(stored, writing, outcome),
                    Some(Read::Change(change)) => self.change_loaded(stored, change),
                    None if !self.session.looked && self.is_idle() => self.looked(stored, None),
                    None => {}
                }
            }
            Input::LoadFailed(id) => match self.end_read(id) {
                Some(Read::Look(remembered)) => self.look_failed(remembered),
                Some(Read::UnderLock) => self.reread_failed(),
                Some(Read::Confirm(_)) => self.storage_gave_up(),
                Some(Read::Conflict(writing, outcome)) => self.conflict_unseen(writing, outcome),
                Some(Read::Change(change)) => self.change_load_failed(change),
                None => {}
            },
            Input::Saved(id) => match self.end_write(id) {
                Some((writing, Write::Mark)) => self.marked(writing),
                Some((writing, Write::Outcome(outcome))) => self.saved(writing, outcome),
                Some((writing, Write::Change(change))) => self.change_saved(writing, change),
                None => {}
            },
            Input::SaveRefused(id) => match self.end_write(id) {
                Some((_, Write::Mark)) => self.mark_refused(),
                Some((writing, Write::Outcome(outcome))) => self.outcome_refused(writing, outcome),
                Some((writing, Write::Change(change))) => self.change_refused(writing, change),
                None => {}
            },
            Input::SaveFailed(id) => {
                if let Some((writing, write)) = self.end_write(id) {
                    self.save_failed(writing, write);
                }
            }
            Input::Locked(id, reach) => self.locked(id, reach),
            Input::LockFailed(id) => self.lock_failed(id),
            Input::LockLost(id) => self.lock_lost(id),
            Input::Replied(id, reply) => match self.end_request(id) {
                Some(sending) => self.replied(sending, &reply),
                None => self.stray_replied(id, &reply),
            },
            Input::Unreachable(id, sent) => match self.end_request(id) {
                Some(_) => self.unreachable(sent),
                None => self.strays.forget(id),
            },
            Input::Recovered(late) => self.strays.late = Some(late),
            Input::PeerChanged => {
                self.session.hinted |= !self.session.looked && self.is_idle();
                self.session.look_due = true;
            }
            Input::LoadRequested => self.session.look_due |= !self.session.looked,
            Input::Resumed => {
                self.pacing.resume(self.now);
                self.look_before_grants();
            }
            Input::ClockSetBack => {
                self.session.distrust();
                self.look_before_grants();
            }
            Input::Watching(watching) => self.background.watching = watching,
            Input::Woke => {}
        }
    }

    /// Continues a phase whose deadline passed.
    fn wake(&mut self) {
        if self.phase.deadline() > self.now {
            return;
        }
        match self.leave() {
            Phase::Locking(wait) => {
                self.effects.order(Order::Unlock, wait.id);
                self.read(Read::Look(Some(Failure::new(Code::LockTimeout))));
            }
            Phase::Reading(_, read) => self.read(read),
            Phase::Writing(_, writing, write) => self.write(writing, write),
            Phase::Sending(wait, sending) => self.timed_out(wait.id, sending),
            Phase::Idle => {}
        }
    }

    /// Notes the time. If the clock was set back, all deadlines move back with it. If this context did not run, or its clock was set forward,
    /// deadlines move forward, so that completions that are ready do not count as late.
    fn tell_time(&mut self, now: UnixTime) {
        let late = now.since(self.due());
        let by = self.now.since(now);
        self.now = now;
        if late > STALL {
            self.phase.extend(late + AFTER_STALL);
            self.callers.extend(late + AFTER_STALL);
            self.attempt.ran_again(now, late);
        }
        if by == Duration::ZERO {
            return;
        }
        self.phase.set_back(by);
        self.session.set_back(by);
        self.callers.set_back(by);
        self.attempt.set_back(by);
        self.pacing.set_back(by);
        self.strays.set_back(by);
    }

    /// The session in memory may be stale: callers wait for a read, but not for an in-flight request, which may hang.
    fn look_before_grants(&mut self) {
        // A page that comes back causes two or three events, and perhaps a hint: one read is enough.
        self.session.unread |= self.is_idle() || matches!(self.phase, Phase::Reading(_, Read::Look(_)));
        self.hold();
        self.session.look_due = true;
    }
}

impl State {
    /// The value of `Refresher.state`.
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
