//! The phases of one refresh, in their order, and what each of them waits for.
//! Look → lock → re-read → mark pending → send → save → unlock (rotation safety, invariants 2 to 9); a refusal is confirmed and
//! a conflict looked at on the way. How one leads to the next is in `refresh`.

use alloc::boxed::Box;
use alloc::string::String;

use super::protocol::{EffectId, Failure};
use super::reply::Outcome;
use super::session::refresh_token_of;
use super::Machine;
use crate::core::policy::MARGIN;
use crate::core::record::Record;
use crate::core::time::{Duration, UnixTime};

/// A save that fails is tried this often while the lock is held; then the tokens live in memory and it is tried on.
const SAVE_TRIES: u32 = 3;

/// Where a refresh is.
#[derive(Debug)]
pub enum Phase {
    /// Nothing is under way.
    Idle,
    /// The storage is being read, without the lock; a lock that was not to be had is remembered meanwhile.
    Looking(EffectId, Option<Failure>),
    /// The lock is waited for.
    Locking(EffectId, Option<UnixTime>),
    /// The storage is being read under the lock.
    Rereading(EffectId),
    /// The mark is being written.
    Marking(Box<Writing>),
    /// The request is out.
    Sending(Sending),
    /// The server refused the refresh token: the storage is read once more before that is believed.
    Confirming(Wait, Failure),
    /// The result is being written.
    Saving(Box<Writing>, Outcome),
    /// The write was refused: the storage is being read to see what stands there.
    Conflicting(EffectId, Box<Writing>, Outcome),
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
    For(EffectId),
    Until(UnixTime),
}

/// A request that is out.
#[derive(Debug)]
pub struct Sending {
    pub order: EffectId,
    pub sent_at: UnixTime,
    /// It is the second one, with the nonce that the server asked for.
    pub with_nonce: bool,
}

/// A request whose session was given up while it was out.
#[derive(Debug)]
pub struct Orphan {
    pub order: EffectId,
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
    pub(super) fn phase_deadline(&self) -> Option<UnixTime> {
        match &self.phase {
            Phase::Locking(_, until) => *until,
            Phase::Marking(writing) | Phase::Saving(writing, _) => writing.wait.until(),
            Phase::Confirming(wait, _) => wait.until(),
            Phase::Sending(sending) => Some(self.reply_due(sending)),
            Phase::Idle | Phase::Looking(..) | Phase::Rereading(_) | Phase::Conflicting(..) => None,
        }
    }

    /// The clock was set back by that much.
    pub(super) fn shift_phase(&mut self, back: Duration) {
        match &mut self.phase {
            Phase::Locking(_, Some(at)) | Phase::Confirming(Wait::Until(at), _) => *at = *at - back,
            Phase::Marking(writing) | Phase::Saving(writing, _) => writing.wait.shift(back),
            Phase::Sending(sending) => sending.sent_at = sending.sent_at - back,
            Phase::Idle
            | Phase::Looking(..)
            | Phase::Locking(..)
            | Phase::Rereading(_)
            | Phase::Confirming(..)
            | Phase::Conflicting(..) => {}
        }
    }

    /// When a reply that has not come yet is given up.
    fn reply_due(&self, sending: &Sending) -> UnixTime {
        sending.sent_at + self.policy.timeout + MARGIN
    }
}

impl Writing {
    /// It is more than a mark that is taken back: an outcome, or a refresh token that came beside a failure.
    pub fn brings_something(&self, outcome: &Outcome) -> bool {
        !matches!(outcome, Outcome::Failed(_)) || refresh_token_of(self.record.as_ref()) != self.replaces
    }

    /// Pauses for another try, unless there were enough.
    pub fn try_later(&mut self, now: UnixTime) -> bool {
        self.tries = self.tries.saturating_add(1);
        self.wait = Wait::Until(now + Duration::from_millis(100).times(1 << self.tries.min(6)));
        self.tries < SAVE_TRIES
    }
}

impl Wait {
    pub fn shift(&mut self, back: Duration) {
        if let Self::Until(at) = self {
            *at = *at - back;
        }
    }

    pub fn until(self) -> Option<UnixTime> {
        match self {
            Self::For(_) => None,
            Self::Until(at) => Some(at),
        }
    }
}
